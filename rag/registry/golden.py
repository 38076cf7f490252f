"""Golden questions that a library keeps, and what came of them each time they were put."""

from __future__ import annotations

import json
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime
from typing import Any

from sqlalchemy import Text, delete, select
from sqlalchemy.orm import Mapped, Session, mapped_column

from rag.registry import events, proof
from rag.registry.tables import Base


class GoldenRow(Base):
    """A question with the provisions that answer it; none: it must be refused."""

    __tablename__ = "golden"
    number: Mapped[int] = mapped_column(primary_key=True)
    question: Mapped[str] = mapped_column(Text)
    language: Mapped[str]
    as_of: Mapped[str]
    expect: Mapped[str] = mapped_column(Text)
    topic: Mapped[str]


class GoldenRunRow(Base):
    """All of them, put at one moment."""

    __tablename__ = "golden_runs"
    number: Mapped[int] = mapped_column(primary_key=True)
    at: Mapped[datetime]
    user: Mapped[str]
    why: Mapped[str]
    verdicts: Mapped[str] = mapped_column(Text)
    accepted: Mapped[str]


@dataclass(frozen=True, kw_only=True, slots=True)
class Kept:
    """A golden question of a library."""

    number: int
    question: str
    language: str
    as_of: date | None
    expect: tuple[dict[str, Any], ...]
    """{"document", "path", "page"}: any one is enough. Empty: it must be refused."""
    topic: str


@dataclass(frozen=True, kw_only=True, slots=True)
class Run:
    """What came of the golden questions at one moment."""

    at: datetime
    user: str
    why: str
    """"publication", "retirement" or "by hand"."""
    verdicts: Mapping[int, str]
    """Number of the question -> "hit", "miss", "refused", "refused rightly", "answered"."""
    accepted: str
    """Why a loss was accepted."""


class GoldenStore:
    """The golden questions of a registry."""

    def __init__(self, session: Callable[[], Session], odd: Callable[[], Collection[int]] = frozenset) -> None:
        self._session = session
        self._odd = odd
        """Numbers of the questions that are not what the log says."""

    def add(self, question: str, *, language: str, expect: Sequence[Mapping[str, Any]], as_of: date | None, topic: str, user: str) -> int:
        """Keep a question; returns its number."""
        row = GoldenRow(
            question=question,
            language=language,
            as_of=as_of.isoformat() if as_of else "",
            expect=json.dumps(list(expect), ensure_ascii=False),
            topic=topic,
        )
        with self._session() as session, session.begin():
            session.add(row)
            session.flush()
            digest = proof.of_golden(row.question, row.language, row.as_of, row.expect, row.topic)
            detail = {"question": question, "proof": {"golden": {str(row.number): digest}}}
            events.append(session, user=user, action="golden", subject=f"golden {row.number}", detail=detail)
            return row.number

    def remove(self, number: int, *, user: str, reason: str) -> bool:
        """Forget a question; False where there is none of this number."""
        with self._session() as session, session.begin():
            if session.get(GoldenRow, number) is None:
                return False
            session.execute(delete(GoldenRow).where(GoldenRow.number == number))
            events.append(session, user=user, action="drop golden", subject=f"golden {number}", detail={"reason": reason})
            return True

    def all(self) -> list[Kept]:
        """Every question, oldest first; those that are not what the log says are not asked."""
        odd = self._odd()
        with self._session() as session:
            return [
                Kept(
                    number=row.number,
                    question=row.question,
                    language=row.language,
                    as_of=date.fromisoformat(row.as_of) if row.as_of else None,
                    expect=tuple(json.loads(row.expect)),
                    topic=row.topic,
                )
                for row in session.scalars(select(GoldenRow).order_by(GoldenRow.number))
                if row.number not in odd
            ]

    def keep_run(self, verdicts: Mapping[int, str], *, user: str, why: str, accepted: str = "") -> None:
        """Keep what came of them."""
        stored = json.dumps({str(number): verdict for number, verdict in verdicts.items()})
        with self._session() as session, session.begin():
            at = datetime.now(UTC).replace(tzinfo=None)
            session.add(GoldenRunRow(at=at, user=user, why=why, verdicts=stored, accepted=accepted))

    def runs(self) -> list[Run]:
        """What came of them each time, oldest first."""
        with self._session() as session:
            return [
                Run(
                    at=row.at.replace(tzinfo=UTC),
                    user=row.user,
                    why=row.why,
                    verdicts={int(number): verdict for number, verdict in json.loads(row.verdicts).items()},
                    accepted=row.accepted,
                )
                for row in session.scalars(select(GoldenRunRow).order_by(GoldenRunRow.number))
            ]
