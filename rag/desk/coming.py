"""What will change soon in the provisions that an answer stands on."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, timedelta

from rag.desk.diff import Change, changed, compare
from rag.library import Library
from rag.records import HIGHEST_LEVEL, Citation
from rag.registry import Revision

DAYS = 60
"""So many days before it applies a change is told."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Coming:
    """A cited document that will read otherwise soon."""

    citation: Citation
    revision: Revision
    """The one to come: its ``source.effective_from`` is the day."""
    change: Change | None
    """What becomes of the cited article; None where it stays as it is, or the document is replaced by another one."""

    @property
    def day(self) -> date:
        """From when it applies."""
        assert self.revision.source.effective_from is not None
        return self.revision.source.effective_from


def coming_changes(library: Library, citations: Iterable[Citation], as_of: date, *, clearance: int) -> list[Coming]:
    """For each cited document the first published revision, or document that replaces it, that applies within DAYS days after ``as_of``.

    A citation whose article is not changed by it comes with ``change=None``. What the reader may not see is not told.
    """
    last = as_of + timedelta(days=DAYS)
    found: list[Coming] = []
    for citation in citations:
        nexts = [
            revision
            for revision in library.published
            if citation.document_id in (revision.document_id, revision.source.replaces)
            and revision.source.effective_from is not None
            and as_of < revision.source.effective_from <= last
            and (revision.source.level or HIGHEST_LEVEL) <= clearance
        ]
        if not nexts:
            continue
        first = min(nexts, key=lambda revision: revision.source.effective_from or last)
        found.append(Coming(citation=citation, revision=first, change=_change(library, citation, first, clearance)))
    return found


def _change(library: Library, citation: Citation, coming: Revision, clearance: int) -> Change | None:
    if coming.document_id != citation.document_id:
        return None
    old = library.document(citation.document_id, citation.revision, clearance=clearance)
    new = library.document(coming.document_id, coming.sha256, clearance=clearance)
    touched = [change for change in changed(compare(old, new)) if change.old_path]
    return next((change for change in touched if citation.path[: len(change.old_path)] == change.old_path), None)
