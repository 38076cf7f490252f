"""Search as a whole, over the sample ministry's library: the order, the scope, and questions of every shape."""

from __future__ import annotations

from collections.abc import Container, Iterator, Sequence
from dataclasses import replace
from datetime import date
from pathlib import Path

import pytest

from rag.ask import ask
from rag.ingest import ingest, rebuild
from rag.library import Library
from rag.meaning import Asked
from rag.records import Filters, Hit
from rag.search import LONGEST_QUESTION, NAMED, Result, search
from rag.second_stage import FEATURES
from rag.settings import PARTS

from .conftest import TODAY
from .small import document, library_at, publish


def look(library: Library, question: str, *, clearance: int = 3, as_of: date = TODAY, limit: int = 20) -> Result:
    return search(library, question, clearance=clearance, as_of=as_of, limit=limit)


def places(hits: Sequence[Hit]) -> list[str]:
    return [f"{hit.chunk.document_id} {hit.chunk.path[-1] if hit.chunk.path else ''}" for hit in hits]


# ---------------------------------------------------------------- the order


def test_ranks_count_from_one_and_scores_fall(sample: Library) -> None:
    hits = look(sample, "旅費の請求期限はいつですか").hits
    assert [hit.rank for hit in hits] == list(range(1, 20 + 1))
    scores = [hit.score for hit in hits]
    assert scores == sorted(scores, reverse=True)
    assert len({hit.chunk.id for hit in hits}) == len(hits)
    assert [hit.chunk.id for hit in look(sample, "旅費の請求期限はいつですか", limit=3).hits] == [hit.chunk.id for hit in hits[:3]]


@pytest.mark.parametrize(
    ("question", "place"),
    [
        ("旅費規程の第12条は", "travel-directive 第十二条"),
        ("旅費規程の第12条は。休暇、テレワーク、情報公開、兼業、補助金、調達は", "travel-directive 第十二条"),
        ("Article 10 of the Public Services Standards Act", "en-act Article 10"),
    ],
)
def test_a_named_provision_stands_first_and_says_why(sample: Library, question: str, place: str) -> None:
    result = look(sample, question)
    assert places(result.hits)[0] == place
    assert [hit.found_by.get("address") for hit in result.hits] == [1] + [None] * (len(result.hits) - 1)
    assert result.hits[0].score > result.hits[1].score + 1
    assert result.named.missing == ()


def test_named_provisions_stand_in_the_order_of_the_question(sample: Library) -> None:
    hits = look(sample, "旅費規程第12条と旅費規程第3条").hits
    assert places(hits)[:2] == ["travel-directive 第十二条", "travel-directive 第三条"]
    assert [hit.found_by.get("address") for hit in hits[:3]] == [1, 2, None]


def test_a_provision_that_does_not_exist_is_said_and_the_rest_found(sample: Library) -> None:
    result = look(sample, "旅費規程の第99条、宿泊料は")
    assert result.named.missing == ("公共サービス省職員旅費取扱規程 第九十九条",)
    assert result.hits
    assert not any("address" in hit.found_by for hit in result.hits)


def test_the_passages_of_a_named_document_are_lifted(tmp_path: Path) -> None:
    library = library_at(tmp_path / "home")
    same = "期限は十日とする。"
    number = "令和七年公共サービス省訓令第三号"  # in no text: only the name tells the two apart
    publish(library, [document("a", same, title="規程甲"), document("b", same, title="規程乙", number=number)])
    assert NAMED == 0.3
    scores = scores_of(library, "期限")
    assert scores["a"] == scores["b"]
    scores = scores_of(library, f"{number}の期限")
    assert scores["b"] == pytest.approx(scores["a"] + 0.3)
    assert list(scores_of(library, f"{number}の期限")) == ["b", "a"]
    library.close()


def scores_of(library: Library, question: str) -> dict[str, float]:
    return {hit.chunk.document_id: hit.score for hit in look(library, question).hits}


def test_the_lists_that_took_part(sample: Library) -> None:
    assert look(sample, "旅費の請求").lists == ("keyword", "vector-ja")
    assert look(sample, "Who approves a flight?").lists == ("keyword", "vector")
    assert look(sample, "１２３").lists == ("keyword",), "no model reads a number in full width"


# ---------------------------------------------------------------- what each part gave


@pytest.mark.parametrize("question", ["有休の申し込み", "旅費規程の第12条は", "Who approves a flight?", "旅費"])
def test_the_parts_make_the_score(sample: Library, question: str) -> None:
    for hit in look(sample, question).hits:
        assert sum(hit.parts.values()) == pytest.approx(hit.score, abs=1e-4)
    for hit in search(sample, question, clearance=3, as_of=TODAY, by_field=True).hits:
        assert sum(hit.parts.values()) == pytest.approx(hit.score, abs=1e-4)


@pytest.mark.parametrize(
    ("off", "gone"),
    [
        ("words", {"words"}),
        ("bigrams", {"bigrams", "head_bigrams"}),
        ("head", {"head", "head_bigrams"}),
        ("thesaurus", {"thesaurus"}),
        ("vectors", {"vector"}),
        ("vectors-ja", {"vector-ja"}),
        ("named", {"named"}),
        ("graph", {"graph"}),
        ("second_stage", {*FEATURES} - {"keyword", "vector", "vector-ja"}),
    ],
)
def test_a_part_that_is_off_gives_nothing_and_the_others_go_on(sample: Library, off: str, gone: set[str]) -> None:
    def parts(library: Library) -> set[str]:
        questions = ["有休の申し込みは旅費規程第12条の第2項で", "Who approves a flight?"]
        return {
            part
            for question in questions
            for hit in search(library, question, clearance=3, as_of=TODAY, by_field=True).hits
            for part in hit.parts
        }

    without = Library(replace(sample.settings, off=frozenset({off})))
    without.embedder = sample.embedder
    assert parts(without) == parts(sample) - gone
    assert set(PARTS) >= {off}
    without.close()


# ---------------------------------------------------------------- the thesaurus


def test_a_word_of_the_thesaurus_finds_what_plain_words_do_not(tmp_path: Path) -> None:
    library = library_at(tmp_path / "home")
    publish(library, [document("a", "旅費は実費を支給する。"), document("b", "制服は貸与する。"), document("c", "公印は課長が保管する。")])

    def by_keyword() -> list[str]:
        return [hit.chunk.document_id for hit in look(library, "ぽんぽこ").hits if "keyword" in hit.found_by]

    assert by_keyword() == []
    (tmp_path / "home" / "thesaurus.toml").write_text('[ja]\n"ぽんぽこ" = ["公印"]\n', encoding="utf-8")
    assert by_keyword() == ["c"]
    assert look(library, "ぽんぽこ").hits[0].chunk.document_id == "c"
    library.close()


@pytest.mark.parametrize(("question", "document"), [("副業", "sidejob-directive"), ("有休の申し込み", "leave-directive")])
def test_everyday_words_find_the_regulation_by_the_starter_set(sample: Library, question: str, document: str) -> None:
    top = look(sample, question).hits[0]
    assert top.chunk.document_id == document
    assert "keyword" in top.found_by
    assert not any(word in top.chunk.text for word in ("副業", "有休"))


# ---------------------------------------------------------------- titles


@pytest.fixture
def by_article(tmp_path: Path) -> Iterator[Library]:
    """Two laws held article by article, and two notes whose common title is no more than their subject."""
    library = library_at(tmp_path / "home")
    texts = [
        ("窓口法 第一条", "この法律は、窓口の運営を定める。"),
        ("窓口法 第二条", "届出をした者には、控えを渡す。"),
        ("窓口法施行規則 第一条", "届出は、書面による。"),
        ("届出案内", "届出の窓口は、一階にある。"),
        ("届出案内", "届出の用紙は、青い。"),
    ]
    publish(library, [document(f"d{at}", text, title=title) for at, (title, text) in enumerate(texts)])
    yield library
    library.close()


@pytest.mark.parametrize(
    ("question", "called"),
    [
        ("窓口法における届出", {"窓口法 第一条", "窓口法 第二条"}),
        ("窓口法施行規則における届出", {"窓口法施行規則 第一条"}),
        ("届出案内における届出", set()),
    ],
)
def test_a_law_held_article_by_article_is_called_by_its_title(by_article: Library, question: str, called: set[str]) -> None:
    hits = look(by_article, question).hits
    titles = {hit.chunk.context.partition("\n")[0] for hit in hits if hit.parts.get("named")}
    assert titles == called
    by_article.settings = replace(by_article.settings, off=frozenset({"named"}))
    assert all("named" not in hit.parts for hit in look(by_article, question).hits)


def test_what_is_asked_beside_the_title_is_compared_by_itself(by_article: Library, monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[str] = []
    ask = by_article.meaning.ask

    def noted(question: str, beside: str, off: Container[str]) -> list[Asked]:
        asked.append(beside)
        return ask(question, beside, off)

    monkeypatch.setattr(by_article.meaning, "ask", noted)
    look(by_article, "窓口法における届出")
    look(by_article, "届出の控え")
    assert asked == ["における届出", ""]


# ---------------------------------------------------------------- the scope

SECRETIVE = ["情報セキュリティに関する訓令第三条", "機密性の格付", "business class flight", "generative AI prompts", "開示請求の決定"]


@pytest.mark.parametrize("question", SECRETIVE)
@pytest.mark.parametrize("clearance", [1, 2, 3])
def test_nothing_above_the_clearance_is_found(sample: Library, question: str, clearance: int) -> None:
    result = look(sample, question, clearance=clearance, limit=10_000)
    assert result.hits
    assert max(hit.chunk.level for hit in result.hits) <= clearance
    assert result.scope.clearance == clearance
    visible = sample.visible(clearance=clearance, as_of=TODAY, filters=Filters())
    assert result.documents == len(visible)
    assert {hit.chunk.revision for hit in result.hits} <= {revision.sha256 for revision in visible}


def test_what_one_reader_finds_another_does_not(sample: Library) -> None:
    question = "情報セキュリティに関する訓令第三条"
    assert places(look(sample, question, clearance=2).hits)[0] == "security-directive 第三条"
    assert "security-directive" not in {hit.chunk.document_id for hit in look(sample, question, clearance=1, limit=10_000).hits}


@pytest.mark.parametrize("as_of", [date(2020, 1, 1), date(2022, 4, 1), date(2025, 3, 31), date(2025, 4, 1), TODAY, date(2030, 1, 1)])
def test_only_what_is_in_force_that_day_is_found(sample: Library, as_of: date) -> None:
    result = look(sample, "公共サービス提供基準法第十条 手数料の減免", as_of=as_of, limit=10_000)
    sources = {revision.sha256: revision.source for revision in sample.published}
    for hit in result.hits:
        source = sources[hit.chunk.revision]
        assert (source.effective_from or date.min) <= as_of <= (source.effective_to or date.max)
    assert len({hit.chunk.revision for hit in result.hits if hit.chunk.document_id == "act"}) == (1 if as_of.year > 2021 else 0)
    assert ("act 第十条" in places(result.hits)[:1]) is (as_of.year > 2021)


def test_only_the_documents_chosen_are_found(sample: Library) -> None:
    filters = Filters(documents=frozenset({"leave-directive"}))
    result = search(sample, "旅費規程第12条の旅費", clearance=3, as_of=TODAY, filters=filters)
    assert {hit.chunk.document_id for hit in result.hits} == {"leave-directive"}
    assert (result.documents, result.named.missing) == (1, ())


# ---------------------------------------------------------------- the same again


REPEATED = ["旅費の請求期限", "旅費規程第12条", "Who approves a flight?", "りょひ", "副業"]


@pytest.mark.parametrize("question", REPEATED)
def test_the_same_question_finds_the_same(sample: Library, question: str) -> None:
    assert look(sample, question) == look(sample, question)


def test_a_library_opened_anew_finds_the_same(sample: Library) -> None:
    # Chroma makes a small graph anew each time it opens it, so that at the end of its list others may stand. Sums over more or fewer
    # candidates are rounded otherwise, and what references give is counted from the hundredth candidate on.
    other = Library(sample.settings)
    other.embedder = sample.embedder
    for question in REPEATED:
        first, again = (look(library, question, limit=5).hits for library in (sample, other))
        assert [hit.chunk.id for hit in first] == [hit.chunk.id for hit in again]
        assert [hit.score for hit in first] == pytest.approx([hit.score for hit in again], abs=1e-3)
    other.close()


# ---------------------------------------------------------------- questions of every shape


@pytest.mark.parametrize("question", ["", " ", "\u3000\n", "。、？！", "!?...", "🙂", "\x00"])
def test_a_question_without_words_finds_nothing(sample: Library, question: str) -> None:
    result = look(sample, question)
    assert (result.hits, result.named.missing) == ((), ())
    assert ask(sample, question, clearance=3, as_of=TODAY).refusal


@pytest.mark.parametrize(
    "question",
    [
        "ﾃﾚﾜｰｸ ﾉ ｼﾝｾｲ",
        "りょひのせいきゅうはいつまでですか",
        "travel expenses の claim はいつまで when secondment 出向",
        "旅費の請求期限を教えてください。" * 320,
        "Who approves a flight? " * 220,
        "あ" * 5_000,
        "a" * 5_000,
        "旅費規程第12条、" * 600,
        "第" * 5_000,
        "12",
        "１２３",
        "10,000円",
        "a",
        "旅",
        "\ud83d旅費\udc00",
        "<b>旅費</b> [x](y) $(rm) %s {0} \\",
        '旅費 AND NOT "請求" OR (level:3',
        "\u202e旅費\u200b\u0301",
        "ヹ𠮷㍿①",
    ],
    ids=lambda question: ascii(question[:20]),
)
def test_no_question_is_an_error(sample: Library, question: str) -> None:
    result = look(sample, question)
    assert len(result.hits) <= 20
    reply = ask(sample, question, clearance=3, as_of=TODAY)
    assert bool(reply.refusal) is not bool(reply.statements)


@pytest.mark.parametrize(
    ("question", "document"),
    [
        ("ゆうきゅうはなんにちありますか", "leave-directive"),
        ("ﾕｳｷｭｳ ｷｭｳｶ ﾊ ﾅﾝﾆﾁ", "leave-directive"),
        ("りょひはいつまでにせいきゅうしますか", "travel-directive"),
        ("しゅくはくりょうはいくらですか", "travel-directive"),
        ("てれわーくはしゅうになんにちできますか", "telework-guideline"),
        ("けんぎょうのきょかはいつまでにしんせいしますか", "sidejob-directive"),
        ("ほじょきんのじっせきほうこくしょのていしゅつきげんはいつですか", "subsidy-guideline"),
        ("てすうりょうのめんじょをうけられるのはだれですか", "act"),
        # 変換ミス
        ("有給急かは何日ありますか", "leave-directive"),
        ("旅費の精求の期限", "travel-directive"),
    ],
)
def test_kana_and_slips_find_what_was_meant(sample: Library, question: str, document: str) -> None:
    assert document in {hit.chunk.document_id for hit in look(sample, question).hits[:3]}


def test_widths_do_not_matter(sample: Library) -> None:
    assert places(look(sample, "ﾃﾚﾜｰｸの申請").hits[:5]) == places(look(sample, "テレワークの申請").hits[:5])


def test_a_very_long_question_is_its_beginning_and_its_end(sample: Library) -> None:
    story = "旅費の請求期限。" + "これは長い話です。昨日も同じ話をしました。" * 250
    short = f"{story[: LONGEST_QUESTION // 2 - 1]}\n{f'{story}年次休暇は何日ありますか。'[-LONGEST_QUESTION // 2 :]}"
    assert len(story) > 5_000 and len(short) == LONGEST_QUESTION
    hits = look(sample, f"{story}年次休暇は何日ありますか。").hits
    assert hits == look(sample, short).hits
    assert hits[0].chunk.document_id == "leave-directive"


def test_an_empty_library_finds_nothing(library: Library) -> None:
    result = look(library, "旅費規程第12条")
    assert (result.hits, result.documents, result.lists, result.named.missing) == ((), 0, ("keyword",), ())


def test_a_rebuild_takes_headings_from_the_documents_anew(tmp_path: Path) -> None:
    # As an earlier version left them: with the number of a question, without its words.
    files = tmp_path / "files"
    files.mkdir()
    (files / "qa.md").write_text(
        "# 休暇Q&A\n\n## 問7 打刻を忘れたときは、どうしますか。\n\n課長の確認を受けてください。\n", encoding="utf-8"
    )
    library = library_at(tmp_path / "home")
    assert [outcome.result for outcome in ingest(library, [files])] == ["added"]
    (revision,) = library.published
    (piece,) = library.registry.chunks_of(revision.number)
    assert "打刻" in piece.context
    library.registry.renew_contexts({piece.id: "休暇Q&A\n問7"})
    assert [old.context for old in library.registry.chunks_of(revision.number)] == ["休暇Q&A\n問7"]
    rebuild(library)
    assert library.registry.chunks_of(revision.number) == [piece]
    (hit,) = search(library, "打刻", clearance=3, as_of=TODAY).hits
    assert hit.chunk.id == piece.id and "keyword" in hit.found_by
