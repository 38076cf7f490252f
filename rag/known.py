"""What a library holds already of a file that comes, as far as the person who adds it may know."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from enum import StrEnum

from rag.records import Source
from rag.registry import CHECKED, DRAFT, PUBLISHED, RETIRED, Revision
from rag.rights import Rights, level_of
from rag.sources import Found


class Result(StrEnum):
    """What became of a file."""

    ADDED = "added"
    REVISED = "revised"
    UNCHANGED = "unchanged"
    DUPLICATE = "duplicate"
    FAILED = "failed"


@dataclass(frozen=True, kw_only=True, slots=True)
class Outcome:
    """What became of a file, once it is durable."""

    name: str
    result: Result
    document_id: str = ""
    chunks: int = 0
    reason: str = ""
    """Why it was left out; empty otherwise."""
    code: str = ""
    """The same in one word, where it could not be read: see ``ReadError.code``."""
    warnings: tuple[str, ...] = ()


class Known:
    """The files of a library that this person may read, by their bytes and their documents.

    What he may not read is not there for him: its bytes are no duplicate of his, and no outcome names it.

    Args:
        drafts: whether what waits counts, too.
    """

    def __init__(self, revisions: Sequence[Revision], *, clearance: int, drafts: bool) -> None:
        self.rights = Rights.of(revisions, clearance)
        self._sources: dict[str, list[tuple[str, Source]]] = {}
        """sha256 -> (document id, source) of what is published or waits."""
        self._retired: set[tuple[str, str]] = set()
        """(document id, sha256): taken back by a person, so no folder brings it in again."""
        self._documents: set[str] = set()
        states = (PUBLISHED, RETIRED, *((DRAFT, CHECKED) if drafts else ()))
        for revision in revisions:
            if revision.state in states and level_of(revision) <= clearance:
                self.note(revision.sha256, revision.document_id, revision.source)
                if revision.state == RETIRED:
                    self._retired.add((revision.document_id, revision.sha256))

    def note(self, sha256: str, document_id: str, source: Source) -> None:
        """From now on the library holds this."""
        self._sources.setdefault(sha256, []).append((document_id, source))
        self._documents.add(document_id)

    def result(self, document_id: str) -> Result:
        """What a file of this document is: a new document, or a revision of one."""
        return Result.REVISED if document_id in self._documents else Result.ADDED

    def own(self, found: Found) -> Found:
        """The file under an id that takes no place that this person has no right to; see :mod:`rag.rights`."""
        replaces = found.source.replaces
        own = replace(found.source, replaces=self.rights.own_id(replaces) if replaces else "")
        return replace(found, document_id=self.rights.own_id(found.document_id), source=own)

    def unchanged(self, item: Found, sha256: str) -> Outcome | None:
        """An outcome where these very bytes are in the library already, and nothing new is known of them."""
        if (item.document_id, sha256) in self._retired:
            reason = "was retired; to bring it back, publish it again: python -m rag publish"
            return Outcome(name=item.source.uri, result=Result.UNCHANGED, document_id=item.document_id, reason=reason)
        known = self._sources.get(sha256, [])
        own = [source for document_id, source in known if document_id == item.document_id]
        if own:
            same = any(_adds_nothing(item.source, source) for source in own)
            return Outcome(name=item.source.uri, result=Result.UNCHANGED, document_id=item.document_id) if same else None
        if known and not item.listed:
            document_id, source = next((one for one in known if (one[0], sha256) not in self._retired), known[0])
            gone = (document_id, sha256) in self._retired
            what = (
                "was retired; to bring it back, publish it again: python -m rag publish" if gone else "is in the library; not added twice"
            )
            reason = f"has the same bytes as {source.uri}, which {what}"
            return Outcome(name=item.source.uri, result=Result.DUPLICATE, document_id=document_id, reason=reason)
        return None


_FROM_THE_FILE = frozenset({"title", "issuer", "number", "kind", "issued", "effective_from", "language"})
"""Fields that a reader fills in where nobody gave them."""


def _adds_nothing(given: Source, stored: Source) -> bool:
    """True where filling the stored source's values into what was given changes nothing: the reader filled the rest."""
    empty = Source(uri="")
    filled = {name: getattr(stored, name) for name in _FROM_THE_FILE if getattr(given, name) == getattr(empty, name)}
    return replace(given, **filled) == stored
