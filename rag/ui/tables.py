"""Rows of a table, cells joined by ｜, as the tables that they were: each with its own columns, cells that span several, numbers whole.

What is read of a table is its cells, row by row; a cell that spans columns stands there once. How many it spans follows from the rows
beside it: names of columns that stand again in the next row span both, and the last cell of a row that is short spans what is left.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

from rag.text import width

CELLS = "｜"
_SHORT = 4.0
"""Full-width characters of a cell that are never parted."""
_NUMBER = re.compile(
    r"[-+△▲¥￥$€£]?[0-9０-９][0-9０-９,，.．/%％:〜～-]*[ ]?[^\s0-9０-９]{0,3}|[〇一二三四五六七八九十百千万億]{1,8}(?:円|日|年|月|人|件)?"
)


@dataclass(frozen=True, kw_only=True, slots=True)
class Cell:
    """A cell as it is drawn."""

    text: str
    columns: int = 1
    rows: int = 1
    number: bool = False
    """True where a line must not end in it."""


Row = list[Cell]


def look(cell: Cell) -> dict[str, str]:
    """The attributes of a cell on the screen: how far it reaches, and whether a line may end in it."""
    spans = {name: str(n) for name, n in (("colspan", cell.columns), ("rowspan", cell.rows)) if n > 1}
    whole = {"class_": "k-number"} if cell.number else {"class_": "k-short"} if width(cell.text) <= _SHORT else {}
    return spans | whole


def tables(rows: Sequence[str]) -> list[list[tuple[int, Row]]]:
    """Rows that follow each other, as tables; each row with its place in ``rows``."""
    cells = [row.split(CELLS) for row in rows]
    found: list[list[tuple[int, Row]]] = []
    start = 0
    while start < len(cells):
        end = _end(cells, start)
        found.append(_drawn(cells, start, end))
        start = end
    return found


def _end(cells: Sequence[Sequence[str]], start: int) -> int:
    """Where the table that begins at ``start`` ends: before a row of other width that neither names columns nor is followed by its like."""
    width = len(cells[start])
    end = start + 1
    if end < len(cells) and _names_again(cells[start], cells[end]):
        width, end = len(cells[end]), end + 1
    while end < len(cells):
        short = 1 < len(cells[end]) < width and end + 1 < len(cells) and len(cells[end + 1]) == width
        if len(cells[end]) != width and not short:
            break
        end += 1
    return end


def _names_again(upper: Sequence[str], lower: Sequence[str]) -> bool:
    """職務の区分｜日当｜宿泊料 over 職務の区分｜日当｜甲地方｜乙地方: the last name is that of all columns that are left."""
    return len(upper) < len(lower) and [*upper[:-1]] == [*lower[: len(upper) - 1]] and len(upper) > 1


def _drawn(cells: Sequence[Sequence[str]], start: int, end: int) -> list[tuple[int, Row]]:
    width = max(len(row) for row in cells[start:end])
    both = end - start > 1 and _names_again(cells[start], cells[start + 1])
    drawn: list[tuple[int, Row]] = []
    for at in range(start, end):
        row, twice = list(cells[at]), both and at == start
        if both and at == start + 1:
            row = row[len(cells[start]) - 1 :]
            drawn.append((at, [_cell(text) for text in row]))
            continue
        last = len(row) - 1
        made = [_cell(text, columns=width - last if n == last else 1, rows=2 if twice and n < last else 1) for n, text in enumerate(row)]
        drawn.append((at, made))
    return drawn


def _cell(text: str, columns: int = 1, rows: int = 1) -> Cell:
    return Cell(text=text, columns=columns, rows=rows, number=bool(_NUMBER.fullmatch(text.strip())))
