"""A document's life: draft -> checked -> published -> retired. What is not published is never found.

Publishing needs a green gate, or a reason that is kept in the log; and no golden question may be lost by it, or somebody accepts that with
a reason, which is kept too. The questions are put to the library as it would be, before anybody sees the change.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date

from rag.desk import gate
from rag.desk.gate import Finding
from rag.errors import GateClosed, UnknownDocument
from rag.ingest import Ingester
from rag.library import Library
from rag.registry import CHECKED, DRAFT, PUBLISHED, RETIRED, Revision
from rag.rights import Rights, level_of

Progress = Callable[[str], None]


@dataclass(frozen=True, kw_only=True, slots=True)
class Published:
    """What became visible."""

    revisions: tuple[Revision, ...]
    findings: Mapping[int, Sequence[Finding]]
    """What the gate found, by number of revision."""


def find(library: Library, document_id: str, *states: str, sha256: str = "") -> Revision:
    """The newest revision of a document in one of these states, or the one whose sha256 begins so.

    Raises:
        UnknownDocument: there is none.
    """
    every = [r for r in library.registry.revisions(*states) if r.document_id == document_id and r.sha256.startswith(sha256)]
    if not every:
        wanted = f"{document_id} in revision {sha256}" if sha256 else document_id
        raise UnknownDocument(f"There is no {' or '.join(states)} document {wanted}. List them with: python -m rag list --all")
    return every[-1]


def check(
    library: Library, numbers: Sequence[int], *, user: str, clearance: int, today: date, reason: str = ""
) -> dict[int, list[Finding]]:
    """Let the gate look at drafts, keep what it finds, and mark as checked those for which it is green or a reason is given.

    What a person of this clearance may not read is passed over, as what is not there; so is what the gate found in comparing with it.
    """
    mine = [r.number for r in library.registry.revisions(DRAFT, CHECKED) if r.number in set(numbers) and level_of(r) <= clearance]
    found = gate.look_and_keep(library, mine, user=user, today=today, clearance=clearance)
    desk = library.registry.desk
    good = [number for number, findings in found.items() if reason or not gate.stopping(findings)]
    stopped = [number for number in good if gate.stopping(found[number])]
    desk.move([number for number in good if number not in stopped], CHECKED, user=user)
    desk.move(stopped, CHECKED, user=user, reason=reason)
    desk.move([number for number in found if number not in good], DRAFT, user=user)
    return found


def publish(
    library: Library,
    numbers: Sequence[int],
    *,
    user: str,
    clearance: int,
    today: date,
    reason: str = "",
    before: Callable[[Sequence[int]], None] = lambda numbers: None,
    progress: Progress = lambda stage: None,
) -> Published:
    """Make drafts visible, all at once or none.

    Args:
        clearance: what the person may read who publishes them; see :mod:`rag.rights` for what that lets him change.
        reason: why, where the gate is not green; it is kept with those revisions alone, or with all where it stops none.
        before: called with the numbers when both indexes have them and nobody sees them yet; what it raises leaves them drafts.

    Raises:
        GateClosed: the gate is not green and there is no reason; the message says what it found.
        GoldenRegressed: from ``before``.
        LibraryError: one of them is no draft any more, or this person may not read it; another process writes.
        UnknownDocument: he may not change its document, or what that replaces.
    """
    waiting = library.registry.revisions(DRAFT, CHECKED, RETIRED)
    revisions = [r for r in waiting if r.number in set(numbers) and level_of(r) <= clearance]
    rights = Rights.of(library.registry.revisions(), clearance)
    for revision in revisions:
        rights.must_add(revision.document_id, revision.source.replaces)
    progress("checking")
    looked_at = [r.number for r in revisions if r.state != RETIRED]
    findings = gate.look_and_keep(library, looked_at, user=user, today=today, clearance=clearance)
    closed = {r.document_id: stops for r in revisions if (stops := gate.stopping(findings.get(r.number, ())))}
    if closed and not reason.strip():
        said = "; ".join(f"{document}: {' '.join(finding.sentence for finding in stops)}" for document, stops in closed.items())
        raise GateClosed(f"{said} Mend it, or give a reason to publish all the same.")
    with Ingester(library, progress=progress, user=user, clearance=clearance) as ingester:
        ingester.mend()
        ingester.publish(
            numbers,
            reasons=dict.fromkeys(_stopped(library, revisions, findings, clearance), reason.strip()),
            before=lambda: before(numbers),
        )
    return Published(revisions=tuple(revisions), findings=findings)


def _stopped(library: Library, revisions: Sequence[Revision], findings: Mapping[int, Sequence[Finding]], clearance: int) -> list[int]:
    """Those that the reason is for. What was retired is not looked at again: what was found in it then counts."""
    kept = library.registry.desk.checks()
    then = {r.number: gate.read(kept[r.number].findings, clearance) for r in revisions if r.state == RETIRED and r.number in kept}
    stopped = [r.number for r in revisions if gate.stopping(findings.get(r.number, ())) or gate.stopping(then.get(r.number, ()))]
    return stopped or [r.number for r in revisions]


def retire(
    library: Library,
    document_id: str,
    *,
    user: str,
    clearance: int,
    reason: str,
    sha256: str = "",
    before: Callable[[Sequence[int]], None] = lambda numbers: None,
) -> list[Revision]:
    """Take a document back, or one revision of it: from now on nobody finds it. Old answers can still be looked up.

    Args:
        clearance: what the person may read who retires it; see :mod:`rag.rights` for what that lets him change.
        before: called with the numbers while everybody still finds them; what it raises leaves them published.

    Raises:
        UnknownDocument: nothing of it is published, or this person may not change it.
        GoldenRegressed: from ``before``.
    """
    Rights.of(library.registry.revisions(), clearance).must_change(document_id)
    find(library, document_id, PUBLISHED, sha256=sha256)
    every = [r for r in library.registry.revisions(PUBLISHED) if r.document_id == document_id and r.sha256.startswith(sha256)]
    with Ingester(library, user=user, clearance=clearance) as ingester:
        ingester.mend()
        numbers = [revision.number for revision in every]
        ingester.retire(numbers, reason=reason, before=lambda: before(numbers))
    return every
