"""Correcting what is known of a document. A correction is kept apart from the file's own data, so that it outlives every new reading."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from datetime import date

from rag.desk import gate
from rag.desk.gate import Finding
from rag.desk.publish import find
from rag.ingest import Ingester
from rag.library import Library
from rag.records import HIGHEST_LEVEL, Source
from rag.registry import CHECKED, DRAFT, PUBLISHED, Revision
from rag.registry.desk import corrected
from rag.rights import Rights


def correct(
    library: Library,
    document_id: str,
    values: Mapping[str, str],
    *,
    user: str,
    clearance: int,
    sha256: str = "",
    before: Callable[[Sequence[int]], None] = lambda numbers: None,
) -> Revision:
    """Keep corrections (field -> text, dates in ISO form) and apply them to the newest revision, or the one named.

    A draft stays a draft and must be checked anew; what is published is published anew at once, since a wrong level or date must not
    stand until somebody has time. But ``before`` may object, as golden questions do: then it waits as a draft. A raised level never
    waits, and holds for every revision of the document.

    Args:
        clearance: what the person may read who corrects it; see :mod:`rag.rights` for what that lets him change.
        before: called with the number of what is to be published, when nobody sees it yet.

    Returns:
        The revision as it is now.

    Raises:
        UnknownDocument: there is none, or this person may not change it; or it would replace one that he may not change.
        GoldenRegressed: from ``before``.
        ValueError: a field is unknown, a value does not fit it, or it would end before it begins.
    """
    with Ingester(library, draft=True, user=user, clearance=clearance) as ingester:  # nobody else changes what is looked at
        rights = Rights.of(library.registry.revisions(), clearance)
        rights.must_change(document_id)
        rights.must_name(values.get("replaces", ""))
        revision = find(library, document_id, DRAFT, CHECKED, PUBLISHED, sha256=sha256)
        if values.keys() & {"effective_from", "effective_to"}:
            _check_days(corrected(revision.source, document_id, revision.sha256, {(document_id, revision.sha256): values}))
        states = (PUBLISHED,) if revision.state == PUBLISHED else (DRAFT, CHECKED)
        library.registry.desk.correct(document_id, revision.sha256, values, user=user)
        source = corrected(revision.source, document_id, revision.sha256, library.registry.desk.corrections())
        if source == revision.source and "level" not in values:
            return revision
        if "level" in values:
            _raise_level(library, ingester, document_id, source.level, user)
        revision = find(library, document_id, *states, sha256=revision.sha256)
        if source != revision.source:
            number = _again(library, ingester, revision, source)
            if revision.state == PUBLISHED:
                ingester.publish([number], before=lambda: before([number]))
    return find(library, document_id, *states, sha256=revision.sha256)


def _check_days(source: Source) -> None:
    begins, ends = source.effective_from, source.effective_to
    if begins and ends and ends < begins:  # it would answer on no day at all
        raise ValueError(f"it would end on {ends}, before {begins}, from when it applies: correct one of the two")


def look_again(library: Library, revision: Revision, *, user: str, clearance: int, today: date) -> dict[int, list[Finding]]:
    """Let the gate look at what was corrected, and at the drafts of its document: a raised level makes those anew too. It is kept."""
    drafts = [r.number for r in library.registry.revisions(DRAFT) if r.document_id == revision.document_id]
    return gate.look_and_keep(library, [revision.number, *drafts], user=user, today=today, clearance=clearance)


def _raise_level(library: Library, ingester: Ingester, document_id: str, level: int | None, user: str) -> None:
    """Give this level at once to every revision of the document that has a lower one, also to those of other days, to drafts, and to
    what was retired and may be published again."""
    library.registry.desk.raise_level(document_id, level, user=user)
    for states in ((PUBLISHED,), (DRAFT, CHECKED)):
        for revision in library.registry.revisions(*states):
            if revision.document_id == document_id and (revision.source.level or HIGHEST_LEVEL) < (level or HIGHEST_LEVEL):
                number = _again(library, ingester, revision, replace(revision.source, level=level))
                if revision.state == PUBLISHED:
                    ingester.publish([number])


def _again(library: Library, ingester: Ingester, revision: Revision, source: Source) -> int:
    """Make a draft of what was read already, with what is known of it now. Returns its number."""
    document = library.registry.documents([revision.number])[revision.number]
    ingester.add(replace(document, source=source))
    ingester.flush()
    return find(library, revision.document_id, DRAFT, sha256=revision.sha256).number
