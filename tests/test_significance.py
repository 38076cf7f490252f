"""Is a difference more than chance? The p values equal those counted by hand over all sign patterns."""

from __future__ import annotations

import random

import pytest

from rag.errors import EvaluationError
from rag.evaluate.significance import holm, paired


def values(*numbers: float) -> dict[str, float]:
    return {f"q{place}": number for place, number in enumerate(numbers)}


def test_a_p_value_is_the_share_of_sign_patterns_that_go_as_far() -> None:
    # +.1 +.1 +.1 +.1 and no change: of the 2^4 patterns, all plus and all minus go as far as .4.
    found = paired(values(0.1, 0.2, 0.3, 0.4, 0.5), values(0.2, 0.3, 0.4, 0.5, 0.5))
    assert found.p == pytest.approx(2 / 2**4)
    assert (found.questions, found.better, found.worse) == (5, 4, 0)
    assert found.before == pytest.approx(1.5 / 5) and found.after == pytest.approx(1.9 / 5)
    assert found.delta == pytest.approx(0.4 / 5)
    # +.3 +.3 -.1: the sums of the 8 patterns are ±.7, ±.5, ±.1 and ±.1; four go as far as .5.
    assert paired(values(0, 0, 0.1), values(0.3, 0.3, 0)).p == pytest.approx(4 / 2**3)


def test_a_difference_that_is_not_there_has_p_1_and_no_width() -> None:
    same = paired(values(0.1, 0.7), values(0.1, 0.7))
    assert (same.p, same.low, same.high, same.better, same.worse) == (1.0, 0.0, 0.0, 0, 0)


def test_the_direction_changes_the_sign_and_not_the_p_value() -> None:
    chance = random.Random(1)
    old = values(*(chance.random() for _ in range(60)))
    new = {question: value + chance.gauss(0.05, 0.1) for question, value in old.items()}
    there, back = paired(old, new), paired(new, old)
    assert there.delta == pytest.approx(-back.delta)
    assert there.p == pytest.approx(back.p, abs=0.01)
    assert there.low < there.delta < there.high


def test_chance_alone_is_called_significant_as_often_as_it_may_be() -> None:
    chance = random.Random(2)
    found = [
        paired(values(*(chance.random() for _ in range(12))), values(*(chance.random() for _ in range(12)))).p < 0.05 for _ in range(60)
    ]
    assert sum(found) <= 8, "5% of 60 is 3"


def test_only_questions_that_both_answered_are_compared() -> None:
    found = paired({"a": 0.0, "b": 1.0}, {"b": 0.5, "c": 1.0})
    assert (found.questions, found.before, found.after) == (1, 1.0, 0.5)
    with pytest.raises(EvaluationError, match="no question in common"):
        paired({"a": 1.0}, {"b": 1.0})


def test_holm_multiplies_the_smallest_by_all_and_keeps_the_order() -> None:
    assert holm([0.01, 0.04, 0.03, 0.5]) == pytest.approx([4 * 0.01, 3 * 0.03, 3 * 0.03, 0.5])
    assert holm([0.9, 0.8]) == [1.0, 1.0]
    assert holm([]) == []
