"""The child of ``sandbox``: reads one file after another from its standard input, with little right to do anything else.

A request is two frames, a JSON object and the bytes of a file; a reply is one JSON object in a frame (``frames``), after one
``{"ocr": [page, pages]}`` for each page that OCR has read. ``python -m rag.read.worker MEGABYTES [office]`` is started by ``Sandbox``
and by nobody else; with ``office`` it may write files, because LibreOffice must.
"""

from __future__ import annotations

import base64
import json
import math
import os
import sys
import time
from collections.abc import Callable

from rag.errors import DamagedFile, ReadError, ReadMemory
from rag.read import read, wire
from rag.read.frames import receive, send
from rag.read.office import MAX_CONVERTED
from rag.read.options import How
from rag.read.page_picture import picture


def answer(header: dict[str, wire.Json], data: bytes, tell: Callable[[int, int], None], office: bool) -> dict[str, wire.Json]:
    """The document in ``data`` or the picture of a page of it, or the error that it made, as JSON."""
    source = wire.source_from_json(header["source"])
    error: ReadError
    try:
        if header["task"] == "picture":
            page, width = header["page"], header["width"]
            quotes, areas = header["quotes"], wire.areas_from_json(header["areas"])
            assert isinstance(page, int) and isinstance(width, int) and isinstance(quotes, list)
            drawn = picture(data, page, [str(quote) for quote in quotes], width=width, areas=areas, password=str(header["password"]))
            png = base64.b64encode(drawn.png).decode("ascii")
            return {"png": png, "marked": drawn.marked, "roughly": drawn.roughly, "width": drawn.width, "height": drawn.height}
        options = wire.options_from_json(header["options"], str(header["password"]))
        how = How(options=options, ocr_seconds=float(str(header["ocr_seconds"])), office=office, tell=tell)
        return {"document": wire.to_json(read(data, source=source, document_id=str(header["id"]), how=how))}
    except ReadError as told:
        error = told
    except MemoryError:
        error = ReadMemory(source.uri, f"needs more than {sys.argv[1]} MB of memory to read. Divide it, or raise the limit.")
    except RecursionError:
        error = DamagedFile(source.uri, "is nested too deeply to be read.")
    except Exception as fault:  # noqa: BLE001
        # A reader's own fault must not stop the files behind this one; what it was is said to the person who added the file.
        error = DamagedFile(source.uri, f"cannot be read ({type(fault).__name__}: {str(fault)[:200]}).")
    return {"error": type(error).__name__, "name": error.name, "reason": error.reason}


def _give_up_rights(megabytes: int, file_bytes: int) -> None:
    """From here on: so much more memory than now, no longer file written, no core dump. Where the system has no limits, none are set."""
    try:
        import resource
    except ImportError:
        return
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    resource.setrlimit(resource.RLIMIT_FSIZE, (file_bytes, file_bytes))
    try:
        with open("/proc/self/statm", encoding="ascii") as statm:
            now = int(statm.read().split()[0]) * os.sysconf("SC_PAGE_SIZE")
    except OSError:
        return
    resource.setrlimit(resource.RLIMIT_AS, (now + megabytes * 2**20,) * 2)


def _move_clock(seconds: float) -> None:
    """So much processor time from now on, in case the parent is not there to look at the clock."""
    try:
        import resource
    except ImportError:
        return
    _, hard = resource.getrlimit(resource.RLIMIT_CPU)
    soft = math.ceil(time.process_time() + seconds) + 2
    resource.setrlimit(resource.RLIMIT_CPU, (soft if hard == resource.RLIM_INFINITY else min(soft, hard), hard))


def main() -> None:
    """Serve until standard input ends."""
    requests = os.fdopen(os.dup(0), "rb")
    replies = os.fdopen(os.dup(1), "wb")
    # Whatever a library prints must not get between the frames.
    nowhere = os.open(os.devnull, os.O_RDWR)
    os.dup2(nowhere, 0)
    os.dup2(nowhere, 1)
    office = sys.argv[2:] == ["office"]
    _give_up_rights(int(sys.argv[1]), MAX_CONVERTED if office else 0)
    send(replies, b'{"ready": true}')
    while True:
        try:
            header = json.loads(receive(requests, 2**20))
            data = receive(requests, 2**40)
        except EOFError:
            return
        seconds, ocr_seconds = float(header["seconds"]), float(header.get("ocr_seconds", 0))
        _move_clock(seconds)

        def tell(page: int, pages: int, seconds: float = seconds + ocr_seconds) -> None:
            _move_clock(seconds)
            send(replies, json.dumps({"ocr": [page, pages]}).encode("ascii"))

        send(replies, json.dumps(answer(header, data, tell, office)).encode("ascii"))


if __name__ == "__main__":
    main()
