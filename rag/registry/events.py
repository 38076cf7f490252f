"""The log: who did what to which document, when and why. Only added to; each entry carries the digest of the one before it.

    digest = sha256(json([at, user, action, subject, detail, previous]))

An entry is written in the same transaction as what it tells of, so that neither is there without the other.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Mapping
from datetime import UTC, datetime

from sqlalchemy import Text, func, select, update
from sqlalchemy.orm import Mapped, Session, mapped_column

from rag.records import Event
from rag.registry.tables import Base, MetaRow

FIRST = "0" * 64
"""What the first entry names as the one before it."""


class EventRow(Base):
    """An entry of the log. No two follow the same one."""

    __tablename__ = "events"
    __table_args__ = {"sqlite_autoincrement": True}
    number: Mapped[int] = mapped_column(primary_key=True)
    at: Mapped[str]
    user: Mapped[str]
    action: Mapped[str]
    subject: Mapped[str] = mapped_column(index=True)
    detail: Mapped[str] = mapped_column(Text)
    previous: Mapped[str] = mapped_column(unique=True)
    digest: Mapped[str]


def digest(at: str, user: str, action: str, subject: str, detail: str, previous: str) -> str:
    """sha256 in hex over everything an entry says, and over the one before it."""
    return hashlib.sha256(json.dumps([at, user, action, subject, detail, previous], ensure_ascii=False).encode()).hexdigest()


def append(session: Session, *, user: str, action: str, subject: str, detail: Mapping[str, object]) -> None:
    """Add an entry inside a transaction."""
    # A write first: from here on nobody else adds an entry, so that the last one stays the last one.
    session.execute(update(MetaRow).where(MetaRow.key == "schema").values(value=MetaRow.value))
    last = session.scalars(select(EventRow.digest).order_by(EventRow.number.desc()).limit(1)).first() or FIRST
    at = datetime.now(UTC).isoformat(timespec="milliseconds")
    said = json.dumps(detail, ensure_ascii=False, sort_keys=True, default=str)
    row = EventRow(at=at, user=user, action=action, subject=subject, detail=said, previous=last)
    row.digest = digest(at, user, action, subject, said, last)
    session.add(row)
    session.flush()


def faults(number: int, event: Event | EventRow, last: str) -> dict[str, str]:
    """What is wrong with an entry, a sentence each: "order" where it does not follow the one before it, "changed" where it was changed.

    Args:
        number: its place in the log, counted from 1.
        last: the digest of the one before it.
    """
    found, what = {}, f"Entry {number} ({event.action} {event.subject})"
    if event.previous != last:
        found["order"] = f"{what} does not follow the one before it: one was removed, added or moved."
    if digest(event.at, event.user, event.action, event.subject, event.detail, event.previous) != event.digest:
        found["changed"] = f"{what} is not what was written: it was changed."
    return found


class EventStore:
    """The log of a registry."""

    def __init__(self, session: Callable[[], Session]) -> None:
        self._session = session

    def append(self, *, user: str, action: str, subject: str, detail: Mapping[str, object]) -> None:
        """Add an entry by itself."""
        with self._session() as session, session.begin():
            append(session, user=user, action=action, subject=subject, detail=detail)

    def all(self, subject: str = "") -> list[Event]:
        """Entries, oldest first; of one subject only, if one is named."""
        query = select(EventRow).order_by(EventRow.number)
        if subject:
            query = query.where(EventRow.subject == subject)
        with self._session() as session:
            return [_event(row) for row in session.scalars(query)]

    def count(self) -> int:
        """How many entries there are."""
        with self._session() as session:
            return session.scalar(select(func.count()).select_from(EventRow)) or 0


def _event(row: EventRow) -> Event:
    return Event(
        at=row.at,
        user=row.user,
        action=row.action,
        subject=row.subject,
        detail=row.detail,
        previous=row.previous,
        digest=row.digest,
    )
