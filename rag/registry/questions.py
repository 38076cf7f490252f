"""What is kept of questions, in an SQLite file of its own, so that what has had its time is gone from the disk and from no backup's copy.

Questions are sensitive. This file holds what the settings allow and no reader's name; deleting overwrites (``secure_delete``) and
``VACUUM`` leaves no free pages behind. It is apart from the registry, which is large and must not be rewritten for it.
"""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from types import TracebackType
from typing import Any, Self

from sqlalchemy import ExceptionContext, Text, create_engine, delete, event, func, select, text
from sqlalchemy.orm import DeclarativeBase, Mapped, Session, mapped_column

from rag.errors import DiskFull, KonkyoError, LibraryError, LibraryLocked

NAME = "questions.sqlite3"
WAIT = 10.0
"""Seconds to wait for another process that is writing."""


class _Base(DeclarativeBase):
    """Every table of this file."""


class AskedRow(_Base):
    """A question and what became of it."""

    __tablename__ = "asked"
    number: Mapped[int] = mapped_column(primary_key=True)
    at: Mapped[datetime] = mapped_column(index=True)
    answer: Mapped[str]
    form: Mapped[str]
    question: Mapped[str] = mapped_column(Text)
    language: Mapped[str]
    outcome: Mapped[str]
    reason: Mapped[str]
    seconds: Mapped[float]
    cited: Mapped[str] = mapped_column(Text)


class VerdictRow(_Base):
    """What a reader said of an answer."""

    __tablename__ = "verdicts"
    number: Mapped[int] = mapped_column(primary_key=True)
    at: Mapped[datetime] = mapped_column(index=True)
    answer: Mapped[str]
    form: Mapped[str]
    question: Mapped[str] = mapped_column(Text)
    language: Mapped[str]
    verdict: Mapped[str]
    reason: Mapped[str] = mapped_column(Text)


class _DealtWith:
    """Questions asked in vain: those like ``question`` until ``at``, and what somebody did about them."""

    number: Mapped[int] = mapped_column(primary_key=True)
    at: Mapped[datetime] = mapped_column(index=True)
    question: Mapped[str] = mapped_column(Text)
    language: Mapped[str]
    how: Mapped[str]
    note: Mapped[str] = mapped_column(Text)
    by: Mapped[str]


class ClosedRow(_DealtWith, _Base):
    """That was done."""

    __tablename__ = "closed"


class ClosingRow(_DealtWith, _Base):
    """It is done when a piece of work has ended well."""

    __tablename__ = "closing"
    job: Mapped[int] = mapped_column(index=True)


class ChangedRow(_Base):
    """A kept question that is answered otherwise since a publication."""

    __tablename__ = "changed"
    number: Mapped[int] = mapped_column(primary_key=True)
    at: Mapped[datetime] = mapped_column(index=True)
    job: Mapped[int] = mapped_column(index=True)
    question: Mapped[str] = mapped_column(Text)
    old: Mapped[str] = mapped_column(Text)
    new: Mapped[str] = mapped_column(Text)


@dataclass(frozen=True, kw_only=True, slots=True)
class Cited:
    """Where an answer stood."""

    document_id: str
    revision: str
    """sha256 of the bytes."""
    start: int
    end: int


@dataclass(frozen=True, kw_only=True, slots=True)
class Asked:
    """A question as it was kept, and what became of it."""

    at: datetime
    """UTC."""
    answer: str
    """Id of the answer."""
    form: str
    """"text", "terms" or "off": what ``question`` holds."""
    question: str
    language: str
    outcome: str
    """"answered", "partly" or "refused"."""
    reason: str
    """Why it was refused."""
    seconds: float
    """Time to the answer."""
    cited: tuple[Cited, ...]


@dataclass(frozen=True, kw_only=True, slots=True)
class Verdict:
    """What a reader said of an answer."""

    at: datetime
    answer: str
    form: str
    question: str
    language: str
    verdict: str
    """"right" or "wrong"."""
    reason: str


@dataclass(frozen=True, kw_only=True, slots=True)
class Closed:
    """What somebody did about questions asked in vain."""

    at: datetime
    question: str
    language: str
    how: str
    """"note", "thesaurus", "golden" or "document"."""
    note: str
    by: str


@dataclass(frozen=True, kw_only=True, slots=True)
class Changed:
    """A question that is answered otherwise since a publication."""

    at: datetime
    job: int
    """Number of the publication's job."""
    question: str
    old: tuple[str, ...]
    """What was cited."""
    new: tuple[str, ...]
    """What is answered now; empty: it is refused."""


class Questions:
    """The file, opened for a moment. Use as a context manager.

    Raises:
        LibraryError: it cannot be read or written.
    """

    def __init__(self, home: Path) -> None:
        self.file = home / NAME
        self._engine = create_engine(f"sqlite:///{self.file}", connect_args={"timeout": WAIT})
        event.listen(self._engine, "connect", _configure)
        event.listen(self._engine, "handle_error", self._translate)
        _Base.metadata.create_all(self._engine)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        self._engine.dispose()

    def _translate(self, context: ExceptionContext) -> KonkyoError | None:
        fault, said = context.original_exception, str(context.original_exception)
        if not isinstance(fault, sqlite3.Error):
            return None
        if "full" in said:
            return DiskFull(f"The disk of {self.file.parent} is full ({said}). Make room.")
        if "locked" in said:
            return LibraryLocked(f"{self.file} has been held by another process for {WAIT:g} s. Try again.")
        return LibraryError(f"{self.file} cannot be used ({said}). It holds only statistics: it may be moved away.")

    # ------------------------------------------------------------ writing

    def asked(self, entry: Asked) -> None:
        """Keep a question."""
        cited = json.dumps([[c.document_id, c.revision, c.start, c.end] for c in entry.cited], ensure_ascii=False)
        fields = {name: getattr(entry, name) for name in ("answer", "form", "question", "language", "outcome", "reason", "seconds")}
        self._keep(AskedRow(at=_stored(entry.at), cited=cited, **fields))

    def judged(self, entry: Verdict) -> None:
        """Keep what a reader said of an answer."""
        fields = {name: getattr(entry, name) for name in ("answer", "form", "question", "language", "verdict", "reason")}
        self._keep(VerdictRow(at=_stored(entry.at), **fields))

    def close(self, entry: Closed) -> None:
        """Keep that somebody has dealt with questions like this one."""
        fields = {name: getattr(entry, name) for name in ("question", "language", "how", "note", "by")}
        self._keep(ClosedRow(at=_stored(entry.at), **fields))

    def close_later(self, entry: Closed, job: int) -> None:
        """Keep that questions like this one are dealt with once the work of this number has ended well."""
        fields = {name: getattr(entry, name) for name in ("question", "language", "how", "note", "by")}
        self._keep(ClosingRow(at=_stored(entry.at), job=job, **fields))

    def close_with(self, job: int) -> None:
        """That work has ended well."""
        with Session(self._engine) as session, session.begin():
            for row in session.scalars(select(ClosingRow).where(ClosingRow.job == job)):
                session.add(ClosedRow(at=row.at, **_fields(row, "question language how note by")))
                session.delete(row)

    def changed(self, entry: Changed) -> None:
        """Keep that a question is answered otherwise."""
        old, new = (json.dumps(some, ensure_ascii=False) for some in (entry.old, entry.new))
        self._keep(ChangedRow(at=_stored(entry.at), job=entry.job, question=entry.question, old=old, new=new))

    def _keep(self, row: _Base) -> None:
        with Session(self._engine) as session, session.begin():
            session.add(row)

    def delete_before(self, moment: datetime) -> int:
        """Delete whatever is older, so that its characters are not on the disk any more. Returns how many entries went."""
        gone = 0
        with Session(self._engine) as session, session.begin():
            for table in (AskedRow, VerdictRow, ClosedRow, ClosingRow, ChangedRow):
                before = session.scalar(select(func.count()).select_from(table).where(table.at < _stored(moment))) or 0
                if before:
                    session.execute(delete(table).where(table.at < _stored(moment)))
                gone += before
        if gone:
            with self._engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
                connection.execute(text("VACUUM"))
        return gone

    # ------------------------------------------------------------ reading

    def all_asked(self, since: datetime | None = None) -> list[Asked]:
        """Kept questions, oldest first."""
        query = select(AskedRow).order_by(AskedRow.at, AskedRow.number)
        if since:
            query = query.where(AskedRow.at >= _stored(since))
        with Session(self._engine) as session:
            return [
                Asked(at=_read(row.at), cited=_cited(row.cited), **_fields(row, "answer form question language outcome reason seconds"))
                for row in session.scalars(query)
            ]

    def all_verdicts(self) -> list[Verdict]:
        """Kept verdicts, oldest first."""
        with Session(self._engine) as session:
            rows = session.scalars(select(VerdictRow).order_by(VerdictRow.at, VerdictRow.number))
            return [Verdict(at=_read(row.at), **_fields(row, "answer form question language verdict reason")) for row in rows]

    def all_closed(self) -> list[Closed]:
        """What was dealt with, oldest first."""
        with Session(self._engine) as session:
            rows = session.scalars(select(ClosedRow).order_by(ClosedRow.at, ClosedRow.number))
            return [Closed(at=_read(row.at), **_fields(row, "question language how note by")) for row in rows]

    def changed_by(self, job: int) -> list[Changed]:
        """What a publication changed, in the order in which it was found."""
        with Session(self._engine) as session:
            rows = session.scalars(select(ChangedRow).where(ChangedRow.job == job).order_by(ChangedRow.number))
            return [
                Changed(at=_read(row.at), job=job, question=row.question, old=tuple(json.loads(row.old)), new=tuple(json.loads(row.new)))
                for row in rows
            ]


def since(days: int) -> datetime:
    """The moment so many days ago."""
    return datetime.now(UTC) - timedelta(days=days)


def _configure(connection: Any, _record: object) -> None:
    cursor = connection.cursor()
    # No write-ahead log: it would hold what was deleted until somebody checkpoints it.
    for pragma in ("journal_mode=TRUNCATE", "secure_delete=ON", "synchronous=NORMAL"):
        cursor.execute(f"PRAGMA {pragma}")
    cursor.close()


def _stored(moment: datetime) -> datetime:
    return moment.astimezone(UTC).replace(tzinfo=None)


def _read(moment: datetime) -> datetime:
    return moment.replace(tzinfo=UTC)


def _fields(row: _Base, names: str) -> dict[str, Any]:
    return {name: getattr(row, name) for name in names.split()}


def _cited(stored: str) -> tuple[Cited, ...]:
    rows: Sequence[tuple[str, str, int, int]] = json.loads(stored)
    return tuple(Cited(document_id=document, revision=revision, start=start, end=end) for document, revision, start, end in rows)
