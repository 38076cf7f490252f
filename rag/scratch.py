"""Folders in a library's home for what is needed only for a while. They go with all in them, at the latest when the next one writes.

A process that is killed leaves its folder behind. It held a lock in it, which the operating system gave back: so whoever comes next can
tell what is left over from what is in use.
"""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory

from filelock import FileLock, Timeout

from rag.errors import LibraryError

KINDS = ("unpacked", "fetched")
"""What the folders are for; their names begin so."""
_LOCK = ".lock"
_SECONDS = 60.0
"""Making a folder and clearing away others is a moment's work, unless gigabytes are left over."""


@contextmanager
def folder(home: Path, kind: str) -> Iterator[Path]:
    """An empty folder of one of KINDS, to put things into folders in it.

    Raises:
        LibraryError: it cannot be made.
    """
    try:
        with FileLock(home / "scratch.lock", timeout=_SECONDS):  # nobody takes it for left over before it is locked
            made = TemporaryDirectory(dir=home, prefix=f"{kind}-", ignore_cleanup_errors=True)
            lock = FileLock(Path(made.name) / _LOCK, thread_local=False)
            lock.acquire(timeout=0)
    except OSError as error:
        raise LibraryError(
            f"The folder {home} cannot be written ({error.strerror or error}). Check its rights and the room on its disk."
        ) from error
    with made as name:
        try:
            yield Path(name)
        finally:
            lock.release()


def clear(home: Path) -> None:
    """Remove the folders of processes that are no more."""
    left = [item for kind in KINDS for item in home.glob(f"{kind}-*")]
    if not left:
        return
    try:
        with FileLock(home / "scratch.lock", timeout=_SECONDS):
            for item in left:
                if _is_left_over(item):
                    shutil.rmtree(item, ignore_errors=True)
    except (OSError, Timeout):
        return  # what stays does no harm but take room


def _is_left_over(item: Path) -> bool:
    lock = FileLock(item / _LOCK, thread_local=False)
    try:
        lock.acquire(timeout=0)
    except (OSError, Timeout):  # in use, or gone meanwhile
        return False
    lock.release()
    return True
