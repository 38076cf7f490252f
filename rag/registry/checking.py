"""Holds the tables to the log: derives what follows from it, compares, and says what does not match.

What is light (the chain, states, sources, golden questions, corrections) is compared whenever another connection has written, which
SQLite tells in microseconds (``PRAGMA data_version``). What is heavy (texts, blocks, passages) is hashed when it is asked for.
"""

from __future__ import annotations

import sqlite3
import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from sqlalchemy import func, select, text, update
from sqlalchemy.orm import Session

from rag.registry import events, proof
from rag.registry.events import EventRow
from rag.registry.golden import GoldenRow
from rag.registry.proof import RECORDED, Expected, Mismatch, Part, Standing
from rag.registry.rows import lines_of
from rag.registry.tables import PENDING, ChunkRow, CorrectionRow, MetaRow, RevisionRow

_AT_ONCE = 50
"""Revisions whose contents are in memory together."""
_LIGHT = select(RevisionRow.number, RevisionRow.document_id, RevisionRow.sha256, RevisionRow.state, RevisionRow.source)


@dataclass(frozen=True, kw_only=True, slots=True)
class Look:
    """How the tables stand to the log at one moment."""

    version: int
    expected: Expected
    mismatches: tuple[Mismatch, ...]
    revisions: frozenset[int] = field(default_factory=frozenset)
    """Numbers of the revisions that do not follow from the log."""
    golden: frozenset[int] = field(default_factory=frozenset)
    """Numbers of the golden questions that do not."""


class Checker:
    """Compares one registry with its log. Safe to use from several threads."""

    def __init__(self, file: Path, session: Callable[[], Session]) -> None:
        self._file = file
        self._session = session
        self._lock = threading.RLock()
        self._watch: sqlite3.Connection | None = None
        self._look: Look | None = None

    def close(self) -> None:
        """Give the file back."""
        with self._lock:
            if self._watch is not None:
                self._watch.close()
            self._watch = None

    @property
    def version(self) -> int:
        """Another number whenever any connection, of this process or another one, has written to the file."""
        with self._lock:
            if self._watch is None:
                self._watch = sqlite3.connect(self._file, check_same_thread=False, isolation_level=None)
            return int(self._watch.execute("PRAGMA data_version").fetchone()[0])

    @contextmanager
    def snapshot(self) -> Iterator[Session]:
        """A session that sees one moment: the entries and what they tell of are written together, and must be read together."""
        with self._session() as session:
            session.connection().exec_driver_sql("BEGIN")
            yield session

    # ------------------------------------------------------------ comparing

    def look(self, *, anew: bool = False) -> Look:
        """What is light, compared; as it was found before where nobody has written since.

        Args:
            anew: read the whole log and compare, whatever was found before.
        """
        with self._lock:
            version = self.version
            if not anew and self._look is not None and self._look.version == version:
                return self._look
            with self.snapshot() as session:
                expected = _derive(session, None if anew or self._look is None else self._look.expected)
                standing = [Standing(number=n, document_id=i, sha256=h, state=s, source=o) for n, i, h, s, o in session.execute(_LIGHT)]
                found = [*_cut(session, expected), *proof.compare(expected, standing, _golden(session), _corrections(session))]
            self._look = Look(
                version=version,
                expected=expected,
                mismatches=tuple(found),
                revisions=frozenset(one.number for one in found if one.part in (Part.STATE, Part.SOURCE)),
                golden=frozenset(one.number for one in found if one.part is Part.GOLDEN),
            )
            return self._look

    def faults(self, session: Session, row: RevisionRow, lines: str) -> list[Mismatch]:
        """What of a revision that was read in ``session`` is not what the log says; its passages aside.

        Args:
            lines: the lines of its pages that are not in the text, as they are stored.
        """
        found = _faults(self.look().expected, row, lines)
        # Another process may have published between the two: what counts is the log at the moment of the session.
        return found and _faults(_derive(session, None), row, lines)

    def prove(self, numbers: Sequence[int]) -> dict[int, list[Mismatch]]:
        """What of these revisions is not what the log says, passages too; those of which all is are left out. Hashes them whole."""
        found: dict[int, list[Mismatch]] = {}
        for start in range(0, len(numbers), _AT_ONCE):
            some = list(numbers[start : start + _AT_ONCE])
            with self.snapshot() as session:
                expected = self.look().expected
                if bad := _prove(session, expected, some):
                    bad = _prove(session, _derive(session, None), sorted(bad))
                found |= bad
        return found

    # ------------------------------------------------------------ libraries from before there were digests

    def record(self, user: str) -> None:
        """Write the digests of what is there into the log, once, where no entry has any: the library was filled before they were kept.

        From then on nothing can change unnoticed. Whether something had been changed before nobody can tell; the entries say when.
        """
        with self._session() as session, session.begin():
            if not _unproven(session):
                return
            # A write first: no other process does the same at the same moment.
            session.execute(update(MetaRow).where(MetaRow.key == "schema").values(value=MetaRow.value))
            if not _unproven(session):
                return
            numbers = session.scalars(select(RevisionRow.number).where(RevisionRow.state != PENDING).order_by(RevisionRow.number)).all()
            for number in numbers:
                row = session.get_one(RevisionRow, number)
                detail = {"revision": row.sha256, "proof": vouched(session, row, row.state)}
                events.append(session, user=user, action=RECORDED, subject=row.document_id, detail=detail)
                session.expunge(row)
            corrections = [[*key, value] for key, value in sorted(_corrections(session).items())]
            detail = {"proof": {"golden": _golden(session), "corrections": corrections}}
            events.append(session, user=user, action=RECORDED, subject="", detail=detail)


def vouched(session: Session, row: RevisionRow, state: str, supersedes: Sequence[int] = ()) -> dict[str, object]:
    """What an entry says of a revision whose contents, as they are stored now, it vouches for."""
    passages = session.scalars(select(ChunkRow).where(ChunkRow.revision == row.number).order_by(ChunkRow.ordinal, ChunkRow.id)).all()
    made = proof.whole(row, lines_of(session, [row.number]).get(row.number, ""), passages, state, supersedes)
    for passage in passages:
        session.expunge(passage)
    return made


def altered(session: Session, numbers: Sequence[int]) -> dict[int, list[Mismatch]]:
    """What of these revisions is not what the log says, for whoever is about to write entries that vouch for them. Reads the whole log."""
    return _prove(session, _derive(session, None), numbers) if numbers else {}


def _unproven(session: Session) -> bool:
    """True where there is something that entries should vouch for, and none does."""
    rows = select(RevisionRow.number).where(RevisionRow.state != PENDING).limit(1)
    if session.scalars(rows).first() is None and session.scalars(select(GoldenRow.number).limit(1)).first() is None:
        return False
    # Within a string of JSON the quotation marks would be escaped: nobody can write this into a reason.
    if session.scalars(select(EventRow.number).where(EventRow.detail.contains('"proof": {')).limit(1)).first() is not None:
        return False
    return not _cut(session, Expected(last=session.scalar(select(func.max(EventRow.number))) or 0))


def _cut(session: Session, expected: Expected) -> list[Mismatch]:
    """SQLite counts every entry that was ever added. One at the end that is not there any more was removed by hand."""
    ever = session.scalar(text("SELECT seq FROM sqlite_sequence WHERE name = 'events'")) or 0
    if int(ever) <= expected.last:
        return []
    return [Mismatch(part=Part.LOG, level=1, detail="The end of the log was removed.")]


def _derive(session: Session, known: Expected | None) -> Expected:
    """What follows from the log, going on from what is known where its entries are still there."""
    count, digest = session.scalar(select(func.count()).select_from(EventRow)) or 0, events.FIRST
    if known is not None and known.last:
        digest = session.scalar(select(EventRow.digest).where(EventRow.number == known.last)) or ""
    expected = known if known is not None and digest == known.end else Expected()
    for row in session.scalars(select(EventRow).where(EventRow.number > expected.last).order_by(EventRow.number)):
        expected.take(row)
    return expected if expected.entries == count else _derive(session, None)


def _golden(session: Session) -> dict[int, str]:
    rows = session.scalars(select(GoldenRow))
    return {row.number: proof.of_golden(row.question, row.language, row.as_of, row.expect, row.topic) for row in rows}


def _corrections(session: Session) -> dict[tuple[str, str, str], str]:
    return {(row.document_id, row.sha256, row.field): row.value for row in session.scalars(select(CorrectionRow))}


def _prove(session: Session, expected: Expected, numbers: Sequence[int]) -> dict[int, list[Mismatch]]:
    rows = session.scalars(select(RevisionRow).where(RevisionRow.number.in_(numbers))).all()
    lines = lines_of(session, numbers)
    passages: dict[int, list[ChunkRow]] = {}
    query = select(ChunkRow).where(ChunkRow.revision.in_(numbers)).order_by(ChunkRow.revision, ChunkRow.ordinal, ChunkRow.id)
    for passage in session.scalars(query):
        passages.setdefault(passage.revision, []).append(passage)
    found: dict[int, list[Mismatch]] = {}
    for row in rows:
        bad = _faults(expected, row, lines.get(row.number, ""))
        recorded = expected.revisions.get(row.number)
        if recorded and recorded.digests.get(Part.PASSAGES, "") not in ("", proof.of_passages(passages.get(row.number, ()))):
            bad.append(proof.mismatch(Part.PASSAGES, recorded, _standing(row)))
        if bad:
            found[row.number] = bad
    return found


def _faults(expected: Expected, row: RevisionRow, lines: str) -> list[Mismatch]:
    recorded, standing = expected.revisions.get(row.number), _standing(row)
    found = proof.of_standing(recorded, standing)
    if recorded is not None and recorded.digests:
        made = proof.digests(row, lines)
        found += [part for part in (Part.TEXT, Part.BLOCKS, Part.READING) if recorded.digests.get(part) != made[part]]
    return [proof.mismatch(part, recorded, standing) for part in found]


def _standing(row: RevisionRow) -> Standing:
    return Standing(number=row.number, document_id=row.document_id, sha256=row.sha256, state=row.state, source=row.source)
