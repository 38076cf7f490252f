"""What a reader noted of a file, in the language of the screen. Notes without a text of ours are shown as they are."""

from __future__ import annotations

import re
from collections.abc import Iterable

from rag.ui import reasons, safe
from rag.ui.frame import Reader
from rag.ui.texts import Words, texts

_PAGES = r"pages? (?P<pages>[\d, -]+)"
_NOTES: tuple[tuple[re.Pattern[str], str], ...] = tuple(
    (re.compile(pattern), key)
    for pattern, key in (
        (rf"{_PAGES} (?:has|have) no text: .*", "notes.no_text"),
        (rf"{_PAGES} (?:is|are) damaged", "notes.damaged"),
        (rf"{_PAGES} (?:is|are) written vertically", "notes.vertical"),
        (rf"{_PAGES}: OCR found no words", "notes.ocr_nothing"),
        (rf"{_PAGES}: not read by OCR: (?P<what>.*)", "notes.no_ocr"),
        (rf"text is garbled: (?P<what>\d+%) of characters have no meaning on {_PAGES}.*", "notes.garbled"),
        (rf"{_PAGES}: read by OCR, confidence (?P<what>\d+%)", "notes.ocr"),
        (r"encoding guessed: (?P<what>.*)", "notes.encoding"),
        (r"only the first (?P<what>[\d,]+) rows are read.*", "notes.rows"),
        (r"only the first (?P<what>[\d,]+) pages are read.*", "notes.pages"),
        (r"automatic numbers of (?P<what>\d+) paragraphs are not in the text", "notes.numbers"),
        (r"footnotes are not read", "notes.footnotes"),
        (r"hidden and left out: (?:slides?|sheets?) (?P<what>.*)", "notes.hidden"),
    )
)


_ENCODINGS = {"cp932": "Shift_JIS", "euc_jp": "EUC-JP", "iso2022_jp": "ISO-2022-JP"}
"""Python's names of encodings, and what people call them."""


def kind_of_file(t: Words, format: str) -> str:
    """What people call a kind of file."""
    key = f"format.{format}"
    return t(key) if key in texts() else format


def pages_of(note: str) -> frozenset[int] | None:
    """The pages that a note is about: "pages 1, 3-5 are damaged" -> 1, 3, 4, 5. None: it is about the whole file."""
    found = re.search(_PAGES, note)
    if found is None or note.startswith("only the first"):
        return None
    pages: set[int] = set()
    for first, last in re.findall(r"(\d+)(?:-(\d+))?", found["pages"]):
        pages.update(range(int(first), int(last or first) + 1))
    return frozenset(pages)


def said(who: Reader, note: str) -> str:
    """A note in words of the screen, or as it is."""
    for pattern, key in _NOTES:
        if found := pattern.fullmatch(note):
            values = {"pages": "", "what": "", **found.groupdict(default="")}
            if key == "notes.no_ocr":
                values["what"] = reasons.said(who.t, values["what"]) or values["what"]
            if key == "notes.encoding":
                values["what"] = _ENCODINGS.get(values["what"], values["what"])
            return who.t(key, **values)
    return note


def listed(who: Reader, notes: Iterable[str]) -> safe.Html:
    """Notes as a list."""
    return safe.tag("ul", *(safe.tag("li", said(who, note)) for note in notes))
