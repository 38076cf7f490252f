"""Days and times on the screens."""

from __future__ import annotations

from datetime import UTC, date, datetime
from pathlib import Path

import pytest

from rag.ui import days
from tests.conftest import REPOSITORY


def test_days_in_sentences() -> None:
    assert [days.said("2026-04-01", language) for language in ("ja", "en")] == ["2026年4月1日（令和8年）", "1 April 2026"]
    assert [days.said(value, "ja") for value in ("2026-04-31", "2026", 3, "Article 2026-04-01")] == [
        "2026-04-31",
        "2026",
        3,
        "Article 2026-04-01",
    ]


def test_moments_are_by_the_clock_of_the_machine() -> None:
    at = datetime(2026, 11, 25, 22, 26, 35, tzinfo=UTC)
    clock = f"{at.astimezone():%H:%M:%S}"
    there = at.astimezone().date()
    assert days.moment(at, "ja") == f"2026年11月{there.day}日 {clock}"
    assert days.moment(at, "en") == f"{there.day} November 2026, {clock}"
    assert days.local(at).tzinfo is None and days.local(at) == at.astimezone().replace(tzinfo=None)
    assert days.plain(date(2026, 4, 1), "ja") == "2026年4月1日"


@pytest.mark.parametrize("file", sorted((REPOSITORY / "rag" / "ui").glob("*.py")), ids=lambda file: str(file.name))
def test_no_screen_writes_days_as_programs_do(file: Path) -> None:
    text = file.read_text(encoding="utf-8")
    assert "YYYY-MM-DD" not in text and "%Y-%m" not in text
