"""ZIP archives that somebody hands in: unpacked with nothing believed of them.

What an archive says of its sizes is not believed either: bytes are counted as they come out, and unpacking ends at the limit.
An archive with one bad name is refused whole, since somebody made it so on purpose.
"""

from __future__ import annotations

import os
import shutil
import stat
import zipfile
import zlib
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path, PurePosixPath
from typing import IO

from rag import sources
from rag.errors import ArchiveRefused, KonkyoError
from rag.inside import Place, alone, opened, parts
from rag.text import short

MAX_FILES = 5_000
"""Files of one archive."""
RATIO = 200
"""So many times its own size an archive may become; what is smaller than FREE in all may always be unpacked."""
FREE = 50 * 2**20
_PIECE = 2**20
_LEFT_ALONE = ("__MACOSX/",)
"""What a Mac adds."""


def unpack(archive: Path | Place, folder: Path, *, megabytes: int, name: str, look: Callable[[], object] = lambda: None) -> list[Path]:
    """Unpack ``archive`` into the new folder ``folder``; returns the files. Hidden files are left alone; archives inside stay packed.

    Args:
        archive: below the folder that was handed in, or at a path that somebody named himself.
        megabytes: all files together may have so many.
        name: the archive's, for the message.
        look: called after each file; what it raises ends the unpacking.

    Raises:
        ArchiveRefused: see there; nothing of it is kept.
        OutsideFolder, FileUnreadable: see :func:`rag.inside.opened`.
    """
    handle, about = opened(alone(archive) if isinstance(archive, Path) else archive, name)
    try:
        with os.fdopen(handle, "rb") as packed:
            return _unpack(packed, about.st_size, folder, megabytes, name, look)
    except (zipfile.BadZipFile, zlib.error, NotImplementedError, EOFError, ValueError, RuntimeError) as error:
        shutil.rmtree(folder, ignore_errors=True)
        raise ArchiveRefused(name, f"is no ZIP archive that can be unpacked ({short(str(error))}). Get it again.") from error
    except OSError as error:
        shutil.rmtree(folder, ignore_errors=True)
        raise ArchiveRefused(name, f"cannot be unpacked ({error.strerror or error}).") from error
    except KonkyoError:
        shutil.rmtree(folder, ignore_errors=True)
        raise


def files_in(
    archive: Path | Place, folder: Path, *, megabytes: int, name: str, level: int | None, look: Callable[[], object] = lambda: None
) -> Iterator[sources.Found]:
    """Unpack ``archive`` as :func:`unpack` does, and find the files in it under its name: what comes twice so is one document.

    Args:
        level: for files that the archive's own sources.toml gives none.

    Raises:
        ArchiveRefused, OutsideFolder, FileUnreadable: see there; or there is no document in it.
        SettingsError: its sources.toml is wrong.
    """
    unpack(archive, folder, megabytes=megabytes, name=name, look=look)
    stem, empty = PurePosixPath(name).stem, True
    for found in sources.find([folder], level, place=stem):
        empty = False
        yield found if found.listed else replace(found, source=replace(found.source, uri=f"{stem}/{found.source.uri}"))
    if empty:
        raise ArchiveRefused(name, "holds no documents. Look whether it is the right one.")


def _unpack(packed: IO[bytes], size: int, folder: Path, megabytes: int, name: str, look: Callable[[], object]) -> list[Path]:
    with zipfile.ZipFile(packed) as archive:
        entries = [(entry, _place(entry, name)) for entry in archive.infolist() if not entry.is_dir()]
        wanted = [(entry, place) for entry, place in entries if not hidden(place)]
        if len(wanted) > MAX_FILES:
            raise ArchiveRefused(name, f"holds {len(wanted):,} files; the limit is {MAX_FILES:,}. Divide it.")
        limit = min(megabytes * 2**20, max(FREE, RATIO * size))
        left = limit
        folder.mkdir(parents=True)
        made = []
        for entry, place in wanted:
            file = folder.joinpath(*place.parts)
            file.parent.mkdir(parents=True, exist_ok=True)
            left = _write(archive, entry, file, left, name, limit)
            made.append(file)
            look()
        return made


def _place(entry: zipfile.ZipInfo, name: str) -> PurePosixPath:
    """Where an entry goes, below the folder.

    Raises:
        ArchiveRefused: it is a link or encrypted, or its name leads elsewhere.
    """
    written = _name(entry)
    below = parts(written.replace("\\", "/"))
    if not below:
        raise ArchiveRefused(name, f"holds the name {short(written)!r}, which leads out of its folder. Nothing of it was taken in.")
    kind = stat.S_IFMT(entry.external_attr >> 16)
    if kind not in (0, stat.S_IFREG):
        raise ArchiveRefused(name, f"holds {short(written)!r}, which is a link or a device and no file. Nothing of it was taken in.")
    if entry.flag_bits & 0x1:
        raise ArchiveRefused(name, "needs a password. Unpack it and add the files in it.")
    return PurePosixPath(*below)


def _name(entry: zipfile.ZipInfo) -> str:
    """An entry's name as it is written, also behind a NUL, where zipfile cuts it off.

    Japanese Windows writes cp932 and says nothing; zipfile then takes it for cp437.
    """
    written = entry.orig_filename
    if entry.flag_bits & 0x800:
        return written
    try:
        return written.encode("cp437").decode("cp932")
    except (UnicodeEncodeError, UnicodeDecodeError):
        return written


def hidden(place: PurePosixPath) -> bool:
    """True for what the system keeps beside a folder's files, at this place in the folder."""
    return place.as_posix().startswith(_LEFT_ALONE) or any(part.startswith(".") for part in place.parts)


def _write(archive: zipfile.ZipFile, entry: zipfile.ZipInfo, file: Path, left: int, name: str, limit: int) -> int:
    """Unpack one file; returns how many bytes may still come."""
    if file.exists():
        raise ArchiveRefused(name, f"holds the name {short(file.name)!r} twice. Nothing of it was taken in.")
    with archive.open(entry) as packed, open(os.open(file, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as out:
        while piece := packed.read(_PIECE):
            left -= len(piece)
            if left < 0:
                said = f"becomes more than {limit // 2**20:,} MB when it is unpacked: it is not what it seems, or must be divided."
                raise ArchiveRefused(name, f"{said} Nothing of it was taken in.")
            out.write(piece)
    return left
