"""Citations are the document's own characters; an answer quotes what answers, in order of authority, or nothing."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rag import terms
from rag.answer import quote, relevance
from rag.answer.asks import Asks, asks, decides, deciding
from rag.answer.definitions import definitions
from rag.answer.quote import Evidence
from rag.answer.relevance import Question
from rag.answer.verify import block_at, cite, verify
from rag.errors import CitationError
from rag.records import QUOTABLE, BlockKind, Kind, Role, Span

from .quoted import ARTICLE, PAPERS, RULES, Row, at, build, choose, hits_of, prose, quotes, roles

# ---------------------------------------------------------------- cite and verify


def test_a_citation_is_the_characters_with_their_place() -> None:
    span = at(RULES, "端数は切り捨てる。")
    citation = cite(RULES, span, 3)
    assert (citation.quote, citation.span, citation.number) == ("端数は切り捨てる。", span, 3)
    assert (citation.document_id, citation.revision) == ("d", "r-d")
    assert (citation.path, citation.page) == (("第一条", "第一項"), 4)
    assert (citation.title, citation.uri) == ("旅費規程", "d.txt")


def test_a_document_without_a_title_is_named_by_its_file() -> None:
    document = prose("旅費は実費とする。")
    assert cite(document, at(document, "旅費"), 1).title == "d.txt"


@pytest.mark.parametrize("words", ["旅費規程", "第一章 総則", "第一条", "別表（宿泊料）"])
def test_headings_numbers_and_captions_are_never_cited(words: str) -> None:
    with pytest.raises(CitationError, match="heading or a number"):
        cite(RULES, at(RULES, words), 1)


@pytest.mark.parametrize("start_end", [(0, 0), (4, 5), (10_000, 10_001), (len(RULES.text) - 4, len(RULES.text) + 1)])
def test_no_citation_without_words_or_beyond_the_text(start_end: tuple[int, int]) -> None:
    with pytest.raises(CitationError, match="hold no words"):
        cite(RULES, Span(start=start_end[0], end=start_end[1]), 1)


def test_a_good_citation_is_verified() -> None:
    verify(cite(RULES, at(RULES, "旅費は実費とする。"), 1), RULES)


@pytest.mark.parametrize(
    "forged",
    [
        {"quote": "旅費は支給しない。"},
        {"quote": "旅費は実費とする"},
        {"quote": ""},
        {"span": Span(start=0, end=9)},
        {"span": Span(start=10_000, end=10_009)},
    ],
)
def test_another_quote_or_place_is_refused(forged: dict[str, object]) -> None:
    citation = cite(RULES, at(RULES, "旅費は実費とする。"), 7)
    with pytest.raises(CitationError, match="Citation 7 is not what d says"):
        verify(replace(citation, **forged), RULES)  # type: ignore[arg-type]


def test_another_revision_is_refused_even_where_it_says_the_same() -> None:
    citation = cite(RULES, at(RULES, "旅費は実費とする。"), 7)
    for other in (replace(RULES, revision="r-later"), replace(RULES, id="e")):
        with pytest.raises(CitationError, match="Citation 7 is of d, revision r-d, which this is not"):
            verify(citation, other)


@given(st.integers(0, len(RULES.text)), st.integers(0, len(RULES.text)))
def test_the_block_of_a_span_is_the_first_quotable_one_that_it_touches(one: int, other: int) -> None:
    span = Span(start=min(one, other), end=max(one, other) + 1)
    touched = [b for b in RULES.blocks if b.kind in QUOTABLE and b.span.start < span.end and span.start < b.span.end]
    assert block_at(RULES, span) == (touched[0] if touched else None)


# ---------------------------------------------------------------- what is quoted


def test_of_a_paragraph_only_the_sentence_that_answers_is_quoted() -> None:
    document = prose("旅費は実費とする。端数は切り捨てる。宿泊料は別表による。")
    assert quotes("端数は切り捨てるか", document) == ["端数は切り捨てる。"]


@pytest.mark.parametrize(
    "paragraph",
    [
        "端数は切り捨てる。ただし、一円未満に限る。",
        "A fraction is dropped. However, a half yen is kept.",
        "端数は切り捨てる。この限りでない。",
    ],
)
def test_a_proviso_stays_with_the_sentence_that_it_limits(paragraph: str) -> None:
    assert quotes("端数は切り捨てるか fraction dropped", prose(paragraph)) == [paragraph]


def test_of_two_sentences_alike_the_earlier_is_quoted() -> None:
    assert quotes("端数", prose("端数は切り捨てる。端数は記録する。")) == ["端数は切り捨てる。"]


def test_repetitions_are_dropped() -> None:
    same = "旅費は翌月の末日までに請求するものとする。"
    other = "旅費は職員の口座に振り込む。"
    documents = [prose(same, id="a"), prose(same, id="b"), prose(other, id="c")]
    assert quotes("旅費の請求", *documents) == [same, other]


def test_the_higher_authority_stands_first_among_those_that_answer() -> None:
    manual = prose("旅費は翌月までに請求できます。", id="m", kind=Kind.MANUAL)
    act = prose("旅費の請求は法律の定めによる。", id="l", kind=Kind.ACT)
    assert quotes("旅費の請求", manual, act) == ["旅費の請求は法律の定めによる。", "旅費は翌月までに請求できます。"]


def test_authority_does_not_lift_what_hardly_answers() -> None:
    # One word of four: below DIRECT of what the best has.
    manual = prose("宿泊料の前払の請求の期限は十日とします。", id="m", kind=Kind.MANUAL)
    act = prose("請求は書面による。", id="l", kind=Kind.ACT)
    assert quotes("宿泊料の前払の請求の期限", manual, act)[0].startswith("宿泊料の前払")


def test_of_one_authority_the_better_hit_stands_first() -> None:
    first, second = prose("旅費の請求は書面による。", id="a"), prose("旅費の請求には領収書が要る。", id="b")
    assert quotes("旅費の請求", first, second) == ["旅費の請求は書面による。", "旅費の請求には領収書が要る。"]
    assert quotes("旅費の請求", second, first) == ["旅費の請求には領収書が要る。", "旅費の請求は書面による。"]


def test_an_answer_has_no_more_than_so_many_statements() -> None:
    words = ["甲", "乙", "丙", "丁", "戊", "己", "庚", "辛", "壬", "癸", "子", "丑", "寅", "卯"]
    documents = [prose(f"旅費の{word}種の額と{word}種の日当を{word}表に示す。", id=word) for word in words]
    assert len(quotes("旅費の額", *documents)) == quote.MOST


def test_a_paragraph_that_limits_the_one_before_is_a_condition_of_it() -> None:
    document = build(
        [
            (BlockKind.PARAGRAPH, (*ARTICLE, "第一項"), "宿泊料の額は一夜につき一万円とする。"),
            (BlockKind.PARAGRAPH, (*ARTICLE, "第二項"), "前項の規定は、親族の家に泊まる者には適用しない。"),
        ]
    )
    assert roles("宿泊料の額はいくらですか", document) == [
        ("宿泊料の額は一夜につき一万円とする。", Role.ANSWER, False),
        ("前項の規定は、親族の家に泊まる者には適用しない。", Role.CONDITION, False),
    ]


def test_what_a_sentence_takes_up_leads_it() -> None:
    rules = build(
        [
            (BlockKind.PARAGRAPH, (*ARTICLE, "第一項"), "旅行者は、旅行を終えた日から二週間以内に書類を提出する。"),
            (BlockKind.PARAGRAPH, (*ARTICLE, "第二項"), "三月の分は、四月十日までに提出する。"),
            (BlockKind.PARAGRAPH, (*ARTICLE, "第三項"), "前二項の期間内に旅費の請求をしないときは、課長が旅費の請求を促す。"),
        ]
    )
    assert roles("旅費の請求はいつまでですか", rules)[:3] == [
        ("旅行者は、旅行を終えた日から二週間以内に書類を提出する。", Role.ANSWER, False),
        ("三月の分は、四月十日までに提出する。", Role.ANSWER, False),
        ("前二項の期間内に旅費の請求をしないときは、課長が旅費の請求を促す。", Role.CONDITION, False),
    ]


def test_a_term_that_the_document_defines_is_explained() -> None:
    document = build(
        [
            (BlockKind.PARAGRAPH, ("第二条", "第一項"), "この訓令において「旅行命令権者」とは、課長をいう。"),
            (BlockKind.PARAGRAPH, ("第九条", "第一項"), "前払の請求は旅行命令権者が認める。"),
        ],
        id="with-definitions",
    )
    found = roles("前払の請求を認めるのは誰ですか", document)
    assert found[0] == ("前払の請求は旅行命令権者が認める。", Role.ANSWER, False)
    assert ("この訓令において「旅行命令権者」とは、課長をいう。", Role.CONDITION, False) in found


def test_a_term_that_a_list_explains_comes_with_the_list() -> None:
    rules = build(
        [
            (BlockKind.PARAGRAPH, ("第一条", "第一項"), "「提供機関」とは、次に掲げるものをいう。"),
            (BlockKind.ITEM, ("第一条", "第一項", "第一号"), "省の部局"),
            (BlockKind.ITEM, ("第一条", "第一項", "第二号"), "独立行政法人"),
            (BlockKind.PARAGRAPH, ("第二条", "第一項"), "手数料は、提供機関が免除する。"),
        ],
        id="terms",
    )
    answer, meaning = roles("手数料は免除されますか", rules)
    assert answer[:2] == ("手数料は、提供機関が免除する。", Role.ANSWER)
    assert meaning[:2] == ("「提供機関」とは、次に掲げるものをいう。\n省の部局\n独立行政法人", Role.CONDITION)


def test_what_fills_more_than_a_screen_is_folded_and_stands_last() -> None:
    others = ("海山川谷", "東西南北", "春夏秋冬", "赤青黄白")
    documents = [prose(f"旅費の請求の期限は{'又は'.join(word * 40)}とする。", id=word) for word in others]
    found = roles("旅費の請求の期限", *documents)
    assert [folded for _, _, folded in found] == [False, False, True, True]
    assert sum(len(text) for text, _, folded in found if not folded) <= quote.SCREEN


def test_no_more_than_a_few_statements_are_shown_at_once() -> None:
    words = ["甲", "乙", "丙", "丁", "戊", "己", "庚", "辛"]
    found = roles("旅費の額", *(prose(f"旅費の{word}種の額と{word}種の日当を{word}表に示す。", id=word) for word in words))
    assert [folded for _, _, folded in found] == [False] * quote.FIRST + [True] * (len(words) - quote.FIRST)
    assert [role for _, role, _ in found[: quote.ANSWERS]] == [Role.ANSWER] * quote.ANSWERS
    assert found[quote.ANSWERS][1] is Role.RELATED


def test_what_hardly_answers_stands_behind_more_but_for_the_first_few() -> None:
    texts = ["旅費の請求の期限は二週間とする。", "旅費の請求の様式を定める。", "宿泊の予約は端末で行う。", "航空機の予約は端末で行う。"]
    hits, load = hits_of(*(prose(text, id=str(n)) for n, text in enumerate(texts)))
    evidence = [
        quote.Evidence(document=load(hit), spans=(hit.chunk.span,), relevance=relevance, role=role)
        for hit, relevance, role in zip(hits, (1.0, 0.75, 0.65, 0.65), (Role.ANSWER, *[Role.RELATED] * 3), strict=True)
    ]
    assert quote.LEAST == 3
    assert [(made.text, made.folded) for made in quote.statements(evidence)] == list(zip(texts, [False] * 3 + [True], strict=True))


def test_what_lays_down_a_figure_leads_what_only_mentions_one() -> None:
    mentions = "休暇の日数が十日以上のときは、記録する。"
    lays_down = "休暇の日数は、一の年（一月一日からの期間をいう。）につき二十日とする。"
    found = quotes("休暇の日数は何日ですか", prose(mentions, id="a"), prose(lays_down, id="b"))
    assert found == [lays_down, mentions]
    decisive = deciding((Asks.LENGTH,), lays_down, ("休暇", "日数"))
    assert decisive is not None and decisive.cut(lays_down) == "二十日"


def test_a_definition_answers_who_asks_what_a_term_means_and_explains_to_others() -> None:
    defines = (BlockKind.ITEM, (*ARTICLE, "第一項", "第一号"), "外部媒体　ＵＳＢメモリその他情報を記録する媒体をいう。")
    rule = (BlockKind.PARAGRAPH, ("第三条", "第一項"), "外部媒体は、課が貸与するものを使うものとする。")
    document = build([(BlockKind.PARAGRAPH, (*ARTICLE, "第一項"), "用語の意義は、次の各号に定めるところによる。"), defines, rule])
    (text, role, _), *_ = roles("ＵＳＢメモリの外部媒体を使ってもいいですか", document)
    assert (text, role) == (rule[2], Role.ANSWER)
    (text, role, _), *_ = roles("外部媒体とは何ですか", document)
    assert text.endswith(defines[2]) and role is Role.ANSWER


def test_of_a_table_the_row_is_quoted_that_has_the_word_however_it_is_cut() -> None:
    head, *rows = "職務の区分｜額", "二号　課長又は室長の職にある者｜17,000", "三号　課長補佐又は係長の職にある者｜15,000"
    table = build([(BlockKind.TABLE_ROW, ("別表",), row) for row in (head, *rows)])
    weights = {"係長": 5.0, "宿泊": 1.0}
    asked = Question(weights=weights, text="係長の宿泊料はいくらですか", surfaces=tuple(weights))
    assert "係長" not in terms.words(rows[1]), "Sudachi cuts it in two here"
    first, *_ = choose(asked, *hits_of(table))
    assert first.text == f"{head}\n{rows[1]}"


def test_words_of_a_sentence_that_says_nothing_of_the_question_are_not_marked() -> None:
    text = "副業の許可を受けようとする職員は、申請する。領収書には年月日が必要です。"
    marked = [deciding((Asks.WHETHER,), text)]
    assert marked[0] is not None and marked[0].cut(text).endswith("必要です")
    asked = Question(weights={"副業": 4.0, "許可": 4.0}, text="副業に許可は必要ですか", surfaces=("副業", "許可"))
    guide = build([(BlockKind.TEXT, ("副業",), text)], kind=Kind.MANUAL)
    assert all(evidence.decides is None for evidence in choose(asked, *hits_of(guide)))


def test_a_full_stop_within_brackets_does_not_part_what_decides_from_its_sentence() -> None:
    text = "年次休暇の日数は、一の年（一月一日からの期間をいう。以下同じ。）につき二十日とする。"
    asked = Question(weights={"年次": 4.0, "休暇": 4.0}, text="年次休暇は何日ですか", surfaces=("年次", "休暇"))
    (evidence, *_) = choose(asked, *hits_of(prose(text)))
    assert evidence.decides is not None and evidence.decides.cut(evidence.text) == "二十日"


def test_the_share_is_marked_whole() -> None:
    text = "補助率は、十分の十とする。"
    decisive = deciding((Asks.MONEY,), text)
    assert decisive is not None and decisive.cut(text) == "十分の十"


def test_a_caption_that_the_question_speaks_of_counts() -> None:
    asked = Question(weights={"許可": 2.0, "期間": 2.0}, text="許可の期間", surfaces=("許可", "期間"))
    assert [asked.speaks_of(words) for words in ({"許可", "期間"}, {"更新"}, set())] == [1.0, 0.0, 0.0]
    assert Question(weights={"副業": 1.0}, meant={"副業": (frozenset({"兼業"}),)}).speaks_of({"兼業", "許可"}) == 0.4
    hits, load = hits_of(prose("期間は、二年とする。"))
    weighed = [
        quote.weigh(asked, [replace(hits[0], chunk=replace(hits[0].chunk, context=f"兼業\n{caption}"))], load)[0]
        for caption in ("許可の期間", "期間の満了")
    ]
    gained = weighed[0].relevance - weighed[1].relevance - quote.KIN * (weighed[0].kinship - weighed[1].kinship)
    assert gained == pytest.approx(quote.CAPTION * (1.0 - 0.5))


@pytest.mark.parametrize(("rule", "explained"), [("外部媒体は、課が貸与する。", True), ("外部媒体管理簿は、課が備える。", False)])
def test_a_term_is_defined_for_itself_and_not_for_a_longer_word(rule: str, explained: bool) -> None:
    defines = (BlockKind.ITEM, (*ARTICLE, "第一項", "第一号"), "外部媒体　ＵＳＢメモリその他情報を記録する媒体をいう。")
    about = (BlockKind.PARAGRAPH, (*ARTICLE, "第一項"), "用語の意義は、次の各号に定めるところによる。")
    document = build([about, defines, (BlockKind.PARAGRAPH, ("第三条", "第一項"), rule)], id=f"media-{explained}")
    found = [text for text, role, _ in roles("課が貸与し、備える", document) if role is Role.CONDITION]
    assert found == ([defines[2]] if explained else [])


def test_the_words_that_decide_are_marked() -> None:
    hits, load = hits_of(prose("宿泊料は、一夜につき一万二千円を上限とする。"))
    asked = Question(weights={"宿泊": 1.0}, text="宿泊料はいくらですか", surfaces=("宿泊",))
    (statement,) = quote.statements(choose(asked, hits, load))
    assert statement.decides is not None
    assert statement.decides.cut(statement.text) == "一万二千円"


@pytest.mark.parametrize(
    ("question", "wanted"),
    [
        ("手数料はいくらですか", (Asks.MONEY,)),
        ("何日以内に返事をしますか", (Asks.LENGTH,)),
        ("いつまでに請求しますか", (Asks.WHEN,)),
        ("誰に届けますか", (Asks.WHO,)),
        ("自分の車を使ってもいいですか", (Asks.WHETHER,)),
        ("Can I use my own car?", (Asks.WHETHER,)),
        ("How much is the fee?", (Asks.MONEY,)),
        ("How many days do I have?", (Asks.LENGTH,)),
        ("旅費の精算について", (Asks.OTHER,)),
    ],
)
def test_what_a_question_asks_for(question: str, wanted: tuple[Asks, ...]) -> None:
    assert asks(question) == wanted


@pytest.mark.parametrize(
    ("question", "text", "words"),
    [
        ("いくらですか", "上限は一万円とする。", "一万円"),
        ("何日以内ですか", "申請は三十日以内に処理する。", "三十日以内"),
        ("使ってもいいですか", "私用の車は使用してはならない。", "使用してはならない"),
        ("いつまでですか", "終えた日の翌日から起算して二週間以内に請求する。", "二週間以内"),
        ("いつまでですか", "三月に終えた分は、四月十日までに請求する。", "四月十日まで"),
        ("いつまでですか", "利用の前日までに届け出る。", "前日まで"),
        ("May I take it home?", "Papers must not leave the office.", "must not"),
        ("いくらですか", "手数料を納める。", None),
    ],
)
def test_what_decides_a_question(question: str, text: str, words: str | None) -> None:
    span = deciding(asks(question), text)
    assert (span.cut(text) if span else None) == words
    assert decides(asks(question), text) is (words is not None)


@pytest.mark.parametrize(
    ("row", "term"),
    [
        ((BlockKind.TEXT, (), "この規程で「旅行者」とは、出張する者をいう。"), "旅行者"),
        ((BlockKind.ITEM, ("第二条",), "旅行者　出張する者をいう。"), "旅行者"),
        ((BlockKind.TEXT, (), 'In these rules "traveller" means a person on duty.'), "traveller"),
    ],
)
def test_definitions_are_found_where_they_stand(row: Row, term: str) -> None:
    document = build([row], id=f"definitions-{term}-{row[0]}")
    assert definitions(document)[term].cut(document.text) == row[2]


def test_without_words_or_hits_nothing_is_quoted() -> None:
    hits, load = hits_of(prose("職員は制服を着用する。"))
    assert choose(Question(weights={}), hits, load) == []
    assert choose(Question(weights={"制服": 1.0}), [], load) == []
    assert choose(Question(weights={"宇宙船": 1.0}), hits, load) == []
    assert choose(Question(weights={"制服": 1.0}), hits, load) != []


def test_only_headings_that_match_are_no_reason_to_quote_them() -> None:
    rows: list[Row] = [(BlockKind.HEADING, ("宿泊料の上限",), "宿泊料の上限"), (BlockKind.TEXT, ("宿泊料の上限",), "別に定める。")]
    assert quotes("宿泊料の上限", build(rows)) == ["別に定める。"]


def test_citations_are_numbered_through_the_answer() -> None:
    hits, load = hits_of(PAPERS, prose("航空券の領収書は原本とする。", id="e"))
    evidence = choose(Question(weights={"航空": 1.0, "領収": 1.0}), hits, load)
    assert evidence
    split = [replace(e, spans=(e.spans[0], e.spans[-1])) for e in evidence]
    statements = quote.statements(split)
    assert [c.number for s in statements for c in s.citations] == list(range(1, 2 * len(evidence) + 1))


def test_evidence_that_is_no_quote_makes_no_statement() -> None:
    with pytest.raises(CitationError):
        quote.statements([Evidence(document=RULES, spans=(at(RULES, "旅費規程"),), relevance=1.0)])


def test_coverage_is_a_share_of_the_weight() -> None:
    asked = Question(weights={"旅費": 3.0, "請求": 1.0})
    assert asked.coverage(["旅費", "旅費", "宿泊"]) == 3 / (3 + 1)
    assert asked.coverage(["旅費", "請求"]) == 1.0
    assert asked.missing(["請求"]) == ("旅費",)
    assert Question(weights={}).coverage(["旅費"]) == 0.0


def test_an_official_term_counts_as_the_word_that_means_it_and_only_as_a_whole() -> None:
    meant = {"有休": (frozenset({"年次", "休暇"}), frozenset({"有給"}))}
    asked = Question(weights={"有休": 3.0, "請求": 1.0}, meant=meant)
    assert relevance.MEANT == 0.8
    assert asked.coverage(["年次", "休暇"]) == pytest.approx(0.8 * 3 / (3 + 1))
    assert asked.coverage(["有給", "請求"]) == pytest.approx((0.8 * 3 + 1) / (3 + 1))
    assert asked.coverage(["有休", "年次", "休暇"]) == 3 / (3 + 1), "the word itself counts whole, and once"
    assert asked.coverage(["休暇"]) == 0.0
    assert asked.missing(["年次", "休暇"]) == ("請求",)
    assert asked.missing(["休暇"]) == ("有休", "請求")


def test_the_nearest_are_what_comes_nearest_in_each_passage() -> None:
    hits, load = hits_of(prose("旅費は実費とする。職員は遅れてはならない。"), prose("職員は届け出る。遅刻は欠勤とする。", id="e"))
    asked = Question(weights={"遅れる": 3.0, "届け出る": 1.0}, text="遅れる")
    nearest = quote.nearest(quote.weigh(asked, hits, load), 3)
    assert [citation.quote for citation in nearest] == ["職員は遅れてはならない。", "職員は届け出る。"]
    assert [citation.number for citation in nearest] == [1, 2]
    assert len(quote.nearest(quote.weigh(asked, hits, load), 1)) == 1


SENTENCES = st.lists(
    st.sampled_from(["旅費は実費とする。", "次に掲げる者に支給する。", "請求は翌月に行う。", "The fee is due. ", "端数"]),
    min_size=1,
    max_size=4,
)
ROWS = st.lists(
    st.tuples(
        st.sampled_from(list(BlockKind)),
        st.sampled_from([(), ("第一条",), ("第一条", "第一項"), ("2",)]),
        SENTENCES.map("".join).map(str.strip),
    ),
    min_size=1,
    max_size=10,
)


@given(st.lists(ROWS, min_size=1, max_size=3), st.sampled_from(["旅費の請求", "次に支給する者", "fee due", "端数"]))
def test_whatever_is_quoted_is_what_the_document_says(documents: list[list[Row]], question: str) -> None:
    built = [build(rows, id=f"d{number}") for number, rows in enumerate(documents)]
    hits, load = hits_of(*built)
    statements = quote.statements(choose(Question(weights=dict.fromkeys(terms.words(question), 1.0)), hits, load))
    by_id = {document.id: document for document in built}
    for citation in (citation for statement in statements for citation in statement.citations):
        document = by_id[citation.document_id]
        assert document.text[citation.span.start : citation.span.end] == citation.quote
        first, last = citation.span.start, citation.span.end - 1
        ends = [
            b for b in document.blocks if b.kind in QUOTABLE and (b.span.start <= first < b.span.end or b.span.start <= last < b.span.end)
        ]
        assert ends, "a quote begins and ends in text that may be quoted"
        touched = [b for b in document.blocks if b.span.start < citation.span.end and citation.span.start < b.span.end]
        assert all(b.kind in QUOTABLE for b in touched), [b.kind for b in touched]
