"""The original bytes of the documents, each under its sha256: looked at anew whenever somebody opens one."""

from __future__ import annotations

import errno
import hashlib
import os
import tempfile
from pathlib import Path

from rag.errors import DiskFull, LibraryError, UnknownDocument

GONE, CHANGED = "not there", "not the one that was read"


class Originals:
    """The folder of originals in a library's home."""

    def __init__(self, home: Path) -> None:
        self._home = home

    @property
    def incoming(self) -> Path:
        """Where an original lies until it is complete."""
        return self._home / "originals" / "incoming"

    def file(self, sha256: str) -> Path:
        """Where the bytes with this sha256 are kept."""
        return self._home / "originals" / sha256[:2] / sha256

    def size(self, sha256: str) -> int:
        """How many bytes there are; 0 where there is no file."""
        try:
            return self.file(sha256).stat().st_size
        except OSError:
            return 0

    def damage(self, sha256: str) -> str:
        """What is wrong with an original, which is read whole: GONE or CHANGED; "" where nothing is."""
        try:
            with self.file(sha256).open("rb") as data:
                return "" if hashlib.file_digest(data, "sha256").hexdigest() == sha256 else CHANGED
        except OSError:
            return GONE

    def read(self, document_id: str, sha256: str) -> bytes:
        """The bytes that a document was read from.

        Raises:
            UnknownDocument: they are gone, or are no longer those bytes.
        """
        try:
            data = self.file(sha256).read_bytes()
        except OSError as error:
            raise UnknownDocument(f"The original file of {document_id} is not in the library ({error.strerror}). Add it again.") from error
        if hashlib.sha256(data).hexdigest() != sha256:
            raise UnknownDocument(f"The original file of {document_id} was changed on the disk. Restore it from a backup, or add it again.")
        return data

    def keep(self, data: bytes) -> str:
        """Store bytes under their sha256, durably; returns it. What was damaged on the disk is mended.

        Raises:
            DiskFull: they do not fit.
        """
        sha256 = hashlib.sha256(data).hexdigest()
        file = self.file(sha256)
        try:
            if file.exists() and file.stat().st_size == len(data) and file.read_bytes() == data:
                return sha256
            file.parent.mkdir(parents=True, exist_ok=True)
            self.incoming.mkdir(exist_ok=True)
            handle, name = tempfile.mkstemp(dir=self.incoming)
            with os.fdopen(handle, "wb") as out:
                out.write(data)
                out.flush()
                os.fsync(out.fileno())
            Path(name).replace(file)
            _sync(file.parent)
        except OSError as error:
            if error.errno not in (errno.ENOSPC, errno.EDQUOT):
                raise LibraryError(
                    f"An original cannot be stored in {file.parent} ({error.strerror}). Check the rights of the folder."
                ) from error
            raise DiskFull(f"The disk of {self._home} is full. Make room and run again: it goes on where it stopped.") from error
        return sha256


def _sync(folder: Path) -> None:
    """Make the name of a new file as durable as its bytes, where the system can."""
    try:
        handle = os.open(folder, os.O_RDONLY)
    except OSError:
        return
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
