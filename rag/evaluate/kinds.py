"""Where does search fail? Golden questions by what they ask for, and by how many of their words the provision that answers has."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date

from rag import terms
from rag.answer.asks import Asks, asks
from rag.evaluate.golden import Question
from rag.library import Library
from rag.records import HIGHEST_LEVEL, Chunk, Filters, Hit
from rag.search import search

DEPTH = 50
"""A provision further down counts as not found."""
KINDS = ("a figure or day", "who, where, which", "whether", "how, what, why")
_KIND = {
    **dict.fromkeys((Asks.MONEY, Asks.SHARE, Asks.LENGTH, Asks.COUNT, Asks.WHEN), KINDS[0]),
    **dict.fromkeys((Asks.WHO, Asks.WHERE, Asks.NAME), KINDS[1]),
    Asks.WHETHER: KINDS[2],
    Asks.OTHER: KINDS[3],
}


def kind(text: str) -> str:
    """Which of KINDS a question is, by the most definite thing that it asks for."""
    return _KIND[asks(text)[0]]


def shared_words(text: str, passages: Iterable[str]) -> float:
    """The share of a question's content words that one of the passages has: 0 where everyday words and the text's own never meet."""
    asked = set(terms.content_words(text))
    return max((len(asked & set(terms.words(passage))) / len(asked) for passage in passages), default=0.0) if asked else 0.0


def rank(library: Library, question: Question, today: date) -> int:
    """The rank of the first passage of an expected provision; 0 where none is among the first DEPTH."""
    hits = search(library, question.text, clearance=HIGHEST_LEVEL, as_of=question.as_of or today, limit=DEPTH).hits
    return next((hit.rank for hit in hits if any(place.found(hit) for place in question.expect)), 0)


def reciprocal(rank: int) -> float:
    """1 for the first place, 1/2 for the second, 0 for none."""
    return 1 / rank if rank else 0.0


def expected(library: Library, question: Question, today: date) -> list[str]:
    """The passages of the expected provisions with their headings, in the revision that applies on the question's day."""
    visible = library.visible(clearance=HIGHEST_LEVEL, as_of=question.as_of or today, filters=Filters())
    wanted = {place.document for place in question.expect}
    numbers = [revision.number for revision in visible if revision.document_id in wanted]
    return [
        f"{chunk.context}\n{chunk.text}" for number in numbers for chunk in library.registry.chunks_of(number) if belongs(chunk, question)
    ]


def belongs(chunk: Chunk, question: Question) -> bool:
    """True where a passage is of a provision that answers the question."""
    hit = Hit(chunk=chunk, score=0.0, rank=1, found_by={})
    return any(place.found(hit) for place in question.expect)
