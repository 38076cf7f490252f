"""How well a text meets a question: by its words, by words that stand near them in meaning, and as a whole.

For a question with terms t of weight idf(t), and a text with the terms T::

    coverage(T) = sum of idf(t) * has(t, T)                          / sum of idf(t)
    kinship(T)  = sum of idf(t) * max(has(t, T), max cos(t, u in T)) / sum of idf(t)

has is 1 for the term itself and MEANT for an official term of the thesaurus; cos is between the vectors of two words.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

Matrix = NDArray[np.float32]

_KANJI = re.compile("[々一-龯]{2,}")
MEANT = 0.8
"""A term of the question that a passage has by an official word counts so much."""


def no_cosines(texts: Sequence[str]) -> list[float]:
    """For a question that no model can read."""
    return [0.0] * len(texts)


def nothing_alike(words: Sequence[str], others: Sequence[str]) -> Matrix:
    """For a model that knows no single words: zeros (len(words), len(others))."""
    return np.zeros((len(words), len(others)), dtype=np.float32)


@dataclass(frozen=True, kw_only=True)
class Question:
    """A question as terms with weights, and what compares it with texts by meaning."""

    weights: Mapping[str, float]
    """Inverse document frequency of each content word."""
    meant: Mapping[str, tuple[frozenset[str], ...]] = field(default_factory=dict)
    """Term -> sets of official terms, each of which as a whole says the same."""
    text: str = ""
    surfaces: tuple[str, ...] = ()
    """The terms as they were written: where they stand in a sentence."""
    cosines: Callable[[Sequence[str]], Sequence[float]] = no_cosines
    """Cosine of each text to the question; 0 for a text in a language that the model cannot read."""
    alike: Callable[[Sequence[str], Sequence[str]], Matrix] = nothing_alike
    """Cosines of words and other words, (len(words), len(others)); 0 where one is not known."""

    @cached_property
    def written(self) -> tuple[tuple[str, str], ...]:
        """Terms with how they were written, where that is two kanji or more."""
        return tuple((term, surface) for term, surface in zip(self.weights, self.surfaces, strict=False) if _KANJI.fullmatch(surface))

    def coverage(self, found: Iterable[str]) -> float:
        """Share of the weight that ``found`` has, 0 to 1; what it has by another word counts MEANT."""
        have, total = set(found), sum(self.weights.values())
        return sum(weight * self.has(term, have) for term, weight in self.weights.items()) / total if total else 0.0

    def missing(self, found: Iterable[str]) -> tuple[str, ...]:
        """Terms that ``found`` does not have, by no word."""
        have = set(found)
        return tuple(term for term in self.weights if not self.has(term, have))

    def speaks_of(self, caption: Collection[str]) -> float:
        """Share of the words of a caption that the question has, 0 to 1; one that it has only by an everyday word counts MEANT."""
        meant = self._official
        said = sum(1.0 if word in self.weights else MEANT if word in meant else 0.0 for word in caption)
        return said / len(caption) if caption else 0.0

    @cached_property
    def _official(self) -> frozenset[str]:
        return frozenset(word for ways in self.meant.values() for official in ways for word in official)

    def has(self, term: str, have: set[str]) -> float:
        """1 where the term is in ``have``, MEANT where an official word for it is, else 0."""
        if term in have:
            return 1.0
        return MEANT if any(official <= have for official in self.meant.get(term, ())) else 0.0


class Kinship:
    """Kinship of a question to many sets of words, which are compared with it once."""

    def __init__(self, question: Question, words: Iterable[str]) -> None:
        self._question = question
        self._terms = list(question.weights)
        weights = np.array([question.weights[term] for term in self._terms], dtype=np.float32)
        self._weights = weights / (float(weights.sum()) or 1.0)
        distinct = sorted(set(words))
        self._places = {word: place for place, word in enumerate(distinct)}
        self._near = question.alike(self._terms, distinct) if self._terms and distinct else None

    def __call__(self, found: Iterable[str]) -> float:
        """0 to 1, never below the coverage."""
        shares = self.shares(found)
        return float(self._weights @ shares) if len(shares) else 0.0

    def shares(self, found: Iterable[str]) -> Matrix:
        """For each term of the question how far ``found`` has it, 0 to 1."""
        have = set(found)
        shares = np.array([self._question.has(term, have) for term in self._terms], dtype=np.float32)
        places = [place for word in have if (place := self._places.get(word)) is not None]
        if self._near is not None and places:
            shares = np.maximum(shares, self._near[:, places].max(axis=1))
        return np.asarray(np.clip(shares, 0.0, 1.0), dtype=np.float32)
