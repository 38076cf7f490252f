"""Do the documents answer this?"""

from __future__ import annotations

from collections.abc import Sequence

from rag.answer.relevance import Question
from rag.records import Hit
from rag.terms import words

HITS = 10
"""How many hits are looked at."""
ENOUGH = 0.15
"""Some hit must cover at least this share of the question's weight, or there is no answer."""


def covered(question: Question, hits: Sequence[Hit]) -> float:
    """The highest coverage of a hit with its title and headings, 0 to 1."""
    return max((question.coverage(words(f"{hit.chunk.context}\n{hit.chunk.text}")) for hit in hits[:HITS]), default=0.0)
