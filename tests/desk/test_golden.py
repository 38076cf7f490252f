"""Golden questions guard a publication: a loss stops it before anybody sees it, until it is accepted with a reason."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from datetime import date
from pathlib import Path

import pytest

from rag.ask import ask
from rag.desk import golden
from rag.desk.correct import correct
from rag.desk.publish import publish, retire
from rag.errors import GoldenRegressed, LibraryError, UnknownPlace
from rag.evaluate.golden import Place
from rag.library import Library
from rag.registry import DRAFT, PUBLISHED
from tests.conftest import TODAY
from tests.desk.test_publish import DATES, draft
from tests.small import document, found, library_at
from tests.small import publish as publish_at_once

QUESTION = "Who approves travel?"


@pytest.fixture
def library(tmp_path: Path) -> Iterator[Library]:
    opened = library_at(tmp_path / "home")
    publish_at_once(opened, [document("rule", "The office approves travel.", **DATES), document("other", "Parking is free.")])
    yield opened
    opened.close()


def put_out(library: Library, numbers: list[int], accept: str = "") -> None:
    publish(
        library,
        numbers,
        user="kato",
        clearance=3,
        today=TODAY,
        before=golden.guard(library, user="kato", clearance=3, today=TODAY, accept=accept),
    )


def test_a_real_question_becomes_a_golden_one(library: Library) -> None:
    answer = ask(library, QUESTION, clearance=3, as_of=TODAY)
    assert answer.statements
    golden.from_answer(library, answer, user="kato")
    (kept,) = library.registry.golden.all()
    assert (kept.question, kept.language) == (QUESTION, "en")
    assert {"document": "rule", "path": "Part 1", "page": None} in kept.expect
    assert [result.verdict for result in golden.run(library, user="kato", today=TODAY)] == ["hit"]


def test_a_loss_stops_a_publication_until_it_is_accepted(library: Library) -> None:
    golden.from_answer(library, ask(library, QUESTION, clearance=3, as_of=TODAY), user="kato")
    numbers = draft(library, document("rule", "Lunch is served at noon.", **DATES))
    with pytest.raises(GoldenRegressed, match=r"1 of 1 golden questions would be lost: “Who approves travel\?”"):
        put_out(library, numbers)
    assert "office" in library.document("rule", clearance=3).text
    assert library.registry.golden.runs() == []
    put_out(library, numbers, accept="Travel moved to another rule.")
    assert "Lunch" in library.document("rule", clearance=3).text
    (run,) = library.registry.golden.runs()
    assert (run.why, run.accepted, list(run.verdicts.values())) == ("publication", "Travel moved to another rule.", [run.verdicts[1]])
    assert run.verdicts[1] in ("miss", "refused")


def test_what_was_wrong_before_is_not_blamed_on_the_change(library: Library) -> None:
    library.registry.golden.add(
        "Who feeds the zebra?", language="en", expect=[{"document": "zoo", "path": "x", "page": None}], as_of=None, topic="", user="kato"
    )
    put_out(library, draft(library, document("rule", "The counter approves travel.", **DATES)))
    assert "counter" in library.document("rule", clearance=3).text
    assert len(library.registry.golden.runs()) == 1


def test_a_revision_to_come_is_tried_on_its_first_day_and_leaves_today_alone(library: Library) -> None:
    golden.from_answer(library, ask(library, QUESTION, clearance=3, as_of=TODAY), user="kato")
    coming = document("rule", "Lunch is served at noon.", uri="new.md", issued=TODAY, effective_from=date(2027, 4, 1))
    numbers = draft(library, coming)
    with pytest.raises(GoldenRegressed, match=r"“Who approves travel\? \(2027-04-01\)”"):
        put_out(library, numbers)
    put_out(library, numbers, accept="Travel moves to another rule.")
    assert found(library, "office approves travel")[0] == "rule"
    (run,) = library.registry.golden.runs()
    assert (run.accepted, [*run.verdicts.values()]) == ("Travel moves to another rule.", ["hit"]), "the trend is of today"


def test_a_loss_stops_a_retirement_until_it_is_accepted(library: Library) -> None:
    golden.from_answer(library, ask(library, QUESTION, clearance=3, as_of=TODAY), user="kato")

    def take_back(id: str, accept: str = "") -> None:
        before = golden.guard(library, user="kato", clearance=3, today=TODAY, accept=accept, retiring=True)
        retire(library, id, user="kato", clearance=3, reason="old", before=before)

    take_back("other")  # nobody asks for it
    with pytest.raises(GoldenRegressed, match=r"1 of 1 golden questions would be lost: .* Nothing was retired\."):
        take_back("rule")
    assert found(library, "office approves travel")[0] == "rule"
    take_back("rule", accept="Nobody travels.")
    assert found(library, "office approves travel") == []
    runs = library.registry.golden.runs()
    assert [(run.why, run.accepted) for run in runs] == [("retirement", ""), ("retirement", "Nobody travels.")]


def test_a_correction_of_what_is_published_is_guarded_too(library: Library) -> None:
    golden.from_answer(library, ask(library, QUESTION, clearance=3, as_of=TODAY), user="kato")

    def set_right(accept: str = "") -> None:
        before = golden.guard(library, user="kato", clearance=3, today=TODAY, accept=accept)
        correct(library, "rule", {"effective_from": "2027-04-01"}, user="kato", clearance=3, before=before)

    with pytest.raises(GoldenRegressed, match="1 of 1 golden questions would be lost"):
        set_right()
    assert found(library, "office approves travel")[0] == "rule"
    (waiting,) = library.registry.revisions(DRAFT)
    assert waiting.source.effective_from == date(2027, 4, 1), "the correction waits as a draft"
    put_out(library, [waiting.number], accept="It was the wrong day.")
    assert [r.source.effective_from for r in library.registry.revisions(PUBLISHED) if r.document_id == "rule"] == [date(2027, 4, 1)]


def test_a_raised_level_waits_for_no_golden_question(library: Library) -> None:
    golden.from_answer(library, ask(library, QUESTION, clearance=3, as_of=TODAY), user="kato")
    before = golden.guard(library, user="kato", clearance=3, today=TODAY)
    with pytest.raises(GoldenRegressed):
        correct(library, "rule", {"level": "3", "effective_from": "2027-04-01"}, user="kato", clearance=3, before=before)
    assert "rule" not in found(library, "office approves travel", clearance=2)
    assert found(library, "office approves travel", clearance=3)[0] == "rule"
    revisions = [r for r in library.registry.revisions(PUBLISHED, DRAFT) if r.document_id == "rule"]
    days = [(r.state, r.source.level, r.source.effective_from) for r in revisions]
    assert days == [(PUBLISHED, 3, DATES["effective_from"]), (DRAFT, 3, date(2027, 4, 1))]


def test_a_question_can_be_taken_back(library: Library) -> None:
    number = library.registry.golden.add(QUESTION, language="en", expect=[], as_of=None, topic="", user="kato")
    assert library.registry.golden.remove(number, user="kato", reason="twice")
    assert not library.registry.golden.remove(number, user="kato", reason="twice")
    assert library.registry.golden.all() == []
    assert [event.action for event in library.registry.events.all(f"golden {number}")] == ["golden", "drop golden"]


def test_what_a_golden_question_expects_must_be_there(library: Library) -> None:
    law = document("law", "Secrets stay.", level=3)
    heading = replace(law, blocks=tuple(replace(block, path=("第二章", "第十二条")) for block in law.blocks))
    publish_at_once(library, [heading])

    def kept(*expect: Place, clearance: int = 3) -> int:
        question = f"{QUESTION} {len(library.registry.golden.all())}"
        return golden.add(library, question, expect, as_of=None, user="kato", clearance=clearance)

    with pytest.raises(UnknownPlace, match=r"There is no document 'rul'\. Near it: rule\."):
        kept(Place(document="rule", path="Part 1"), Place(document="rul", path="Part 1"))
    with pytest.raises(UnknownPlace) as other_writing:
        kept(Place(document="law", path="第12条"))
    assert other_writing.value.near == ("第十二条",)
    with pytest.raises(UnknownPlace) as unseen:
        kept(Place(document="law", path="第十二条"), clearance=2)
    assert (unseen.value.where, "law" in unseen.value.near) == ("", False)
    with pytest.raises(UnknownPlace, match="rule has no 'p1'"):
        kept(Place(document="rule", page=1))
    assert library.registry.golden.all() == []
    draft(library, document("next", "Trains are booked early.", **DATES))
    assert [kept(Place(document="law", path="第十二条")), kept(Place(document="next", path="Part 1")), kept()] == [1, 2, 3]
    assert [one.expect for one in library.registry.golden.all()][2] == ()


def test_a_question_is_kept_once_for_a_day(library: Library) -> None:
    golden.from_answer(library, ask(library, QUESTION, clearance=3, as_of=TODAY), user="kato")
    with pytest.raises(LibraryError, match="is kept already, as number 1"):
        golden.from_answer(library, ask(library, QUESTION, clearance=3, as_of=TODAY), user="kato")
    with pytest.raises(LibraryError, match="is kept already, as number 1"):
        golden.add(library, f" {QUESTION.upper()} ", (), as_of=None, user="kato", clearance=3)
    golden.add(library, QUESTION, (), as_of=TODAY, user="kato", clearance=3)
    assert len(library.registry.golden.all()) == 2
