"""How well does search find what it should? Data sets measured by ir_measures, through ingestion and search themselves.

The index is made once, in a temporary home or in one that is kept, and asked as often as needed: parts of search are switched
at search time.
"""

from __future__ import annotations

import hashlib
import inspect
import json
import statistics
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import asdict, dataclass, field, replace
from datetime import date
from pathlib import Path

import ir_measures
from ir_measures import RR, R, nDCG

from rag import chunk, embed, meaning, spelling, static, terms
from rag.errors import EvaluationError
from rag.evaluate.beir import DataSet
from rag.evaluate.machine import forget_peak, megabytes_on_disk, peak_megabytes
from rag.index import keyword, vector
from rag.ingest import Ingester
from rag.library import Library
from rag.records import HIGHEST_LEVEL, Hit
from rag.search import search
from rag.settings import Settings

MEASURES = {"nDCG@10": nDCG @ 10, "Recall@10": R @ 10, "Recall@100": R @ 100, "MRR@10": RR @ 10}
DEPTH = 100
_PASSAGES_FOR_DEPTH = 150
"""Passages asked for, so that DEPTH different documents remain where one was split."""
_MAKE_THE_INDEX = (chunk, spelling, terms, keyword, vector, meaning, embed, static)
"""A kept index is made anew where one of these changed: what it holds depends on them."""

Progress = Callable[[str, int, int], None]
"""Called with what is done, how much of it, and of how much."""


@dataclass(frozen=True, kw_only=True)
class Report:
    """What a run measured."""

    name: str
    passages: int
    queries: int
    off: tuple[str, ...] = ()
    """Parts of search that were turned off."""
    model: str = ""
    measures: dict[str, float]
    """By name, mean over the queries."""
    milliseconds_median: float
    milliseconds_p95: float
    passages_per_second: float | None
    """Of ingestion; None where a kept index was used."""
    index_megabytes: float
    """Of the indexes and the registry, on the disk."""
    peak_megabytes: float
    """Memory of this process at its peak while it searched."""
    per_query: dict[str, dict[str, float]]
    """Measure -> query -> value, for tests of significance."""
    found: dict[str, dict[str, int]] = field(default_factory=dict)
    """Query -> passage that answers it -> its rank among documents, 0 where it is not among the first DEPTH."""

    def save(self, file: Path) -> None:
        """Write it as JSON."""
        file.write_text(json.dumps(asdict(self), ensure_ascii=False, indent=1), encoding="utf-8")

    @classmethod
    def read(cls, file: Path) -> Report:
        """Read what :meth:`save` wrote.

        Raises:
            EvaluationError: the file is not a saved run.
        """
        try:
            fields = json.loads(file.read_bytes())
            report = cls(**{**fields, "off": tuple(fields.get("off", ()))})
        except (OSError, ValueError, TypeError, AttributeError) as error:
            raise EvaluationError(f"{file} is not a saved run ({error}). Save one with: evaluate retrieval DIR --json FILE") from error
        return report


class Bench:
    """A data set in a library of its own. Made by :func:`bench`."""

    def __init__(self, data: DataSet, library: Library, passages_per_second: float | None, progress: Progress) -> None:
        self.data = data
        self.library = library
        self.passages_per_second = passages_per_second
        self._progress = progress

    @contextmanager
    def without(self, off: frozenset[str]) -> Iterator[None]:
        """Search with these parts turned off, over the same index and the same loaded models."""
        kept = self.library.settings
        self.library.settings = replace(kept, off=off)
        try:
            yield
        finally:
            self.library.settings = kept

    def hits(self, question: str, limit: int = _PASSAGES_FOR_DEPTH, *, by_field: bool = False) -> tuple[Hit, ...]:
        """What a reader of the highest clearance finds today, best first. See :func:`rag.search.search`."""
        return search(self.library, question, clearance=HIGHEST_LEVEL, as_of=date.today(), limit=limit, by_field=by_field).hits

    def run(self) -> Report:
        """Put every question, with the library's settings as they are."""
        forget_peak()
        rankings: dict[str, list[str]] = {}
        times: list[float] = []
        self.hits(next(iter(self.data.questions.values())))  # opens the indexes
        for done, (question, text) in enumerate(self.data.questions.items(), start=1):
            started = time.perf_counter()
            hits = self.hits(text)
            times.append((time.perf_counter() - started) * 1000)
            rankings[question] = documents(hits)[:DEPTH]
            self._progress("questions", done, len(self.data.questions))
        per_query = measured(self.data.grades, rankings)
        settings = self.library.settings
        return Report(
            name=self.data.name,
            passages=len(self.data.passages),
            queries=len(times),
            off=tuple(sorted(settings.off)),
            model=settings.model,
            measures={name: sum(values.values()) / len(times) for name, values in per_query.items()},
            milliseconds_median=statistics.median(times),
            milliseconds_p95=statistics.quantiles(times, n=20)[-1] if len(times) > 1 else times[0],
            passages_per_second=self.passages_per_second,
            index_megabytes=megabytes_on_disk(self.library.home),
            peak_megabytes=peak_megabytes(),
            per_query=per_query,
            found={
                question: {wanted: found.index(wanted) + 1 if wanted in found else 0 for wanted in self.data.grades[question]}
                for question, found in rankings.items()
            },
        )


def documents(hits: tuple[Hit, ...]) -> list[str]:
    """Ids of the documents that hits belong to, each where it comes first."""
    return list(dict.fromkeys(hit.chunk.document_id for hit in hits))


def measured(grades: Mapping[str, Mapping[str, int]], rankings: Mapping[str, list[str]]) -> dict[str, dict[str, float]]:
    """Measure -> query -> value, of rankings: query -> passages, best first."""
    qrels = [ir_measures.Qrel(query, passage, grade) for query, wanted in grades.items() for passage, grade in wanted.items()]
    run = [ir_measures.ScoredDoc(query, passage, -rank) for query, found in rankings.items() for rank, passage in enumerate(found)]
    values: dict[str, dict[str, float]] = {name: {} for name in MEASURES}
    names = {str(measure): name for name, measure in MEASURES.items()}
    for metric in ir_measures.iter_calc(list(MEASURES.values()), qrels, run):
        values[names[str(metric.measure)]][metric.query_id] = float(metric.value)
    return values


@contextmanager
def bench(data: DataSet, *, settings: Settings, home: Path | None = None, progress: Progress) -> Iterator[Bench]:
    """Index a data set, or open the index that an earlier run kept.

    Args:
        settings: for the model and the parts that are off; the library in its home is not touched.
        home: a folder to keep indexes in, one for each data set and for whatever shapes an index; without it the index is temporary.
    """
    with tempfile.TemporaryDirectory(prefix="konkyo-evaluate-") as temporary:
        own = home / f"{data.name}-{_digest(data, settings)}" if home else Path(temporary)
        library = Library(replace(settings, home=own))
        try:
            yield Bench(data, library, _ingested(library, data, progress), progress)
        finally:
            library.close()


def evaluate(data: DataSet, *, settings: Settings, home: Path | None = None, progress: Progress) -> Report:
    """Index a data set and put its questions. See :func:`bench`."""
    with bench(data, settings=settings, home=home, progress=progress) as made:
        return made.run()


def _ingested(library: Library, data: DataSet, progress: Progress) -> float | None:
    """Add the passages that the library lacks. Returns passages a second, None if it had any before."""
    had = {(revision.document_id, revision.sha256) for revision in library.published}
    lacking = [passage for passage in data.passages if (passage.id, passage.revision) not in had]
    progress("passages", len(data.passages) - len(lacking), len(data.passages))
    if not lacking:
        with Ingester(library, clearance=HIGHEST_LEVEL) as ingester:
            ingester.link()  # an earlier run may have been ended before it
        return None
    library.embedder.readable(["load the model before the clock starts"])
    started = time.perf_counter()
    with Ingester(library, clearance=HIGHEST_LEVEL) as ingester:
        for done, passage in enumerate(lacking, start=len(data.passages) - len(lacking) + 1):
            ingester.add(passage)
            progress("passages", done, len(data.passages))
        ingester.flush()
        seconds = time.perf_counter() - started
        ingester.link()
    return None if had else len(lacking) / seconds


def _digest(data: DataSet, settings: Settings) -> str:
    """Of what an index depends on: the passages, the model, and the code that makes terms, passages and vectors."""
    digest = hashlib.sha256(settings.model.encode())
    for module in _MAKE_THE_INDEX:
        digest.update(inspect.getsource(module).encode())
    for passage in data.passages:
        digest.update(f"{passage.id}\t{passage.source.title}\t{passage.revision}\n".encode())
    return digest.hexdigest()[:12]
