"""How sure a mean is: the 95% interval by bootstrap over questions, with a fixed seed."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from rag.evaluate.beir import SEED

RESAMPLES = 2_000


@dataclass(frozen=True, kw_only=True, slots=True)
class Estimate:
    """A mean over questions with its 95% interval."""

    mean: float
    low: float
    high: float

    def __str__(self) -> str:
        return f"{self.mean:.3f} [{self.low:.3f}, {self.high:.3f}]"


def estimate(values: Sequence[float]) -> Estimate:
    """The mean of one value a question; zeros where there is none."""
    if not values:
        return Estimate(mean=0.0, low=0.0, high=0.0)
    drawn = np.random.default_rng(SEED).integers(0, len(values), (RESAMPLES, len(values)))
    means = np.asarray(values, dtype=float)[drawn].mean(axis=1)
    low, high = np.percentile(means, [2.5, 97.5])
    return Estimate(mean=float(np.mean(values)), low=float(low), high=float(high))
