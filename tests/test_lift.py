"""Lifting by the graph: what points to a provision in the words of the question raises it, inside the reader's scope only."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import Path

import pytest

from rag.graph import EdgeKind, Pointer
from rag.library import Library
from rag.lift import DOWN, FROM, OVER, WEIGHTS, lift
from rag.records import Filters, Kind
from rag.search import search

from .conftest import TODAY
from .small import library_at
from .test_graph import add, law

ACT = law("act", "窓口サービス法", "第三条 手数料は、免除することができる。", "第四条 帳簿は、閉庁の日までに備える。", kind=Kind.ACT)
CIRCULAR = law(
    "circular", "生活に困る人の扱い", "第一条 生活に困っている人は、窓口サービス法第三条により扱う。", kind=Kind.CIRCULAR, level=2
)
QUESTION = "生活に困っている人が来ました"


@pytest.fixture
def library(tmp_path: Path) -> Iterator[Library]:
    opened = library_at(tmp_path / "home")
    add(opened, ACT, CIRCULAR)
    yield opened
    opened.close()


def ranks(library: Library) -> list[str]:
    hits = search(library, QUESTION, clearance=3, as_of=TODAY).hits
    return [f"{hit.chunk.document_id} {hit.chunk.path[0]}" for hit in hits]


def test_a_circular_lifts_the_article_that_it_explains(library: Library) -> None:
    assert ranks(library)[:2] == ["circular 第一条", "act 第三条"]
    hits = {hit.chunk.path[0]: hit for hit in search(library, QUESTION, clearance=3, as_of=TODAY).hits if hit.chunk.document_id == "act"}
    assert hits["第三条"].parts["graph"] > 0
    assert all("graph" not in hit.parts for article, hit in hits.items() if article != "第三条")
    library.settings = replace(library.settings, off=frozenset({"graph"}))
    assert all("graph" not in hit.parts for hit in search(library, QUESTION, clearance=3, as_of=TODAY).hits)


def test_what_a_reader_may_not_see_lifts_nothing(library: Library) -> None:
    for given in ({"clearance": 1}, {"filters": Filters(documents=frozenset({"act"}))}):
        hits = search(library, QUESTION, as_of=TODAY, **{"clearance": 3, **given}).hits  # type: ignore[arg-type]
        assert all("graph" not in hit.parts for hit in hits)
        assert {hit.chunk.document_id for hit in hits} <= {"act"}


def test_a_law_lifts_nothing_of_its_own_and_one_that_is_named_is_lifted_alone(library: Library) -> None:
    other = law(
        "other", "手数料規則", "第一条 生活に困っている人の手数料は、第二条による。", "第二条 免除とする。窓口サービス法第四条を見る。"
    )
    add(library, other)

    def lifted(question: str) -> set[str]:
        hits = search(library, question, clearance=3, as_of=TODAY).hits
        return {f"{hit.chunk.document_id} {hit.chunk.path[0]}" for hit in hits if "graph" in hit.parts}

    assert "other 第二条" not in lifted(QUESTION) and "act 第三条" in lifted(QUESTION)
    assert lifted(f"手数料規則では、{QUESTION}") == set()


def pointing(*edges: tuple[int, int, EdgeKind]) -> list[Pointer]:
    return [Pointer(source=source, target=target, kind=kind) for source, target, kind in edges]


def test_the_gain_is_a_share_of_what_the_passage_stands_above_the_last() -> None:
    scores = {chunk: 300.0 - chunk for chunk in range(200)}
    lowest, gains = lift(scores, lambda chunks: pointing((1, 2, "explains"), (1, 3, "refers"), (2, 3, "applies")))
    assert lowest == scores[OVER - 1]
    assert gains == {
        2: pytest.approx(WEIGHTS["explains"] * (OVER - 2)),
        3: pytest.approx(WEIGHTS["refers"] * (OVER - 2) + WEIGHTS["applies"] * (OVER - 3)),
    }


def test_one_that_stands_lower_or_that_no_list_found_starts_at_the_lowest_score() -> None:
    scores = {chunk: 300.0 - chunk for chunk in range(200)}
    lowest, gains = lift(scores, lambda chunks: pointing((0, 900, "refers"), (0, 150, "refers")))
    gain = WEIGHTS["refers"] * (OVER - 1)
    assert gains == {900: pytest.approx(gain), 150: pytest.approx(gain + lowest - scores[150])}


def test_among_few_all_above_nothing_counts() -> None:
    assert lift({1: 3.0}, lambda chunks: pointing((1, 2, "explains")))[1] == {2: pytest.approx(WEIGHTS["explains"] * 3.0)}
    assert not lift({}, lambda chunks: [])[1]


def test_only_the_first_lift() -> None:
    asked: list[Sequence[int]] = []

    def pointers(chunks: Sequence[int]) -> list[Pointer]:
        asked.append(chunks)
        return []

    lift({chunk: 500.0 - chunk for chunk in range(300)}, pointers)
    assert asked == [list(range(FROM))]


def test_an_act_lifts_what_carries_it_out_where_that_was_found_too() -> None:
    scores = {chunk: 300.0 - chunk for chunk in range(200)}

    def carried_out(chunks: Sequence[int]) -> list[Pointer]:
        assert chunks == list(range(FROM))
        return pointing((1, 40, "delegates"), (1, 900, "delegates"), (5, 150, "delegates"))

    lowest, gains = lift(scores, lambda chunks: [], carried_out)
    assert gains == {40: pytest.approx(DOWN * (OVER - 2)), 150: pytest.approx(DOWN * (OVER - 6) + lowest - scores[150])}


def test_the_order_of_an_act_is_lifted_inside_the_readers_scope(tmp_path: Path) -> None:
    library = library_at(tmp_path / "orders")
    act = law("act", "窓口サービス法", "第二条 手数料は、政令で定める額とする。", kind=Kind.ACT)
    order = law("order", "窓口サービス法施行令", "第一条 法第二条の政令で定める額は、三百円とする。", kind=Kind.ORDER, level=2)
    add(library, act, order)

    def graph(clearance: int) -> dict[str, float]:
        hits = search(library, "手数料の額は政令でいくらですか", as_of=TODAY, clearance=clearance).hits
        return {hit.chunk.document_id: hit.parts.get("graph", 0.0) for hit in hits}

    assert graph(3)["order"] > 0
    # What the order says of the act lifts the act; alone, that is all that is left.
    assert graph(1) == {"act": 0.0}
    library.close()
