"""Which provisions do answers cite? Questions with the passages that a right answer stands on, beside "cite the first k of BM25".

The file holds a line of JSON for each question: {id, question, gold_docs: [id of a passage, ...]}. For an answer that cites the
passages C, where G are the gold ones::

    precision = |C & G| / |C|,    recall = |C & G| / |G|,    hit = 1 where C & G is not empty

The baseline cites, for the same question, the first |C| passages of plain BM25 over words: as many, so that the two compare.
"""

from __future__ import annotations

import json
import statistics
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date
from pathlib import Path

from rag.answer.verify import verify
from rag.ask import ask
from rag.errors import CitationError, EvaluationError
from rag.evaluate.interval import Estimate, estimate
from rag.evaluate.retrieval import Bench, documents
from rag.records import HIGHEST_LEVEL, Answer
from rag.settings import PARTS

PLAIN = frozenset(PARTS) - {"words"}
"""What is off for the baseline: all of search but BM25 over words."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Gold:
    """A question and the passages that a right answer stands on."""

    id: str
    text: str
    passages: frozenset[str]


@dataclass(frozen=True, kw_only=True, slots=True)
class Cited:
    """What became of one question."""

    id: str
    refused: bool
    cited: tuple[str, ...]
    """Passages, each once, in the order of the answer."""
    baseline: tuple[str, ...]
    """As many of BM25."""
    gold: frozenset[str]
    unverified: int
    """Citations that are not the stored revision's characters: must be 0."""
    statements: int
    characters: int
    """Of what is shown before "more"."""
    milliseconds: float


@dataclass(frozen=True, kw_only=True)
class Report:
    """All questions, and the figures."""

    results: tuple[Cited, ...]

    def summary(self) -> dict[str, str]:
        """Figures with their names, for printing. Precision and recall count the questions that were answered."""
        answered = [result for result in self.results if not result.refused]
        lines = {"questions": f"{len(self.results)}, of which {len(answered)} answered"}
        for name, measure in (("precision", precision), ("recall", recall), ("hit", hit)):
            ours = [measure(result.cited, result.gold) for result in answered]
            theirs = [measure(result.baseline, result.gold) for result in answered]
            lines[f"citation {name}"] = f"{estimate(ours)}, BM25 {estimate(theirs)}, ratio {_ratio(ours, theirs)}"
        lines["passages cited"] = f"{statistics.fmean(len(result.cited) for result in answered):.1f} an answer" if answered else "none"
        lines["citations that do not resolve"] = str(sum(result.unverified for result in self.results))
        if answered:
            count = statistics.median(result.statements for result in answered)
            characters = statistics.median(result.characters for result in answered)
            lines["statements, characters before more"] = f"{count:.0f}, {characters:.0f} (median)"
        lines["an answer"] = f"{statistics.median(result.milliseconds for result in self.results):.0f} ms (median)"
        return lines

    def estimates(self) -> Mapping[str, Estimate]:
        """Precision, recall and hit of the answers, with their intervals."""
        answered = [result for result in self.results if not result.refused]
        return {m.__name__: estimate([m(result.cited, result.gold) for result in answered]) for m in (precision, recall, hit)}


def precision(cited: Sequence[str], gold: frozenset[str]) -> float:
    """Share of what is cited that is gold; 0 where nothing is cited."""
    return sum(passage in gold for passage in cited) / len(cited) if cited else 0.0


def recall(cited: Sequence[str], gold: frozenset[str]) -> float:
    """Share of the gold that is cited."""
    return sum(passage in cited for passage in gold) / len(gold) if gold else 0.0


def hit(cited: Sequence[str], gold: frozenset[str]) -> float:
    """1 where a gold passage is cited."""
    return float(any(passage in gold for passage in cited))


def load(file: Path, among: Sequence[str]) -> list[Gold]:
    """Questions of a file whose gold passages are, at least in part, among those of the corpus.

    Raises:
        EvaluationError: it cannot be read, or no question is left.
    """
    known = set(among)
    try:
        rows = [json.loads(line) for line in file.read_text(encoding="utf-8").splitlines() if line.strip()]
        asked = [Gold(id=str(row["id"]), text=row["question"], passages=frozenset(map(str, row["gold_docs"])) & known) for row in rows]
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise EvaluationError(f"{file} cannot be read ({error!r}). Each line is JSON: id, question, gold_docs.") from error
    if not any(question.passages for question in asked):
        raise EvaluationError(f"{file}: no question stands on a passage of this corpus. Name its corpus with --corpus.")
    return [question for question in asked if question.passages]


def evaluate(made: Bench, questions: Sequence[Gold], progress: Callable[[int, int], None]) -> Report:
    """Ask every question, and cite as many passages of plain BM25 beside each answer."""
    today = date.today()
    results = []
    for done, question in enumerate(questions, start=1):
        started = time.perf_counter()
        answer = ask(made.library, question.text, clearance=HIGHEST_LEVEL, as_of=today)
        milliseconds = (time.perf_counter() - started) * 1000
        cited = tuple(dict.fromkeys(citation.document_id for statement in answer.statements for citation in statement.citations))
        results.append(
            Cited(
                id=question.id,
                refused=answer.refusal is not None,
                cited=cited,
                baseline=(),
                gold=question.passages,
                unverified=unverified(made, answer),
                statements=len(answer.statements),
                characters=sum(len(statement.text) for statement in answer.statements if not statement.folded),
                milliseconds=milliseconds,
            )
        )
        progress(done, len(questions))
    with made.without(PLAIN):
        for place, (question, result) in enumerate(zip(questions, results, strict=True)):
            first = documents(made.hits(question.text, limit=max(1, 2 * len(result.cited))))[: len(result.cited)]
            results[place] = replace(result, baseline=tuple(first))
    return Report(results=tuple(results))


def unverified(made: Bench, answer: Answer) -> int:
    """Citations of an answer that are not what the stored revision says; those of a refusal's nearest passages too."""
    nearest = answer.refusal.nearest if answer.refusal else ()
    wrong = 0
    for citation in (*(citation for statement in answer.statements for citation in statement.citations), *nearest):
        try:
            verify(citation, made.library.registry.document(citation.document_id, citation.revision))
        except CitationError:
            wrong += 1
    return wrong


def _ratio(ours: Sequence[float], theirs: Sequence[float]) -> str:
    return f"{sum(ours) / sum(theirs):.2f}" if sum(theirs) else "none"
