"""The graph of references as a reader may see it: what a passage points to, and what points to it.

Both ends of whatever comes out lie in the reader's scope: published, in force on the day, at a level that the reader may see. What a
reader may not see has no name and no link; the words that point to it stand in the reader's own text, and stay words.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

from rag.index.scope import Scope
from rag.library import Library
from rag.names import Names
from rag.records import Document, Source, Span
from rag.registry import Revision
from rag.registry.references import Written
from rag.statute import parse

EdgeKind = Literal["refers", "applies", "delegates", "explains"]

_NOBODY = Names.of({})
MOST = 200
"""References into one provision that are looked at; some provisions are named everywhere."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Edge:
    """One passage has to do with another."""

    source: int
    """Id of a chunk."""
    target: int
    """Id of the chunk that it refers to, applies (準用, 読み替え), delegates to (an act to its order), or explains (a circular)."""
    kind: EdgeKind


def edges(library: Library, chunks: Sequence[int], scope: Scope, *, among: bool = False) -> list[Edge]:
    """The edges from and to ``chunks`` inside ``scope``, none twice; a passage has none to itself. One query.

    Args:
        among: only those between two of ``chunks``.
    """
    found: dict[Edge, None] = {}
    for edge in library.registry.references.edges(chunks, among=among):
        if edge.source_revision in scope.revisions and edge.target_revision in scope.revisions and edge.level <= scope.clearance:
            source, target, kind = edge.source, edge.target, _KINDS[edge.kind]
            if kind == "delegates":  # stored as it is written: the order names the act
                source, target = target, source
            found[Edge(source=source, target=target, kind=kind)] = None
    return list(found)


@dataclass(frozen=True, kw_only=True, slots=True)
class Pointer:
    """The words of one passage point to another: a circular to what it explains, an order to the act that it carries out."""

    source: int
    target: int
    kind: EdgeKind


def pointers(
    library: Library, chunks: Sequence[int], scope: Scope, families: Mapping[int, str], to: frozenset[int] = frozenset()
) -> list[Pointer]:
    """What the words of ``chunks`` point to inside ``scope``, none twice. Upwards only, so it costs less than all edges.

    Args:
        families: revision -> the law, rulebook or guide that it is of. What stays within one is left out.
        to: only to passages of these revisions; to all, if there are none.
    """
    return [
        Pointer(source=edge.source, target=edge.target, kind=_KINDS[edge.kind])
        for edge in library.registry.references.pointers(chunks)
        if edge.source_revision in scope.revisions and edge.target_revision in scope.revisions and edge.level <= scope.clearance
        if families[edge.source_revision] != families[edge.target_revision] and (not to or edge.target_revision in to)
    ]


def carried_out(
    library: Library, chunks: Sequence[int], scope: Scope, families: Mapping[int, str], to: frozenset[int] = frozenset()
) -> list[Pointer]:
    """The other way round: from ``chunks`` of acts to the provisions that carry them out. See :func:`pointers`."""
    return [
        Pointer(source=edge.target, target=edge.source, kind="delegates")
        for edge in library.registry.references.carried_out(chunks)
        if edge.source_revision in scope.revisions and edge.target_revision in scope.revisions and edge.level <= scope.clearance
        if families[edge.source_revision] != families[edge.target_revision] and (not to or edge.source_revision in to)
    ]


_KINDS: Mapping[str, EdgeKind] = {
    "cites": "refers",
    "applies": "applies",
    "reads_as": "applies",
    "carries_out": "delegates",
    "explains": "explains",
}


@dataclass(frozen=True, kw_only=True, slots=True)
class Reference:
    """Words that point, for a person to follow."""

    kind: EdgeKind
    words: str
    """As they are written."""
    title: str
    """Of the document at the other end; "" for the same document, and where there is none to open."""
    place: str
    """The provision at the other end: 第十条第二項; "" for a document as a whole."""
    revision: Revision | None
    """Of the other end; None where the library has nothing to open for this reader."""
    span: Span
    """What to open there; empty for a document as a whole."""


def outgoing(library: Library, document: Document, number: int, span: Span, scope: Scope) -> list[Reference]:
    """What the words in ``span`` of a document point to, in order, each target once; first of all what can be opened.

    Args:
        number: the registry's number of the document's revision.
    """
    revisions = _in(library, scope)
    found: dict[tuple[str, str], Reference] = {}
    for written in library.registry.references.outgoing(number, span):
        words = written.span.cut(document.text)
        links = [link for link in written.links if link.revision in revisions and link.level <= scope.clearance]
        if links:
            to = revisions[links[0].revision]
            if to.number == number and span.start <= links[0].span.start and links[0].span.end <= span.end:
                continue  # it points to itself
            whole = Span(start=min(link.span.start for link in links if link.revision == to.number), end=links[0].span.end)
            title = to.source.title if to.number != number else ""
            kind = "delegates" if links[0].kind == "carries_out" else _KINDS[links[0].kind]
            made = Reference(kind=kind, words=words, title=title, place=written.address, revision=to, span=whole)
        elif written.name and any(mention.name for mention in parse(words, _NOBODY)):  # with no list of names it would be found too
            made = Reference(kind="refers", words=words, title="", place="", revision=None, span=Span(start=0, end=0))
        else:
            continue
        found.setdefault((made.title or made.words, made.place), made)
    return list(found.values())


def incoming(library: Library, number: int, span: Span, scope: Scope) -> list[Reference]:
    """What points into ``span`` of a revision from elsewhere: explanations first, then by authority of the document.

    Args:
        number: the registry's number of the revision.
    """
    revisions = _in(library, scope)
    places = library.registry.references.places([number])[number]
    chunks = [chunk for start, end, chunk in places if start < span.end and span.start < end]
    found: dict[tuple[int, str], Reference] = {}
    for written in library.registry.references.incoming(number, span, chunks, MOST):
        here = revisions.get(written.revision)
        if here is None or (written.revision == number and span.start <= written.span.start < span.end):
            continue
        links = [link for link in written.links if link.revision == number and link.level <= scope.clearance]
        if not links:
            continue
        found.setdefault((here.number, written.place), _from(written, here, number, links[0].kind))
    return sorted(found.values(), key=lambda one: (one.kind != "explains", _authority(one)))


def _from(written: Written, here: Revision, number: int, kind: str) -> Reference:
    title = here.source.title if here.number != number else ""
    return Reference(kind=_KINDS[kind], words="", title=title, place=written.place, revision=here, span=written.span)


def _authority(one: Reference) -> tuple[int, int, int]:
    source = one.revision.source if one.revision else Source(uri="")
    return (source.kind.authority, one.revision.number if one.revision else 0, one.span.start)


def _in(library: Library, scope: Scope) -> dict[int, Revision]:
    return {revision.number: revision for revision in library.published if revision.number in scope.revisions}
