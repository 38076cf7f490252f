"""Do the words that decide stand where they are read, and is the probability shown true? Figures over golden results that name such words.

Each figure carries its 95% interval by bootstrap over questions. The calibration error is that of equal-width bins (Naeini, Cooper and
Hauskrecht, "Obtaining Well Calibrated Probabilities Using Bayesian Binning", AAAI 2015)::

    ECE = sum over bins b of (n_b / n) * | share answerable in b - mean probability in b |
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path

import numpy as np

from rag.evaluate.golden import UNANSWERABLE, Report, Result
from rag.evaluate.interval import Estimate, estimate
from rag.evaluate.refusal import area

BINS = 10
MAY_BE_REFUSED = 0.08
"""Share of the answerable questions that a threshold may refuse wrongly, where it is asked how many it refuses rightly."""


def summary(report: Report) -> dict[str, str]:
    """Figures with their names, for printing; none where no question names the words that decide."""
    decided = [result for result in report.results if result.words is not None]
    if not decided:
        return {}
    lines = {}
    for name, group in (("all", decided), *_by_language(decided), *_by_kind(decided)):
        lines[f"deciding words first / before more / anywhere ({name}, {len(group)})"] = " ".join(
            str(_share(group, where)) for where in ("first", "shown", "quoted")
        )
    lines["deciding words among the first 10 / 30 passages"] = f"{_share(decided, 'in_10')} {_share(decided, 'in_30')}"
    for name, results in (("all", list(report.results)), *_by_language(report.results)):
        yes, no = probabilities(results)
        if yes and no:
            lines[f"AUROC of answered ({name})"] = f"{area(yes, no):.3f}"
            lines[f"refused rightly where {MAY_BE_REFUSED:.0%} are refused wrongly ({name})"] = f"{at_most(yes, no):.1%}"
    yes, no = probabilities(report.results)
    if yes and no:
        lines["calibration error (ECE)"] = f"{calibration_error(yes, no):.3f}"
    return lines


def probabilities(results: Sequence[Result]) -> tuple[list[float], list[float]]:
    """The probability given to each answerable question, and to each other. What was refused or answered without asking for one counts
    as 0 or 1."""
    yes: list[float] = []
    no: list[float] = []
    for result in results:
        refused = result.verdict in ("refused", "refused rightly")
        value = (0.0 if refused else 1.0) if result.answered is None else result.answered
        (no if result.verdict in UNANSWERABLE else yes).append(value)
    return yes, no


def at_most(answerable: Sequence[float], unanswerable: Sequence[float], wrongly: float = MAY_BE_REFUSED) -> float:
    """The share of the unanswerable that is refused at the highest threshold that refuses at most ``wrongly`` of the answerable."""
    ordered = sorted(answerable)
    threshold = ordered[int(wrongly * len(ordered))]
    return sum(value < threshold for value in unanswerable) / len(unanswerable)


def calibration_error(answerable: Sequence[float], unanswerable: Sequence[float]) -> float:
    """ECE, 0 to 1."""
    count = len(answerable) + len(unanswerable)
    return sum(size / count * abs(share - mean) for mean, share, size in reliability(answerable, unanswerable))


def reliability(answerable: Sequence[float], unanswerable: Sequence[float]) -> list[tuple[float, float, int]]:
    """For each bin with a question in it: mean probability, share that is answerable, number of questions."""
    values = np.array([*answerable, *unanswerable])
    answers = np.array([1.0] * len(answerable) + [0.0] * len(unanswerable))
    bins = np.minimum((values * BINS).astype(int), BINS - 1)
    return [
        (float(values[bins == number].mean()), float(answers[bins == number].mean()), int((bins == number).sum()))
        for number in range(BINS)
        if (bins == number).any()
    ]


def draw(report: Report, file: Path) -> None:
    """Write a reliability plot as PNG: probability given against share that was answerable, and how many questions had each."""
    import matplotlib

    matplotlib.use("Agg")
    from matplotlib import pyplot

    yes, no = probabilities(report.results)
    points = reliability(yes, no)
    figure, axes = pyplot.subplots(figsize=(5, 4.6), constrained_layout=True)
    axes.plot([0, 1], [0, 1], color="#bbb", linestyle=":")
    axes.plot([point[0] for point in points], [point[1] for point in points], "o-", color="#1a56a0")
    for mean, share, size in points:
        axes.annotate(str(size), (mean, share), textcoords="offset points", xytext=(5, -11), fontsize=8)
    axes.set(xlabel="probability given", ylabel="share answerable", xlim=(0, 1), ylim=(0, 1.02))
    axes.set_title(f"{len(yes) + len(no)} questions, ECE {calibration_error(yes, no):.3f}")
    figure.savefig(file, dpi=130)
    pyplot.close(figure)


def _share(results: Sequence[Result], where: str) -> Estimate:
    return estimate([float(getattr(result.words, where)) for result in results])


def _by_language(results: Sequence[Result]) -> Iterator[tuple[str, list[Result]]]:
    for language in sorted({result.language for result in results}):
        yield language, [result for result in results if result.language == language]


def _by_kind(results: Sequence[Result]) -> Iterator[tuple[str, list[Result]]]:
    for kind in sorted({result.kind for result in results if result.kind}):
        yield kind, [result for result in results if result.kind == kind]
