"""Several ranked lists -> one, by reciprocal rank fusion.

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
