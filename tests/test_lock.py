"""One writer at a time: the second one refuses at once and says who the first is; a killed one holds nobody up."""

from __future__ import annotations

import getpass
import json
import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from rag.errors import LibraryLocked
from rag.ingest import Ingester, ingest, rebuild

from .conftest import REPOSITORY
from .small import document, found, library_at, publish

HOLD = """
import sys, time
from pathlib import Path
from rag.ingest import Ingester
from tests.small import library_at
with Ingester(library_at(Path(sys.argv[1])), clearance=3):
    print("held", flush=True)
    time.sleep(600)
"""


@pytest.fixture
def holder(tmp_path: Path) -> Iterator[subprocess.Popen[bytes]]:
    """Another process that is writing to the library in tmp_path/home."""
    process = subprocess.Popen([sys.executable, "-c", HOLD, str(tmp_path / "home")], cwd=REPOSITORY, stdout=subprocess.PIPE)
    assert process.stdout
    assert process.stdout.readline() == b"held\n"
    yield process
    process.kill()
    process.wait()


def refused(home: Path) -> str:
    """The message of a writer that comes second; it must come in under a second."""
    library = library_at(home)
    started = time.perf_counter()
    with pytest.raises(LibraryLocked) as caught, Ingester(library, clearance=3):
        pass
    assert time.perf_counter() - started < 1.0
    return str(caught.value)


def test_a_second_writer_refuses_at_once_and_a_kill_frees_the_lock(tmp_path: Path, holder: subprocess.Popen[bytes]) -> None:
    home = tmp_path / "home"
    message = refused(home)
    assert f"process {holder.pid} of {getpass.getuser()}" in message
    assert str(home) in message, "the command that was typed is named"
    assert message.endswith("Wait until it has ended, then run again.")
    (tmp_path / "file.md").write_text("Travel is booked by the office.", encoding="utf-8")
    with pytest.raises(LibraryLocked):
        list(ingest(library_at(home), [tmp_path / "file.md"]))
    with pytest.raises(LibraryLocked):
        rebuild(library_at(home))
    assert library_at(home).published == [], "readers are not held up"

    holder.send_signal(signal.SIGKILL)
    holder.wait()
    started = time.perf_counter()
    publish(library_at(home), [document("rule", "Travel is booked by the office.")])
    assert time.perf_counter() - started < 5.0
    assert found(library_at(home), "travel") == ["rule"]
    assert not (home / "writer.json").exists()


def test_two_writers_in_one_process_exclude_each_other_too(tmp_path: Path) -> None:
    with Ingester(library_at(tmp_path / "home"), clearance=3):
        assert f"process {os.getpid()} " in refused(tmp_path / "home")
    with Ingester(library_at(tmp_path / "home"), clearance=3):
        pass


def test_an_unreadable_note_of_who_holds_it_is_no_obstacle(tmp_path: Path) -> None:
    home = tmp_path / "home"
    with Ingester(library_at(home), clearance=3):
        for note in ("", "{", json.dumps({"pid": 1}), json.dumps([1])):
            (home / "writer.json").write_text(note, encoding="utf-8")
            assert refused(home).startswith("The library is being written by another process.")
        (home / "writer.json").unlink()
        assert refused(home).startswith("The library is being written by another process.")


def test_a_writer_that_fails_at_the_start_holds_nobody_up(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    library = library_at(tmp_path / "home")

    def fail(*states: str) -> list[object]:
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr(library.registry, "revisions", fail)
        with pytest.raises(KeyboardInterrupt), Ingester(library, clearance=3):
            pass
    with Ingester(library_at(tmp_path / "home"), clearance=3):
        pass


def test_a_run_that_is_given_up_in_another_thread_frees_the_lock(tmp_path: Path) -> None:
    for name in ("a", "b"):
        (tmp_path / f"{name}.md").write_text(f"Travel {name} is booked by the office.", encoding="utf-8")
    run = ingest(library_at(tmp_path / "home", batch=1), [tmp_path / "a.md", tmp_path / "b.md"])
    next(run)
    thread = threading.Thread(target=run.close)  # type: ignore[attr-defined]  # a generator has it
    thread.start()
    thread.join()
    with Ingester(library_at(tmp_path / "home"), clearance=3):
        pass


def test_a_user_without_a_name_can_write(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    # Containers run under numbers that no file of users knows.
    def nobody() -> str:
        raise KeyError("uid not found: 12345")

    monkeypatch.setattr(getpass, "getuser", nobody)
    with Ingester(library_at(tmp_path / "home"), clearance=3):
        assert f"of {os.getuid()} on" in refused(tmp_path / "home")
