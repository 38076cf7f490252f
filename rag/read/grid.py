"""Rows of cells -> lines: titles above a table, its rows with the names of the columns first, notes below it. For spreadsheets and CSV."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from itertools import groupby

from rag.read.structure import Line

MAX_ROWS = 50_000
"""Rows of one file that are read; that there are more is said in a warning."""
MAX_COLUMNS = 400
MAX_CELL = 20_000
"""Characters of one cell."""

_NOTE = re.compile(r"[（(]?(?:※|＊|\*|注|備考|出典|資料|Notes?\b|Source\b)", re.IGNORECASE)
_VALUE = re.compile(r"[-+△▲¥$€]?[0-9０-９][0-9０-９,，.．/%％:年月日円\s-]*")

Cells = Sequence[str]


def lines_of(rows: Sequence[Cells], head_depth: Mapping[int, int] | None = None) -> list[Line]:
    """The lines of one sheet.

    Args:
        rows: All rows from the first, empty ones included; a merged cell's words stand in every cell that it covers.
        head_depth: 0-based row -> how many rows name the columns if a table begins there; 1 where nothing is said.
    """
    clean = [[_clean(cell) for cell in row[:MAX_COLUMNS]] for row in rows]
    out: list[Line] = []
    in_table = False
    for empty, group in groupby(enumerate(clean), key=lambda entry: not any(entry[1])):
        if empty:
            continue
        stretch = list(group)
        lead, table, notes = _parts([row for _, row in stretch])
        out.extend(Line(text=_only(row)) for row in lead)
        if table:
            start = stretch[len(lead)][0]
            # Behind an empty row, a row with values goes on with the table above; one of words alone names new columns.
            goes_on = in_table and not lead and any(_VALUE.fullmatch(cell) for cell in table[0])
            depth = 1 if goes_on else min((head_depth or {}).get(start, 1), len(table))
            out.extend(_table(table, depth, first=not goes_on))
        in_table = bool(table) and not notes
        out.extend(Line(text=_only(row)) for row in notes)
    return out


def _clean(cell: str) -> str:
    return re.sub(r"[ \t\r\n\f\v]+", " ", cell[:MAX_CELL]).strip().replace("｜", "|")


def _only(row: Cells) -> str:
    """The words of a row that is no row of a table; a merged cell says them once."""
    return next(cell for cell in row if cell)


def _parts(rows: list[list[str]]) -> tuple[list[list[str]], list[list[str]], list[list[str]]]:
    """Rows above the table, the table, and notes below it. A table begins with the first row of two different cells."""
    wide = [len({cell for cell in row if cell}) > 1 for row in rows]
    if not any(wide):
        return rows, [], []
    start, end = wide.index(True), len(rows)
    while end > start + 1 and not wide[end - 1] and _NOTE.match(_only(rows[end - 1])):
        end -= 1
    return rows[:start], rows[start:end], rows[end:]


def _table(rows: list[list[str]], depth: int, *, first: bool) -> list[Line]:
    width = max(len(row) for row in rows)
    padded = [row + [""] * (width - len(row)) for row in rows]
    used = [column for column in range(width) if any(row[column] for row in padded)]
    head = ["／".join(dict.fromkeys(row[column] for row in padded[:depth] if row[column])) for column in used]
    body = [[row[column] for column in used] for row in padded[depth:]]
    return [Line(text="｜".join(cells), table=True, first=first and at == 0) for at, cells in enumerate([head, *body])]
