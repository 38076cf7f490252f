"""The provisions and documents that a question names: 「旅費規程の第12条は」, "Article 10(2) of the Act"."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from rag.library import Library
from rag.registry import Revision
from rag.statute import Address, asked, show
from rag.text import language


@dataclass(frozen=True, kw_only=True, slots=True)
class Named:
    """What a question names, as far as the reader may see it."""

    documents: frozenset[str] = frozenset()
    """Ids of documents that are named, with or without a provision."""
    chunks: tuple[int, ...] = ()
    """Passages of the provisions that are named, in the order of the question."""
    missing: tuple[str, ...] = ()
    """Provisions that do not exist in the document that is named: 「職員旅費取扱規程 第九十九条」."""


def named(library: Library, question: str, visible: Sequence[Revision], clearance: int) -> Named:
    """Look up what a question names among the visible revisions. A provision without a document names nothing."""
    revisions = {revision.document_id: revision for revision in visible}
    documents: set[str] = set()
    chunks: list[int] = []
    missing: list[str] = []
    for mention in asked(question, library.names(visible)):
        revision = revisions.get(mention.document or "")
        if revision is None:
            continue
        documents.add(revision.document_id)
        if mention.address == Address() or mention.step is not None:
            continue
        document = library.document(revision.document_id, revision.sha256, clearance=clearance)
        provisions = library.provisions(document)
        found = provisions.find(mention.address)
        if found is not None:
            inside = [
                chunk.id
                for chunk in library.registry.chunks_of(revision.number)
                if chunk.span.start < found.span.end and found.span.start < chunk.span.end
            ]
            chunks += [chunk for chunk in inside if chunk not in chunks]
        elif any(other.address.part == mention.address.part for other in provisions.order):
            # Said only where the document is numbered in this way at all: one without articles has no missing article.
            missing.append(f"{revision.source.title} {show(mention.address, language(question) or 'ja')}")
    return Named(documents=frozenset(documents), chunks=tuple(chunks), missing=tuple(dict.fromkeys(missing)))
