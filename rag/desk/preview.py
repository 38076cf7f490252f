"""The library as it would be if drafts were published now, or revisions retired: what golden questions are asked before anybody sees a
change."""

from __future__ import annotations

from collections.abc import Collection

from rag.library import Library
from rag.records import Document
from rag.registry import PUBLISHED, Revision, takes_place


class Preview(Library):
    """A library in which these revisions are published already, and those retired. Only for whoever holds the write lock, after the indexes
    took them in.

    It shares nothing with the library it looks into but the files and the models.
    """

    def __init__(self, library: Library, numbers: Collection[int] = (), *, without: Collection[int] = ()) -> None:
        super().__init__(library.settings)
        self.embedder, self.japanese = library.embedder, library.japanese
        self._staged, self._gone = frozenset(numbers), frozenset(without)

    def _look(self) -> list[Revision]:
        every = self.registry.revisions()
        new = [revision for revision in every if revision.number in self._staged]
        kept = [revision for revision in every if revision.state == PUBLISHED and revision.number not in self._staged | self._gone]
        for staged in new:
            kept = [old for old in kept if old.document_id != staged.document_id or not takes_place(staged.source, old.source)]
        return sorted([*kept, *new], key=lambda revision: revision.number)

    def _read(self, document_id: str, revision: str) -> tuple[int, Document]:
        for published in self.published:
            if published.number in self._staged and published.document_id == document_id and published.sha256.startswith(revision):
                return published.number, self.registry.documents([published.number])[published.number]
        return super()._read(document_id, revision)
