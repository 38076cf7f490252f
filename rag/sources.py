"""sources.toml: what people know of their files and the files do not say — title, issuer, dates, level.

One ``[[document]]`` table a file; several files with the same ``id`` are revisions of one document. Without an entry a
file is described by what its reader finds in it, and by its name.
"""

from __future__ import annotations

import hashlib
import os
import re
import tomllib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date
from pathlib import Path
from typing import Any

from rag.errors import SettingsError
from rag.records import HIGHEST_LEVEL, Kind, Source
from rag.text import storable

NAME = "sources.toml"

_TEXTS = ("title", "issuer", "number", "licence", "language", "replaces")
_DATES = ("issued", "effective_from", "effective_to")
_EGOV_NAME = re.compile(r"^(\d{3}[0-9A-Z]{12})_(\d{8})_[0-9A-Z]{15}$")
"""<law id>_<date in force>_<id of the amending law>, as e-Gov names its files."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Found:
    """A file to add, with the document it belongs to and what is known of it."""

    file: Path
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
    if not os.path.isfile(file):  # noqa: PTH113  (Path.is_file raises where the folder may not be entered; its files will say so)
        return Manifest()
    try:
        data = tomllib.loads(file.read_text(encoding="utf-8"))
    except (tomllib.TOMLDecodeError, UnicodeDecodeError, OSError) as error:
        raise SettingsError(f"{file} cannot be read: {error}. Mend the file and run again.") from error
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
            raise SettingsError(f"{file}, entry {number}: the file {name} is described twice. Keep one entry.")
        entries[name] = (document_id, source)
    return Manifest(entries=entries, only_listed=only_listed)


def _entry(file: Path, number: int, entry: Mapping[str, Any]) -> tuple[str, str, Source]:
    where = f"{file}, entry {number} ({entry.get('file', 'without a file')})"
    known = {"id", "file", "kind", "level", *_TEXTS, *_DATES}
    if unknown := sorted(set(entry) - known):
        raise SettingsError(f"{where}: unknown field {unknown[0]!r}. The fields are: {', '.join(sorted(known))}.")
    for name in ("id", "file", *(name for name in _TEXTS if name in entry)):
        if not isinstance(entry.get(name), str) or (name in ("id", "file") and not entry[name]):
            raise SettingsError(f"{where}: {name!r} must be text.")
    for name in _DATES:
        if name in entry and type(entry[name]) is not date:
            raise SettingsError(f"{where}: {name!r} must be a date, written 2026-04-01 without quotes.")
    level = entry.get("level", 1)
    if type(level) is not int or not 1 <= level <= HIGHEST_LEVEL:
        raise SettingsError(f"{where}: 'level' must be 1, 2 or 3.")
    try:
        kind = Kind(entry.get("kind", Kind.OTHER))
    except ValueError:
        raise SettingsError(f"{where}: kind {entry['kind']!r} is not one of {', '.join(Kind)}.") from None
    given: dict[str, Any] = {name: entry[name] for name in (*_TEXTS, *_DATES, "level") if name in entry}
    source = Source(uri=entry["file"], kind=kind, **given)
    return entry["file"], entry["id"], source


LIBRARY = "registry.sqlite3"
"""A folder with this file is a library: what it keeps is no document, wherever its home was put."""


def find(paths: Sequence[Path], level: int | None = None, *, place: str | None = None) -> Iterator[Found]:
    """Every file under ``paths`` in the order of their names, hidden ones and libraries left out.

    A folder's own sources.toml describes its files. A listed file is found even where it is missing: reading it will say so.

    Args:
        level: for files that no sources.toml gives one.
        place: what the ids of files that nobody described are made from, with their names, in place of where they lie at the moment:
            what is handed in twice under one name is one document.
    """
    for path in paths:
        if not os.path.isdir(path):  # noqa: PTH112  (Path.is_dir raises where the folder above may not be entered)
            yield _undescribed(path, path.name, level, place)
            continue
        manifest = load(path)
        present = {name: file for file in _files(path) if (name := _name(file, path)) != NAME}
        names = set(manifest.entries) | (set() if manifest.only_listed else set(present))
        for name in sorted(names):
            if name in manifest.entries:
                document_id, source = manifest.entries[name]
                yield Found(file=path / name, document_id=document_id, source=source, listed=True)
            else:
                yield _undescribed(present[name], name, level, place)


def named(name: str, file: Path, level: int | None = None) -> Found:
    """A single file that came under ``name`` and lies elsewhere: what comes twice under one name is one document."""
    return _undescribed(file, name, level, "")


def _files(folder: Path) -> Iterator[Path]:
    shut: list[Path] = []
    for parent, folders, names in os.walk(folder, onerror=lambda error: shut.append(Path(error.filename))):
        folders[:] = sorted(name for name in folders if not name.startswith(".") and not _is_library(Path(parent) / name))
        yield from (Path(parent) / name for name in sorted(names) if not name.startswith("."))
    yield from shut  # a folder that may not be listed is found itself, so that somebody hears of it


def _is_library(folder: Path) -> bool:
    return os.path.isfile(folder / LIBRARY)  # noqa: PTH113  (Path.is_file raises where the folder may not be entered)


def _name(file: Path, folder: Path) -> str:
    # A folder that may not be listed itself is "."; its name says more.
    return file.relative_to(folder).as_posix() if file != folder else folder.name


def _undescribed(file: Path, name: str, level: int | None, place: str | None) -> Found:
    stem = Path(name).stem
    if egov := _EGOV_NAME.match(stem):
        return Found(file=file, document_id=egov[1], source=Source(uri=name, level=level))
    name = storable(name)  # Python writes bytes that are not UTF-8 as halves of surrogate pairs
    # The folder takes part, so that two files of one name in different folders stay two documents.
    home = str(file.absolute()) if place is None else f"{place}/{name}"
    digest = hashlib.sha256(home.encode(errors="surrogateescape")).hexdigest()[:8]
    slug = re.sub(r"[^\w]+", "-", stem).strip("-")[:60] or "file"
    return Found(file=file, document_id=f"{slug}-{digest}", source=Source(uri=name, level=level))


_FROM_THE_FILE = frozenset({"title", "issuer", "number", "kind", "issued", "effective_from", "language"})
"""Fields that a reader fills in where nobody gave them."""


def adds_nothing(given: Source, stored: Source) -> bool:
    """True where filling the stored source's values into what was given changes nothing: the reader filled the rest."""
    empty = Source(uri="")
    filled = {name: getattr(stored, name) for name in _FROM_THE_FILE if getattr(given, name) == getattr(empty, name)}
    return replace(given, **filled) == stored
