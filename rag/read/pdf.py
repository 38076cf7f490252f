"""PDF -> lines -> blocks. pypdf opens the file and knows its title and bookmarks; ``pdfium`` knows where each character stands.

Page by page: lines in reading order (``pdf_lines``), running heads, feet and page numbers left out, lines of one paragraph joined,
then chapters, articles and items found in them (``structure``). A page without words, with unreadable ones, or written vertically is
said in a warning.
"""

from __future__ import annotations

import io
import logging
import re
import unicodedata
from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from typing import TypeVar

import pypdf
from PIL import Image

from rag.errors import DamagedFile, EmptyFile
from rag.read import ocr, scan
from rag.read.options import AS_IT_IS, How
from rag.read.pages import UNREADABLE, Sheet, compose, key
from rag.read.pdf_lines import page_rows
from rag.read.pdf_rows import Row
from rag.read.pdfium import Glyph, PdfFile
from rag.read.reading import Reading
from rag.records import Source

_T = TypeVar("_T")
MAX_BOOKMARKS = 5_000
MAX_PIXELS = 20_000_000
"""Of a page's picture for OCR: A3 at 300 dots an inch."""
PICTURE = 0.6
"""Share of a page that pictures cover from which it may be a scan that somebody stamped a number on."""
FEW = 80
"""Characters: a page with less text under such a picture is read by OCR."""
PART, LITTLE, DOUBT = 0.2, 200, 0.1
"""So is one with less text than ``LITTLE`` beside pictures that cover this share of it, as of a text that was pasted in as pictures; but
OCR is believed there only if it sees twice as many characters, or if more than ``DOUBT`` of those in the file have no meaning."""

# pypdf tells of every oddity it works around; the warnings of a reading are ours to choose.
logging.getLogger("pypdf").setLevel(logging.CRITICAL)


def read_pdf(data: bytes, source: Source, how: How = AS_IT_IS) -> Reading:
    """The text of a PDF with its pages and boxes; boxes are in PDF points, origin at the bottom left.

    Raises:
        PasswordNeeded: only a password opens it.
        DamagedFile: it is no PDF, or its end is missing.
        EmptyFile: it has no pages, or none of them has text.
    """
    name = source.uri
    if b"%PDF-" not in data[:1024]:
        raise DamagedFile(name, "is not a PDF file, whatever its name says.")
    if b"%%EOF" not in data[-4096:] and b"startxref" not in data[-4096:]:
        raise DamagedFile(name, "is cut off: its end is missing. Get it again from where it came from.")
    try:
        opened = PdfFile(data, name, how.options.password)
    except DamagedFile as error:
        # pdfium does not open a file without pages; pypdf knows one from a broken one.
        if _told(lambda: len(pypdf.PdfReader(io.BytesIO(data)).pages), 1) == 0:
            raise EmptyFile(name, "has no pages.") from error
        raise
    with opened as pdf:
        pages = len(pdf)
        info = _Info.of(data, how.options.password)
        found = [_read_page(pdf, index, info, how) for index in range(pages)]
        _read_scans(pdf, found, how)
    return compose(found, source, how, title=info.title, bookmarks=info.bookmarks)


# ---------------------------------------------------------------- pypdf


@dataclass(slots=True)
class _Info:
    """What pypdf knows of the file. It only helps: where pypdf fails, the words are still pdfium's."""

    reader: pypdf.PdfReader | None = None
    title: str = ""
    bookmarks: dict[tuple[int, str], int] = field(default_factory=dict)
    """(0-based page, folded text without spaces) -> depth from 1."""

    @classmethod
    def of(cls, data: bytes, password: str) -> _Info:
        reader = _told(lambda: pypdf.PdfReader(io.BytesIO(data), password=password or None), None)
        if reader is None:
            return cls()
        title = _told(lambda: str(reader.metadata.title or "") if reader.metadata else "", "")
        bookmarks: dict[tuple[int, str], int] = {}
        _told(lambda: _gather(reader, reader.outline, 1, bookmarks), None)
        return cls(reader, _clean_title(title), bookmarks)

    def words(self, index: int) -> list[str]:
        """Lines of a page that pdfium cannot load."""
        reader = self.reader
        return _told(lambda: reader.pages[index].extract_text().splitlines(), []) if reader is not None else []


def _told(ask: Callable[[], _T], otherwise: _T) -> _T:
    """What pypdf says; ``otherwise`` where it fails. The edge at which its errors end.

    pypdf documents that broken files may raise anything, so anything is caught, except running out of memory.
    """
    try:
        return ask()
    except MemoryError:
        raise
    except Exception:  # noqa: BLE001
        return otherwise


def _gather(reader: pypdf.PdfReader, outline: Iterable[object], depth: int, found: dict[tuple[int, str], int]) -> None:
    for entry in outline:
        if len(found) >= MAX_BOOKMARKS or depth > 20:
            return
        if isinstance(entry, list):
            _gather(reader, entry, depth + 1, found)
        elif isinstance(entry, pypdf.generic.Destination):
            page = _told(lambda entry=entry: reader.get_destination_page_number(entry), None)  # type: ignore[misc]
            if page is not None:
                found.setdefault((page, key(str(entry.title))), min(depth, 6))


_NO_TITLE = re.compile(
    r"^(microsoft (word|excel|powerpoint)|無題|名称未設定|untitled|document\d*$|title$|新規|ぶんしょ|\W*$|[\w-]*\d{5,}[\w-]*$)"
    r"|^<[0-9a-f]+>?$|\.(docx?|xlsx?|pptx?|pdf|jtdc?|indd|txt|html?|rtf|odt|ai|tex|dvi|ps)\b|[\\/].*[\\/]|https?:",
    re.IGNORECASE,
)


def _clean_title(title: str) -> str:
    title = " ".join(title.split())
    readable = title and not any(_is_garbled(c) for c in title)
    return title if readable and 2 < len(title) <= 150 and not _NO_TITLE.search(title) else ""


# ---------------------------------------------------------------- one page


def _read_page(pdf: PdfFile, index: int, info: _Info, how: How) -> Sheet:
    try:
        page = pdf.page(index)
    except DamagedFile:
        return Sheet(index + 1, [Row.plain(text) for text in info.words(index) if text.strip()], broken=True)
    visible = [glyph for glyph in page.glyphs if not glyph.text.isspace()]
    sheet = Sheet(index + 1, [], page.height, page.width, drawn=bool(page.drawn or visible), garbled=garbled_share(visible))
    if sheet.garbled < UNREADABLE:
        sheet.rows, sheet.vertical = page_rows(page, table=index + 1 in how.options.tables)
    scanned = page.pictured > PICTURE and len(visible) < FEW
    pasted = page.pictured > PART and len(visible) < LITTLE and not scanned
    if pasted:
        sheet.least = 0 if sheet.garbled > DOUBT else 2 * len(visible)
    sheet.for_ocr = scanned or pasted or (sheet.drawn and not sheet.rows) or index + 1 in how.options.ocr
    return sheet


def _read_scans(pdf: PdfFile, sheets: list[Sheet], how: How) -> None:
    """Give the sheets that need it the lines that OCR sees, or the reason why it does not look."""
    wanted = [sheet for sheet in sheets if sheet.for_ocr]
    if not wanted:
        return
    reason = ocr.missing() if how.ocr_seconds > 0 else "it is switched off"
    for sheet in wanted[ocr.MAX_PAGES if not reason else 0 :]:
        if not sheet.least:  # clean words beside pictures want nothing
            sheet.no_ocr = reason or f"only {ocr.MAX_PAGES} pages of a file are"
    if reason:
        return
    wanted = wanted[: ocr.MAX_PAGES]

    def picture(number: int) -> tuple[Image.Image, scan.Matrix]:
        sheet = sheets[number - 1]
        return pdf.image(number - 1, width=round(sheet.width / 72 * ocr.DPI), max_pixels=MAX_PIXELS, grey=True)

    seen = scan.read_pictures(picture, [sheet.number for sheet in wanted], how)
    for sheet in wanted:
        sheet.take(seen[sheet.number], asked=sheet.number in how.options.ocr, seconds=how.ocr_seconds)


def _is_garbled(character: str) -> bool:
    return unicodedata.category(character) in ("Co", "Cn", "Cs", "Cc") or character == "\ufffd"


def garbled_share(glyphs: Sequence[Glyph]) -> float:
    """Share of characters that mean nothing: private, unassigned, or letters of scripts thrown together.

    A font without a Unicode map yields Bengali, Ethiopic and Gurmukhi side by side, where an Arabic or Thai text yields one script.
    """
    if not glyphs:
        return 0.0
    scripts: Counter[str] = Counter()
    bad = signs = 0
    for glyph in glyphs:
        character = glyph.text
        if _is_garbled(character):
            bad += 1
        elif ord(character) > 0x250 and character.isalpha():
            script = unicodedata.name(character, "").split(" ")[0]
            if script not in _KNOWN_SCRIPTS:
                scripts[script] += 1
        elif "\u2100" <= character <= "\u245f":  # letter-like signs, fractions, arrows, operators
            signs += 1
    if len(scripts) >= 3:
        bad += scripts.total() + signs
    return bad / len(glyphs)


_KNOWN_SCRIPTS = frozenset(
    "CJK HIRAGANA KATAKANA KATAKANA-HIRAGANA IDEOGRAPHIC FULLWIDTH HALFWIDTH LATIN GREEK CYRILLIC HANGUL MODIFIER".split()
)
