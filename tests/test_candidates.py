"""What may be quoted: a sentence with its list, an item with its announcement, a row with its columns."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import pytest

from rag import terms
from rag.answer import candidates, quote
from rag.answer.asks import for_all
from rag.answer.relevance import Question
from rag.chunk import chunk
from rag.records import BlockKind, Document, Hit, Kind, Path

from .quoted import ARTICLE, PAPERS, RULES, Row, at, build, choose, hits_of, quotes

# ---------------------------------------------------------------- what is quoted


def test_a_sentence_that_announces_a_list_is_quoted_with_it() -> None:
    assert quotes("前払の請求に添える書類は何ですか", PAPERS) == ["前払の請求には次に掲げる書類を添える。\n旅行命令書\n航空券の領収書"]


def test_an_item_brings_the_words_that_announce_it() -> None:
    asked = Question(weights=dict.fromkeys(terms.content_words("航空券の領収書"), 1.0) | {"請求": 0.1})
    # The list as a whole has the same words and stands first; without the list only the item has them.
    alone = build([row for row in rows_of(PAPERS) if row[2] != "旅行命令書"])
    for document in (PAPERS, alone):
        hits, load = hits_of(document)
        (evidence,) = choose(asked, hits, load)
        said = "\n".join(span.cut(document.text) for span in evidence.spans)
        assert "前払の請求には次に掲げる書類を添える。" in said
        assert "航空券の領収書" in said


def rows_of(document: Document) -> list[Row]:
    return [(block.kind, block.path, block.span.cut(document.text)) for block in document.blocks]


def test_an_item_too_far_down_the_list_to_be_quoted_with_it_still_brings_the_announcement() -> None:
    rows: list[Row] = [(BlockKind.PARAGRAPH, ("第一条", "第一項"), "請求には次に掲げる書類を添える。")]
    rows += [
        (BlockKind.ITEM, ("第一条", "第一項", f"第{number}号"), f"{'甲乙丙丁' * 5}{number}") for number in range(candidates.LONGEST_LIST)
    ]
    rows.append((BlockKind.ITEM, ("第一条", "第一項", "末号"), "航空券の領収書"))
    assert quotes("航空券の領収書", build(rows)) == ["請求には次に掲げる書類を添える。\n航空券の領収書"]


def waived(*more: Row, items: Sequence[str] = ("災害にあった者", "生活に困窮している者", "これに準ずる者")) -> Document:
    path: Path = ("第一条", "第一項")
    rows: list[Row] = [(BlockKind.PARAGRAPH, path, "次の各号のいずれかに該当するときは、手数料を免除する。")]
    rows += [(BlockKind.ITEM, (*path, f"第{number}号"), item) for number, item in enumerate(items, start=1)]
    return build([*rows, *more])


def item(document: Document, words: str) -> candidates.Candidate:
    (hit, *_), _ = hits_of(document)
    (spans,) = candidates.quotable(document, at(document, words))
    return candidates.Candidate(document=document, hit=hit, spans=spans, words=frozenset())


@pytest.mark.parametrize("words", ["災害にあった者", "生活に困窮している者", "これに準ずる者"])
def test_the_list_of_an_item_is_quoted_whole_each_item_with_its_own_citation(words: str) -> None:
    document = waived((BlockKind.PARAGRAPH, ("第一条", "第二項"), "前項の申出は書面でする。"))
    assert [span.cut(document.text) for span in candidates.whole_list(item(document, words))] == [
        "次の各号のいずれかに該当するときは、手数料を免除する。",
        "災害にあった者",
        "生活に困窮している者",
        "これに準ずる者",
    ]


@pytest.mark.parametrize(
    "document",
    [
        waived(items=["生活に困窮している者", *(f"者の{number}" for number in range(candidates.SHORT_LIST))]),
        waived(items=["生活に困窮している者", "長い" * candidates.SHORT_LIST_CHARACTERS]),
        waived((BlockKind.ITEM, ("第一条", "第一項", "第三号", "イ"), "親族"), items=["生活に困窮している者", "学生", "次に掲げる者"]),
    ],
    ids=["many items", "long items", "items within items"],
)
def test_a_list_that_is_long_or_deep_is_not_quoted_for_one_item(document: Document) -> None:
    one = item(document, "生活に困窮している者")
    assert candidates.whole_list(one) == one.spans


@pytest.mark.parametrize(
    ("question", "all_"),
    [
        ("手数料の免除を受けられるのは誰ですか", True),
        ("どんな場合に免除されますか", True),
        ("Which visitors are exempt?", True),
        ("生活に困窮している者は免除されますか", False),
        ("手数料はいくらですか", False),
        ("申出はいつまでですか", False),
        ("なぜ免除されるのですか", False),
    ],
)
def test_all_items_answer_who_and_which_and_one_answers_whether(question: str, all_: bool) -> None:
    assert for_all(question) is all_
    said = "\n".join(quotes(f"生活に困窮している。{question}", waived()))
    if all_:
        assert "これに準ずる者" in said


def test_a_part_of_an_item_brings_the_item_and_the_announcement_from_the_passage_before() -> None:
    path: Path = ("第一条", "第一項")
    rows: list[Row] = [
        (BlockKind.PARAGRAPH, path, "請求には次に掲げる書類を添える。"),
        (BlockKind.ITEM, (*path, "第一号"), "旅行命令書"),
        (BlockKind.ITEM, (*path, "第二号"), "次に掲げる領収書"),
        (BlockKind.ITEM, (*path, "第二号", "イ"), "宿泊の領収書"),
        (BlockKind.ITEM, (*path, "第二号", "ロ"), "航空券の領収書"),
    ]
    document = build(rows)
    last = document.blocks[-1].span
    assert [[span.cut(document.text) for span in spans] for spans in candidates.quotable(document, last)] == [
        ["請求には次に掲げる書類を添える。", "次に掲げる領収書", "航空券の領収書"]
    ]


def test_the_paragraph_behind_a_list_ends_it() -> None:
    assert quotes("精算は帰着から一月以内か", PAPERS) == ["精算は帰着の日から一月以内に行う。"]


@pytest.mark.parametrize("between", [BlockKind.CAPTION, BlockKind.TITLE, BlockKind.HEADING])
def test_a_list_is_not_quoted_over_a_heading(between: BlockKind) -> None:
    rows: list[Row] = [
        (BlockKind.ARTICLE, ARTICLE, "第一条"),
        (BlockKind.PARAGRAPH, (*ARTICLE, "第一項"), "請求には次に掲げる書類を添える。"),
        (between, ARTICLE, "様式第一号"),
        (BlockKind.ITEM, (*ARTICLE, "第一項", "第一号"), "旅行命令書"),
    ]
    assert not any("様式第一号" in quoted for quoted in quotes("請求に添える書類", build(rows)))


def test_an_english_list_too() -> None:
    rows: list[Row] = [
        (BlockKind.TEXT, (), "A claim needs the following:"),
        (BlockKind.ITEM, (), "the travel order"),
        (BlockKind.ITEM, (), "the receipts"),
    ]
    assert quotes("What does a claim need?", build(rows)) == ["A claim needs the following:\nthe travel order\nthe receipts"]


def test_a_row_of_a_table_is_quoted_whole() -> None:
    assert quotes("東京の宿泊料", RULES) == ["東京 一万円"]


def test_a_row_brings_the_row_that_names_the_columns() -> None:
    rows: list[Row] = [
        (BlockKind.TABLE_ROW, ("別表",), "用務地 上限額"),
        (BlockKind.TABLE_ROW, ("別表",), "大阪 九千円"),
        (BlockKind.TABLE_ROW, ("別表",), "東京 一万円"),
    ]
    assert quotes("東京はいくらか", build(rows)) == ["用務地 上限額\n東京 一万円"]


def test_a_row_of_a_long_table_brings_the_names_of_the_columns_from_the_passage_before() -> None:
    rows: list[Row] = [(BlockKind.TABLE_ROW, (), "用務地 上限額"), *((BlockKind.TABLE_ROW, (), f"市{n} {'説明' * 60}") for n in range(30))]
    document = build([*rows, (BlockKind.TABLE_ROW, (), "東京 一万円")])
    _, *later = chunk(document)
    hit = Hit(chunk=replace(later[-1], id=1), score=1.0, rank=1, found_by={})
    chosen = choose(Question(weights=dict.fromkeys(terms.content_words("東京 一万円"), 1.0)), [hit], lambda _: document)
    assert [statement.text for statement in quote.statements(chosen)] == ["用務地 上限額\n東京 一万円"]


# ---------------------------------------------------------------- answers of a Q&A


def asked_and_answered(answer: str, kind: Kind = Kind.QA) -> Document:
    path: Path = ("問30",)
    return build([(BlockKind.HEADING, path, "問30　電車が遅れました。休暇を使いますか。"), (BlockKind.TEXT, path, answer)], kind=kind)


LATE = "使いません。遅延証明書を添付すれば、特別休暇として扱います。証明書がないときは、遅刻の届出を三日以内に出します。"


def test_a_short_answer_of_a_question_is_quoted_whole_and_what_decides_is_marked_where_it_stands() -> None:
    document = asked_and_answered(LATE)
    hits, load = hits_of(document)
    asked = Question(weights=dict.fromkeys(terms.content_words("遅刻の届出は何日以内"), 1.0), text="遅刻の届出は何日以内ですか")
    (statement,) = quote.statements(choose(asked, hits, load))
    assert statement.text == LATE
    assert statement.decides is not None and statement.decides.cut(statement.text) == "三日以内"


def test_a_long_answer_and_a_paragraph_of_a_rule_are_quoted_by_sentence() -> None:
    long = LATE + "遅延証明書は、鉄道会社のものに限ります。" * 20
    assert LATE not in "".join(quotes("遅刻の届出", asked_and_answered(long)))
    assert quotes("遅刻の届出", asked_and_answered(LATE, Kind.DIRECTIVE)) == ["証明書がないときは、遅刻の届出を三日以内に出します。"]


def test_a_short_paragraph_of_a_guide_is_quoted_whole() -> None:
    guide = build([(BlockKind.TEXT, ("8.1",), "Send the form within 14 days. For journeys in March, claim by 7 April.")], kind=Kind.MANUAL)
    assert quotes("claim journeys in March", guide) == ["Send the form within 14 days. For journeys in March, claim by 7 April."]


# ---------------------------------------------------------------- what is excepted, and any one of several


def test_what_is_excepted_in_brackets_is_not_spoken_of() -> None:
    document = build(
        [(BlockKind.TEXT, (), "公共交通機関（タクシーを除く。）の車賃は、実費とする。"), (BlockKind.TEXT, (), "タクシーの利用を認める。")]
    )
    hits, load = hits_of(document)
    excepted, spoken = ("タクシー" in found.words for found in candidates.candidates(hits, load))
    assert (excepted, spoken) == (False, True)


def test_an_item_of_which_any_one_is_enough_comes_with_the_others() -> None:
    announced = "次の各号に掲げる者の手数料を免除する。"
    any_one, each = waived(), build([row if row[0] is BlockKind.ITEM else (*row[:2], announced) for row in rows_of(waived())])
    for document, whole in ((any_one, True), (each, False)):
        asked = Question(weights={"困窮": 1.0}, text="困窮していれば免除されますか")
        hits, load = hits_of(document)
        weighed = [one for one in quote.weigh(asked, hits, load) if len(one.candidate.spans) == 2]
        assert ("災害にあった者" in quote.choose(asked, weighed)[0].text) is whole


ALL_OF: list[Row] = [
    (BlockKind.PARAGRAPH, ("第一条", "第一項"), "自動車は使えない。ただし、次の各号のいずれにも該当するときは、この限りでない。"),
    (BlockKind.ITEM, ("第一条", "第一項", "第一号"), "次のいずれかに該当すること。"),
    (BlockKind.ITEM, ("第一条", "第一項", "第一号", "イ"), "荷物が重いこと。"),
    (BlockKind.ITEM, ("第一条", "第一項", "第一号", "ロ"), "鉄道が止まっていること。"),
    (BlockKind.ITEM, ("第一条", "第一項", "第二号"), "任意保険の契約があること。"),
]


@pytest.mark.parametrize("question", ["自動車は使えますか", "荷物が重いときに自動車は使えますか", "自動車の任意保険"])
def test_items_that_must_all_be_met_are_quoted_together(question: str) -> None:
    first, *_ = quotes(question, build(ALL_OF))
    assert first == "\n".join(text for _, _, text in ALL_OF)


def test_a_list_of_conditions_that_is_too_long_is_quoted_by_its_item() -> None:
    long = [*ALL_OF, (BlockKind.ITEM, ("第一条", "第一項", "第三号"), "長い" * candidates.LONGEST_QUOTE)]
    document = build(long)
    spans = candidates.whole_list(item(document, ALL_OF[-1][2]), candidates.LONGEST_QUOTE, flat=False)
    assert [span.cut(document.text) for span in spans] == [ALL_OF[0][2], ALL_OF[-1][2]]


GUIDE: list[Row] = [
    (BlockKind.ITEM, ("第3", "1"), "在宅で働ける職員は、次の全てに該当する者とする。"),
    (BlockKind.ITEM, ("第3", "1", "(1)"), "研修を終えていること。"),
    (BlockKind.ITEM, ("第3", "1", "(2)"), "端末が貸与されていること。"),
    (BlockKind.ITEM, ("第3", "2"), "非常勤職員も、対象とする。"),
]


def test_an_item_that_announces_items_comes_with_them_and_not_with_the_next() -> None:
    document = build(GUIDE)
    assert candidates.complete(document, at(document, GUIDE[0][2])).cut(document.text) == "\n".join(text for _, _, text in GUIDE[:3])


def test_of_a_table_that_the_question_says_nothing_of_all_rows_are_quoted() -> None:
    rows = ["事業｜補助率", "移動窓口｜三分の二", "研修｜二分の一"]
    table = build([(BlockKind.TABLE_ROW, ("別表",), row) for row in rows])
    assert quotes("補助率はいくらですか", table) == ["\n".join(rows)]
    assert quotes("研修の補助率はいくらですか", table)[0] == f"{rows[0]}\n{rows[2]}"


def test_a_long_table_is_quoted_by_its_row() -> None:
    rows = ["事業｜補助率", *(f"事業{n}｜{n}分の一" for n in range(2, 3 + candidates.SHORT_LIST))]
    first, *_ = quotes("補助率はいくらですか", build([(BlockKind.TABLE_ROW, ("別表",), row) for row in rows]))
    assert first == f"{rows[0]}\n{rows[1]}"


def test_names_of_columns_in_two_rows_come_both_with_a_row() -> None:
    rows = ["区分｜日当｜上限額", "区分｜日当｜甲｜乙", "課長｜2,600｜17,000｜14,500", "係長｜2,400｜15,000｜13,000"]
    table = build([(BlockKind.TABLE_ROW, ("別表",), row) for row in rows])
    assert quotes("課長の上限額", table)[0] == "\n".join(rows[:3])
