"""add, list, export, import, fetch, jobs and reread, as they are typed."""

from __future__ import annotations

import json
import os
import pty
import re
import signal
import subprocess
import sys
import tempfile
import termios
import time
import zipfile
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from rag import scratch
from rag.cli import app
from rag.errors import LibraryError
from rag.registry.questions import Asked, Cited, Questions

from .conftest import REPOSITORY
from .desk.test_egov import ID, TITLE, Laws
from .desk.test_egov import laws as laws
from .desk.test_work import SECRET, encrypted
from .read.make_pdf import Sheet, make_pdf, paragraph
from .rig import Rig
from .test_cli import FILES, SOURCES, Machine

pytestmark = [pytest.mark.slow, pytest.mark.xdist_group("rig")]


def test_a_library_is_exported_and_imported_elsewhere(rig: Rig, tmp_path: Path) -> None:
    run = Machine(rig, tmp_path)
    assert run("ingest", str(run.folder)).status == 0
    file = tmp_path / "library.zip"
    out = run("export", str(file))
    assert out.status == 0 and file.is_file(), out.printed
    manifest = re.search(r"manifest sha256: ([0-9a-f]{64})", out.printed)
    assert manifest and "exported 3 revisions" in out.printed
    assert run("export", str(file)).status == 1, "nothing is written over"
    assert run("import", str(file)).status == 1, "nor is a library"

    elsewhere = str(tmp_path / "elsewhere")
    back = run("import", str(file), KONKYO_HOME=elsewhere)
    assert back.status == 0 and "imported 3 revisions" in back.printed and manifest[1] in back.printed, back.printed
    assert "booked by the office" in run("ask", "Who books travel?", KONKYO_HOME=elsewhere).printed

    file.write_bytes(file.read_bytes()[:-200])
    third = str(tmp_path / "third")
    torn = run("import", str(file), KONKYO_HOME=third)
    assert torn.status == 1 and "Nothing was taken in" in " ".join(torn.printed.split()), torn.printed


def test_a_law_is_fetched_and_listed_among_the_jobs(rig: Rig, tmp_path: Path, laws: Laws) -> None:
    run = Machine(rig, tmp_path)
    off = run("fetch", TITLE)
    assert off.status == 1 and "KONKYO_EGOV_URL" in off.printed, off.printed
    fetched = run("fetch", TITLE, "--level", "1", KONKYO_EGOV_URL=laws.address)
    assert fetched.status == 0 and "added as a draft" in fetched.printed and ID in fetched.printed, fetched.printed
    assert [line.split()[:3] for line in run("jobs").lines if line[:1] == " "] == [["2", "fetch", "done"], ["1", "fetch", "failed"]]
    assert run("jobs", "--work").lines == ["0 done"]
    for number, why in ((99, "there is no job 99"), (2, "job 2 is done already")):
        wrong = run("jobs", "--cancel", str(number))
        assert (wrong.status, why in " ".join(wrong.printed.split())) == (2, True), wrong.printed


def packed(file: Path, files: dict[str, str]) -> str:
    with zipfile.ZipFile(file, "w") as opened:
        for name, text in files.items():
            opened.writestr(name, text)
    return str(file)


def test_a_zip_is_unpacked_and_a_bad_one_keeps_nothing_from_being_added(rig: Rig, tmp_path: Path) -> None:
    run = Machine(rig, tmp_path)
    ministry = packed(tmp_path / "Ministry.ZIP", {**FILES, "sources.toml": SOURCES, "more/notes.md": "# Notes\n\nNobody.\n"})
    bad = packed(tmp_path / "bad.zip", {"../out.md": "# Out\n\nOut.\n", "in.md": "# In\n\nIn.\n"})
    torn = tmp_path / "torn.zip"
    torn.write_bytes(b"PK\x03\x04 and no more")
    added = run("add", bad, str(torn), ministry)
    assert (added.status, added.lines[-1]) == (1, "4 added, 2 failed"), added.printed
    assert "added as a draft: rules.md (rules)" in added.lines, "its sources.toml counts"
    assert any(line.startswith("added as a draft: Ministry/more/notes.md (") for line in added.lines)
    assert any(line.startswith("left out: bad.zip: holds the name '../out.md', which leads out of its folder.") for line in added.lines)
    assert any(line.startswith("left out: torn.zip: is no ZIP archive") for line in added.lines)
    again = run("add", ministry)
    assert (again.status, again.lines) == (0, ["4 unchanged"]), "the same archive is the same documents"
    assert not list(run.home.glob("unpacked-*")), "nothing unpacked is left"
    packed(tmp_path / "empty.zip", {})
    (tmp_path / "empty").mkdir()
    for place, named, why in (
        ("none.zip", str(tmp_path / "none.zip"), "there is no such file"),
        ("no/rules.md", str(tmp_path / "no" / "rules.md"), "there is no such file"),
        ("empty", str(tmp_path / "empty"), "holds no file to add"),
        ("empty.zip", "empty.zip", "holds no documents"),
    ):
        left = run("add", str(tmp_path / place))
        assert (left.status, left.lines[-1]) == (1, "1 failed")
        assert left.lines[0].startswith(f"left out: {named}: {why}"), left.printed


def test_the_gate_looks_at_what_is_ingested_and_stops_nothing(rig: Rig, tmp_path: Path) -> None:
    run = Machine(rig, tmp_path)
    (run.folder / "undated.md").write_text("# Undated\n\nNobody said from when.\n", encoding="utf-8")
    first = run("ingest", str(run.folder))
    assert (first.status, first.lines[-1]) == (0, "4 added"), first.printed
    gates = [line for line in run("list").lines if " published " in line]
    assert len(gates) == 4 and "not checked" not in "".join(gates)
    stopped = [line.split()[0] for line in gates if re.search(r" \d findings?, of which 1 stops it ", line)]
    assert any(id.startswith("undated") for id in stopped)
    assert first.lines[-2] == f"{len(stopped)} of them have something to look at: python -m rag list --state published"
    assert run("ingest", str(run.folder)).lines == ["4 unchanged"]


def test_a_home_that_cannot_be_written_is_told_in_a_sentence(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(*_: object, **__: object) -> str:
        raise OSError(28, "No space left on device")

    monkeypatch.setenv("KONKYO_HOME", str(tmp_path / "home"))
    monkeypatch.setattr(tempfile, "mkdtemp", full)
    with pytest.raises(LibraryError, match="cannot be written"):
        app(["add", str(tmp_path)], standalone_mode=False)


def test_what_a_killed_one_unpacked_is_cleared_away_and_what_is_in_use_is_not(rig: Rig, tmp_path: Path) -> None:
    run = Machine(rig, tmp_path)
    archive = packed(tmp_path / "rules.zip", {f"{number:03}.md": f"# Rule {number}\n\nNobody.\n" for number in range(300)})
    command = rig.start(["add", archive], {"KONKYO_HOME": str(run.home)})
    assert command.wait_until(lambda: any(run.home.glob("unpacked-*/*/*.md")))
    command.send(signal.SIGSTOP)
    scratch.clear(run.home)
    (left,) = run.home.glob("unpacked-*")
    assert any(left.glob("*/*.md")), "somebody is at it"
    command.send(signal.SIGKILL)
    assert command.wait() == -signal.SIGKILL and any(left.glob("*/*.md"))
    assert run("ingest", str(run.folder)).status == 0
    assert not list(run.home.glob("unpacked-*"))


class Person:
    """Somebody at a terminal who runs a command and answers what it asks."""

    def __init__(self, run: Machine, *argv: str) -> None:
        self._hand, terminal = pty.openpty()
        self._command = subprocess.Popen(
            [sys.executable, "-m", "rag", *argv],
            cwd=REPOSITORY,
            env={**os.environ, "KONKYO_HOME": str(run.home)},
            stdin=terminal,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )
        os.close(terminal)

    def type(self, text: str) -> None:
        """Type a line, as soon as what is typed is not shown any more."""
        end = time.monotonic() + 60
        while termios.tcgetattr(self._hand)[3] & termios.ECHO:
            assert time.monotonic() < end and self._command.poll() is None, "it does not ask"
            time.sleep(0.02)
        os.write(self._hand, f"{text}\n".encode())
        while not termios.tcgetattr(self._hand)[3] & termios.ECHO and self._command.poll() is None:
            time.sleep(0.002)

    def end(self) -> tuple[int, str]:
        """The status, and everything that was to be seen."""
        printed = self._command.communicate(timeout=60)[0].decode()
        os.close(self._hand)
        return self._command.returncode, printed


def test_the_password_of_a_pdf_is_asked_for_at_a_terminal_and_kept_nowhere(rig: Rig, tmp_path: Path) -> None:
    run = Machine(rig, tmp_path)
    (tmp_path / "pdf").mkdir()
    for name in ("fees.pdf", "rates.pdf"):
        (tmp_path / "pdf" / name).write_bytes(encrypted(f"The {name} cost 30 a month."))
    alone = run("add", str(tmp_path / "pdf"))
    assert (alone.status, alone.lines[-1]) == (1, "2 failed"), "nobody can be asked"
    assert any(line.startswith("left out: fees.pdf: is encrypted") for line in alone.lines), alone.printed

    person = Person(run, "add", str(tmp_path / "pdf"), str(run.folder / "rules.md"))
    for typed in ("wrong", SECRET, ""):
        person.type(typed)
    status, printed = person.end()
    lines = printed.splitlines()
    assert (status, lines[-1]) == (1, "2 added, 1 failed"), printed
    assert sum(line.startswith("added as a draft: ") for line in lines) == 2
    assert any(line.startswith("added as a draft: fees.pdf") for line in lines), "a wrong password is no end"
    assert any(line.startswith("left out: rates.pdf: is encrypted") for line in lines)
    assert SECRET not in printed
    person = Person(run, "add", str(tmp_path / "pdf"))
    person.type("\x04")  # Ctrl-D
    status, printed = person.end()
    assert status == 130 and "Stopped." in printed and "Traceback" not in printed, printed
    assert not list(run.home.glob("unpacked-*"))
    held = b"".join(file.read_bytes() for file in run.home.rglob("*") if file.is_file())
    assert held and SECRET.encode() not in held


def test_the_list_tells_what_is_known_and_is_searched(rig: Rig, tmp_path: Path) -> None:
    run = Machine(rig, tmp_path)
    sources = SOURCES.replace('kind = "manual"', 'kind = "manual"\nissued = 2024-12-24')
    (run.folder / "sources.toml").write_text(sources, encoding="utf-8")
    assert run("ingest", str(run.folder)).status == 0
    for question in ("Who books travel?", "Are rail tickets kept for five years?"):
        assert run("golden", "add", question, "--expect", "rules:Article 4").status == 0
    place = Cited(document_id="rules", revision="ab", start=0, end=9)
    with Questions(run.home) as questions:  # as the page keeps them
        told: dict[str, Any] = {
            "answer": "1",
            "form": "terms",
            "question": "travel",
            "language": "en",
            "outcome": "answered",
            "reason": "",
            "seconds": 0.1,
        }
        questions.asked(Asked(at=datetime.now(UTC), cited=(place, place), **told))
    lines = run("list").lines
    assert lines[0].split() == "document revision state issued in force level pages gate golden cited number issuer title".split()
    rules, safe = (next(line for line in lines if line.startswith(f"{id} ")) for id in ("rules", "safe"))
    assert re.search(r" 2 +1 +Directive 3 +Ministry of Examples +Travel Rules$", rules.rstrip()), rules
    assert " 2024-12-24 " in safe and "Bureau of Locks" in safe
    assert [line.split()[0] for line in lines[1:-1]] == ["rules", "safe", "旅費規程"], "in the order in which they came"

    def ids(*options: str, **environment: str) -> list[str]:
        return [entry["document_id"] for entry in json.loads(run("list", "--json", *options, **environment).printed)]

    assert ids("--search", "examples TRAVEL") == ["rules"]
    assert ids("--search", "規程") == ["旅費規程"]
    assert ids("--search", "travel zebra") == []
    assert ids("--search", "locks", KONKYO_CLEARANCE="2") == [], "nobody finds what they may not see"
    counted = {entry["document_id"]: (entry["golden"], entry["cited"]) for entry in json.loads(run("list", "--json").printed)}
    assert counted == {"rules": (2, 1), "safe": (0, 0), "旅費規程": (0, 0)}
    assert run("list", "--search", "locks", "--state", "draft").lines[-1] == "0 revisions"


def test_a_file_is_read_again_as_a_person_corrected_it(rig: Rig, tmp_path: Path) -> None:
    run = Machine(rig, tmp_path)
    (tmp_path / "pdf").mkdir()
    (tmp_path / "pdf" / "fees.pdf").write_bytes(make_pdf(Sheet(words=paragraph("Parking costs 30 a month."))))
    (tmp_path / "pdf" / "rates.pdf").write_bytes(encrypted("Ferries cost 40 a month."))
    (tmp_path / "pdf" / "sources.toml").write_text(
        "".join(f'[[document]]\nid = "{name}"\nfile = "{name}.pdf"\nlevel = 2\n' for name in ("fees", "rates")), encoding="utf-8"
    )
    person = Person(run, "add", str(tmp_path / "pdf"), str(run.folder))
    person.type(SECRET)
    assert person.end()[0] == 0

    def kinds(id: str) -> list[str]:
        return [line.split()[1] for line in run("show", id, "--page", "1").lines if line.startswith("   1 ")]

    assert kinds("fees") == ["title"]
    again = run("reread", "fees", "--heading", "Parking costs 30 a month.=0")
    assert (again.status, again.lines[-1].partition(": ")[0]) == (0, "read again as a draft"), again.printed
    assert kinds("fees") == ["text"]
    assert run("reread", "fees", "--table", "1").status == 0
    assert "title" not in kinds("fees"), "what was corrected before holds beside it"
    assert run("reread", "fees", "--heading", "Ｐarking costs 30 a month. = 3".replace(" = ", "=")).status == 0
    assert kinds("fees") == ["heading"], "the last word on a line counts"
    assert run("reread", "fees", "--forget").status == 0
    assert kinds("fees") == ["title"]

    for wrong in (["--table", "2"], ["--ocr", "0"], ["--heading", "Parking"], ["--heading", "Parking=7"], ["--heading", "=1"]):
        assert run("reread", "fees", *wrong).status == 2, wrong
    assert run("reread", "rules", "--ocr", "1").status == 2, "it has no pages"
    assert run("reread", "fees", KONKYO_CLEARANCE="1").status == 1
    assert run("reread", "nobody").status == 1

    alone = run("reread", "rates", "--heading", "Ferries cost 40 a month.=0")
    assert alone.status == 1 and "not read again: rates.pdf: is encrypted" in alone.printed, alone.printed
    person = Person(run, "reread", "rates")
    for typed in ("wrong", SECRET):
        person.type(typed)
    assert person.end()[0] == 0
    assert kinds("rates") == ["text"]


def test_a_correction_says_what_does_not_fit_and_lets_the_gate_look(rig: Rig, tmp_path: Path) -> None:
    run = Machine(rig, tmp_path)
    assert run("ingest", str(run.folder)).status == 0
    for value, words in (
        ("effective_from=1 April", "effective_from is a date, written 2026-04-01, not '1 April'; leave it empty where there is none."),
        ("kind=law", "a kind is one of act, order, ordinance"),
        ("level=4", "a level is 1, 2 or 3, not '4'."),
        ("colour=red", "the fields are title, issuer, kind"),
        ("title", "'title' gives no value; write field=value, and field= where there is none"),
    ):
        wrong = run("correct", "rules", value)
        plain = " ".join(re.sub("[│╭╮╰╯─]", " ", wrong.printed).split())
        assert (wrong.status, words in plain) == (2, True), plain
    done = run("correct", "rules", "effective_from=", "title=Trips")
    assert done.status == 0 and done.lines[0] == "corrected: rules effective_from, title (published)", done.printed
    assert "  stops: Nobody said from when it applies; it would answer for every day." in done.lines
    assert "stop" in next(line for line in run("list").lines if line.startswith("rules ")), "it is kept, for the list"
    assert run("correct", "rules", "level=3").status == 0
    hidden, none = (run("correct", id, "title=Trips", KONKYO_CLEARANCE="1") for id in ("rules", "ruins"))
    assert hidden.status == none.status == 1 and "corrected" not in hidden.printed
