"""Where the words that decide are quoted, and how true the probability is that something answers."""

from __future__ import annotations

from dataclasses import replace
from datetime import date
from pathlib import Path

import pytest

from rag.evaluate import deciding
from rag.evaluate.golden import Place, Question, Report, Result, Words, evaluate, unknown_words
from tests.small import document, library_at, publish


def result(verdict: str, *, words: Words | None = None, answered: float | None = None, language: str = "ja", kind: str = "") -> Result:
    return Result(
        id="x",
        text="x",
        language=language,
        verdict=verdict,
        right=True,
        cited=(),
        hit_at_10=True,
        first_screen=True,
        leads=True,
        expected=1,
        statements=1,
        shown=1,
        unresolved=0,
        kind=kind,
        words=words,
        answered=answered,
    )


FIRST = Words(first=True, shown=True, quoted=True, in_10=True, in_30=True)
NOWHERE = Words(first=False, shown=False, quoted=False, in_10=False, in_30=True)


def test_figures_are_given_for_all_for_each_language_and_for_each_kind() -> None:
    report = Report(
        results=(
            result("hit", words=FIRST, answered=0.9, kind="amount"),
            result("miss", words=NOWHERE, answered=0.6, language="en", kind="who"),
            result("refused rightly", answered=0.1),
            result("answered", answered=0.7, language="en"),
        )
    )
    lines = deciding.summary(report)
    assert lines["deciding words first / before more / anywhere (all, 2)"].startswith("0.500 [")
    assert lines["deciding words first / before more / anywhere (en, 1)"].startswith("0.000 [")
    assert lines["deciding words first / before more / anywhere (amount, 1)"].startswith("1.000 [")
    assert lines["deciding words among the first 10 / 30 passages"].startswith("0.500 [")
    # .9 beats .1 and .7, .6 beats .1 alone: three of four pairs.
    assert lines["AUROC of answered (all)"] == f"{3 / 4:.3f}"
    assert deciding.summary(Report(results=(result("hit"),))) == {}


def test_the_calibration_error_is_the_mean_distance_of_bins() -> None:
    # One bin of .95, half of it answerable; one bin of .05, none.
    expected = 2 / 4 * abs(1 / 2 - 0.95) + 2 / 4 * abs(0 - 0.05)
    assert deciding.calibration_error([0.95], [0.95, 0.05, 0.05]) == pytest.approx(expected)
    assert deciding.calibration_error([1.0, 1.0], [0.0]) == 0.0


def test_the_threshold_refuses_as_many_of_the_answerable_as_may_be() -> None:
    answerable = [value / 100 for value in range(100)]
    assert deciding.at_most(answerable, [0.05, 0.079, 0.08, 0.9], wrongly=0.08) == 2 / 4


def test_a_question_that_was_refused_before_it_was_weighed_counts_as_surely_refused() -> None:
    report = Report(results=(result("refused"), result("hit"), result("refused rightly", answered=0.2), result("answered")))
    assert deciding.probabilities(report.results) == ([0.0, 1.0], [0.2, 1.0])


def test_the_reliability_is_drawn(tmp_path: Path) -> None:
    deciding.draw(Report(results=(result("hit", answered=0.8), result("answered", answered=0.3))), tmp_path / "plot.png")
    assert (tmp_path / "plot.png").read_bytes()[:4] == b"\x89PNG"


def test_words_that_decide_are_looked_for_in_what_is_quoted(tmp_path: Path) -> None:
    library = library_at(tmp_path / "home")
    publish(library, [document("rule", "Parking costs 30 yen an hour. The gate closes at eight.", uri="rule.md")])
    asked = Question(id="one", text="What does parking cost?", language="en", expect=(Place(document="rule", words="30\nyen"),))
    (right,) = evaluate(library, [asked], clearance=3, today=date(2026, 4, 1)).results
    assert right.words is not None and right.words.first and right.words.in_10
    gate = replace(asked, expect=(Place(document="other", words="30 yen"),))
    (wrong,) = evaluate(library, [gate], clearance=3, today=date(2026, 4, 1)).results
    assert wrong.words is not None and not wrong.words.quoted
    assert unknown_words(library, [asked], clearance=3) == []
    lacking = replace(asked, expect=(Place(document="rule", words="40 yen"),))
    assert unknown_words(library, [lacking], clearance=3) == ["one: rule does not hold '40 yen'"]
