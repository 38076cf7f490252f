"""The graph of references in the registry: what each passage points to, as it is written and where that leads.

Derived from the revisions by :mod:`rag.link`, which makes it anew at any time. A reference whose target the library does not hold
has no link; it gets one when that document comes.
"""

from __future__ import annotations

from collections.abc import Callable, Container, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field

from sqlalchemy import ForeignKey, delete, func, insert, select
from sqlalchemy.orm import Mapped, Session, mapped_column

from rag.records import Span
from rag.registry.tables import Base, ChunkRow, MetaRow, RevisionRow

_STAMP = "names"
"""The row of ``meta`` that says with which table of names the references were read."""
_AT_ONCE = 500


class LinkedRow(Base):
    """A revision whose references were read."""

    __tablename__ = "linked"
    revision: Mapped[int] = mapped_column(ForeignKey("revisions.number", ondelete="CASCADE"), primary_key=True)


class DefinedRow(Base):
    """What a revision calls a document: 通則法, where it says 国税通則法（以下「通則法」という。）."""

    __tablename__ = "defined_names"
    revision: Mapped[int] = mapped_column(ForeignKey("revisions.number", ondelete="CASCADE"), primary_key=True)
    short: Mapped[str] = mapped_column(primary_key=True)
    title: Mapped[str]


class ReferenceRow(Base):
    """Words of a passage that point to a provision or a document."""

    __tablename__ = "provision_references"
    id: Mapped[int] = mapped_column(primary_key=True)
    revision: Mapped[int] = mapped_column(ForeignKey("revisions.number", ondelete="CASCADE"), index=True)
    chunk: Mapped[int] = mapped_column(ForeignKey("chunks.id", ondelete="CASCADE"), index=True)
    start: Mapped[int]
    end: Mapped[int]
    place: Mapped[str]
    kind: Mapped[str]
    name: Mapped[str]
    address: Mapped[str]


class LinkRow(Base):
    """A reference leads to a passage of a revision, or to a revision as a whole."""

    __tablename__ = "links"
    id: Mapped[int] = mapped_column(primary_key=True)
    reference: Mapped[int] = mapped_column(ForeignKey("provision_references.id", ondelete="CASCADE"), index=True)
    kind: Mapped[str]
    source: Mapped[int] = mapped_column(ForeignKey("chunks.id", ondelete="CASCADE"), index=True)
    source_revision: Mapped[int]
    target: Mapped[int | None] = mapped_column(ForeignKey("chunks.id", ondelete="CASCADE"), index=True)
    target_revision: Mapped[int]
    level: Mapped[int]
    start: Mapped[int]
    end: Mapped[int]


@dataclass(frozen=True, kw_only=True, slots=True)
class Link:
    """Where a reference leads."""

    revision: int
    """The registry's number of the target's revision."""
    chunk: int | None
    """The passage; None for a document as a whole."""
    span: Span
    """The provision in the target's text; empty for a document as a whole."""
    level: int
    """What a reader needs to see both ends."""
    kind: str


@dataclass(frozen=True, kw_only=True, slots=True)
class Written:
    """A reference as it is written, with where it leads."""

    revision: int
    chunk: int
    span: Span
    """The words that point, in the text of the revision."""
    place: str
    """The provision or section in which they stand, as it is shown; "" for the beginning of a document."""
    kind: str
    """cites, applies (準用) or reads_as (読み替え)."""
    name: str
    """What the target's document is called; "" for the same document."""
    address: str
    """The provision in it, as it is shown; "" for the document as a whole."""
    links: tuple[Link, ...] = ()


@dataclass(frozen=True, kw_only=True, slots=True)
class Edge:
    """A link between two passages, as it is stored."""

    source: int
    target: int
    kind: str
    source_revision: int
    target_revision: int
    level: int


@dataclass(frozen=True, kw_only=True, slots=True)
class Counts:
    """How many references there are, and which lead nowhere."""

    revisions: int
    """Revisions whose references were read."""
    references: int
    resolved: int
    missing: Mapping[tuple[str, str], int] = field(default_factory=dict)
    """(name of the document, provision) of those that lead nowhere -> how often."""


class ReferenceStore:
    """The tables of the graph; part of a Registry."""

    def __init__(self, sessions: Callable[[], Session]) -> None:
        self._session = sessions

    # ------------------------------------------------------------ writing (by the one writer)

    def replace(
        self,
        revisions: Sequence[int],
        written: Iterable[Written],
        *,
        defined: Iterable[tuple[int, str, str]] = (),
        stamp: str | None = None,
    ) -> None:
        """The references of ``revisions`` are now ``written``, and what they call others is ``defined``, in one transaction.

        Args:
            defined: revision, short name, title.
        """
        with self._session() as session, session.begin():
            for some in _parts(revisions):
                session.execute(delete(ReferenceRow).where(ReferenceRow.revision.in_(some)))
                session.execute(delete(DefinedRow).where(DefinedRow.revision.in_(some)))
                session.execute(delete(LinkedRow).where(LinkedRow.revision.in_(some)))
            names = [{"revision": revision, "short": short, "title": title} for revision, short, title in defined]
            if names:
                session.execute(insert(DefinedRow), names)
            if revisions:
                session.execute(insert(LinkedRow), [{"revision": number} for number in revisions])
            at = int(session.scalar(select(func.coalesce(func.max(ReferenceRow.id), 0))) or 0)
            references: list[dict[str, object]] = []
            links: list[dict[str, object]] = []
            for one in written:
                at += 1
                references.append(
                    {
                        "id": at,
                        "revision": one.revision,
                        "chunk": one.chunk,
                        "start": one.span.start,
                        "end": one.span.end,
                        "place": one.place,
                        "kind": one.kind,
                        "name": one.name,
                        "address": one.address,
                    }
                )
                links += [
                    {
                        "reference": at,
                        "kind": link.kind,
                        "source": one.chunk,
                        "source_revision": one.revision,
                        "target": link.chunk,
                        "target_revision": link.revision,
                        "level": link.level,
                        "start": link.span.start,
                        "end": link.span.end,
                    }
                    for link in one.links
                ]
            if references:
                session.execute(insert(ReferenceRow), references)
            if links:
                session.execute(insert(LinkRow), links)
            if stamp is not None:
                session.merge(MetaRow(key=_STAMP, value=stamp))

    def forget(self, revisions: Sequence[int]) -> None:
        """Take revisions that are published no more out of the graph, and all links to them."""
        with self._session() as session, session.begin():
            for some in _parts(revisions):
                session.execute(delete(ReferenceRow).where(ReferenceRow.revision.in_(some)))
                session.execute(delete(LinkRow).where(LinkRow.target_revision.in_(some)))
                session.execute(delete(DefinedRow).where(DefinedRow.revision.in_(some)))
                session.execute(delete(LinkedRow).where(LinkedRow.revision.in_(some)))

    def clear(self) -> None:
        """Forget everything; the next linking reads every revision."""
        with self._session() as session, session.begin():
            for table in (LinkRow, ReferenceRow, DefinedRow, LinkedRow):
                session.execute(delete(table))

    # ------------------------------------------------------------ reading

    def linked(self) -> set[int]:
        """Numbers of the revisions whose references were read."""
        with self._session() as session:
            return set(session.scalars(select(LinkedRow.revision)))

    def stamp(self) -> str:
        """With which table of names the references were read."""
        with self._session() as session:
            return session.scalar(select(MetaRow.value).where(MetaRow.key == _STAMP)) or ""

    def defined(self, revisions: Container[int]) -> dict[str, str]:
        """Short name -> title, of what these revisions call others; what two of them use for different ones is left out."""
        with self._session() as session:
            rows = session.execute(select(DefinedRow.revision, DefinedRow.short, DefinedRow.title)).all()
        meant: dict[str, set[str]] = {}
        for revision, short, title in rows:
            if revision in revisions:
                meant.setdefault(short, set()).add(title)
        return {short: title for short, titles in meant.items() if len(titles) == 1 for title in titles}

    def naming(self, names: Iterable[str]) -> set[int]:
        """Revisions with a reference to a document of one of these names."""
        wanted = set(names)
        with self._session() as session:
            rows = session.execute(select(ReferenceRow.revision, ReferenceRow.name).where(ReferenceRow.name != "").distinct())
            return {revision for revision, name in rows if name in wanted}

    def texts(self, revisions: Sequence[int]) -> Iterator[tuple[int, str]]:
        """Revisions with their texts, one after the other."""
        for some in _parts(revisions):
            with self._session() as session:
                yield from session.execute(select(RevisionRow.number, RevisionRow.text).where(RevisionRow.number.in_(some))).tuples()

    def places(self, revisions: Sequence[int]) -> dict[int, list[tuple[int, int, int]]]:
        """Revision -> (start, end, id) of its chunks, in order."""
        found: dict[int, list[tuple[int, int, int]]] = {number: [] for number in revisions}
        columns = ChunkRow.revision, ChunkRow.start, ChunkRow.end, ChunkRow.id
        with self._session() as session:
            for some in _parts(revisions):
                query = select(*columns).where(ChunkRow.revision.in_(some)).order_by(ChunkRow.revision, ChunkRow.ordinal)
                for revision, start, end, chunk in session.execute(query):
                    found[revision].append((start, end, chunk))
        return found

    def edges(self, chunks: Sequence[int], *, among: bool) -> list[Edge]:
        """Links from or to any of ``chunks``; ``among``: only those with both ends in it. Each pair and kind once."""
        if not chunks:
            return []
        # Written out, with the numbers put in as numbers, and made unique outside of SQL: every search asks for this.
        ids = ",".join(str(int(chunk)) for chunk in dict.fromkeys(chunks))
        columns = "SELECT source, target, kind, source_revision, target_revision, level FROM links"
        asked = f"{columns} WHERE source IN ({ids}) AND target <> source"
        asked += f" AND target IN ({ids})" if among else f" UNION ALL {columns} WHERE target IN ({ids}) AND source NOT IN ({ids})"
        with self._session() as session:
            rows = {tuple(row) for row in session.connection().exec_driver_sql(asked).all()}
        return [
            Edge(source=source, target=target, kind=kind, source_revision=of, target_revision=to, level=level)
            for source, target, kind, of, to, level in sorted(rows)
        ]

    def pointers(self, chunks: Sequence[int]) -> list[Edge]:
        """Links from ``chunks`` to other passages. Each pair and kind once."""
        ids = ",".join(str(int(chunk)) for chunk in chunks)
        return self._links(f"source IN ({ids})")

    def carried_out(self, chunks: Sequence[int]) -> list[Edge]:
        """Links from passages that carry out what ``chunks`` leave to them. Each pair once."""
        ids = ",".join(str(int(chunk)) for chunk in chunks)
        return self._links(f"target IN ({ids}) AND kind = 'carries_out'")

    def _links(self, where: str) -> list[Edge]:
        asked = "SELECT DISTINCT source, target, kind, source_revision, target_revision, level FROM links"
        with self._session() as session:
            rows = session.connection().exec_driver_sql(f"{asked} WHERE {where} AND target <> source").all()
        return [
            Edge(source=source, target=target, kind=kind, source_revision=of, target_revision=to, level=level)
            for source, target, kind, of, to, level in rows
        ]

    def outgoing(self, revision: int, span: Span) -> list[Written]:
        """References whose words lie in ``span`` of a revision, in order."""
        return self._written(ReferenceRow.revision == revision, ReferenceRow.start >= span.start, ReferenceRow.end <= span.end)

    def incoming(self, revision: int, span: Span, chunks: Sequence[int], limit: int) -> list[Written]:
        """References that lead into ``span`` of a revision, whose passages there are ``chunks``; up to ``limit``."""
        leading = (
            select(LinkRow.reference)
            .where(LinkRow.target.in_(chunks), LinkRow.target_revision == revision, LinkRow.start < span.end, LinkRow.end > span.start)
            .distinct()
            .limit(limit)
        )
        return self._written(ReferenceRow.id.in_(leading))

    def _written(self, *conditions: object) -> list[Written]:
        query = select(ReferenceRow).where(*conditions).order_by(ReferenceRow.revision, ReferenceRow.start, ReferenceRow.id)  # type: ignore[arg-type]
        with self._session() as session:
            rows = list(session.scalars(query))
            links: dict[int, list[Link]] = {row.id: [] for row in rows}
            for some in _parts(list(links)):
                for link in session.scalars(select(LinkRow).where(LinkRow.reference.in_(some)).order_by(LinkRow.id)):
                    span = Span(start=link.start, end=link.end)
                    links[link.reference].append(
                        Link(revision=link.target_revision, chunk=link.target, span=span, level=link.level, kind=link.kind)
                    )
        return [
            Written(
                revision=row.revision,
                chunk=row.chunk,
                span=Span(start=row.start, end=row.end),
                place=row.place,
                kind=row.kind,
                name=row.name,
                address=row.address,
                links=tuple(links[row.id]),
            )
            for row in rows
        ]

    def unresolved(self, revisions: Sequence[int]) -> list[Written]:
        """The references of these revisions that lead nowhere, in order."""
        leads = select(LinkRow.id).where(LinkRow.reference == ReferenceRow.id).exists()
        return [one for some in _parts(revisions) for one in self._written(ReferenceRow.revision.in_(some), ~leads)]

    def counts(self, revisions: Sequence[int]) -> Counts:
        """How many references of these revisions lead somewhere, and which do not."""
        total = resolved = read = 0
        missing: dict[tuple[str, str], int] = {}
        leads = select(LinkRow.id).where(LinkRow.reference == ReferenceRow.id).exists()
        with self._session() as session:
            for some in _parts(revisions):
                within = ReferenceRow.revision.in_(some)
                read += session.scalar(select(func.count()).select_from(LinkedRow).where(LinkedRow.revision.in_(some))) or 0
                total += session.scalar(select(func.count()).select_from(ReferenceRow).where(within)) or 0
                query = select(ReferenceRow.name, ReferenceRow.address, func.count()).where(within, ~leads)
                for name, address, count in session.execute(query.group_by(ReferenceRow.name, ReferenceRow.address)):
                    missing[name, address] = missing.get((name, address), 0) + count
        resolved = total - sum(missing.values())
        return Counts(revisions=read, references=total, resolved=resolved, missing=missing)


def _parts(numbers: Sequence[int]) -> Iterator[Sequence[int]]:
    for at in range(0, len(numbers), _AT_ONCE):
        yield numbers[at : at + _AT_ONCE]
