"""The provisions and documents that a question names: 「旅費規程の第12条は」, "Article 10(2) of the Act"."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

from rag.address import Mention
from rag.library import Library
from rag.provisions import Provision, Provisions
from rag.references import resolve, through
from rag.registry import Revision
from rag.statute import Address, asked, show
from rag.text import language

RANGE = 10
"""So many provisions of a range are put first: 第三条から第五条まで."""


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
    stands: tuple[str, Address] | None = None
    before = 0
    for mention in asked(question, library.names(visible)):
        revision = revisions.get(mention.document or "")
        if revision is None:
            continue
        documents.add(revision.document_id)
        beside = mention.step is not None and stands is not None and stands[0] == revision.document_id
        if not beside and (mention.address == Address() or mention.step is not None):
            continue
        document = library.document(revision.document_id, revision.sha256, clearance=clearance)
        provisions = library.provisions(document)
        there, lacking = _beside(mention, stands[1], provisions) if beside and stands else _provisions(mention, provisions)
        stands = revision.document_id, mention.address if there and not beside else Address()
        new: list[int] = []
        for found in there:
            inside = [
                chunk.id
                for chunk in library.registry.chunks_of(revision.number)
                if chunk.span.start < found.span.end and found.span.start < chunk.span.end
            ]
            new += [chunk for chunk in inside if chunk not in chunks and chunk not in new]
        if beside:  # 第十二条の次条 asks for the thirteenth
            chunks[before:before] = new
        else:
            before = len(chunks)
            chunks += new
        if lacking and any(other.address.part == lacking.part for other in provisions.order):
            # Said only where the document is numbered in this way at all: one without articles has no missing article.
            missing.append(f"{revision.source.title} {show(lacking, language(question) or 'ja')}")
    return Named(documents=frozenset(documents), chunks=tuple(chunks), missing=tuple(dict.fromkeys(missing)))


def _beside(mention: Mention, stands: Address, provisions: Provisions) -> tuple[list[Provision], Address | None]:
    """What 次条 names behind 第十二条の. That there is none is not said: nobody took it for there."""
    to = resolve(replace(mention, document=None, name=""), stands, provisions)
    found = [provisions.find(address) for address in to.addresses] if to.exists else []
    return [provision for provision in found if provision is not None], None


def _provisions(mention: Mention, provisions: Provisions) -> tuple[list[Provision], Address | None]:
    """What a mention names, and what of it does not exist."""
    first = provisions.find(mention.address)
    if first is None:
        return [], mention.address
    if mention.until is None or mention.until_step is not None:
        return [first], None
    until = mention.until
    if not until.article and until.paragraph is None:  # 第三条第一号から第三号まで: the end leaves out what the beginning said
        until = replace(until, part=first.address.part, article=first.address.article, paragraph=first.address.paragraph)
    elif not until.article:
        until = replace(until, part=first.address.part, article=first.address.article)
    if provisions.find(until) is None:
        return [first], until
    found = [provisions.find(address) for address in through(first.address, until, provisions)[:RANGE]]
    return [provision for provision in found if provision is not None] or [first], None
