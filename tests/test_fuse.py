"""Reciprocal rank fusion: the numbers by hand, and the order beside the paper's formula in exact fractions."""

from __future__ import annotations

from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rag.index.fuse import K, reciprocal_rank


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
