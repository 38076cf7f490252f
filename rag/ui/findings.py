"""What the gate found, in words."""

from __future__ import annotations

from collections.abc import Sequence

from rag.desk.gate import Finding
from rag.desk.overview import Row, rows
from rag.library import Library
from rag.ui import days, safe
from rag.ui.frame import Reader


def show(who: Reader, found: Sequence[Finding], *, checked: bool) -> None:
    """Draw the findings, those that need a reason first; and whether the gate has looked."""
    t = who.t
    if not checked:
        safe.show(safe.tag("p", t("findings.not_yet"), class_="k-small"))
    elif not found:
        safe.show(safe.tag("p", safe.tag("strong", t("findings.green")), class_="k-checked"))
    if found:
        ordered = sorted(found, key=lambda finding: not finding.stops)
        safe.show(safe.tag("ul", *(safe.tag("li", _sentence(who, finding)) for finding in ordered), class_="k-findings"))


def of_revisions(library: Library, who: Reader, numbers: Sequence[int]) -> None:
    """Draw what stops each of these revisions."""
    for row in rows(library, clearance=who.clearance, today=who.today):
        if row.revision.number in numbers and row.stops:
            stops(who, row)


def stops(who: Reader, row: Row) -> None:
    """Draw the name of a document and what stops it."""
    about = row.revision.source
    lines = [safe.tag("li", _sentence(who, finding)) for finding in row.findings if finding.stops]
    safe.show(safe.join([safe.tag("p", about.title or about.uri, class_="k-label"), safe.tag("ul", *lines)]))


def _sentence(who: Reader, finding: Finding) -> safe.Html:
    mark = who.t("findings.stops" if finding.stops else "findings.review" if finding.code == "review-due" else "findings.notes")
    values = {name: days.said(value, who.t.language) for name, value in finding.values.items()}
    return safe.join([safe.tag("strong", mark), "　", who.t(f"gate.{finding.code}", **values)])
