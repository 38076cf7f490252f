"""The keyword index: the score is the formula, the scope is kept, and nothing is left out that stands inside it."""

from __future__ import annotations

import math
import shutil
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import pytest

from rag import terms
from rag.errors import IndexDamaged
from rag.index import keyword
from rag.index.keyword import WEIGHTS, KeywordIndex, delete
from rag.index.scope import NARROW, Scope, fill
from rag.question import Question, understand
from rag.records import Chunk, Span

K1, B = 1.2, 0.75
EVERYTHING = Scope(clearance=3, revisions=frozenset(range(1, 10_001)))


def chunk_of(number: int, text: str, level: int = 1, context: str = "") -> Chunk:
    span = Span(start=0, end=len(text))
    return Chunk(id=number, document_id="d", revision="r", ordinal=0, span=span, path=(), pages=(), level=level, text=text, context=context)


def index_of(folder: Path, chunks: Sequence[tuple[Chunk, int]]) -> KeywordIndex:
    index = KeywordIndex(folder)
    with index.writer() as writer:
        for chunk, revision in chunks:
            writer.add(chunk, revision)
        writer.commit()
    index.refresh()
    return index


def numbers(index: KeywordIndex, question: str, scope: Scope = EVERYTHING, limit: int = 10) -> list[int]:
    return [chunk for chunk, _ in index.search(understand(question), scope, limit)]


# ---------------------------------------------------------------- the formula


def field_terms(field: str, text: str, head: str = "") -> list[str]:
    make = terms.bigrams if field.endswith("bigrams") else terms.words
    return make(head if field.startswith("head") else f"{head}\n{text}")


def bm25(question: str, place: int, collection: Sequence[tuple[str, str]], length: float | None = None) -> float:
    """The docstring of rag/index/keyword.py, written down again, for the (text, head) at ``place``. ``length`` stands in for |c|."""
    score = 0.0
    for field, weight in WEIGHTS.items():
        documents = [field_terms(field, text, head) for text, head in collection]
        own = documents[place]
        average = sum(map(len, documents)) / len(documents)
        for term in set(field_terms(field.removeprefix("head_").replace("head", "words"), question)):
            having = sum(term in document for document in documents)
            tf = own.count(term)
            idf = math.log(1 + (len(documents) - having + 0.5) / (having + 0.5))
            size = len(own) if length is None else length
            score += weight * idf * tf * (K1 + 1) / (tf + K1 * (1 - B + B * size / average)) if tf else 0.0
    return score


COLLECTION = [
    "旅費は翌月の末日までに請求する。",
    "旅費の請求には領収書を添え、旅費の精算書を出す。",
    "宿泊料は別表による。",
    "職員は宿泊料を請求することができる。",
    "この規程は令和八年四月一日から施行する。",
]


HEADS = ["旅費規程 第三条", "旅費規程 第四条 請求", "旅費規程 別表", "", "旅費規程 附則"]


@pytest.mark.parametrize("question", ["旅費の請求", "宿泊料はいくらか", "旅費", "領収書を添えて旅費を請求する期限"])
def test_the_score_is_the_formula(tmp_path: Path, question: str) -> None:
    # Lengths up to 40 terms are stored exactly.
    whole = list(zip(COLLECTION, HEADS, strict=True))
    assert all(len(field_terms(field, text, head)) <= 40 for field in WEIGHTS for text, head in whole)
    index = index_of(tmp_path, [(chunk_of(number, text, context=head), 1) for number, (text, head) in enumerate(whole)])
    expected = {number: score for number in range(len(whole)) if (score := bm25(question, number, whole))}
    assert dict(index.search(understand(question), EVERYTHING, 10)) == pytest.approx(expected, rel=1e-5)


def test_a_term_that_the_question_repeats_counts_once(tmp_path: Path) -> None:
    index = index_of(tmp_path, [(chunk_of(number, text), 1) for number, text in enumerate(COLLECTION)])
    assert index.search(understand("the fee 旅費 旅費 旅費"), EVERYTHING, 10) == index.search(understand("the fee 旅費"), EVERYTHING, 10)


def test_a_long_text_scores_within_the_steps_in_which_lengths_are_stored(tmp_path: Path) -> None:
    # Tantivy keeps a length in one byte, rounded down, in steps of at most an eighth above 40.
    texts = ["travel " * 3 + "filler " * 150, "travel claim", "claim"]
    index = index_of(tmp_path, [(chunk_of(number, text), 1) for number, text in enumerate(texts)])
    score = dict(index.search(understand("travel"), EVERYTHING, 10))[0]
    whole = [(text, "") for text in texts]
    lowest, highest = bm25("travel", 0, whole), bm25("travel", 0, whole, length=153 * 7 / 8)
    assert lowest * (1 - 1e-5) <= score <= highest
    assert highest / lowest < 1.13, "the bounds say something"


def test_what_is_in_the_context_is_found(tmp_path: Path) -> None:
    index = index_of(tmp_path, [(chunk_of(1, "実費とする。", context="旅費規程\n第三条"), 1), (chunk_of(2, "実費とする。"), 1)])
    assert numbers(index, "旅費規程") == [1]


def test_rarity_is_the_idf_of_the_formula(tmp_path: Path) -> None:
    index = index_of(tmp_path, [(chunk_of(number, text), 1) for number, text in enumerate(COLLECTION)])
    rarity = index.rarity(["請求", "どこにもない"])
    assert rarity["請求"] == pytest.approx(math.log(1 + (5 - 3 + 0.5) / (3 + 0.5)))
    assert rarity["どこにもない"] == pytest.approx(math.log(1 + (5 - 0 + 0.5) / (0 + 0.5)))
    assert (index.known("請求"), index.known("どこにもない")) == (True, False)


# ---------------------------------------------------------------- terms that nearly all have

COMMON_TEXTS = [*(f"職員の届出 {number}" for number in range(7)), "職員の旅費", "職員の旅費", "職員"]


def test_in_a_large_index_a_term_that_most_have_is_not_looked_for(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    index = index_of(tmp_path, [(chunk_of(number, text), 1) for number, text in enumerate(COMMON_TEXTS)])
    everything = numbers(index, "職員の旅費")
    assert sorted(everything) == list(range(10)), "a small index looks for all terms"
    before = dict(index.search(understand("旅費"), EVERYTHING, 10))
    monkeypatch.setattr(keyword, "MANY", len(COMMON_TEXTS))
    assert numbers(index, "職員の旅費") == [7, 8]
    # 員の, の旅 are bigrams that few have: the score is of what is left.
    assert index.search(understand("職員 旅費"), EVERYTHING, 10) == pytest.approx(sorted(before.items()))


def test_in_a_large_index_a_question_of_such_terms_alone_is_still_answered(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    index = index_of(tmp_path, [(chunk_of(number, text), 1) for number, text in enumerate(COMMON_TEXTS)])
    expected = index.search(understand("職員"), EVERYTHING, 10)
    monkeypatch.setattr(keyword, "MANY", len(COMMON_TEXTS))
    assert len(expected) == 10
    assert index.search(understand("職員"), EVERYTHING, 10) == expected


@pytest.mark.parametrize(("having", "looked_for"), [(4, True), (5, False)])
def test_a_quarter_is_the_edge(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, having: int, looked_for: bool) -> None:
    monkeypatch.setattr(keyword, "MANY", 16)
    texts = ["travel"] * having + ["claim"] * (15 - having) + ["fee"]
    index = index_of(tmp_path, [(chunk_of(number, text), 1) for number, text in enumerate(texts)])
    assert (0 in numbers(index, "travel fee")) is looked_for


def test_in_a_very_large_index_bigrams_must_be_rarer(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    texts = ["の", *["旅費"] * 2, *["職員"] * 17]
    index = index_of(tmp_path, [(chunk_of(number, text), 1) for number, text in enumerate(texts)])
    monkeypatch.setattr(keyword, "MANY", 20)
    bigrams = Question(text="", words={}, bigrams={"旅費": 1.0, "費だ": 1.0})
    assert sorted(dict(index.search(bigrams, EVERYTHING, 10))) == [1, 2]
    assert not index.big
    monkeypatch.setattr(keyword, "BIG", 20)
    assert index.big
    assert index.search(bigrams, EVERYTHING, 10) == [], "a tenth has it"
    assert numbers(index, "旅費") == [1, 2], "as a word it is rare enough"


# ---------------------------------------------------------------- scope

LEVELS = [
    (chunk_of(number, "旅費を請求する。", level=level), revision)
    for number, level, revision in [(1, 1, 7), (2, 2, 7), (3, 3, 8), (4, 1, 9)]
]


@pytest.mark.parametrize("wide", [False, True])
@pytest.mark.parametrize(
    ("clearance", "revisions", "expected"),
    [
        (1, {7, 8, 9}, [1, 4]),
        (2, {7, 8, 9}, [1, 2, 4]),
        (3, {7, 8, 9}, [1, 2, 3, 4]),
        (3, {8}, [3]),
        (2, {8}, []),
        (3, {6}, []),
        (3, set(), []),
        (0, {7, 8, 9}, []),
        (99, {7, 8, 9}, [1, 2, 3, 4]),
    ],
)
def test_the_scope_is_kept(tmp_path: Path, clearance: int, revisions: set[int], expected: list[int], wide: bool) -> None:
    # Many revisions are checked on what is found, few are named in the query: it must come to the same.
    more = set(range(1_000, 1_000 + NARROW)) if wide and revisions else set()
    scope = Scope(clearance=clearance, revisions=frozenset(revisions | more))
    assert scope.narrow is not bool(more)
    assert numbers(index_of(tmp_path, LEVELS), "旅費", scope) == expected


def test_a_passage_in_scope_is_found_behind_many_that_are_not(tmp_path: Path) -> None:
    # 300 better passages out of scope, and a scope too wide to be named in the query.
    outside = [(chunk_of(number, "旅費 旅費 旅費"), 1) for number in range(300)]
    inside = [(chunk_of(1_000 + number, f"旅費については第{number}条の定めるところにより別に請求する。"), 2) for number in range(5)]
    scope = Scope(clearance=3, revisions=frozenset(range(2, NARROW + 3)))
    assert not scope.narrow
    index = index_of(tmp_path, [*outside, *inside])
    assert sorted(numbers(index, "旅費", scope, limit=10)) == [1_000, 1_001, 1_002, 1_003, 1_004]
    assert numbers(index, "旅費", scope, limit=3) == numbers(index, "旅費", scope, limit=10)[:3]


# ---------------------------------------------------------------- fill


def test_fill_fetches_on_until_there_are_enough() -> None:
    entries = [(number, 2 if number % 10 == 9 else 1, 1.0 / (number + 1)) for number in range(1_000)]
    asked: list[int] = []

    def fetch(wanted: int) -> list[tuple[int, int, float]]:
        asked.append(wanted)
        return entries[:wanted]

    found = fill(fetch, Scope(clearance=3, revisions=frozenset({2})), 5)
    assert [chunk for chunk, _ in found] == [9, 19, 29, 39, 49]
    assert asked == [5, 5 * 4, 5 * 4 * 4]


def test_fill_stops_where_there_is_no_more() -> None:
    asked: list[int] = []

    def fetch(wanted: int) -> list[tuple[int, int, float]]:
        asked.append(wanted)
        return [(1, 1, 1.0), (2, 2, 0.5)][:wanted]

    assert fill(fetch, Scope(clearance=3, revisions=frozenset({2})), 2) == [(2, 0.5)]
    assert asked == [2, 8]


# ---------------------------------------------------------------- order, nothing, writing


def test_passages_of_one_score_stand_by_number(tmp_path: Path) -> None:
    index = index_of(tmp_path, [(chunk_of(number, "旅費を請求する。"), 1) for number in (5, 3, 9, 1)])
    assert numbers(index, "旅費") == [1, 3, 5, 9]


@pytest.mark.parametrize("nothing", ["", "   ", "？！", "は、を", "\n"])
def test_a_question_without_words_finds_nothing(tmp_path: Path, nothing: str) -> None:
    assert numbers(index_of(tmp_path, LEVELS), nothing) == []


def test_a_question_in_the_query_language_of_tantivy_is_only_words(tmp_path: Path) -> None:
    index = index_of(tmp_path, [(chunk_of(1, "level three"), 1), (chunk_of(2, "secret plan", level=3), 1)])
    scope = replace(EVERYTHING, clearance=1)
    for question in ["level:3", "* OR level:[1 TO 3]", 'words:"secret plan"', "secret^9 AND (", "three\" level:3 'x"]:
        assert 2 not in numbers(index, question, scope)


def test_an_empty_index_answers(tmp_path: Path) -> None:
    index = KeywordIndex(tmp_path)
    assert (index.count, numbers(index, "旅費"), index.holds(1)) == (0, [], False)


def test_what_is_written_is_seen_after_commit_and_refresh(tmp_path: Path) -> None:
    index = KeywordIndex(tmp_path)
    with index.writer() as writer:
        writer.add(chunk_of(1, "旅費"), 1)
        index.refresh()
        assert index.count == 0
        writer.commit()
    assert index.count == 0
    index.refresh()
    assert (index.count, index.holds(1), index.holds(2)) == (1, True, False)
    assert numbers(KeywordIndex(tmp_path), "旅費") == [1]


def test_a_revision_that_is_removed_is_not_found(tmp_path: Path) -> None:
    index = index_of(tmp_path, [(chunk_of(1, "旅費"), 1), (chunk_of(2, "旅費"), 2), (chunk_of(3, "旅費"), 1)])
    with index.writer() as writer:
        writer.remove(1)
        writer.commit()
    index.refresh()
    assert (numbers(index, "旅費"), index.count, index.holds(1)) == ([2], 1, False)


def test_a_torn_index_says_how_to_make_it_anew(tmp_path: Path) -> None:
    index_of(tmp_path, LEVELS)
    (tmp_path / "meta.json").write_text("{")
    with pytest.raises(IndexDamaged, match="python -m rag rebuild"):
        KeywordIndex(tmp_path)


def test_whatever_byte_is_torn_the_error_is_one_of_ours(tmp_path: Path) -> None:
    index_of(tmp_path / "whole", [(chunk_of(number, f"旅費を請求する。第{number}条"), 1) for number in range(60)])
    (postings,) = (tmp_path / "whole").glob("*.idx")
    data = postings.read_bytes()
    for at in range(0, len(data), 11):
        folder = tmp_path / str(at)
        shutil.copytree(tmp_path / "whole", folder)
        (folder / postings.name).write_bytes(data[:at] + bytes([data[at] ^ 0xFF]) + data[at + 1 :])
        try:
            numbers(KeywordIndex(folder), "旅費 第五条")
        except IndexDamaged:
            pass
        except BaseException as error:  # noqa: BLE001
            pytest.fail(f"byte {at}: {type(error).__name__}")
        shutil.rmtree(folder, ignore_errors=True)  # a thread of Tantivy may still be at its end


def test_nothing_is_found_where_nothing_is_wanted(tmp_path: Path) -> None:
    assert numbers(index_of(tmp_path, LEVELS), "旅費", limit=0) == []


def test_passages_of_one_score_stand_by_number_at_the_limit_too(tmp_path: Path) -> None:
    index = index_of(tmp_path, [(chunk_of(number, "旅費を請求する。"), 1) for number in (5, 3, 9, 1)])
    assert numbers(index, "旅費", limit=2) == [1, 3]


def test_delete_leaves_nothing(tmp_path: Path) -> None:
    index_of(tmp_path / "keyword", LEVELS)
    delete(tmp_path / "keyword")
    assert not (tmp_path / "keyword").exists()
    delete(tmp_path / "keyword")


@pytest.mark.parametrize("stamp", ["", "1", None])
def test_an_index_made_of_other_terms_says_so(tmp_path: Path, stamp: str | None) -> None:
    with KeywordIndex(tmp_path).writer() as writer:
        writer.commit()
    KeywordIndex(tmp_path)  # its own it opens
    file = tmp_path / "terms"
    file.unlink() if stamp is None else file.write_text(stamp)
    with pytest.raises(IndexDamaged, match="another version of Konkyo. Run: python -m rag rebuild"):
        KeywordIndex(tmp_path)
