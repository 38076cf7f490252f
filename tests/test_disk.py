"""A full disk: refused before anything is written; where it fills all the same, said, and nothing acknowledged is lost."""

from __future__ import annotations

import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

import pytest

from rag import ingest as ingest_module
from rag.errors import DiskFull, IndexDamaged, KonkyoError, LibraryError
from rag.ingest import Result, ingest, rebuild
from rag.library import Library

from .conftest import add
from .small import document, library_at, publish, vectors

GOOD = "# Travel\n\nTravel is booked by the office.\n"


@pytest.fixture
def library(tmp_path: Path) -> Iterator[Library]:
    opened = library_at(tmp_path / "home")
    yield opened
    opened.close()


class Usage(NamedTuple):
    total: int
    used: int
    free: int


def test_a_full_disk_refuses_before_anything_is_written(tmp_path: Path, library: Library, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "rule.md").write_text(GOOD)
    with monkeypatch.context() as patch:
        patch.setattr(shutil, "disk_usage", lambda path: Usage(2**40, 2**40 - 10 * 2**20, 10 * 2**20))
        with pytest.raises(DiskFull, match=r"has 10 MB left and 200 MB are needed. Make room and run again"):
            add(library, tmp_path / "rule.md")
    assert library.registry.revisions() == []
    assert {path.name for path in library.home.iterdir()} <= {
        "registry.sqlite3",
        "registry.sqlite3-wal",
        "registry.sqlite3-shm",
        "writer.lock",
    }
    assert add(library, tmp_path / "rule.md")["rule.md"].result is Result.ADDED


def test_a_disk_that_fills_while_files_come_keeps_what_was_acknowledged(
    tmp_path: Path, library: Library, monkeypatch: pytest.MonkeyPatch
) -> None:
    names = [f"rule{number}.md" for number in range(6)]
    for number, name in enumerate(names):
        (tmp_path / name).write_text(f"{GOOD}\nThe number is {number}.\n")
    free = iter([10**10] * 5)
    library = library_at(library.home, batch=2)
    acknowledged = []
    with monkeypatch.context() as patch:
        patch.setattr(shutil, "disk_usage", lambda path: Usage(2**40, 0, next(free, 1_000)))
        with pytest.raises(DiskFull):
            for outcome in ingest(library, [tmp_path / name for name in names], level=1):
                acknowledged.append(outcome.name)
    assert 0 < len(acknowledged) < len(names)
    assert [revision.source.uri for revision in library.published] == acknowledged
    assert library.troubles() == []
    outcomes = {outcome.name: outcome.result for outcome in ingest(library, [tmp_path / name for name in names], level=1)}
    assert [name for name in names if outcomes[name] == "unchanged"] == acknowledged
    assert library.registry.counts() == (library.keyword.count, vectors(library).count)


@pytest.fixture
def tiny_disk(tmp_path: Path) -> Iterator[Path]:
    """A file system of 6 MB."""
    place = tmp_path / "disk"
    place.mkdir()
    made = subprocess.run(["mount", "-t", "tmpfs", "-o", "size=6m", "tmpfs", str(place)], capture_output=True, text=True, check=False)
    if made.returncode:
        pytest.skip(f"a small disk cannot be mounted here: {made.stderr.strip()}")
    yield place
    subprocess.run(["umount", "-l", str(place)], check=True)


def test_a_disk_that_is_really_full_is_said_and_nothing_acknowledged_is_lost(tiny_disk: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    # As if the look at the free room had been too hopeful: another program took the rest.
    monkeypatch.setattr(ingest_module, "SPARE_BYTES", 0)
    monkeypatch.setattr(shutil, "disk_usage", lambda path: Usage(2**40, 0, 2**39))
    filler = tiny_disk / "filler"
    filler.write_bytes(bytes(2_000_000))
    home = tiny_disk / "home"
    library = library_at(home)
    acknowledged: list[str] = []
    with pytest.raises(KonkyoError) as caught:
        for number in range(2_000):
            acknowledged += [
                o.document_id for o in publish(library, [document(f"d{number}", f"Rule {number}: " + "travel is booked. " * 300)])
            ]
    assert isinstance(caught.value, (DiskFull, IndexDamaged, LibraryError)), caught.value
    assert acknowledged
    filler.unlink()
    library = library_at(home)
    assert set(acknowledged) <= {revision.document_id for revision in library.published}
    rebuild(library)
    assert library.troubles() == []
    assert library.registry.counts() == (library.keyword.count, vectors(library).count)
