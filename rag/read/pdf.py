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

from rag.errors import DamagedFile, EmptyFile
from rag.read.build import Builder
from rag.read.options import AS_IT_IS, How
from rag.read.pdf_join import Placed, join
from rag.read.pdf_lines import page_rows
from rag.read.pdf_rows import Row
from rag.read.pdfium import Glyph, PdfFile
from rag.read.reading import Reading, fill
from rag.read.structure import Line, add_lines
from rag.records import Box, Source
from rag.text import fold, language

_T = TypeVar("_T")
MAX_BOOKMARKS = 5_000
UNREADABLE = 0.3
"""Share of meaningless characters from which a page is no text."""

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
        opened = PdfFile(data, name)
    except DamagedFile as error:
        # pdfium does not open a file without pages; pypdf knows one from a broken one.
        if _told(lambda: len(pypdf.PdfReader(io.BytesIO(data)).pages), 1) == 0:
            raise EmptyFile(name, "has no pages.") from error
        raise
    with opened as pdf:
        pages = len(pdf)
        info = _Info.of(data)
        found = [_read_page(pdf, index, info) for index in range(pages)]
    _drop_furniture(found)
    if not any(sheet.rows for sheet in found):
        cause = "has text that can be read: its fonts do not say" if any(s.garbled for s in found) else "has text: scanned?"
        detail = " which characters they draw." if any(s.garbled for s in found) else ""
        raise EmptyFile(name, f"none of its {pages} pages {cause}{detail} It needs OCR.")
    marked = info.bookmarks
    lines = join([Placed(row, s.number, (s.number - 1, _key(row.text)) in marked) for s in found for row in s.rows])
    title_line, title = _title(lines, info.title)
    builder = Builder()
    add_lines(builder, how.options.corrected(_with_headings(lines, info.bookmarks, title_line)))
    source = fill(source, title=title, language=language(builder.text[:20_000]))
    return Reading.of(builder, source, pages=pages, warnings=_warnings(found))


# ---------------------------------------------------------------- pypdf


@dataclass(slots=True)
class _Info:
    """What pypdf knows of the file. It only helps: where pypdf fails, the words are still pdfium's."""

    reader: pypdf.PdfReader | None = None
    title: str = ""
    bookmarks: dict[tuple[int, str], int] = field(default_factory=dict)
    """(0-based page, folded text without spaces) -> depth from 1."""

    @classmethod
    def of(cls, data: bytes) -> _Info:
        reader = _told(lambda: pypdf.PdfReader(io.BytesIO(data)), None)
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
                found.setdefault((page, _key(str(entry.title))), min(depth, 6))


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


@dataclass(slots=True)
class _Sheet:
    """One page as read."""

    number: int
    rows: list[Row]
    height: float = 0.0
    width: float = 0.0
    vertical: bool = False
    garbled: float = 0.0
    """Share of characters without a meaning."""
    drawn: bool = False
    """True where anything at all is drawn on the page."""
    broken: bool = False


def _read_page(pdf: PdfFile, index: int, info: _Info) -> _Sheet:
    try:
        page = pdf.page(index)
    except DamagedFile:
        return _Sheet(index + 1, [Row.plain(text) for text in info.words(index) if text.strip()], broken=True)
    visible = [glyph for glyph in page.glyphs if not glyph.text.isspace()]
    sheet = _Sheet(index + 1, [], page.height, page.width, drawn=bool(page.drawn or visible), garbled=_garbled(visible))
    if sheet.garbled < UNREADABLE:
        sheet.rows, sheet.vertical = page_rows(page)
    return sheet


def _is_garbled(character: str) -> bool:
    return unicodedata.category(character) in ("Co", "Cn", "Cs", "Cc") or character == "\ufffd"


def _garbled(glyphs: Sequence[Glyph]) -> float:
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


# ---------------------------------------------------------------- running heads and page numbers

_EDGE = 0.12
"""Share of the page's height (or width) in which running heads, feet and page numbers stand."""
_NUMBER = re.compile(
    r"(?:page|p\.?|頁|ページ|[-‐–—―－‑~〜・|()（）［］\[\]])*([0-9]{1,4})(?:(?:/|of|／|中)[0-9]{1,4})?(?:頁|ページ|[-‐–—―－‑~〜・|()（）［］\[\]])*"
)


def _drop_furniture(sheets: list[_Sheet]) -> None:
    """Take out of each sheet's rows what repeats at the edge of pages: the same words, or numbers that count the pages."""
    edges = [_edge_lines(sheet) for sheet in sheets]
    seen: Counter[tuple[str, int]] = Counter()
    counts: Counter[int] = Counter()
    for sheet, lines in zip(sheets, edges, strict=True):
        seen.update({(re.sub(r"\d+", "#", text), side) for side, text, _ in lines})
        counts.update({value - sheet.number for _, text, _ in lines if (value := _page_number(text)) is not None})
    enough = max(2, len(sheets) // 4)
    for sheet, lines in zip(sheets, edges, strict=True):
        drop: set[int] = set()
        open_sides = {0, 1, 2}
        for side, text, rows in lines:
            value = _page_number(text)
            numbered = value is not None and (counts[value - sheet.number] >= 2 or (len(sheets) == 1 and value == 1))
            pattern = re.sub(r"\d+", "#", text)
            repeated = len(sheets) > 1 and pattern != "#" and seen[pattern, side] >= min(enough, 5)
            if side in open_sides and (numbered or (repeated and len(sheet.rows) - len(drop) > len(rows) + (len(sheets) == 2) * 3)):
                drop.update(map(id, rows))
            else:  # what stands further in is the page's own
                open_sides.discard(side)
        sheet.rows = [row for row in sheet.rows if id(row) not in drop]


def _page_number(text: str) -> int | None:
    match = _NUMBER.fullmatch(text)
    if match:
        return int(match[1])
    bare = text.strip("-‐–—―－()（）")
    # 四四五: kanji digits, on pages written vertically.
    return int("".join(str("〇一二三四五六七八九".index(c)) for c in bare)) if re.fullmatch("[〇一二三四五六七八九]{1,4}", bare) else None


def _edge_lines(sheet: _Sheet) -> list[tuple[int, str, list[Row]]]:
    """(side, folded words without spaces, rows) of each line at an edge; rows at one height are one line, also over columns."""
    lines: list[tuple[int, str, list[Row]]] = []
    rows = [(row.box, row) for row in sheet.rows if row.box is not None]
    if not rows:
        return lines
    # The crop box may begin anywhere, so the rows' own extent is the measure.
    top, bottom = max(box.top for box, _ in rows), min(box.bottom for box, _ in rows)
    for side, at_edge in (
        (0, [(box, row) for box, row in rows if box.bottom > top - _EDGE * sheet.height]),
        (1, [(box, row) for box, row in rows if box.top < bottom + _EDGE * sheet.height]),
    ):
        levels: list[list[tuple[Box, Row]]] = []
        for box, row in sorted(at_edge, key=lambda pair: -(pair[0].top + pair[0].bottom)):
            if levels and levels[-1][0][0].bottom < (box.top + box.bottom) / 2 < levels[-1][0][0].top:
                levels[-1].append((box, row))
            else:
                levels.append([(box, row)])
        for level in levels[:3] if side == 0 else levels[::-1][:3]:
            words = "".join(row.text for _, row in sorted(level, key=lambda pair: pair[0].left))
            lines.append((side, _key(words), [row for _, row in level]))
    if sheet.vertical:
        left, right = min(box.left for box, _ in rows), max(box.right for box, _ in rows)
        known = {id(row) for _, _, level in lines for row in level}
        lines.extend((2, _key(row.text), [row]) for box, row in rows if (box.left <= left or box.right >= right) and id(row) not in known)
    return lines


def _key(text: str) -> str:
    return re.sub(r"[\s｜|]+", "", fold(text))


# ---------------------------------------------------------------- titles, headings, warnings

_NUMBERED = re.compile(r"^\s*(第[0-9０-９一二三四五六七八九十百]+条|[（(【].*[)）】]$|[問答QAＱＡ]\s*[0-9０-９.．:：]|[・･•○●◆■□※])")
_APPENDIX = re.compile(r"^(別表|別記|別紙|様式)[第0-9０-９一二三四五六七八九十号]*[（(][^）)]*関係[）)]")
_SENTENCE_END = tuple("。、．，.,;；:：")


def _title(lines: Sequence[Placed], given: str) -> tuple[int | None, str]:
    """Which line is the title (None: none is), and the title."""
    first = [i for i, line in enumerate(lines) if line.page == lines[0].page][:12] if lines else []
    if given:
        same = next((i for i in first if _key(lines[i].text) == _key(given)), None)
        if same is not None:
            return same, given
    words = [i for i in first if not lines[i].row.table and len(lines[i].text) <= 120 and not lines[i].text.endswith("。")]
    body = _body_size(lines)
    large = max(words, key=lambda i: lines[i].row.size, default=None)
    if large is not None and lines[large].row.size > 1.12 * body and not _NUMBERED.match(lines[large].text):
        return large, given or lines[large].text
    if not given and words and words[0] == 0 and not _NUMBERED.match(lines[0].text):
        return 0, lines[0].text
    return None, given


def _body_size(lines: Sequence[Placed]) -> float:
    """The size that most characters have; tables count only where there is little else."""
    prose = [line for line in lines if not line.row.table]
    sizes: Counter[float] = Counter()
    for line in prose if sum(len(line.text) for line in prose) > 200 else lines:
        sizes[round(2 * line.row.size) / 2] += len(line.text)
    return sizes.most_common(1)[0][0] if sizes else 0.0


def _with_headings(lines: Sequence[Placed], bookmarks: dict[tuple[int, str], int], title: int | None) -> list[Line]:
    """Lines with the depth of headings: the title has 1, then by the bookmarks, else by the size and weight of letters."""
    body = _body_size(lines)
    bold_text = sum(len(p.text) for p in lines if p.row.bold) > 0.3 * sum(len(p.text) for p in lines)

    def rank(index: int) -> float:
        """The size of a line that stands out; half a point less than the body's for one that is only bold; else 0."""
        line = lines[index]
        if index == title or line.row.table or len(line.text) > 90 or line.text.endswith(_SENTENCE_END) or _NUMBERED.match(line.text):
            return 0.0
        if line.row.size > 1.12 * body:
            return round(line.row.size)
        alone = line.row.bold and not bold_text and line.row.size > 0.9 * body
        return body - 0.5 if alone else 0.0

    ranks = [rank(index) for index in range(len(lines))]
    sizes = sorted({size for size in ranks if size}, reverse=True)
    shift = 1 if title is not None else 0
    out = []
    for index, line in enumerate(lines):
        depth = next((bookmarks[at] for step in (0, -1) if (at := (line.page - 1 + step, _key(line.text))) in bookmarks), 0)
        if index == title:
            depth = 1
        elif depth:
            depth = min(depth + shift, 6)
        elif _APPENDIX.match(line.text) and len(line.text) <= 60 and not line.row.table:
            depth = 1 + shift
        elif ranks[index]:
            depth = min(sizes.index(ranks[index]) + 1 + shift, 6)
        out.append(Line(text=line.text, page=line.page, box=line.box, heading=depth, table=line.row.table))
    return out


def _warnings(sheets: Sequence[_Sheet]) -> tuple[str, ...]:
    out = []
    for numbers, one, many in (
        (
            [s.number for s in sheets if s.drawn and not s.rows and not s.garbled],
            "page {} has no text: a scan?",
            "pages {} have no text: scans?",
        ),
        ([s.number for s in sheets if s.broken], "page {} is damaged", "pages {} are damaged"),
        ([s.number for s in sheets if s.vertical], "page {} is written vertically", "pages {} are written vertically"),
    ):
        if numbers:
            out.append((one if len(numbers) == 1 else many).format(_ranges(numbers)))
    for sheet in sheets:
        if sheet.garbled >= 0.02:
            left = "; its text is left out: it needs OCR" if sheet.garbled >= UNREADABLE else ""
            out.append(f"text is garbled: {sheet.garbled:.0%} of characters have no meaning on page {sheet.number}{left}")
    return tuple(out)


def _ranges(numbers: Sequence[int]) -> str:
    """1, 3-5"""
    runs: list[list[int]] = []
    for number in numbers:
        if runs and number == runs[-1][1] + 1:
            runs[-1][1] = number
        else:
            runs.append([number, number])
    return ", ".join(str(a) if a == b else f"{a}-{b}" for a, b in runs)
