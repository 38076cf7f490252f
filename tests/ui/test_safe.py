"""What others wrote is shown as it is and never obeyed."""

from __future__ import annotations

import ast
import html
import re
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from markdown_it import MarkdownIt

from rag.ui import safe, scripts

UI = Path(safe.__file__).parent
HOSTILE = (
    "<img src=http://127.0.0.1:9/x>",
    "<script>alert(1)</script>",
    "![](http://127.0.0.1:9/x)",
    "[a](javascript:alert(1))",
    "$x^2$",
    ":red[words] :material/home: :smile:",
    "</p><iframe src=http://127.0.0.1:9/x>",
    '" onmouseover="alert(1)',
    "# heading",
    "1. item",
    "`code` ~~gone~~ **bold** _low_",
    "&lt;b&gt; &amp;",
)


@pytest.mark.parametrize("text", HOSTILE)
def test_text_is_escaped(text: str) -> None:
    markup = safe.tag("p", text, safe.tag("mark", text))
    assert re.findall(r"<[^>]*>", markup) == ["<p>", "<mark>", "</mark>", "</p>"]
    assert html.unescape(re.sub(r"<[^>]*>", "", markup)) == text * 2


@pytest.mark.parametrize("text", HOSTILE)
def test_attributes_are_escaped(text: str) -> None:
    assert safe.tag("p", "x", aria_label=text) == f'<p aria-label="{html.escape(text, quote=True)}">x</p>'


def test_only_known_elements_and_attributes() -> None:
    with pytest.raises(ValueError, match="<img> is not"):
        safe.tag("img")
    with pytest.raises(ValueError, match="onclick is not"):
        safe.tag("p", "x", onclick="alert(1)")
    with pytest.raises(TypeError):
        safe.show("<b>made elsewhere</b>")  # type: ignore[arg-type]


def test_line_ends_are_kept() -> None:
    assert safe.lines("一\n<二>") == "一<br>&lt;二&gt;"


def test_pairs_without_a_value_are_left_out() -> None:
    assert safe.pairs([("名", "値"), ("空", "")]) == "<dl><div><dt>名</dt><dd>値</dd></div></dl>"


def test_marks_that_turn_the_direction_are_not_shown() -> None:
    assert safe.escape("100\u202e円\x00") == "100円"


@given(st.text())
def test_a_label_says_what_the_text_says(text: str) -> None:
    shown = " ".join(safe._visible(text).split())
    if len(shown) > 200:
        shown = shown[:199] + "…"
    rendered = MarkdownIt("commonmark").renderInline(safe.label(text))
    assert html.unescape(rendered) == shown
    assert "<" not in rendered


@pytest.mark.parametrize("text", HOSTILE)
def test_labels_have_no_markdown(text: str) -> None:
    # Streamlit adds directives, mathematics and emoji to Markdown: all begin with a sign that is escaped.
    assert not re.search(r"(?<!\\)[^\w\s\\]", re.sub(r"\\\\", "", safe.label(text)))


def test_nothing_else_writes_markup() -> None:
    """st.html stands in safe.py only; what renders Markdown is not used at all."""
    for file in (*UI.glob("*.py"), UI.parent.parent / "app.py"):
        for node in ast.walk(ast.parse(file.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Attribute) and isinstance(node.value, ast.Name) and node.value.id == "st":
                markdown = {"markdown", "write", "caption", "title", "header", "subheader", "info", "warning", "error", "success", "latex"}
                assert node.attr not in markdown | {"toast", "exception", "write_stream", "components", "iframe"}, (
                    f"{file.name}: st.{node.attr}"
                )
                assert node.attr != "html" or file.name == "safe.py", f"{file.name}: st.html"


def test_scripts_are_constants() -> None:
    """No text of a document or a reader gets into a script: all are made in one file when the program starts, of literals."""
    made = 0
    for file in UI.glob("*.py"):
        tree = ast.parse(file.read_text(encoding="utf-8"))
        at_start = {id(leaf) for node in tree.body if isinstance(node, ast.Assign | ast.AnnAssign) for leaf in ast.walk(node)}
        for node in ast.walk(tree):
            if isinstance(node, ast.Call) and ast.unparse(node.func).rpartition(".")[2] == "Script":
                names = {leaf.id for leaf in ast.walk(node.args[0]) if isinstance(leaf, ast.Name)}
                assert file.name == "scripts.py" and id(node) in at_start and all(name.strip("_").isupper() for name in names), ast.unparse(
                    node
                )
                made += 1
    assert made == len(scripts.ALL)


def test_no_other_script_is_run() -> None:
    with pytest.raises(TypeError, match="only a Script is run"):
        safe.run_script("alert(1)")  # type: ignore[arg-type]


def test_a_string_of_a_stylesheet_ends_nowhere_but_at_its_end() -> None:
    assert safe.css_string("フォルダを選ぶ") == '"フォルダを選ぶ"'
    assert safe.css_string('a"; } </style>\\\n') == r'"a\22 ; } \3c /style\3e \5c \a "'


def test_a_script_that_runs_again_declares_nothing_twice(monkeypatch: pytest.MonkeyPatch) -> None:
    given: list[str] = []
    monkeypatch.setattr("rag.ui.safe.st.html", lambda text, **_: given.append(text))
    monkeypatch.setattr(scripts, "ALL", [])
    safe.run_script(scripts.Script("const once = 1; // behind a comment"), 2)
    assert given == ['<script data-turn="2">(() => {const once = 1; // behind a comment\n})()</script>']
    assert scripts.ALL == ["(() => {const once = 1; // behind a comment\n})()"]
