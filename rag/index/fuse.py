"""Several ranked lists -> one: by reciprocal rank where only ranks are known, by score where every score is.

Cormack, Clarke and Buettcher, "Reciprocal Rank Fusion outperforms Condorcet and individual Rank Learning Methods",
SIGIR 2009::

    score(d) = sum over the lists that hold d of weight / (k + rank(d)),  rank from 1, k = 60
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

K = 60


@dataclass(frozen=True, slots=True)
class Fused:
    """One entry of the fused list."""

    chunk: int
    score: float
    found_by: Mapping[str, int]
    """Rank, from 1, in each list that holds it."""


def reciprocal_rank(lists: Mapping[str, Sequence[int]], weights: Mapping[str, float] | None = None, k: int = K) -> list[Fused]:
    """Fuse lists of chunks, best first, given by name. Ties are broken by the best single rank, then by number."""
    scores: dict[int, float] = {}
    ranks: dict[int, dict[str, int]] = {}
    for name, chunks in lists.items():
        weight = (weights or {}).get(name, 1.0)
        for rank, chunk in enumerate(chunks, start=1):
            scores[chunk] = scores.get(chunk, 0.0) + weight / (k + rank)
            ranks.setdefault(chunk, {})[name] = rank
    order = sorted(scores, key=lambda chunk: (-scores[chunk], min(ranks[chunk].values()), chunk))
    return [Fused(chunk, scores[chunk], ranks[chunk]) for chunk in order]


def by_score(keyword: Mapping[int, float], similar: Mapping[str, tuple[float, Mapping[int, float]]]) -> list[Fused]:
    """Fuse BM25 scores with cosine similarities, which must be known for every candidate that has them::

        score(c) = bm25(c) / best bm25 + sum over the models of vote * cosine(c)

    Dividing by the best keeps BM25's own distances, which ranks throw away; a model that cannot read a candidate gives it nothing.

    Args:
        keyword: chunk -> BM25.
        similar: name of each model's list -> its vote, and chunk -> cosine.
    """
    top = max(keyword.values(), default=0.0) or 1.0
    candidates = {*keyword, *(chunk for _, cosines in similar.values() for chunk in cosines)}
    scores = {
        chunk: keyword.get(chunk, 0.0) / top + sum(vote * cosines.get(chunk, 0.0) for vote, cosines in similar.values())
        for chunk in candidates
    }
    order = sorted(candidates, key=lambda chunk: (-scores[chunk], chunk))
    ranks: dict[int, dict[str, int]] = {chunk: {} for chunk in order}
    for name, values in {"keyword": keyword, **{name: cosines for name, (_, cosines) in similar.items()}}.items():
        for rank, chunk in enumerate(sorted(values, key=lambda chunk: (-values[chunk], chunk)), start=1):
            ranks[chunk][name] = rank
    return [Fused(chunk, scores[chunk], ranks[chunk]) for chunk in order]
