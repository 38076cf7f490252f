"""draft -> checked -> published -> retired: what is not published is never found, whoever asks and however."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from datetime import date
from pathlib import Path
from typing import Any

import pytest

from rag.ask import ask
from rag.desk.correct import correct
from rag.desk.preview import Preview
from rag.desk.publish import check, find, publish, retire
from rag.errors import GateClosed, GoldenRegressed, LibraryError, LibraryLocked, UnknownDocument
from rag.ingest import Ingester, Result, ingest
from rag.library import Library
from rag.records import Document
from rag.registry import CHECKED, DRAFT, PUBLISHED, RETIRED
from tests.conftest import TODAY
from tests.small import document, found, library_at, vectors
from tests.small import publish as publish_at_once

DATES: dict[str, Any] = {"issued": date(2026, 3, 1), "effective_from": date(2026, 4, 1)}
TWO_DAYS = (("office", date(2020, 4, 1)), ("counter", date(2026, 4, 1)))


@pytest.fixture
def library(tmp_path: Path) -> Iterator[Library]:
    opened = library_at(tmp_path / "home")
    yield opened
    opened.close()


def draft(library: Library, *documents: Document) -> list[int]:
    with Ingester(library, draft=True, user="kato", clearance=3) as ingester:
        for item in documents:
            ingester.add(item)
        ingester.flush()
    ids = {item.id for item in documents}
    return [r.number for r in library.registry.revisions(DRAFT, CHECKED) if r.document_id in ids]


def put_out(library: Library, numbers: Sequence[int], **more: str) -> None:
    publish(library, numbers, user="kato", clearance=3, today=TODAY, **more)  # type: ignore[arg-type]


def test_a_draft_is_not_found_until_it_is_published(library: Library) -> None:
    publish_at_once(library, [document("old", "Parking is free.")])
    numbers = draft(library, document("new", "Travel is booked at the counter.", **DATES))
    assert found(library, "travel counter") == ["old"]
    for revision in ("", library.registry.documents(numbers)[numbers[0]].revision):
        with pytest.raises(UnknownDocument):
            library.document("new", revision, clearance=3)
    check(library, numbers, user="kato", clearance=3, today=TODAY)
    assert [r.state for r in library.registry.revisions() if r.document_id == "new"] == [CHECKED]
    assert found(library, "travel counter") == ["old"]
    put_out(library, numbers)
    assert found(library, "travel counter") == ["new", "old"]
    assert library.troubles() == []
    assert (library.keyword.count, vectors(library).count) == library.registry.counts() == (2, 2)


def test_the_gate_stops_what_is_wrong_until_there_is_a_reason(library: Library) -> None:
    numbers = draft(library, document("rule", "Travel is booked at the counter."))  # nobody said from when
    check(library, numbers, user="kato", clearance=3, today=TODAY)
    assert find(library, "rule", DRAFT, CHECKED).state == DRAFT
    with pytest.raises(GateClosed, match="from when it applies"):
        put_out(library, numbers)
    with pytest.raises(GateClosed):
        put_out(library, numbers, reason="  ")
    assert found(library, "travel") == []
    put_out(library, numbers, reason="It has always applied.")
    assert found(library, "travel") == ["rule"]
    (event,) = [event for event in library.registry.events.all("rule") if event.action == "publish"]
    assert event.user == "kato" and json.loads(event.detail)["reason"] == "It has always applied."


def test_what_is_staged_is_seen_by_the_preview_alone(library: Library) -> None:
    publish_at_once(library, [document("rule", "Travel is booked by the office.", **DATES), document("other", "Parking is free.")])
    numbers = draft(library, document("rule", "Travel is booked at the counter.", **DATES))
    seen: list[list[str]] = []

    def before(staged: Sequence[int]) -> None:
        assert staged == numbers
        for reader in (Preview(library, staged), library, library_at(library.home)):
            seen.append([hit.chunk.text for hit in ask(reader, "Where is travel booked?", clearance=3, as_of=TODAY).hits[:1]])

    publish(library, numbers, user="kato", clearance=3, today=TODAY, before=before)
    assert seen == [["Travel is booked at the counter."], ["Travel is booked by the office."], ["Travel is booked by the office."]]
    assert [hit.chunk.text for hit in ask(library, "Where is travel booked?", clearance=3, as_of=TODAY).hits[:1]] == seen[0]


def test_what_is_refused_at_the_last_moment_leaves_everything_as_it_was(library: Library) -> None:
    publish_at_once(library, [document("rule", "Travel is booked by the office.", **DATES)])
    numbers = draft(library, document("rule", "Travel is booked at the counter.", **DATES))

    def before(staged: Sequence[int]) -> None:
        raise GoldenRegressed("no")

    with pytest.raises(GoldenRegressed):
        publish(library, numbers, user="kato", clearance=3, today=TODAY, before=before)
    assert find(library, "rule", DRAFT, CHECKED).number == numbers[0]
    assert (library.keyword.count, vectors(library).count) == library.registry.counts() == (1, 1)
    put_out(library, numbers)
    assert (library.keyword.count, vectors(library).count) == library.registry.counts() == (1, 1)
    assert "counter" in library.document("rule", clearance=3).text


def test_all_at_once_or_none(library: Library) -> None:
    one = draft(library, document("one", "Travel is booked at the counter.", **DATES))
    two = draft(library, document("two", "Parking is free for everybody.", **DATES))
    library.registry.desk.drop_drafts(two, user="kato")
    with pytest.raises(LibraryError, match="somebody else"):
        put_out(library, one + two)
    assert found(library, "travel parking") == []
    assert (library.keyword.count, vectors(library).count) == (0, 0)


def test_two_managers_at_once(library: Library) -> None:
    numbers = draft(library, document("rule", "Travel is booked at the counter.", **DATES))
    with Ingester(library, clearance=3), pytest.raises(LibraryLocked):
        put_out(library, numbers)
    put_out(library, numbers)
    with pytest.raises(LibraryError, match="somebody else"):
        put_out(library, numbers)
    assert found(library, "travel") == ["rule"]


def test_a_new_draft_takes_the_place_of_the_one_before(library: Library) -> None:
    draft(library, document("rule", "Travel is booked at the desk.", **DATES))
    (number,) = draft(library, document("rule", "Travel is booked at the counter.", **DATES))
    assert "counter" in library.registry.documents([number])[number].text


def test_retired_is_not_found_and_does_not_come_back_by_itself(tmp_path: Path) -> None:
    library = library_at(tmp_path / "home")
    folder = tmp_path / "folder"
    folder.mkdir()
    (folder / "rule.md").write_text("# Rule\n\nTravel is booked at the counter.\n")
    (folder / "other.md").write_text("# Other\n\nParking is free.\n")
    (rule,) = [o.document_id for o in ingest(library, [folder], level=1) if o.name == "rule.md"]
    answer = ask(library, "Where is travel booked?", clearance=3, as_of=TODAY)
    (citation, *_) = answer.statements[0].citations
    retire(library, rule, user="kato", clearance=3, reason="The counter is closed.")
    assert rule not in found(library, "travel counter")
    with pytest.raises(UnknownDocument):
        library.document(rule, clearance=3)
    assert citation.quote in library.document(rule, citation.revision, clearance=3).text, "an old answer can still be looked up"
    assert (library.keyword.count, vectors(library).count) == library.registry.counts() == (1, 1)
    outcomes = {o.name: o for o in ingest(library, [folder], level=1)}
    assert outcomes["rule.md"].result is Result.UNCHANGED and "retired" in outcomes["rule.md"].reason
    assert rule not in found(library, "travel counter")
    put_out(library, [find(library, rule, RETIRED).number])
    assert found(library, "travel counter")[0] == rule
    library.close()


def test_ingest_publishes_at_once_and_takes_the_place_of_a_draft_of_the_same_file(library: Library) -> None:
    new = document("rule", "Travel is booked at the counter.", **DATES)
    draft(library, new)
    publish_at_once(library, [new])
    assert [r.state for r in library.registry.revisions()] == [PUBLISHED]
    assert found(library, "travel") == ["rule"]


@pytest.mark.parametrize("published", [False, True])
def test_a_correction_outlives_a_new_reading(tmp_path: Path, published: bool) -> None:
    library = library_at(tmp_path / "home")
    folder = tmp_path / "folder"
    folder.mkdir()
    (folder / "rule.md").write_text("# Rule\n\nTravel is booked at the counter.\n")
    (outcome,) = ingest(library, [folder], level=1, draft=not published)
    state = (PUBLISHED,) if published else (DRAFT, CHECKED)
    correct(library, outcome.document_id, {"title": "旅費規程", "level": "2", "effective_from": "2026-04-01"}, user="kato", clearance=3)
    now = find(library, outcome.document_id, *state)
    assert (now.source.title, now.source.level, now.source.effective_from) == ("旅費規程", 2, date(2026, 4, 1))
    assert len(library.registry.revisions(*state)) == 1
    assert found(library, "travel", clearance=1) == []
    assert found(library, "travel", clearance=2) == ([outcome.document_id] if published else [])
    (again,) = ingest(library, [folder], level=1, draft=not published)
    assert again.result is Result.UNCHANGED
    (folder / "rule.md").write_text("# Rule\n\nTravel is booked on the page.\n")  # another file, of the same document
    (new,) = ingest(library, [folder], level=1, draft=not published)
    assert new.result is Result.REVISED
    after = find(library, outcome.document_id, *state)
    assert (after.source.title, after.source.level) == ("旅費規程", 2), "what holds for the document holds for its next revision"
    assert after.source.effective_from is None, "and what holds for one revision does not"
    library.close()


def test_a_raised_level_holds_for_every_revision_and_a_lowered_one_for_the_newest(library: Library) -> None:
    old, new = (document("rule", f"The {words} books travel.", uri=f"{words}.md", effective_from=day) for words, day in TWO_DAYS)
    publish_at_once(library, [old, new])
    draft(library, document("rule", "Each traveller books travel.", uri="counter.md", effective_from=date(2026, 8, 1)))
    correct(library, "rule", {"level": "3"}, user="kato", clearance=3)
    levels = [(r.state, r.source.uri, r.source.level) for r in library.registry.revisions(PUBLISHED, DRAFT)]
    assert levels == [(PUBLISHED, "office.md", 3), (PUBLISHED, "counter.md", 3), (DRAFT, "counter.md", 3)]
    for _, day in TWO_DAYS:
        assert [bool(found(library, "travel", clearance=clearance, as_of=day)) for clearance in (2, 3)] == [False, True]
    assert (library.keyword.count, vectors(library).count) == library.registry.counts() == (2, 2)
    correct(library, "rule", {"level": "1"}, user="kato", clearance=3)
    assert [(r.state, r.source.level) for r in library.registry.revisions(PUBLISHED, DRAFT)] == [(PUBLISHED, 3), (PUBLISHED, 3), (DRAFT, 1)]


def test_what_was_retired_before_a_level_was_raised_comes_back_with_it(library: Library) -> None:
    old, new = (document("rule", f"The {words} books travel.", uri=f"{words}.md", effective_from=day) for words, day in TWO_DAYS)
    publish_at_once(library, [old, new])
    retired = retire(library, "rule", user="kato", clearance=3, reason="wrong", sha256=old.revision)
    correct(library, "rule", {"level": "3"}, user="kato", clearance=3)
    put_out(library, [revision.number for revision in retired], reason="right after all")
    assert [(r.source.uri, r.source.level) for r in library.registry.revisions(PUBLISHED)] == [("office.md", 3), ("counter.md", 3)]
    day = TWO_DAYS[0][1]
    assert [bool(found(library, "travel", clearance=clearance, as_of=day)) for clearance in (2, 3)] == [False, True]


def test_a_correction_leaves_the_draft_of_the_next_text_of_its_file(library: Library) -> None:
    publish_at_once(library, [document("rule", "Travel is booked by the office.", **DATES)])
    (waiting,) = draft(library, document("rule", "Travel is booked at the counter.", **DATES))
    correct(library, "rule", {"title": "旅費規程"}, user="kato", clearance=3, sha256=library.registry.revisions(PUBLISHED)[0].sha256)
    assert [r.source.title for r in library.registry.revisions(PUBLISHED)] == ["旅費規程"]
    assert [r.number for r in library.registry.revisions(DRAFT)] == [waiting]


@pytest.mark.parametrize("values", [{"colour": "red"}, {"level": "4"}, {"issued": "yesterday"}, {"kind": "poem"}])
def test_a_correction_that_makes_no_sense(library: Library, values: dict[str, str]) -> None:
    draft(library, document("rule", "Travel is booked at the counter.", **DATES))
    with pytest.raises(ValueError, match=next(iter(values.values())) + "|colour"):
        correct(library, "rule", values, user="kato", clearance=3)
    assert library.registry.desk.corrections() == {}


def test_a_reason_is_kept_with_those_that_needed_one(library: Library) -> None:
    draft(library, document("dated", "Travel is booked at the counter.", **DATES))
    draft(library, document("undated", "Parking is free.", issued=TODAY))
    numbers = [r.number for r in library.registry.revisions(DRAFT)]
    check(library, numbers, user="kato", clearance=3, today=TODAY, reason="It has always applied.")
    put_out(library, numbers, reason="It has always applied.")
    kept = {(event.action, event.subject): json.loads(event.detail)["reason"] for event in library.registry.events.all()}
    assert kept["publish", "undated"] == kept["checked", "undated"] == "It has always applied."
    assert kept["publish", "dated"] == kept["checked", "dated"] == ""


@pytest.mark.parametrize("values", [{"effective_to": "2020-01-01"}, {"effective_from": "2027-04-01"}])
def test_a_correction_after_which_it_would_answer_on_no_day(library: Library, values: dict[str, str]) -> None:
    publish_at_once(library, [document("rule", "Travel is booked at the counter.", **DATES, effective_to=date(2027, 3, 31))])
    with pytest.raises(ValueError, match=r"it would end on .*, before .*: correct one of the two"):
        correct(library, "rule", values, user="kato", clearance=3)
    assert library.registry.desk.corrections() == {} and found(library, "travel") == ["rule"]
    both = {"effective_from": "2019-04-01", "effective_to": "2020-01-01"}
    correct(library, "rule", both, user="kato", clearance=3)
    correct(library, "rule", {"title": "旅費規程"}, user="kato", clearance=3)
    assert found(library, "travel") == []


def test_a_future_revision_answers_only_for_its_days(library: Library) -> None:
    publish_at_once(library, [document("rule", "Travel is booked by the office.", uri="a.md", effective_from=date(2020, 4, 1))])
    coming = document("rule", "Travel is booked at the counter.", uri="b.md", issued=TODAY, effective_from=date(2027, 4, 1))
    put_out(library, draft(library, coming))
    for day, words in [(TODAY, "office"), (date(2027, 3, 31), "office"), (date(2027, 4, 1), "counter")]:
        hits = ask(library, "Where is travel booked?", clearance=3, as_of=day).hits
        assert len(hits) == 1 and words in hits[0].chunk.text, "the two are never mixed"


def test_a_revision_dated_before_the_one_it_follows_is_told(library: Library) -> None:
    publish_at_once(library, [document("rule", "Travel is booked by the office.", uri="a.md", effective_from=date(2026, 4, 1))])
    older = document("rule", "Travel is booked at the counter.", uri="b.md", issued=TODAY, effective_from=date(2020, 4, 1))
    numbers = draft(library, older)
    with pytest.raises(GateClosed, match="before a revision in the library"):
        put_out(library, numbers)
    put_out(library, numbers, reason="For questions about the past.")
    assert "office" in ask(library, "Where is travel booked?", clearance=3, as_of=TODAY).hits[0].chunk.text
    assert "counter" in ask(library, "Where is travel booked?", clearance=3, as_of=date(2021, 1, 1)).hits[0].chunk.text
