"""Every word of the screens: complete in both languages, all of it used, none of it jargon."""

from __future__ import annotations

import ast
import re
from pathlib import Path

import pytest

from rag.records import Kind
from rag.ui import frame
from rag.ui.texts import LANGUAGES, Language, Words, examples, preferred, texts

UI = Path(__file__).resolve().parents[2] / "rag" / "ui"
KEYS = sorted(texts())


def placeholders(text: str) -> set[str]:
    """Names in braces."""
    return set(re.findall(r"{(\w+)}", text))


def strings_in_code() -> set[str]:
    """Every string constant of the screens' code; an f-string counts up to its first value, with an asterisk."""
    found: set[str] = set()
    for file in (*UI.glob("*.py"), UI.parents[1] / "app.py"):
        for node in ast.walk(ast.parse(file.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Constant) and isinstance(node.value, str):
                found.add(node.value)
            if isinstance(node, ast.JoinedStr) and isinstance(node.values[0], ast.Constant):
                found.add(f"{node.values[0].value!s}*")
    return found


@pytest.mark.parametrize("key", KEYS)
def test_both_languages_say_the_same(key: str) -> None:
    entry = texts()[key]
    assert set(LANGUAGES) <= set(entry) <= {*LANGUAGES, "en_one"}
    assert all(entry.values()), "an empty text"
    assert placeholders(entry["ja"]) == placeholders(entry["en"])
    assert placeholders(entry.get("en_one", "")) <= placeholders(entry["en"])


def test_every_key_in_code_exists_and_every_key_is_used() -> None:
    said = strings_in_code()
    groups = {key.split(".")[0] for key in KEYS}
    named = {text for text in said if re.fullmatch(r"[a-z]+\.[a-z_]+", text) and text.split(".")[0] in groups}
    assert named <= set(KEYS)
    begun = tuple(text[:-1] for text in said if text.endswith(".*"))
    assert [key for key in KEYS if key not in named and not key.startswith(begun)] == []


def test_every_kind_of_document_has_a_name() -> None:
    assert {f"kind.{kind.value}" for kind in Kind} == {key for key in KEYS if key.startswith("kind.")}


@pytest.mark.parametrize("key", KEYS)
def test_plain_words(key: str) -> None:
    for text in texts()[key].values():
        assert not re.search(r"[!！]", text)
        assert not re.search(r"\b(chunk|embedding|index|vector|query|LLM|RAG)", text, re.IGNORECASE)
        assert not re.search(r"チャンク|埋め込み|索引|ベクトル|クエリ|エラー", text)


@pytest.mark.parametrize("language", LANGUAGES)
def test_the_stylesheet_has_its_words_from_the_texts(language: Language) -> None:
    t = Words(language)
    sheet = frame.stylesheet(t)
    for name in ("files", "folder"):
        assert f'--k-choose-{name}: "{t(f"documents.choose_{name}")}";' in sheet
        assert f"content: var(--k-choose-{name});" in sheet
    own = re.sub(r"/\*.*?\*/", "", (UI / "style.css").read_text(encoding="utf-8"), flags=re.DOTALL)
    assert not re.search(r"content:\s*['\"]|[^\x00-\x7f]", own)


def test_one_and_many() -> None:
    assert Words("en")("ask.searching", n=1) == "Searching 1 document"
    assert Words("en")("ask.searching", n=2) == "Searching 2 documents"
    assert Words("ja")("ask.searching", n=1) == "1件の文書を探しています"


def test_an_unknown_key_is_an_error() -> None:
    with pytest.raises(KeyError):
        Words("ja")("ask.nonsense")


def test_the_browser_says_which_language() -> None:
    assert [preferred(locale) for locale in ("ja-JP", "ja", "en-GB", "fr", "", None)] == ["ja", "ja", "en", "en", "ja", "ja"]


def test_there_are_examples_in_both_languages() -> None:
    assert all(3 <= len(examples(language)) <= 5 for language in LANGUAGES)
