"""Data sets in the BEIR layout: passages, questions, and which passages answer which question.

A folder holds corpus.jsonl {_id, title, text}, queries.jsonl {_id, text} and qrels.tsv (query-id, corpus-id, score).
"""

from __future__ import annotations

import csv
import hashlib
import json
import random
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from rag.errors import EvaluationError
from rag.records import Block, BlockKind, Document, Source, Span

SEED = 20261124
"""Of every sample, so that two runs ask the same questions."""


@dataclass(frozen=True, kw_only=True)
class DataSet:
    """Passages, and questions that at least one of them answers."""

    name: str
    passages: tuple[Document, ...]
    """Each as a document of one block; its id is the passage's."""
    questions: Mapping[str, str]
    """Id -> text, in the order of the file."""
    grades: Mapping[str, Mapping[str, int]]
    """Question -> passage -> how well it answers, from 1."""


def load(folder: Path, *, limit: int | None = None, queries: int | None = None) -> DataSet:
    """Read a BEIR folder.

    Args:
        limit: only the first so many passages, and the questions that they answer.
        queries: only so many questions, drawn with a fixed seed.

    Raises:
        EvaluationError: a file is missing or not in the BEIR shape, or no question is left.
    """
    passages = tuple(passage_document(row) for row in list(_jsonl(folder / "corpus.jsonl", "_id", "text"))[:limit])
    texts = {str(row["_id"]): str(row["text"]) for row in _jsonl(folder / "queries.jsonl", "_id", "text")}
    grades = _qrels(folder / "qrels.tsv", {passage.id for passage in passages} if limit else None)
    asked = [id_ for id_ in texts if id_ in grades]
    if not asked:
        raise EvaluationError(f"{folder}: no question has an answer among the passages. Raise --limit.")
    if queries is not None and queries < len(asked):
        drawn = set(random.Random(SEED).sample(sorted(asked), queries))
        asked = [id_ for id_ in asked if id_ in drawn]
    return DataSet(
        name=folder.resolve().name,
        passages=passages,
        questions={id_: texts[id_] for id_ in asked},
        # Questions of the file that qrels judge and queries.jsonl does not have count against nobody.
        grades={id_: grades[id_] for id_ in asked},
    )


def passage_document(passage: Mapping[str, Any]) -> Document:
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
