"""Pages of lines -> blocks, for PDF and pictures: running heads and page numbers out, lines joined, title and headings found.

What a person should look at is said page by page: no text, garbled text, text by OCR and how sure that is.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from rag.errors import EmptyFile
from rag.read.build import Builder
from rag.read.options import How
from rag.read.pdf_join import Placed, join
from rag.read.pdf_rows import Row
from rag.read.reading import Reading, fill
from rag.read.scan import Seen
from rag.read.structure import Line, add_lines
from rag.records import Box, Furniture, Source
from rag.text import fold, language

UNREADABLE = 0.3
"""Share of meaningless characters from which a page is no text."""
Bookmarks = Mapping[tuple[int, str], int]
"""(0-based page, ``key`` of the words) -> depth from 1."""


@dataclass(slots=True)
class Sheet:
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
    sure: float | None = None
    """Mean confidence, 0 to 100, where the page was read by OCR."""
    no_ocr: str = ""
    """Why OCR did not read the page, where it should have."""
    for_ocr: bool = False
    """True where its text is missing, means nothing, or is not to be used."""
    least: int = 0
    """OCR must see more characters than so many to be believed."""

    def take(self, seen: Seen, *, asked: bool, seconds: float) -> None:
        """The lines that OCR saw, in place of those that were there if there are more of them, or if somebody asked for it."""
        if seen.late:
            self.no_ocr = f"it took more than {seconds:g} s"
        if asked or sum(len(row.text) for row in seen.rows) > max(sum(len(row.text) for row in self.rows), self.least):
            self.rows, self.vertical, self.garbled = list(seen.rows), seen.vertical, 0.0
            self.sure = seen.sure
        elif not self.rows and not seen.late:
            self.sure = 0.0


def compose(sheets: list[Sheet], source: Source, how: How, *, title: str = "", bookmarks: Bookmarks) -> Reading:
    """The document that these pages make; ``title`` and ``bookmarks`` are what the file says of itself.

    Raises:
        EmptyFile: none of them has text.
    """
    furniture = _drop_furniture(sheets)
    if not any(sheet.rows for sheet in sheets):
        raise EmptyFile(source.uri, _nothing(sheets))
    lines = join([Placed(row, s.number, (s.number - 1, key(row.text)) in bookmarks) for s in sheets for row in s.rows])
    title_line, title = _title(lines, title)
    builder = Builder()
    number = add_lines(builder, how.options.corrected(_with_headings(lines, bookmarks, title_line)))
    source = fill(source, title=title, number=number, language=language(builder.text[:20_000]))
    return Reading.of(builder, source, pages=len(sheets), warnings=_warnings(sheets), furniture=furniture)


# ---------------------------------------------------------------- running heads and page numbers

_EDGE = 0.12
"""Share of the page's height (or width) in which running heads, feet and page numbers stand."""
_NUMBER = re.compile(
    r"(?:page|p\.?|頁|ページ|[-‐–—―－‑~〜・|()（）［］\[\]])*([0-9]{1,4})(?:(?:/|of|／|中)[0-9]{1,4})?(?:頁|ページ|[-‐–—―－‑~〜・|()（）［］\[\]])*"
)


def _drop_furniture(sheets: list[Sheet]) -> tuple[Furniture, ...]:
    """Take out of each sheet's rows what repeats at the edge of pages: the same words, or numbers that count the pages. Returns that."""
    furniture: list[Furniture] = []
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
        furniture += [Furniture(page=sheet.number, text=row.text) for row in sheet.rows if id(row) in drop]
        sheet.rows = [row for row in sheet.rows if id(row) not in drop]
    return tuple(furniture)


def _page_number(text: str) -> int | None:
    match = _NUMBER.fullmatch(text)
    if match:
        return int(match[1])
    bare = text.strip("-‐–—―－()（）")
    # 四四五: kanji digits, on pages written vertically.
    return int("".join(str("〇一二三四五六七八九".index(c)) for c in bare)) if re.fullmatch("[〇一二三四五六七八九]{1,4}", bare) else None


def _edge_lines(sheet: Sheet) -> list[tuple[int, str, list[Row]]]:
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
            lines.append((side, key(words), [row for _, row in level]))
    if sheet.vertical:
        left, right = min(box.left for box, _ in rows), max(box.right for box, _ in rows)
        known = {id(row) for _, _, level in lines for row in level}
        lines.extend((2, key(row.text), [row]) for box, row in rows if (box.left <= left or box.right >= right) and id(row) not in known)
    return lines


def key(text: str) -> str:
    """Folded words without white space, to be compared."""
    return re.sub(r"[\s｜|]+", "", fold(text))


# ---------------------------------------------------------------- titles, headings, warnings

_NUMBERED = re.compile(r"^\s*(第[0-9０-９一二三四五六七八九十百]+条|[（(【].*[)）】]$|[問答QAＱＡ]\s*[0-9０-９.．:：]|[・･•○●◆■□※])")
_APPENDIX = re.compile(r"^(別表|別記|別紙|様式)[第0-9０-９一二三四五六七八九十号]*[（(][^）)]*関係[）)]")
_SENTENCE_END = tuple("。、．，.,;；:：")


def _title(lines: Sequence[Placed], given: str) -> tuple[int | None, str]:
    """Which line is the title (None: none is), and the title."""
    first = [i for i, line in enumerate(lines) if line.page == lines[0].page][:12] if lines else []
    if given:
        same = next((i for i in first if key(lines[i].text) == key(given)), None)
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


def _with_headings(lines: Sequence[Placed], bookmarks: Bookmarks, title: int | None) -> list[Line]:
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
        depth = next((bookmarks[at] for step in (0, -1) if (at := (line.page - 1 + step, key(line.text))) in bookmarks), 0)
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


def _nothing(sheets: Sequence[Sheet]) -> str:
    """Why no page has text, and what to do."""
    garbled = any(sheet.garbled for sheet in sheets)
    cause = "has text that can be read: its fonts do not say which characters they draw." if garbled else "has text: scanned?"
    late = next((sheet.no_ocr for sheet in sheets if sheet.no_ocr), "")
    tried = any(sheet.sure is not None for sheet in sheets)
    ocr = "OCR found no words either." if tried else f"It needs OCR, but {late or 'it is switched off'}."
    return f"none of its {len(sheets)} pages {cause} {ocr}"


def _warnings(sheets: Sequence[Sheet]) -> tuple[str, ...]:
    out = []
    for numbers, one, many in (
        (
            [s.number for s in sheets if s.drawn and not s.rows and not s.garbled and s.sure is None],
            "page {} has no text: a scan?",
            "pages {} have no text: scans?",
        ),
        ([s.number for s in sheets if s.broken], "page {} is damaged", "pages {} are damaged"),
        ([s.number for s in sheets if s.vertical], "page {} is written vertically", "pages {} are written vertically"),
        ([s.number for s in sheets if s.sure is not None and not s.rows], "page {}: OCR found no words", "pages {}: OCR found no words"),
    ):
        if numbers:
            out.append((one if len(numbers) == 1 else many).format(_ranges(numbers)))
    for reason in dict.fromkeys(sheet.no_ocr for sheet in sheets if sheet.no_ocr):
        numbers = [sheet.number for sheet in sheets if sheet.no_ocr == reason]
        out.append(f"{'page' if len(numbers) == 1 else 'pages'} {_ranges(numbers)}: not read by OCR: {reason}")
    for sheet in sheets:
        if sheet.garbled >= 0.02 and sheet.sure is None:
            left = "; its text is left out: it needs OCR" if sheet.garbled >= UNREADABLE else ""
            out.append(f"text is garbled: {sheet.garbled:.0%} of characters have no meaning on page {sheet.number}{left}")
        if sheet.sure is not None and sheet.rows:
            out.append(f"page {sheet.number}: read by OCR, confidence {sheet.sure:.0f}%")
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
