"""What readers note is said in the language of the screen, and belongs to its pages."""

from __future__ import annotations

from datetime import date

import pytest

from rag.read import _NAMES
from rag.read.pages import _ranges
from rag.ui.frame import Reader
from rag.ui.notes import kind_of_file, pages_of, said
from rag.ui.texts import Words

JA = Reader(t=Words("ja"), clearance=3, today=date(2026, 11, 23))


@pytest.mark.parametrize(
    ("note", "words", "pages"),
    [
        ("page 3 has no text: a scan?", "3ページに文字がありません", {3}),
        ("pages 1, 3-5 are written vertically", "1, 3-5ページは縦書き", {1, 3, 4, 5}),
        ("page 2: read by OCR, confidence 91%", "確からしさ91%", {2}),
        ("text is garbled: 40% of characters have no meaning on page 7; its text is left out: it needs OCR", "40%", {7}),
        ("encoding guessed: cp932", "Shift_JISとして読み取りました。文字化けがないか確かめてください。", None),
        ("only the first 50 pages are read; 3 are left out", "最初の50ページだけ", None),
        ("footnotes are not read", "脚注は読み取っていません", None),
        ("something that no text of ours says", "something that no text of ours says", None),
    ],
)
def test_a_note(note: str, words: str, pages: set[int] | None) -> None:
    assert words in said(JA, note)
    assert pages_of(note) == (frozenset(pages) if pages else None)


def test_every_kind_of_file_has_a_name() -> None:
    for format in _NAMES.values():
        assert kind_of_file(JA.t, format) == JA.t(f"format.{format}")
    assert kind_of_file(JA.t, "of an older version") == "of an older version"


def test_every_page_of_a_range_is_named() -> None:
    numbers = [1, 2, 3, 7, 9, 10]
    assert pages_of(f"pages {_ranges(numbers)} are damaged") == frozenset(numbers)
