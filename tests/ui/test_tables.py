"""Rows of cells are drawn as the tables that they were."""

from __future__ import annotations

import pytest

from rag.records import BlockKind
from rag.ui import panel
from rag.ui.source import Line
from rag.ui.tables import tables

AMOUNTS = [
    "職務の区分｜日当｜宿泊料の上限額",
    "職務の区分｜日当｜甲地方｜乙地方｜丙地方",
    "一号　指定職の職にある者｜3,000｜21,000｜18,000｜15,500",
    "その他｜なし",
    "二号　課長｜2,600｜17,000｜14,500｜12,500",
]
PLACES = ["区分｜区域", "甲地方｜東京都の特別区、横浜市"]


def spans(rows: list[str]) -> list[list[list[tuple[str, int, int]]]]:
    return [[[(cell.text, cell.columns, cell.rows) for cell in cells] for _, cells in table] for table in tables(rows)]


def test_names_of_columns_span_what_stands_below_them() -> None:
    (table,) = spans(AMOUNTS)
    assert table[0] == [("職務の区分", 1, 2), ("日当", 1, 2), ("宿泊料の上限額", 3, 1)]
    assert table[1] == [("甲地方", 1, 1), ("乙地方", 1, 1), ("丙地方", 1, 1)]
    assert table[3] == [("その他", 1, 1), ("なし", 4, 1)]
    for row in table[2:]:
        assert sum(columns for _, columns, _ in row) == 5


def test_tables_that_follow_each_other_keep_their_own_columns() -> None:
    assert [len(table) for table in spans([*AMOUNTS, *PLACES, *AMOUNTS])] == [5, 2, 5]
    places = [at for table in tables([*AMOUNTS, *PLACES]) for at, _ in table]
    assert places == [*range(7)], "no row is lost"
    assert spans(["a｜b"]) == [[[("a", 1, 1), ("b", 1, 1)]]]


@pytest.mark.parametrize(
    ("cell", "whole"),
    [
        ("21,000", True),
        ("15,500円", True),
        ("３割", True),
        ("百五十万円", True),
        ("△1.5%", True),
        ("2026年4月1日から施行する", False),
        ("一件につき三万円", False),
    ],
)
def test_a_line_never_ends_inside_a_number(cell: str, whole: bool) -> None:
    (((_, cells),),) = tables([f"x｜{cell}"])
    assert cells[1].number is whole


def test_what_is_drawn_is_escaped_and_marked() -> None:
    rows = [Line(kind=BlockKind.TABLE_ROW, depth=0, parts=((row, n == 2),)) for n, row in enumerate([*AMOUNTS[:2], "<b>｜3,000｜1｜2｜3"])]
    drawn = panel._table(rows)
    assert '<td rowspan="2">職務の区分</td>' in drawn and '<td colspan="3">宿泊料の上限額</td>' in drawn
    assert '<td class="k-short"><mark>&lt;b&gt;</mark></td><td class="k-number"><mark>3,000</mark></td>' in drawn
