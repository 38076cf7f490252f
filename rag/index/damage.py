"""What the engines say of damaged files, in our words; and checksums, for an engine that keeps none and dies of a torn file."""

from __future__ import annotations

import json
import mmap
import os
import tempfile
import zlib
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path

from rag.errors import IndexDamaged

Sum = tuple[int, int, int]
"""Size, time of the last change in ns, CRC-32."""


@contextmanager
def told(what: str, *kinds: type[Exception]) -> Iterator[None]:
    """Errors of these kinds, and panics of Rust code, become IndexDamaged.

    Args:
        what: "The keyword index cannot be read", for the message.
    """
    try:
        yield
    except IndexDamaged:
        raise
    except BaseException as error:
        # A panic is no Exception: it would pass every handler and end the thread with a traceback.
        if not isinstance(error, kinds) and type(error).__module__ != "pyo3_runtime":
            raise
        raise IndexDamaged(f"{what} ({error}). Run: python -m rag rebuild") from error


def crc(file: Path, end: int | None = None) -> int:
    """CRC-32 of a file, or of its first ``end`` bytes."""
    with file.open("rb") as opened:
        if not os.fstat(opened.fileno()).st_size:
            return 0
        with mmap.mmap(opened.fileno(), 0, access=mmap.ACCESS_READ) as whole, memoryview(whole) as bytes_, bytes_[:end] as part:
            return zlib.crc32(part)


class Sums:
    """Sizes and checksums of files, noted after each change in a file of their own.

    Args:
        file: where they are noted.
    """

    def __init__(self, file: Path) -> None:
        self._file = file

    def note(self, files: Iterable[Path]) -> None:
        """Note what the files are now. Only those that changed since are read."""
        known = self._read()
        now: dict[str, Sum] = {}
        for file in files:
            about = file.stat()
            before = known.get(str(file.relative_to(self._file.parent)))
            same = before is not None and before[:2] == (about.st_size, about.st_mtime_ns)
            name = str(file.relative_to(self._file.parent))
            now[name] = before if same and before is not None else (about.st_size, about.st_mtime_ns, crc(file))
        if now == known:
            return
        handle, temporary = tempfile.mkstemp(dir=self._file.parent)
        with os.fdopen(handle, "w", encoding="utf-8") as out:
            json.dump(now, out)
        Path(temporary).replace(self._file)

    def torn(self, files: Iterable[Path]) -> list[str]:
        """Names of files that are not what was noted, and of noted files that are gone."""
        known = self._read()
        found = {str(file.relative_to(self._file.parent)): file for file in files}
        wrong = [name for name, file in found.items() if name not in known or (file.stat().st_size, crc(file)) != known[name][::2]]
        return sorted([*wrong, *(known.keys() - found.keys())])

    def _read(self) -> dict[str, Sum]:
        try:
            return {name: (int(size), int(time), int(sum_)) for name, (size, time, sum_) in json.loads(self._file.read_bytes()).items()}
        except (OSError, ValueError, TypeError, AttributeError):
            return {}
