"""question + clearance + day -> Hits. The one way to text: there is no other search, and no way around its scope."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date

from rag.index.fuse import Fused, by_score
from rag.index.scope import Scope
from rag.library import Library
from rag.named import Named, named
from rag.question import understand
from rag.records import Chunk, Filters, Hit
from rag.text import storable

DEPTH = 100
"""How deep each list goes before they are fused."""
NAMED = 0.3
"""What a passage gains whose document the question names; 1 is what the best keywords give."""
FIELDS = {"words": ("words",), "bigrams": ("bigrams", "head_bigrams"), "head": ("head", "head_bigrams")}
"""Fields of the keyword index that are turned off by these names in ``Settings.off``."""
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
    missing: tuple[str, ...] = ()
    """Provisions that the question names and that do not exist."""


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


def _search(library: Library, text: str, clearance: int, as_of: date, limit: int, filters: Filters) -> Result:
    visible = library.visible(clearance=clearance, as_of=as_of, filters=filters)
    scope = Scope(clearance=clearance, revisions=frozenset(revision.number for revision in visible))
    asked = storable(text[:LONGEST_QUESTION])
    off = library.settings.off
    question = understand(asked, None if "thesaurus" in off else library.thesaurus)
    fields = {field for name in off for field in FIELDS.get(name, ())}
    depth = max(DEPTH, limit)
    keyword = dict(library.keyword.search(question, scope, depth, off=fields))
    models = library.meaning.ask(asked, {name.replace("vectors", "vector") for name in off}) if asked.strip() else []
    near = [chunk for model in models for chunk in model.nearest(scope, depth)]
    if missing := [chunk for chunk in near if chunk not in keyword]:
        keyword |= library.keyword.search(question, scope, len(missing), among=missing, off=fields)
    called = Named() if "named" in off else named(library, asked, visible, clearance)
    candidates = list({*keyword, *near, *called.chunks})
    similar = {model.name: (model.vote, model.similarity(candidates)) for model in models}
    fused = by_score(keyword, list(similar.values()))
    chunks = library.chunks(candidates, scope)
    parts: dict[int, dict[str, float]] = {chunk: {} for chunk in candidates}
    top = max(keyword.values(), default=0.0) or 1.0
    for part, scores in library.keyword.parts(question, scope, candidates, fields).items():
        for chunk, score in scores.items():
            parts[chunk][part] = score / top
    for part, (vote, cosines) in similar.items():
        for chunk, cosine in cosines.items():
            parts[chunk][part] = vote * cosine
    hits = _ranked([entry for entry in fused if entry.chunk in chunks], chunks, called, parts)
    return Result(
        hits=tuple(hits[:limit]),
        scope=scope,
        documents=len(visible),
        lists=("keyword", "vector") if models else ("keyword",),
        missing=called.missing,
    )


def _ranked(fused: Sequence[Fused], chunks: Mapping[int, Chunk], called: Named, parts: Mapping[int, Mapping[str, float]]) -> list[Hit]:
    """Hits, best first: the provisions that the question names, then the others, those of a document that it names lifted."""
    known = {entry.chunk: entry for entry in fused}
    named_here = [chunk for chunk in called.chunks if chunk in chunks]
    scores = {id_: entry.score + (NAMED if chunks[id_].document_id in called.documents else 0.0) for id_, entry in known.items()}
    top = max(scores.values(), default=0.0)
    for place, chunk in enumerate(named_here):
        scores[chunk] = top + 1.0 + 1.0 / (place + 1)
    hits = []
    for rank, chunk in enumerate(sorted(scores, key=lambda chunk: (-scores[chunk], chunk)), start=1):
        found_by = dict(known[chunk].found_by) if chunk in known else {}
        if chunk in named_here:
            found_by["address"] = named_here.index(chunk) + 1
        gave = dict(parts[chunk])
        if lift := scores[chunk] - (known[chunk].score if chunk in known else 0.0):
            gave["named"] = lift
        hits.append(Hit(chunk=chunks[chunk], score=scores[chunk], rank=rank, found_by=found_by, parts=gave))
    return hits
