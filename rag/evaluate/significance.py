"""Is a difference more than chance? Two settings, the same questions: a paired randomisation test and a bootstrap interval.

Under the null hypothesis the two values of a question could as well be the other way about, so that the sign of each difference
is a coin (Smucker, Allan and Carterette, "A Comparison of Statistical Significance Tests for Information Retrieval Evaluation",
CIKM 2007)::

    p = share of the sign patterns whose mean difference is at least as far from 0 as the one that was measured

Of several tests at once, Holm's p values (Holm, "A Simple Sequentially Rejective Multiple Test Procedure", 1979)::

    p_(i) = max over j <= i of (m - j + 1) * p_(j),  at most 1,  p_(1) <= ... <= p_(m)
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from rag.errors import EvaluationError
from rag.evaluate.beir import SEED

RESAMPLES = 9_999
"""Sign patterns and bootstrap samples that are drawn. Where 13 questions or fewer changed, all patterns are looked at."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Difference:
    """What changes from one setting to another, over the same questions."""

    questions: int
    """n of the test."""
    before: float
    """Mean over the questions."""
    after: float
    better: int
    """Questions that gained."""
    worse: int
    """Questions that lost."""
    low: float
    """The 95% interval of the mean difference, by bootstrap over questions."""
    high: float
    p: float
    """Two-sided, of the randomisation test."""

    @property
    def delta(self) -> float:
        """after - before."""
        return self.after - self.before


def paired(before: Mapping[str, float], after: Mapping[str, float]) -> Difference:
    """Compare two settings by the questions that both answered: question -> value.

    Raises:
        EvaluationError: they have no question in common.
    """
    from scipy import stats  # half a second, which other commands need not wait for

    shared = sorted(before.keys() & after.keys())
    if not shared:
        raise EvaluationError("The two runs have no question in common. Compare runs over the same data set.")
    old = np.array([before[question] for question in shared])
    new = np.array([after[question] for question in shared])
    change = new - old
    moved = change[change != 0]
    p, low, high = 1.0, float(change[0]), float(change[0])
    many = {"n_resamples": RESAMPLES, "batch": 500, "vectorized": True, "rng": np.random.default_rng(SEED)}
    if len(moved) > 1:  # the sign of a 0 is no coin, and that of one alone goes as far either way
        p = float(stats.permutation_test((moved,), np.sum, permutation_type="samples", **many).pvalue)
    if np.ptp(change):
        interval = stats.bootstrap((change,), np.mean, method="percentile", **many).confidence_interval
        low, high = float(interval.low), float(interval.high)
    return Difference(
        questions=len(shared),
        before=float(old.mean()),
        after=float(new.mean()),
        better=int((change > 0).sum()),
        worse=int((change < 0).sum()),
        low=low,
        high=high,
        p=p,
    )


def holm(p_values: Sequence[float]) -> list[float]:
    """Holm's p values, in the order given."""
    order = sorted(range(len(p_values)), key=lambda place: p_values[place])
    adjusted = [0.0] * len(p_values)
    least = 0.0
    for passed, place in enumerate(order):
        least = max(least, min(1.0, (len(p_values) - passed) * p_values[place]))
        adjusted[place] = least
    return adjusted
