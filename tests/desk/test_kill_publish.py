"""A publication is killed at random moments: its documents are drafts or published, all of them, and the next one goes through."""

from __future__ import annotations

import random
import signal
import time
from pathlib import Path

import pytest

from rag.desk.publish import find
from rag.library import Library
from rag.records import Filters
from rag.registry import CHECKED, DRAFT, PENDING, PUBLISHED
from rag.settings import Settings
from tests.conftest import TODAY
from tests.rig import Rig
from tests.test_kill import PASSAGES, Reader, name, text, word, write

KILLS = 20
"""Publications that were killed while they ran."""
ATTEMPTS = 3 * KILLS
"""At the most: a kill that comes when the publication has just ended is none."""
FILES = 12
TOGETHER = 2
"""Files of one publication."""


def ids(library: Library) -> dict[int, str]:
    """File -> id of its document."""
    return {int(r.source.uri[4:7]): r.document_id for r in library.registry.revisions()}


@pytest.mark.slow
@pytest.mark.xdist_group("rig")
def test_a_publication_that_is_killed_is_never_half_visible(tmp_path: Path, rig: Rig, monkeypatch: pytest.MonkeyPatch) -> None:
    chance = random.Random(20261124)
    monkeypatch.setattr("tests.test_kill.FILES", FILES)
    folder, home = tmp_path / "folder", tmp_path / "home"
    folder.mkdir()
    write(folder, range(FILES), version=1)
    environment = {"KONKYO_HOME": str(home)}
    assert rig.start(["ingest", str(folder), "--level", "1"], environment).wait() == 0
    library = Library(Settings(home=home))
    document = ids(library)
    killed, turn, version, lasts = 0, 0, 1, 0.35
    with Reader(library) as reader:
        while killed < KILLS:
            assert turn < ATTEMPTS, f"{killed} of {turn} kills hit a running publication"
            version = 3 - version
            write(folder, range(FILES), version)  # new bytes for the same documents
            assert rig.start(["add", str(folder), "--level", "1"], environment).wait() == 0
            for first in range(0, FILES, TOGETHER):
                some = [document[number] for number in range(first, first + TOGETHER)]
                for _ in range(2 if killed < KILLS else 0):
                    command = rig.start(["publish", *some, "--reason", "no dates"], environment)
                    command.wait_until((home / "writer.json").exists)
                    time.sleep(chance.random() * lasts)
                    command.send(signal.SIGKILL)
                    killed += command.wait() == -signal.SIGKILL
                    turn += 1
                    states = {r.state for r in library.registry.revisions(DRAFT, CHECKED) if r.document_id in some}
                    now = [find(library, id, PUBLISHED) for id in some]
                    fresh = [
                        word(number, version) in library.document(id, clearance=1).text for number, id in document.items() if id in some
                    ]
                    assert len(set(fresh)) == 1, f"{some} are half published after kill {turn}"
                    assert len(now) == TOGETHER and bool(states) != fresh[0], "a draft or published, never both, never neither"
                    if fresh[0]:
                        break
                else:
                    command = rig.start(["publish", *some, "--reason", "no dates"], environment)
                    command.wait_until((home / "writer.json").exists)
                    begun = time.monotonic()
                    assert command.wait() == 0
                    lasts = time.monotonic() - begun  # on this machine, today: the kills come from its beginning to its end
        for number in range(FILES):
            reader.look(number)
    assert reader.faults == []
    assert library.registry.revisions(PENDING, DRAFT, CHECKED) == []
    (folder / name(0)).write_text(text(0, 2 if version == 1 else 1), encoding="utf-8")
    assert rig.start(["ingest", str(folder), "--level", "1"], environment).wait() == 0  # forgets what is left in the indexes
    published = library.registry.revisions(PUBLISHED)
    assert sorted(r.source.uri for r in published) == [name(number) for number in range(FILES)]
    assert (library.keyword.count, library.meaning.count) == library.registry.counts() == (FILES * PASSAGES, FILES * PASSAGES)
    assert library.troubles() == []
    assert len(library.visible(clearance=3, as_of=TODAY, filters=Filters())) == FILES
    library.close()
