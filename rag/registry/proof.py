"""What the log says is in the library, and whether the tables say the same.

Whoever can write the registry's file can change a word, a level or a state in it by hand. The log cannot be changed in the same way, since
each entry carries the digest of the one before it. So publishing writes into its entry the digests of what it publishes, every other
change of a state writes which revision it moved, and what follows from all entries is compared with the tables::

    entries -> Expected (a state and digests for each revision, golden questions, corrections) -> compare -> Mismatches

The digests of a revision, sha256 in hex, by part:

    text       the text, which the offsets of every quote count in
    blocks     the blocks as they are stored, unpacked: kinds, characters, paths, pages, boxes
    passages   number, characters, path, pages, level and words of each passage
    reading    format, counts, notes of the reader, lines of the pages that are not in the text
    source     the source as it is stored: title, dates, level, what it replaces

Those of the original's bytes are the revision's own name, which every entry has. Whoever writes the whole log anew, from some entry to its
end, leaves a sound one: an anchor kept elsewhere tells that (:mod:`rag.audit`).
"""

from __future__ import annotations

import hashlib
import json
import zlib
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date
from enum import StrEnum
from typing import Any

from rag.records import HIGHEST_LEVEL
from rag.registry import events
from rag.registry.tables import (
    DRAFT,
    OF_THE_DOCUMENT,
    OF_THE_REVISION,
    PENDING,
    PUBLISHED,
    RETIRED,
    SUPERSEDED,
    ChunkRow,
    RevisionRow,
)

RECORDED = "record digests"
"""The entry for what was published before entries had digests: its digests are of what was found then."""


class Part(StrEnum):
    """What can be other than the log says."""

    TEXT = "text"
    BLOCKS = "blocks"
    PASSAGES = "passages"
    READING = "reading"
    SOURCE = "source"
    ORIGINAL = "original"
    STATE = "state"
    GOLDEN = "golden"
    CORRECTION = "correction"
    LOG = "log"


_SAID = {
    Part.TEXT: "{what}: its text is not the one that was published.",
    Part.BLOCKS: "{what}: its articles, headings and pages are not those that were published.",
    Part.PASSAGES: "{what}: its passages are not those that were published.",
    Part.READING: "{what}: what is noted of its reading is not what was published.",
    Part.SOURCE: "{what}: its title, dates, level or other particulars are not those that were published.",
    Part.ORIGINAL: "{what}: its original file is {detail}.",
    Part.STATE: "{what}: it is {detail}.",
    Part.GOLDEN: "{what}: the question is {detail}.",
    Part.CORRECTION: "{what}: a correction of its {detail} is not what the log says.",
    Part.LOG: "{detail}",
}
_DONE = {
    Part.ORIGINAL: " It is not offered. Restore it from a backup, or add the file again.",
    Part.GOLDEN: " It is not asked. Restore the registry from a backup, or remove the question and keep it anew.",
    Part.CORRECTION: " It is not applied. Restore the registry from a backup, or correct it anew.",
    Part.LOG: "",
}
_NOT_SHOWN = " It is not shown. Restore the registry from a backup."


@dataclass(frozen=True, kw_only=True, slots=True)
class Mismatch:
    """Something in the library that does not follow from the log."""

    part: Part
    subject: str = ""
    """Id of the document, "golden 3", or "" for the log itself."""
    number: int = 0
    """The registry's number of the revision or the golden question."""
    revision: str = ""
    """sha256 of the revision."""
    level: int = HIGHEST_LEVEL
    """What a reader needs to be told of it by name: the level that was published, or the highest where none is known."""
    detail: str = ""
    """What is so, where the part alone does not say it."""

    @property
    def sentence(self) -> str:
        """What is wrong and what to do, in English: for the command line."""
        what = f"{self.subject} {self.revision[:12]}".strip()
        return _SAID[self.part].format(what=what, detail=self.detail) + _DONE.get(self.part, _NOT_SHOWN)


@dataclass(frozen=True, kw_only=True, slots=True)
class Recorded:
    """A revision as it follows from the log."""

    number: int
    document_id: str
    revision: str
    """sha256 of the original's bytes."""
    state: str
    digests: Mapping[str, str] = field(default_factory=dict)
    """Part -> digest."""
    level: int = HIGHEST_LEVEL
    effective_from: date | None = None
    effective_to: date | None = None
    replaces: str = ""


@dataclass(kw_only=True, slots=True)
class Expected:
    """What follows from the entries of the log, up to one of them."""

    revisions: dict[int, Recorded] = field(default_factory=dict)
    golden: dict[int, str] = field(default_factory=dict)
    """Number of a golden question -> its digest."""
    corrections: dict[tuple[str, str, str], str] = field(default_factory=dict)
    """(document id, sha256 or "", field) -> value."""
    wrong: list[str] = field(default_factory=list)
    """What is wrong with the chain, a sentence each."""
    entries: int = 0
    last: int = 0
    """Number of the last entry's row."""
    end: str = events.FIRST
    """Its digest."""
    since: tuple[str, str, int] | None = None
    """Where digests were recorded later than the publications: when, by whom, and of how many revisions."""

    def take(self, row: events.EventRow) -> None:
        """Go on by one entry. One that was changed says nothing, so that what it told of does not follow from the log."""
        self.entries += 1
        faults = events.faults(self.entries, row, self.end)
        self.wrong += faults.values()
        self.last, self.end = row.number, row.digest
        if "changed" in faults:
            return
        detail = json.loads(row.detail)
        proof = detail.get("proof", {}) if isinstance(detail, dict) else {}
        if row.action == "correct":
            self._correct(row.subject, detail)
        if "corrections" in proof:  # all that there were
            self.corrections = {(id_, sha256, name): value for id_, sha256, name, value in proof["corrections"]}
        for number, digest in proof.get("golden", {}).items():
            self.golden[int(number)] = digest
        if row.action == "drop golden":
            self.golden.pop(int(row.subject.rpartition(" ")[2]), None)
        if "number" in proof:
            self._move(row, str(detail.get("revision", "")), proof)

    def _correct(self, document_id: str, detail: Mapping[str, Any]) -> None:
        for name, value in detail.items():
            if name in OF_THE_DOCUMENT or name in OF_THE_REVISION:
                self.corrections[document_id, "" if name in OF_THE_DOCUMENT else str(detail["revision"]), name] = str(value)

    def _move(self, row: events.EventRow, revision: str, proof: Mapping[str, Any]) -> None:
        number = int(proof["number"])
        if proof["state"] == _GONE:
            self.revisions.pop(number, None)
            return
        before = self.revisions.get(number) or Recorded(number=number, document_id=row.subject, revision=revision, state=DRAFT)
        moved = replace(before, document_id=row.subject, revision=revision, state=str(proof["state"]))
        if "digests" in proof:
            stands = proof["stands"]
            moved = replace(
                moved,
                digests=proof["digests"],
                level=stands["level"] or HIGHEST_LEVEL,
                effective_from=_day(stands["effective_from"]),
                effective_to=_day(stands["effective_to"]),
                replaces=stands["replaces"],
            )
        self.revisions[number] = moved
        for other in proof.get("supersedes", ()):
            if other in self.revisions:
                self.revisions[other] = replace(self.revisions[other], state=SUPERSEDED)
        if row.action == RECORDED:
            at, user, count = self.since or (row.at, row.user, 0)
            self.since = at, user, count + 1


_GONE = "gone"


def _day(text: str | None) -> date | None:
    return date.fromisoformat(text) if text else None


# ------------------------------------------------------------ what entries say


def moved(row: RevisionRow, state: str) -> dict[str, Any]:
    """What an entry says of a revision that goes into another state and keeps all else."""
    return {"number": row.number, "state": state}


def dropped(row: RevisionRow) -> dict[str, Any]:
    """What an entry says of a draft that is removed."""
    return {"number": row.number, "state": _GONE}


def whole(row: RevisionRow, lines: str, passages: Sequence[ChunkRow], state: str, supersedes: Sequence[int] = ()) -> dict[str, Any]:
    """What an entry says of a revision whose contents it vouches for.

    Args:
        lines: the lines of its pages that are not in the text, as they are stored; "" where there are none.
        passages: its passages in order.
        supersedes: numbers of the revisions whose place it takes.
    """
    source = json.loads(row.source)
    stands = {name: source[name] for name in ("level", "effective_from", "effective_to", "replaces")}
    made = {"number": row.number, "state": state, "digests": digests(row, lines) | {Part.PASSAGES: of_passages(passages)}, "stands": stands}
    return {**made, "supersedes": list(supersedes)} if supersedes else made


def digests(row: RevisionRow, lines: str) -> dict[str, str]:
    """Part -> digest of what stands in a revision's own row, and of the lines beside it."""
    reading = [row.format, row.pages, row.articles, row.characters, row.warnings, lines]
    return {
        Part.TEXT: _sha256(row.text),
        Part.BLOCKS: _of_blocks(row.blocks),
        Part.READING: _sha256(json.dumps(reading, ensure_ascii=False)),
        Part.SOURCE: _sha256(row.source),
    }


def of_passages(rows: Iterable[ChunkRow]) -> str:
    """The digest of a revision's passages, in order: all but what is searched beside their words, which is made anew at any time."""
    listed = [[row.ordinal, row.start, row.end, row.path, row.pages, row.level, row.text] for row in rows]
    return _sha256(json.dumps(listed, ensure_ascii=False))


def of_golden(question: str, language: str, as_of: str, expect: str, topic: str) -> str:
    """The digest of a golden question, from its columns."""
    return _sha256(json.dumps([question, language, as_of, expect, topic], ensure_ascii=False))


def of_source(stored: str) -> str:
    """The digest of a source as it is stored."""
    return _sha256(stored)


def _of_blocks(packed: bytes) -> str:
    try:
        return hashlib.sha256(zlib.decompress(packed)).hexdigest()
    except zlib.error:
        return ""  # nobody packed this


def _sha256(text: str) -> str:
    return hashlib.sha256(text.encode(errors="surrogatepass")).hexdigest()


# ------------------------------------------------------------ what the tables say


@dataclass(frozen=True, kw_only=True, slots=True)
class Standing:
    """A revision's row without its contents."""

    number: int
    document_id: str
    sha256: str
    state: str
    source: str
    """As it is stored."""


def compare(
    expected: Expected,
    standing: Iterable[Standing],
    golden: Mapping[int, str],
    corrections: Mapping[tuple[str, str, str], str],
) -> list[Mismatch]:
    """Everything light that does not follow from the log: the chain itself, states, sources, golden questions, corrections.

    Args:
        golden: number -> digest, of what stands in the table.
        corrections: as in ``Expected``, of what stands in the table.
    """
    found = [Mismatch(part=Part.LOG, level=1, detail=sentence) for sentence in expected.wrong]
    there = set()
    for row in standing:
        there.add(row.number)
        found += [mismatch(part, expected.revisions.get(row.number), row) for part in of_standing(expected.revisions.get(row.number), row)]
    for number, recorded in expected.revisions.items():
        if number not in there and recorded.state in (PUBLISHED, SUPERSEDED, RETIRED):
            found.append(
                Mismatch(
                    part=Part.STATE,
                    subject=recorded.document_id,
                    number=number,
                    revision=recorded.revision,
                    level=recorded.level,
                    detail=f"gone, and the log says {recorded.state}",
                )
            )
    for number in sorted({*golden, *expected.golden}):
        if golden.get(number) != expected.golden.get(number):
            gone, new = number not in golden, number not in expected.golden
            detail = "gone, and the log does not say so" if gone else "one that nobody kept" if new else "not the one that was kept"
            found.append(Mismatch(part=Part.GOLDEN, subject=f"golden {number}", number=number, detail=detail))
    for key in sorted({*corrections, *expected.corrections}):
        if corrections.get(key) != expected.corrections.get(key):
            found.append(Mismatch(part=Part.CORRECTION, subject=key[0], revision=key[1], detail=key[2]))
    return found


def of_standing(recorded: Recorded | None, row: Standing) -> list[Part]:
    """What of a row is not what the log says, its contents aside."""
    if recorded is None:
        return [] if row.state in (PENDING, DRAFT) else [Part.STATE]
    named = (row.document_id, row.sha256) == (recorded.document_id, recorded.revision)
    found = [] if named and row.state == recorded.state else [Part.STATE]
    if recorded.digests.get(Part.SOURCE, "") not in ("", of_source(row.source)):
        found.append(Part.SOURCE)
    return found


def mismatch(part: Part, recorded: Recorded | None, row: Standing) -> Mismatch:
    """What is wrong with a part of a revision, with its name."""
    detail = ""
    if part is Part.STATE:
        log = f"the log says {recorded.state}" if recorded and recorded.state != row.state else "the log does not say so"
        detail = f"{row.state}, and {log}"
    about = recorded or Recorded(number=row.number, document_id=row.document_id, revision=row.sha256, state="")
    return Mismatch(part=part, subject=about.document_id, number=row.number, revision=about.revision, level=about.level, detail=detail)
