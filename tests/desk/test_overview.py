"""What a knowledge manager looks over: each revision with what is known of it today."""

from __future__ import annotations

from datetime import date
from pathlib import Path

from rag.desk import gate
from rag.desk.overview import Row, rows
from rag.library import Library
from tests.conftest import TODAY
from tests.desk.test_publish import DATES
from tests.small import document, library_at, publish

REVIEW = date(2026, 6, 30)
DAY_AFTER = date(2026, 7, 1)


def row(library: Library, today: date) -> Row:
    (only,) = rows(library, clearance=3, today=today)
    return only


def codes(seen: Row) -> list[str]:
    return [finding.code for finding in seen.findings]


def test_a_review_date_that_passes_after_the_check_is_seen(tmp_path: Path) -> None:
    library = library_at(tmp_path)
    publish(library, [document("rule", "The office approves travel.", **DATES)])
    before = row(library, DAY_AFTER)
    assert (before.checked, before.findings) == (False, ())
    library.registry.desk.correct("rule", "", {"review_on": REVIEW.isoformat()}, user="kato")
    unchecked = row(library, DAY_AFTER)
    assert (unchecked.checked, codes(unchecked), unchecked.stops, unchecked.review_due) == (False, ["review-due"], 0, True)
    number = unchecked.revision.number
    gate.look_and_keep(library, [number], user="kato", clearance=3, today=REVIEW)
    assert row(library, REVIEW).findings == ()
    assert codes(row(library, DAY_AFTER)) == ["review-due"]
    assert row(library, DAY_AFTER).findings[0].values == {"day": "2026-06-30"}
    library.close()


def test_a_review_date_is_told_once_and_no_longer_when_it_was_moved(tmp_path: Path) -> None:
    library = library_at(tmp_path)
    publish(library, [document("rule", "The office approves travel.", **DATES)])
    library.registry.desk.correct("rule", "", {"review_on": REVIEW.isoformat()}, user="kato")
    number = row(library, TODAY).revision.number
    found = gate.look_and_keep(library, [number], user="kato", clearance=3, today=TODAY)[number]
    assert codes(row(library, TODAY)) == ["review-due"]
    library.registry.desk.correct("rule", "", {"review_on": "2027-06-30"}, user="kato")
    assert row(library, TODAY).findings == ()
    library.registry.desk.correct("rule", "", {"review_on": REVIEW.isoformat()}, user="kato")
    library.registry.desk.retire([number], user="kato", reason="It ended.")
    assert row(library, date(2027, 12, 1)).findings == tuple(found)  # as it was looked at; nobody need look again
    library.close()
