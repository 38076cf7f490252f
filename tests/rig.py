"""A process that has imported everything and runs the command line in a copy of itself, as often as it is told.

Python with the model takes seconds to start; a fork takes milliseconds. So a test can kill the real ingester twenty times::

    {"argv": ["ingest", "/folder"], "env": {"KONKYO_HOME": "/home"}, "out": "/file"}   ->   {"pid": 4711}
                                                                                       ->   {"status": -9}

Started as ``python -m tests.rig``; used through :class:`Rig`. Nothing here runs before the fork but imports and the loading
of weights: an engine's threads would not come along.
"""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from types import TracebackType
from typing import Any, NoReturn, Self

REPOSITORY = Path(__file__).resolve().parent.parent


class Command:
    """A command that runs."""

    def __init__(self, rig: Rig, pid: int, file: Path) -> None:
        self._rig = rig
        self.pid = pid
        self.file = file
        """What it prints, both streams."""

    @property
    def printed(self) -> str:
        """What it printed until now."""
        return self.file.read_text(encoding="utf-8", errors="replace")

    def wait_for(self, text: str, times: int = 1, seconds: float = 60.0) -> bool:
        """Wait until it has printed something so often; False if it ended before that."""
        return self.wait_until(lambda: self.printed.count(text) >= times, seconds)

    def wait_until(self, done: Any, seconds: float = 60.0) -> bool:
        """Wait until ``done()``; False if the command ended before that."""
        end = time.monotonic() + seconds
        while not done():
            if self._rig.ended(0.0):
                return bool(done())
            assert time.monotonic() < end, f"nothing came in {seconds} s; printed so far: {self.printed}"
            time.sleep(0.002)
        return True

    def send(self, number: signal.Signals) -> None:
        """Send it a signal, if it still runs."""
        if not self._rig.ended(0.0):
            os.kill(self.pid, number)

    def wait(self, seconds: float = 120.0) -> int:
        """Its exit status; minus the number of the signal that ended it."""
        assert self._rig.ended(seconds), f"it did not end in {seconds} s; printed so far: {self.printed}"
        return self._rig.status


class Rig:
    """Runs commands one after another, each in a fork of one prepared process."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._count = 0
        self.status = 0
        self._running = False
        self._complaints = (folder / "rig-errors.txt").open("wb")
        self._process = subprocess.Popen(
            [sys.executable, "-m", "tests.rig"],
            cwd=REPOSITORY,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=self._complaints,
        )
        assert self._next(120.0) == {"ready": True}

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        self._process.kill()
        self._process.wait()
        self._complaints.close()

    def start(self, argv: Sequence[str], environment: Mapping[str, str]) -> Command:
        """Start ``python -m rag ARGV``; the one before must have ended."""
        assert not self._running
        self._count += 1
        out = self._folder / f"rig-{self._count}.txt"
        out.touch()
        assert self._process.stdin
        request = {"argv": list(argv), "env": dict(environment), "out": str(out)}
        self._process.stdin.write(json.dumps(request).encode() + b"\n")
        self._process.stdin.flush()
        answer = self._next(30.0)
        self._running = True
        return Command(self, int(answer["pid"]), out)

    def ended(self, seconds: float) -> bool:
        """True if the command has ended, or does so in time."""
        if self._running and (answer := self._next(seconds)):
            self.status, self._running = int(answer["status"]), False
        return not self._running

    def _next(self, seconds: float) -> dict[str, Any]:
        import select

        assert self._process.stdout
        if not select.select([self._process.stdout], [], [], seconds)[0]:
            return {}
        line = self._process.stdout.readline()
        assert line, "the prepared process ended: see rig-errors.txt"
        answer: dict[str, Any] = json.loads(line)
        return answer


def _run(request: Mapping[str, Any]) -> NoReturn:
    handle = os.open(request["out"], os.O_WRONLY | os.O_APPEND)
    nothing = os.open(os.devnull, os.O_RDONLY)
    os.dup2(nothing, 0)
    os.dup2(handle, 1)
    os.dup2(handle, 2)
    os.environ.update(request["env"])
    sys.argv = ["python -m rag", *request["argv"]]
    # Where the tests themselves were started in the background, Ctrl-C is ignored, and children inherit that.
    signal.signal(signal.SIGINT, signal.default_int_handler)
    from rag.cli import main

    status = 0
    try:
        main()
    except SystemExit as end:
        status = end.code if isinstance(end.code, int) else 1
    except BaseException:  # noqa: BLE001
        import traceback

        traceback.print_exc()
        status = 99
    sys.stdout.flush()
    sys.stderr.flush()
    os._exit(status)


def _serve() -> None:
    import torch

    torch.set_num_threads(1)  # a pool of threads would not survive the fork
    import rag.ask
    import rag.export
    import rag.ingest
    import rag.library
    from rag.embed import Embedder

    loaded = Embedder()
    loaded.model  # noqa: B018  (loads it)

    def prepared(name: str, download: bool) -> Embedder:
        return loaded if name == loaded.name else Embedder(name, download)

    setattr(rag.library, "Embedder", prepared)  # noqa: B010  (it is no name that the module gives away)
    sys.stdout.write('{"ready": true}\n')
    sys.stdout.flush()
    for line in sys.stdin:
        pid = os.fork()
        if not pid:
            _run(json.loads(line))
        sys.stdout.write(json.dumps({"pid": pid}) + "\n")
        sys.stdout.flush()
        _, status = os.waitpid(pid, 0)
        sys.stdout.write(json.dumps({"status": os.waitstatus_to_exitcode(status)}) + "\n")
        sys.stdout.flush()


if __name__ == "__main__":
    _serve()
