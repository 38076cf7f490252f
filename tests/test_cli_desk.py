"""add, list, export, import, fetch and jobs, as they are typed."""

from __future__ import annotations

import re
import zipfile
from pathlib import Path

import pytest

from .desk.test_egov import ID, TITLE, Laws
from .desk.test_egov import laws as laws
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
    assert run("add", str(tmp_path / "none.zip")).status == 1
