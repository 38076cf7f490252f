"""A whole library as one file, and back: the registry, the original files, the library's own words.

An archive is a ZIP whose ``manifest.json`` names every file in it with its size and sha256. Both indexes are left out, since they are
made anew from the registry; so are the questions of staff, which are nobody's business elsewhere. An archive that is not whole, or not
what its manifest says, is not taken in.
"""

from __future__ import annotations

import hashlib
import json
import os
import re
import shutil
import zipfile
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path, PurePosixPath
from typing import IO, Any

from rag import __version__
from rag.errors import ArchiveRefused, DiskFull, LibraryError
from rag.ingest import Ingester
from rag.inside import alone, opened
from rag.library import Library
from rag.records import HIGHEST_LEVEL
from rag.registry import PUBLISHED, Registry
from rag.text import short

FORMAT = "konkyo-library/1"
MANIFEST = "manifest.json"
REGISTRY = "registry.sqlite3"
ORIGINALS = "originals"
OWN = ("thesaurus.toml", "abbreviations.toml")
"""Files that people write in a library's home."""
_SHA256 = re.compile("[0-9a-f]{64}")
_PIECE = 2**20

Progress = Callable[[int, int], None]


def _nobody(done: int, total: int) -> None:
    """Nobody wants to know."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Packed:
    """What is in an archive."""

    files: int
    bytes: int
    revisions: int
    sha256: str
    """Of the manifest: whoever keeps it elsewhere can tell later that the archive is the same."""


def export(library: Library, file: Path, *, progress: Progress = _nobody) -> Packed:
    """Write the whole library to ``file``; nothing is written to the library meanwhile, and it goes on answering.

    Raises:
        LibraryLocked: another process is writing.
        LibraryError: the file is there already, or cannot be written; an original is gone or damaged.
    """
    if file.exists():
        raise LibraryError(f"{file} is there already. Name another file, or move it away.")
    part = file.with_name(f"{file.name}.part")
    copy = library.home / "registry.export"
    try:
        with Ingester(library, clearance=HIGHEST_LEVEL), zipfile.ZipFile(part, "w", zipfile.ZIP_DEFLATED) as archive:
            copy.unlink(missing_ok=True)
            library.registry.copy(copy)
            revisions = library.registry.revisions()
            wanted = {f"{ORIGINALS}/{r.sha256[:2]}/{r.sha256}": library.original_file(r.sha256) for r in revisions}
            wanted |= {name: library.home / name for name in OWN if (library.home / name).is_file()}
            listed = [_add(archive, REGISTRY, copy)]
            for number, (name, path) in enumerate(sorted(wanted.items()), start=1):
                listed.append(_add(archive, name, path))
                progress(number, len(wanted))
            manifest = {"format": FORMAT, "version": __version__, "made": datetime.now(UTC).isoformat(timespec="seconds"), "files": listed}
            written = json.dumps(manifest, ensure_ascii=False, indent=1).encode()
            archive.writestr(MANIFEST, written)
        with open(part, "rb+") as done:
            os.fsync(done.fileno())
        part.replace(file)
    except OSError as error:
        if error.errno in (28, 122):  # ENOSPC, EDQUOT
            raise DiskFull(f"The disk of {file.parent} is full. Make room and export again.") from error
        raise LibraryError(f"{error.filename or file} cannot be read or written ({error.strerror}). Nothing was exported.") from error
    finally:
        part.unlink(missing_ok=True)
        copy.unlink(missing_ok=True)
    return _packed(listed, len(revisions), written)


def _add(archive: zipfile.ZipFile, name: str, path: Path) -> dict[str, Any]:
    with open(path, "rb") as source, archive.open(name, "w", force_zip64=True) as out:
        size, sha256 = _through(source, out)
    if name.startswith(f"{ORIGINALS}/") and sha256 != PurePosixPath(name).name:
        raise LibraryError(f"The original file {path} was changed on the disk. Add it again, or restore it from a backup; then export.")
    return {"path": name, "bytes": size, "sha256": sha256}


def _through(source: IO[bytes], out: IO[bytes] | None) -> tuple[int, str]:
    digest, size = hashlib.sha256(), 0
    while piece := source.read(_PIECE):
        digest.update(piece)
        size += len(piece)
        if out is not None:
            out.write(piece)
    return size, digest.hexdigest()


# ------------------------------------------------------------ and back


def bring_in(file: Path, home: Path, *, progress: Progress = _nobody) -> Packed:
    """Make the library of an archive in ``home``, where none may be yet. The indexes are still to be rebuilt.

    Everything is checked before anything stands in ``home``; killed anywhere, there is no library or the whole one.

    Raises:
        ArchiveRefused: the file is no whole archive of a library; nothing was taken in.
        LibraryError: there is a library already, or the folder cannot be written.
        LibraryOutdated: it was made by another version of Konkyo.
    """
    if home.exists() and any(home.iterdir()) and not _empty(home):
        raise LibraryError(f"There is a library in {home} already. Name an empty folder: KONKYO_HOME.")
    new = home.with_name(f"{home.name}.importing")
    shutil.rmtree(new, ignore_errors=True)
    try:
        new.mkdir(parents=True)
        with os.fdopen(opened(alone(file), file.name)[0], "rb") as packed, zipfile.ZipFile(packed) as archive:
            written = archive.read(MANIFEST)
            listed = _manifest(written, archive, file.name)
            for number, entry in enumerate(listed, start=1):
                _take_out(archive, entry, new, file.name)
                progress(number, len(listed))
        revisions = _whole(new, file.name)
        shutil.rmtree(home, ignore_errors=True)
        new.replace(home)
    except (zipfile.BadZipFile, KeyError, EOFError, NotImplementedError, RuntimeError) as error:
        raise ArchiveRefused(file.name, f"is no archive of a library, or is torn ({error}). Nothing was taken in.") from error
    except OSError as error:
        if error.errno in (28, 122):
            raise DiskFull(f"The disk of {home} is full. Make room and import again.") from error
        raise LibraryError(f"{error.filename or home} cannot be read or written ({error.strerror}). Nothing was taken in.") from error
    finally:
        shutil.rmtree(new, ignore_errors=True)
    return _packed(listed, revisions, written)


def _empty(home: Path) -> bool:
    """True where opening made a library in which nothing ever was."""
    if not (home / REGISTRY).is_file():
        return False
    registry = Registry(home / REGISTRY)
    try:
        return not registry.revisions() and not registry.events.count()
    finally:
        registry.close()


def _manifest(written: bytes, archive: zipfile.ZipFile, name: str) -> list[dict[str, Any]]:
    try:
        manifest = json.loads(written)
        listed: list[dict[str, Any]] = [
            {"path": str(e["path"]), "bytes": int(e["bytes"]), "sha256": str(e["sha256"])} for e in manifest["files"]
        ]
        version = manifest["format"]
    except (ValueError, TypeError, KeyError) as error:
        raise ArchiveRefused(name, f"has a manifest that cannot be read ({error}). Nothing was taken in.") from error
    if version != FORMAT:
        raise ArchiveRefused(name, f"is of the kind {version!r}; this program reads {FORMAT}. Nothing was taken in.")
    for entry in listed:
        parts = PurePosixPath(entry["path"]).parts
        own = len(parts) == 1 and parts[0] in (REGISTRY, *OWN)
        original = len(parts) == 3 and parts[0] == ORIGINALS and parts[2] == entry["sha256"] and parts[1] == parts[2][:2]
        if not own and not (original and _SHA256.fullmatch(parts[2])):
            raise ArchiveRefused(name, f"holds {short(entry['path'])!r}, which belongs to no library. Nothing was taken in.")
    there, said = sorted(archive.namelist()), sorted([MANIFEST, *(entry["path"] for entry in listed)])
    if there != said:
        odd = next(iter(set(there) ^ set(said)), there[0])
        raise ArchiveRefused(name, f"does not hold what its manifest says ({short(odd)!r}). Nothing was taken in.")
    return listed


def _take_out(archive: zipfile.ZipFile, entry: dict[str, Any], folder: Path, name: str) -> None:
    file = folder.joinpath(*PurePosixPath(entry["path"]).parts)
    file.parent.mkdir(parents=True, exist_ok=True)
    if archive.getinfo(entry["path"]).file_size != entry["bytes"]:
        raise ArchiveRefused(name, f"was changed: {entry['path']} has another size than its manifest says. Nothing was taken in.")
    with archive.open(entry["path"]) as packed, open(file, "wb") as out:
        size, sha256 = _through(packed, out)
        out.flush()
        os.fsync(out.fileno())
    if (size, sha256) != (entry["bytes"], entry["sha256"]):
        raise ArchiveRefused(name, f"was changed: {entry['path']} is not what its manifest says. Nothing was taken in.")


def _whole(folder: Path, name: str) -> int:
    """Every published revision has its original, and the registry can be read. Returns how many revisions there are."""
    registry = Registry(folder / REGISTRY)
    try:
        if odd := next((r for r in registry.revisions() if not _SHA256.fullmatch(r.sha256)), None):  # it would be taken for a file's name
            raise ArchiveRefused(name, f"has a revision of {short(odd.document_id)} whose sha256 is none. Nothing was taken in.")
        lost = [r for r in registry.revisions(PUBLISHED) if not (folder / ORIGINALS / r.sha256[:2] / r.sha256).is_file()]
        if lost:
            raise ArchiveRefused(name, f"lacks the original file of {lost[0].document_id}. Nothing was taken in.")
        registry.jobs.drop()
        return len(registry.revisions())
    finally:
        registry.close()


def _packed(listed: list[dict[str, Any]], revisions: int, manifest: bytes) -> Packed:
    size = sum(int(entry["bytes"]) for entry in listed)
    return Packed(files=len(listed), bytes=size, revisions=revisions, sha256=hashlib.sha256(manifest).hexdigest())
