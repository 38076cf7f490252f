"""Tables on a PDF page: by their ruled lines where there are any, else by columns that line up.

All coordinates are those of ``pdf_marks``: (start, end) along the line, (low, high) across it, the first line highest.
"""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterator, Sequence
from itertools import pairwise

from rag.read.pdf_marks import Mark
from rag.read.pdf_rows import WIDE_GAP, Row, Run, cluster, make_row

_NEAR = 2.5
"""Points within which two rules are one, and a rule's end touches another rule."""
Segment = tuple[float, float, float, float]
"""(start, end, low, high) of a ruled line."""


# ---------------------------------------------------------------- with rules


def ruled_tables(marks: list[Mark], rules: Sequence[Segment]) -> tuple[list[Mark], list[list[Row]]]:
    """The characters that stand in no table, and the rows of each table, cells in order, a merged cell's words in each row it spans."""
    if not marks or len(rules) < 4:
        return marks, []
    flat, upright = _merged(rules)
    rest, tables = marks, []
    for lines, bars in _grids(flat, upright):
        grid = _Grid(lines, bars)
        if grid.columns < 2 or grid.rows < 1:
            continue
        inside = [mark for mark in rest if grid.holds(mark)]
        rows = grid.read(inside)
        # A frame around prose, or a form's single box, is no table.
        if sum(len(cells) > 1 for cells in rows) < 2:
            continue
        left, right = grid.starts[0], grid.starts[-1]
        tables.append([make_row(cells, left, right, table=True) for cells in rows])
        taken = set(map(id, inside))
        rest = [mark for mark in rest if id(mark) not in taken]
    return rest, tables


def _merged(rules: Sequence[Segment]) -> tuple[list[Segment], list[Segment]]:
    """Flat and upright rules; pieces that lie on one another or meet end to end become one."""
    flat: list[Segment] = []
    upright: list[Segment] = []
    for start, end, low, high in rules:
        (flat if end - start >= high - low else upright).append((start, end, low, high))
    return (
        [(a, b, at, at) for at, a, b in _joined([((low + high) / 2, start, end) for start, end, low, high in flat])],
        [(at, at, a, b) for at, a, b in _joined([((start + end) / 2, low, high) for start, end, low, high in upright])],
    )


def _joined(pieces: list[tuple[float, float, float]]) -> list[tuple[float, float, float]]:
    """Merge (place, from, to) whose places agree and whose stretches touch."""
    out: list[list[float]] = []
    for group in _groups(sorted(pieces)):
        place = sum(piece[0] for piece in group) / len(group)
        current: list[float] | None = None
        for _, begin, finish in sorted(group, key=lambda piece: piece[1]):
            if current is not None and begin <= current[2] + _NEAR:
                current[2] = max(current[2], finish)
            else:
                current = [place, begin, finish]
                out.append(current)
    return [(place, begin, finish) for place, begin, finish in out if finish - begin >= 6]


def _groups(pieces: list[tuple[float, float, float]]) -> Iterator[list[tuple[float, float, float]]]:
    group: list[tuple[float, float, float]] = []
    for piece in pieces:
        if group and piece[0] - group[0][0] > _NEAR:
            yield group
            group = []
        group.append(piece)
    if group:
        yield group


def _grids(flat: list[Segment], upright: list[Segment]) -> Iterator[tuple[list[Segment], list[Segment]]]:
    """Rules that touch one another, as (flat, upright), from the top of the page down."""
    parent = list(range(len(flat) + len(upright)))

    def root(node: int) -> int:
        while parent[node] != node:
            parent[node] = parent[parent[node]]
            node = parent[node]
        return node

    for i, (start, end, at, _) in enumerate(flat):
        for j, (place, _, low, high) in enumerate(upright):
            if start - _NEAR <= place <= end + _NEAR and low - _NEAR <= at <= high + _NEAR:
                parent[root(i)] = root(len(flat) + j)
    members: dict[int, tuple[list[Segment], list[Segment]]] = defaultdict(lambda: ([], []))
    for i, line in enumerate(flat):
        members[root(i)][0].append(line)
    for j, bar in enumerate(upright):
        members[root(len(flat) + j)][1].append(bar)
    grids = [(lines, bars) for lines, bars in members.values() if len(lines) >= 2 and bars]
    yield from sorted(grids, key=lambda grid: -max(line[3] for line in grid[0]))


class _Grid:
    """The cells that touching rules make. Row 0 is the first; cells without a rule between them are one."""

    def __init__(self, lines: list[Segment], bars: list[Segment]) -> None:
        self.lines, self.bars = lines, bars
        # A table open at its sides has no outer bars: its lines' ends stand for them.
        ends = [min(line[0] for line in lines), max(line[1] for line in lines)]
        tops = [max(max(b[3] for b in bars), lines[0][3]), min(min(b[2] for b in bars), lines[0][3])]
        self.starts = _places([bar[0] for bar in bars] + ends)
        self.levels = _places([line[2] for line in lines] + tops)[::-1]
        self.columns, self.rows = len(self.starts) - 1, len(self.levels) - 1

    def holds(self, mark: Mark) -> bool:
        along = (mark.start + mark.end) / 2
        return self.starts[0] < along < self.starts[-1] and self.levels[-1] < mark.middle < self.levels[0]

    def read(self, marks: list[Mark]) -> list[list[list[Mark]]]:
        """For each row that has words, the characters of its cells."""
        owner = self._owners()
        words: dict[int, list[Mark]] = defaultdict(list)
        for mark in marks:
            along = (mark.start + mark.end) / 2
            column = sum(along > start for start in self.starts[1:-1])
            row = sum(mark.middle < level for level in self.levels[1:-1])
            words[owner[row][column]].append(mark)
        out = []
        told: set[int] = set()
        for row in range(self.rows):
            cells = list(dict.fromkeys(owner[row]))
            fresh = [cell for cell in cells if any(not m.text.isspace() for m in words[cell]) and cell not in told]
            told.update(fresh)
            if fresh:
                out.append([words[cell] for cell in cells])
        return out

    def _owners(self) -> list[list[int]]:
        parent = list(range(self.rows * self.columns))

        def root(node: int) -> int:
            while parent[node] != node:
                node = parent[node]
            return node

        for row in range(self.rows):
            middle = (self.levels[row] + self.levels[row + 1]) / 2
            for column in range(self.columns):
                here = row * self.columns + column
                centre = (self.starts[column] + self.starts[column + 1]) / 2
                if column + 1 < self.columns and not self._bar(self.starts[column + 1], middle):
                    parent[root(here + 1)] = root(here)
                if row + 1 < self.rows and not self._line(centre, self.levels[row + 1]):
                    parent[root(here + self.columns)] = root(here)
        return [[root(row * self.columns + column) for column in range(self.columns)] for row in range(self.rows)]

    def _bar(self, along: float, level: float) -> bool:
        return any(abs(bar[0] - along) <= _NEAR and bar[2] <= level <= bar[3] for bar in self.bars)

    def _line(self, along: float, level: float) -> bool:
        return any(abs(line[2] - level) <= _NEAR and line[0] <= along <= line[1] for line in self.lines)


def _places(values: list[float]) -> list[float]:
    out: list[float] = []
    for value in sorted(values):
        if not out or value - out[-1] > _NEAR:
            out.append(value)
    return out


# ---------------------------------------------------------------- without rules

_MARKER = re.compile(
    r"[（(]?[0-9０-９a-zA-Zア-ン一二三四五六七八九十①-⑳ⅰ-ⅹivx・•●○◆■□-]{1,4}[)）.．、]?|第.{1,6}[条章節項款号]|.{0,3}[:：]|附則"
)

Stretch = tuple[list[list[Run]], list[list[list[Mark]]] | None]
"""Lines, and the cells of each row where they are a table."""


def unruled_tables(rows: list[list[Run]]) -> Iterator[Stretch]:
    """Cut lines into stretches of prose and of tables: three or more lines whose two or more pieces stand in the same columns."""
    split = [_pieces(row) for row in rows]
    index = 0
    prose: list[list[Run]] = []
    while index < len(rows):
        length, cells = _table_from(split, index)
        if cells is None:
            prose.append(rows[index])
            index += 1
            continue
        if prose:
            yield prose, None
            prose = []
        yield rows[index : index + length], cells
        index += length
    if prose:
        yield prose, None


def _pieces(row: list[Run]) -> list[list[Mark]]:
    """The pieces of a line that wide gaps keep apart."""
    marks = sorted((mark for run in row for mark in run.marks), key=lambda mark: mark.start)
    visible = [mark for mark in marks if not mark.text.isspace()]
    pieces: list[list[Mark]] = []
    for mark in visible:
        if pieces and mark.start - pieces[-1][-1].end < WIDE_GAP * max(mark.size, pieces[-1][-1].size):
            pieces[-1].append(mark)
        else:
            pieces.append([mark])
    return pieces


def _table_from(split: list[list[list[Mark]]], index: int) -> tuple[int, list[list[list[Mark]]] | None]:
    count = len(split[index])
    if count < 2:
        return 0, None
    columns = [(piece[0].start, piece[-1].end) for piece in split[index]]
    cells = [[list(piece) for piece in split[index]]]
    length = full = 1
    pitch = 0.0
    for above, pieces in pairwise(split[index:]):
        step = above[0][0].middle - pieces[0][0].middle
        # Wider than two lines of a cell: something stood between (a ruled table, say).
        if step > min(2.2 * pitch if pitch else 99.0, 4.5 * above[0][0].size):
            break
        places = _fit(pieces, columns)
        if places is None:
            break
        pitch = max(pitch, step)
        for place, piece in zip(places, pieces, strict=True):
            columns[place] = (min(columns[place][0], piece[0].start), max(columns[place][1], piece[-1].end))
        if any(finish > begin for (_, finish), (begin, _) in pairwise(columns)):
            break
        row: list[list[Mark]] = [[] for _ in columns]
        for place, piece in zip(places, pieces, strict=True):
            row[place] = list(piece)
        if 0 in places or not cells:
            cells.append(row)
            full += len(pieces) == count
        else:  # words that wrapped inside a cell of the row above
            cells[-1] = [one + other for one, other in zip(cells[-1], row, strict=True)]
        length += 1
    first = ["".join(mark.text for mark in row[0]) for row in cells]
    if full < 3 or sum(bool(_MARKER.fullmatch(text)) for text in first) > len(first) / 2:
        return 0, None
    return length, cells


def table_rows(runs: Sequence[Run], vertical: bool) -> list[Row]:
    """All lines as rows of one table, because somebody said so: its columns are parted where no line has words.

    Ruled tables stay as they are.
    """
    words = [run for run in runs if run.table is None]
    placed: list[tuple[float, list[Row]]] = [(run.high, run.table) for run in runs if run.table is not None]
    if words:
        begin, finish = min(run.start for run in words), max(run.end for run in words)
        lines = [row for row in cluster(words) if len(row) > 1] or cluster(words)
        edges = _gaps(sorted((run.start, run.end) for row in lines for run in row))
        for line in cluster(words):
            cells: list[list[Mark]] = [[] for _ in range(len(edges) + 1)]
            for mark in (mark for run in line for mark in run.marks):
                cells[sum((mark.start + mark.end) / 2 > edge for edge in edges)].append(mark)
            row = make_row(cells, begin, finish, table=True, vertical=vertical)
            placed.append((row.high, [row]))
    return [row for _, rows in sorted(placed, key=lambda entry: -entry[0]) for row in rows]


def _gaps(stretches: Sequence[tuple[float, float]]) -> list[float]:
    """The middle of each stretch that none of ``stretches``, sorted, covers."""
    found = []
    reach = stretches[0][1]
    for start, end in stretches:
        if start > reach + _NEAR:
            found.append((reach + start) / 2)
        reach = max(reach, end)
    return found


def _fit(pieces: list[list[Mark]], columns: list[tuple[float, float]]) -> list[int] | None:
    """Which column each piece stands in; None where one stands in two, or two in one."""
    places = []
    for piece in pieces:
        begin, finish = piece[0].start, piece[-1].end
        over = [i for i, (left, right) in enumerate(columns) if begin < right and finish > left]
        if len(over) != 1:
            return None
        places.append(over[0])
    return places if len(set(places)) == len(places) else None
