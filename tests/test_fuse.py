"""Fusion by rank and by score: the numbers by hand, and the order beside the formula in exact fractions."""

from __future__ import annotations

from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rag.index.fuse import K, by_score, reciprocal_rank


def test_the_scores_are_sums_of_reciprocal_ranks() -> None:
    fused = reciprocal_rank({"keyword": [10, 20, 30], "vector": [30, 40]})
    scores = {entry.chunk: entry.score for entry in fused}
    assert scores[30] == pytest.approx((1 / (60 + 3)) + (1 / (60 + 1)))
    assert scores[10] == pytest.approx(1 / (60 + 1))
    assert scores[20] == pytest.approx(1 / (60 + 2))
    assert scores[40] == pytest.approx(1 / (60 + 2))
    assert [entry.chunk for entry in fused] == [30, 10, 20, 40]


def test_found_by_names_the_rank_in_each_list() -> None:
    fused = reciprocal_rank({"keyword": [10, 30], "vector": [30]})
    assert {entry.chunk: dict(entry.found_by) for entry in fused} == {10: {"keyword": 1}, 30: {"keyword": 2, "vector": 1}}


def test_weights_multiply_a_list_and_k_flattens_it() -> None:
    fused = reciprocal_rank({"keyword": [1, 2], "vector": [2, 1]}, {"vector": 2.0}, k=10)
    assert {entry.chunk: entry.score for entry in fused} == {
        1: pytest.approx((1 / (10 + 1)) + (2 / (10 + 2))),
        2: pytest.approx((1 / (10 + 2)) + (2 / (10 + 1))),
    }
    assert [entry.chunk for entry in fused] == [2, 1]


def test_two_of_one_score_stand_by_their_best_rank_and_then_by_number() -> None:
    # 7 and 5 are first and second in one list each, and the other way about: one score, one best rank.
    assert [entry.chunk for entry in reciprocal_rank({"keyword": [7, 5], "vector": [5, 7]})] == [5, 7]
    # 1/(0+2) + 1/(0+2) = 1/(0+1): with k = 0, twice second is as good as once first; first stands first.
    fused = reciprocal_rank({"keyword": [9, 3], "vector": [8, 3]}, k=0)
    assert [(entry.chunk, entry.score) for entry in fused] == [(8, 1.0), (9, 1.0), (3, 1 / 2 + 1 / 2)]


def test_nothing_fuses_to_nothing() -> None:
    assert reciprocal_rank({}) == reciprocal_rank({"keyword": [], "vector": []}) == []


RANKED = st.lists(st.integers(1, 40), unique=True, max_size=25)


@given(st.dictionaries(st.sampled_from(["keyword", "vector", "address"]), RANKED))
def test_the_order_is_that_of_the_formula(lists: dict[str, list[int]]) -> None:
    exact = {
        chunk: sum(Fraction(1, K + chunks.index(chunk) + 1) for chunks in lists.values() if chunk in chunks)
        for chunk in {chunk for chunks in lists.values() for chunk in chunks}
    }
    fused = reciprocal_rank(lists)
    assert {entry.chunk for entry in fused} == set(exact)
    for entry in fused:
        assert entry.score == pytest.approx(float(exact[entry.chunk]), rel=1e-12)
    # Different ranks can give one sum only as equal fractions; rounding may part those, nothing else.
    order = [exact[entry.chunk] for entry in fused]
    assert order == sorted(order, reverse=True)


@given(RANKED)
def test_one_list_keeps_its_order(chunks: list[int]) -> None:
    assert [entry.chunk for entry in reciprocal_rank({"keyword": chunks})] == chunks


# ---------------------------------------------------------------- by score


def test_a_score_is_the_share_of_the_best_keyword_score_and_the_votes() -> None:
    fused = by_score({10: 8.0, 20: 2.0, 30: 4.0}, {"vector": (0.4, {20: 0.9, 40: 0.5}), "vector-ja": (1.0, {30: 0.2, 40: -0.1})})
    assert {entry.chunk: entry.score for entry in fused} == {
        10: pytest.approx(8 / 8),
        20: pytest.approx(2 / 8 + 0.4 * 0.9),
        30: pytest.approx(4 / 8 + 1.0 * 0.2),
        40: pytest.approx(0.4 * 0.5 + 1.0 * -0.1),
    }
    assert [entry.chunk for entry in fused] == [10, 30, 20, 40]


def test_the_distances_of_the_keyword_scores_are_kept() -> None:
    # By rank 2 and 3 would be as far apart as 1 and 2.
    fused = by_score({1: 10.0, 2: 9.0, 3: 1.0}, {})
    assert [entry.score for entry in fused] == [10 / 10, 9 / 10, 1 / 10]


def test_found_by_names_the_rank_by_score() -> None:
    fused = by_score({10: 1.0, 30: 3.0}, {"vector": (0.4, {30: 0.1, 40: 0.7}), "vector-ja": (1.0, {50: 0.3, 40: 0.2})})
    assert {entry.chunk: dict(entry.found_by) for entry in fused} == {
        30: {"keyword": 1, "vector": 2},
        10: {"keyword": 2},
        40: {"vector": 1, "vector-ja": 2},
        50: {"vector-ja": 1},
    }


def test_of_one_score_the_lower_number_stands_first() -> None:
    assert [entry.chunk for entry in by_score({9: 2.0, 3: 2.0, 5: 2.0}, {})] == [3, 5, 9]
    tied = by_score({7: 4.0, 6: 2.0}, {"vector": (1.0, {5: 0.5})})  # 2/4 + 0 = 0 + 1.0 * 0.5
    assert [(entry.chunk, entry.score) for entry in tied] == [(7, 1.0), (5, 0.5), (6, 0.5)]


def test_without_keywords_the_cosines_decide_and_nothing_is_divided_by_zero() -> None:
    assert [(e.chunk, e.score) for e in by_score({}, {"vector": (0.5, {1: 0.2, 2: 0.4})})] == [(2, 0.5 * 0.4), (1, 0.5 * 0.2)]
    assert [(e.chunk, e.score) for e in by_score({1: 0.0}, {})] == [(1, 0.0)]
    assert by_score({}, {}) == by_score({}, {"vector": (1.0, {})}) == []


SCORED = st.dictionaries(st.integers(1, 40), st.integers(1, 64).map(float), max_size=25)
COSINES = st.dictionaries(st.integers(1, 40), st.integers(-8, 8).map(lambda eighths: eighths / 8), max_size=25)


@given(SCORED, st.dictionaries(st.sampled_from("abc"), st.tuples(st.sampled_from([0.25, 0.5, 1.0]), COSINES), max_size=3))
def test_the_order_is_that_of_the_sum(keyword: dict[int, float], similar: dict[str, tuple[float, dict[int, float]]]) -> None:
    top = Fraction(max(keyword.values(), default=1.0))
    exact = {
        chunk: Fraction(keyword.get(chunk, 0.0)) / top
        + sum(Fraction(vote) * Fraction(cosines.get(chunk, 0.0)) for vote, cosines in similar.values())
        for chunk in {*keyword, *(chunk for _, cosines in similar.values() for chunk in cosines)}
    }
    fused = by_score(keyword, similar)
    assert {entry.chunk for entry in fused} == set(exact)
    for entry in fused:
        assert entry.score == pytest.approx(float(exact[entry.chunk]), abs=1e-12)
        assert ("keyword" in entry.found_by) is (entry.chunk in keyword)
        assert all((name in entry.found_by) is (entry.chunk in cosines) for name, (_, cosines) in similar.items())
    order = [float(exact[entry.chunk]) for entry in fused]
    assert all(before >= after - 1e-12 for before, after in zip(order, order[1:], strict=False))
