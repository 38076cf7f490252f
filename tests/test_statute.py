"""Addresses in texts: hand-checked ways to write them, round trips, spans, and texts that try to break the pattern."""

from __future__ import annotations

import time
import tomllib
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from rag.mentioned import asked
from rag.names import Law, Names, derived, plain, read_abbreviations
from rag.records import Block, BlockKind, Document, Kind, Source, Span
from rag.statute import Address, Mention, parse, show
from tests.statute_cases import CASES, Case

CORPUS = Path(__file__).resolve().parents[1] / "corpus"


def sources() -> dict[str, Source]:
    """The documents of the sample library, by id, as corpus/sources.toml lists them; of several revisions the last."""
    listed = tomllib.loads((CORPUS / "sources.toml").read_text(encoding="utf-8"))["document"]
    return {
        entry["id"]: Source(
            uri=entry["file"],
            title=entry["title"],
            number=entry["number"],
            issuer=entry["issuer"],
            kind=Kind(entry["kind"]),
            language=entry["language"],
            replaces=entry.get("replaces", ""),
        )
        for entry in listed
    }


NAMES = Names.of(sources())
NOBODY = Names.of({})


@pytest.mark.parametrize("title", ["支部図書館及びその職員に関する法律", "農業委員会等に関する法律"])
def test_no_short_form_begins_in_the_middle_of_a_phrase(title: str) -> None:
    assert [name for name in derived(title) if name.startswith(("に関する", "等に関する"))] == []


def written(mention: Mention) -> str:
    """A mention in the short form of tests/statute_cases.py."""
    step = mention.step
    out = ""
    if step:
        count = {0: "各", 1: ""}.get(step.count, str(step.count))
        out = {-1: "前", 0: "同", 1: "次"}[step.offset] + count + step.unit
    out += show(mention.address, "ja")
    if mention.until_step:
        out += "〜前条"
    elif mention.until:
        out += "〜" + show(mention.until, "ja")
    return out + (f"各{mention.every}" if mention.every else "")


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.text[:30])
def test_what_is_written_is_what_is_found(case: Case) -> None:
    found = parse(case.text, NAMES)
    assert [(m.span.cut(case.text), m.document or m.name, written(m)) for m in found] == list(case.found), case.why


def test_there_are_enough_tricky_cases() -> None:
    assert len(CASES) >= 60


def test_a_question_means_the_only_document_that_it_names() -> None:
    assert [(m.document, written(m)) for m in asked("旅費規程では、第5条第2項はどう読みますか", NAMES)] == [
        ("travel-directive", ""),
        ("travel-directive", "第五条第二項"),
    ]
    assert [m.document for m in asked("旅費規程と令第三条では、第5条はどちら", NAMES)] == ["travel-directive", "order", None]


# ---------------------------------------------------------------- round trips

_branch = (
    st.tuples(st.integers(1, 999))
    | st.tuples(st.integers(1, 300), st.integers(2, 40))
    | st.tuples(st.integers(1, 300), st.integers(2, 40), st.integers(2, 20))
)
_item = st.none() | st.tuples(st.integers(1, 60)) | st.tuples(st.integers(1, 60), st.integers(2, 9))


@st.composite
def addresses(draw: st.DrawFn) -> Address:
    """Addresses of articles, of 附則, and of what stands in them."""
    article = draw(_branch)
    paragraph = draw(st.none() | st.integers(1, 40))
    item = draw(_item)
    sub = draw(st.sampled_from(["", "イ", "ロ(1)", "ハ(12)"])) if item else ""
    return Address(part=draw(st.sampled_from(["", "附則"])), article=article, paragraph=paragraph, item=item, subitem=sub)


def dash(numbers: tuple[int, ...]) -> str:
    return "".join(f"の{n}" for n in numbers[1:])


def _ascii(address: Address, *, ordinal: bool) -> str:
    first = "第" if ordinal else ""
    out = f"{address.part}{first}{address.article[0]}条{dash(address.article)}"
    # 「27条の21項」 could be branch 21 of 27条: after a branch 第 is always written.
    between = "第" if len(address.article) > 1 else first
    if address.paragraph:
        out += f"{between}{address.paragraph}項"
    if address.item:
        out += f"{'第' if not address.paragraph else first}{address.item[0]}号{dash(address.item)}"
    return out + address.subitem


@given(addresses())
@settings(max_examples=300, deadline=None)
def test_every_notation_comes_back_as_the_same_address(address: Address) -> None:
    wide = str.maketrans("0123456789", "０１２３４５６７８９")
    ways = [
        show(address, "ja"),
        _ascii(address, ordinal=True),
        _ascii(address, ordinal=False),
        _ascii(address, ordinal=True).translate(wide),
    ]
    for way in ways:
        text = f"なお、{way}に規定する"
        assert [m.address for m in parse(text, NOBODY)] == [address], way
        assert parse(text, NOBODY)[0].span.cut(text) == way


@given(addresses())
@settings(max_examples=200, deadline=None)
def test_english_comes_back_as_the_same_address(address: Address) -> None:
    if address.part or address.subitem:
        return
    text = f"as in {show(address, 'en')}."
    assert [m.address for m in parse(text, NOBODY)] == [address], text


@given(st.sampled_from(["問", "節", "別表", "第"]), st.integers(1, 99), st.integers(1, 30))
def test_other_parts_come_back(part: str, first: int, second: int) -> None:
    article = {"問": (first,), "節": (first, second), "別表": (first,), "第": (first,)}[part]
    address = Address(part=part, article=article, paragraph=second if part == "第" else None)
    assert [m.address for m in parse(f"{show(address, 'ja')}を見る", NOBODY)] == [address]


def test_shown_addresses() -> None:
    address = Address(article=(12, 2), paragraph=1, item=(2,))
    assert show(address, "ja") == "第十二条の二第一項第二号"
    assert show(address, "en") == "Article 12-2, paragraph 1, item 2"
    assert show(Address(part="附則（令和六年法律第十号）", article=(2,)), "ja") == "附則（令和六年法律第十号）第二条"
    assert show(Address(part="附則", article=(2,)), "en") == "Supplementary Provisions, Article 2"
    assert show(Address(part="別表", article=(1,)), "en") == "Appended Table 1"
    assert show(Address(), "ja") == show(Address(), "en") == ""


# ---------------------------------------------------------------- spans, hostile texts, speed


@given(st.text(alphabet="第一二十0１条項号のイロ(（「」）)法令同前次各附則別表まで、及び又は から第ArticleQ.-ii", max_size=80))
@settings(max_examples=500, deadline=None)
def test_any_text_can_be_read_and_spans_lie_in_it(text: str) -> None:
    for mention in parse(text, NAMES):
        assert 0 <= mention.span.start < mention.span.end <= len(text)
        show(mention.address, "ja")
        show(mention.address, "en")


@pytest.mark.parametrize(
    "piece",
    "( ) 「 一 9 第 の一 1. 第一条、 第一項及び 第一条（ 同条 法第一条 a(1) 1( Articles_1,_ item_1_of_ の 法律 X_of_the_ 前 別表第".split(),
)
def test_no_repetition_takes_long(piece: str) -> None:
    text = piece.replace("_", " ") * (60_000 // len(piece))
    begin = time.process_time()
    parse(text, NAMES)
    assert time.process_time() - begin < 5.0, piece


def test_plain_keeps_every_offset() -> None:
    text = "第２７条（Ａ）İﾊﾟ㍿　x"
    assert len(plain(text)) == len(text)


def test_a_megabyte_of_law_in_a_few_seconds() -> None:
    text = (CORPUS / "ja" / "records-directive.md").read_text(encoding="utf-8")
    many = text * (1_000_000 // len(text.encode()) + 1)
    begin = time.process_time()
    parse(many, NAMES)
    assert time.process_time() - begin < 5.0  # measured: 0.2 s; the limit only catches what has gone wrong


# ---------------------------------------------------------------- names


def test_names_from_titles_numbers_and_short_forms() -> None:
    def id(name: str) -> str | None:
        law = NAMES.find(name)
        return law.document if law else None

    assert id("公共サービス提供基準法") == "act"
    assert id("令和三年法律第九百一号") == id("令和3年法律第901号") == "act"
    assert id("令和六年六月一四日公共サービス省訓令第二号") == "security-directive"
    assert id("旅費規程") == id("公共サービス省職員旅費取扱規程") == "travel-directive"
    assert id("情報公開Q&A") == "qa-disclosure"
    assert id("PUBLIC SERVICES STANDARDS ACT") == "en-act"
    assert id("手数料の減免の取扱いについて") == "circular-fees-2025", "the newer of two with one title"
    assert id("令和五年通達第四号") == "circular-fees-2023"
    assert id("取扱規程のない名前") is None


def test_a_short_form_that_could_mean_two_means_none() -> None:
    two = {
        "a": Source(uri="a", title="甲省職員旅費取扱規程"),
        "b": Source(uri="b", title="乙省職員旅費取扱規程"),
    }
    assert Names.of(two).find("旅費規程") is None
    assert Names.of(two).find("甲省職員旅費取扱規程") == Law("a", "甲省職員旅費取扱規程")


def test_abbreviations_of_the_knowledge_managers_go_first() -> None:
    text = '# ours\n[names]\n"基準法" = "公共サービス提供基準法"\n"旅費規程" = "leave-directive"\n"ほか法" = "どこにもない法"\n'
    table, problems = read_abbreviations(text)
    assert not problems
    names = Names.of(sources(), table)
    assert [(m.document, m.name) for m in parse("基準法第三条、旅費規程第四条、ほか法第五条", names)] == [
        ("act", "公共サービス提供基準法"),
        ("leave-directive", "職員の勤務時間及び休暇に関する訓令"),
        (None, "どこにもない法"),
    ]


def test_a_wrong_line_is_named_and_the_rest_works() -> None:
    table, problems = read_abbreviations(
        '"前" = "x"\n[names]\nこれは違う\n"良" = "良い法"\n"数" = 3\n"良" = "別の法"\n[other]\n"後" = "y"\n'
    )
    assert table == {"良": "良い法"}
    assert [problem.split(":")[0] for problem in problems] == ["line 1", "line 3", "line 5", "line 6", "line 7", "line 8"]


def document(text: str, title: str = "", id: str = "d", path: tuple[str, ...] = ()) -> Document:
    block = Block(kind=BlockKind.TEXT, span=Span(start=0, end=len(text)), path=path)
    return Document(id=id, revision="", source=Source(uri="x", title=title), text=text, blocks=(block,))


def test_definitions_hold_in_their_document_only() -> None:
    text = "情報公開事務処理要領（以下「要領」といいます。）及び国家公務員法（昭和二十二年法律第百二十号。以下「国公」という。）による。"
    local = NAMES.within(document(text))
    assert [(m.document, m.name) for m in parse("要領第十一条と国公第百条", local)] == [
        ("disclosure-procedure", "情報公開事務処理要領"),
        (None, "国家公務員法"),
    ]
    assert [m.document for m in parse("要領第十一条", NAMES)] == [None]


def test_an_order_knows_its_act_without_a_definition() -> None:
    local = NAMES.within(document("法第三条の政令で定める者", title="公共サービス提供基準法施行令", id="order"))
    assert [m.document for m in parse("法第三条、規則第二条", local)] == ["act", "ordinance"]
    assert NAMES.within(document("x", title="テレワーク実施要綱", id="telework-guideline")).bare("法") is None


def test_the_old_law_is_not_todays() -> None:
    text = "この法律による改正前の公共サービス提供基準法（以下「旧法」という。）及び改正後の公共サービス提供基準法（以下「新法」という。）"
    local = NAMES.within(document(text, path=("附則（令和六年法律第一号）",)), "附則（令和六年法律第一号）")
    assert [m.document for m in parse("旧法第三条及び新法第三条", local)] == [None, "act"]
