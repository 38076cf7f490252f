"""The ingester is killed at random moments: what it acknowledged is there, nothing is half there, the next run goes on."""

from __future__ import annotations

import random
import re
import signal
import threading
import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from rag.library import Library
from rag.records import Filters
from rag.registry import PENDING, PUBLISHED
from rag.search import search
from rag.settings import Settings

from .conftest import TODAY
from .rig import Command, Rig

KILLS = 20
FILES = 60
PASSAGES = 3
"""In each file, one under each heading."""
_ACKNOWLEDGED = re.compile(r"^(?:added|revised): (\S+)", re.MULTILINE)
_TOPICS = "travel lodging overtime parking laptops badges meetings archives tenders holidays".split()
_SUBJECTS = "旅費 宿泊 残業 駐車 端末 名札 会議 文書 入札 休暇".split()


def word(number: int, version: int) -> str:
    """A word that stands in each passage of this file in this version, and nowhere else."""
    return "kotoba" + "".join("abcdefghij"[int(digit)] for digit in f"{number:02}") + "xyz"[version]


def name(number: int) -> str:
    return f"file{number:03}.md"


def text(number: int, version: int) -> str:
    topic = number // 2 % len(_TOPICS)
    parts = []
    for part in range(PASSAGES):
        if number % 2:
            body = (
                f"{word(number, version)} の第{part}号により、職員は{_SUBJECTS[topic]}の承認を{number + part}日前までに受けるものとする。"
            )
        else:
            body = f"Under {word(number, version)} item {part}, staff must have {_TOPICS[topic]} approved {number + part} days ahead."
        parts.append(f"## {'規程' if number % 2 else 'Rule'} {number}-{part}\n\n{body}\n")
    return "\n".join(parts)


def write(folder: Path, numbers: Sequence[int], version: int) -> None:
    for number in numbers:
        (folder / name(number)).write_text(text(number, version), encoding="utf-8")


@dataclass
class Reader:
    """Asks without a pause, as another process would, and notes whatever must not be."""

    library: Library
    faults: list[str] = field(default_factory=list)
    asked: int = 0
    seen: set[str] = field(default_factory=set)
    """Words that were found whole once."""
    acknowledged: dict[int, int] = field(default_factory=dict)
    """File -> newest version that the ingester said it has."""
    _over: threading.Event = field(default_factory=threading.Event)

    def run(self) -> None:
        chooser = random.Random(7)
        while not self._over.is_set():
            try:
                self.look(chooser.randrange(FILES))
            except Exception as error:  # noqa: BLE001  (whatever it is, the test must fail with it)
                self.faults.append(f"{type(error).__name__}: {error}")
            time.sleep(0.01)  # two processors for everybody

    def look(self, number: int) -> None:
        """Each version of a file is found with all of its passages or with none; one that was acknowledged is found."""
        must = self.acknowledged.get(number, 0)
        found = {}
        for version in (1, 2):
            result = search(self.library, word(number, version), clearance=2, as_of=TODAY, limit=60)
            having = [hit for hit in result.hits if word(number, version) in hit.chunk.text]
            self.asked += 1
            found[version] = len(having)
            if len(having) not in (0, PASSAGES):
                self.faults.append(f"{word(number, version)}: {len(having)} of {PASSAGES} passages")
            elif having:
                self.seen.add(word(number, version))
            if number % 2 == 0 and "vector" in result.lists and any("vector" not in hit.found_by for hit in having):
                self.faults.append(f"{word(number, version)} is in the keyword index and not in the vector index")
        if must and not any(found[version] for version in range(must, 3)):
            # It may have been replaced between the two questions; then the newer one is there now.
            now = search(self.library, word(number, 2), clearance=2, as_of=TODAY)
            if not any(word(number, 2) in hit.chunk.text for hit in now.hits):
                self.faults.append(f"{name(number)}, version {must}, was acknowledged and is not found")

    def __enter__(self) -> Reader:
        self._thread = threading.Thread(target=self.run, daemon=True)
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._over.set()
        self._thread.join(60)


@pytest.mark.slow
@pytest.mark.xdist_group("rig")
def test_whatever_was_acknowledged_survives_a_kill_at_any_moment(tmp_path: Path, rig: Rig, monkeypatch: pytest.MonkeyPatch) -> None:
    chance = random.Random(20261123)
    monkeypatch.setattr("rag.index.scope.NARROW", FILES // 4)  # first the few are named to the indexes, then what they find is checked
    folder, home = tmp_path / "folder", tmp_path / "home"
    folder.mkdir()
    write(folder, range(FILES), version=1)
    environment = {"KONKYO_HOME": str(home), "KONKYO_BATCH": "4"}
    killed = 0
    library = Library(Settings(home=home))
    with Reader(library) as reader:

        def note(command: Command, version: int) -> None:
            for file in _ACKNOWLEDGED.findall(command.printed):
                number = int(file[4:7])
                reader.acknowledged[number] = max(version if number < 20 else 1, reader.acknowledged.get(number, 0))

        for turn in range(KILLS):
            version = 1 if turn < KILLS * 2 // 3 else 2
            if version == 2:
                write(folder, range(20), version=2)  # new bytes at the same places: revisions that replace others
            command = rig.start(["ingest", str(folder), "--level", "1"], environment)
            # Two files make a batch, so that a kill comes in the first, second or third batch, at any point of it.
            command.wait_for(": file", times=chance.randint(0, 4))
            time.sleep(chance.random() * 0.25)
            command.send(signal.SIGKILL)
            killed += command.wait() == -signal.SIGKILL
            note(command, version)
            published = {revision.source.uri: revision for revision in library.published}
            for number in reader.acknowledged:
                assert name(number) in published, f"{name(number)} was acknowledged before kill {turn + 1}"
        write(folder, range(20), version=2)
        last = rig.start(["ingest", str(folder), "--level", "1"], environment)
        assert last.wait() == 0, last.printed
        note(last, 2)
        for number in range(FILES):
            reader.look(number)
    assert killed >= KILLS * 3 // 4, "the kills must hit a running ingester"
    assert reader.faults == []
    assert reader.asked > 100
    assert reader.seen >= {word(number, 2 if number < 20 else 1) for number in range(FILES)}
    once_and_sound(library)
    again = rig.start(["ingest", str(folder), "--level", "1"], environment)
    assert again.wait() == 0
    assert f"{FILES} unchanged" in again.printed
    assert rig.start(["status"], environment).wait() == 0
    library.close()


def once_and_sound(library: Library) -> None:
    """Every file once in the registry and in both indexes, and nothing else."""
    published = library.registry.revisions(PUBLISHED)
    assert sorted(revision.source.uri for revision in published) == [name(number) for number in range(FILES)]
    assert library.registry.revisions(PENDING) == []
    chunks, embedded = library.registry.counts()
    assert (chunks, embedded) == (FILES * PASSAGES, FILES * PASSAGES), "each half has the vectors of its model"
    assert (library.keyword.count, library.meaning.count) == (chunks, embedded)
    every = [chunk for revision in published for chunk in library.registry.chunks_of(revision.number)]
    assert all(library.keyword.holds(chunk.id) for chunk in every)
    assert sum(len(index.vectors([chunk.id for chunk in every])) for index in library.meaning.indexes) == embedded
    assert library.troubles() == []
    assert len(library.visible(clearance=3, as_of=TODAY, filters=Filters())) == FILES
    for revision in published:
        document = library.document(revision.document_id, revision.sha256, clearance=3)
        assert library.original(document).decode() == document.text or document.format == "markdown"


@pytest.mark.slow
@pytest.mark.xdist_group("rig")
def test_ctrl_c_ends_with_a_sentence_and_the_next_run_goes_on(tmp_path: Path, rig: Rig) -> None:
    folder, home = tmp_path / "folder", tmp_path / "home"
    folder.mkdir()
    write(folder, range(FILES), version=1)
    environment = {"KONKYO_HOME": str(home), "KONKYO_BATCH": "4"}
    command = rig.start(["ingest", str(folder), "--level", "1"], environment)
    assert command.wait_for("added: ", times=6)
    command.send(signal.SIGINT)
    assert command.wait(90) == 130  # it ends the batch that it is in
    assert command.printed.splitlines()[-1].startswith("Stopped. What was acknowledged is safe"), command.printed
    assert "Traceback" not in command.printed
    acknowledged = set(_ACKNOWLEDGED.findall(command.printed))
    assert 6 <= len(acknowledged) < FILES
    library = Library(Settings(home=home))
    assert acknowledged <= {revision.source.uri for revision in library.published}
    assert not (home / "writer.json").exists()
    more = rig.start(["ingest", str(folder), "--level", "1"], environment)
    assert more.wait() == 0
    assert acknowledged.isdisjoint(_ACKNOWLEDGED.findall(more.printed)), "what was acknowledged is not read again"
    once_and_sound(library)
    library.close()
