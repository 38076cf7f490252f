"""How well does search find what it should? BEIR folders, measured by ir_measures, through ingestion and search themselves.

A BEIR folder holds corpus.jsonl {_id, title, text}, queries.jsonl {_id, text} and qrels.tsv (query-id, corpus-id, score).
"""

from __future__ import annotations

import csv
import hashlib
import json
import statistics
import tempfile
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from datetime import date
from pathlib import Path
from typing import Any

import ir_measures
from ir_measures import RR, R, nDCG

from rag.errors import EvaluationError
from rag.ingest import Ingester
from rag.library import Library
from rag.records import HIGHEST_LEVEL, Block, BlockKind, Document, Source, Span
from rag.search import search
from rag.settings import Settings

MEASURES = {"nDCG@10": nDCG @ 10, "Recall@10": R @ 10, "Recall@100": R @ 100, "MRR@10": RR @ 10}
DEPTH = 100
_PASSAGES_FOR_DEPTH = 150
"""Passages asked for, so that DEPTH different documents remain where one was split."""


@dataclass(frozen=True, kw_only=True)
class Report:
    """What a run measured."""

    name: str
    passages: int
    queries: int
    measures: dict[str, float]
    """By name, mean over the queries."""
    milliseconds_median: float
    milliseconds_p95: float
    passages_per_second: float
    per_query: dict[str, dict[str, float]]
    """Measure -> query -> value, for tests of significance."""


def evaluate(folder: Path, *, settings: Settings, limit: int | None = None, progress: Callable[[str, int, int], None]) -> Report:
    """Index the passages of a BEIR folder in a temporary home and put its questions.

    Args:
        settings: for the model; its home is not touched.
        limit: only the first so many passages, and the questions that they answer.
        progress: called with what is done, how much of it, and of how much.

    Raises:
        EvaluationError: a file is missing or not in the BEIR shape.
    """
    passages = list(_jsonl(folder / "corpus.jsonl", "_id", "text"))[:limit]
    questions = list(_jsonl(folder / "queries.jsonl", "_id", "text"))
    wanted = _qrels(folder / "qrels.tsv", {passage["_id"] for passage in passages} if limit else None)
    questions = [question for question in questions if question["_id"] in wanted]
    if not questions:
        raise EvaluationError(f"{folder}: no question has an answer among the passages. Raise --limit.")
    with tempfile.TemporaryDirectory(prefix="konkyo-evaluate-") as home:
        library = Library(replace(settings, home=Path(home)))
        try:
            library.embedder.readable(["load the model before the clock starts"])
            started = time.perf_counter()
            with Ingester(library) as ingester:
                for done, passage in enumerate(passages):
                    ingester.add(passage_document(passage))
                    progress("passages", done + 1, len(passages))
                ingester.flush()
            seconds = time.perf_counter() - started
            run, times = _run(library, questions, progress)
        finally:
            library.close()
    qrels = [ir_measures.Qrel(query, passage, grade) for query, grades in wanted.items() for passage, grade in grades.items()]
    per_query: dict[str, dict[str, float]] = {name: {} for name in MEASURES}
    names = {str(measure): name for name, measure in MEASURES.items()}
    for metric in ir_measures.iter_calc(list(MEASURES.values()), qrels, run):
        per_query[names[str(metric.measure)]][metric.query_id] = float(metric.value)
    return Report(
        name=folder.name,
        passages=len(passages),
        queries=len(questions),
        measures={name: sum(values.values()) / len(questions) for name, values in per_query.items()},
        milliseconds_median=statistics.median(times) * 1000,
        milliseconds_p95=statistics.quantiles(times, n=20)[-1] * 1000 if len(times) > 1 else times[0] * 1000,
        passages_per_second=len(passages) / seconds,
        per_query=per_query,
    )


def _run(library: Library, questions: list[dict[str, Any]], progress: Callable[[str, int, int], None]) -> tuple[list[Any], list[float]]:
    run: list[Any] = []
    times: list[float] = []
    today = date.today()
    search(library, questions[0]["text"], clearance=HIGHEST_LEVEL, as_of=today)  # opens the indexes
    for done, question in enumerate(questions):
        started = time.perf_counter()
        result = search(library, question["text"], clearance=HIGHEST_LEVEL, as_of=today, limit=_PASSAGES_FOR_DEPTH)
        times.append(time.perf_counter() - started)
        documents = list(dict.fromkeys(hit.chunk.document_id for hit in result.hits))[:DEPTH]
        run += [ir_measures.ScoredDoc(question["_id"], document, -rank) for rank, document in enumerate(documents)]
        progress("questions", done + 1, len(questions))
    return run, times


def passage_document(passage: dict[str, Any]) -> Document:
    """A BEIR passage {_id, title, text} as a document of one block, level 1."""
    text = passage["text"]
    start, end = len(text) - len(text.lstrip()), len(text.rstrip())
    blocks = (Block(kind=BlockKind.TEXT, span=Span(start=start, end=end)),) if start < end else ()
    return Document(
        id=passage["_id"],
        revision=hashlib.sha256(text.encode()).hexdigest(),
        source=Source(uri=passage["_id"], title=passage.get("title", ""), level=1),
        text=text,
        blocks=blocks,
        format="beir",
    )


def _jsonl(file: Path, *fields: str) -> Iterator[dict[str, Any]]:
    try:
        with file.open(encoding="utf-8") as lines:
            for number, line in enumerate(lines, start=1):
                if line.strip():
                    row = json.loads(line)
                    if not isinstance(row, dict):
                        raise EvaluationError(f"{file}, line {number}: it is not a JSON object.")
                    if missing := [name for name in fields if not isinstance(row.get(name), str)]:
                        raise EvaluationError(f"{file}, line {number}: {missing[0]!r} is missing or not text.")
                    yield row
    except (OSError, ValueError) as error:
        raise EvaluationError(f"{file} cannot be read: {error}. A BEIR folder has corpus.jsonl, queries.jsonl and qrels.tsv.") from error


def _qrels(file: Path, among: set[str] | None) -> dict[str, dict[str, int]]:
    wanted: dict[str, dict[str, int]] = {}
    try:
        with file.open(encoding="utf-8", newline="") as lines:
            for row in csv.DictReader(lines, delimiter="\t"):
                grade = int(row["score"])
                if grade > 0 and (among is None or row["corpus-id"] in among):
                    wanted.setdefault(row["query-id"], {})[row["corpus-id"]] = grade
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise EvaluationError(f"{file} cannot be read: {error}. It needs the columns query-id, corpus-id and score.") from error
    return wanted
