"""sources.toml: what people know of their files and the files do not say — title, issuer, dates, level.

One ``[[document]]`` table a file; several files with the same ``id`` are revisions of one document. Without an entry a
file is described by what its reader finds in it, and by its name.
"""

from __future__ import annotations

import hashlib
import os
import re
import tomllib
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from pathlib import Path
from typing import Any

from rag.errors import ReadError, SettingsError
from rag.inside import Entry, Place, alone, files, opened, parts
from rag.records import HIGHEST_LEVEL, Kind, Source
from rag.text import short, storable

NAME = "sources.toml"

_TEXTS = ("title", "issuer", "number", "licence", "language", "replaces")
_DATES = ("issued", "effective_from", "effective_to")
LONGEST_ID = 300
"""Characters of an id that a sources.toml may give: it is shown wherever the document is."""
_LONGEST_NAME = 4096
"""Characters of a file's name; no system has longer ones, so such a file is not there."""
_EGOV_NAME = re.compile(r"^(\d{3}[0-9A-Z]{12})_(\d{8})_[0-9A-Z]{15}$")
"""<law id>_<date in force>_<id of the amending law>, as e-Gov names its files."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Found:
    """A file to add, with the document it belongs to and what is known of it."""

    file: Place
    document_id: str
    source: Source
    listed: bool = False
    """True where sources.toml describes it."""


@dataclass(frozen=True, kw_only=True)
class Manifest:
    """A sources.toml, read."""

    entries: Mapping[str, tuple[str, Source]] = field(default_factory=dict)
    """File name relative to the folder -> (document id, source)."""
    only_listed: bool = False
    """Files that are not listed are left alone."""


def load(folder: Path) -> Manifest:
    """Read ``folder/sources.toml``; an empty manifest where there is none.

    Raises:
        SettingsError: it is not TOML, or an entry has a wrong field; the message names the entry.
    """
    file = folder / NAME
    if not os.path.lexists(file):  # nor may the folder be entered: its files will say so
        return Manifest()
    try:
        data = tomllib.loads(_text(folder))
    except ReadError as error:
        raise SettingsError(f"{file} {error.reason} Mend that and run again.") from error
    except (tomllib.TOMLDecodeError, UnicodeDecodeError, OSError, RecursionError) as error:
        raise SettingsError(f"{file} cannot be read: {short(str(error))}. Mend the file and run again.") from error
    tables, options = data.get("document", []), data.get("library", {})
    if not isinstance(tables, list) or not all(isinstance(entry, dict) for entry in tables):
        raise SettingsError(f"{file}: every file needs a table of its own that opens with [[document]], in double brackets.")
    only_listed = options.get("only_listed", False) if isinstance(options, dict) else None
    if not isinstance(only_listed, bool):
        raise SettingsError(f"{file}: [library] may hold only_listed = true or only_listed = false, without quotes.")
    entries: dict[str, tuple[str, Source]] = {}
    for number, entry in enumerate(tables, start=1):
        name, document_id, source = _entry(file, number, entry)
        if name in entries:
            raise SettingsError(f"{file}, entry {number}: the file {short(name)} is described twice. Keep one entry.")
        entries[name] = (document_id, source)
    return Manifest(entries=entries, only_listed=only_listed)


def _text(folder: Path) -> str:
    handle, _ = opened(Place(folder=folder, parts=(NAME,)), NAME)
    with os.fdopen(handle, "rb") as file:
        return file.read().decode("utf-8")


def _entry(file: Path, number: int, entry: Mapping[str, Any]) -> tuple[str, str, Source]:
    where = f"{file}, entry {number} ({short(str(entry.get('file', 'without a file')))})"
    known = {"id", "file", "kind", "level", *_TEXTS, *_DATES}
    if unknown := sorted(set(entry) - known):
        raise SettingsError(f"{where}: unknown field {short(unknown[0])!r}. The fields are: {', '.join(sorted(known))}.")
    for name in ("id", "file", *(name for name in _TEXTS if name in entry)):
        if not isinstance(entry.get(name), str) or (name in ("id", "file") and not entry[name]):
            raise SettingsError(f"{where}: {name!r} must be text.")
    if len(entry["id"]) > LONGEST_ID:
        raise SettingsError(f"{where}: 'id' may have {LONGEST_ID} characters and has {len(entry['id']):,}. Shorten it.")
    for name in _DATES:
        if name in entry and type(entry[name]) is not date:
            raise SettingsError(f"{where}: {name!r} must be a date, written 2026-04-01 without quotes.")
    level = entry.get("level", 1)
    if type(level) is not int or not 1 <= level <= HIGHEST_LEVEL:
        raise SettingsError(f"{where}: 'level' must be 1, 2 or 3.")
    try:
        kind = Kind(entry.get("kind", Kind.OTHER))
    except ValueError:
        raise SettingsError(f"{where}: kind {short(str(entry['kind']))!r} is not one of {', '.join(Kind)}.") from None
    given: dict[str, Any] = {name: entry[name] for name in (*_TEXTS, *_DATES, "level") if name in entry}
    source = Source(uri=short(entry["file"], _LONGEST_NAME), kind=kind, **given)
    return entry["file"], entry["id"], source


LIBRARY = "registry.sqlite3"
"""A folder with this file is a library: what it keeps is no document, wherever its home was put."""


def find(paths: Sequence[Path], level: int | None = None, *, place: str | None = None) -> Iterator[Found]:
    """Every file under ``paths`` in the order of their names, hidden ones and libraries left out.

    A folder's own sources.toml describes its files. A listed file is found even where it is missing, or lies elsewhere: reading it will
    say so. What a folder holds must lie in it (see :mod:`rag.inside`); a path in ``paths`` itself may be a link, since a person named it.

    Args:
        level: for files that no sources.toml gives one.
        place: what the ids of files that nobody described are made from, with their names, in place of where they lie at the moment:
            what is handed in twice under one name is one document.
    """
    for path in paths:
        if not os.path.isdir(path):  # noqa: PTH112  (Path.is_dir raises where the folder above may not be entered)
            yield _undescribed(alone(path), path, path.name, level, place)
            continue
        manifest = load(path)
        present = {name: file for file in _files(path) if (name := file.name or path.name) != NAME}
        names = set(manifest.entries) | (set() if manifest.only_listed else set(present))
        for name in sorted(names):
            if name in manifest.entries:
                document_id, source = manifest.entries[name]
                yield Found(file=Place(folder=path, parts=parts(name)), document_id=document_id, source=source, listed=True)
            else:
                yield _undescribed(present[name], path / present[name].name, name, level, place)


def named(name: str, file: Path, level: int | None = None) -> Found:
    """A single file that came under ``name`` and is kept elsewhere: what comes twice under one name is one document."""
    return _undescribed(Place(folder=file.parent, parts=(file.name,)), file, name, level, "")


def _files(folder: Path) -> Iterator[Place]:
    for file in files(folder, enter=lambda place, held: not _is_hidden(place) and not _is_library(held)):
        if not _is_hidden(file):
            yield file


def _is_hidden(place: Place) -> bool:
    return any(part.startswith(".") for part in place.parts)


def _is_library(held: Iterable[Entry]) -> bool:
    return any(entry.name == LIBRARY and entry.is_file for entry in held)


def _undescribed(file: Place, path: Path, name: str, level: int | None, place: str | None) -> Found:
    """A file of which nobody said anything. ``path`` is where it was named, from which its id is made."""
    stem, uri = Path(name).stem, storable(name)  # Python writes bytes that are not UTF-8 as halves of surrogate pairs
    if egov := _EGOV_NAME.match(stem):
        return Found(file=file, document_id=egov[1], source=Source(uri=uri, level=level))
    # The folder takes part, so that two files of one name in different folders stay two documents.
    home = str(path.absolute()) if place is None else f"{place}/{uri}"
    digest = hashlib.sha256(home.encode(errors="surrogateescape")).hexdigest()[:8]
    slug = re.sub(r"[^\w]+", "-", stem).strip("-")[:60] or "file"
    return Found(file=file, document_id=f"{slug}-{digest}", source=Source(uri=uri, level=level))
