"""question + clearance + day -> Hits. The one way to text: there is no other search, and no way around its scope."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date

from rag.index.fuse import reciprocal_rank
from rag.index.scope import Scope
from rag.library import Library
from rag.records import Filters, Hit
from rag.text import storable

DEPTH = 100
"""How deep each list goes before they are fused."""
LONGEST_QUESTION = 2_000
"""Characters of a question that are searched for; more would say nothing new and take long."""
NO_FILTERS = Filters()
_LOOKS = 5


@dataclass(frozen=True, kw_only=True, slots=True)
class Result:
    """What a search found, and in what it looked."""

    hits: tuple[Hit, ...]
    """Best first."""
    scope: Scope
    documents: int
    """How many documents were searched."""
    lists: tuple[str, ...] = ()
    """Which lists took part: "keyword", "vector"."""


def search(library: Library, question: str, *, clearance: int, as_of: date, limit: int = 20, filters: Filters = NO_FILTERS) -> Result:
    """The passages that answer a question best, among those a reader may see that apply on a day.

    What is visible and the indexes must be of one moment: where somebody publishes meanwhile, it looks again.

    The vector list takes part where the model can read the question and some passage has a vector.

    Raises:
        IndexDamaged: an index cannot answer; ``python -m rag rebuild`` makes it anew.
        ModelError: the embedding model cannot be used.
    """
    for _ in range(_LOOKS - 1):
        generation = library.registry.generation
        result = _search(library, question, clearance, as_of, limit, filters)
        if library.registry.generation == generation:
            return result
    return _search(library, question, clearance, as_of, limit, filters)


def _search(library: Library, question: str, clearance: int, as_of: date, limit: int, filters: Filters) -> Result:
    visible = library.visible(clearance=clearance, as_of=as_of, filters=filters)
    scope = Scope(clearance=clearance, revisions=frozenset(revision.number for revision in visible))
    asked = storable(question[:LONGEST_QUESTION])
    lists = {"keyword": [chunk for chunk, _ in library.keyword.search(asked, scope, max(DEPTH, limit))]}
    if asked.strip() and library.registry.counts()[1] and library.embedder.readable([asked])[0]:
        vector = library.embedder.encode([asked], "query")[0]
        lists["vector"] = [chunk for chunk, _ in library.vector.search(vector, scope, max(DEPTH, limit))]
    fused = reciprocal_rank(lists)
    chunks = library.chunks([entry.chunk for entry in fused[: limit * 2]], scope)
    hits = [Hit(chunk=chunks[entry.chunk], score=entry.score, rank=0, found_by=entry.found_by) for entry in fused if entry.chunk in chunks][
        :limit
    ]
    ranked = tuple(Hit(chunk=hit.chunk, score=hit.score, rank=rank, found_by=hit.found_by) for rank, hit in enumerate(hits, start=1))
    return Result(hits=ranked, scope=scope, documents=len(visible), lists=tuple(lists))
