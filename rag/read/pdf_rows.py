"""Characters -> runs -> rows, and their text with the spaces that a reader sees."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import cached_property

from rag.read.pdf_marks import Mark, is_wide
from rag.read.pdfium import Glyph, around
from rag.records import Box

WIDE_GAP = 1.4
"""Ems of nothing that end a run: wider than the ideographic space behind 第一条, narrower than a gutter between columns."""


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


def runs_of(marks: Iterable[Mark]) -> list[Run]:
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


def _beside(last: Mark, mark: Mark) -> bool:
    overlap = min(last.high, mark.high) - max(last.low, mark.low)
    if overlap < 0.5 * min(last.size, mark.size):
        return False
    return -0.6 * last.size < mark.start - last.end < WIDE_GAP * max(last.size, mark.size)


def cluster(runs: Iterable[Run]) -> list[list[Run]]:
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


_KANA = re.compile(r"[\u3040-\u30ff]+")


def without_ruby(rows: list[list[Run]]) -> list[list[Run]]:
    """Leave out lines of small kana that stand over (in vertical writing: right of) the words they spell."""
    kept: list[list[Run]] = []
    for index, row in enumerate(rows):
        size = max(mark.size for run in row for mark in run.marks)
        text = "".join(mark.text for run in row for mark in run.marks).strip()
        below = rows[index + 1] if index + 1 < len(rows) else []
        if below and _KANA.fullmatch(re.sub(r"\s", "", text)):
            base = max(mark.size for run in below for mark in run.marks)
            near = min(run.low for run in row) - max(run.high for run in below)
            inside = (
                min(r.start for r in row) >= min(r.start for r in below) - base
                and max(r.end for r in row) <= max(r.end for r in below) + base
            )
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


def cell_text(marks: Sequence[Mark]) -> str:
    """The words of one cell, its lines joined: with a space between Latin letters, with none in Japanese."""
    text = ""
    for line in filter(None, (line_text(line).strip() for line in _cell_lines(marks))):
        joint = " " if text and not is_wide(text[-1]) and not is_wide(line[0]) else ""
        text += joint + line
    return text.replace("｜", "|")


def _cell_lines(marks: Sequence[Mark]) -> list[list[Mark]]:
    return [[mark for run in row for mark in run.marks] for row in without_ruby(cluster(runs_of(marks)))]
