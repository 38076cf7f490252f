"""The numbered evidence that a language model gets, and the sentences in it that can carry what it writes."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cached_property

from rag import terms
from rag.records import QUOTABLE, Answer, BlockKind, Document, Hit, Path, Span
from rag.text import sentences

MOST = 10
"""Passages that a model is given at the most."""

PROVISO = re.compile(r"\s*(?:ただし|但し|However,|Provided that|Provided, however)")


@dataclass(frozen=True, kw_only=True)
class Unit:
    """A sentence of the evidence, an item of a list, or a row of a table."""

    document: Document
    span: Span
    path: Path
    block: int
    """Number of its block in the document."""
    opening: Span | None = None
    """What announces the list of an item, or names the columns of a row: it is part of what the unit says."""

    @property
    def text(self) -> str:
        """Its own characters."""
        return self.span.cut(self.document.text)

    @cached_property
    def whole(self) -> str:
        """With what opens it."""
        return f"{self.opening.cut(self.document.text)}\n{self.text}" if self.opening else self.text

    @cached_property
    def terms(self) -> frozenset[str]:
        """Terms of the whole."""
        return frozenset(terms.words(self.whole))

    @property
    def is_proviso(self) -> bool:
        """True for 「ただし、…」: it limits the unit before it."""
        return PROVISO.match(self.text) is not None


@dataclass(frozen=True, kw_only=True)
class Passage:
    """A passage with the number by which the model names it."""

    number: int
    document: Document
    hit: Hit

    @property
    def text(self) -> str:
        """What the model reads."""
        return self.hit.chunk.text

    @property
    def title(self) -> str:
        """The document's title."""
        return self.document.source.title or self.document.source.uri

    @cached_property
    def units(self) -> tuple[Unit, ...]:
        """Its sentences in order. Whole ones: where the passage was cut from a paragraph, the sentence goes on beyond it."""
        return tuple(_units(self.document, self.hit.chunk.span))

    @cached_property
    def named(self) -> frozenset[str]:
        """Terms of title, headings and captions: they may stand in a sentence, and carry nothing alone."""
        above = [self.title, self.document.source.issuer, self.document.source.number, *self.hit.chunk.path, self.hit.chunk.context]
        return frozenset(terms.words("\n".join(above)))


def gather(quoted: Answer, load: Callable[[Hit], Document]) -> list[Passage]:
    """The passages of an answer: first those that are quoted in it, then the others by rank."""
    cited = [
        (citation.document_id, citation.revision, citation.span) for statement in quoted.statements for citation in statement.citations
    ]

    def place(hit: Hit) -> int:
        chunk = hit.chunk
        for at, (document, revision, span) in enumerate(cited):
            if (document, revision) == (chunk.document_id, chunk.revision) and span.start < chunk.span.end and chunk.span.start < span.end:
                return at
        return len(cited)

    hits = sorted(quoted.hits, key=lambda hit: (place(hit), hit.rank))[:MOST]
    return [Passage(number=number, document=load(hit), hit=hit) for number, hit in enumerate(hits, start=1)]


def tokens(text: str) -> int:
    """Tokens of a text at the most, for any usual tokenizer: one for each Japanese character, one for three others."""
    ascii_ = sum(character.isascii() for character in text)
    return len(text) - ascii_ + -(-ascii_ // 3)


def fit(passages: Sequence[Passage], room: int) -> list[Passage]:
    """The first passages that fit into ``room`` tokens; one that is too long ends the list, so that rank decides."""
    kept: list[Passage] = []
    for passage in passages:
        room -= tokens(passage.text) + tokens(passage.title) + tokens(" ".join(passage.hit.chunk.path)) + 40
        if room < 0:
            break
        kept.append(passage)
    return kept


def _units(document: Document, span: Span) -> list[Unit]:
    found: list[Unit] = []
    opening: Span | None = None
    heading: Span | None = None
    for number, block in enumerate(document.blocks):
        if block.span.start >= span.end:
            break
        if block.kind not in QUOTABLE:
            continue
        heading = heading or block.span if block.kind is BlockKind.TABLE_ROW else None
        pieces = [block.span] if block.kind is BlockKind.TABLE_ROW else sentences(document.text, block.span)
        above = opening if block.kind is BlockKind.ITEM else heading if heading != block.span else None
        if block.span.end > span.start:
            found += [
                Unit(document=document, span=piece, path=block.path, block=number, opening=above)
                for piece in pieces
                if piece.end > span.start and piece.start < span.end
            ]
        if block.kind is not BlockKind.ITEM and pieces:
            opening = pieces[0] if len(pieces) == 1 or not PROVISO.match(pieces[-1].cut(document.text)) else block.span
    return found
