"""A library goes into one file and comes back the same; what is torn or changed on the way is not taken in."""

from __future__ import annotations

import json
import zipfile
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from rag import audit
from rag.desk import words
from rag.desk.archive import bring_in, export
from rag.errors import ArchiveRefused, KonkyoError, LibraryError
from rag.ingest import Ingester, ingest
from rag.library import Library
from rag.registry import DRAFT, PUBLISHED
from rag.settings import Settings
from tests.small import answers, library_at

QUESTIONS = ["Who approves travel?", "Is parking free?"]
Change = Callable[[dict[str, bytes]], object]


@pytest.fixture
def library(tmp_path: Path) -> Iterator[Library]:
    opened = library_at(tmp_path / "home")
    folder = tmp_path / "files"
    folder.mkdir()
    (folder / "rule.md").write_text("# Rule\n\n## Article 1\n\nThe office approves travel.\n")
    (folder / "parking.md").write_text("# Parking\n\nParking is free.\n")
    assert [outcome.reason for outcome in ingest(opened, [folder], level=1)] == ["", ""]
    (folder / "draft.md").write_text("# Draft\n\nLunch is at noon.\n")
    list(ingest(opened, [folder / "draft.md"], level=2, draft=True))
    words.add(opened, "trip", ["travel"], user="kato")
    yield opened
    opened.close()


def repacked(file: Path, change: Change) -> Path:
    with zipfile.ZipFile(file) as archive:
        entries = {name: archive.read(name) for name in archive.namelist()}
    change(entries)
    made = file.with_name("changed.zip")
    with zipfile.ZipFile(made, "w") as archive:
        for name, data in entries.items():
            archive.writestr(name, data)
    return made


def test_a_library_comes_back_the_same(library: Library, tmp_path: Path) -> None:
    before = answers(library, QUESTIONS)
    made = export(library, tmp_path / "library.zip")
    back = bring_in(tmp_path / "library.zip", tmp_path / "back")
    assert (back.files, back.bytes, back.revisions, back.sha256) == (made.files, made.bytes, made.revisions, made.sha256)
    assert made.files == 5, "the registry, three originals, the thesaurus"
    copy = library_at(tmp_path / "back")
    with Ingester(copy, clearance=3) as ingester:
        ingester.rebuild(lambda done, total: None)
    assert answers(copy, QUESTIONS) == before
    for state in (PUBLISHED, DRAFT):
        assert copy.registry.revisions(state) == library.registry.revisions(state)
    assert copy.thesaurus.entries["trip"] == ("travel",)
    assert audit.verify(copy.registry.events.all(), audit.anchor(library.registry.events.all())) == []
    assert copy.troubles() == []
    for revision in copy.registry.revisions():
        assert copy.original(copy.registry.documents([revision.number])[revision.number])
    assert not (tmp_path / "back" / "questions.sqlite3").exists()
    copy.close()


def change_original(entries: dict[str, bytes]) -> None:
    name = next(name for name in entries if name.startswith("originals/"))
    entries[name] = entries[name].replace(b"e", b"a")


def rename_original(entries: dict[str, bytes]) -> None:
    manifest = json.loads(entries["manifest.json"])
    entry = next(entry for entry in manifest["files"] if entry["path"].startswith("originals/"))
    entries["../out"] = entries.pop(entry["path"])
    entry["path"] = "../out"
    entries["manifest.json"] = json.dumps(manifest).encode()


def lose_original(entries: dict[str, bytes]) -> None:
    manifest = json.loads(entries["manifest.json"])
    gone = next(entry for entry in manifest["files"] if entry["path"].startswith("originals/"))
    manifest["files"].remove(gone)
    del entries[gone["path"]]
    entries["manifest.json"] = json.dumps(manifest).encode()


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (change_original, "is not what its manifest says|another size"),
        (rename_original, "belongs to no library"),
        (lose_original, "lacks the original file of"),
        (lambda entries: entries.pop("manifest.json"), "is no archive of a library"),
        (lambda entries: entries.update({"extra.txt": b"x"}), "does not hold what its manifest says"),
        (lambda entries: entries.update({"manifest.json": b"[]"}), "manifest that cannot be read"),
        (lambda entries: entries.pop("registry.sqlite3"), "does not hold what its manifest says"),
    ],
)
def test_what_was_changed_on_the_way_is_not_taken_in(library: Library, tmp_path: Path, change: Change, message: str) -> None:
    export(library, tmp_path / "library.zip")
    with pytest.raises(ArchiveRefused, match=message):
        bring_in(repacked(tmp_path / "library.zip", change), tmp_path / "back")
    assert not (tmp_path / "back").exists() and not (tmp_path / "back.importing").exists()


def test_a_torn_archive(library: Library, tmp_path: Path) -> None:
    export(library, tmp_path / "library.zip")
    data = (tmp_path / "library.zip").read_bytes()
    (tmp_path / "torn.zip").write_bytes(data[: len(data) // 2])
    with pytest.raises(ArchiveRefused, match="is torn"):
        bring_in(tmp_path / "torn.zip", tmp_path / "back")


def test_nothing_is_overwritten(library: Library, tmp_path: Path) -> None:
    export(library, tmp_path / "library.zip")
    with pytest.raises(LibraryError, match="is there already"):
        export(library, tmp_path / "library.zip")
    with pytest.raises(LibraryError, match="a library in .* already"):
        bring_in(tmp_path / "library.zip", library.home)
    assert library.registry.revisions(PUBLISHED)
    Library(Settings(home=tmp_path / "empty")).close()
    bring_in(tmp_path / "library.zip", tmp_path / "empty")


def test_a_damaged_original_is_not_exported(library: Library, tmp_path: Path) -> None:
    library.original_file(library.registry.revisions(PUBLISHED)[0].sha256).write_bytes(b"other bytes")
    with pytest.raises(KonkyoError, match="was changed on the disk"):
        export(library, tmp_path / "library.zip")
    assert list(tmp_path.glob("library.zip*")) == []
