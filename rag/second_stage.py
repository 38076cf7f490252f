"""The second stage: the first candidates again, by features that a person can read, with learned weights.

For a question with content words t of weight idf(t), the score of a passage p is the sum of weight times feature::

    keyword     BM25 of p / BM25 of the best passage
    vector...   cosine of each model that can read the question
    covered     sum of idf(t) over the words that p has, by sum of idf(t) over all
    asked       the same over the words of the sentences that ask
    alike       as covered, where a word also counts by what regulations call it (MEANT, from the thesaurus), and by the word of p
                most like it: (cosine - LIKE) / (1 - LIKE), from the Japanese model's word vectors
    neighbours  of the pairs of words that stand side by side in the question, the share that does so in p, by the lower idf of the two
    titled      sum of idf over the words of title, path and caption that the question has, by that over all of them
    dense       sum of idf(t) over the words that p has, by the number of its different words
    family      how far the best passage of the same law, rulebook or guide, and the mean of its best three, lie behind those of the
                best family, by the score of the first stage: passages that answer one question stand together

Weights are learned by listwise softmax regression (Cao et al., "Learning to Rank: From Pairwise Approach to Listwise Approach",
ICML 2007) with notebooks/train_second_stage.py, apart for Japanese and English questions, none below 0, and scaled to a
sum of 3. rag/models/second-stage.md tells what they were learned from and how well they hold on sets they were not learned from.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from rag import terms, text
from rag.index.forward import Passage
from rag.question import Question

FIRST = 200
"""So many candidates of the first stage are looked at again. On 708 tax questions 300, 200, 150 and 100 gave nDCG@10 .604, .604, .603 and
.599, and Recall@100 .852, .852, .849 and .842."""
MEANT = 0.8
"""A word of the question counts so much where a passage has it by an official word."""
LIKE = 0.4
"""Words whose cosine is no higher have nothing in common."""
WEIGHTS = Path(__file__).parent / "models" / "second-stage.json"

FEATURES = (
    "keyword",
    "vector",
    "vector-ja",
    "covered",
    "asked",
    "alike",
    "neighbours",
    "titled",
    "dense",
    "family",
    "family_three",
)

Matrix = NDArray[np.float32]
Rarity = Callable[[Iterable[str], str], Mapping[str, float]]
"""Words and a field of the keyword index -> idf of each."""
Alike = Callable[[Sequence[str], NDArray[np.uint32]], Matrix]
"""Words and numbers of words -> cosines, 0 where one is not known."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Candidate:
    """A passage that the first stage found."""

    chunk: int
    passage: Passage
    keyword: float
    """BM25, 1 for the best of all candidates."""
    cosines: Mapping[str, float]
    """By the name of the model."""
    first: float
    """Score of the first stage."""


@cache
def weights(language: str, file: Path = WEIGHTS) -> NDArray[np.float64]:
    """The weight of each of FEATURES for questions in this language, float64 (len(FEATURES),)."""
    learned = json.loads(file.read_text(encoding="utf-8"))["weights"]
    mine: dict[str, float] = learned["ja" if language == "ja" else "en"]
    return np.array([mine.get(feature, 0.0) for feature in FEATURES])


def parts(question: Question, candidates: Sequence[Candidate], rarity: Rarity, alike: Alike | None) -> dict[int, dict[str, float]]:
    """What each feature gives to the score of each candidate: chunk -> feature -> weight * value, without zeros."""
    if not candidates:
        return {}
    given = features(question, candidates, rarity, alike) * weights(text.language(question.text))
    named = [(at, feature) for at, feature in enumerate(FEATURES) if given[:, at].any()]
    return {candidate.chunk: {feature: float(row[at]) for at, feature in named} for candidate, row in zip(candidates, given, strict=True)}


def features(question: Question, candidates: Sequence[Candidate], rarity: Rarity, alike: Alike | None) -> Matrix:
    """The values of FEATURES, float32 (len(candidates), len(FEATURES)).

    Args:
        alike: None where no model knows the words of the question.
    """
    found = _Found(question, [candidate.passage for candidate in candidates], rarity, alike)
    family = np.array([candidate.passage.family for candidate in candidates])
    first = np.array([candidate.first for candidate in candidates])
    columns = {
        "keyword": np.array([candidate.keyword for candidate in candidates]),
        **{name: np.array([candidate.cosines.get(name, 0.0) for candidate in candidates]) for name in ("vector", "vector-ja")},
        "covered": found.share(found.has, found.idf),
        "asked": found.share(found.has, found.asked),
        "alike": found.share(found.alike, found.idf),
        "neighbours": found.neighbours(),
        "titled": found.titled(),
        "dense": found.dense(),
        "family": _family(family, first, 1),
        "family_three": _family(family, first, 3),
    }
    return np.stack([columns[name] for name in FEATURES], axis=1).astype(np.float32)


class _Found:
    """Which words of a question stand where in the passages, worked out for all passages at once."""

    def __init__(self, question: Question, passages: Sequence[Passage], rarity: Rarity, alike: Alike | None) -> None:
        self.question = question
        self.passages = passages
        self.rarity = rarity
        content = question.content
        rare = rarity(content, "words")
        self.idf = np.array([rare[term] for term in content], dtype=np.float32)
        self.asked = np.where([term in question.asked for term in content], self.idf, 0.0).astype(np.float32)
        self.sizes = np.array([len(passage.different) for passage in passages])
        flat = np.concatenate([passage.different for passage in passages])
        order = np.argsort(flat)
        self._passages_of = np.repeat(np.arange(len(passages)), self.sizes)[order]
        self._starts = np.flatnonzero(np.append(True, flat[order][1:] != flat[order][:-1])) if len(flat) else np.zeros(0, np.int64)
        self._ends = np.append(self._starts[1:], len(flat)) if len(flat) else self._starts
        self.terms = flat[order][self._starts]
        self.has = self._within([terms.number(term) for term in content])
        self.alike = self._alike(content, alike)

    def _having(self, term: int) -> NDArray[np.integer]:
        """The passages that have a term, given by its place in ``terms``."""
        return self._passages_of[self._starts[term] : self._ends[term]]

    def _within(self, numbers: Sequence[int]) -> Matrix:
        """Whether each passage has each term: 1 or 0, (passages, numbers)."""
        found = np.zeros((len(self.passages), len(numbers)), dtype=np.float32)
        for at, (number, place) in enumerate(zip(numbers, np.searchsorted(self.terms, np.array(numbers, np.uint32)), strict=True)):
            if place < len(self.terms) and self.terms[place] == number:
                found[self._having(place), at] = 1.0
        return found

    def _alike(self, content: Sequence[str], alike: Alike | None) -> Matrix:
        by_word = np.zeros_like(self.has)
        if alike is not None and len(content):
            like = np.minimum((alike(content, self.terms) - LIKE) / (1 - LIKE), 1.0)
            for at, row in enumerate(like):
                near = np.flatnonzero(row > 0)
                for term in near[np.argsort(row[near])]:  # rising: of several words of a passage the one most like it stays
                    by_word[self._having(term), at] = row[term]
        by_word = np.maximum(by_word, self.has)
        official = {term for sets in self.question.meant.values() for some in sets for term in some}
        if official:
            order = sorted(official)
            there = dict(zip(order, self._within(list(map(terms.number, order))).T > 0, strict=True))
            for at, term in enumerate(content):
                for some in self.question.meant.get(term, ()):
                    whole = np.logical_and.reduce([there[word] for word in some])
                    by_word[:, at] = np.maximum(by_word[:, at], np.where(whole, MEANT, 0.0))
        return by_word

    def share(self, has: Matrix, weight: NDArray[np.float32]) -> Matrix:
        """Of the weight of all words, what each passage has."""
        total = float(weight.sum())
        return has @ weight / total if total else np.zeros(len(self.passages), dtype=np.float32)

    def neighbours(self) -> Matrix:
        """Of the pairs of words of the question, by the idf of the more common of the two, the share that stands so in each passage."""
        words = terms.words(self.question.text)
        pairs = sorted(set(zip(words, words[1:], strict=False)))
        rare = self.rarity(set(words), "words")
        weight = np.array([min(rare[a], rare[b]) for a, b in pairs], dtype=np.float32)
        if not pairs or not weight.sum():
            return np.zeros(len(self.passages), dtype=np.float32)
        wanted = np.array([terms.number(a) << 32 | terms.number(b) for a, b in pairs], dtype=np.uint64)
        by_number = np.argsort(wanted)
        wanted, weight = wanted[by_number], weight[by_number]
        order = np.concatenate([passage.order for passage in self.passages])
        # Few terms of a passage open a pair. Which might is looked up by half of their bits; the whole pairs decide.
        might = np.zeros(1 << 16, dtype=np.bool_)
        might[(wanted >> np.uint64(32)) & np.uint64(0xFFFF)] = True
        opens = np.flatnonzero(might[order[:-1] & np.uint32(0xFFFF)])
        here = order[opens].astype(np.uint64) << np.uint64(32) | order[opens + 1].astype(np.uint64)
        at = np.minimum(np.searchsorted(wanted, here), len(wanted) - 1)
        hit = np.flatnonzero(wanted[at] == here)
        ends = np.cumsum([len(passage.order) for passage in self.passages])
        passage = np.searchsorted(ends, opens[hit], side="right")
        passage, pair = np.divmod(np.unique(passage * len(wanted) + at[hit]), len(wanted))
        gained = np.bincount(passage, weight[pair], minlength=len(self.passages))
        return np.asarray(gained / weight.sum(), dtype=np.float32)

    def titled(self) -> Matrix:
        """Of the words of title, path and caption, by idf, the share that the question has."""
        flat = [term for passage in self.passages for term in passage.head]
        rare = self.rarity(set(flat), "head")
        weight = np.fromiter(map(rare.__getitem__, flat), np.float64, len(flat))
        asked = weight * np.fromiter(map(self.question.words.__contains__, flat), np.bool_, len(flat))
        of = np.repeat(np.arange(len(self.passages)), [len(passage.head) for passage in self.passages])
        whole = np.bincount(of, weight, minlength=len(self.passages))
        return np.asarray(np.bincount(of, asked, minlength=len(self.passages)) / np.where(whole, whole, 1.0), dtype=np.float32)

    def dense(self) -> Matrix:
        """The idf of the question's words in each passage, by the number of its different words."""
        return np.asarray(self.has @ self.idf / (self.sizes + 2), dtype=np.float32)


def _family(family: NDArray[np.integer], first: NDArray[np.floating], count: int) -> Matrix:
    """The mean of the best ``count`` first scores of each passage's family, less that of the best family; for those that a family
    lacks, the lowest score of all."""
    names, member = np.unique(family, return_inverse=True)
    order = np.lexsort((-first, member))
    starts = np.searchsorted(member[order], np.arange(len(names)))
    sizes = np.diff(np.append(starts, len(order)))
    lowest = float(first.min())
    means = np.zeros(len(names))
    for place in range(count):
        means += np.where(sizes > place, first[order][np.minimum(starts + place, len(order) - 1)], lowest) / count
    return np.asarray((means - means.max())[member], dtype=np.float32)
