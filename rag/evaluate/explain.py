"""Why does a question find what it finds? The list with each part's score, and what kept the passages that answer from its head.

The search is put twice: as it is measured, and once more so deep that every passage among the first DEEP of some list has a rank in it.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from rag import terms
from rag.errors import EvaluationError
from rag.evaluate.retrieval import DEPTH, Bench
from rag.question import Question, understand
from rag.records import Chunk, Hit

SHOWN = 10
"""Places of the list that count for nDCG@10: a passage further down was outranked by the last of them."""
DEEP = 5_000
"""How far down a passage is looked for in the lists."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Listed:
    """A place in the list."""

    rank: int
    """Among documents, from 1."""
    passage: str
    title: str
    score: float
    parts: Mapping[str, float]
    """What each part gave to the score."""
    grade: int
    """How well it answers; 0 for one that nobody named."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Wanted:
    """A passage that answers, and what became of it."""

    passage: str
    title: str
    grade: int
    rank: int
    """Among documents, from 1; 0 where it is not among the first DEPTH."""
    ranks: Mapping[str, int]
    """By each list that took part ("keyword", "vector", "vector-ja"), among passages; 0 where it is not among the first DEEP, shares no
    term, or has no vector of that model."""
    parts: Mapping[str, float]
    lacks: tuple[str, ...]
    """Words of the question that the passage has not, as they are written in the question."""
    bridged: tuple[str, ...]
    """Those of them for which it has what the thesaurus says that regulations write."""
    why: str
    """In a sentence: found, outranked and by what, or not among the candidates."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Explanation:
    """A question, its list and the passages that answer it."""

    question: str
    text: str
    words: tuple[str, ...]
    """Terms that are looked for, those of the thesaurus with them."""
    listed: tuple[Listed, ...]
    wanted: tuple[Wanted, ...]


def explain(bench: Bench, question: str, shown: int = SHOWN) -> Explanation:
    """Explain one question of the data set.

    Raises:
        EvaluationError: the set has no question of this id that a passage answers.
    """
    if question not in bench.data.questions:
        known = ", ".join(list(bench.data.questions)[:5])
        raise EvaluationError(f"{bench.data.name} has no question {question!r} that its passages answer. There are, for example: {known}.")
    text, grades = bench.data.questions[question], bench.data.grades[question]
    library = bench.library
    hits = _first_of_each(bench.hits(text, by_field=True))
    deepest = min(DEEP, max(DEPTH, library.registry.counts()[0]))
    deep = {hit.chunk.document_id: hit for hit in reversed(bench.hits(text, deepest, by_field=True))}
    took_part = {name for hit in deep.values() for name in hit.found_by}
    lists = [name for name in ("keyword", *library.meaning.names) if name in took_part]
    asked = understand(text, None if "thesaurus" in library.settings.off else library.thesaurus)
    listed = tuple(
        Listed(
            rank=rank,
            passage=hit.chunk.document_id,
            title=_title(hit.chunk),
            score=hit.score,
            parts=hit.parts,
            grade=grades.get(hit.chunk.document_id, 0),
        )
        for rank, hit in enumerate(hits[:shown], start=1)
    )
    wanted = [_wanted(bench, asked, passage, grade, hits[:DEPTH], deep.get(passage), lists) for passage, grade in grades.items()]
    return Explanation(
        question=question,
        text=text,
        words=tuple(asked.words),
        listed=listed,
        wanted=tuple(sorted(wanted, key=lambda one: (one.rank or DEPTH + 1, one.passage))),
    )


def _wanted(bench: Bench, asked: Question, passage: str, grade: int, hits: Sequence[Hit], deep: Hit | None, lists: Sequence[str]) -> Wanted:
    order = [hit.chunk.document_id for hit in hits]
    rank = order.index(passage) + 1 if passage in order else 0
    hit = hits[rank - 1] if rank else deep
    chunks = _chunks(bench, passage)
    lacks, bridged = _lacking(asked, chunks)
    ranks = {name: deep.found_by.get(name, 0) if deep else 0 for name in lists}
    return Wanted(
        passage=passage,
        title=_title(chunks[0]) if chunks else "",
        grade=grade,
        rank=rank,
        ranks=ranks,
        parts=hit.parts if hit else {},
        lacks=lacks,
        bridged=bridged,
        why=_why(rank, hits, hit, ranks, bool(chunks)),
    )


def _why(rank: int, hits: Sequence[Hit], hit: Hit | None, ranks: Mapping[str, int], there: bool) -> str:
    if not there:
        return "it is not in the library"
    if rank and rank <= SHOWN:
        return f"found at place {rank}"
    if hit is None:
        return f"not among the first {DEEP} of any list"
    if not rank:
        far = [f"of {name} (place {place})" if place else f"of {name} (in none)" for name, place in ranks.items()]
        if not any(0 < place <= DEPTH for place in ranks.values()):
            return f"not among the first {DEPTH} {' nor '.join(far)}"
    last = hits[min(SHOWN, len(hits)) - 1]
    return f"{f'place {rank}' if rank else f'below place {DEPTH}'}: {_outranked(last, hit)}"


def _outranked(last: Hit, hit: Hit) -> str:
    """By which parts the last place that counts is ahead of a passage."""
    ahead = {part: last.parts.get(part, 0.0) - hit.parts.get(part, 0.0) for part in {*last.parts, *hit.parts}}
    main = [f"{part} +{lead:.2f}" for part, lead in sorted(ahead.items(), key=lambda item: -item[1]) if lead > 0.005][:3]
    return f"place {SHOWN} is ahead by {last.score - hit.score:.2f} ({', '.join(main) or 'no single part'})"


def _lacking(asked: Question, chunks: Sequence[Chunk]) -> tuple[tuple[str, ...], tuple[str, ...]]:
    has = {term for chunk in chunks for term in terms.words(f"{chunk.context}\n{chunk.text}")}
    shown = terms.surfaces(asked.text)
    lacks = [term for term in terms.content_words(asked.text) if term not in has]
    bridged = [term for term in lacks if any(meant <= has for meant in asked.meant.get(term, ()))]
    return tuple(shown[term] for term in lacks), tuple(shown[term] for term in bridged)


def _chunks(bench: Bench, passage: str) -> list[Chunk]:
    own = [revision.number for revision in bench.library.published if revision.document_id == passage]
    return [chunk for number in own for chunk in bench.library.registry.chunks_of(number)]


def _first_of_each(hits: Sequence[Hit]) -> list[Hit]:
    """The best hit of each document, best first."""
    best: dict[str, Hit] = {}
    for hit in hits:
        best.setdefault(hit.chunk.document_id, hit)
    return list(best.values())


def _title(chunk: Chunk) -> str:
    return " ".join(chunk.context.split("\n"))
