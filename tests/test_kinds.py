"""Kinds of questions, and words that meet, on the sample ministry's library."""

from __future__ import annotations

import pytest

from rag.evaluate.golden import Place, Question
from rag.evaluate.kinds import KINDS, expected, kind, rank, reciprocal, shared_words
from rag.library import Library
from rag.records import HIGHEST_LEVEL
from rag.search import search

from .conftest import TODAY


@pytest.mark.parametrize(
    ("text", "which"),
    [
        ("手数料はいくらですか", 0),
        ("How many days do I have?", 0),
        ("いつまでに出せばいいですか", 0),
        ("誰が決めますか", 1),
        ("有給を取ってもいいですか", 2),
        ("Can I take it home?", 2),
        ("どうやって申し込みますか", 3),
        ("", 3),
    ],
)
def test_a_question_has_a_kind(text: str, which: int) -> None:
    assert kind(text) == KINDS[which]


def test_the_share_of_words_is_of_the_nearest_passage() -> None:
    assert shared_words("penguin fares rise", ["A penguin pays fares.", "Something else"]) == 2 / 3
    assert shared_words("penguin", []) == 0.0
    assert shared_words("", ["A penguin pays fares."]) == 0.0


def test_the_rank_is_of_the_first_passage_that_is_expected(sample: Library) -> None:
    right = Question(id="a", text="行政文書の保存期間", language="ja", expect=(Place(document="records-directive", path="第十二条"),))
    hits = search(sample, right.text, clearance=HIGHEST_LEVEL, as_of=TODAY, limit=50).hits
    found = rank(sample, right, TODAY)
    assert hits[found - 1].chunk.document_id == "records-directive"
    assert "第十二条" in " ".join(hits[found - 1].chunk.path)
    assert all("第十二条" not in " ".join(hit.chunk.path) for hit in hits[: found - 1] if hit.chunk.document_id == "records-directive")
    assert rank(sample, Question(id="b", text=right.text, language="ja", expect=(Place(document="nowhere"),)), TODAY) == 0
    assert [reciprocal(place) for place in (0, 1, 4)] == [0.0, 1.0, 1 / 4]


def test_the_expected_passages_are_those_in_force_that_day(sample: Library) -> None:
    place = Place(document="act", path="第十条")
    now = expected(sample, Question(id="a", text="?", language="ja", expect=(place,)), TODAY)
    later = expected(sample, Question(id="a", text="?", language="ja", expect=(place,), as_of=TODAY.replace(year=2027)), TODAY)
    assert now
    assert all("第十条" in passage for passage in now + later)
    assert now != later  # the act is amended from April 2027
