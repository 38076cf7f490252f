"""A page's characters -> its lines in reading order: tables set aside, columns one after the other, rows from the first to the last."""

from __future__ import annotations

from statistics import median

from rag.read.pdf_marks import Turn, in_margin, is_vertical, mark_of, once, side_by_side, turned, whole_cells
from rag.read.pdf_rows import Row, Run, cluster, make_row, runs_of, without_ruby
from rag.read.pdf_table import ruled_tables, table_rows, unruled_tables
from rag.read.pdfium import Glyph, Page


def page_rows(page: Page, *, table: bool = False) -> tuple[list[Row], bool]:
    """The lines of ``page`` in reading order, and whether it is written vertically. With ``table``, each is a row of one table."""
    vertical = is_vertical(page.glyphs)
    margin = in_margin(page.glyphs) if vertical else set()
    by_turn: dict[Turn, list[Glyph]] = {}
    for glyph in page.glyphs:
        down = vertical and glyph.angle == 0 and id(glyph) not in margin
        by_turn.setdefault(90 if down else glyph.angle, []).append(glyph)
    rows: list[Row] = []
    for turn, glyphs in sorted(by_turn.items(), key=lambda entry: -len(entry[1])):
        marks = [mark_of(glyph, turn) for glyph in glyphs]
        marks = once([mark for mark in marks if 0.5 <= mark.size <= 400])
        if vertical and turn == 90:
            marks = side_by_side(whole_cells(marks))
        rest, tables = ruled_tables(marks, [turned(r.left, r.bottom, r.right, r.top, turn) for r in page.rules])
        pieces: list[Run] = [*runs_of(rest), *(Run([], table) for table in tables)]
        rows.extend(table_rows(pieces, vertical) if table else _lay_out(pieces, vertical))
    return rows, vertical


def reading_order(page: Page) -> list[Glyph]:
    """The characters of ``page`` in the order in which its rows tell them, without white space."""
    return [glyph for row in page_rows(page)[0] for glyph in row.glyphs]


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
    rows = cluster(words)
    if len(rows) < least:
        return False
    size = median(mark.size for run in words for mark in run.marks)
    if width < 8 * size:
        return False
    filled = [(max(r.end for r in row) - min(r.start for r in row)) / width for row in rows]
    return sum(share > 0.75 for share in filled) >= 0.35 * len(rows)


def _region_rows(runs: list[Run], column: tuple[int, int], vertical: bool) -> list[Row]:
    words = without_ruby(cluster([run for run in runs if run.table is None]))
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
