"""The provisions and documents that a question names: 「旅費規程の第12条は」, "Article 10(2) of the Act"."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

from rag.address import Mention
from rag.library import Library
from rag.mentioned import asked
from rag.provisions import Provision, Provisions
from rag.records import Span
from rag.references import resolve, through
from rag.registry import Revision
from rag.statute import Address, show
from rag.terms import content_words, words
from rag.text import language

_OF = re.compile(r" (?:of|in) (?:the |our |your )?((?:[\w'-]+ ){0,3}[\w'-]+)")
"""The document that is named behind a provision in English, at most four words of it."""
_KINDS = "act law order ordinance rules guide guideline guidelines handbook policy directive manual document notice text"
"""What any document may be called."""
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
    spans: tuple[tuple[str, Span], ...] = ()
    """Where the named provisions stand: id of the document, and the characters."""
    beside: str = ""
    """The question without the words that name."""


def named(library: Library, question: str, visible: Sequence[Revision], clearance: int, likely: Callable[[], str] = lambda: "") -> Named:
    """Look up what a question names among the visible revisions.

    Args:
        likely: the id of the document that a provision without a document is taken for to be of, where it has such a provision.
    """
    revisions = {revision.document_id: revision for revision in visible}
    documents: set[str] = set()
    chunks: list[int] = []
    missing: list[str] = []
    spans: list[tuple[str, Span]] = []
    stands: tuple[str, Address] | None = None
    before = 0
    mentions = asked(question, library.names(visible))
    for mention in mentions:
        nowhere = mention.document is None and not mention.name and mention.step is None
        revision = revisions.get(likely() if nowhere else mention.document or "")
        if revision is None or (nowhere and not _may_be(revision.source.title, question[mention.span.end :])):
            continue
        if not nowhere:
            documents.add(revision.document_id)
        beside = mention.step is not None and stands is not None and stands[0] == revision.document_id
        if not beside and (mention.address == Address() or mention.step is not None):
            continue
        document = library.document(revision.document_id, revision.sha256, clearance=clearance)
        provisions = library.provisions(document)
        there, lacking = _beside(mention, stands[1], provisions) if beside and stands else _provisions(mention, provisions)
        spans += [(revision.document_id, found.span) for found in there]
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
        if lacking and not nowhere and any(other.address.part == lacking.part for other in provisions.order):
            # Said only where the document is numbered in this way at all: one without articles has no missing article.
            missing.append(f"{revision.source.title} {show(lacking, language(question) or 'ja')}")
    return Named(
        documents=frozenset(documents),
        chunks=tuple(chunks),
        missing=tuple(dict.fromkeys(missing)),
        spans=tuple(spans),
        beside=_without(question, [mention.span for mention in mentions]),
    )


def _may_be(title: str, behind: str) -> bool:
    """False where the words behind a provision name another document than this one: Section 3.2 of the travel guide."""
    found = _OF.match(behind)
    return found is None or set(content_words(found[1])) <= {*words(title), *words(_KINDS)}


def _without(question: str, spans: Sequence[Span]) -> str:
    for span in sorted(spans, key=lambda span: -span.start):
        question = f"{question[: span.start]} {question[span.end :]}"
    return question.strip()


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
