"""The registry: what is in the library, in SQLite. With the original bytes it is the only truth.

A revision is *pending* while the indexes take it in, *published* when every index has it, *superseded* when a later file
took its place. One that waits for a person is a *draft*, then *checked*; one that was taken back is *retired*. Only published
revisions are ever found. Each change of what is published raises the generation by one, in the same transaction, so that
readers know when to look again; the log says in that transaction too who did it and why.
"""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import astuple, replace
from pathlib import Path as FilePath
from typing import Any

import numpy as np
from sqlalchemy import ColumnElement, ExceptionContext, create_engine, delete, event, func, insert, select, text, update
from sqlalchemy.orm import Session, defer
from sqlalchemy.schema import CreateIndex, CreateTable

from rag.embed import Vectors
from rag.errors import DiskFull, KonkyoError, LibraryError, LibraryLocked, LibraryOutdated, NotAsPublished, UnknownDocument
from rag.holder import person
from rag.records import Chunk, Document, Source
from rag.registry import events
from rag.registry.checking import Checker, altered, vouched
from rag.registry.desk import DeskStore
from rag.registry.golden import GoldenStore
from rag.registry.jobs import JobStore
from rag.registry.references import ReferenceStore
from rag.registry.rows import Revision as Revision
from rag.registry.rows import chunk_of, document_of, lines_of, new_chunk, new_revision, revision_of, source_of
from rag.registry.tables import CHECKED as CHECKED
from rag.registry.tables import DRAFT as DRAFT
from rag.registry.tables import PENDING as PENDING
from rag.registry.tables import PUBLISHED as PUBLISHED
from rag.registry.tables import RETIRED as RETIRED
from rag.registry.tables import SUPERSEDED as SUPERSEDED
from rag.registry.tables import Base, CanaryRow, ChunkRow, FurnitureRow, MetaRow, RevisionRow, raise_generation

SCHEMA = "1"
"""Raised when the tables change shape."""
WAIT = 30.0
"""Seconds to wait for another process that is writing."""

HIDDEN = (PENDING, DRAFT, CHECKED)
"""States in which nobody but the desk sees a revision, and no answer ever cited it."""

# What every search asks for: as rows, not as objects that a session watches, which take three times as long.
_GENERATION = select(MetaRow.value).where(MetaRow.key == "generation")
_CHUNKS = select(ChunkRow.__table__, RevisionRow.document_id, RevisionRow.sha256).join(RevisionRow, RevisionRow.number == ChunkRow.revision)


class Registry:
    """The tables, in one SQLite file.

    Raises:
        LibraryOutdated: the file was made by another version of Konkyo.
        LibraryError: the file is not a registry, or is damaged.
    """

    def __init__(self, file: FilePath) -> None:
        try:
            file.parent.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise LibraryError(f"The folder {file.parent} cannot be used ({error.strerror}). Name another one: KONKYO_HOME.") from error
        self.file = file
        self._engine = create_engine(f"sqlite:///{file}", connect_args={"timeout": WAIT})
        event.listen(self._engine, "connect", _configure)
        event.listen(self._engine, "handle_error", self._translate)
        with self._session() as session, session.begin():
            # Each step bears that another process does the same at the same moment.
            for table in Base.metadata.sorted_tables:
                session.execute(CreateTable(table, if_not_exists=True))
                for index in sorted(table.indexes, key=lambda index: str(index.name)):
                    session.execute(CreateIndex(index, if_not_exists=True))
            for key, value in (("schema", SCHEMA), ("generation", "0")):
                session.execute(insert(MetaRow).prefix_with("OR IGNORE").values(key=key, value=value))
            schema = session.get_one(MetaRow, "schema").value
        if schema != SCHEMA:
            raise LibraryOutdated(
                f"The library in {file.parent} has tables of version {schema}; this program reads {SCHEMA}. "
                "Move the folder away and add the documents again."
            )
        self.checker = Checker(file, self._session)
        self.checker.record(person())

    def _translate(self, context: ExceptionContext) -> KonkyoError | None:
        """SQLite's errors as ours; called by SQLAlchemy, which raises what is returned."""
        fault, said = context.original_exception, str(context.original_exception)
        if isinstance(fault, sqlite3.OperationalError) and "full" in said:
            return DiskFull(f"The disk of {self.file.parent} is full ({said}). Make room and run again: it goes on where it stopped.")
        if isinstance(fault, sqlite3.OperationalError) and "locked" in said:
            return LibraryLocked(f"The registry {self.file} has been held by another process for {WAIT:g} s. Wait, then try again.")
        if isinstance(fault, sqlite3.OperationalError) and ("unable to open" in said or "readonly" in said):
            return LibraryError(f"The registry {self.file} cannot be used ({said}). Check the rights of the folder.")
        if isinstance(fault, sqlite3.DatabaseError):
            return LibraryError(f"The registry {self.file} cannot be read ({said}). Restore it from a backup.")
        return None

    def _session(self) -> Session:
        return Session(self._engine, expire_on_commit=False)

    def close(self) -> None:
        """Give the file back."""
        self.checker.close()
        self._engine.dispose()

    def copy(self, file: FilePath) -> None:
        """Write a whole copy of the tables to a new file, as they are at this moment.

        Raises:
            DiskFull: it does not fit.
        """
        with self._engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
            connection.execute(text("VACUUM INTO :file"), {"file": str(file)})

    @property
    def desk(self) -> DeskStore:
        """Checks, corrections and states."""
        return DeskStore(self._session)

    @property
    def golden(self) -> GoldenStore:
        """Golden questions and their history."""
        return GoldenStore(self._session, lambda: self.checker.look().golden)

    @property
    def events(self) -> events.EventStore:
        """The log."""
        return events.EventStore(self._session)

    @property
    def jobs(self) -> JobStore:
        """Long work, waiting, running and done."""
        return JobStore(self._session)

    @property
    def references(self) -> ReferenceStore:
        """What the passages point to."""
        return ReferenceStore(self._session)

    # ------------------------------------------------------------ reading

    @property
    def generation(self) -> int:
        """Raised with every change of what is published."""
        with self._engine.connect() as connection:
            return int(connection.execute(_GENERATION).scalar_one())

    def revisions(self, *states: str) -> list[Revision]:
        """Revisions in the given states (all, if none is given), oldest first.

        Of one whose source is not what the log says, only what the log itself says of it is told: nothing that stands there is true.
        """
        query = select(RevisionRow).options(defer(RevisionRow.text), defer(RevisionRow.blocks)).order_by(RevisionRow.number)
        if states:
            query = query.where(RevisionRow.state.in_(states))
        look = self.checker.look()
        with self._session() as session:
            return [revision_of(row, look.expected.revisions.get(row.number)) for row in session.scalars(query)]

    def document(self, document_id: str, sha256: str = "") -> Document:
        """See :meth:`numbered`."""
        return self.numbered(document_id, sha256)[1]

    def numbered(self, document_id: str, sha256: str = "") -> tuple[int, Document]:
        """A revision that is or was published with its number, by the first characters of its sha256; the newest if none are given, unless
        it is retired.

        Raises:
            UnknownDocument: there is none.
            NotAsPublished: it is not what the log says.
        """
        query = select(RevisionRow).where(RevisionRow.document_id == document_id, RevisionRow.state.not_in(HIDDEN))
        query = query.where(RevisionRow.sha256.startswith(sha256, autoescape=True) if sha256 else RevisionRow.state != RETIRED)
        order = (RevisionRow.state == PUBLISHED).desc(), RevisionRow.number.desc()
        with self.checker.snapshot() as session:
            row = session.scalars(query.order_by(*order).limit(1)).first()
            if row is None:
                raise unknown(document_id, sha256)
            return row.number, self._proven(session, [row])[row.number]

    def documents(self, numbers: Sequence[int]) -> dict[int, Document]:
        """Revisions with their texts and blocks, by number: fit to be shown.

        Raises:
            NotAsPublished: one of them is not what the log says.
        """
        with self.checker.snapshot() as session:
            return self._proven(session, session.scalars(select(RevisionRow).where(RevisionRow.number.in_(numbers))).all())

    def _proven(self, session: Session, rows: Sequence[RevisionRow]) -> dict[int, Document]:
        lines = lines_of(session, [row.number for row in rows])
        for row in rows:
            if self.checker.faults(session, row, lines.get(row.number, "")):
                raise NotAsPublished(row.document_id, row.number)
        return {row.number: document_of(row, lines.get(row.number, "")) for row in rows}

    def unproven(self, numbers: Sequence[int]) -> dict[int, Document]:
        """The same of whatever stands there: for what is made from texts and shows none of their words, and for reading a file anew."""
        with self._session() as session:
            rows = session.scalars(select(RevisionRow).where(RevisionRow.number.in_(numbers))).all()
            lines = lines_of(session, numbers)
            return {row.number: document_of(row, lines.get(row.number, "")) for row in rows}

    def chunks(self, ids: Sequence[int]) -> dict[int, tuple[Chunk, int]]:
        """Chunks by id, each with the number of its revision; unknown ids are left out."""
        with self._engine.connect() as connection:
            rows = [row for some in _portions(ids) for row in connection.execute(_CHUNKS.where(ChunkRow.id.in_(some)))]
        return {row.id: (chunk_of(row), row.revision) for row in rows}

    def places(self, ids: Sequence[int]) -> dict[int, tuple[int, int]]:
        """Where chunks stand: the number of the revision, and the level; unknown ids are left out."""
        query = select(ChunkRow.id, ChunkRow.revision, ChunkRow.level)
        with self._engine.connect() as connection:
            rows = [row for some in _portions(ids) for row in connection.execute(query.where(ChunkRow.id.in_(some)))]
        return {chunk: (revision, level) for chunk, revision, level in rows}

    def chunks_of(self, revision: int) -> list[Chunk]:
        """The chunks of a revision, in order."""
        with self._engine.connect() as connection:
            return [chunk_of(row) for row in connection.execute(_CHUNKS.where(ChunkRow.revision == revision).order_by(ChunkRow.ordinal))]

    def _public(self) -> tuple[ColumnElement[bool], ...]:
        """What is published, and not only by a hand in the table: no index has that."""
        return RevisionRow.state == PUBLISHED, RevisionRow.number.not_in(self.checker.look().revisions)

    def counts(self) -> tuple[int, int]:
        """How many chunks are published, and how many of them have a vector."""
        query = (
            select(func.count(), func.count().filter(ChunkRow.embedded))
            .select_from(ChunkRow)
            .join(RevisionRow, RevisionRow.number == ChunkRow.revision)
            .where(*self._public())
        )
        with self._session() as session:
            total, embedded = session.execute(query).one()
        return int(total), int(embedded)

    def sample(self, size: int) -> list[int]:
        """Ids of up to ``size`` published chunks, spread over the whole."""
        query = select(ChunkRow.id).join(RevisionRow, RevisionRow.number == ChunkRow.revision).where(*self._public()).order_by(ChunkRow.id)
        with self._session() as session:
            ids = list(session.scalars(query))
        return ids[:: max(1, len(ids) // size)][:size]

    def canaries(self, size: int) -> dict[int, tuple[int, Vectors]]:
        """Up to ``size`` published chunks that have a vector: the number of the revision, and the vector (d,)."""
        query = (
            select(CanaryRow.chunk, ChunkRow.revision, CanaryRow.vector)
            .join(ChunkRow, ChunkRow.id == CanaryRow.chunk)
            .join(RevisionRow, RevisionRow.number == ChunkRow.revision)
            .where(*self._public())
            .order_by(CanaryRow.chunk)
        )
        with self._session() as session:
            rows = session.execute(query).all()
        rows = rows[:: max(1, len(rows) // size)][:size]
        return {chunk: (revision, np.frombuffer(vector, dtype=np.float32)) for chunk, revision, vector in rows}

    # ------------------------------------------------------------ writing (by the one writer)

    def begin(
        self, batch: Sequence[tuple[Document, Sequence[Chunk]]], state: str = PENDING, *, user: str = ""
    ) -> list[tuple[int, list[Chunk]]]:
        """Register revisions as pending or draft, in one transaction. Returns for each its number, and its chunks with their ids.

        What waits for a person is vouched for from now on: what is published is what was read.
        """
        with self._session() as session, session.begin():
            rows = [new_revision(document, state) for document, _ in batch]
            session.add_all(rows)
            session.flush()
            session.add_all(
                FurnitureRow(revision=row.number, lines=json.dumps([astuple(line) for line in document.furniture], ensure_ascii=False))
                for row, (document, _) in zip(rows, batch, strict=True)
                if document.furniture
            )
            new = [new_chunk(chunk, row.number) for row, (_, chunks) in zip(rows, batch, strict=True) for chunk in chunks]
            ids = iter(session.scalars(insert(ChunkRow).returning(ChunkRow.id, sort_by_parameter_order=True), new).all() if new else ())
            for row in rows if state == DRAFT else ():
                detail = {"revision": row.sha256, "reason": "", "proof": vouched(session, row, DRAFT)}
                events.append(session, user=user, action="add draft", subject=row.document_id, detail=detail)
            return [(row.number, [replace(chunk, id=next(ids)) for chunk in chunks]) for row, (_, chunks) in zip(rows, batch, strict=True)]

    def embedded(self, vectors: dict[int, Vectors], canaries: Iterable[int]) -> None:
        """Note which chunks have a vector, and keep some of the vectors aside."""
        with self._session() as session, session.begin():
            session.execute(update(ChunkRow).where(ChunkRow.id.in_(list(vectors))).values(embedded=True))
            for chunk in canaries:
                session.merge(CanaryRow(chunk=chunk, vector=vectors[chunk].astype(np.float32).tobytes()))

    def publish(self, numbers: Sequence[int], *, user: str = "", reasons: Mapping[int, str] | None = None) -> list[int]:
        """Make pending or drafted revisions visible, all at once, and supersede those whose place they take.

        Args:
            user: who publishes, for the log.
            reasons: number -> why, where something speaks against it.

        Returns:
            The numbers that were superseded; the indexes may forget them.

        Raises:
            LibraryError: one of them is not there any more, or is published already.
            NotAsPublished: one of them is not what was read and kept as a draft, or what was published before it was retired.
        """
        gone: list[int] = []
        light = select(RevisionRow).options(defer(RevisionRow.text), defer(RevisionRow.blocks))
        with self._session() as session, session.begin():
            new = {
                row.number: row
                for row in session.scalars(light.where(RevisionRow.number.in_(numbers), RevisionRow.state.in_((*HIDDEN, RETIRED))))
            }
            if missing := set(numbers) - set(new):
                raise LibraryError(
                    f"{len(missing)} of {len(numbers)} documents cannot be published: somebody else did so, or dropped them, meanwhile."
                )
            # What was pending was read a moment ago, by this process, and no entry speaks of it yet.
            for number in altered(session, [row.number for row in new.values() if row.state != PENDING]):
                raise NotAsPublished(new[number].document_id, number)
            ids = {row.document_id for row in new.values()}
            rivals: dict[str, list[RevisionRow]] = {}
            for row in session.scalars(light.where(RevisionRow.document_id.in_(ids), RevisionRow.state == PUBLISHED)):
                rivals.setdefault(row.document_id, []).append(row)
            for number in numbers:
                row = new[number]
                source = source_of(row.source)
                replaced = [
                    other
                    for other in rivals.get(row.document_id, [])
                    if other.state == PUBLISHED and takes_place(source, source_of(other.source))
                ]
                for other in replaced:
                    other.state = SUPERSEDED
                    gone.append(other.number)
                row.state = PUBLISHED
                rivals.setdefault(row.document_id, []).append(row)
                why = (reasons or {}).get(number, "")
                detail = {
                    "revision": row.sha256,
                    "replaces": [other.sha256 for other in replaced],
                    "reason": why,
                    "proof": vouched(session, row, PUBLISHED, [other.number for other in replaced]),
                }
                events.append(session, user=user, action="publish", subject=row.document_id, detail=detail)
            raise_generation(session)
        return gone

    def drop(self, numbers: Sequence[int]) -> None:
        """Remove pending revisions as if they had never come."""
        with self._session() as session, session.begin():
            session.execute(delete(RevisionRow).where(RevisionRow.number.in_(numbers), RevisionRow.state == PENDING))

    def renew_contexts(self, contexts: Mapping[int, str]) -> None:
        """Chunk -> what is searched beside its text from now on."""
        if contexts:
            with self._session() as session, session.begin():
                session.execute(update(ChunkRow), [{"id": id_, "context": context} for id_, context in contexts.items()])

    def forget_vectors(self) -> None:
        """Before a rebuild: no chunk has a vector."""
        with self._session() as session, session.begin():
            session.execute(delete(CanaryRow))
            session.execute(update(ChunkRow).values(embedded=False))

    def bump(self) -> None:
        """Tell readers to look again."""
        with self._session() as session, session.begin():
            raise_generation(session)


def takes_place(new: Source, old: Source) -> bool:
    """True where a revision takes the place of another one of its document: it came from the same file or applies from the same day."""
    return new.uri == old.uri or new.effective_from == old.effective_from


def unknown(document_id: str, sha256: str) -> UnknownDocument:
    """The error for a document that is not there, and in the same words for one that the reader may not see."""
    what = f"{document_id} in revision {sha256}" if sha256 else document_id
    return UnknownDocument(f"The library has no document {what}. List them with: python -m rag status --documents")


def _configure(connection: Any, _record: object) -> None:
    cursor = connection.cursor()
    # FULL: what was acknowledged survives a power cut, not only a killed process.
    for pragma in ("journal_mode=WAL", "synchronous=FULL", "foreign_keys=ON"):
        cursor.execute(f"PRAGMA {pragma}")
    cursor.close()


def _portions(ids: Sequence[int]) -> Iterator[Sequence[int]]:
    """SQLite takes at most 32,766 values in one statement."""
    return (ids[start : start + 30_000] for start in range(0, len(ids), 30_000))
