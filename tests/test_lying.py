"""A lying model on the sample ministry's documents: a few questions here, all of them by ``python -m tests.lying``."""

from __future__ import annotations

from collections import Counter
from pathlib import Path

import pytest

from rag.library import Library
from rag.settings import Settings

from .lying import GROUPS, WRITING, Tally, of_library, run, share, table

QUESTIONS = 8
MOST_LEFT_OUT = 0.10
MOST_SHOWN = 0.02


@pytest.fixture(scope="module")
def tallies(sample_home: Path) -> dict[str, Tally]:
    library = Library(Settings(home=sample_home))
    counted = run(of_library(library, QUESTIONS), WRITING, range(8))
    library.close()
    return counted


def test_every_mode_was_tried(tallies: dict[str, Tally]) -> None:
    assert {mode for mode, tally in tallies.items() if tally.trials >= QUESTIONS - 2} == set(WRITING)
    assert all(tallies[mode].sentences for modes in GROUPS.values() for mode in modes)


def test_no_quote_is_unverified_no_citation_unknown_no_link_shown(tallies: dict[str, Tally]) -> None:
    assert sum((tally.problems for tally in tallies.values()), Counter[str]()) == Counter()


def test_no_changed_figure_is_shown_as_supported(tallies: dict[str, Tally]) -> None:
    assert share(tallies, GROUPS["changed figures"], "supported") == 0, tallies["changes-number"].examples


@pytest.mark.parametrize("lie", ["turned obligations", "dropped provisos"])
def test_few_lies_are_shown_as_supported(tallies: dict[str, Tally], lie: str) -> None:
    assert share(tallies, GROUPS[lie], "supported") < MOST_SHOWN, table(tallies)


def test_few_faithful_sentences_are_left_out(tallies: dict[str, Tally]) -> None:
    assert share(tallies, ["faithful"], "left out") < MOST_LEFT_OUT, tallies["faithful"].examples
    assert tallies["faithful"].verdicts["supported"] > 0


@pytest.mark.parametrize("mode", ["obeys", "leaks-prompt", "made-up", "invents-quotes", "invents-citations", "other-language"])
def test_what_has_no_grounds_is_not_shown(tallies: dict[str, Tally], mode: str) -> None:
    assert tallies[mode].verdicts["supported"] + tallies[mode].verdicts["partly"] == 0, tallies[mode].examples
