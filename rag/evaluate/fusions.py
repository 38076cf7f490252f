"""Ways to make one list of several, compared: the lists of keywords and vectors as search has them before its second stage."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date

from rag.index.fuse import K, by_score, reciprocal_rank
from rag.index.scope import Scope
from rag.library import Library
from rag.question import understand
from rag.records import HIGHEST_LEVEL, Chunk, Filters
from rag.search import DEPTH, NEAR


@dataclass(frozen=True, kw_only=True, slots=True)
class Lists:
    """What the indexes found for a question."""

    keyword: Mapping[int, float]
    """BM25 of every candidate that shares a term with the question."""
    similar: Mapping[str, tuple[float, Mapping[int, float]]]
    """For each model, by name, that can read the question its vote, and the cosine of every candidate that it can read."""
    by_keyword: Sequence[int]
    """The candidates that the keyword index named, best first."""
    near: Sequence[Sequence[int]]
    """Those that each model's index named."""
    chunks: Mapping[int, Chunk]
    """All of them."""


Fusion = Callable[[Lists], list[int]]
"""Chunks, best first."""


def lists(library: Library, text: str, as_of: date) -> Lists:
    """Ask both indexes, as deep as search does; what one finds gets its score from the other too."""
    visible = library.visible(clearance=HIGHEST_LEVEL, as_of=as_of, filters=Filters())
    scope = Scope(clearance=HIGHEST_LEVEL, revisions=frozenset(revision.number for revision in visible))
    question = understand(text, library.thesaurus)
    keyword = dict(library.keyword.search(question, scope, DEPTH))
    by_keyword = list(keyword)
    models = library.meaning.ask(text)
    near = [model.nearest(scope, NEAR) for model in models]
    if missing := [chunk for some in near for chunk in some if chunk not in keyword]:
        keyword |= library.keyword.search(question, scope, len(missing), among=missing)
    candidates = list({*by_keyword, *(chunk for some in near for chunk in some)})
    return Lists(
        keyword=keyword,
        similar={model.name: (model.vote, model.similarity(candidates)) for model in models},
        by_keyword=by_keyword,
        near=near,
        chunks=library.chunks(candidates, scope),
    )


def by_rank(found: Lists, *, k: int = K, voting: bool = False) -> list[int]:
    """By reciprocal rank; ``voting`` gives each model's list its vote as weight."""
    named = {"keyword": found.by_keyword, **{str(at): some for at, some in enumerate(found.near)}}
    weights = {str(at): vote for at, (vote, _) in enumerate(found.similar.values())} if voting else None
    return [fused.chunk for fused in reciprocal_rank(named, weights, k)]


def scored(found: Lists, *, times: float = 1.0) -> list[int]:
    """By score, as search does, with every vote multiplied by ``times``."""
    similar = {name: (vote * times, cosines) for name, (vote, cosines) in found.similar.items()}
    return [fused.chunk for fused in by_score(found.keyword, similar)]


def _near(found: Lists) -> list[int]:
    return [fused.chunk for fused in reciprocal_rank({str(at): some for at, some in enumerate(found.near)})]


FUSIONS: Mapping[str, Fusion] = {
    "keywords alone": lambda found: list(found.by_keyword),
    "vectors alone": _near,
    "reciprocal rank": by_rank,
    "reciprocal rank, weighted": lambda found: by_rank(found, voting=True),
    "by score": scored,
}
"""By name. No second stage, no provisions that the question names: the lists alone."""


def first(order: Sequence[int], found: Lists, right: Callable[[Chunk], bool]) -> int:
    """The rank of the first chunk that is right; 0 where none is."""
    there = (chunk for chunk in order if chunk in found.chunks)
    return next((rank for rank, chunk in enumerate(there, start=1) if right(found.chunks[chunk])), 0)
