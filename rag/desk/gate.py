"""The quality gate: what speaks against publishing a document.

Some findings stop a publication until somebody types in a reason; the others are told. Nothing is read anew here: the gate looks at what
is stored, so it can be asked at any time.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from typing import Any

import numpy as np

from rag import works
from rag.address import Address, show
from rag.chunk import LONGEST
from rag.desk import near
from rag.library import Library
from rag.names import NO_NAME, Names, plain
from rag.provisions import Provisions
from rag.records import QUOTABLE, Chunk, Document
from rag.references import Reference, references
from rag.registry import CHECKED, DRAFT, PUBLISHED, Revision
from rag.registry.desk import review_on
from rag.rights import level_of

TEXTLESS = 0.1
"""Share of pages without text from which a publication stops: cover sheets and blank pages stay below."""
GARBLED = 0.005
"""Share of characters that are none from which a publication stops."""
CONFIDENCE = 80
"""Per cent of certainty of a page read by OCR below which a publication stops."""
GIANT = 2 * LONGEST
"""Characters of a passage; the cutting makes none so long unless a text has no sentences."""
UNRESOLVED = 0.2
"""Share of references within the document, or of those to others in the library, that lead nowhere from which a publication stops."""
FEW = 5
"""Fewer references than this say nothing about the reading."""
NEAR = 0.85
"""Resemblance (see :mod:`rag.desk.near`) from which two documents count as the same."""
EMPTY = 2
"""Characters of a passage that says nothing."""

_OCR = re.compile(r"\bpages?\s+(\d+)\b.*?\bOCR\b.*?(\d{1,3})\s?%", re.IGNORECASE)
_MOJIBAKE = re.compile(
    "(?:縺[\u3000-\u9fff\uff61-\uff9f]|繧[\u3000-\u9fff\uff61-\uff9f]|繝[\u3000-\u9fff\uff61-\uff9f]|Ã[\u0080-\u00bf]|â€)"
)
"""UTF-8 read as cp932 or as Latin-1."""
_AT_ONCE = 100
"""Texts in memory."""
_NAME_GOES_ON = re.compile("[一-龥々〆ァ-ヴーa-z0-9・の等]")
"""Before the name of a law: the name is longer, or another version of the law is meant (改正前の)."""
_NONE = re.compile("[\ufffd\ue000-\uf8ff\U000f0000-\U0010fffd\x00-\x08\x0b\x0e-\x1f\x7f-\x9f]|\\(cid:\\d+\\)")
"""Replacement characters, private use (fonts without a Unicode map), control characters, glyph numbers."""

SENTENCES: Mapping[str, str] = {
    "no-text": "There is no passage that could be quoted.",
    "pages-without-text": "{n} of {pages} pages have no text ({which}).",
    "garbled": "{percent}% of the characters are none, as from a font without its table or a wrong encoding.",
    "ocr-unsure": "Page {page} was read by OCR with {percent}% certainty.",
    "empty-passages": "{n} passages are empty.",
    "giant-passages": "{n} passages are longer than {longest} characters.",
    "unresolved": "{n} of {of} references within the document lead nowhere (for instance {example}).",
    "unresolved-elsewhere": "{n} of {of} references to other documents of the library name what is not there (for instance {example}).",
    "not-here": "It refers to provisions of laws that are not in the library ({n}; for instance {example}).",
    "same-bytes": "The same file is in the library as {other}.",
    "near-duplicate": "{percent}% of the text is that of {other}.",
    "no-title": "There is no title.",
    "no-effective-date": "Nobody said from when it applies; it would answer for every day.",
    "no-issued-date": "Nobody said when it was issued.",
    "no-level": "It has no level, so it counts as the highest.",
    "review-passed": "It was to be looked at again by {day}.",
    "review-due": "It was to be looked at again by {day}: look it over. Until then it goes on answering.",
    "ended": "It has not applied any more since {day}.",
    "ends-before": "It ends on {ends}, before {begins}, from when it applies: it would answer on no day.",
    "older": "It applies from {day}, before a revision in the library ({other}): it will answer only for the days between.",
    "coming": "It applies from {day}: until then it answers only for later days.",
    "replaces-unknown": "It replaces {other}, which is not in the library, or is above the level of this document.",
}


@dataclass(frozen=True, kw_only=True, slots=True)
class Finding:
    """One thing that the gate saw."""

    code: str
    """A key of SENTENCES."""
    stops: bool
    """True where publishing needs a reason."""
    values: Mapping[str, str | int] = field(default_factory=dict)
    """What the sentence says: numbers, the other document."""
    level: int = 1
    """What a person must be able to read to be told: the other document, where who may read this one may not read that."""

    @property
    def sentence(self) -> str:
        """In English, for the command line and the log."""
        return SENTENCES[self.code].format(**self.values)

    def stored(self) -> dict[str, object]:
        """As it is kept."""
        stored: dict[str, object] = {"code": self.code, "stops": self.stops, "values": dict(self.values)}
        return {**stored, "level": self.level} if self.level > 1 else stored


def stopping(findings: Iterable[Finding]) -> list[Finding]:
    """Those that need a reason."""
    return [finding for finding in findings if finding.stops]


def read(stored: Iterable[dict[str, Any]], clearance: int) -> tuple[Finding, ...]:
    """Findings as they were kept, those that a person of this clearance may be told."""
    made = (Finding(code=one["code"], stops=one["stops"], values=one["values"], level=one.get("level", 1)) for one in stored)
    return tuple(finding for finding in made if finding.level <= clearance)


def look(library: Library, numbers: Collection[int], *, today: date) -> dict[int, list[Finding]]:
    """What the gate finds in these revisions, by number; an empty list is a green gate."""
    every = library.registry.revisions(PUBLISHED, DRAFT, CHECKED)
    chosen = set(numbers)
    wanted = [revision for revision in every if revision.number in chosen]
    reviews = library.registry.desk.corrections()
    by_document: dict[str, list[Revision]] = {}
    for revision in every:
        by_document.setdefault(revision.document_id, []).append(revision)
    twins = _Twins(library, every)
    # Whoever may read a revision is told what is found in it: so it is looked at with his eyes, as if there were nothing above it.
    pointing = {level: _Pointing(library, [r for r in every if level_of(r) <= level]) for level in {level_of(r) for r in wanted}}
    found: dict[int, list[Finding]] = {}
    for start in range(0, len(wanted), _AT_ONCE):
        some = wanted[start : start + _AT_ONCE]
        texts = library.registry.unproven([revision.number for revision in some])
        for revision in some:
            document = texts[revision.number]
            pointing[level_of(revision)].read(revision.number, document)
            found[revision.number] = [
                *of_the_text(document, library.registry.chunks_of(revision.number)),
                *twins.of(revision, document),
                *of_metadata(revision, by_document, today, review_on(revision.document_id, reviews)),
            ]
    for number, findings in (item for one in pointing.values() for item in one.nowhere().items()):
        found[number] += findings
    return found


def look_and_keep(library: Library, numbers: Collection[int], *, user: str, today: date, clearance: int) -> dict[int, list[Finding]]:
    """What the gate finds; it is kept, for the list of documents. Returns what a person of this clearance may be told."""
    found = look(library, numbers, today=today)
    stored = {number: [finding.stored() for finding in findings] for number, findings in found.items()}
    library.registry.desk.keep_checks(stored, user=user)
    return {number: [finding for finding in findings if finding.level <= clearance] for number, findings in found.items()}


# ------------------------------------------------------------ text


def of_the_text(document: Document, chunks: Sequence[Chunk]) -> Iterator[Finding]:
    """Pages without text, characters that are none, certainty of OCR, passages of no use."""
    if not chunks:
        yield Finding(code="no-text", stops=True)
    if document.pages:
        filled = {block.page for block in document.blocks if block.kind in QUOTABLE and block.span.cut(document.text).strip()}
        bare = [page for page in range(1, document.pages + 1) if page not in filled]
        if bare:
            which = ", ".join(map(str, bare[:8])) + (" …" if len(bare) > 8 else "")
            stops = len(bare) > TEXTLESS * document.pages
            yield Finding(code="pages-without-text", stops=stops, values={"n": len(bare), "pages": document.pages, "which": which})
    share = garbled(document.text)
    if share >= GARBLED:
        yield Finding(code="garbled", stops=True, values={"percent": f"{share * 100:.1f}"})
    for warning in document.warnings:
        if (ocr := _OCR.search(warning)) and int(ocr[2]) < 100:
            yield Finding(code="ocr-unsure", stops=int(ocr[2]) < CONFIDENCE, values={"page": int(ocr[1]), "percent": int(ocr[2])})
    if empty := sum(len(chunk.text.strip()) < EMPTY for chunk in chunks):
        yield Finding(code="empty-passages", stops=False, values={"n": empty})
    if giant := sum(len(chunk.text) > GIANT for chunk in chunks):
        yield Finding(code="giant-passages", stops=True, values={"n": giant, "longest": GIANT})


def garbled(text: str) -> float:
    """Share of characters that are none, or stand where another encoding was meant, 0 to 1."""
    if not text:
        return 0.0
    lost = sum(len(found[0]) for pattern in (_NONE, _MOJIBAKE) for found in pattern.finditer(text))
    return min(1.0, lost / len(text))


# ------------------------------------------------------------ references


@dataclass(slots=True)
class _Pointed:
    """What one revision refers to."""

    own: list[str] = field(default_factory=list)
    """The words of references within the document that lead nowhere."""
    own_lost: int = 0
    """Of these, those to parts of which something was read: tables and articles are often kept in two files."""
    own_all: int = 0
    elsewhere: list[str] = field(default_factory=list)
    """Provisions of other documents of the library that are not there."""
    elsewhere_all: int = 0
    not_here: set[str] = field(default_factory=set)
    """Laws that are not in the library."""


class _Pointing:
    """What revisions refer to, within themselves and elsewhere.

    First every one of them is read, then every document that they point to is loaded once: so it takes the time of reading each once,
    however many point to it, and room for one.
    """

    def __init__(self, library: Library, every: Sequence[Revision]) -> None:
        self._registry = library.registry
        self._revisions: dict[str, list[int]] = {}
        for revision in every:
            self._revisions.setdefault(revision.document_id, []).append(revision.number)
        self._names = Names.of({revision.document_id: revision.source for revision in every}, library.abbreviations.names)
        self._by_page = {page.work for revision in every if (page := works.page(revision.source.title))}
        """Works of which the library has single articles: what is missing of them was not lost."""
        self._found: dict[int, _Pointed] = {}
        self._open: dict[tuple[str, ...], dict[Address, list[tuple[int, str]]]] = {}
        """Ids of the documents that are meant -> provision -> (revision that points there, name of the document)."""

    def read(self, number: int, document: Document) -> None:
        """Note what a revision refers to."""
        found = self._found[number] = _Pointed()
        home = Provisions.of(document)
        parts = {_part(provision.address) for provision in home.order}
        for reference in references(document, self._names, {document.id: home}):
            if reference.document == document.id:
                found.own_all += 1
                if not reference.resolved:
                    found.own.append(reference.from_span.cut(document.text))
                    found.own_lost += _part(reference.address) in parts
                continue
            ids = self._names.called(reference.name) or ((reference.document,) if reference.document else ())
            if reference.address == Address() or document.id in ids or reference.name in self._by_page:
                continue
            if ids and _in_full(reference, document.text):
                self._open.setdefault(ids, {}).setdefault(reference.address, []).append((number, reference.name))
            elif not ids and self._is_of_a_law(reference):
                found.not_here.add(reference.name)

    def nowhere(self) -> dict[int, list[Finding]]:
        """What is to be said of each revision that was read."""
        for ids, asked in self._open.items():
            missing = self._missing(ids, asked)
            for address, pointing in asked.items():
                for number, name in pointing:
                    self._found[number].elsewhere_all += 1
                    if address in missing:
                        self._found[number].elsewhere.append(f"{name}{show(address, 'ja')}")
        self._open.clear()
        return {number: [*_of_references(found)] for number, found in self._found.items()}

    def _missing(self, ids: Sequence[str], asked: Iterable[Address]) -> set[Address]:
        """Those of these provisions that no revision of the documents has; without those of a part, as 別表, of which it has nothing."""
        left, parts = set(asked), set()
        for number in sorted((number for id in ids for number in self._revisions[id]), reverse=True):
            provisions = Provisions.of(self._registry.unproven([number])[number])
            parts |= {_part(provision.address) for provision in provisions.order}
            left = {address for address in left if provisions.find(address) is None}
            if not left:
                break
        return {address for address in left if _part(address) in parts}

    def _is_of_a_law(self, reference: Reference) -> bool:
        """False where it names no law of today: an earlier one, an amending one in its own 附則, 同令 and the like; or one that is here."""
        name = plain(reference.name)
        amending = reference.from_path and reference.from_path[0] == f"附則（{reference.name}）"
        # What is read as the name begins too early where the text before it is written in katakana: 供託者ハ民法.
        here = any(self._names.called(name[start:]) for start in range(1, len(name) - 1))
        return bool(name) and not (amending or here or NO_NAME.fullmatch(name) or name.startswith("改正前の"))


def _in_full(reference: Reference, text: str) -> bool:
    """True where the whole title stands there: a short form may be the end of the name of another law."""
    start = reference.from_span.start
    return plain(reference.from_span.cut(text)).startswith(plain(reference.name)) and not _NAME_GOES_ON.match(
        plain(text[start - 1 : start])
    )


def _part(address: Address) -> str:
    return address.part[:2]  # of every 附則 together


def _of_references(found: _Pointed) -> Iterator[Finding]:
    if found.own and found.own_all >= FEW:
        stops = found.own_lost > UNRESOLVED * found.own_all
        yield Finding(code="unresolved", stops=stops, values={"n": len(found.own), "of": found.own_all, "example": found.own[0]})
    if found.elsewhere:
        n, of = len(found.elsewhere), found.elsewhere_all
        stops = of >= FEW and n > UNRESOLVED * of
        yield Finding(code="unresolved-elsewhere", stops=stops, values={"n": n, "of": of, "example": found.elsewhere[0]})
    if found.not_here:
        yield Finding(
            code="not-here",
            stops=False,
            values={"n": len(found.not_here), "example": min(found.not_here, key=lambda name: (len(name), name))},
        )


# ------------------------------------------------------------ duplicates


class _Twins:
    """The other documents of the library, to compare with. Signatures are kept, so that only new revisions are worked out."""

    def __init__(self, library: Library, every: Sequence[Revision]) -> None:
        self._every = every
        self._levels = [level_of(revision) for revision in every]
        kept = library.registry.desk.signatures()
        signatures = {number: np.frombuffer(stored, dtype=np.uint64) for number, stored in kept.items()}
        missing = [revision.number for revision in every if revision.number not in signatures]
        for start in range(0, len(missing), _AT_ONCE):
            some = library.registry.unproven(missing[start : start + _AT_ONCE])
            made = {number: near.signature(document.text) for number, document in some.items()}
            library.registry.desk.keep_signatures({number: signature.tobytes() for number, signature in made.items()})
            signatures |= made
        self._signatures = np.array([signatures[revision.number] for revision in every], dtype=np.uint64)
        self._places = {revision.number: place for place, revision in enumerate(every)}
        self._by_bytes: dict[str, list[Revision]] = {}
        self._by_document: dict[str, list[int]] = {}
        for place, revision in enumerate(every):
            self._by_bytes.setdefault(revision.sha256, []).append(revision)
            self._by_document.setdefault(revision.document_id, []).append(place)

    def of(self, revision: Revision, document: Document) -> Iterator[Finding]:
        others = (other for other in self._by_bytes[revision.sha256] if other.document_id != revision.document_id)
        if same := min(others, key=level_of, default=None):
            yield Finding(code="same-bytes", stops=True, values={"other": same.document_id}, level=_told(revision, same))
        if document.text and (same is None or level_of(same) > level_of(revision)):
            alike = near.resemblances(self._signatures[self._places[revision.number]], self._signatures)
            alike[self._by_document[revision.document_id]] = 0.0
            alike[[place for other in self._by_bytes[revision.sha256] for place in self._by_document[other.document_id]]] = 0.0
            yield from self._near(revision, alike, [level <= level_of(revision) for level in self._levels])
            yield from self._near(revision, alike, [level > level_of(revision) for level in self._levels])

    def _near(self, revision: Revision, alike: np.ndarray[tuple[int], np.dtype[np.float64]], among: Sequence[bool]) -> Iterator[Finding]:
        """The one that is most like it among some of the others."""
        shares = np.where(among, alike, 0.0)
        best = int(np.argmax(shares))
        if shares[best] >= NEAR:
            values: dict[str, str | int] = {"percent": round(float(shares[best]) * 100), "other": self._every[best].document_id}
            yield Finding(code="near-duplicate", stops=True, values=values, level=_told(revision, self._every[best]))


def _told(revision: Revision, other: Revision) -> int:
    """What a person must be able to read to be told of the other one beside this one."""
    return level_of(other) if level_of(other) > level_of(revision) else 1


# ------------------------------------------------------------ what is known of it


def of_review(revision: Revision, review: date | None, today: date) -> Iterator[Finding]:
    """The day by which it was to be looked at again has passed: with no change to the document, so it is worth asking every day.

    It speaks against publishing a draft; what is published stays so, and needs a review.
    """
    if review and review < today:
        public = revision.state == PUBLISHED
        yield Finding(code="review-due" if public else "review-passed", stops=not public, values={"day": review.isoformat()})


def of_metadata(revision: Revision, by_document: Mapping[str, Sequence[Revision]], today: date, review: date | None) -> Iterator[Finding]:
    """Dates, level, title, and how it stands to the other revisions."""
    source = revision.source
    if not source.title.strip():
        yield Finding(code="no-title", stops=True)
    if source.effective_from is None:
        yield Finding(code="no-effective-date", stops=True)
    if source.issued is None:
        yield Finding(code="no-issued-date", stops=False)
    if source.level is None:
        yield Finding(code="no-level", stops=False)
    yield from of_review(revision, review, today)
    if source.effective_from and source.effective_to and source.effective_to < source.effective_from:
        values = {"begins": source.effective_from.isoformat(), "ends": source.effective_to.isoformat()}
        yield Finding(code="ends-before", stops=True, values=values)
    elif source.effective_to and source.effective_to < today:
        yield Finding(code="ended", stops=False, values={"day": source.effective_to.isoformat()})
    if source.effective_from and source.effective_from > today:
        yield Finding(code="coming", stops=False, values={"day": source.effective_from.isoformat()})
    if source.replaces and all(level_of(other) > level_of(revision) for other in by_document.get(source.replaces, ())):
        yield Finding(code="replaces-unknown", stops=False, values={"other": source.replaces})
    later = [
        (_told(revision, other), other.source.effective_from)
        for other in by_document[revision.document_id]
        if other.state == PUBLISHED and other.number != revision.number
        if source.effective_from and other.source.effective_from and other.source.effective_from > source.effective_from
    ]
    if later and source.effective_from and revision.state != PUBLISHED:
        level, first = min(later)
        values = {"day": source.effective_from.isoformat(), "other": first.isoformat()}
        yield Finding(code="older", stops=True, values=values, level=level)
