"""Correcting what is known of a document. A correction is kept apart from the file's own data, so that it outlives every new reading."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace

from rag.desk.publish import find
from rag.ingest import Ingester
from rag.library import Library
from rag.registry import CHECKED, DRAFT, PUBLISHED, Revision
from rag.registry.desk import corrected


def correct(
    library: Library,
    document_id: str,
    values: Mapping[str, str],
    *,
    user: str,
    sha256: str = "",
    before: Callable[[Sequence[int]], None] = lambda numbers: None,
) -> Revision:
    """Keep corrections (field -> text, dates in ISO form) and apply them to the newest revision, or the one named.

    A draft stays a draft and must be checked anew; what is published is published anew at once, since a wrong level or date must not
    stand until somebody has time. But ``before`` may object, as golden questions do: then it waits as a draft.

    Args:
        before: called with the number of what is to be published, when nobody sees it yet.

    Returns:
        The revision as it is now.

    Raises:
        UnknownDocument: there is none.
        GoldenRegressed: from ``before``.
        ValueError: a field is unknown, or a value does not fit it.
    """
    revision = find(library, document_id, DRAFT, CHECKED, PUBLISHED, sha256=sha256)
    library.registry.desk.correct(document_id, revision.sha256, values, user=user)
    source = corrected(revision.source, document_id, revision.sha256, library.registry.desk.corrections())
    if source != revision.source:
        document = library.registry.documents([revision.number])[revision.number]
        with Ingester(library, draft=True, user=user) as ingester:
            ingester.add(replace(document, source=source))
            ingester.flush()
            if revision.state == PUBLISHED:
                numbers = [find(library, document_id, DRAFT, sha256=revision.sha256).number]
                ingester.publish(numbers, before=lambda: before(numbers))
    state = (PUBLISHED,) if revision.state == PUBLISHED else (DRAFT, CHECKED)
    return find(library, document_id, *state, sha256=revision.sha256)
