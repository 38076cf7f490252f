"""What a question takes for granted and that is not so: a provision that does not exist, a text that does not apply on the day, a law
that is not here.

Only what the reader may see is looked at: a document above the reader's level has no name here.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from datetime import date

from rag.library import Library
from rag.mentioned import asked
from rag.names import NO_NAME, Names
from rag.provisions import Provisions
from rag.records import HIGHEST_LEVEL, Filters, Premise, PremiseKind, Span
from rag.registry import Revision
from rag.statute import Address, show
from rag.text import dates, fold, language


def premises(library: Library, question: str, *, clearance: int, as_of: date, filters: Filters) -> tuple[Premise, ...]:
    """What to say before anything else, in the order of the question; empty where nothing is wrong."""
    visible = library.visible(clearance=clearance, as_of=as_of, filters=filters)
    hidden = _hidden(library, visible, clearance)
    found = [
        *_provisions(library, question, visible, clearance),
        *_out_of_force(library, question, visible, hidden, as_of),
        *_elsewhere(library, question, visible, hidden),
    ]
    return tuple(dict.fromkeys(found))


def _hidden(library: Library, visible: Sequence[Revision], clearance: int) -> dict[str, list[Revision]]:
    """Documents that the reader may see, but not of this day: id -> their revisions, the newest last."""
    seen = {revision.document_id for revision in visible}
    hidden: dict[str, list[Revision]] = {}
    for revision in library.published:
        if revision.document_id not in seen and (revision.source.level or HIGHEST_LEVEL) <= clearance:
            hidden.setdefault(revision.document_id, []).append(revision)
    return hidden


def _named(question: str, hidden: Mapping[str, Sequence[Revision]]) -> list[tuple[str, Span]]:
    """Which of these documents the question names, and where."""
    names = Names.of({id: revisions[-1].source for id, revisions in hidden.items()})
    return [(mention.document, mention.span) for mention in asked(question, names) if mention.document]


def _elsewhere(library: Library, question: str, visible: Sequence[Revision], hidden: Mapping[str, Sequence[Revision]]) -> Iterator[Premise]:
    """Laws of which the question names a provision, and that are not here."""
    mentions = [m for m in asked(question, library.names(visible)) if m.document is None and m.name and m.address != Address()]
    if not mentions:
        return
    titles = library.sources(visible).titles  # a law may be here article by article
    spans = [span for _, span in _named(question, hidden)]
    for mention in mentions:
        name = fold(mention.name)
        # 提供基準法 may be short for 公共サービス提供基準法, which is here.
        here = name.endswith(tuple(titles)) or any(title.endswith(name) for title in titles)
        here = here or any(s.start < mention.span.end and mention.span.start < s.end for s in spans)
        if not here and not NO_NAME.fullmatch(mention.name):
            yield Premise(kind=PremiseKind.NOT_IN_LIBRARY, what=mention.name)


def _provisions(library: Library, question: str, visible: Sequence[Revision], clearance: int) -> Iterator[Premise]:
    revisions = {revision.document_id: revision for revision in visible}
    lang = language(question) or "ja"
    days = list(dates(question))
    for mention in asked(question, library.names(visible)):
        revision = revisions.get(mention.document or "")
        if revision is None:
            continue
        title = revision.source.title
        first = min(r.source.effective_from or date.min for r in library.published if r.document_id == revision.document_id)
        if days and first > date.min and max(days) < first:
            yield Premise(kind=PremiseKind.NOT_YET_IN_FORCE, what=title, day=first)
        if mention.address == Address() or mention.step is not None:
            continue
        provisions = library.provisions(library.document(revision.document_id, revision.sha256, clearance=clearance))
        provision = provisions.find(mention.address)
        what = f"{title} {show(mention.address, lang)}"
        if provision is not None and provision.deleted:
            yield Premise(kind=PremiseKind.DELETED_PROVISION, what=what)
        elif provision is None and (last := _last(provisions, mention.address)) is not None:
            yield Premise(kind=PremiseKind.NO_SUCH_PROVISION, what=what, instead=show(last, lang))


def _last(provisions: Provisions, address: Address) -> Address | None:
    """The last provision of the kind that ``address`` is; None where the document is not numbered in that way at all."""
    same = [
        Address(part=other.address.part, article=other.address.article) for other in provisions.order if other.address.part == address.part
    ]
    return max(same, key=lambda other: other.article, default=None)


def _out_of_force(
    library: Library, question: str, visible: Sequence[Revision], hidden: Mapping[str, Sequence[Revision]], as_of: date
) -> Iterator[Premise]:
    if not hidden:
        return
    taken = [mention.span for mention in asked(question, library.names(visible)) if mention.document]
    instead = {revision.source.replaces: revision.source for revision in visible if revision.source.replaces}
    for id, named in _named(question, hidden):
        if any(span.start < named.end and named.start < span.end for span in taken):
            continue
        revisions = hidden[id]
        title = revisions[-1].source.title
        starts = [revision.source.effective_from for revision in revisions if revision.source.effective_from]
        ends = [revision.source.effective_to for revision in revisions if revision.source.effective_to]
        if successor := instead.get(id):
            yield Premise(kind=PremiseKind.REPLACED, what=title, day=successor.effective_from, instead=successor.title)
        elif starts and as_of < min(starts):
            yield Premise(kind=PremiseKind.NOT_YET_IN_FORCE, what=title, day=min(starts))
        elif ends and as_of > max(ends):
            yield Premise(kind=PremiseKind.NO_LONGER_IN_FORCE, what=title, day=max(ends))
