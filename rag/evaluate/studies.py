"""What the notebooks ask: how golden questions fare by kind, how far one must read under a chunking, and what each fusion ranks first."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import replace
from datetime import date

from rag import terms
from rag.evaluate.golden import Place, Question
from rag.index.fuse import by_score, reciprocal_rank
from rag.index.scope import Scope
from rag.ingest import Ingester
from rag.library import Library
from rag.question import understand
from rag.records import HIGHEST_LEVEL, Block, BlockKind, Chunk, Document, Filters, Hit, Source, Span
from rag.search import search

_NUMBER = re.compile(r"いくら|何[日円回人年歳か箇件%％時]|いつ|\b(how (much|many|long|often)|when|what (rate|percentage))\b", re.IGNORECASE)
_ALLOWED = re.compile(
    r"(でき|られ|もらえ|使え|取れ|良い|よい|いい)[^。]*(か|の)[。？?]*\s*$|^(can|may|do|does|is|are|am|must|should)\b", re.IGNORECASE
)


def form(text: str) -> str:
    """What a question asks for: "a number or day", "yes or no", or "how, who, what"."""
    if _NUMBER.search(text):
        return "a number or day"
    return "yes or no" if _ALLOWED.search(text) else "how, who, what"


def shared_words(text: str, passages: Iterable[str]) -> float:
    """The share of a question's content words that one of the passages has: 0 where everyday words and the text's own never meet."""
    asked = set(terms.content_words(text))
    has = [set(terms.words(passage)) for passage in passages]
    return max((len(asked & some) / len(asked) for some in has), default=0.0) if asked else 0.0


def golden_rank(library: Library, question: Question, today: date, limit: int = 50) -> int:
    """The rank of the first passage of an expected provision, 0 where none is among the first ``limit``."""
    hits = search(library, question.text, clearance=HIGHEST_LEVEL, as_of=question.as_of or today, limit=limit).hits
    return next((hit.rank for hit in hits if any(place.found(hit) for place in question.expect)), 0)


def expected_texts(library: Library, question: Question, today: date) -> list[str]:
    """The passages of the expected provisions, in the revision that applies on the question's day."""
    visible = library.visible(clearance=HIGHEST_LEVEL, as_of=question.as_of or today, filters=Filters())
    numbers = {revision.document_id: revision.number for revision in visible}
    found = []
    for place in question.expect:
        if place.document in numbers:
            chunks = library.registry.chunks_of(numbers[place.document])
            found += [f"{chunk.context}\n{chunk.text}" for chunk in chunks if place.found(_as_hit(chunk))]
    return found


# ---------------------------------------------------------------- chunkings


def windows(document: Document, size: int) -> list[Span]:
    """Spans of ``size`` characters one after the other, whatever stands there: chunking without a look at the structure."""
    spans = (Span(start=at, end=min(at + size, len(document.text))) for at in range(0, len(document.text), size))
    return [span for span in spans if span.cut(document.text).strip()]


def index_spans(library: Library, documents: Mapping[str, tuple[Document, Sequence[Span]]]) -> None:
    """Add each span as a document of its own, named document:start:end, under the document's title."""
    with Ingester(library) as ingester:
        for id_, (document, spans) in documents.items():
            for span in spans:
                ingester.add(_span_document(id_, document, span))
        ingester.flush()


def characters_read(hits: Sequence[Hit], wanted: Mapping[str, Sequence[Span]]) -> int:
    """Characters of the list that are read until the end of the first passage that touches a wanted span; 0 where none does.

    Args:
        hits: found among the spans of :func:`index_spans`.
        wanted: document -> spans that answer.
    """
    read = 0
    for hit in hits:
        id_, start, end = hit.chunk.document_id.rsplit(":", 2)
        read += len(hit.chunk.text)
        if any(int(start) < span.end and span.start < int(end) for span in wanted.get(id_, ())):
            return read
    return 0


def spans_of(document: Document, places: Iterable[Place]) -> list[Span]:
    """The quotable blocks of a document that belong to one of these provisions."""
    mine = [place for place in places if place.document == document.id]
    shells = ((block, _as_hit(_block_chunk(document, block))) for block in document.blocks if block.kind is not BlockKind.HEADING)
    return [block.span for block, hit in shells if any(place.found(hit) for place in mine)]


def _span_document(id_: str, document: Document, span: Span) -> Document:
    text = span.cut(document.text)
    start, end = len(text) - len(text.lstrip()), len(text.rstrip())
    name = f"{id_}:{span.start}:{span.end}"
    return Document(
        id=name,
        revision=hashlib.sha256(text.encode()).hexdigest(),
        source=Source(uri=name, title=document.source.title, level=1),
        text=text,
        blocks=(Block(kind=BlockKind.TEXT, span=Span(start=start, end=end)),),
        format="span",
    )


def _block_chunk(document: Document, block: Block) -> Chunk:
    pages = () if block.page is None else (block.page,)
    return Chunk(
        id=0,
        document_id=document.id,
        revision=document.revision,
        ordinal=0,
        span=block.span,
        path=block.path,
        pages=pages,
        level=1,
        text=block.span.cut(document.text),
    )


def _as_hit(chunk: Chunk) -> Hit:
    return Hit(chunk=chunk, score=0.0, rank=1, found_by={})


# ---------------------------------------------------------------- fusions

Fusion = Callable[[Mapping[int, float], Sequence[tuple[float, Mapping[int, float]]]], list[int]]
"""BM25 by chunk, and for each model its vote and the cosine by chunk -> chunks, best first."""


def _best_first(scores: Mapping[int, float]) -> list[int]:
    return sorted(scores, key=lambda chunk: (-scores[chunk], chunk))


FUSIONS: Mapping[str, Fusion] = {
    "keywords alone": lambda keyword, similar: _best_first(keyword),
    "vectors alone": lambda keyword, similar: _best_first({chunk: cosine for _, cosines in similar for chunk, cosine in cosines.items()}),
    "reciprocal rank": lambda keyword, similar: [
        fused.chunk
        for fused in reciprocal_rank(
            {"keyword": _best_first(keyword), **{f"model {at}": _best_first(cosines) for at, (_, cosines) in enumerate(similar)}}
        )
    ],
    "by score": lambda keyword, similar: [fused.chunk for fused in by_score(keyword, similar)],
}
"""Ways to make one list of several; no second stage, no named provisions: the lists alone."""


def fused_ranks(library: Library, question: Question, today: date, depth: int = 100) -> dict[str, int]:
    """For each way of fusing: the rank of the first passage of an expected provision; 0 where none is among the first ``depth``."""
    as_of = question.as_of or today
    visible = library.visible(clearance=HIGHEST_LEVEL, as_of=as_of, filters=Filters())
    scope = Scope(clearance=HIGHEST_LEVEL, revisions=frozenset(revision.number for revision in visible))
    keyword = dict(library.keyword.search(understand(question.text, library.thesaurus), scope, depth))
    models = library.meaning.ask(question.text)
    candidates = list({*keyword, *(chunk for model in models for chunk in model.nearest(scope, depth))})
    similar = [(model.vote, model.similarity(candidates)) for model in models]
    chunks = library.chunks(candidates, scope)
    right = {id_ for id_, chunk in chunks.items() if any(place.found(_as_hit(chunk)) for place in question.expect)}
    ranks = {}
    for name, fusion in FUSIONS.items():
        order = [chunk for chunk in fusion(keyword, similar) if chunk in chunks][:depth]
        ranks[name] = next((rank for rank, chunk in enumerate(order, start=1) if chunk in right), 0)
    return ranks


def switched(library: Library, off: str = "") -> None:
    """Turn one part of search off, or none."""
    library.settings = replace(library.settings, off=frozenset({off} - {""}))
