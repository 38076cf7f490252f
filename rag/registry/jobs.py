"""Long work of the desk, written down before it begins: it outlives the page that asked for it and the program that does it."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import lru_cache
from typing import Any

from sqlalchemy import Text, delete, select, update
from sqlalchemy.orm import Mapped, Session, mapped_column

from rag.registry.tables import Base

WAITING, RUNNING, DONE, FAILED, CANCELLED = "waiting", "running", "done", "failed", "cancelled"
OPEN = (WAITING, RUNNING)
"""States in which there is something to do."""


class JobRow(Base):
    """A piece of work."""

    __tablename__ = "jobs"
    __table_args__ = {"sqlite_autoincrement": True}
    number: Mapped[int] = mapped_column(primary_key=True)
    kind: Mapped[str]
    user: Mapped[str]
    clearance: Mapped[int]
    state: Mapped[str]
    made: Mapped[datetime]
    ended: Mapped[datetime | None]
    what: Mapped[str] = mapped_column(Text)
    stage: Mapped[str] = mapped_column(default="")
    done: Mapped[int] = mapped_column(default=0)
    total: Mapped[int] = mapped_column(default=0)
    told: Mapped[str] = mapped_column(Text, default="[]")
    code: Mapped[str] = mapped_column(default="")
    message: Mapped[str] = mapped_column(Text, default="")
    cancel: Mapped[bool] = mapped_column(default=False)
    tries: Mapped[int] = mapped_column(default=0)


@dataclass(frozen=True, kw_only=True, slots=True)
class Job:
    """A piece of work, and how far it is."""

    number: int
    kind: str
    """"add", "read", "correct", "check", "publish", "retire", "golden" or "fetch"."""
    user: str
    clearance: int
    """What the person may read who asked for it: nobody who may read less sees it."""
    state: str
    made: datetime
    """UTC."""
    ended: datetime | None
    what: Mapping[str, Any]
    """What is to be done, as far as this kind of job needs it."""
    stage: str = ""
    """What is being done, as the writer says it."""
    done: int = 0
    total: int = 0
    """0: nobody knows yet."""
    told: tuple[dict[str, Any], ...] = ()
    """What became of each file or document."""
    code: str = ""
    """Name of the error that ended it."""
    message: str = ""
    cancel: bool = False
    """Somebody wants it stopped."""
    tries: int = 0
    """How often it was begun."""

    @property
    def open(self) -> bool:
        """True while there is something to do."""
        return self.state in OPEN


class JobStore:
    """The jobs of a registry."""

    def __init__(self, session: Callable[[], Session]) -> None:
        self._session = session

    def add(self, kind: str, what: Mapping[str, Any], *, user: str, clearance: int) -> int:
        """Write a job down; returns its number."""
        row = JobRow(
            kind=kind, user=user, clearance=clearance, state=WAITING, made=_now(), what=json.dumps(what, ensure_ascii=False, default=str)
        )
        with self._session() as session, session.begin():
            session.add(row)
            session.flush()
            return row.number

    def all(self, *, clearance: int, limit: int = 50) -> list[Job]:
        """Jobs that a person of this clearance may see, the newest first."""
        query = select(JobRow).where(JobRow.clearance <= clearance).order_by(JobRow.number.desc()).limit(limit)
        with self._session() as session:
            return [_job(row) for row in session.scalars(query)]

    def get(self, number: int) -> Job | None:
        """One job; None where there is none of this number."""
        with self._session() as session:
            row = session.get(JobRow, number)
            return _job(row) if row else None

    def waiting(self) -> bool:
        """True where something is to be done."""
        with self._session() as session:
            return session.scalars(select(JobRow.number).where(JobRow.state.in_(OPEN)).limit(1)).first() is not None

    def next(self) -> Job | None:
        """The oldest job that waits, now running; None where none waits."""
        with self._session() as session, session.begin():
            row = session.scalars(select(JobRow).where(JobRow.state == WAITING).order_by(JobRow.number).limit(1)).first()
            if row is None:
                return None
            row.state, row.tries = RUNNING, row.tries + 1
            return _job(row)

    def take_back(self) -> None:
        """What ran when its program died waits again. Only for the one that does the jobs."""
        with self._session() as session, session.begin():
            session.execute(update(JobRow).where(JobRow.state == RUNNING).values(state=WAITING))

    def note(self, number: int, **values: Any) -> bool:
        """Keep how far a job is; ``told`` as a list. Returns whether somebody wants it stopped."""
        if "told" in values:
            values["told"] = json.dumps(values["told"], ensure_ascii=False, default=str)
        with self._session() as session, session.begin():
            if values:
                session.execute(update(JobRow).where(JobRow.number == number).values(**values))
            return bool(session.scalar(select(JobRow.cancel).where(JobRow.number == number)))

    def end(self, number: int, state: str, *, code: str = "", message: str = "", told: Sequence[Mapping[str, Any]] | None = None) -> None:
        """A job is over."""
        values: dict[str, Any] = {"state": state, "ended": _now(), "code": code, "message": message, "stage": ""}
        self.note(number, **values, **({"told": list(told)} if told is not None else {}))

    def drop(self) -> None:
        """Forget every job: the files that they wait for are not here."""
        with self._session() as session, session.begin():
            session.execute(delete(JobRow))

    def cancel(self, number: int) -> None:
        """Want a job stopped: one that waits is over at once, one that runs ends at its next step."""
        with self._session() as session, session.begin():
            session.execute(update(JobRow).where(JobRow.number == number, JobRow.state.in_(OPEN)).values(cancel=True))
            session.execute(
                update(JobRow).where(JobRow.number == number, JobRow.state == WAITING).values(state=CANCELLED, ended=_now(), stage="")
            )


def _job(row: JobRow) -> Job:
    plain = {name: getattr(row, name) for name in "number kind user clearance state stage done total code message cancel tries".split()}
    made, ended = row.made.replace(tzinfo=UTC), row.ended.replace(tzinfo=UTC) if row.ended else None
    return Job(made=made, ended=ended, what=json.loads(row.what), told=_told(row.told or "[]"), **plain)


@lru_cache(maxsize=64)
def _told(stored: str) -> tuple[dict[str, Any], ...]:
    """What became of a job's files. A page with jobs of a thousand files would read it anew several times a second; nobody changes it."""
    return tuple(json.loads(stored))


def _now() -> datetime:
    return datetime.now(UTC).replace(tzinfo=None)
