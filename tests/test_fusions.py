"""Ways to fuse: the expected orders by hand, and the lists as search has them."""

from __future__ import annotations

from rag.evaluate.fusions import FUSIONS, Lists, by_rank, first, lists, scored
from rag.library import Library
from rag.records import Chunk, Span

from .conftest import TODAY


def chunk(number: int) -> Chunk:
    return Chunk(
        id=number, document_id=str(number), revision="", ordinal=0, span=Span(start=0, end=1), path=(), pages=(), level=1, text="x"
    )


FOUND = Lists(
    keyword={1: 10.0, 2: 5.0, 3: 1.0},
    similar={"vector": (0.5, {1: 0.1, 2: 0.9, 3: 0.95, 4: 0.8})},
    by_keyword=[1, 2],
    near=[[3, 2, 4]],
    chunks={number: chunk(number) for number in (1, 2, 3, 4)},
)


def test_each_fusion_by_hand() -> None:
    # by score: 1 -> 1 + .05, 2 -> .5 + .45, 3 -> .1 + .475, 4 -> .4
    # by rank, k = 60: 2 -> 1/62 + 1/62; 1 and 3 -> 1/61, the lower number first; 4 -> 1/63
    # weighted: 2 -> 1/62 + .5/62; 1 -> 1/61; 3 -> .5/61; 4 -> .5/63
    assert {name: fusion(FOUND) for name, fusion in FUSIONS.items()} == {
        "keywords alone": [1, 2],
        "vectors alone": [3, 2, 4],
        "reciprocal rank": [2, 1, 3, 4],
        "reciprocal rank, weighted": [2, 1, 3, 4],
        "by score": [1, 2, 3, 4],
    }


def test_the_constants_matter() -> None:
    assert by_rank(FOUND, k=0, voting=True)[:2] == [1, 2]  # 1/1 against 1/2 + .5/2
    assert scored(FOUND, times=0.0) == [1, 2, 3, 4]
    assert scored(FOUND, times=4.0)[0] == 2  # .5 + 4 * .45 against 1 + 4 * .05 and .1 + 4 * .475


def test_the_first_that_is_right() -> None:
    assert first([4, 3, 2], FOUND, lambda one: one.id == 2) == 3
    assert first([4, 3, 2], FOUND, lambda one: one.id == 1) == 0
    assert first([9, 2], FOUND, lambda one: one.id == 2) == 1  # 9 is not visible


def test_the_lists_are_those_of_search(sample: Library) -> None:
    found = lists(sample, "年次休暇は何日ありますか", TODAY)
    assert found.by_keyword
    assert found.near
    candidates = {*found.by_keyword, *(chunk for some in found.near for chunk in some)}
    assert set(found.chunks) == candidates
    assert found.by_keyword == sorted(found.by_keyword, key=lambda chunk: (-found.keyword[chunk], chunk))
    for fusion in FUSIONS.values():
        order = fusion(found)
        assert len(set(order)) == len(order)
        assert set(order) <= candidates
