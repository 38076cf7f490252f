"""Is a pack still what the documents say? Checked against the library, or against the original files, which are read anew.

Every quote is looked for at its own characters first, then anywhere in the text, so that the reader is told what happened: the
text is the same, the quote moved, or it is gone.
"""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from functools import cache
from pathlib import Path
from typing import Any, Protocol

import jsonschema

from rag.answer.verify import block_at
from rag.errors import NotAsPublished, PackError, ReadError, UnknownDocument
from rag.export import pack as packing
from rag.inside import Place, files, opened
from rag.library import Library
from rag.read.sandbox import Sandbox
from rag.records import Document, Source, Span


class What(StrEnum):
    """What differs."""

    PACK_EDITED = "pack edited"
    """Its digest is not that of what stands in it."""
    STATEMENT_CHANGED = "statement changed"
    """A quoted statement is not its quotes, or it names a citation that the pack lacks."""
    REVISION_GONE = "revision gone"
    """No file or stored revision has this sha256."""
    FILE_CHANGED = "file changed"
    """A file of this name is there, with other bytes."""
    NOT_AS_PUBLISHED = "not as published"
    """The library holds this revision, changed by hand since it was published."""
    TEXT_CHANGED = "text changed"
    """The same bytes are read as another text: by another version of the program."""
    QUOTE_MOVED = "quote moved"
    """The same words stand elsewhere in the text."""
    QUOTE_GONE = "quote gone"
    """The words do not stand in the text."""
    PLACE_CHANGED = "place changed"
    """The words stand where they stood, under another article or on another page."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Difference:
    """Something that is not as the pack says."""

    what: What
    where: str
    """The document, the citation or the statement."""
    detail: str
    """What the pack says, and what is so."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Result:
    """What a check found."""

    quotes: int
    """How many quotes the pack has."""
    revisions: int
    differences: tuple[Difference, ...]
    notes: tuple[str, ...] = ()
    """What a reader should know and is no difference: a newer revision is in force."""


class Originals(Protocol):
    """Where revisions are looked up."""

    def find(self, revision: Mapping[str, Any]) -> tuple[Document | None, Difference | None]:
        """The document of a pack's revision, or one of the same name; and what is wrong with it."""
        ...

    def note(self, revision: Mapping[str, Any]) -> str:
        """What else is to be said of a revision."""
        ...


def load(file: Path) -> dict[str, Any]:
    """A pack from a file.

    Raises:
        PackError: it is not there, or is no pack; the message says where it departs from the schema.
    """
    try:
        data = json.loads(file.read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError, json.JSONDecodeError, RecursionError) as error:
        raise PackError(f"{file} cannot be read as an evidence pack ({error}). Download it again.") from error
    if not isinstance(data, dict) or data.get("format") != packing.FORMAT:
        raise PackError(f"{file} is no evidence pack: its format is not {packing.FORMAT!r}.")
    if data.get("version") != packing.VERSION:
        raise PackError(f"{file} is an evidence pack of version {data.get('version')}; this program reads {packing.VERSION}.")
    fault = jsonschema.exceptions.best_match(_validator().iter_errors(data))
    if fault is not None:
        raise PackError(f"{file} is not in the shape of an evidence pack: {fault.json_path}: {fault.message[:300]}")
    return data


def schema() -> dict[str, Any]:
    """The JSON Schema of packs."""
    loaded: dict[str, Any] = json.loads(packing.SCHEMA_FILE.read_text(encoding="utf-8"))
    return loaded


@cache
def _validator() -> Any:
    return jsonschema.Draft202012Validator(schema())


def check(pack: Mapping[str, Any], originals: Originals) -> Result:
    """Compare a pack that ``load`` has read with what it came from."""
    found: list[Difference] = []
    notes: list[str] = []
    if packing.digest(pack) != pack["digest"]:
        said = f"the pack says {pack['digest'][:12]}…, its contents make {packing.digest(pack)[:12]}…"
        found.append(Difference(what=What.PACK_EDITED, where="pack", detail=said))
    found += _statements(pack)
    documents: dict[tuple[str, str], Document | None] = {}
    for revision in pack["revisions"]:
        document, difference = originals.find(revision)
        documents[revision["document_id"], revision["sha256"]] = document
        if difference:
            found.append(difference)
        elif document and packing.text_digest(document) != revision["text_sha256"]:
            said = f"{revision['characters']} characters in the pack, {len(document.text)} now; read by {document.format}"
            found.append(Difference(what=What.TEXT_CHANGED, where=_name(revision), detail=said))
        if note := originals.note(revision):
            notes.append(note)
    for citation in pack["citations"]:
        key = citation["document_id"], citation["revision"]
        if key not in documents:
            said = f"the pack does not list {citation['document_id']} in revision {citation['revision'][:12]}"
            found.append(Difference(what=What.REVISION_GONE, where=_of(citation), detail=said))
        elif document := documents[key]:
            found += _quote(citation, document)
    return Result(quotes=len(pack["citations"]), revisions=len(pack["revisions"]), differences=tuple(found), notes=tuple(notes))


def _statements(pack: Mapping[str, Any]) -> Iterable[Difference]:
    quotes = {citation["number"]: citation["quote"] for citation in pack["citations"]}
    for number, statement in enumerate(pack["answer"]["statements"], start=1):
        where = f"statement {number}"
        if missing := [str(n) for n in statement["citations"] if n not in quotes]:
            yield Difference(what=What.STATEMENT_CHANGED, where=where, detail=f"it names citations that are not in the pack: {missing}")
        elif statement["status"] == "quoted" and statement["text"] != "\n".join(quotes[n] for n in statement["citations"]):
            yield Difference(what=What.STATEMENT_CHANGED, where=where, detail="it is called a quotation and is not the words of its quotes")


def _quote(citation: Mapping[str, Any], document: Document) -> Iterable[Difference]:
    quote, start, end = citation["quote"], citation["start"], citation["end"]
    if document.text[start:end] == quote:
        block = block_at(document, Span(start=start, end=end))
        path, page = (list(block.path), block.page) if block else ([], None)
        if (path, page) != (citation["path"], citation["page"]):
            before, now = _place(citation["path"], citation["page"]), _place(path, page)
            yield Difference(what=What.PLACE_CHANGED, where=_of(citation), detail=f"{before} in the pack, {now} now")
        return
    at = _nearest(document.text, quote, start)
    if at is None:
        yield Difference(what=What.QUOTE_GONE, where=_of(citation), detail=f"「{_short(quote)}」 does not stand in {document.source.uri}")
    else:
        said = f"characters {start} to {end} in the pack, {at} to {at + len(quote)} now"
        yield Difference(what=What.QUOTE_MOVED, where=_of(citation), detail=said)


def _nearest(text: str, quote: str, start: int) -> int | None:
    """Where ``quote`` stands nearest to ``start``."""
    places = [text.rfind(quote, 0, start + len(quote)), text.find(quote, start)]
    return min((place for place in places if place >= 0), key=lambda place: abs(place - start), default=None)


def _place(path: Sequence[str], page: int | None) -> str:
    return " ".join([*path, *([f"page {page}"] if page else [])]) or "no place"


def _of(citation: Mapping[str, Any]) -> str:
    return f"citation {citation['number']} ({citation['document_id']})"


def _name(revision: Mapping[str, Any]) -> str:
    return f"{revision['document_id']} {revision['sha256'][:12]} ({_short(revision['title'] or revision['file'])})"


def _short(text: str) -> str:
    line = " ".join(text.split())
    return line if len(line) <= 60 else line[:59] + "…"


# ------------------------------------------------------------ the two places to look


class InLibrary:
    """Revisions of a library, as far as a reader may see them."""

    def __init__(self, library: Library, *, clearance: int) -> None:
        self._library, self._clearance = library, clearance

    def find(self, revision: Mapping[str, Any]) -> tuple[Document | None, Difference | None]:
        """The stored revision; its original must still be the same bytes."""
        document_id, sha256 = revision["document_id"], revision["sha256"]
        try:
            document = self._library.document(document_id, sha256, clearance=self._clearance)
        except UnknownDocument as error:
            return None, Difference(what=What.REVISION_GONE, where=_name(revision), detail=str(error))
        except NotAsPublished as error:
            return None, Difference(what=What.NOT_AS_PUBLISHED, where=_name(revision), detail=str(error))
        try:
            self._library.original(document)
        except UnknownDocument as error:
            return document, Difference(what=What.FILE_CHANGED, where=_name(revision), detail=str(error))
        return document, None

    def note(self, revision: Mapping[str, Any]) -> str:
        """Whether it is still published."""
        known = {published.sha256 for published in self._library.published if published.document_id == revision["document_id"]}
        if not known or revision["sha256"] in known:
            return ""
        return f"{_name(revision)}: no longer published; another revision took its place"


class InFiles:
    """Original files in a folder, found by their sha256 and read anew."""

    def __init__(self, folder: Path, sandbox: Sandbox) -> None:
        self._sandbox = sandbox
        self._files: dict[str, Place] = {}
        self._by_name: dict[str, Place] = {}
        if not folder.is_dir():
            raise PackError(f"{folder} is no folder. Name the folder that holds the original files.")
        for file in sorted(files(folder), key=lambda file: file.parts):
            if file.parts and (sha256 := _sha256(file)) is not None:
                self._by_name.setdefault(file.parts[-1], file)
                self._files.setdefault(sha256, file)

    def find(self, revision: Mapping[str, Any]) -> tuple[Document | None, Difference | None]:
        """The file with the revision's bytes, read; else one of the same name, in which the quotes are looked for all the same."""
        file, difference = self._files.get(revision["sha256"]), None
        if file is None:
            file = self._by_name.get(Path(revision["file"].replace("\\", "/")).name)
            if file is None:
                said = "no file in the folder has these bytes"
                return None, Difference(what=What.REVISION_GONE, where=_name(revision), detail=said)
            said = f"{file.name} has other bytes (sha256 {(_sha256(file) or '')[:12]}…)"
            difference = Difference(what=What.FILE_CHANGED, where=_name(revision), detail=said)
        try:
            # Under its own name: some readers are chosen by it.
            document = self._sandbox.read_file(file, source=Source(uri=revision["file"]), document_id=revision["document_id"])
        except ReadError as error:
            return None, difference or Difference(what=What.FILE_CHANGED, where=_name(revision), detail=str(error))
        return document, difference

    def note(self, revision: Mapping[str, Any]) -> str:
        """Nothing: a folder does not know what is in force."""
        return ""


def _sha256(file: Place) -> str | None:
    """The digest of a file; None where it is a link, no file or may not be read."""
    try:
        handle, _ = opened(file, file.name)
        with os.fdopen(handle, "rb") as data:
            return hashlib.file_digest(data, "sha256").hexdigest()
    except (OSError, ReadError):
        return None
