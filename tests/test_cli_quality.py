"""diff, golden, gaps, usage and thesaurus, as they are typed."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

import pytest

from rag.registry.questions import Asked, Questions

from .rig import Rig
from .test_cli import FILES, SOURCES, Machine

pytestmark = [pytest.mark.slow, pytest.mark.xdist_group("rig")]


def test_a_golden_question_stops_a_publication_and_the_diff_shows_why(rig: Rig, tmp_path: Path) -> None:
    run = Machine(rig, tmp_path)
    assert run("ingest", str(run.folder)).status == 0
    kept = run("golden", "add", "Who books travel?", "--expect", "rules:Article 4")
    assert (kept.status, kept.printed) == (0, "kept as golden question 1\n")
    assert run("golden", "add", "Who?", "--expect", "rules").status == 2
    for place, words in (
        ("rulez:Article 4", "Near it: rules."),
        ("rules:Article 41", "rules has no 'Article 41'. Near it: Article 4"),
        ("rules:p7", "'p7'"),
    ):
        wrong = run("golden", "add", "Who?", "--expect", place)
        assert (wrong.status, words in wrong.printed) == (1, True), wrong.printed
    assert run("golden", "run").lines[-1] == "1 of 1 as they must be"
    assert run("golden", "list").lines == ["   1  hit              Who books travel?  (rules Article 4)"]

    file = run.folder / "rules.md"
    file.write_text(file.read_text(encoding="utf-8").replace("Article 4 Booking", "Article 6 Tickets"), encoding="utf-8")
    assert run("add", str(run.folder)).status == 0
    shown = run("diff", "rules").lines
    assert shown[1] == "renumbered: Article 4 -> Article 6"
    assert any("[-Booking" in line for line in shown) and any("{+Tickets" in line for line in shown), shown
    stopped = run("publish", "rules", "--reason", "nobody knows when it was issued")
    assert stopped.status == 1
    assert "1 of 1 golden questions would be lost: “Who books travel?”" in stopped.printed
    assert run("golden", "run").status == 0, "nothing was published"

    through = run("publish", "rules", "--reason", "nobody knows", "--accept", "The office closed.")
    assert through.status == 0, through.printed
    assert "accepted: The office closed." in run("golden", "history").lines[-1]
    assert run("golden", "run").status == 1
    assert run("golden", "remove", "1", "--reason", "over").status == 0
    assert run("golden", "remove", "1").status == 2


def test_a_golden_question_stops_a_retirement_and_what_changes_is_told(rig: Rig, tmp_path: Path) -> None:
    run = Machine(rig, tmp_path)
    assert run("ingest", str(run.folder)).status == 0
    assert run("golden", "add", "Who books travel?", "--expect", "rules:Article 4").status == 0
    stopped = run("retire", "rules", "--reason", "old")
    assert (stopped.status, "1 of 1 golden questions would be lost: “Who books travel?”" in stopped.printed) == (1, True), stopped.printed
    assert "Nothing was retired." in stopped.printed and run("golden", "run").status == 0
    done = run("retire", "rules", "--reason", "old", "--accept", "Nobody travels.")
    assert done.status == 0, done.printed
    assert [line.partition(": ")[0] for line in done.lines] == ["retired", "answered otherwise now", "  cited before", "  answered now"]
    assert "booked by the office" in done.lines[2]
    last = run("golden", "history").lines[-1]
    assert "retirement" in last and "accepted: Nobody travels." in last
    gone = run("golden", "add", "Who books?", "--expect", "rules:Article 4")
    assert (gone.status, gone.lines) == (1, ["rules is retired; this is only for what is published, draft or checked."])


def test_what_was_asked_in_vain(rig: Rig, tmp_path: Path) -> None:
    run = Machine(rig, tmp_path)
    assert run("gaps").lines == ["0 groups"]
    assert run("gaps", "--close", "zebra", "--how", "magic").status == 2
    assert run("usage").lines[-1] == "time to answer: 0.00 s (median), 0.00 s (slowest)"
    assert run("usage", "--cited-csv").printed == "document,title,times_cited\n", "there is no document"
    assert run("ingest", str(run.folder)).status == 0
    assert "rules,Travel Rules,0" in run("usage", "--cited-csv").lines
    assert run("usage", "--csv").printed == "day,questions,refused,seconds_median,seconds_slowest\n"


def test_closing_what_nobody_asked_says_so(rig: Rig, tmp_path: Path) -> None:
    run = Machine(rig, tmp_path)
    assert run("ingest", str(run.folder)).status == 0
    refused = {"form": "text", "language": "en", "outcome": "refused", "reason": "not_answered", "seconds": 0.1, "cited": ()}
    with Questions(run.home) as questions:
        questions.asked(Asked(at=datetime.now(UTC), answer="a", question="zebra feeding hours", **refused))  # type: ignore[arg-type]
    assert run("gaps").lines[-1] == "1 group"
    wrong = run("gaps", "--close", "parking fees")
    assert (wrong.status, "no question like 'parking fees' was asked in vain" in " ".join(wrong.printed.split())) == (2, True)
    assert run("gaps", "--close", "zebra feeding hours", "--note", "there is no zoo").lines == ["closed: 1 group"]
    assert run("gaps").lines == ["0 groups"]


def test_an_answer_tells_what_will_read_otherwise_soon(rig: Rig, tmp_path: Path) -> None:
    run = Machine(rig, tmp_path)
    later = SOURCES.split("[[document]]")[1].replace("rules.md", "later.md").replace("2025-04-01", "2026-04-01")
    (run.folder / "sources.toml").write_text(f"{SOURCES}\n[[document]]{later}", encoding="utf-8")
    (run.folder / "later.md").write_text(FILES["rules.md"].replace("by the office", "by each traveller"), encoding="utf-8")
    assert run("ingest", str(run.folder)).status == 0
    said = "“Travel Rules” Article 4 changes on 1 April 2026. For days from then on, ask with --as-of 2026-04-01."
    assert run("ask", "Who books travel?", "--as-of", "2026-03-01").lines[-1] == said
    for question, day in (("Who books travel?", "2026-01-01"), ("Who books travel?", "2026-04-01"), ("Is lodging paid?", "2026-03-01")):
        told = run("ask", question, "--as-of", day).printed
        assert "[1]" in told and "changes on" not in told, (question, day, told)


def test_a_publication_tells_which_answers_it_changes(rig: Rig, tmp_path: Path) -> None:
    run = Machine(rig, tmp_path)
    assert run("ingest", str(run.folder)).status == 0
    assert run("golden", "add", "Who books travel?", "--expect", "rules:Article 4").status == 0
    assert run("golden", "add", "What is paid for lodging?", "--expect", "rules:Article 5").status == 0
    (run.folder / "rules.md").write_text(FILES["rules.md"].replace("by the office", "by each [traveller]"), encoding="utf-8")
    assert run("add", str(run.folder)).status == 0
    done = run("publish", "rules", "--reason", "nobody knows when it was issued")
    assert done.status == 0, done.printed
    told = [line for line in done.lines if not line.startswith("published: ")]
    assert [line.partition(": ")[0] for line in told] == ["answered otherwise now", "  cited before", "  answered now"], told
    assert told[0].endswith("Who books travel?")
    assert "booked by the office" in told[1] and "booked by each [traveller]" in told[2]


def test_words_are_added_to_the_thesaurus_and_topics_are_listed(rig: Rig, tmp_path: Path) -> None:
    run = Machine(rig, tmp_path)
    file = run.home / "thesaurus.toml"
    added = run("thesaurus", "add", "おでかけ代", "旅費", "[日当]")
    assert (added.status, added.printed) == (0, f"added: おでかけ代 = 旅費, [日当] ({file})\n")
    assert '"おでかけ代" = ["旅費", "[日当]"]' in file.read_text(encoding="utf-8").splitlines()
    assert "Thesaurus" not in run("status").printed, "the line is sound"
    before = file.read_text(encoding="utf-8")
    wrong = run("thesaurus", "add", "。", "旅費")
    assert (wrong.status, len(wrong.lines), file.read_text(encoding="utf-8")) == (1, 1, before)
    assert run("thesaurus", "add", "おでかけ代").status == 2
    assert sum("  thesaurus  おでかけ代  " in line for line in run("log").lines) == 1

    assert run("golden", "add", "Who books travel?", "--topic", "travel [office]").status == 0
    assert run("golden", "list").lines == ["   1  not asked yet    Who books travel?  (must be refused)  topic: travel [office]"]
