"""Ways to cut documents, compared by how much a person must read from the top of the list until the right provision is seen.

Ranks alone would be unfair to short passages: ten long ones hold more text.
"""

from __future__ import annotations

import hashlib
from collections.abc import Container, Iterable, Sequence
from dataclasses import dataclass

from rag.evaluate.golden import Question
from rag.evaluate.kinds import belongs
from rag.ingest import Ingester
from rag.library import Library
from rag.records import HIGHEST_LEVEL, QUOTABLE, Block, BlockKind, Chunk, Document, Hit, Path, Source, Span
from rag.text import sentences


@dataclass(frozen=True, kw_only=True, slots=True)
class Piece:
    """A part of a document."""

    document: str
    span: Span


def windows(text: str, size: int) -> list[Span]:
    """Spans of ``size`` characters one after the other, whatever stands there."""
    spans = [Span(start=at, end=min(at + size, len(text))) for at in range(0, len(text), size)]
    return [span for span in spans if span.cut(text).strip()]


def whole_sentences(text: str, size: int) -> list[Span]:
    """Spans of as many sentences as fit into ``size`` characters; a longer sentence is one by itself."""
    found: list[Span] = []
    for sentence in sentences(text):
        if found and sentence.end - found[-1].start <= size:
            found[-1] = Span(start=found[-1].start, end=sentence.end)
        else:
            found.append(sentence)
    return found


def index(library: Library, cut: Iterable[tuple[Document, Sequence[Span]]]) -> None:
    """Add each span as a document of its own, under the title of the document that it was cut from."""
    with Ingester(library, clearance=HIGHEST_LEVEL) as ingester:
        for document, spans in cut:
            for span in spans:
                if span.cut(document.text).strip():
                    ingester.add(_as_document(document, span))
        ingester.flush()


def piece(hit: Hit) -> Piece:
    """Where a hit stands: one of the spans of :func:`index`, or a passage of a library as it is."""
    name, _, place = hit.chunk.document_id.rpartition("@")
    if not name:
        return Piece(document=hit.chunk.document_id, span=hit.chunk.span)
    start, end = map(int, place.split("-"))
    return Piece(document=name, span=Span(start=start, end=end))


def read_until(found: Iterable[Piece], wanted: Iterable[Piece]) -> int:
    """Characters that are read from the first piece to the end of the first that touches one that is wanted; 0 where none does."""
    spans: dict[str, list[Span]] = {}
    for one in wanted:
        spans.setdefault(one.document, []).append(one.span)
    read = 0
    for one in found:
        read += one.span.end - one.span.start
        if any(one.span.start < span.end and span.start < one.span.end for span in spans.get(one.document, ())):
            return read
    return 0


def answering(document: Document, question: Question) -> list[Piece]:
    """The blocks of a document that belong to a provision which answers the question."""
    return [
        Piece(document=document.id, span=block.span)
        for block in document.blocks
        if block.kind is not BlockKind.HEADING and belongs(_as_chunk(document, block), question)
    ]


def of_one_provision(document: Document, spans: Iterable[Span]) -> int:
    """How many of the spans have quotable text of one provision only: an article, or a section where there are no articles."""
    heads = {block.path for block in document.blocks if block.kind in (BlockKind.ARTICLE, BlockKind.HEADING)}
    homes = [(block.span, _home(block.path, heads)) for block in document.blocks if block.kind in QUOTABLE]
    return sum(len({home for at, home in homes if at.start < span.end and span.start < at.end}) == 1 for span in spans)


def of_whole_sentences(document: Document, spans: Iterable[Span]) -> int:
    """How many of the spans neither begin nor end inside a sentence that could be quoted."""
    quotable = [block.span for block in document.blocks if block.kind in QUOTABLE]
    inside = {at for span in quotable for sentence in sentences(document.text, span) for at in range(sentence.start + 1, sentence.end)}
    return sum(span.start not in inside and span.end not in inside for span in spans)


def _home(path: Path, heads: Container[Path]) -> Path:
    return next((path[:end] for end in range(len(path), 0, -1) if path[:end] in heads), ())


def _as_document(document: Document, span: Span) -> Document:
    text = span.cut(document.text)
    name = f"{document.id}@{span.start}-{span.end}"
    return Document(
        id=name,
        revision=hashlib.sha256(f"{name}\n{text}".encode()).hexdigest(),
        source=Source(uri=name, title=document.source.title, level=1),
        text=text,
        blocks=(Block(kind=BlockKind.TEXT, span=Span(start=len(text) - len(text.lstrip()), end=len(text.rstrip()))),),
        format="span",
    )


def _as_chunk(document: Document, block: Block) -> Chunk:
    return Chunk(
        id=0,
        document_id=document.id,
        revision=document.revision,
        ordinal=0,
        span=block.span,
        path=block.path,
        pages=() if block.page is None else (block.page,),
        level=1,
        text=block.span.cut(document.text),
    )
