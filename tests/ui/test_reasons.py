"""What the program says in English, for the command line, is said in the reader's language on the page."""

from __future__ import annotations

import ast
from collections.abc import Iterator

import pytest

from rag import errors
from rag.errors import DiskFull, FetchFailed, LibraryError, LibraryLocked, ReadError
from rag.read import ocr
from rag.read.reading import READ
from rag.ui import reasons
from rag.ui.texts import Words
from tests.conftest import REPOSITORY

ja, en = Words("ja"), Words("en")
_CONSTANTS = {
    "READ": READ,
    "INSTALL": ocr.INSTALL,
    "error": "Odd error",
    "what": "an old Word file (.doc)",
    "ending": ".png",
    "reason": "x",
}
NOT_ON_A_PAGE = ("rag/desk/archive.py",)
"""Only the command line puts out and takes in whole libraries."""


def _written(node: ast.expr) -> str:
    """A message as it may read: 7 stands for every value that is no word of ours."""
    if isinstance(node, ast.Constant):
        return str(node.value)
    if isinstance(node, ast.JoinedStr):
        return "".join(map(_written, node.values))
    if isinstance(node, ast.FormattedValue):
        shown = _CONSTANTS.get(node.value.id, "7") if isinstance(node.value, ast.Name) else "7"
        return f"'{shown}'" if node.conversion == ord("r") else shown
    return ""


def _messages() -> Iterator[tuple[str, str]]:
    """Where a file that cannot be read, or a law that cannot be fetched, is told of; and in which words."""
    kinds = {
        name: kind
        for name, kind in vars(errors).items()
        if isinstance(kind, type) and issubclass(kind, (ReadError, FetchFailed)) and kind is not ReadError
    }
    for file in sorted((REPOSITORY / "rag").rglob("*.py")):
        place = file.relative_to(REPOSITORY).as_posix()
        for node in ast.walk(ast.parse(file.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id in kinds and place not in NOT_ON_A_PAGE:
                words = _written(node.args[-1])
                if words and not words.startswith(("7 ", "x ")):
                    yield f"{place}:{node.lineno}", words


MESSAGES = dict(_messages())


def test_there_are_messages() -> None:
    assert len(MESSAGES) > 60


@pytest.mark.parametrize("place", MESSAGES)
def test_every_reason_has_words_in_both_languages(place: str) -> None:
    told = [reasons.said(t, MESSAGES[place]) for t in (ja, en)]
    assert all(told), MESSAGES[place]
    assert not {*told[0].split()} & {"the", "it", "is", "and"}


@pytest.mark.parametrize(
    ("message", "words"),
    [
        ("the file is empty.", "文字がありません"),
        (f"this is not text. {READ}", "読み取れるのは"),
        (f"it is a picture, and Tesseract is not installed ({ocr.INSTALL}). {READ}", "Tesseract"),
        ("none of its 3 pages has text: scanned? It needs OCR, but reading by OCR is switched off.", "3ページに文字がなく"),
        ("no sheet of the workbook shows anything: sheet 1 is hidden.", "表示されているセル"),
        ("the reader for xlsx failed (KeyError: 'x'). Open the file, save it again, and add it once more.", "開いて保存し直し"),
        ("is encrypted: it needs a password. Give the password, or remove it from the file and add it again.", "パスワード"),
        ("becomes more than 20 MB when it is unpacked: it is not what it seems, or must be divided. Nothing of it was taken in.", "20MB"),
        ("has the same bytes as 規程.pdf, which is in the library; not added twice", "「規程.pdf」と同じ内容"),
        ("was retired; to bring it back, publish it again: python -m rag publish", "廃止した版と同じ"),
        ("has the same bytes as a.md, which was retired; to bring it back, publish it again: python -m rag publish", "廃止した版と同じ"),
        (
            "says the same as the revision in force since 2026-04-01, which is published. Where only its day is another one, correct that.",
            "公開中の版（2026年4月1日）と同じ内容です。施行日だけを変えるときは「点検と訂正」で直してください。",
        ),
        ("rule: it would end on 2020-01-01, before 2024-04-01, from when it applies: correct one of the two.", "失効日（2020年1月1日）"),
        ("Entry 3 (publish rule) is not what was written: it was changed.", "3番目の記録"),
    ],
)
def test_a_reason(message: str, words: str) -> None:
    assert words in reasons.said(ja, message)


def test_one_page_is_not_pages() -> None:
    message = "none of its {} pages has text: scanned? OCR found no words either."
    assert "Its page has no text" in reasons.said(en, message.format(1)) and "Its 3 pages have" in reasons.said(en, message.format(3))


def test_what_another_program_said_is_named_as_a_record() -> None:
    assert reasons.said(ja, "Segmentation fault <b>") == ""
    shown = reasons.detail(ja, "Segmentation fault <b>")
    assert ja("why.record") in shown and '<span lang="en">Segmentation fault &lt;b&gt;</span>' in shown
    assert ja("why.record") not in reasons.detail(ja, "the file is empty.")
    assert reasons.detail(ja, "") == ""


def test_an_error_is_one_sentence() -> None:
    assert reasons.sentence(ja, LibraryLocked("The library is being written by process 7. Wait.")) == ja("refused.busy")
    assert reasons.sentence(ja, DiskFull("The disk of /x is full. Make room and hand the files in again.")) == ja("failed.DiskFull")
    assert reasons.sentence(ja, LibraryError("odd")) == f"{ja('failed.other')} {ja('why.record')}odd"
