"""Small libraries made in code: documents of a few sentences, and an embedder that costs nothing."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Sequence
from datetime import date
from pathlib import Path
from typing import Any

from rag.ask import ask
from rag.index.vector import VectorIndex
from rag.ingest import Ingester, Outcome
from rag.library import Library
from rag.records import Block, BlockKind, Document, Filters, Hit, Source, Span
from rag.search import search
from rag.settings import Settings

from .conftest import TODAY
from .fakes import FakeEmbedder, NoModel


def library_at(home: Path, **settings: Any) -> Library:
    """A library with the fake embedder."""
    library = Library(Settings(home=home, **settings))
    library.embedder = FakeEmbedder()
    library.japanese = NoModel()
    return library


def vectors(library: Library) -> VectorIndex:
    """The vector index of the first model."""
    return library.meaning.indexes[0]


def document(id: str, *passages: str, uri: str = "", **source: Any) -> Document:
    """A document with a heading and a block for each passage."""
    text, blocks = "", []
    for number, passage in enumerate(passages, start=1):
        heading = f"Part {number}"
        path = (heading,)
        blocks.append(Block(kind=BlockKind.HEADING, span=Span(start=len(text), end=len(text) + len(heading)), path=path))
        text += f"{heading}\n"
        blocks.append(Block(kind=BlockKind.TEXT, span=Span(start=len(text), end=len(text) + len(passage)), path=path))
        text += f"{passage}\n"
    described = Source(**{"uri": uri or f"{id}.md", "title": f"Title of {id}", "level": 1, **source})
    return Document(id=id, revision=sha256(text), source=described, text=text, blocks=tuple(blocks), format="markdown")


def sha256(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()


def publish(library: Library, documents: Iterable[Document]) -> list[Outcome]:
    """Take documents in, all in one batch or more."""
    with Ingester(library, clearance=3) as ingester:
        outcomes = [outcome for item in documents for outcome in ingester.add(item)]
        return outcomes + ingester.flush()


def find(library: Library, question: str, *, clearance: int = 3, as_of: date = TODAY, filters: Filters | None = None) -> tuple[Hit, ...]:
    return search(library, question, clearance=clearance, as_of=as_of, limit=50, filters=filters or Filters()).hits


def found(library: Library, question: str, *, clearance: int = 3, as_of: date = TODAY) -> list[str]:
    """Ids of the documents found, the best first, each once."""
    return list(dict.fromkeys(hit.chunk.document_id for hit in find(library, question, clearance=clearance, as_of=as_of)))


def answers(library: Library, questions: Sequence[str]) -> list[tuple[list[int], list[str]]]:
    """What is found first for each question and what is answered, to compare before and after.

    Not more: at the end of a list Tantivy puts passages of one score in the order of its files, and Chroma's graph is not exact.
    """
    replies = [ask(library, question, clearance=3, as_of=TODAY) for question in questions]
    return [([hit.chunk.id for hit in reply.hits[:5]], [statement.text for statement in reply.statements]) for reply in replies]
