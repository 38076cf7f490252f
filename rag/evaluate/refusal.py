"""Is a question refused where the documents do not answer it, and only there? Both errors, at every threshold.

AUROC is the chance that an answerable question gets a higher probability than an unanswerable one; two alike count half
(Hanley and McNeil, "The Meaning and Use of the Area under a Receiver Operating Characteristic (ROC) Curve", Radiology 1982).
"""

from __future__ import annotations

import json
import random
import tomllib
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import date
from pathlib import Path

import numpy as np

from rag.ask import ask, threshold
from rag.errors import EvaluationError
from rag.evaluate.beir import SEED
from rag.evaluate.interval import RESAMPLES, Estimate
from rag.library import Library
from rag.records import HIGHEST_LEVEL
from rag.text import dates

GRID = tuple(round(0.05 * step, 2) for step in range(1, 20))
"""Thresholds of the table."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Report:
    """What the measure said of both kinds of questions."""

    answerable: tuple[float, ...]
    """Probability of each question that the documents answer; 0 where it was refused for another reason."""
    unanswerable: tuple[float, ...]
    threshold: float
    """The library's own."""

    def wrongly_refused(self, threshold: float) -> float:
        """Share of the answerable questions below the threshold."""
        return _below(self.answerable, threshold)

    def rightly_refused(self, threshold: float) -> float:
        """Share of the unanswerable questions below the threshold."""
        return _below(self.unanswerable, threshold)

    def auroc(self) -> Estimate:
        """With its 95% interval by bootstrap over both kinds of questions."""
        yes, no = np.array(self.answerable), np.array(self.unanswerable)
        draw = np.random.default_rng(SEED)
        drawn = [area(draw.choice(yes, len(yes)), draw.choice(no, len(no))) for _ in range(RESAMPLES // 10)]
        low, high = np.percentile(drawn, [2.5, 97.5])
        return Estimate(mean=area(yes, no), low=float(low), high=float(high))


def area(answerable: Sequence[float] | np.ndarray[tuple[int], np.dtype[np.float64]], unanswerable: object) -> float:
    """AUROC of two lists of probabilities."""
    yes, no = np.asarray(answerable, dtype=float), np.asarray(unanswerable, dtype=float)
    above = (yes[:, None] > no[None, :]).mean()
    same = (yes[:, None] == no[None, :]).mean()
    return float(above + same / 2)


def questions(file: Path, kind: str) -> list[tuple[str, date | None]]:
    """The questions of a file, each with its day: JSON lines with question or text, or the [[kind]] tables of a golden.toml.

    Args:
        kind: "question" or "unanswerable".

    Raises:
        EvaluationError: it cannot be read, or holds no question.
    """
    try:
        text = file.read_text(encoding="utf-8")
        rows = (
            tomllib.loads(text).get(kind, [])
            if file.suffix == ".toml"
            else [json.loads(line) for line in text.splitlines() if line.strip()]
        )
        found = [(str(row.get("question") or row["text"]), _day(row.get("as_of"))) for row in rows]
    except (OSError, ValueError, KeyError, AttributeError) as error:
        raise EvaluationError(f"{file} cannot be read ({error!r}). It is JSON lines with a question or text, or a golden.toml.") from error
    if not found:
        raise EvaluationError(f"{file} holds no question.")
    return found


def _day(value: object) -> date | None:
    """A day of TOML, or one in JSON as it is written: 2024-08-01, 令和6年8月1日.

    Raises:
        ValueError: it is none.
    """
    if isinstance(value, date):
        return value
    if not value:
        return None
    day = next(dates(str(value)), None)
    if day is None:
        raise ValueError(f"as_of {value!r} is no day")
    return day


def some(all_: list[tuple[str, date | None]], count: int | None) -> list[tuple[str, date | None]]:
    """All questions, or so many of them, drawn with a fixed seed."""
    return all_ if count is None or count >= len(all_) else random.Random(SEED).sample(all_, count)


def evaluate(
    library: Library,
    answerable: Sequence[tuple[str, date | None]],
    unanswerable: Sequence[tuple[str, date | None]],
    progress: Callable[[int, int], None],
) -> Report:
    """Ask every question of both kinds."""
    today, total = date.today(), len(answerable) + len(unanswerable)
    values: list[float] = []
    for text, as_of in (*answerable, *unanswerable):
        answer = ask(library, text, clearance=HIGHEST_LEVEL, as_of=as_of or today)
        # What was refused before the measure was asked stays refused at every threshold; a provision that was named is never refused.
        sure = 0.0 if answer.refusal else 1.0
        named = any("address" in hit.found_by for hit in answer.hits)
        values.append(sure if answer.answered is None or named else answer.answered)
        progress(len(values), total)
    return Report(
        answerable=tuple(values[: len(answerable)]),
        unanswerable=tuple(values[len(answerable) :]),
        threshold=threshold(library),
    )


def _below(values: Sequence[float], threshold: float) -> float:
    return sum(value < threshold for value in values) / len(values) if values else 0.0


def draw(report: Report, file: Path) -> None:
    """Write a picture of both errors by threshold, and of one against the other, as PNG."""
    import matplotlib

    matplotlib.use("Agg")
    from matplotlib import pyplot

    grid = np.linspace(0, 1, 201)
    wrong = [report.wrongly_refused(t) for t in grid]
    right = [report.rightly_refused(t) for t in grid]
    figure, (left, beside) = pyplot.subplots(1, 2, figsize=(10, 4.2), constrained_layout=True)
    left.plot(grid, wrong, color="#b3261e", label=f"answerable, refused ({len(report.answerable)})")
    left.plot(grid, [1 - share for share in right], color="#1a56a0", label=f"unanswerable, answered ({len(report.unanswerable)})")
    left.axvline(report.threshold, color="#555", linestyle="--", label=f"threshold {report.threshold:.2f}")
    left.set(xlabel="threshold", ylabel="share", title="Both errors by threshold", ylim=(0, 1), xlim=(0, 1))
    left.legend()
    beside.plot(wrong, right, color="#1a56a0")
    beside.plot([0, 1], [0, 1], color="#bbb", linestyle=":")
    own = report.wrongly_refused(report.threshold), report.rightly_refused(report.threshold)
    beside.plot(*own, "o", color="#b3261e")
    beside.set(xlabel="answerable, refused", ylabel="unanswerable, refused", title=f"AUROC {report.auroc()}", ylim=(0, 1.02), xlim=(0, 1))
    figure.savefig(file, dpi=130)
    pyplot.close(figure)
