"""What the desk wants done, handed over as jobs: each is written down first, so that it outlives the page and the program.

Whoever hands in a job need not wait for it; :mod:`rag.desk.work` does them one after the other.
"""

from __future__ import annotations

import os
import shutil
import uuid
from collections.abc import Iterable, Mapping, Sequence
from datetime import date
from pathlib import Path, PurePosixPath

from rag.errors import DiskFull, LibraryError
from rag.library import Library
from rag.read import wire
from rag.read.options import Options
from rag.rights import Rights
from rag.text import storable

_LONGEST = 1_000
"""Characters of a name that are kept, the last ones: they tell what kind of file it is."""
INBOX = "inbox"
"""Folder in the library's home: files that were handed in and are not read yet."""


def add(
    library: Library,
    files: Iterable[tuple[str, bytes]],
    *,
    user: str,
    clearance: int,
    level: int | None = None,
    document_id: str = "",
    effective_from: date | None = None,
    gap: bool = False,
) -> int:
    """Hand in files (name, bytes) to become drafts; ZIPs are unpacked. Returns the job's number.

    Args:
        level: for files that nothing gives one.
        document_id: the files become revisions of this document.
        effective_from: from when they apply.
        gap: they are to answer what was asked in vain. Its words stand with the questions, which have their time, and not here.

    Raises:
        DiskFull, LibraryError: they cannot be kept; nothing was handed in.
    """
    folder = library.home / INBOX / uuid.uuid4().hex
    try:
        folder.mkdir(parents=True)
        names = [_keep(folder, number, name, data) for number, (name, data) in enumerate(files)]
    except OSError as error:
        shutil.rmtree(folder, ignore_errors=True)
        if error.errno in (28, 122):  # ENOSPC, EDQUOT
            raise DiskFull(f"The disk of {library.home} is full. Make room and hand the files in again.") from error
        raise LibraryError(f"The files cannot be kept in {folder.parent} ({error.strerror}). Check the rights of the folder.") from error
    what = {
        "folder": folder.name,
        "names": names,
        "level": level,
        "document_id": document_id,
        "effective_from": effective_from.isoformat() if effective_from else "",
        "gap": gap,
    }
    return library.registry.jobs.add("add", what, user=user, clearance=clearance)


def fetch(library: Library, wanted: str, *, user: str, clearance: int, level: int | None = None) -> int:
    """Fetch a law from e-Gov to become a draft; see :mod:`rag.desk.egov`. Returns the job's number."""
    return library.registry.jobs.add("fetch", {"wanted": wanted.strip(), "level": level}, user=user, clearance=clearance)


def _keep(folder: Path, number: int, name: str, data: bytes) -> list[str]:
    """Write a file into a folder of its own; returns where, and the name it came with."""
    came = storable(name.replace("\\", "/").replace("\0", ""))
    parts = [part for part in PurePosixPath(came).parts if part not in ("/", "..", ".")]
    plain = f"{number:05d}{PurePosixPath(came).suffix[:10]}"
    with open(folder / plain, "wb") as out:
        out.write(data)
        out.flush()
        os.fsync(out.fileno())
    return [plain, "/".join(parts)[-_LONGEST:] or plain]


def read_again(library: Library, document_id: str, sha256: str, options: Options, *, user: str, clearance: int) -> int:
    """Keep how the bytes of a revision are to be read, and read them so. Returns the job's number.

    Raises:
        UnknownDocument: there is no such document, or this person may not change it; see :mod:`rag.rights`.
    """
    Rights.of(library.registry.revisions(), clearance).must_change(document_id)
    library.registry.desk.keep_reading(document_id, sha256, wire.options_to_json(options), user=user)
    return library.registry.jobs.add("read", {"document_id": document_id, "sha256": sha256}, user=user, clearance=clearance)


def options_of(library: Library, document_id: str, sha256: str) -> Options:
    """How the bytes of a revision are read by now."""
    return wire.options_from_json(library.registry.desk.readings().get((document_id, sha256), {}))


def correct(library: Library, document_id: str, sha256: str, values: Mapping[str, str], *, user: str, clearance: int) -> int:
    """Correct what is known of a document; see :mod:`rag.desk.correct`. Returns the job's number."""
    what = {"document_id": document_id, "sha256": sha256, "values": dict(values)}
    return library.registry.jobs.add("correct", what, user=user, clearance=clearance)


def check(library: Library, numbers: Sequence[int], *, user: str, clearance: int, reason: str = "") -> int:
    """Let the gate look at drafts, and mark as checked those that it lets through. Returns the job's number."""
    return library.registry.jobs.add("check", {"numbers": list(numbers), "reason": reason}, user=user, clearance=clearance)


def publish(library: Library, numbers: Sequence[int], *, user: str, clearance: int, reason: str = "", accept: str = "") -> int:
    """Make drafts visible, all at once or none. Returns the job's number."""
    what = {"numbers": list(numbers), "reason": reason, "accept": accept}
    return library.registry.jobs.add("publish", what, user=user, clearance=clearance)


def retire(library: Library, numbers: Sequence[int], *, user: str, clearance: int, reason: str, accept: str = "") -> int:
    """Take revisions back. Returns the job's number."""
    what = {"numbers": list(numbers), "reason": reason, "accept": accept}
    return library.registry.jobs.add("retire", what, user=user, clearance=clearance)


def golden(library: Library, *, user: str, clearance: int) -> int:
    """Put all golden questions. Returns the job's number."""
    return library.registry.jobs.add("golden", {}, user=user, clearance=clearance)
