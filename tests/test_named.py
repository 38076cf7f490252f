"""What a question names: the sample ministry's provisions in the ways people write them, and nothing above a reader's level."""

from __future__ import annotations

from dataclasses import replace
from datetime import date
from pathlib import Path

import pytest

from rag.ask import ask
from rag.library import Library
from rag.named import RANGE, Named, named
from rag.records import Filters, RefusalReason

from .conftest import TODAY, add


def names(library: Library, question: str, clearance: int = 3, as_of: date = TODAY) -> Named:
    """What a question names; what it says beside has a test of its own."""
    return replace(named(library, question, library.visible(clearance=clearance, as_of=as_of, filters=Filters()), clearance), beside="")


def places(library: Library, of: Named) -> list[str]:
    """Document and last element of the path of each passage, in order, each once: a long provision is several passages."""
    rows = library.registry.chunks(of.chunks)
    return list(dict.fromkeys(f"{rows[id_][0].document_id} {rows[id_][0].path[-1]}" for id_ in of.chunks))


@pytest.mark.parametrize(
    ("question", "place"),
    [
        # The full name, abbreviations, the number of the law.
        ("公共サービス省職員旅費取扱規程の第十二条には何と書いてありますか", "travel-directive 第十二条"),
        ("旅費取扱規程第十二条は", "travel-directive 第十二条"),
        ("旅費規程の第12条は", "travel-directive 第十二条"),
        ("令和三年法律第九百一号第十条", "act 第十条"),
        ("法第十条の期間", "act 第十条"),
        ("個人情報訓令の第一条", "privacy-directive 第一条"),
        # Numbers.
        ("旅費規程第十二条", "travel-directive 第十二条"),
        ("旅費規程第１２条", "travel-directive 第十二条"),
        ("旅費規程12条", "travel-directive 第十二条"),
        ("旅費規程１２条１項", "travel-directive 第十二条"),
        ("公共サービス提供基準法第12条の2", "act 第十二条の二"),
        ("公共サービス提供基準法第十条第二項", "act 第十条"),
        # The document first, the provision later.
        ("旅費規程では、第12条はどう読みますか", "travel-directive 第十二条"),
        # Other documents than laws.
        ("旅費・休暇Ｑ＆Ａの問5", "qa-travel-leave 問5"),
        ("テレワーク実施要綱の第5条", "telework-guideline 第5 申請及び承認"),
        # English.
        ("What does Article 10 of the Public Services Standards Act say?", "en-act Article 10"),
        ("Article 10(2) of the Public Services Standards Act", "en-act Article 10"),
        ("public services standards act, article 12-2", "en-act Article 12-2"),
        ("Section 3.2 of the Travel guide", "en-travel-guide 3.2 Booking a flight"),
        ("Q5 of the Questions and answers for seconded staff", "en-qa-secondees Q5"),
    ],
)
def test_a_provision_is_found_by_its_name(sample: Library, question: str, place: str) -> None:
    got = names(sample, question)
    assert places(sample, got) == [place]
    assert got.documents == {place.split()[0]}
    assert got.missing == ()


@pytest.mark.parametrize(("step", "article"), [("次条", "第十三条"), ("前条", "第十一条")])
def test_what_stands_beside_a_provision_comes_first(sample: Library, step: str, article: str) -> None:
    got = names(sample, f"旅費規程第十二条の{step}には何とありますか")
    assert places(sample, got) == [f"travel-directive {article}", "travel-directive 第十二条"]
    assert names(sample, f"{step}には何とありますか") == Named(), "beside nothing"


def test_provisions_stand_in_the_order_of_the_question(sample: Library) -> None:
    got = names(sample, "旅費規程第12条、公共サービス提供基準法第十条、旅費規程第3条と第12条")
    assert places(sample, got) == ["travel-directive 第十二条", "act 第十条", "travel-directive 第三条"]
    assert got.documents == {"travel-directive", "act"}


@pytest.mark.parametrize(
    ("question", "wanted", "missing"),
    [
        ("公共サービス提供基準法第三条から第五条まで", ["第三条", "第四条", "第五条"], ()),
        ("公共サービス提供基準法第六条第一号から第三号まで", ["第六条"], ()),
        ("旅費規程第3条から第999条まで", ["第三条"], ("公共サービス省職員旅費取扱規程 第九百九十九条",)),
        ("公共サービス提供基準法第五条から第三条まで", ["第五条"], ()),
    ],
)
def test_a_range_names_all_that_stands_in_it(sample: Library, question: str, wanted: list[str], missing: tuple[str, ...]) -> None:
    got = names(sample, question)
    assert [place.split()[1] for place in places(sample, got)] == wanted
    assert got.missing == missing


def test_a_library_reads_the_abbreviations_in_its_home(library: Library, tmp_path: Path) -> None:
    file = tmp_path / "cars.md"
    file.write_text("# 公用車管理規程\n\n## 第二条 予約\n\n公用車は前日までに予約する。\n", encoding="utf-8")
    add(library, file)
    assert names(library, "車規第2条は") == Named()
    own = library.home / "abbreviations.toml"
    own.write_text('[names]\n"車規" = "公用車管理規程"\nwrong\n', encoding="utf-8")
    got = names(library, "車規第2条は")
    assert len(got.chunks) == 1 and len(got.documents) == 1
    assert [problem.split(":")[0] for problem in library.abbreviations.problems] == ["abbreviations.toml, line 3"]


def test_a_question_may_use_the_short_names_that_the_texts_define(library: Library, tmp_path: Path) -> None:
    def write(name: str, title: str, words: str, level: int = 1) -> None:
        folder = tmp_path / name
        folder.mkdir()
        (folder / f"{name}.md").write_text(f"# {title}\n\n## 第一条 定め\n\n{words}\n", encoding="utf-8")
        add(library, folder, level)

    write("cars", "公用車及び駐車場管理規程", "公用車は前日までに予約する。")
    assert names(library, "車場規程第1条は") == Named()
    write("bikes", "自転車要領", "公用車及び駐車場管理規程（以下「車場規程」という。）第一条を準用する。", level=2)
    got = names(library, "車場規程第1条は")
    assert len(got.chunks) == 1 and len(got.documents) == 1
    assert names(library, "車場規程第1条は", clearance=1) == Named(), "the text that says so is above this reader's level"
    write("old", "駐輪場規程", "この規程は、廃止する。")
    write("more", "駐輪要領", "駐輪場規程（以下「車場規程」という。）第一条により廃止する。")
    assert names(library, "車場規程第1条は") == Named(), "two texts mean two things by it"


def test_of_a_long_range_the_first_ones_stand_first(sample: Library) -> None:
    assert len(places(sample, names(sample, "公共サービス提供基準法第一条から第三十条まで"))) == RANGE


def test_a_section_brings_the_sections_below_it(sample: Library) -> None:
    found = places(sample, names(sample, "Information security handbook section 2"))
    assert [place.split()[1] for place in found] == ["2.1", "2.2", "2.3", "2.4"]


@pytest.mark.parametrize(
    "question", ["第十二条は何ですか", "Article 10", "前項の期間", "旅費はいくら", "", "。", "第" * 500, "宇宙旅行法第三条は"]
)
def test_a_provision_without_a_document_of_the_library_names_nothing(sample: Library, question: str) -> None:
    assert names(sample, question) == Named()


@pytest.mark.parametrize("question", ["旅費規程によると宿泊料はいくら", "旅費規程の前条は", "旅費規程の前条第二項は"])
def test_a_document_alone_is_named(sample: Library, question: str) -> None:
    assert names(sample, question) == Named(documents=frozenset({"travel-directive"}))


# ---------------------------------------------------------------- what does not exist


@pytest.mark.parametrize(
    ("question", "said"),
    [
        ("旅費規程の第九十九条は", "公共サービス省職員旅費取扱規程 第九十九条"),
        ("旅費規程第99条", "公共サービス省職員旅費取扱規程 第九十九条"),
        ("旅費規程第12条第99項", "公共サービス省職員旅費取扱規程 第十二条第九十九項"),
        ("旅費・休暇Ｑ＆Ａの問99は", "旅費・休暇Ｑ＆Ａ 問99"),
        ("What does Article 99 of the Public Services Standards Act say?", "Public Services Standards Act Article 99"),
    ],
)
def test_a_provision_that_does_not_exist_is_said(sample: Library, question: str, said: str) -> None:
    got = names(sample, question)
    assert (got.chunks, got.missing) == ((), (said,))
    reply = ask(sample, question, clearance=3, as_of=TODAY)
    assert reply.refusal
    assert (reply.refusal.reason, reply.refusal.missing) == (RefusalReason.NO_SUCH_PROVISION, (said,))


def test_it_is_said_once_and_beside_one_that_exists(sample: Library) -> None:
    got = names(sample, "旅費規程第99条、旅費規程第九十九条、旅費規程第12条")
    assert places(sample, got) == ["travel-directive 第十二条"]
    assert got.missing == ("公共サービス省職員旅費取扱規程 第九十九条",)


@pytest.mark.parametrize("question", ["旅費・休暇Ｑ＆Ａの第3条は", "手数料の減免の取扱いについて第三条"])
def test_a_document_without_articles_misses_none(sample: Library, question: str) -> None:
    assert names(sample, question).missing == ()


# ---------------------------------------------------------------- what the reader may not see


@pytest.mark.parametrize(
    "question",
    [
        "情報セキュリティに関する訓令第三条は",
        "情報セキュリティに関する訓令第九百九十九条は",
        "情報セキュリティに関する訓令によると",
        "令和六年公共サービス省訓令第二号第三条",
        "Section 3.2 of the Travel guide",
        "Section 99 of the Travel guide",
    ],
)
def test_a_document_above_the_readers_level_names_nothing(sample: Library, question: str) -> None:
    assert names(sample, question, clearance=2) != Named()
    assert names(sample, question, clearance=1) == Named()
    reply = ask(sample, question, clearance=1, as_of=TODAY)
    assert not any(hit.chunk.level > 1 or "address" in hit.found_by for hit in reply.hits)
    assert not (reply.refusal and reply.refusal.reason is RefusalReason.NO_SUCH_PROVISION)


HIDDEN = "Does the Travel guide follow the Public Services Standards Act? See Article 10."


def test_a_hidden_title_does_not_change_what_the_rest_of_a_question_means(sample: Library) -> None:
    # With two documents named nobody knows whose Article 10 is meant. To this reader only one is a document.
    unknown = names(sample, HIDDEN.replace("Travel guide", "Trivial guide"), clearance=1)
    assert places(sample, unknown) == ["en-act Article 10"]
    assert names(sample, HIDDEN, clearance=1) == unknown


# ---------------------------------------------------------------- what was in force


@pytest.mark.parametrize(
    ("as_of", "since"),
    [(date(2025, 3, 31), date(2022, 4, 1)), (date(2025, 4, 1), date(2025, 4, 1)), (date(2027, 4, 1), date(2027, 4, 1))],
)
def test_the_revision_in_force_that_day_is_named(sample: Library, as_of: date, since: date) -> None:
    (chunk,) = names(sample, "公共サービス提供基準法第十条", as_of=as_of).chunks
    ((found, number),) = sample.registry.chunks([chunk]).values()
    (revision,) = [revision for revision in sample.published if revision.number == number]
    assert (found.document_id, revision.sha256) == ("act", found.revision)
    assert revision.source.effective_from == since


def test_an_article_that_came_later_did_not_exist_before(sample: Library) -> None:
    question = "公共サービス提供基準法第十二条の二"
    assert names(sample, question, as_of=date(2025, 3, 31)).missing == ("公共サービス提供基準法 第十二条の二",)
    assert names(sample, question, as_of=date(2025, 4, 1)).missing == ()


def test_a_document_not_yet_in_force_names_nothing(sample: Library) -> None:
    assert names(sample, "公共サービス提供基準法第十条", as_of=date(2022, 3, 31)) == Named()


def test_a_document_that_the_filters_leave_out_names_nothing(sample: Library) -> None:
    visible = sample.visible(clearance=3, as_of=TODAY, filters=Filters(documents=frozenset({"act"})))
    assert named(sample, "旅費規程第12条", visible, 3) == Named()


@pytest.mark.parametrize(
    ("question", "place"),
    [
        ("What is in 8.1 of the Information security handbook?", "en-security-handbook 8.1 Asking for an exception"),
        ("Does the Information security handbook, 8.1, name a form?", "en-security-handbook 8.1 Asking for an exception"),
        ("section 7.2 of the accessibility guideline", "en-accessibility 7.2 When a request is refused"),
        ("兼業訓令第三条は", "sidejob-directive 第三条"),
    ],
)
def test_a_section_by_its_number_alone_and_short_titles(sample: Library, question: str, place: str) -> None:
    assert places(sample, names(sample, question)) == [place]


@pytest.mark.parametrize("question", ["Does the Information security handbook allow 2.5 GB?", "Information security handbook: 1.5 hours"])
def test_an_amount_beside_a_title_is_no_section(sample: Library, question: str) -> None:
    assert names(sample, question).spans == ()


def test_a_provision_without_a_document_is_that_of_the_document_found_most(sample: Library) -> None:
    visible = sample.visible(clearance=3, as_of=TODAY, filters=Filters())

    def of(question: str) -> list[str]:
        return places(sample, named(sample, question, visible, 3, lambda: "en-ai-policy"))

    assert of("Section 3.5: may the robot take notes?") == ["en-ai-policy 3.5 Meetings"]
    assert of("Section 3.5 of the AI policy") == ["en-ai-policy 3.5 Meetings"]
    assert of("Section 3.5 of the parking rules") == [], "it names another document, that nobody has"
    assert of("Section 93.5 of the AI policy") == []
    assert named(sample, "Section 93.5", visible, 3, lambda: "en-ai-policy").missing == (), "nobody said which document"


def test_what_a_question_says_beside_the_names(sample: Library) -> None:
    visible = sample.visible(clearance=3, as_of=TODAY, filters=Filters())
    found = named(sample, "旅費規程第12条の承認は誰がしますか", visible, 3)
    assert found.beside == "の承認は誰がしますか"
    ((document, span),) = found.spans
    text = sample.document(document, clearance=3).text
    assert span.cut(text).startswith(("（私有車両", "第十二条", "職員は")) and "前項の承認は" in span.cut(text)
