"""Who may change a document: one rule for every way in which one revision takes the place of another.

The rule
    To publish, replace, retire, correct or read a document again, a person must be able to read every revision of it that is published or
    waits to be, and every such revision of what those replace. Where nothing of a document is published or waits, those that were
    superseded or retired count. A revision without a level counts as the highest.

Whoever may not change a document is told what he would be told if it were not there: the same words, so that they do not tell him that it
is. Nothing that he does to it has an effect, lowering its level least of all.

An id that comes with a file (from a sources.toml, or made from the file's name) cannot be refused without telling that it is taken. So a
person who may not read everything does not choose ids at all. One that names a document that he may change is kept: the file is a new
revision of it. Any other is made an id of his level's own (:meth:`Rights.own_id`), whether it is taken or not, and so is the id of what
the file says that it replaces. His document stands beside the other one and takes no place of it. The same id makes the same own id, so
the next revision of his file finds its document. Who may read everything chooses ids freely: nothing is hidden from him.

Whoever asked is meant, not whoever does the work: a job carries the clearance of the person who handed it in.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from rag.errors import UnknownDocument
from rag.records import HIGHEST_LEVEL
from rag.registry import CHECKED, DRAFT, PENDING, PUBLISHED, Revision

_STANDING = (PUBLISHED, CHECKED, DRAFT)
"""States of what answers or may come to answer."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Rights:
    """What a person of a clearance may change in a library."""

    clearance: int
    needed: Mapping[str, int]
    """Document id -> the clearance that changing it needs."""

    @classmethod
    def of(cls, revisions: Iterable[Revision], clearance: int) -> Rights:
        """The rights as of these revisions, which must be all that the registry has."""
        every = [revision for revision in revisions if revision.state != PENDING]  # left by a run that died, as if it had never come
        standing: dict[str, int] = {}
        past: dict[str, int] = {}
        for revision in every:
            levels = standing if revision.state in _STANDING else past
            levels[revision.document_id] = max(levels.get(revision.document_id, 0), level_of(revision))
        alone = {**past, **standing}
        needed = dict(alone)
        for revision in every:
            if revision.state in _STANDING:
                needed[revision.document_id] = max(needed[revision.document_id], alone.get(revision.source.replaces, 0))
        return cls(clearance=clearance, needed=needed)

    @property
    def over_all(self) -> bool:
        """True where nothing is hidden from this person."""
        return self.clearance >= HIGHEST_LEVEL

    def may_change(self, document_id: str) -> bool:
        """True where the document is there and this person may change it."""
        return self.needed.get(document_id, HIGHEST_LEVEL + 1) <= self.clearance

    def may_add(self, document_id: str) -> bool:
        """True where a revision under this id takes no place that this person has no right to: a new document may be added too."""
        return self.needed.get(document_id, 0) <= self.clearance

    def must_change(self, document_id: str) -> None:
        """Raise unless this person may change the document.

        Raises:
            UnknownDocument: it is not there, or he may not; the same words for both.
        """
        if not self.may_change(document_id):
            raise not_to_change(document_id)

    def must_add(self, document_id: str, replaces: str = "") -> None:
        """Raise where a revision under this id would take a place that this person has no right to.

        Raises:
            UnknownDocument: in the words of :meth:`must_change`.
        """
        if not self.may_add(document_id) or not self.may_add(replaces):
            raise not_to_change(document_id)

    def must_name(self, document_id: str) -> None:
        """Raise where this person may not say of a document that another one replaces it. Who may read everything may name any id.

        Raises:
            UnknownDocument: in the words of :meth:`must_change`.
        """
        if document_id and not self.over_all:
            self.must_change(document_id)

    def own_id(self, document_id: str) -> str:
        """The id under which a file of this person is kept that comes with this one; see the rule. An own id stays as it is."""
        while not (self.over_all or self.may_change(document_id)):
            stem, _, mark = document_id.rpartition("-")
            if mark == self._mark(stem) and document_id not in self.needed:
                break
            document_id = f"{document_id}-{self._mark(document_id)}"
        return document_id

    def _mark(self, document_id: str) -> str:
        return hashlib.sha256(f"{self.clearance}/{document_id}".encode()).hexdigest()[:8]


def level_of(revision: Revision) -> int:
    """What a reader of a revision needs."""
    return revision.source.level or HIGHEST_LEVEL


def not_to_change(document_id: str) -> UnknownDocument:
    """The error for a document that is not there, and in the same words for one that this person may not change."""
    return UnknownDocument(f"There is no document {document_id} that you may change. List them with: python -m rag list --all")
