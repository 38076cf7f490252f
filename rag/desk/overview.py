"""What is in the library, a row for each revision: what a knowledge manager looks over."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from datetime import date

from rag.desk.gate import Finding, of_review, read
from rag.library import Library
from rag.records import HIGHEST_LEVEL
from rag.registry import CHECKED, DRAFT, PENDING, PUBLISHED, Revision
from rag.registry.desk import Check, Corrections, review_on
from rag.registry.questions import Questions


@dataclass(frozen=True, kw_only=True, slots=True)
class Row:
    """A revision, and what is known of it."""

    revision: Revision
    checked: bool
    """False where the gate has not looked yet."""
    findings: tuple[Finding, ...]
    """What the gate found, and a review date that has passed since."""
    cited: int
    """Answers that cited the document, as far back as questions are kept."""
    golden: int
    """Golden questions that expect the document."""

    @property
    def level(self) -> int:
        """What a reader needs."""
        return self.revision.source.level or HIGHEST_LEVEL

    @property
    def stops(self) -> int:
        """So many findings need a reason before it is published."""
        return sum(finding.stops for finding in self.findings)

    @property
    def review_due(self) -> bool:
        """True for what is published and was to be looked at again by now."""
        return any(finding.code == "review-due" for finding in self.findings)

    def holds(self, words: str) -> bool:
        """True where every word stands in the title, the issuer, the number, the file or the id."""
        about = self.revision.source
        text = f"{about.title} {about.issuer} {about.number} {about.uri} {self.revision.document_id}".casefold()
        return all(word in text for word in words.casefold().split())


def rows(library: Library, *, clearance: int, today: date) -> list[Row]:
    """Every revision that a person of this clearance may see, the newest first."""
    checks, corrections = library.registry.desk.checks(), library.registry.desk.corrections()
    golden = Counter(document for kept in library.registry.golden.all() for document in {str(place["document"]) for place in kept.expect})
    with Questions(library.home) as questions:
        cited = Counter(document for entry in questions.all_asked() for document in {place.document_id for place in entry.cited})
    made = [
        Row(
            revision=revision,
            checked=revision.number in checks,
            findings=_findings(revision, checks.get(revision.number), corrections, today, clearance),
            cited=cited[revision.document_id],
            golden=golden[revision.document_id],
        )
        for revision in library.registry.revisions()
        if revision.state != PENDING
    ]
    return [row for row in reversed(made) if row.level <= clearance]


def _findings(revision: Revision, check: Check | None, corrections: Corrections, today: date, clearance: int) -> tuple[Finding, ...]:
    """As they were kept, but for the review date of what may still be used: that passes while nobody looks."""
    kept = read(check.findings, clearance) if check else ()
    if revision.state not in (PUBLISHED, DRAFT, CHECKED):
        return kept
    others = (finding for finding in kept if finding.code not in ("review-passed", "review-due"))
    return (*others, *of_review(revision, review_on(revision.document_id, corrections), today))


def revisions_of(library: Library, document_id: str, *, clearance: int) -> list[Revision]:
    """The revisions of a document that a person of this clearance may see, the latest in force last."""
    every = [r for r in library.registry.revisions() if r.document_id == document_id and r.state != PENDING]
    every = [r for r in every if (r.source.level or HIGHEST_LEVEL) <= clearance]
    return sorted(every, key=lambda r: (r.source.effective_from or date.min, r.number))
