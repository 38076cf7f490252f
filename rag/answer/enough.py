"""Do the documents answer this? A probability from a few features of the question beside what was found.

Every feature is a share, a cosine or a distance in standard deviations, so that it means the same in a library of fifty passages and
of a hundred thousand::

    logit = bias + sum of weight(f) * (f - mean(f)) / deviation(f),    answered = 1 / (1 + exp(-logit))

What was found tells less than how it was asked: a question that nothing answers finds as many of its words as one put in everyday words
that something answers. Weights, means and deviations lie in rag/models/enough.toml beside their card, learned by
notebooks/train_enough.py.
"""

from __future__ import annotations

import math
import tomllib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from rag.answer.asks import Asks, asks, focus
from rag.answer.quote import Weighed
from rag.answer.relevance import Kinship, Question
from rag.errors import ModelError
from rag.records import Hit
from rag.terms import content_words, words
from rag.text import language, sentences

BACKGROUND = 60
"""Hits that are asked for: those behind the first ones show how passages of this library look that do not answer."""
FIRST = 10
"""How many of them may answer."""
BEST = 12
"""How many of the most relevant sentences may decide."""
WEIGHTS = Path(__file__).parent.parent / "models" / "enough.toml"

FEATURES: Mapping[str, str] = {
    "akin": "share of the question's weight that the best passage has, by the same word, an official one, or one like it",
    "sentence": "the same for the best sentence with its headings",
    "focus": "of the words that the question asks of, the share that the best passage has",
    "hole": "how rare the rarest of these words is that no passage has, nor one like it; 1 for the rarest of the question",
    "stands_out": "how far the best cosine stands above those of the background, in its standard deviations",
    "decided": "the best sentence that holds what is asked for (an amount, a date, a person), by its share; .6 where no shape tells",
    "undecided": "1 where something is asked for that a shape tells and the most relevant sentences do not hold it",
    "whether": "1 where the question asks whether",
    "particular": "1 where the question asks for a name, a place, a person, an amount or a number of things",
    "story": "logarithm of the number of the question's sentences: who tells a case before asking mostly asks for a rule",
    "long": "logarithm of the number of the question's words",
    "size": "logarithm of the number of passages in the library: in a large one something always looks alike",
    "english": "1 where the question is not Japanese",
}
"""Feature -> what it says."""
FORM = ("whether", "story", "particular", "long", "english")
"""What a question is like, whatever was found: also taken times the size, for a rulebook is asked other things than the
laws of a country."""

SMALL, LARGE = 500, 20_000
"""A library counts as no smaller and no larger: it was learned from such."""
USUAL = 2.0
"""How far the best cosine stands out in the mean."""
UNTYPED = 0.6
"""Where the question asks for nothing that a shape tells, it counts as decided so far."""
_PARTICULAR = frozenset({Asks.NAME, Asks.WHO, Asks.WHERE, Asks.COUNT, Asks.MONEY})

Row = NDArray[np.float32]


WHOLE = 0.98
"""A sentence that with its headings has so much of a question answers it for certain: the regression knows few such, for people say a
question in other words, and would ask for more than there can be."""
CERTAIN = 0.95
"""The probability of such a question."""


def answered(question: Question, hits: Sequence[Hit], weighed: Sequence[Weighed], size: int) -> float:
    """The probability, 0 to 1, that what was found answers the question. Arguments as for :func:`features`."""
    values = features(question, hits, weighed, size)
    return max(load()(values), CERTAIN if values["sentence"] >= WHOLE else 0.0)


def features(question: Question, hits: Sequence[Hit], weighed: Sequence[Weighed], size: int) -> dict[str, float]:
    """The value of each of :func:`names`; zeros where nothing was found.

    Args:
        hits: the first BACKGROUND, those of ``weighed`` among them.
        size: passages in the library.
    """
    wanted = asks(question.text)
    found = _measured(question, hits, weighed, wanted) if question.weights and weighed else {}
    values = dict.fromkeys(FEATURES, 0.0) | found
    values["whether"] = float(Asks.WHETHER in wanted)
    values["particular"] = float(any(kind in _PARTICULAR for kind in wanted))
    values["story"] = math.log(max(1, len(sentences(question.text))))
    values["long"] = math.log(max(1, len(question.weights)))
    values["size"] = math.log(min(max(size, SMALL), LARGE))
    values["english"] = float(language(question.text) != "ja")
    return values | {f"{one}*size": values[one] * values["size"] for one in FORM}


def _measured(question: Question, hits: Sequence[Hit], weighed: Sequence[Weighed], wanted: tuple[Asks, ...]) -> dict[str, float]:
    passages: dict[int, frozenset[str]] = {hit.chunk.id: frozenset(words(hit.chunk.context)) for hit in hits[:FIRST]}
    for each in weighed:
        if (chunk := each.candidate.hit.chunk.id) in passages:
            passages[chunk] |= each.candidate.words
    weights = np.array(list(question.weights.values()), dtype=np.float32)
    of_whole = weights / (float(weights.sum()) or 1.0)
    asked_of = frozenset(content_words(focus(question.text)))
    narrowed = np.array([weight if term in asked_of else 0.0 for term, weight in question.weights.items()], dtype=np.float32)
    of_focus = narrowed / float(narrowed.sum()) if narrowed.any() else of_whole
    kinship = Kinship(question, frozenset().union(*passages.values()))
    akin = np.array([kinship.shares(some) for some in passages.values()])
    has = np.array([[question.has(term, set(some)) for term in question.weights] for some in passages.values()], dtype=np.float32)
    best = sorted(weighed, key=lambda each: -each.relevance)[:BEST]
    typed = wanted not in ((Asks.OTHER,), (Asks.WHETHER,))
    return {
        "akin": float((akin @ of_whole).max()),
        "sentence": max(each.kinship for each in best),
        "focus": float((has @ of_focus).max()),
        "hole": float((narrowed * (1 - akin.max(axis=0))).max() / weights.max()) if weights.max() else 0.0,
        "stands_out": _stands_out([max(hit.parts.get("vector", 0.0), hit.parts.get("vector-ja", 0.0)) for hit in hits]),
        "decided": max(each.decides * each.kinship for each in best) if typed else UNTYPED,
        "undecided": float(wanted != (Asks.OTHER,) and not any(each.decides for each in best[:3])),
    }


def _stands_out(cosines: Sequence[float]) -> float:
    """The best of the first FIRST beside the mean and deviation of those behind; USUAL where hardly any stand behind."""
    behind = np.array(cosines[FIRST:])
    return float((max(cosines[:FIRST]) - behind.mean()) / (behind.std() + 0.02)) if len(behind) > 2 else USUAL


@dataclass(frozen=True, kw_only=True, slots=True)
class Enough:
    """A learned measure of "the documents answer this"."""

    threshold: float
    """Below this probability a question is refused."""
    bias: float
    weights: Mapping[str, float]
    means: Mapping[str, float]
    deviations: Mapping[str, float]

    def __call__(self, values: Mapping[str, float]) -> float:
        """The probability, 0 to 1, that what was found answers the question."""
        logit = self.bias + sum(weight * (values[name] - self.means[name]) / self.deviations[name] for name, weight in self.weights.items())
        return 1.0 / (1.0 + math.exp(-max(-30.0, min(30.0, logit))))


@cache
def load(file: Path = WEIGHTS) -> Enough:
    """Read the weights.

    Raises:
        ModelError: the file cannot be read, or its features are not those of this module.
    """
    try:
        data = tomllib.loads(file.read_text(encoding="utf-8"))
        tables = data["features"]
        columns = {key: {name: float(table[key]) for name, table in tables.items()} for key in ("weight", "mean", "deviation")}
        threshold, bias = float(data["threshold"]), float(data["bias"])
    except (OSError, tomllib.TOMLDecodeError, KeyError, TypeError, AttributeError, ValueError) as error:
        raise ModelError(f"{file} cannot be read ({error!r}). Restore it from the repository.") from error
    if set(tables) != set(names()) or 0.0 in columns["deviation"].values():
        raise ModelError(f"{file} does not hold a weight for each feature. Learn it anew with notebooks/train_enough.py.")
    return Enough(threshold=threshold, bias=bias, weights=columns["weight"], means=columns["mean"], deviations=columns["deviation"])


def names() -> tuple[str, ...]:
    """FEATURES, and those of FORM times the size."""
    return (*FEATURES, *(f"{one}*size" for one in FORM))
