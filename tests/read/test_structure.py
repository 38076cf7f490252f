# ruff: noqa: E501 (the samples are markup and word lists)
"""Lines of plain text -> paths. Every sample is written for this test."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from rag.read.build import Builder
from rag.read.markers import markers
from rag.read.structure import Line, add_lines
from rag.records import BlockKind, Document, Source
from tests.read.checks import at, find, holds_together, of, outline, read_text


def lined(*lines: str | Line) -> Document:
    builder = Builder()
    add_lines(builder, [line if isinstance(line, Line) else Line(text=line) for line in lines])
    document = Document(id="d", revision="r", source=Source(uri="x.txt"), text=builder.text, blocks=tuple(builder.blocks))
    holds_together(document)
    return document


def test_articles_paragraphs_items() -> None:
    document = lined(
        "職員見本規程",
        "第２章　旅費",
        "（支給）",
        "第12条　旅費は、次に掲げる者に支給する。",
        "一　職員",
        "二　講師",
        "イ　常勤の者",
        "ロ　非常勤の者",
        "二の二　遺族",
        "２　前項の額は、別表第一に定める。",
        "(1) 鉄道賃",
        "(2) 車賃",
        "３　支払は、口座に行う。",
        "第１２条の２（返納）　過払の額は、返す。",
        "第十三条及び第十四条　削除",
        "附　則",
        "１　四月一日から施行する。",
        "２　従前の例による。",
        "別表第１（第12条関係）",
        Line(text="区分｜額", table=True),
    )
    chapter = "第２章 旅費"
    assert of(document, BlockKind.TITLE) == ["職員見本規程"]
    assert at(document, chapter, "第十二条") == ["（支給）", "第12条"]
    assert at(document, chapter, "第十二条", "第一項") == ["旅費は、次に掲げる者に支給する。"]
    assert at(document, chapter, "第十二条", "第一項", "第二号", "ロ") == ["非常勤の者"]
    assert at(document, chapter, "第十二条", "第一項", "第二号の二") == ["遺族"]
    assert at(document, chapter, "第十二条", "第二項", "第二号") == ["車賃"]
    assert at(document, chapter, "第十二条", "第三項") == ["支払は、口座に行う。"]
    assert at(document, chapter, "第十二条の二") == ["第１２条の２", "（返納）"]
    assert at(document, chapter, "第十二条の二", "第一項") == ["過払の額は、返す。"]
    assert at(document, chapter, "第十三条及び第十四条") == ["第十三条及び第十四条"]
    assert at(document, "附則", "第二項") == ["従前の例による。"]
    assert at(document, "別表第一") == ["別表第１", "（第12条関係）", "区分｜額"]
    assert "二の二　遺族\n２　前項の額は" in document.text


def test_prose_that_begins_with_an_address_is_prose() -> None:
    document = lined(
        "規程",
        "第一条　目的を定める。",
        "第三条の規定により行う。",
        "第二章の規定は、適用しない。",
        "別表第一に掲げる額による。",
        "第十二条（第三項を除く。）の規定による。",
    )
    assert of(document, BlockKind.ARTICLE) == ["第一条"]
    assert of(document, BlockKind.HEADING) == []


def test_the_number_below_the_title_is_no_caption() -> None:
    text = "旅費規程\n（令和七年規程第十二号）\n第一条　旅費は、実費による。\n（附則の適用）\n第二条　額は、別に定める。\n"
    for document in (read_text(text, "a.txt"), read_text(f"# {text}", "a.md")):
        assert document.source.number == "令和七年規程第十二号" and document.source.title == "旅費規程"
        assert of(document, BlockKind.CAPTION) == ["（附則の適用）"]
        assert at(document, "第一条") == ["第一条"] and at(document, "第二条") == ["（附則の適用）", "第二条"]
        assert "（令和七年規程第十二号）" in document.text
    later = lined("旅費規程", "第一条　旅費は、実費による。", "（令和七年規程第十二号）", "第二条　額は、別に定める。")
    assert of(later, BlockKind.CAPTION) == ["（令和七年規程第十二号）"], "behind an article it says what that is about"


@pytest.mark.parametrize("space", ["　", " "])
def test_supplementary_provisions_on_one_line(space: str) -> None:
    document = lined(
        "旅費規程",
        "第一条　旅費は、実費による。",
        f"附　則{space}この規程は、令和七年四月一日から施行する。",
        f"附則（令和八年規程第三号）{space}１　この規程は、公布の日から施行する。",
        "２　従前の例による。",
    )
    assert at(document, "附則") == ["附　則"]
    assert at(document, "附則", "第一項") == ["この規程は、令和七年四月一日から施行する。"]
    assert at(document, "附則（令和八年規程第三号）", "第一項") == ["この規程は、公布の日から施行する。"]
    assert at(document, "附則（令和八年規程第三号）", "第二項") == ["従前の例による。"]
    prose = lined("旅費規程", "第一条　額は、次による。", "附則　第二条の規定は、適用しない。", "附則の規定による。")
    assert of(prose, BlockKind.HEADING) == []


def test_a_caption_below_the_article() -> None:
    document = lined("規程", "第一条", "（目的）", "この規程は、目的を定める。")
    assert outline(document)[1:] == [("article", "第一条"), ("caption", "第一条"), ("paragraph", "第一条/第一項")]


def test_brackets_that_caption_nothing_are_text() -> None:
    assert find(lined("規程", "第一条　目的を定める。", "（この文書は見本です。）"), "見本").kind is BlockKind.TEXT


def test_a_table_of_contents_is_no_heading() -> None:
    document = lined(
        "規程", "目次", "第一章　総則（第一条・第二条）", "第二章　雑則（第三条）", "附則", "第一章　総則", "第一条　目的を定める。"
    )
    assert of(document, BlockKind.HEADING) == ["第一章　総則"]
    assert "第二章　雑則（第三条）" in document.text


def test_numbered_circular() -> None:
    document = lined(
        "見本の取扱いについて",
        "第１　趣旨",
        "この通達は、取扱いを定める。",
        "第２　手続",
        "１　申請",
        "申請は、書面で行う。",
        "(1) 窓口に出すこと。",
        "(2) 郵送すること。",
        "２　決定",
        "決定は、通知する。",
    )
    assert at(document, "第１ 趣旨") == ["第１　趣旨", "この通達は、取扱いを定める。"]
    assert at(document, "第２ 手続", "１ 申請") == ["１　申請", "申請は、書面で行う。"]
    assert at(document, "第２ 手続", "１ 申請", "(2)") == ["郵送すること。"]
    assert at(
        document,
        "第２ 手続",
        "２ 決定",
    ) == ["２　決定", "決定は、通知する。"]


def test_questions_and_answers() -> None:
    document = lined(
        "旅費Ｑ＆Ａ",
        "問７　自分の車を使えますか。",
        "答　使えません。ただし、承認を得たときは、使えます。",
        "Q8. May I fly?",
        "A. Yes.",
        "A ticket is bought by the office.",
    )
    assert at(document, "問7") == ["問７　自分の車を使えますか。", "使えません。ただし、承認を得たときは、使えます。"]
    assert at(document, "Q8") == ["Q8. May I fly?", "Yes.", "A ticket is bought by the office."]


def test_numbered_headings_in_english() -> None:
    document = lined(
        "Travel guide",
        "1 Before you go",
        "Ask first.",
        "3 Booking",
        "Book early.",
        "3.1 Air",
        "Fly economy.",
        "3.2 Rail",
        "Take the train.",
        "4 Claims",
        "1. a form",
        "2. the receipts",
    )
    assert find(document, "Take the train.").path == ("3 Booking", "3.2 Rail")
    assert find(document, "the receipts").path == ("4 Claims", "2.")


def test_articles_in_english() -> None:
    document = lined(
        "Sample Act",
        "Chapter I General Provisions",
        "(Purpose)",
        "Article 1 This Act sets standards.",
        "(Fees)",
        "Article 12 (1) A fee is paid for:",
        "(i) a permit;",
        "(ii) a copy.",
        "(2) Article 1 applies.",
        "Article 3 of another Act is not meant here.",
    )
    chapter = "Chapter I General Provisions"
    assert at(document, chapter, "Article 1") == ["(Purpose)", "Article 1"]
    assert at(document, chapter, "Article 12", "paragraph (1)", "item (ii)") == ["a copy."]
    assert at(document, chapter, "Article 12", "paragraph (2)") == ["Article 1 applies.", "Article 3 of another Act is not meant here."]


def test_headings_of_the_format() -> None:
    document = lined(
        Line(text="Guide", heading=1),
        Line(text="3 Booking", heading=2),
        Line(text="3.2 Rail", heading=3),
        "Take the train.",
        Line(text="Annex A", heading=2),
        "Forms.",
    )
    assert of(document, BlockKind.TITLE) == ["Guide"]
    assert find(document, "Take the train.").path == ("3 Booking", "3.2 Rail")
    assert find(document, "Forms.").path == ("Annex A",)


def test_pages_reach_the_blocks() -> None:
    document = lined(Line(text="第一条　目的を定める。", page=3), Line(text="２　続く。", page=4))
    assert [block.page for block in document.blocks] == [3, 3, 4]


def test_markers_that_could_be_two_things() -> None:
    assert [(m.style, m.value) for m in markers("イ　赤")] == [("kana", (2,)), ("iroha", (1,))]
    assert [(m.style, m.value) for m in markers("(i) red")] == [("(roman)", (1,)), ("(alpha)", (9,))]
    assert markers("2026 年の予定") == [] and markers("一般の職員") == [] and markers("(the) word") == []
    letters = lined("x y z", "Article 1 Colours:", *[f"({letter}) colour {letter}" for letter in "abcdefghij"])
    assert find(letters, "colour i").path[-1] == "item (i)" and find(letters, "colour j").path[-1] == "item (j)"


PIECES = st.sampled_from(
    "第一条　目的 第２条 （目的） 第一章　総則 附　則 別表第一 １　い ２ 一　い 二　ろ イ　い (1)い （２）ろ ① 問１　か 答　い Q1. A. 3.2 3 Booking".split(
        " "
    )
    + [
        "Article 1 x",
        "第1",
        "目次",
        "・点",
        "- x",
        "【注】",
        "第三条から第五条まで　削除",
        "削除",
        "Annex A",
        "--",
        "様式第一号",
        "第一章……3",
        "\u3000",
        "\x1f1",
    ]
)
LINES = st.lists(
    st.tuples(
        st.one_of(PIECES, st.text(max_size=30), st.tuples(PIECES, st.text(max_size=12)).map("".join)), st.integers(0, 6), st.booleans()
    )
)


@settings(max_examples=400, deadline=None)
@given(LINES)
def test_whatever_the_lines_nothing_is_lost(lines: list[tuple[str, int, bool]]) -> None:
    document = lined(
        *(Line(text=text, heading=heading if heading < 4 else 0, table=table and heading > 4) for text, heading, table in lines)
    )
    assert "".join(document.text.split()) == "".join("".join(text.split()) for text, _, _ in lines)
