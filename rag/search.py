"""question + clearance + day -> Hits. The one way to text: there is no other search, and no way around its scope."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date

from rag import cross_encoder, second_stage
from rag.cross_encoder import Reader
from rag.errors import NotAsPublished
from rag.graph import carried_out, pointers
from rag.index.forward import Passage
from rag.index.fuse import Fused, by_score
from rag.index.keyword import BIGRAMS
from rag.index.scope import Scope
from rag.library import Library, Sources
from rag.lift import lift
from rag.named import Named, named
from rag.question import Question, understand
from rag.records import Filters, Hit, Kind, Source
from rag.second_stage import Candidate, Rarity
from rag.static import StaticModel
from rag.text import fold, storable

DEPTH = 200
"""How deep the list of the keyword index goes before lists are fused."""
NEAR = 100
"""How deep those of the vector indexes go, which take longer."""
NAMED = 0.3
"""What a passage gains whose document the question names; 1 is what the best keywords give."""
AUTHORITY = 0.04
"""What an act gains over a text of no known kind: of two that answer alike, the one that binds more stands first."""
NEWER = 0.004
"""What the newest of the texts found gains over the oldest: of two that answer alike and bind alike, the newer stands first. Less than a
step of authority gives."""
FIELDS = {"words": ("words",), "bigrams": ("bigrams", "head_bigrams"), "head": ("head", "head_bigrams")}
"""Fields of the keyword index that are turned off by these names in ``Settings.off``."""
LONGEST_QUESTION = 2_000
"""Characters of a question that are searched for; more would say nothing new and take long. See :func:`shortened`."""
BEST, MOSTLY = 10, 6
"""A provision that is named without its document is that of the document of so many of the best passages."""
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
    """Which lists took part: "keyword", "vector", "vector-ja"."""
    named: Named = Named()
    """What the question names."""


def search(
    library: Library,
    question: str,
    *,
    clearance: int,
    as_of: date,
    limit: int = 20,
    filters: Filters = NO_FILTERS,
    by_field: bool = False,
) -> Result:
    """The passages that answer a question best, among those a reader may see that apply on a day.

    What is visible and the indexes must be of one moment: where somebody publishes meanwhile, it looks again.

    The vector list takes part where the model can read the question and some passage has a vector.

    Args:
        by_field: say for each hit what each field of the keyword index gave, in place of what they gave together. Takes longer.

    Raises:
        IndexDamaged: an index cannot answer; ``python -m rag rebuild`` makes it anew.
        ModelError: the embedding model cannot be used.
    """
    for _ in range(_LOOKS - 1):
        generation = library.registry.generation
        try:
            result = _search(library, question, clearance, as_of, limit, filters, by_field)
        except NotAsPublished:
            continue  # it is known now, and not found any more
        if library.registry.generation == generation:
            return result
    return _search(library, question, clearance, as_of, limit, filters, by_field)


def shortened(question: str) -> str:
    """At most LONGEST_QUESTION characters of a question: its beginning and its end, where a long story asks at last."""
    if len(question) <= LONGEST_QUESTION:
        return question
    half = LONGEST_QUESTION // 2
    return f"{question[: half - 1]}\n{question[-half:]}"


def looked_for(library: Library, question: str) -> str:
    """The question as it is searched for: not too long, and with kanji where it has none."""
    short = shortened(question)
    return short if "thesaurus" in library.settings.off else library.thesaurus.spelled(short)


def _search(library: Library, text: str, clearance: int, as_of: date, limit: int, filters: Filters, by_field: bool) -> Result:
    visible = library.visible(clearance=clearance, as_of=as_of, filters=filters)
    sources = library.sources(visible)
    scope = Scope(clearance=clearance, revisions=sources.numbers)
    asked = storable(looked_for(library, text))
    off = library.settings.off
    question = understand(asked, None if "thesaurus" in off else library.thesaurus)
    fields = frozenset(field for name in off for field in FIELDS.get(name, ()))
    depth = max(DEPTH, limit)
    index, meaning = library.keyword, library.meaning
    keyword = dict(index.search(question, scope, depth, off=fields))
    by_title, beside = (frozenset[int](), "") if "named" in off else _by_title(asked, sources.titles)
    models = meaning.ask(asked, beside, {name.replace("vectors", "vector") for name in off}) if asked.strip() else []
    near = [chunk for model in models for chunk in model.nearest(scope, max(NEAR, limit))]
    if missing := [chunk for chunk in near if chunk not in keyword]:
        keyword |= index.search(question, scope, len(missing), among=missing, off=fields | BIGRAMS if index.big else fields)
    called = Named() if "named" in off else named(library, asked, visible, clearance, lambda: _found_most(library, scope, sources, keyword))
    similar = {model.name: (model.vote, model.similarity(list({*keyword, *near, *called.chunks}))) for model in models}
    first = by_score(keyword, similar)
    parts = _first_parts(first, keyword, similar)
    if "second_stage" not in off and library.reader is not None:
        parts |= _behind(_read(library, library.reader, asked, scope, first), first, parts)
    elif "second_stage" not in off:
        passages = index.passages([entry.chunk for entry in first[: second_stage.FIRST]], scope)
        parts |= _second_parts(library, question, passages, index.rarity, first, parts, similar)
    lifted = {} if "graph" in off else _lift(library, scope, sources, by_title, parts)
    parts = dict.fromkeys(called.chunks, {}) | parts
    # A damaged index may name a revision that is none, or a chunk that nobody asked for.
    numbers = {
        chunk: number for chunk, number in index.revisions(list(parts), scope).items() if chunk in parts and number in sources.by_number
    }
    of = {chunk: sources.by_number[number] for chunk, number in numbers.items()}
    for chunk, number in numbers.items():
        if of[chunk][0] in called.documents or number in by_title:
            parts[chunk] = {**parts[chunk], "named": NAMED}
    parts = {chunk: parts[chunk] for chunk in of}
    _prefer(parts, {chunk: source for chunk, (_, source) in of.items()})
    hits = _ranked(parts, library, scope, called, {entry.chunk: entry.found_by for entry in first} | lifted, limit)
    if by_field and hits:
        each = index.parts(question, scope, [hit.chunk.id for hit in hits], fields)
        hits = [_by_field(hit, each) for hit in hits]
    return Result(
        hits=tuple(hits),
        scope=scope,
        documents=len(visible),
        lists=("keyword", *similar),
        named=called,
    )


def _by_title(asked: str, titles: Mapping[str, frozenset[int]]) -> tuple[frozenset[int], str]:
    """The revisions whose law, rulebook or guide the question calls by its title, and what the question says beside:
    国民健康保険法における被保険者 asks for the insured, in that law.

    Where one title stands within another, as 所得税法 in 所得税法施行令, the longer one is meant.
    """
    rest = fold(asked)
    numbers: set[int] = set()
    for title, some in titles.items():
        if title in rest:
            numbers |= some
            rest = rest.replace(title, " ")
    return frozenset(numbers), rest.strip() if numbers else ""


def _found_most(library: Library, scope: Scope, sources: Sources, keyword: Mapping[int, float]) -> str:
    """The id of the document that most of the best passages are of; "" where none has so many: 第三条は何を定めていますか asks for that of
    the document that the rest of the question is about."""
    best = sorted(keyword, key=lambda chunk: -keyword[chunk])[:BEST]
    numbers = library.keyword.revisions(best, scope).values()
    of = Counter(sources.by_number[number][0] for number in numbers if number in sources.by_number)
    return next((id_ for id_, count in of.most_common(1) if count >= MOSTLY), "")


Parts = dict[int, dict[str, float]]
"""Chunk -> part of search -> what it gave to the score."""


def _first_parts(first: Sequence[Fused], keyword: Mapping[int, float], similar: Mapping[str, tuple[float, Mapping[int, float]]]) -> Parts:
    best = max(keyword.values(), default=0.0) or 1.0
    parts: Parts = {}
    for entry in first:
        parts[entry.chunk] = {name: vote * cosines[entry.chunk] for name, (vote, cosines) in similar.items() if entry.chunk in cosines}
        if entry.chunk in keyword:
            parts[entry.chunk]["keyword"] = keyword[entry.chunk] / best
    return parts


def _second_parts(
    library: Library,
    question: Question,
    passages: Mapping[int, Passage],
    rarity: Rarity,
    first: Sequence[Fused],
    parts: Parts,
    similar: Mapping[str, tuple[float, Mapping[int, float]]],
) -> Parts:
    """The passages by the second stage, and the other candidates behind them in their order."""
    candidates = [
        Candidate(
            chunk=entry.chunk,
            passage=passages[entry.chunk],
            keyword=parts[entry.chunk].get("keyword", 0.0),
            cosines={name: cosines[entry.chunk] for name, (_, cosines) in similar.items() if entry.chunk in cosines},
            first=entry.score,
        )
        for entry in first
        if entry.chunk in passages
    ]
    japanese = library.japanese
    alike = japanese.alike if isinstance(japanese, StaticModel) and "vector-ja" in similar else None
    return _behind(second_stage.parts(question, candidates, rarity, alike), first, parts)


def _read(library: Library, reader: Reader, asked: str, scope: Scope, first: Sequence[Fused]) -> Parts:
    """The first candidates by the cross-encoder."""
    chunks = library.chunks([entry.chunk for entry in first[: cross_encoder.FIRST]], scope)
    scores = reader.scores(asked, [f"{chunk.context}\n{chunk.text}" for chunk in chunks.values()])
    return {chunk: {"cross_encoder": score} for chunk, score in zip(chunks, scores, strict=True)}


def _behind(again: Parts, first: Sequence[Fused], parts: Parts) -> Parts:
    """What was looked at again, and the other candidates behind it in their order."""
    if not again:
        return {}
    lowest = min(sum(some.values()) for some in again.values())
    rest = [entry for entry in first if entry.chunk not in again]
    behind = lowest - max((entry.score for entry in rest), default=0.0) - 1.0
    return again | {entry.chunk: parts[entry.chunk] | {"second_stage": behind} for entry in rest}


def _lift(library: Library, scope: Scope, sources: Sources, asked_of: frozenset[int], parts: Parts) -> dict[int, dict[str, int]]:
    """Add what the graph gives; where the question calls a law by its title, to that law alone. Returns those that no list found,
    each with its place among them."""
    scores = {chunk: sum(some.values()) for chunk, some in parts.items()}
    lowest, gains = lift(
        scores,
        lambda chunks: pointers(library, chunks, scope, sources.families, asked_of),
        lambda chunks: carried_out(library, chunks, scope, sources.families, asked_of),
    )
    new = sorted(gains.keys() - parts.keys(), key=lambda chunk: (-gains[chunk], chunk))
    for chunk, gain in gains.items():
        parts[chunk] = {**parts.get(chunk, {}), "graph": gain if chunk in parts else lowest + gain}
    return {chunk: {"graph": place} for place, chunk in enumerate(new, start=1)}


def _prefer(parts: Parts, sources: Mapping[int, Source]) -> None:
    """A little for what binds more, and less for what is newer, where texts differ in that."""
    days = sorted({source.effective_from or source.issued or date.min for source in sources.values()})
    kinds = {source.kind for source in sources.values()}
    for id_, source in sources.items():
        if len(kinds) > 1:
            parts[id_]["authority"] = AUTHORITY * (1 - source.kind.authority / Kind.OTHER.authority)
        if len(days) > 1:
            parts[id_]["newer"] = NEWER * days.index(source.effective_from or source.issued or date.min) / (len(days) - 1)


def _ranked(
    parts: Parts, library: Library, scope: Scope, called: Named, found_by: Mapping[int, Mapping[str, int]], limit: int
) -> list[Hit]:
    """Hits, best first: the provisions that the question names, then the others; of one score, the one with the lower number."""
    top = max((sum(some.values()) for some in parts.values()), default=0.0)
    named_here = [chunk for chunk in called.chunks if chunk in parts]
    for place, chunk in enumerate(named_here, start=1):
        # Whatever else it has: what is named stands first, in the order of the question.
        others = sum(value for part, value in parts[chunk].items() if part != "named")
        parts[chunk]["named"] = top + 1.0 + 1.0 / place - others
    scores = {chunk: sum(some.values()) for chunk, some in parts.items()}
    order = sorted(scores, key=lambda chunk: (-scores[chunk], chunk))
    hits: list[Hit] = []
    while order and len(hits) < limit:
        some, order = order[: limit - len(hits)], order[limit - len(hits) :]
        chunks = library.chunks(some, scope)
        for chunk in some:
            if chunk in chunks:
                by = {**found_by.get(chunk, {}), **({"address": named_here.index(chunk) + 1} if chunk in named_here else {})}
                hits.append(Hit(chunk=chunks[chunk], score=scores[chunk], rank=len(hits) + 1, found_by=by, parts=parts[chunk]))
    return hits


def _by_field(hit: Hit, by_field: Mapping[str, Mapping[int, float]]) -> Hit:
    """The hit with what each field gave in place of what the keywords together gave."""
    fields = {field: scores[hit.chunk.id] for field, scores in by_field.items() if hit.chunk.id in scores}
    total = sum(fields.values())
    split = {field: hit.parts.get("keyword", 0.0) * score / total for field, score in fields.items()}
    return replace(hit, parts=split | {part: value for part, value in hit.parts.items() if part != "keyword"})
