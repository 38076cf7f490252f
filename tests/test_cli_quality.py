"""diff, golden, gaps and usage, as they are typed."""

from __future__ import annotations

from pathlib import Path

import pytest

from .rig import Rig
from .test_cli import Machine

pytestmark = [pytest.mark.slow, pytest.mark.xdist_group("rig")]


def test_a_golden_question_stops_a_publication_and_the_diff_shows_why(rig: Rig, tmp_path: Path) -> None:
    run = Machine(rig, tmp_path)
    assert run("ingest", str(run.folder)).status == 0
    kept = run("golden", "add", "Who books travel?", "--expect", "rules:Article 4")
    assert (kept.status, kept.printed) == (0, "kept as golden question 1\n")
    assert run("golden", "add", "Who?", "--expect", "rules").status == 2
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


def test_what_was_asked_in_vain(rig: Rig, tmp_path: Path) -> None:
    run = Machine(rig, tmp_path)
    assert run("gaps").lines == ["0 groups"]
    assert run("gaps", "--close", "zebra", "--how", "magic").status == 2
    assert run("gaps", "--close", "zebra", "--note", "there is no zoo").lines == ["closed"]
    assert run("usage").lines[-1] == "time to answer: 0.00 s (median), 0.00 s (slowest)"
    assert run("usage", "--csv").printed == "day,questions,refused,seconds_median,seconds_slowest\n"
