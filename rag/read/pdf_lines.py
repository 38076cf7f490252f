"""Characters with boxes -> lines in reading order, whichever way the page is written.

Every page is laid out in one frame: ``along`` grows in the direction of reading, ``across`` falls from line to line. For horizontal
writing that is x and y; for vertical writing (and text turned by 90 degrees) it is -y and x. So columns, rows and tables are found
by the same code on all pages. The steps: glyphs -> runs -> ruled tables set aside -> columns -> rows -> unruled tables.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from statistics import median

from rag.read.pdfium import Glyph, Page, around
from rag.records import Box
from rag.text import JAPANESE_RUN

WIDE_GAP = 1.4
"""Ems of nothing that end a run: wider than the ideographic space behind 第一条, narrower than a gutter between columns."""


@dataclass(frozen=True, slots=True)
class Mark:
    """A character in the frame: ``start``..``end`` along the line, ``low``..``high`` across it."""

    text: str
    start: float
    end: float
    low: float
    high: float
    glyph: Glyph

    @property
    def size(self) -> float:
        """The em in points."""
        return max(self.high - self.low, 0.1)

    @property
    def middle(self) -> float:
        return (self.low + self.high) / 2


@dataclass(frozen=True, slots=True)
class Row:
    """One line of a page, or one row of a table, in reading order."""

    text: str
    box: Box | None
    start: float
    end: float
    low: float
    high: float
    size: float
    bold: bool
    left: float
    """Where the column begins that the line stands in, and where it ends: in the frame."""
    right: float
    column: tuple[int, int] = (0, 1)
    """Which of how many columns."""
    table: bool = False
    vertical: bool = False
    glyphs: tuple[Glyph, ...] = ()
    """Its characters in the order of ``text``, without white space."""

    @classmethod
    def plain(cls, text: str) -> Row:
        """Words whose place nobody knows."""
        return cls(text=text.strip(), box=None, start=0, end=0, low=0, high=0, size=0, bold=False, left=0, right=0)


Turn = int
"""0, 90, 180 or 270: how far clockwise the direction of reading is turned. Vertical Japanese reads as 90."""


def page_rows(page: Page) -> tuple[list[Row], bool]:
    """The lines of ``page`` in reading order, and whether it is written vertically."""
    from rag.read.pdf_table import ruled_tables

    vertical = is_vertical(page.glyphs)
    margin = _in_margin(page.glyphs) if vertical else set()
    by_turn: dict[Turn, list[Glyph]] = {}
    for glyph in page.glyphs:
        down = vertical and glyph.angle == 0 and id(glyph) not in margin
        by_turn.setdefault(90 if down else glyph.angle, []).append(glyph)
    rows: list[Row] = []
    for turn, glyphs in sorted(by_turn.items(), key=lambda entry: -len(entry[1])):
        marks = [_mark(glyph, turn) for glyph in glyphs]
        marks = _once([mark for mark in marks if 0.5 <= mark.size <= 400])
        if vertical and turn == 90:
            marks = _upright(_whole_cells(marks))
        rest, tables = ruled_tables(marks, [_turned(r.left, r.bottom, r.right, r.top, turn) for r in page.rules])
        pieces: list[Run] = [*_runs(rest), *(Run([], table) for table in tables)]
        rows.extend(_lay_out(pieces, vertical))
    return rows, vertical


def reading_order(page: Page) -> list[Glyph]:
    """The characters of ``page`` in the order in which its rows tell them, without white space."""
    return [glyph for row in page_rows(page)[0] for glyph in row.glyphs]


def is_vertical(glyphs: Sequence[Glyph]) -> bool:
    """True where more steps from character to character lead down a column than along a line."""
    down = along = 0
    for one, other in zip(glyphs, glyphs[1:], strict=False):
        size = one.top - one.bottom
        if one.angle or other.angle or size <= 0 or one.text.isspace() or other.text.isspace():
            continue
        right = (other.left + other.right - one.left - one.right) / 2 / size
        up = (other.bottom + other.top - one.bottom - one.top) / 2 / size
        if abs(right) < 0.35 and -1.6 < up < -0.5:
            down += 1
        elif abs(up) < 0.35 and 0.1 < right < 1.6:
            along += 1
    return down >= 4 and down > along


def _in_margin(glyphs: Sequence[Glyph]) -> set[int]:
    """Ids of the few characters above and below the columns of a vertical page: its page number stands horizontally."""
    inked = [glyph for glyph in glyphs if not glyph.text.isspace()]
    em = median(glyph.top - glyph.bottom for glyph in inked)
    found: set[int] = set()
    for edges in (
        sorted((glyph.bottom, glyph.top, id(glyph)) for glyph in inked),
        sorted((-glyph.top, -glyph.bottom, id(glyph)) for glyph in inked),
    ):
        reach = edges[0][1]
        for count, (near, far, _) in enumerate(edges[: min(40, len(edges) // 3)]):
            # A band that is empty over the whole width parts them from the columns.
            if near > reach + 0.8 * em:
                found.update(name for _, _, name in edges[:count])
                break
            reach = max(reach, far)
    return found


def _turned(left: float, bottom: float, right: float, top: float, turn: Turn) -> tuple[float, float, float, float]:
    """(start, end, low, high) of a box in the frame."""
    if turn == 90:
        return -top, -bottom, left, right
    if turn == 180:
        return -right, -left, -top, -bottom
    if turn == 270:
        return bottom, top, -right, -left
    return left, right, bottom, top


def _mark(glyph: Glyph, turn: Turn) -> Mark:
    return Mark(glyph.text, *_turned(glyph.left, glyph.bottom, glyph.right, glyph.top, turn), glyph)


# ---------------------------------------------------------------- runs


@dataclass
class Run:
    """Characters that stand side by side; or a ruled table, which takes its place among them as one piece."""

    marks: list[Mark]
    table: list[Row] | None = None

    @cached_property
    def start(self) -> float:
        return min(row.left for row in self.table) if self.table else min(mark.start for mark in self.marks)

    @cached_property
    def end(self) -> float:
        return max(row.right for row in self.table) if self.table else max(mark.end for mark in self.marks)

    @cached_property
    def low(self) -> float:
        return min(piece.low for piece in self.table or self.marks)

    @cached_property
    def high(self) -> float:
        return max(piece.high for piece in self.table or self.marks)


def _runs(marks: Iterable[Mark]) -> list[Run]:
    """Runs, complete: nothing is added to one afterwards, so that its bounds may be remembered."""
    runs: list[list[Mark]] = []
    last: Mark | None = None
    for mark in marks:
        if runs and last is not None and _beside(last, mark):
            runs[-1].append(mark)
        elif mark.text.isspace():
            continue
        else:
            runs.append([mark])
        if not mark.text.isspace():
            last = mark
    return [Run(run) for run in runs]


def _once(marks: list[Mark]) -> list[Mark]:
    """Without characters drawn twice a hair apart, as bold is sometimes made.

    The letters of one ligature (ff) come with one box for both, one behind the other: they stay.
    """
    kept: list[Mark] = []
    drawn: dict[tuple[str, int, int], Mark] = {}
    for mark in marks:
        step = max(0.12 * mark.size, 0.3)
        row, place = round(mark.middle / step), round((mark.start + mark.end) / 2 / step)
        near = (drawn.get((mark.text, row + i, place + j)) for i in (0, -1, 1) for j in (0, -1, 1))
        twin = next((other for other in near if other is not None), None)
        if twin is not None and not (kept and kept[-1] is twin and (twin.start, twin.end) == (mark.start, mark.end)):
            continue
        drawn[mark.text, row, place] = mark
        kept.append(mark)
    return kept


_OPENERS = "（「『【〈《［｛〔"
_CLOSERS = "）」』】〉》］｝〕、。，．"


def _whole_cells(marks: list[Mark]) -> list[Mark]:
    """Vertical forms of some fonts come with the box of their ink alone (一, 、, brackets): give them their whole em back."""
    full = [mark for mark in marks if is_wide(mark.text) and 0.8 < mark.size / max(mark.end - mark.start, 0.1) < 1.25]
    if not full:
        return marks
    usual = median(mark.size for mark in full)
    whole, out = full[0], []
    for mark in marks:
        em = whole.size
        beside = mark.low > whole.low - 0.3 * em and mark.high < whole.high + 0.3 * em
        narrow = max(mark.end - mark.start, mark.size) < 0.9 * (em if beside else usual) or mark.end - mark.start < 0.8 * mark.size
        if is_wide(mark.text) and mark.glyph.angle == 0 and narrow and beside:
            if mark.text in _OPENERS:
                start = mark.end - em
            elif mark.text in _CLOSERS:
                start = mark.start
            else:
                start = (mark.start + mark.end - em) / 2
            mark = replace(mark, start=start, end=start + em, low=whole.low, high=whole.high)
        elif is_wide(mark.text) and 0.8 < mark.size / max(mark.end - mark.start, 0.1) < 1.25:
            whole = mark
        out.append(mark)
    return out


def _upright(marks: list[Mark]) -> list[Mark]:
    """Half-width characters set side by side inside a vertical column, (ii) or 12, brought to the middle of that column."""
    beside: dict[tuple[int, int], list[Mark]] = {}
    for mark in marks:
        if not mark.text.isspace() and mark.glyph.angle == 0 and mark.size < 0.8 * (mark.end - mark.start):
            beside.setdefault((round(mark.start), round(mark.end)), []).append(mark)
    moved: dict[int, Mark] = {}
    for group in beside.values():
        group.sort(key=lambda mark: mark.low)
        em = group[0].end - group[0].start
        chain: list[Mark] = []
        for mark in [*group, None]:
            if mark is not None and (not chain or (mark.low - chain[-1].high < 0.2 * em and mark.high - chain[0].low < 2.6 * em)):
                chain.append(mark)
                continue
            if len(chain) > 1:
                middle = (chain[0].low + chain[-1].high) / 2
                moved.update((id(m), replace(m, low=middle - em / 2, high=middle + em / 2)) for m in chain)
            chain = [mark] if mark is not None else []
    return [moved.get(id(mark), mark) for mark in marks]


def _beside(last: Mark, mark: Mark) -> bool:
    overlap = min(last.high, mark.high) - max(last.low, mark.low)
    if overlap < 0.5 * min(last.size, mark.size):
        return False
    return -0.6 * last.size < mark.start - last.end < WIDE_GAP * max(last.size, mark.size)


# ---------------------------------------------------------------- columns


def _lay_out(runs: list[Run], vertical: bool) -> list[Row]:
    rows: list[Row] = []
    for region, column in _columns(runs, (0, 1)):
        rows.extend(_region_rows(region, column, vertical))
    return rows


def _columns(runs: list[Run], column: tuple[int, int], depth: int = 0) -> list[tuple[list[Run], tuple[int, int]]]:
    """Cut side-by-side columns of prose apart, left before right; lines that run over both end the band above them."""
    gutter = _gutter(runs) if depth < 3 else None
    if gutter is None:
        return [(runs, column)]
    bars = sorted((run for run in runs if run.start < gutter < run.end), key=lambda run: -run.high)
    beside = [run for run in runs if not run.start < gutter < run.end]
    found: list[tuple[list[Run], tuple[int, int]]] = []
    whole: list[Run] = []
    for index in range(len(bars) + 1):
        ceiling = bars[index - 1].low if index else float("inf")
        floor = bars[index].low if index < len(bars) else float("-inf")
        if index:
            whole.append(bars[index - 1])
        band = [run for run in beside if floor <= (run.low + run.high) / 2 < ceiling]
        left = [run for run in band if run.end <= gutter]
        right = [run for run in band if run.start >= gutter]
        if _is_prose(left, 3) and _is_prose(right, 2):
            # Columns begin at one height: what stands above on the right alone (a date, a number) comes before both.
            top = max(run.high for run in left)
            above = [run for run in right if run.low > top + 0.2 * (run.high - run.low)]
            whole.extend(above)
            right = [run for run in right if run not in above]
            if whole:
                found.append((whole, column))
                whole = []
            found.extend(_columns(left, (2 * column[0], 2 * column[1]), depth + 1))
            found.extend(_columns(right, (2 * column[0] + 1, 2 * column[1]), depth + 1))
        else:
            whole.extend(band)
    if whole:
        found.append((whole, column))
    return found


def _gutter(runs: list[Run]) -> float | None:
    """The middle of the widest gap in the middle half of the page that few runs cross."""
    words = [run for run in runs if run.table is None]
    if len(words) < 8:
        return None
    size = median(mark.size for run in words for mark in run.marks)
    begin, finish = min(run.start for run in runs), max(run.end for run in runs)
    bins = int((finish - begin) / 2) + 1
    if not 20 <= bins <= 20_000:
        return None
    covered = [0.0] * bins
    for run in runs:
        for place in range(int((run.start - begin) / 2), min(int((run.end - begin) / 2) + 1, bins)):
            covered[place] += run.high - run.low
    middle = covered[bins // 4 : bins * 3 // 4]
    limit = min(middle) + 0.05 * max(covered)
    if limit > 0.35 * max(covered):
        return None
    best: tuple[int, int] | None = None
    place = bins // 4
    while place < bins * 3 // 4:
        if covered[place] > limit:
            place += 1
            continue
        stop = place
        while stop < bins and covered[stop] <= limit:
            stop += 1
        if best is None or stop - place > best[1] - best[0]:
            best = (place, stop)
        place = stop
    if best is None or (best[1] - best[0]) * 2 < 0.9 * size:
        return None
    return begin + best[0] + best[1]


def _is_prose(runs: list[Run], least: int) -> bool:
    """True where the lines fill their column as sentences do, and cells of a table do not."""
    words = [run for run in runs if run.table is None]
    if not words:
        return False
    begin, finish = min(run.start for run in words), max(run.end for run in words)
    width = max(finish - begin, 0.1)
    rows = _cluster(words)
    if len(rows) < least:
        return False
    size = median(mark.size for run in words for mark in run.marks)
    if width < 8 * size:
        return False
    filled = [(max(r.end for r in row) - min(r.start for r in row)) / width for row in rows]
    return sum(share > 0.75 for share in filled) >= 0.35 * len(rows)


# ---------------------------------------------------------------- rows


def _cluster(runs: Iterable[Run]) -> list[list[Run]]:
    """Runs on one line together, from the first line to the last, each from its start."""
    rows: list[list[Run]] = []
    bands: list[tuple[float, float]] = []
    for run in sorted(runs, key=lambda run: (-(run.low + run.high) / 2, run.start)):
        low, high = run.low, run.high
        for index in range(len(rows) - 1, max(len(rows) - 4, -1), -1):
            under, over = bands[index]
            if min(high, over) - max(low, under) >= 0.5 * min(high - low, over - under):
                rows[index].append(run)
                # The band is the tallest run's, so that a superscript does not pull the next line in.
                if high - low > over - under:
                    bands[index] = (low, high)
                break
        else:
            rows.append([run])
            bands.append((low, high))
    return [sorted(row, key=lambda run: run.start) for row in rows]


def _region_rows(runs: list[Run], column: tuple[int, int], vertical: bool) -> list[Row]:
    from rag.read.pdf_table import unruled_tables

    words = _without_ruby(_cluster([run for run in runs if run.table is None]))
    if not words:
        return [row for run in runs for row in run.table or ()]
    left = min(row[0].start for row in words)
    right = max(max(run.end for run in row) for row in words)
    placed: list[tuple[float, list[Row]]] = [(run.high, run.table) for run in runs if run.table is not None]
    for group, cells in unruled_tables(words):
        if cells is not None:
            lines = [make_row(marks, left, right, column, vertical, table=True) for marks in cells]
        else:
            lines = [make_row([m for run in row for m in run.marks], left, right, column, vertical) for row in group]
        placed.extend((line.high, [line]) for line in lines if line.text)
    return [row for _, rows in sorted(placed, key=lambda entry: -entry[0]) for row in rows]


_KANA = re.compile(r"[\u3040-\u30ff]+")


def _without_ruby(rows: list[list[Run]]) -> list[list[Run]]:
    """Leave out lines of small kana that stand over (in vertical writing: right of) the words they spell."""
    kept: list[list[Run]] = []
    for index, row in enumerate(rows):
        size = max(mark.size for run in row for mark in run.marks)
        text = "".join(mark.text for run in row for mark in run.marks).strip()
        below = rows[index + 1] if index + 1 < len(rows) else []
        if below and _KANA.fullmatch(re.sub(r"\s", "", text)):
            base = max(mark.size for run in below for mark in run.marks)
            near = min(run.low for run in row) - max(run.high for run in below)
            inside = min(r.start for r in row) >= min(r.start for r in below) - base and max(r.end for r in row) <= max(
                r.end for r in below
            ) + base
            if size <= 0.62 * base and abs(near) < 0.6 * base and inside:
                continue
        kept.append(row)
    return kept


def make_row(
    marks: Sequence[Mark] | Sequence[Sequence[Mark]],
    left: float,
    right: float,
    column: tuple[int, int] = (0, 1),
    vertical: bool = False,
    *,
    table: bool = False,
) -> Row:
    """A row from its characters, or, for a table, from the characters of each of its cells."""
    cells: list[list[Mark]] = [list(cell) for cell in marks] if table else [list(marks)]  # type: ignore[arg-type]
    flat = [mark for cell in cells for mark in cell if not mark.text.isspace()]
    text = "｜".join(cell_text(cell) for cell in cells) if table else line_text(cells[0])
    ordered = [mark for cell in cells for line in (_cell_lines(cell) if table else [cell]) for mark in in_order(line)]
    if not flat:
        flat = [mark for cell in cells for mark in cell]
    sizes = Counter(round(mark.size, 1) for mark in flat)
    return Row(
        text=text.strip(),
        box=around([Box(left=m.glyph.left, bottom=m.glyph.bottom, right=m.glyph.right, top=m.glyph.top) for m in flat]),
        start=min(m.start for m in flat),
        end=max(m.end for m in flat),
        low=min(m.low for m in flat),
        high=max(m.high for m in flat),
        # A small note behind a heading does not make it small: the largest size that a third of the characters have.
        size=max(size for size, count in sizes.items() if 3 * count >= len(flat) or count == max(sizes.values())),
        bold=2 * sum(m.glyph.bold for m in flat) > len(flat),
        left=left,
        right=right,
        column=column,
        table=table,
        vertical=vertical,
        glyphs=tuple(mark.glyph for mark in ordered if not mark.text.isspace()),
    )


def in_order(marks: Sequence[Mark]) -> list[Mark]:
    """The characters of one line from its start; those side by side in one place of a vertical column from the left."""
    step = max(0.25 * max((mark.size for mark in marks), default=0.0), 0.1)
    return sorted(marks, key=lambda m: (round(m.start / step), m.glyph.left if m.glyph.angle == 0 else m.start))


def line_text(marks: Sequence[Mark]) -> str:
    """The characters of one line in order, with the spaces that a reader sees and no others."""
    out: list[str] = []
    last: Mark | None = None
    spaced = ""
    for mark in in_order(marks):
        if mark.text.isspace():
            spaced += mark.text
            continue
        if last is not None:
            out.append(_space(last, mark, spaced, first=len(out) <= 3))
        out.append(mark.text)
        last, spaced = mark, ""
    return "".join(out)


def _space(last: Mark, mark: Mark, spaced: str, *, first: bool) -> str:
    """What stands between two neighbours: nothing, a space, or an ideographic space."""
    gap = (mark.start - last.end) / max(last.size, mark.size)
    wide = is_wide(last.text) or is_wide(mark.text)
    if not wide:
        return " " if spaced or gap > 0.17 else ""
    if gap >= 0.7 or "\u3000" in spaced:
        return "\u3000"
    # Word processors put a quarter em between Japanese and Latin letters: that is no space. Half an em is, and so is one that
    # was typed behind the number that opens a line.
    return " " if gap >= 0.45 or (first and bool(spaced) and not (is_wide(last.text) and is_wide(mark.text))) else ""


def is_wide(character: str) -> bool:
    """True for kana, kanji and full-width signs: they stand together without spaces."""
    return bool(JAPANESE_RUN.match(character)) or "\u3000" <= character <= "\u303f" or "\uff01" <= character <= "\uff60"


def cell_text(marks: Sequence[Mark]) -> str:
    """The words of one cell, its lines joined: with a space between Latin letters, with none in Japanese."""
    text = ""
    for line in filter(None, (line_text(line).strip() for line in _cell_lines(marks))):
        joint = " " if text and not is_wide(text[-1]) and not is_wide(line[0]) else ""
        text += joint + line
    return text.replace("｜", "|")


def _cell_lines(marks: Sequence[Mark]) -> list[list[Mark]]:
    return [[mark for run in row for mark in run.marks] for row in _without_ruby(_cluster(_runs(marks)))]
