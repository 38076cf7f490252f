"""新旧対照表: new wording is in force, old wording is kept beside it and can neither be found nor quoted."""

from __future__ import annotations

import pytest

from rag.chunk import chunk
from rag.read import read
from rag.records import BlockKind, Source
from tests.read.checks import holds_together, of, read_text
from tests.read.make_sheets import workbook

TABLE = (
    ("旅費規程　新旧対照表", None, None),
    ("改正後", "改正前", "備考"),
    ("第三条　日当は、三千円とする。", "第三条　日当は、二千円とする。", "増額"),
    ("第四条　宿泊料は、実費とする。", "第四条　宿泊料は、定額とする。", None),
    ("（削る）", "第五条　食卓料を支給する。", None),
)
OLD = ("二千円", "定額", "食卓料")


def test_only_the_new_wording_is_in_force() -> None:
    document = read(workbook(("Sheet1", TABLE)), source=Source(uri="a.xlsx"), document_id="d")
    holds_together(document)
    assert of(document, BlockKind.FORMER)[1:] == [
        "第三条　日当は、二千円とする。",
        "第四条　宿泊料は、定額とする。",
        "（削る）",
        "第五条　食卓料を支給する。",
    ]
    paths = {block.span.cut(document.text): block.path for block in document.blocks}
    assert paths["日当は、三千円とする。"][:1] == ("第三条",)
    passages = "\n".join(piece.text for piece in chunk(document))
    assert "三千円" in passages and "実費" in passages
    assert [words for words in OLD if words in passages] == []


@pytest.mark.parametrize(
    ("new", "old"), [("新", "旧"), ("改　正　案", "現　　行"), ("改正後欄", "改正前欄"), ("変更後", "変更前"), ("改定後", "改定前")]
)
@pytest.mark.parametrize("swapped", [False, True])
def test_by_whatever_names_and_on_whichever_side(new: str, old: str, swapped: bool) -> None:
    rows = [(new, old), ("日当は三千円とする。", "日当は二千円とする。")]
    table = "\n".join(",".join(row[::-1] if swapped else row) for row in rows)
    document = read_text(table, "a.csv")
    assert of(document, BlockKind.TEXT) == ["日当は三千円とする。"]
    assert "日当は二千円とする。" in of(document, BlockKind.FORMER)


def test_a_table_that_only_mentions_the_words_stays_a_table() -> None:
    document = read_text("区分,改正後の額,改正前の率\n甲,1,2\n", "a.csv")
    assert of(document, BlockKind.FORMER) == []
    assert len(of(document, BlockKind.TABLE_ROW)) == 2


def test_what_is_unchanged_says_nothing_of_its_own() -> None:
    document = read_text("改正後,改正前\n（略）,（略）\n新,旧い文\n", "a.csv")
    assert "（略）" not in of(document, BlockKind.TEXT)
