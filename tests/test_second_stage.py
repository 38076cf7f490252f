"""The second stage: every feature is its formula, worked out by hand on a few passages; and what binds more or is newer stands first."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from datetime import date
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

from rag import terms
from rag.index.forward import Passage, decode, encode, family
from rag.question import Question, understand
from rag.records import Kind
from rag.search import AUTHORITY, NEWER, search
from rag.second_stage import FEATURES, LIKE, MEANT, WEIGHTS, Candidate, features, parts, weights

from .conftest import TODAY
from .small import document, library_at, publish

IDF = {"claim": 2.0, "fare": 3.0, "rail": 1.0, "travel": 4.0}


def rarity(words: Iterable[str], field: str) -> Mapping[str, float]:
    return {word: IDF.get(word, 0.5) for word in words}


def passage(head: str, body: str) -> Passage:
    made, words = terms.words(head), terms.words(body)
    return decode(encode(head, made, words), " ".join(made))


def candidate(number: int, head: str, body: str, first: float = 0.0) -> Candidate:
    return Candidate(chunk=number, passage=passage(head, body), keyword=0.5, cosines={"vector": 0.25}, first=first)


def column(name: str, question: Question, candidates: Sequence[Candidate]) -> list[float]:
    values = features(question, candidates, rarity, None)
    return [float(value) for value in values[:, FEATURES.index(name)]]


ASKED = understand("Who pays the rail fare?")
"""Content words: pays (0.5), rail (1.0), fare (3.0)."""
SOME = [candidate(1, "Travel", "The fare is paid."), candidate(2, "Rail fare", "By rail."), candidate(3, "", "Nothing else.")]


def test_a_passage_is_stored_and_read_again() -> None:
    read = passage("Rail fares", "By rail, a fare. By bus.")
    assert read.head == ("rail", "fare")
    words = ["rail", "fare", "", "by", "rail", "a", "fare", "by", "bus"]
    assert read.order.tolist() == [terms.number(word) for word in words]
    assert read.different.tolist() == sorted({terms.number(word) for word in words} - {terms.number("")})
    assert read.family == terms.number("Rail fares")


@pytest.mark.parametrize(
    ("context", "name"),
    [
        ("法人税法 第一条（趣旨）", "法人税法"),
        ("法人税基本通達 15-1-24 通信業の範囲", "法人税基本通達"),
        ("Fees Act Article 12", "Fees Act"),
        ("Document 1 3.2.1.(a)", "Document 1"),
        ("公共サービス省職員旅費取扱規程\n第三章 第十二条", "公共サービス省職員旅費取扱規程"),
        ("Travel guide", "Travel guide"),
        ("第一条", "第一条"),
        ("", ""),
    ],
)
def test_the_passages_of_one_law_are_of_one_family(context: str, name: str) -> None:
    assert family(context) == name


def test_covered_is_the_share_of_the_idf() -> None:
    total = 0.5 + 1.0 + 3.0
    # "paid" and "pays" are two stems.
    assert column("covered", ASKED, SOME) == pytest.approx([3.0 / total, (1.0 + 3.0) / total, 0.0])


def test_asked_counts_the_sentence_that_asks() -> None:
    question = understand("I travel. Who pays the fare?")
    got = column("asked", question, [candidate(1, "", "Travel."), candidate(2, "", "The fare.")])
    assert got == pytest.approx([0.0, 3.0 / (0.5 + 3.0)])


def test_neighbours_are_pairs_of_the_question_side_by_side() -> None:
    # who-pay, pay-the, the-rail, rail-fare: each by the lower idf of the two.
    total = 0.5 + 0.5 + 0.5 + 1.0
    assert column("neighbours", ASKED, SOME) == pytest.approx([0.0, 1.0 / total, 0.0])
    # head and text do not touch.
    assert column("neighbours", ASKED, [candidate(1, "rail", "fare")]) == [0.0]


def test_titled_is_the_share_of_the_head() -> None:
    assert column("titled", ASKED, SOME) == pytest.approx([0.0 / 4.0, (1.0 + 3.0) / (1.0 + 3.0), 0.0])


def test_dense_is_by_the_number_of_different_words() -> None:
    # travel the fare is paid; rail fare by; nothing else. Two more, so that a bare heading does not win.
    assert column("dense", ASKED, SOME) == pytest.approx([3.0 / (5 + 2), (1.0 + 3.0) / (3 + 2), 0.0])


def test_families_are_measured_by_their_best() -> None:
    some = [candidate(1, "A", "x", 1.0), candidate(2, "A", "x", 0.8), candidate(3, "B", "x", 0.9), candidate(4, "B", "x", 0.2)]
    assert column("family", ASKED, some) == pytest.approx([0.0, 0.0, 0.9 - 1.0, 0.9 - 1.0])
    # What a family lacks counts as the lowest score.
    a, b = (1.0 + 0.8 + 0.2) / 3, (0.9 + 0.2 + 0.2) / 3
    assert column("family_three", ASKED, some) == pytest.approx([0.0, 0.0, b - a, b - a])


def test_alike_counts_official_words_and_like_words() -> None:
    question = replace(ASKED, meant={"fare": (frozenset({"carriag", "charg"}),)})
    total = 0.5 + 1.0 + 3.0
    some = [candidate(1, "", "Carriage charges."), candidate(2, "", "Carriage only."), candidate(3, "", "Train.")]

    def alike(words: Sequence[str], numbers: NDArray[np.uint32]) -> NDArray[np.float32]:
        out = np.zeros((len(words), len(numbers)), dtype=np.float32)
        out[list(words).index("rail"), numbers == terms.number("train")] = 0.7
        return out

    got = features(question, some, rarity, alike)[:, FEATURES.index("alike")]
    assert got.tolist() == pytest.approx([MEANT * 3.0 / total, 0.0, (0.7 - LIKE) / (1 - LIKE) * 1.0 / total])


def test_parts_are_weight_times_feature() -> None:
    values = features(ASKED, SOME, rarity, None) * weights("en")
    given = parts(ASKED, SOME, rarity, None)
    for row, one in zip(values, SOME, strict=True):
        assert sum(given[one.chunk].values()) == pytest.approx(float(row.sum()))
    assert set(given[1]) <= set(FEATURES)
    assert parts(ASKED, [], rarity, None) == {}


def test_nothing_is_asked_and_passages_may_be_empty() -> None:
    nothing = understand("")
    assert np.isfinite(features(nothing, SOME, rarity, None)).all()
    assert np.isfinite(features(ASKED, [candidate(1, "", ""), candidate(2, "", "")], rarity, None)).all()


def test_the_weights_are_readable_and_none_is_below_nothing() -> None:
    learned = json.loads(WEIGHTS.read_text(encoding="utf-8"))["weights"]
    assert set(learned) == {"ja", "en"}
    for mine in learned.values():
        assert set(mine) <= set(FEATURES)
        assert min(mine.values()) > 0
        assert sum(mine.values()) == pytest.approx(3.0, abs=0.01)


def test_of_two_alike_the_higher_and_then_the_newer_stands_first(tmp_path: Path) -> None:
    library = library_at(tmp_path / "home")
    same = "期限は十日とする。"
    old, new = date(2020, 4, 1), date(2024, 4, 1)
    publish(
        library,
        [
            document("manual", same, title="規程", kind=Kind.MANUAL, effective_from=new),
            document("older", same, title="規程", kind=Kind.DIRECTIVE, effective_from=old),
            document("newer", same, title="規程", kind=Kind.DIRECTIVE, effective_from=new),
            document("act", same, title="規程", kind=Kind.ACT, effective_from=old),
        ],
    )
    hits = search(library, "期限", clearance=3, as_of=TODAY).hits
    assert [hit.chunk.document_id for hit in hits] == ["act", "newer", "older", "manual"]
    assert hits[0].parts["authority"] == AUTHORITY
    assert (hits[1].parts["newer"], hits[2].parts["newer"]) == (NEWER, 0.0)
    library.close()
