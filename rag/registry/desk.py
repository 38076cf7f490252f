"""What the desk keeps beside the documents: results of checks, corrections that outlive a new reading, states."""

from __future__ import annotations

import json
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime
from typing import Any

from sqlalchemy import ForeignKey, LargeBinary, Text, delete, func, select, update
from sqlalchemy.orm import Mapped, Session, mapped_column

from rag.records import HIGHEST_LEVEL, Kind, Source
from rag.registry import events, proof
from rag.registry.checking import altered, vouched
from rag.registry.tables import (
    CHECKED,
    DRAFT,
    OF_THE_DOCUMENT,
    OF_THE_REVISION,
    PUBLISHED,
    RETIRED,
    Base,
    CanaryRow,
    ChunkRow,
    CorrectionRow,
    RevisionRow,
    raise_generation,
)

_DATES = ("issued", "effective_from", "effective_to", "review_on")


class CheckRow(Base):
    """What the gate found in a revision."""

    __tablename__ = "checks"
    revision: Mapped[int] = mapped_column(ForeignKey("revisions.number", ondelete="CASCADE"), primary_key=True)
    at: Mapped[datetime]
    user: Mapped[str]
    findings: Mapped[str] = mapped_column(Text)


class ReadingRow(Base):
    """How a person wants the bytes of a revision read."""

    __tablename__ = "readings"
    document_id: Mapped[str] = mapped_column(primary_key=True)
    sha256: Mapped[str] = mapped_column(primary_key=True)
    options: Mapped[str] = mapped_column(Text)
    at: Mapped[datetime]
    user: Mapped[str]


class SignatureRow(Base):
    """What a revision is compared by with all others."""

    __tablename__ = "signatures"
    revision: Mapped[int] = mapped_column(ForeignKey("revisions.number", ondelete="CASCADE"), primary_key=True)
    value: Mapped[bytes] = mapped_column(LargeBinary)


@dataclass(frozen=True, kw_only=True, slots=True)
class Check:
    """What the gate found in a revision, when, and who let it look."""

    at: datetime
    user: str
    findings: tuple[dict[str, Any], ...]


Corrections = Mapping[tuple[str, str], Mapping[str, str]]
"""(document id, sha256 or "") -> field -> value as it is stored."""


class DeskStore:
    """The desk's part of a registry."""

    def __init__(self, session: Callable[[], Session]) -> None:
        self._session = session

    # ------------------------------------------------------------ states

    def move(self, numbers: Sequence[int], state: str, *, user: str, reason: str = "") -> None:
        """Put drafts into another state that is not seen either, and note it in the log."""
        with self._session() as session, session.begin():
            for row in self._rows(session, numbers, {DRAFT, CHECKED} - {state}):
                row.state = state
                detail = {"revision": row.sha256, "reason": reason, "proof": proof.moved(row, state)}
                events.append(session, user=user, action=state, subject=row.document_id, detail=detail)

    def retire(self, numbers: Sequence[int], *, user: str, reason: str) -> list[int]:
        """Make published revisions invisible, all at once. Returns those that were published; the indexes may forget them."""
        gone = []
        with self._session() as session, session.begin():
            for row in self._rows(session, numbers, (PUBLISHED, DRAFT, CHECKED)):
                gone += [row.number] if row.state == PUBLISHED else []
                row.state = RETIRED
                detail = {"revision": row.sha256, "reason": reason, "proof": proof.moved(row, RETIRED)}
                events.append(session, user=user, action="retire", subject=row.document_id, detail=detail)
            raise_generation(session)
        return gone

    def raise_level(self, document_id: str, level: int | None, *, user: str) -> None:
        """Give this level to what was retired of a document and has a lower one: it may be published again. No index has it."""
        highest = level or HIGHEST_LEVEL
        with self._session() as session, session.begin():
            rows = session.scalars(select(RevisionRow).where(RevisionRow.document_id == document_id, RevisionRow.state == RETIRED)).all()
            odd = altered(session, [row.number for row in rows])
            for row in rows:
                source = json.loads(row.source)
                if (source["level"] or HIGHEST_LEVEL) < highest:
                    row.source = json.dumps({**source, "level": level}, ensure_ascii=False)
                    session.execute(update(ChunkRow).where(ChunkRow.revision == row.number).values(level=highest))
                    if row.number not in odd:  # what was changed by hand must not be vouched for
                        detail = {"revision": row.sha256, "level": level, "proof": vouched(session, row, RETIRED)}
                        events.append(session, user=user, action="raise level", subject=document_id, detail=detail)

    @staticmethod
    def _rows(session: Session, numbers: Sequence[int], states: Collection[str]) -> list[RevisionRow]:
        return list(session.scalars(select(RevisionRow).where(RevisionRow.number.in_(numbers), RevisionRow.state.in_(states))))

    def drop_drafts(self, numbers: Sequence[int], *, user: str) -> None:
        """Remove drafts as if they had never come: nothing was ever answered from them."""
        with self._session() as session, session.begin():
            for row in self._rows(session, numbers, (DRAFT, CHECKED)):
                detail = {"revision": row.sha256, "proof": proof.dropped(row)}
                events.append(session, user=user, action="drop", subject=row.document_id, detail=detail)
            session.execute(delete(RevisionRow).where(RevisionRow.number.in_(numbers), RevisionRow.state.in_((DRAFT, CHECKED))))

    def drop_older_drafts(self, numbers: Sequence[int]) -> None:
        """Remove the drafts whose place these revisions take: of the same document, with the same bytes or from the same file.

        Bytes that were there before, as where something known of them is corrected, are no newer text of that file.
        """
        light = select(RevisionRow.number, RevisionRow.document_id, RevisionRow.sha256, RevisionRow.source, RevisionRow.state)
        with self._session() as session, session.begin():
            new = session.execute(light.where(RevisionRow.number.in_(numbers))).tuples().all()
            ids = {id for _, id, *_ in new}
            others = session.execute(light.where(RevisionRow.document_id.in_(ids), RevisionRow.number.not_in(numbers))).tuples().all()
            bytes_ = {(id, sha256) for _, id, sha256, *_ in new}
            known = {(id, sha256) for _, id, sha256, *_ in others}
            files = {(id, json.loads(source)["uri"]) for _, id, sha256, source, _ in new if (id, sha256) not in known}
            outdone = [
                number
                for number, id, sha256, source, state in others
                if state in (DRAFT, CHECKED) and ((id, sha256) in bytes_ or (id, json.loads(source)["uri"]) in files)
            ]
            session.execute(delete(RevisionRow).where(RevisionRow.number.in_(outdone)))

    def unembed(self, numbers: Sequence[int]) -> None:
        """No passage of these revisions has a vector (any more)."""
        chunks = select(ChunkRow.id).where(ChunkRow.revision.in_(numbers))
        with self._session() as session, session.begin():
            session.execute(delete(CanaryRow).where(CanaryRow.chunk.in_(chunks)))
            session.execute(update(ChunkRow).where(ChunkRow.revision.in_(numbers)).values(embedded=False))

    def chunk_counts(self) -> dict[int, int]:
        """Number of passages by number of revision."""
        with self._session() as session:
            rows = session.execute(select(ChunkRow.revision, func.count()).group_by(ChunkRow.revision)).tuples()
            return dict(rows.all())

    # ------------------------------------------------------------ checks

    def keep_checks(self, found: Mapping[int, Sequence[dict[str, Any]]], *, user: str) -> None:
        """Keep what the gate found, by number of revision; it takes the place of what it found before."""
        with self._session() as session, session.begin():
            for revision, findings in found.items():
                stored = json.dumps(findings, ensure_ascii=False, default=str)
                session.merge(CheckRow(revision=revision, at=_now(), user=user, findings=stored))

    def checks(self) -> dict[int, Check]:
        """What the gate found, by number of revision."""
        with self._session() as session:
            return {
                row.revision: Check(at=row.at.replace(tzinfo=UTC), user=row.user, findings=tuple(json.loads(row.findings)))
                for row in session.scalars(select(CheckRow))
            }

    def signatures(self) -> dict[int, bytes]:
        """What revisions are compared by, by number."""
        with self._session() as session:
            return dict(session.execute(select(SignatureRow.revision, SignatureRow.value)).tuples().all())

    def keep_signatures(self, made: Mapping[int, bytes]) -> None:
        """Keep what revisions are compared by."""
        with self._session() as session, session.begin():
            for number, value in made.items():
                session.merge(SignatureRow(revision=number, value=value))

    # ------------------------------------------------------------ corrections

    def correct(self, document_id: str, sha256: str, values: Mapping[str, str], *, user: str) -> None:
        """Keep corrections: field -> value as text, dates in ISO form; "" says that there is none. The log has what was so before.

        Raises:
            ValueError: a field is unknown or a value does not fit it.
        """
        for name, value in values.items():
            _value(name, value)
        with self._session() as session, session.begin():
            known = self._known(session, document_id, sha256)
            before = {name: known.get(name, "") for name, value in values.items() if known.get(name, "") != value}
            for name, value in values.items():
                of = "" if name in OF_THE_DOCUMENT else sha256
                session.merge(CorrectionRow(document_id=document_id, sha256=of, field=name, value=value, at=_now(), user=user))
            detail = {"revision": sha256, **values, "before": before}
            events.append(session, user=user, action="correct", subject=document_id, detail=detail)

    @staticmethod
    def _known(session: Session, document_id: str, sha256: str) -> dict[str, str]:
        """Field -> value as text, as a correction writes it: what is known of a revision, or of the newest one where none is named."""
        newest = select(RevisionRow.source).where(RevisionRow.document_id == document_id).order_by(RevisionRow.number.desc())
        source = session.scalars(newest.where(RevisionRow.sha256 == sha256) if sha256 else newest).first()
        known = {name: "" if value is None else str(value) for name, value in json.loads(source).items()} if source else {}
        review = session.get(CorrectionRow, (document_id, "", "review_on"))
        return {**known, "review_on": review.value if review else ""}

    def keep_reading(self, document_id: str, sha256: str, options: Mapping[str, Any], *, user: str) -> None:
        """Keep how these bytes are to be read, whenever they are read again."""
        stored = json.dumps(options, ensure_ascii=False)
        with self._session() as session, session.begin():
            session.merge(ReadingRow(document_id=document_id, sha256=sha256, options=stored, at=_now(), user=user))
            events.append(session, user=user, action="correct reading", subject=document_id, detail={"revision": sha256, **options})

    def readings(self) -> dict[tuple[str, str], dict[str, Any]]:
        """How bytes are to be read: (document id, sha256) -> options as they are kept."""
        with self._session() as session:
            return {(row.document_id, row.sha256): json.loads(row.options) for row in session.scalars(select(ReadingRow))}

    def corrections(self) -> dict[tuple[str, str], dict[str, str]]:
        """All corrections."""
        found: dict[tuple[str, str], dict[str, str]] = {}
        with self._session() as session:
            for row in session.scalars(select(CorrectionRow)):
                found.setdefault((row.document_id, row.sha256), {})[row.field] = row.value
        return found


def corrected(source: Source, document_id: str, sha256: str, corrections: Corrections) -> Source:
    """``source`` with what people know better."""
    values = {**corrections.get((document_id, ""), {}), **corrections.get((document_id, sha256), {})}
    values.pop("review_on", None)
    return replace(source, **{name: _value(name, value) for name, value in values.items()}) if values else source


def review_on(document_id: str, corrections: Corrections) -> date | None:
    """The day on which somebody wants the document looked at again."""
    value = corrections.get((document_id, ""), {}).get("review_on", "")
    return date.fromisoformat(value) if value else None


def _value(name: str, text: str) -> Any:
    if name not in (*OF_THE_DOCUMENT, *OF_THE_REVISION):
        raise ValueError(f"{name} cannot be corrected; the fields are {', '.join((*OF_THE_DOCUMENT, *OF_THE_REVISION))}")
    if name in _DATES:
        try:
            return date.fromisoformat(text) if text else None
        except ValueError:
            raise ValueError(f"{name} is a date, written 2026-04-01, not {text!r}; leave it empty where there is none") from None
    if name == "level":
        if text not in ("", "1", "2", "3"):
            raise ValueError(f"a level is 1, 2 or 3, not {text!r}")
        return int(text) if text else None
    if name == "kind" and text and text not in {*Kind}:
        raise ValueError(f"a kind is one of {', '.join(Kind)}, not {text!r}")
    return Kind(text or Kind.OTHER) if name == "kind" else text


def _now() -> datetime:
    return datetime.now(UTC).replace(tzinfo=None)
