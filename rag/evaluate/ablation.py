"""What is each part of search good for? Every part is turned off in turn, over the same index and the same questions."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from rag.evaluate.retrieval import MEASURES, Bench, Report
from rag.evaluate.significance import Difference, holm, paired
from rag.settings import PARTS

MEASURE = "nDCG@10"
"""What parts are judged by."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Ablated:
    """Search without one part, against search with all of them."""

    part: str
    report: Report
    differences: Mapping[str, Difference]
    """By measure; a negative delta is what the part is worth."""
    p: float
    """Of nDCG@10, corrected by Holm for the number of parts."""

    @property
    def changed(self) -> int:
        """Questions whose nDCG@10 is another without the part."""
        return self.differences[MEASURE].better + self.differences[MEASURE].worse


def ablate(bench: Bench, parts: tuple[str, ...] = PARTS) -> tuple[Report, list[Ablated]]:
    """The report with everything as it is set, and one for each part that is turned off besides; the dearest part first."""
    whole = bench.run()
    reports = {}
    for part in parts:
        if part in whole.off:
            continue
        with bench.without(frozenset({*whole.off, part})):
            reports[part] = bench.run()
    differences = {part: compared(whole, report) for part, report in reports.items()}
    adjusted = holm([found[MEASURE].p for found in differences.values()])
    rows = [Ablated(part=part, report=reports[part], differences=differences[part], p=p) for part, p in zip(reports, adjusted, strict=True)]
    return whole, sorted(rows, key=lambda row: row.differences[MEASURE].delta)


def compared(before: Report, after: Report) -> dict[str, Difference]:
    """Measure -> what changes from one run to another.

    Raises:
        EvaluationError: the runs have no question in common.
    """
    return {name: paired(before.per_query.get(name, {}), after.per_query.get(name, {})) for name in MEASURES}
