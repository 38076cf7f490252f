"""Reads files in a child process with limits on time and memory, so that no file can stop, slow or take over the program.

A PDF of 31 KB can burn 33 seconds and a small archive can unpack to gigabytes. The child (``worker``) is kept from file to file; it
is ended and started anew when a file takes too long, when it dies, and after ``FILES_PER_CHILD`` files. What it answers is checked:
its text decides nothing about who may read the document. Old Office files go to a second child, which may start LibreOffice and
write into a folder of its own; nothing else may write.
"""

from __future__ import annotations

import base64
import contextlib
import hashlib
import json
import os
import signal
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path
from types import TracebackType
from typing import IO, Self

import rag
from rag.errors import DamagedFile, EmptyFile, FileTooLarge, FileUnreadable, KonkyoError, ReadError, ReadMemory, ReadTimeout
from rag.inside import Place, alone, opened
from rag.read import wire
from rag.read.frames import receive, send
from rag.read.ocr import MAX_PAGES
from rag.read.office import for_libreoffice
from rag.read.options import Options
from rag.read.page_picture import Area, PagePicture
from rag.read.reading import fill
from rag.records import Document, Source

FILES_PER_CHILD = 500
START_SECONDS = 60.0
REPLY_LIMIT = 2**29
"""Bytes of a reply; a text of 100 MB is far below."""
_ERRORS = {kind.__name__: kind for kind in (*ReadError.__subclasses__(), ReadError)}
_MEGABYTE = 2**20
Progress = Callable[[int, int], None]
"""Called with (page, pages) after each page that OCR has read; what it raises stops the reading."""
_NO_CORRECTIONS = Options()


def _silent(page: int, pages: int) -> None:
    """Nobody wants to know."""


class Sandbox:
    """Reads one file at a time; use as a context manager. Threads may share one: they wait for each other.

    Args:
        seconds: Wall-clock time for one file, without OCR.
        megabytes: Memory for one file, beyond what the child needs for itself.
        file_megabytes: Size of one file.
        ocr_seconds: Time that OCR may take for one page, beyond ``seconds``; 0 switches OCR off.
        office: For the second child: it may start LibreOffice.
        command: What to start instead of the reader; for tests.
    """

    def __init__(
        self,
        seconds: float = 60.0,
        megabytes: int = 1024,
        file_megabytes: int = 200,
        *,
        ocr_seconds: float = 60.0,
        office: bool = False,
        command: Sequence[str] = (),
    ) -> None:
        self.seconds, self.megabytes, self.file_megabytes = seconds, megabytes, file_megabytes
        self.ocr_seconds, self.office = ocr_seconds, office
        # -P: nothing is imported from the folder that the program happens to be in.
        worker = [sys.executable, "-P", "-B", "-X", "utf8", "-m", "rag.read.worker", str(megabytes), *(["office"] if office else [])]
        self._command = list(command) or worker
        self._writes: tempfile.TemporaryDirectory[str] | None = None
        self._for_office: Sandbox | None = None
        self._child: subprocess.Popen[bytes] | None = None
        self._complaints: IO[bytes] | None = None
        self._served = 0
        self._lock = threading.Lock()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        self.close()

    def close(self) -> None:
        """End the child. Reading again starts a new one."""
        with self._lock:
            self._end()
            if self._for_office is not None:
                self._for_office.close()

    # ------------------------------------------------------------ reading

    def read_file(
        self, file: Path | Place, *, source: Source, document_id: str, options: Options = _NO_CORRECTIONS, progress: Progress = _silent
    ) -> Document:
        """The document in a file: below the folder that was handed in, or at a path that somebody named himself.

        Raises:
            OutsideFolder, FileUnreadable: see :func:`rag.inside.opened`; or it changed while it was read.
            ReadError: it could not become a document; each case has its own class.
        """
        data = self.load(file, source.uri or file.name)
        return self.read_bytes(data, source=source, document_id=document_id, options=options, progress=progress)

    def load(self, file: Path | Place, name: str) -> bytes:
        """The bytes of a file, unchanged from the first to the last; of a file that is too large none is read.

        Raises:
            OutsideFolder, FileUnreadable, FileTooLarge, EmptyFile: as above.
        """
        handle, before = opened(alone(file) if isinstance(file, Path) else file, name)
        try:
            with os.fdopen(handle, "rb") as bytes_:
                self._check_size(before.st_size, name)
                data = bytes_.read(before.st_size + 1)
                after = os.fstat(handle)
        except OSError as error:
            raise FileUnreadable(name, f"cannot be read: {error.strerror or error}.") from error
        if len(data) != before.st_size or (before.st_size, before.st_mtime_ns) != (after.st_size, after.st_mtime_ns):
            raise FileUnreadable(name, "changed while it was read: try again.")
        return data

    def _check_size(self, size: int, name: str) -> None:
        if not size:
            raise EmptyFile(name, "is empty.")
        if size > self.file_megabytes * _MEGABYTE:
            raise FileTooLarge(
                name, f"has {size / _MEGABYTE:,.0f} MB; the limit is {self.file_megabytes} MB. Divide it, or raise the limit."
            )

    def read_bytes(
        self, data: bytes, *, source: Source, document_id: str, options: Options = _NO_CORRECTIONS, progress: Progress = _silent
    ) -> Document:
        """The document in ``data``, as ``options`` correct it.

        Raises:
            ReadError: it could not become a document; each case has its own class.
        """
        name = source.uri or document_id
        request: dict[str, wire.Json] = {"task": "read", "source": wire.source_to_json(source), "id": document_id}
        request |= {"options": wire.options_to_json(options), "password": options.password, "ocr_seconds": self.ocr_seconds}
        answer = self._reader_of(data)._do(request, data, name, progress)
        try:
            document = wire.from_json(answer.get("document"))
        except (ValueError, RecursionError) as error:
            raise _nonsense(name, error) from error
        return _trusted(document, source, document_id, data)

    def picture(
        self,
        data: bytes,
        page: int,
        quotes: Sequence[str],
        *,
        name: str,
        width: int = 900,
        areas: Sequence[Area] = (),
        password: str = "",
    ) -> PagePicture:
        """``page_picture.picture`` in the child, so that a page that crashes the drawing does not end the program.

        Raises:
            ReadError: the page could not be drawn; ``name`` is the file's, for the message.
        """
        request: dict[str, wire.Json] = {"task": "picture", "page": page, "quotes": list(quotes), "width": width}
        request |= {"areas": [list(area) for area in areas], "password": password}
        answer = self._do({**request, "source": wire.source_to_json(Source(uri=name))}, data, name)
        try:
            png = base64.b64decode(str(answer["png"]), validate=True)
            marked, across, down = (int(str(answer[key])) for key in ("marked", "width", "height"))
        except (ValueError, KeyError) as error:
            raise _nonsense(name, error) from error
        if not png.startswith(b"\x89PNG\r\n\x1a\n"):
            raise _nonsense(name, ValueError("no picture"))
        return PagePicture(png=png, marked=marked, roughly=answer.get("roughly") is True, width=across, height=down)

    def _reader_of(self, data: bytes) -> Sandbox:
        """Itself, or the child that may start LibreOffice."""
        if self.office or not for_libreoffice(data):
            return self
        with self._lock:
            if self._for_office is None:
                self._for_office = Sandbox(self.seconds, self.megabytes, self.file_megabytes, ocr_seconds=self.ocr_seconds, office=True)
            return self._for_office

    def _do(self, request: dict[str, wire.Json], data: bytes, name: str, progress: Progress = _silent) -> dict[str, wire.Json]:
        self._check_size(len(data), name)
        with self._lock:
            reply = self._ask(json.dumps({**request, "seconds": self.seconds}).encode("ascii"), data, name, progress)
        try:
            answer = json.loads(reply)
        except (ValueError, RecursionError) as error:
            raise _nonsense(name, error) from error
        if not isinstance(answer, dict):
            raise _nonsense(name, TypeError("not an object"))
        if "error" in answer:
            raise _ERRORS.get(str(answer["error"]), DamagedFile)(name, str(answer.get("reason")))
        return answer

    # ------------------------------------------------------------ the child

    def _ask(self, header: bytes, data: bytes, name: str, progress: Progress) -> bytes:
        if self._served >= FILES_PER_CHILD or (self._child is not None and self._child.poll() is not None):
            self._end()
        child = self._child or self._start()
        self._served += 1
        begun = time.monotonic()

        def exchange() -> bytes:
            assert child.stdin and child.stdout
            send(child.stdin, header)
            send(child.stdin, data)
            return receive(child.stdout, REPLY_LIMIT)

        def following() -> bytes:
            assert child.stdout
            return receive(child.stdout, REPLY_LIMIT)

        try:
            reply = _within(self.seconds, exchange)
            told = 0
            # A child that reads by OCR says so page by page, and has so much more time for the next one.
            while reply.startswith(_PAGE_DONE) and told <= MAX_PAGES:
                told += 1
                page, pages = json.loads(reply)["ocr"]
                progress(int(page), int(pages))
                reply = _within(self.seconds + self.ocr_seconds, following)
        except TimeoutError:
            self._end()
            raise ReadTimeout(name, f"takes more than {self.seconds:g} s to read. Divide it, or raise the limit.") from None
        except (OSError, EOFError):
            raise self._obituary(name, time.monotonic() - begun) from None
        except ValueError as error:
            self._end()
            raise ReadMemory(name, "made the reader answer more than can be taken.") from error
        except BaseException:
            # Ctrl-C in the middle: half an answer is in the pipe, so this child cannot be asked again.
            self._end()
            raise
        if b'"error": "ReadMemory"' in reply[:40]:
            self._end()  # what it could not allocate may have left it in pieces
        return reply

    def _start(self) -> subprocess.Popen[bytes]:
        self._complaints = tempfile.TemporaryFile()  # noqa: SIM115  (closed with the child)
        kept = {key: os.environ[key] for key in _ENVIRONMENT if key in os.environ}
        if self.office:
            self._writes = tempfile.TemporaryDirectory(prefix="konkyo-office-", ignore_cleanup_errors=True)
            kept |= {"TMPDIR": self._writes.name, "HOME": self._writes.name}
        self._child = child = subprocess.Popen(
            self._command,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=self._complaints,
            # Keys and passwords of the program are no business of the child's.
            env={**kept, "PYTHONPATH": str(Path(rag.__file__).parent.parent)},
            # Ctrl-C in the terminal is for the program, which then ends the child.
            start_new_session=True,
        )
        self._served = 0
        stdout = child.stdout
        assert stdout
        try:
            _within(START_SECONDS, lambda: receive(stdout, 1000))
        except (TimeoutError, OSError, EOFError, ValueError) as error:
            self._complaints.seek(0)
            said = self._complaints.read().decode("utf-8", "replace").strip().splitlines()
            self._end()
            raise KonkyoError(f"the reading process does not start: {said[-1] if said else error!r}") from error
        return child

    def _end(self) -> None:
        child, self._child = self._child, None
        if child is not None:
            _kill(child)
            child.wait()
            for pipe in (child.stdin, child.stdout):
                if pipe is not None:
                    with contextlib.suppress(OSError):  # what was not yet sent cannot be sent any more
                        pipe.close()
        if self._complaints is not None:
            self._complaints.close()
            self._complaints = None
        if self._writes is not None:
            self._writes.cleanup()
            self._writes = None

    def _obituary(self, name: str, lived: float) -> ReadError:
        """Why the child died while it read ``name``."""
        child = self._child
        assert child
        try:
            code = child.wait(5)
        except subprocess.TimeoutExpired:
            code = 0
        self._end()
        how = signal.Signals(-code).name if code < 0 and -code in set(signal.Signals) else f"exit {code}"
        if how == "SIGXCPU":
            return ReadTimeout(name, f"takes more than {self.seconds:g} s to read. Divide it, or raise the limit.")
        if how in ("SIGKILL", "SIGABRT", "SIGTRAP", "SIGILL"):
            # pdfium and the system's own guard end a process that gets no memory.
            return ReadMemory(name, f"stopped the reader ({how}), as happens when more than {self.megabytes} MB of memory are needed.")
        return DamagedFile(name, f"made the reader crash ({how}) after {lived:.1f} s. The program is not affected.")


_PAGE_DONE = b'{"ocr": ['
_ENVIRONMENT = ("PATH", "SYSTEMROOT", "LANG", "LC_ALL", "LD_LIBRARY_PATH", "TMPDIR", "TESSDATA_PREFIX")


def _kill(child: subprocess.Popen[bytes]) -> None:
    """End the child and what it started: it leads a session of its own."""
    if hasattr(os, "killpg"):
        with contextlib.suppress(ProcessLookupError, PermissionError):
            os.killpg(child.pid, signal.SIGKILL)
    child.kill()


def _nonsense(name: str, error: Exception) -> DamagedFile:
    return DamagedFile(name, f"made the reader answer what is no document ({str(error)[:200]}).")


def _trusted(document: Document, source: Source, document_id: str, data: bytes) -> Document:
    """The child's document with what the parent itself knows: id, revision, level. A file may only fill what was left empty."""
    found = document.source
    filled = fill(
        source,
        title=found.title,
        issuer=found.issuer,
        number=found.number,
        kind=found.kind,
        issued=found.issued,
        effective_from=found.effective_from,
        language=found.language,
    )
    return replace(document, id=document_id, revision=hashlib.sha256(data).hexdigest(), source=filled)


def _within(seconds: float, do: Callable[[], bytes]) -> bytes:
    """What ``do`` returns or raises, in a thread of its own; it is left behind where it takes longer.

    Raises:
        TimeoutError: it did not end in time. The caller ends the child, and with it the pipe that the thread waits on.
    """
    result: list[bytes] = []
    fault: list[BaseException] = []

    def run() -> None:
        try:
            result.append(do())
        except BaseException as error:  # noqa: BLE001  (raised again in the caller's thread)
            fault.append(error)

    thread = threading.Thread(target=run, name="sandbox", daemon=True)
    thread.start()
    thread.join(seconds)
    if fault:
        raise fault[0]
    if not result:
        raise TimeoutError
    return result[0]
