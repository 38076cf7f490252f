"""Spreadsheets, tables in text, and slides: what is shown is read, row by row, under the names of its columns."""

from __future__ import annotations

import io
import zipfile
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, time

import pytest
from openpyxl.worksheet.worksheet import Worksheet

import rag.read.delimited
import rag.read.grid
import rag.read.xlsx
from rag.errors import DamagedFile, EmptyFile
from rag.read import read
from rag.read.shown import shown
from rag.records import BlockKind, Document, Source
from tests.read.checks import holds_together, of, read_text
from tests.read.make_sheets import slide_with_table, slides, workbook

AMOUNTS: Sequence[Sequence[str | int | None]] = (
    ("旅費の額（令和七年四月一日から）", None, None),
    (None, None, None),
    ("職務の級", "日当", "宿泊料"),
    ("指定職", 3000, 14800),
    ("六級以下", 2200, 10900),
    ("※日当は一日につき。", None, None),
)


def hide(sheets: list[Worksheet]) -> None:
    sheets[1].sheet_state = "hidden"
    sheets[0].row_dimensions[5].hidden = True
    sheets[0].column_dimensions["C"].hidden = True


def merge(sheets: list[Worksheet]) -> None:
    sheets[0].merge_cells("B1:C1")
    sheets[0].merge_cells("A1:A2")
    sheets[0].merge_cells("A3:A4")


def formats(sheets: list[Worksheet]) -> None:
    for cell, code in (("B2", '#,##0"円"'), ("B3", "0.0%"), ("B4", 'ggge"年"m"月"d"日"'), ("B5", "[$¥-411]#,##0;[Red]▲#,##0")):
        sheets[0][cell].number_format = code


@dataclass(frozen=True, kw_only=True)
class Sample:
    """A file and what its document must and must not say."""

    name: str
    data: bytes
    must_include: tuple[str, ...]
    must_not_include: tuple[str, ...] = ()
    warnings: tuple[str, ...] = ()
    path: tuple[str, ...] = ()
    """Path of every row."""


SAMPLES = (
    Sample(
        name="title, head, rows, note.xlsx",
        data=workbook(("Sheet1", AMOUNTS)),
        must_include=("旅費の額（令和七年四月一日から）", "職務の級｜日当｜宿泊料", "六級以下｜2200｜10900", "※日当は一日につき。"),
        must_not_include=("Sheet1",),
    ),
    Sample(
        name="two sheets.xlsx",
        data=workbook(("国内", AMOUNTS), ("空", ())),
        must_include=("国内", "指定職｜3000｜14800"),
        must_not_include=("空",),
        path=("国内",),
    ),
    Sample(
        name="hidden.xlsx",
        data=workbook(("国内", AMOUNTS), ("下書き", AMOUNTS), change=hide),
        must_include=("職務の級｜日当", "指定職｜3000"),
        must_not_include=("六級以下", "宿泊料", "下書き"),
        warnings=(
            "hidden and left out: sheet 「下書き」",
            "hidden and left out: 1 rows of sheet 「国内」",
            "hidden and left out: 1 columns of sheet 「国内」",
        ),
        path=("国内",),
    ),
    Sample(
        name="merged cells.xlsx",
        data=workbook(("Sheet1", (("区分", "宿泊料", None), (None, "甲地方", "乙地方"), ("本省", 1, 2), (None, 3, 4))), change=merge),
        must_include=("区分｜宿泊料／甲地方｜宿泊料／乙地方", "本省｜1｜2", "本省｜3｜4"),
    ),
    Sample(
        name="as shown.xlsx",
        data=workbook(("Sheet1", (("項目", "値"), ("額", 12600), ("率", 0.125), ("施行", date(2025, 4, 1)), ("差", -4))), change=formats),
        must_include=("額｜12,600円", "率｜12.5%", "施行｜令和7年4月1日", "差｜▲4"),
    ),
    Sample(
        name="formulas nobody calculated.xlsx",
        data=workbook(("Sheet1", (("項目", "値"), ("計", "=1+1"), ("額", 5)))),
        must_include=("額｜5",),
        must_not_include=("=1+1",),
        warnings=("1 formulas of sheet 「Sheet1」 have no result in the file, so their cells are empty: open it in Excel and save it",),
    ),
    Sample(
        name="quotes and line ends.csv",
        data='区分,説明\r\n"甲地方","東京都の特別区\r\n及び政令指定都市"\r\n乙地方,"「その他」, ほか"\r\n'.encode("cp932"),
        must_include=("区分｜説明", "甲地方｜東京都の特別区 及び政令指定都市", "乙地方｜「その他」, ほか"),
        warnings=("encoding guessed: cp932",),
    ),
    Sample(name="tabs.csv", data="a\tb, c\n1\t2, 3\n".encode("utf-16"), must_include=("a｜b, c", "1｜2, 3")),
    Sample(
        name="a cell too many.csv",
        data=b"name,amount\nday,3,000\nnight,10\n",
        must_include=("name｜amount｜", "day｜3｜000"),
        warnings=("1 rows have more cells than the others: quotes missing?",),
    ),
    Sample(
        name="slides.pptx",
        data=slides(("旅費の改正", ("日当を改める。", "宿泊料は据え置く。"), "口頭で補う。"), ("施行日", ("令和七年四月一日",), "")),
        must_include=("旅費の改正", "日当を改める。", "口頭で補う。", "施行日"),
    ),
    Sample(
        name="table.pptx",
        data=slide_with_table("旅費の額", (("区分", "日当"), ("指定職", "3,000円"))),
        must_include=("区分｜日当", "指定職｜3,000円"),
    ),
)


def document_of(sample: Sample) -> Document:
    document = read(sample.data, source=Source(uri=sample.name), document_id="d")
    holds_together(document)
    return document


@pytest.mark.parametrize("sample", SAMPLES, ids=lambda sample: sample.name)
def test_what_is_shown_is_read_and_nothing_else(sample: Sample) -> None:
    document = document_of(sample)
    lines = document.text.splitlines()
    assert [words for words in sample.must_include if words not in lines] == []
    assert [words for words in sample.must_not_include if words in document.text] == []
    assert document.warnings == sample.warnings
    rows = {block.path for block in document.blocks if block.kind is BlockKind.TABLE_ROW}
    assert rows <= {sample.path}


def test_a_row_knows_the_row_that_names_its_columns() -> None:
    document = read_text(b"grade,day\n1,3000\n2,2600\n\nname,room\nx,y\n", "a.csv")
    rows = [at for at, block in enumerate(document.blocks) if block.kind is BlockKind.TABLE_ROW]
    named = [[row.span.cut(document.text) for row in document.head_rows(at)] for at in rows]
    assert named == [["grade｜day"]] * 3 + [["name｜room"]] * 2


def test_a_table_goes_on_behind_an_empty_row() -> None:
    document = read_text(b"grade,day\n1,3000\n\n2,2600\n", "a.csv")
    assert [row.span.cut(document.text) for row in document.head_rows(2)] == ["grade｜day"]


def test_slides_are_pages() -> None:
    document = document_of(SAMPLES[-2])
    assert (document.pages, document.format, document.source.title) == (2, "pptx", "旅費の改正")
    assert {block.page for block in document.blocks} == {1, 2}
    assert of(document, BlockKind.HEADING) == ["施行日"]


def test_what_a_workbook_is_called() -> None:
    assert document_of(SAMPLES[0]).source.title == "旅費の額（令和七年四月一日から）"
    assert document_of(SAMPLES[3]).source.title == "merged cells"


# ---------------------------------------------------------------- limits and lies


def test_rows_over_the_limit_are_counted(monkeypatch: pytest.MonkeyPatch) -> None:
    for module in (rag.read.delimited, rag.read.xlsx):
        monkeypatch.setattr(module, "MAX_ROWS", 3)
    document = read_text("a,b\n" + "1,2\n" * 9, "a.csv")
    assert document.warnings == ("only the first 3 rows are read; 7 are left out. Divide the file",)
    assert len(document.blocks) == 3
    two = read(workbook(("甲", [("a", "b")] * 9), ("乙", [("c", "d")])), source=Source(uri="a.xlsx"), document_id="d")
    assert two.warnings == (
        "only the first 3 rows are read: sheet 「甲」 ends at row 3. Divide the workbook",
        "only the first 3 rows are read: sheet 「乙」 is left out. Divide the workbook",
    )


def test_a_million_rows_of_nothing_cost_nothing() -> None:
    document = read(workbook(("Sheet1", (("a", "b"),)), change=far), source=Source(uri="a.xlsx"), document_id="d")
    assert [block.span.cut(document.text) for block in document.blocks] == ["a｜b", "x"]


def far(sheets: list[Worksheet]) -> None:
    sheets[0]["A100000"] = "x"


@pytest.mark.parametrize(
    ("data", "message"),
    [
        (workbook(("a", ())), "no sheet of the workbook shows anything"),
        (workbook(("a", (("x", "y"),)), ("b", ()), change=lambda sheets: setattr(sheets[0], "sheet_state", "hidden")), "「a」"),
        (slides(("", (), "")), "no slide of the presentation has text"),
        (b" , ,\n,,\n", "no text"),
    ],
)
def test_nothing_in_it(data: bytes, message: str) -> None:
    with pytest.raises(EmptyFile, match=message):
        read(data, source=Source(uri="a.csv"), document_id="d")


@pytest.mark.parametrize("part", ["xl/workbook.xml", "xl/worksheets/sheet1.xml", "xl/styles.xml"])
def test_a_broken_part_is_a_sentence(part: str) -> None:
    out = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(workbook(("a", (("x", "y"),))))) as old, zipfile.ZipFile(out, "w") as new:
        for name in old.namelist():
            new.writestr(name, old.read(name)[:-30] if name == part else old.read(name))
    with pytest.raises(DamagedFile, match="a.xlsx: the (Excel file|reader)"):
        read(out.getvalue(), source=Source(uri="a.xlsx"), document_id="d")


@pytest.mark.parametrize("name", ["a.xlsx", "a.pptx"])
def test_an_archive_that_is_none_of_it(name: str) -> None:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as archive:
        archive.writestr("readme.txt", "x")
    with pytest.raises(DamagedFile, match="holds no document of that kind"):
        read_text(out.getvalue(), name)
    with pytest.raises(DamagedFile, match="but is none"):
        read_text(b"not an archive at all", name)


def test_the_content_says_what_it_is_not_the_name() -> None:
    assert read(workbook(("a", (("x", "y"),))), source=Source(uri="a.csv"), document_id="d").format == "xlsx"
    assert read(slides(("x", ("y",), "")), source=Source(uri="a.docx"), document_id="d").format == "pptx"


# ---------------------------------------------------------------- numbers as shown


@pytest.mark.parametrize(
    ("value", "code", "words"),
    [
        (2600, "General", "2600"),
        (0.1 + 0.2, "General", "0.3"),
        (1234567.5, "#,##0.00", "1,234,567.50"),
        (0.5, "0.##", "0.5"),
        (2.5, "0", "3"),
        (7, "000", "007"),
        (-3, "#,##0_);(#,##0)", "(3)"),
        (0, '#,##0;-#,##0;"－"', "－"),
        (12000, '#,##0,"千円"', "12千円"),
        (1500, "¥#,##0", "¥1,500"),
        (1500, '#,##0\\ "円";', "1,500 円"),
        (3, '"第"0"号"', "第3号"),
        (True, "General", "TRUE"),
        (date(2019, 5, 1), 'ggge"年"m"月"d"日"', "令和1年5月1日"),
        (datetime(2025, 4, 1), "mm-dd-yy", "2025/4/1"),
        (datetime(2025, 4, 1), "yyyy\\-mm\\-dd", "2025-04-01"),
        (datetime(2025, 4, 1, 9, 5), "yyyy/m/d h:mm", "2025/4/1 9:05"),
        (datetime(2025, 4, 1), "[$-411]ge.m.d;@", "R7.4.1"),
        (datetime(2025, 4, 1), 'm"月"d"日"(aaa)', "4月1日(火)"),
        (time(17, 5), "h:mm", "17:05"),
    ],
)
def test_a_number_is_read_as_it_is_shown(value: object, code: str, words: str) -> None:
    assert shown(value, code) == words
