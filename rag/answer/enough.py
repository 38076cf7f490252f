"""Do the documents answer this? A probability from a few features of the question beside what was found.

Every feature is a share or a cosine, so that it means the same in a library of fifty passages and of a hundred thousand::

    logit = bias + sum of weight(f) * (f - mean(f)) / deviation(f),    answered = 1 / (1 + exp(-logit))

Weights, means and deviations lie in rag/models/enough.toml beside their card; notebooks/train_enough.py learns them.
"""

from __future__ import annotations

import math
import tomllib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path

import numpy as np

from rag.answer.asks import Asks, asks
from rag.answer.quote import Weighed
from rag.answer.relevance import Kinship, Question
from rag.errors import ModelError
from rag.records import Hit
from rag.terms import words
from rag.text import language

HITS = 10
"""How many hits are looked at."""
BEST = 3
"""How many of the most relevant sentences may decide."""
WEIGHTS = Path(__file__).parent.parent / "models" / "enough.toml"

FEATURES: Mapping[str, str] = {
    "covered": "coverage of the question by the best passage with its headings",
    "together": "coverage by the best passages together",
    "far": "share of the question that nothing found is akin to",
    "cosine": "cosine of the best sentence, Japanese",
    "cosine_en": "cosine of the best sentence, other languages",
    "gap": "how far the best hit stands before the tenth, as a share of its score",
    "agree": "share of the first five hits that every list holds among its first twenty",
    "decided": "1 where the best sentences hold what is asked for (an amount, a date, whether), .5 where no shape tells",
    "particular": "1 where the question asks for a name, a place, a person or a number of things",
    "long": "logarithm of the number of terms of the question",
    "same_language": "share of the first five hits in the language of the question",
    "english": "1 where the question is not Japanese",
}
"""Feature -> what it says."""

_PARTICULAR = frozenset({Asks.NAME, Asks.WHO, Asks.WHERE, Asks.COUNT, Asks.MONEY})


def features(question: Question, hits: Sequence[Hit], weighed: Sequence[Weighed]) -> dict[str, float]:
    """The value of each of FEATURES; zeros where nothing was found."""
    first = hits[:HITS]
    passages = [frozenset(words(hit.chunk.text)) | frozenset(words(hit.chunk.context)) for hit in first]
    near = [each for each in weighed if any(each.candidate.hit.chunk.id == hit.chunk.id for hit in first)]
    if not passages or not near or not question.weights:
        return dict.fromkeys(FEATURES, 0.0)
    together = frozenset().union(*passages)
    shares = Kinship(question, together).shares(together)
    weights = np.array(list(question.weights.values()), dtype=np.float32)
    wanted = asks(question.text)
    best = sorted(near, key=lambda each: -each.relevance)[:BEST]
    scores = [hit.score for hit in first]
    top = scores[0] or 1.0
    spoken = language(question.text)
    cosine = max(each.cosine for each in near)
    five = first[:5]
    return {
        "covered": max(map(question.coverage, passages)),
        "together": question.coverage(together),
        "far": 1.0 - float(weights @ shares) / (float(weights.sum()) or 1.0),
        "cosine": cosine if spoken == "ja" else 0.0,
        "cosine_en": cosine if spoken != "ja" else 0.0,
        "gap": 1.0 - scores[-1] / top,
        "agree": sum(all(rank <= 20 for rank in hit.found_by.values()) for hit in five) / len(five),
        "decided": 0.5 if wanted == (Asks.OTHER,) else float(any(each.decides for each in best)),
        "particular": float(any(kind in _PARTICULAR for kind in wanted)),
        "long": math.log(len(question.weights)),
        "same_language": sum(language(hit.chunk.text[:400]) == spoken for hit in five) / len(five),
        "english": float(spoken != "ja"),
    }


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
        ModelError: the file cannot be read, or a weight is of no known feature.
    """
    try:
        data = tomllib.loads(file.read_text(encoding="utf-8"))
        tables = data["features"]
        return Enough(
            threshold=float(data["threshold"]),
            bias=float(data["bias"]),
            weights={name: float(tables[name]["weight"]) for name in tables if name in FEATURES},
            means={name: float(table["mean"]) for name, table in tables.items()},
            deviations={name: float(table["deviation"]) or 1.0 for name, table in tables.items()},
        )
    except (OSError, tomllib.TOMLDecodeError, KeyError, TypeError, ValueError) as error:
        raise ModelError(f"{file} cannot be read ({error!r}). Restore it from the repository.") from error
