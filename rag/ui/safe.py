"""The one way to the screen for text that somebody else wrote: escaped, so that it is shown and never obeyed.

Documents, their titles and the reader's own question reach the browser only through here. ``tag`` escapes every child that is
not ``Html`` already, so markup can only come from this module and from those who call it with constants.

    tag("p", "1 < 2 ", tag("mark", "<b>"))  ->  <p>1 &lt; 2 <mark>&lt;b&gt;</mark></p>

Labels of Streamlit's widgets are Markdown; ``label`` takes the meaning out of every sign there.
"""

from __future__ import annotations

import html
import re
import string
import unicodedata
from collections.abc import Iterable, Sequence

import streamlit as st

from rag.ui.scripts import Script

_TAGS = frozenset("p div span mark h1 h2 h3 h4 ul ol li dl dt dd table tbody tr td strong code small br".split())
_ATTRIBUTES = frozenset({"class", "lang", "role", "aria-live", "aria-label", "aria-current", "colspan", "rowspan"})
_PUNCTUATION = re.compile(f"([{re.escape(string.punctuation)}])")


class Html(str):
    """Markup that is safe to show. Only ``tag`` and ``join`` make it."""

    __slots__ = ()


def escape(text: str) -> Html:
    """Text as markup that shows exactly these characters."""
    if isinstance(text, Html):
        return text
    return Html(html.escape(_visible(text), quote=True))


def tag(name: str, *children: str, **attributes: str) -> Html:
    """An element; children that are not ``Html`` are escaped. ``class_`` and ``aria_live`` stand for class and aria-live."""
    if name not in _TAGS:
        raise ValueError(f"<{name}> is not an element that is shown; those are {', '.join(sorted(_TAGS))}")
    written = []
    for key, value in attributes.items():
        attribute = key.rstrip("_").replace("_", "-")
        if attribute not in _ATTRIBUTES:
            raise ValueError(f"{attribute} is not an attribute that is set; those are {', '.join(sorted(_ATTRIBUTES))}")
        written.append(f' {attribute}="{escape(str(value))}"')
    opening = f"<{name}{''.join(written)}>"
    return Html(opening if name == "br" else f"{opening}{join(children)}</{name}>")


def join(parts: Iterable[str]) -> Html:
    """Parts one after the other; those that are not ``Html`` are escaped."""
    return Html("".join(escape(part) for part in parts))


def lines(text: str) -> Html:
    """Text whose line ends are kept."""
    parts: list[str] = []
    for number, line in enumerate(text.splitlines()):
        parts += [tag("br"), line] if number else [line]
    return join(parts)


def pairs(rows: Sequence[tuple[str, str]], **attributes: str) -> Html:
    """A list of terms and what they are; rows without a value are left out."""
    cells = [join([tag("dt", name), tag("dd", value)]) for name, value in rows if value]
    return tag("dl", *(tag("div", cell) for cell in cells), **attributes)


def label(text: str, longest: int = 200) -> str:
    """Text for the label of a widget, on one line, with every sign of Markdown taken at its face value."""
    line = " ".join(_visible(text).split())
    if len(line) > longest:
        line = line[: longest - 1] + "…"
    return _PUNCTUATION.sub(r"\\\1", line)


def show(markup: Html) -> None:
    """Put markup on the page."""
    if not isinstance(markup, Html):
        raise TypeError("only Html made by rag.ui.safe is shown")
    if markup:
        st.html(markup)


def show_style(css: str) -> None:
    """Put a stylesheet of ours on the page."""
    st.html(f"<style>{css}</style>")


def css_string(text: str) -> str:
    """Text as a string of a stylesheet: every sign that could end the string or the stylesheet is written as its number."""
    return '"' + re.sub(r'["\\\n<>]', lambda sign: f"\\{ord(sign[0]):x} ", _visible(text)) + '"'


def run_script(script: Script, turn: int = 0) -> None:
    """Run a script of ours; once more whenever ``turn`` changes."""
    if not isinstance(script, Script):
        raise TypeError("only a Script is run: the browser knows no other")
    st.html(f'<script data-turn="{int(turn)}">{script}</script>', unsafe_allow_javascript=True)


def _visible(text: str) -> str:
    # Marks that turn the direction of what follows could make a quote read as something else.
    return "".join(c for c in text if c in "\n\t" or unicodedata.category(c) not in ("Cc", "Cf") or c in "\u200c\u200d")
