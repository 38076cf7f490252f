"""Lifting by the graph: a passage that matches the words of a question lifts the provisions that it points to.

Circulars and Q&A speak as staff do, the article that they explain speaks as laws do; an order says in detail what its act only names.
So for the best FROM passages s, and each provision p of another law or rulebook that s explains, carries out, refers to or applies (準用),
or that carries s out and was found as well::

    lift(p) = sum over s of weight(kind) * (score(s) - lowest)

where ``lowest`` is the score of passage number OVER; 0 where there are fewer. A provision that stands lower, or that no list
found, is raised to ``lowest`` first; an order is only lifted by its act where some list found it. It never goes within one law: with
that, nDCG@10 of 2,697 captions, each of which an article itself answers, was .697, and .715 without references.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

from rag.graph import EdgeKind, Pointer

FROM = 30
"""So many passages lift others."""
OVER = 100
"""Place of the passage whose score counts as nothing."""
WEIGHTS: Mapping[EdgeKind, float] = {"explains": 0.2, "delegates": 0.2, "refers": 0.05, "applies": 0.05}
"""For refers and applies, .05, .1 and .2 gave nDCG@10 .573, .573 and .571 on 250 questions to the tax agency."""
DOWN = 0.05
"""Of an act to what carries it out. On 708 of these questions 0, .02, .05, .1 and .2 gave nDCG@10 .603, .603, .604, .602 and .588, and with
orders that no list had found Recall@100 fell by .005."""


Pointing = Callable[[Sequence[int]], Sequence[Pointer]]


def lift(scores: Mapping[int, float], pointers: Pointing, carried_out: Pointing = lambda chunks: ()) -> tuple[float, dict[int, float]]:
    """Chunk -> what it gains, zeros left out; and what a chunk without a score has instead of one.

    Args:
        scores: of the candidates.
        pointers: given passages, what they point to.
        carried_out: given passages of acts, what carries them out.
    """
    order = sorted(scores, key=lambda chunk: (-scores[chunk], chunk))[:OVER]
    if not order:
        return 0.0, {}
    lowest = scores[order[-1]] if len(order) == OVER else min(0.0, scores[order[-1]])
    gains: dict[int, float] = {}
    for pointer in pointers(order[:FROM]):
        above = scores[pointer.source] - lowest
        if above > 0:
            gains[pointer.target] = gains.get(pointer.target, 0.0) + WEIGHTS[pointer.kind] * above
    for pointer in carried_out(order[:FROM]):
        above = scores[pointer.source] - lowest
        if above > 0 and pointer.target in scores:
            gains[pointer.target] = gains.get(pointer.target, 0.0) + DOWN * above
    for chunk in gains:
        gains[chunk] += max(0.0, lowest - scores.get(chunk, lowest))
    return lowest, gains
