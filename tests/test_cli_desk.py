"""export, import, fetch and jobs, as they are typed."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from .desk.test_egov import ID, TITLE, Laws
from .desk.test_egov import laws as laws
from .rig import Rig
from .test_cli import Machine

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
