"""What a question looks for: its own words, and those that regulations use for them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from rag import terms
from rag.thesaurus import Thesaurus

MEANS = 0.6
"""Weight of a word from the thesaurus, where one of the question itself has 1."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Question:
    """A question as weighted terms."""

    text: str
    words: Mapping[str, float]
    """Term -> weight, for the field of words."""
    bigrams: Mapping[str, float]
    """Term -> weight, for the field of bigrams."""
    meant: Mapping[str, tuple[frozenset[str], ...]] = field(default_factory=dict)
    """Term of the question -> sets of terms, each of which as a whole stands for it."""


def understand(text: str, thesaurus: Thesaurus) -> Question:
    """The terms of a question and those that the thesaurus adds. Every term counts once, however often it stands there."""
    words = dict.fromkeys(terms.words(text), 1.0)
    bigrams = dict.fromkeys(terms.bigrams(text), 1.0)
    meant: dict[str, tuple[frozenset[str], ...]] = {}
    for entry in thesaurus.find(text):
        official = [terms.words(word) for word in entry.means]
        for said in terms.words(entry.said):
            meant[said] = meant.get(said, ()) + tuple(frozenset(some) for some in official if some)
        for word in entry.means:
            for term in terms.words(word):
                words.setdefault(term, MEANS)
            for term in terms.bigrams(word):
                bigrams.setdefault(term, MEANS)
    return Question(text=text, words=words, bigrams=bigrams, meant=meant)
