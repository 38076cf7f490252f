"""What staff asked in vain is grouped and counted, until somebody has dealt with it; how the library is used."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import pytest

from rag.ask import ask
from rag.desk import feedback, gaps
from rag.desk.coming import coming_changes
from rag.library import Library
from rag.registry.questions import Asked
from tests.conftest import TODAY
from tests.small import document, library_at, publish


@pytest.fixture(params=["text", "terms"])
def library(tmp_path: Path, request: pytest.FixtureRequest) -> Iterator[Library]:
    opened = library_at(tmp_path / "home", keep_questions=request.param)
    publish(opened, [document("rule", "The office approves travel."), document("other", "Parking is free.")])
    yield opened
    opened.close()


def put(library: Library, question: str, seconds: float = 0.1) -> None:
    assert feedback.record_asked(library, ask(library, question, clearance=3, as_of=TODAY), seconds)


VAIN = ["zoo zebra feeding hours", "feeding hours of the zebra", "ズワイガニの漁獲枠", "zebra feeding hours"]


def test_questions_like_each_other_make_one_group(library: Library) -> None:
    for question in VAIN:
        put(library, question)
    put(library, "Who approves travel?")
    found = gaps.gaps(library)
    assert [(gap.count, gap.refused) for gap in found] == [(3, 3), (1, 1)]
    put(library, VAIN[1])
    assert [gap.first for gap in gaps.gaps(library)] == [gap.first for gap in found]
    gaps.close(library, found[0].question, how="note", note="There is no zoo.", user="kato")
    assert [gap.count for gap in gaps.gaps(library)] == [1]
    put(library, VAIN[0])  # asked again afterwards: it is open again
    assert sorted(gap.count for gap in gaps.gaps(library)) == [1, 1]


def test_that_both_name_an_article_makes_two_questions_no_more_alike(library: Library) -> None:
    for question in ("第三条の漁獲枠", "第十二条の馬術", "第十二条の漁獲枠"):
        put(library, question)
    assert sorted(gap.count for gap in gaps.gaps(library)) == [1, 2]
    assert not any(word in gap.question.split() for gap in gaps.gaps(library) for word in ("第", "条", "十二"))


def test_an_answer_found_wrong_is_a_gap_with_its_reason(library: Library) -> None:
    answer = ask(library, "Who approves travel?", clearance=3, as_of=TODAY)
    feedback.record(library, answer, "right")
    assert gaps.gaps(library) == []
    feedback.record(library, answer, "wrong", "It is the counter now.")
    (gap,) = gaps.gaps(library)
    assert (gap.wrong, gap.reasons) == (1, ("It is the counter now.",))


def test_usage(library: Library) -> None:
    put(library, "Who approves travel?", 0.2)
    put(library, "Who approves travel?", 0.4)
    put(library, VAIN[2], 0.9)
    used = gaps.usage(library)
    (today,) = used.days
    assert (today.asked, today.refused, today.seconds_median, today.seconds_slowest) == (3, 1, 0.4, 0.9)
    assert used.csv() == f"day,questions,refused,seconds_median,seconds_slowest\n{today.day.isoformat()},3,1,0.40,0.90\n"
    assert used.most_cited[0] == ("rule", 2)
    titles = {"other": "Parking", "never": '=1+1, "a title"', "rule": "Travel"}
    told = ["document,title,times_cited", "rule,Travel,2", """never,"'=1+1, ""a title""\",0""", "other,Parking,0"]
    assert used.cited_csv(titles).splitlines() == told
    assert "rule" not in used.never_cited
    assert (used.seconds_median, used.seconds_slowest) == (0.4, 0.9)


def test_the_time_to_answer_is_told_of_each_day() -> None:
    first = datetime(2026, 11, 20, 3, tzinfo=UTC)
    what = {"answer": "", "form": "off", "question": "", "language": "en", "outcome": "answered", "reason": "", "cited": ()}
    asked = [
        Asked(at=first + timedelta(days=later), seconds=seconds, **what)  # type: ignore[arg-type]
        for later, seconds in ((2, 9.0), (0, 1.0), (0, 3.0), (2, 2.0), (2, 4.0))
    ]
    days = gaps._days(asked)
    assert [(day.asked, day.seconds_median, day.seconds_slowest) for day in days] == [(2, 2.0, 3.0), (3, 4.0, 9.0)]
    assert days[1].day - days[0].day == timedelta(days=2)


# ------------------------------------------------------------ what is to come


@pytest.mark.parametrize(
    ("as_of", "told"), [(date(2027, 1, 30), False), (date(2027, 1, 31), True), (date(2027, 3, 31), True), (date(2027, 4, 1), False)]
)
def test_a_change_is_told_sixty_days_before(tmp_path: Path, as_of: date, told: bool) -> None:
    library = library_at(tmp_path / "home")
    publish(
        library,
        [
            document("rule", "The office approves travel.", uri="a.md", effective_from=date(2020, 4, 1)),
            document("rule", "The counter approves travel.", uri="b.md", effective_from=date(2027, 4, 1)),
        ],
    )
    answer = ask(library, "Who approves travel?", clearance=3, as_of=as_of)
    citations = [citation for statement in answer.statements for citation in statement.citations]
    assert citations
    coming = coming_changes(library, citations, as_of, clearance=3)
    assert [entry.day for entry in coming] == ([date(2027, 4, 1)] if told else [])
    for entry in coming:
        assert entry.change is not None and "counter" in "".join(piece.text for line in entry.change.new for piece in line)


def test_a_document_that_will_be_replaced_is_told_and_a_secret_one_is_not(tmp_path: Path) -> None:
    library = library_at(tmp_path / "home")
    new = document("new", "The counter approves travel.", replaces="rule", effective_from=date(2026, 12, 1), level=2)
    publish(library, [document("rule", "The office approves travel."), new])
    answer = ask(library, "Who approves travel?", clearance=3, as_of=TODAY)
    citations = [citation for statement in answer.statements for citation in statement.citations]
    (entry,) = coming_changes(library, citations, TODAY, clearance=2)
    assert (entry.revision.document_id, entry.change) == ("new", None)
    assert coming_changes(library, citations, TODAY, clearance=1) == []
