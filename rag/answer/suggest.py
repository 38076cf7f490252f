"""Words to ask with instead: official terms for the question's own, and what the nearest passages call something like them."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from rag import terms
from rag.answer.relevance import Question
from rag.records import Hit
from rag.text import fold

MOST = 6
NEAR = 0.4
"""Cosine of two words from which one may stand for the other."""
HITS = 10


def suggestions(question: Question, hits: Sequence[Hit], official: Sequence[str], known: Callable[[str], bool]) -> tuple[str, ...]:
    """At most MOST words, the official ones first, none that the question has.

    Args:
        official: what the thesaurus knows for the question, as it is written.
        known: True for a term that some passage has.
    """
    found = [word for word in official if (parts := terms.words(word)) and all(map(known, parts)) and fold(word) not in fold(question.text)]
    written: dict[str, str] = {}
    for hit in hits[:HITS]:
        for term, surface in terms.surfaces(f"{hit.chunk.context}\n{hit.chunk.text}").items():
            if len(surface) > 1 and not surface[0].isdigit() and term not in question.weights:
                written.setdefault(term, surface)
    others = terms.content_words(" ".join(written.values()))
    others = [term for term in others if term in written]
    asked = [term for term in question.weights if len(term) > 1]
    if others and asked:
        near = question.alike(asked, others).max(axis=0)
        order = sorted(range(len(others)), key=lambda at: -float(near[at]))
        found += [written[others[at]] for at in order if near[at] >= NEAR]
    return tuple(dict.fromkeys(found))[:MOST]
