"""What provisions point to: 前条, 同項, 準用 where they stand -> addresses in this law, in others, in those it delegates to.

Authority runs 法律 > 政令 > 省令: an act says 「政令で定める」, and an article of the order answers 「法第十条第二項の政令で定める…」.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Literal

from rag.address import JOIN, RANGE, Address, Mention, Step, Unit
from rag.names import Names, plain
from rag.provisions import Provisions, address_of
from rag.records import QUOTABLE, Block, BlockKind, Document, Kind, Path, Span
from rag.statute import Reader

# ---------------------------------------------------------------- resolving


@dataclass(frozen=True, kw_only=True, slots=True)
class Resolution:
    """Where a mention points."""

    document: str | None
    """Id of the document that holds the addresses; None where the library has none."""
    name: str
    """What that document is called; "" for the one in which the mention stands."""
    addresses: tuple[Address, ...]
    """In the order of the law. As written, where ``exists`` is false."""
    exists: bool
    """Every address is a provision of the document (deleted ones too). A document named as a whole exists if the library holds it."""


def resolve(mention: Mention, standing: Address, provisions: Provisions, others: Mapping[str, Provisions] | None = None) -> Resolution:
    """Where ``mention`` points, read at ``standing`` in the document of ``provisions``; ``others``: those of other documents, by id.

    For a question ``standing`` is the empty address.
    """
    home = provisions.document.id
    if mention.document not in (None, home):
        there = (others or {}).get(mention.document or "")
        found = _targets(mention, Address(), there) if there else ()
        whole = mention.address == Address() and mention.step is None
        return Resolution(
            document=mention.document,
            name=mention.name,
            addresses=found or (() if whole else (mention.address,)),
            exists=bool(found) or (whole and there is not None),
        )
    if mention.document is None and mention.name:
        return Resolution(document=None, name=mention.name, addresses=_written(mention), exists=False)
    amending = standing.part.removeprefix("附則（").removesuffix("）") if standing.part.startswith("附則（") else ""
    if amending and mention.document is None and mention.address.article and not mention.address.part and mention.step is None:
        # 「第二条の規定」 in the 附則 of an amending law is an article of that law, which is not this document.
        return Resolution(document=None, name=amending, addresses=_written(mention), exists=False)
    if mention.document and mention.address == Address() and mention.step is None:
        return Resolution(document=home, name=mention.name, addresses=(), exists=True)
    found = _targets(mention, Address() if mention.document else standing, provisions)
    return Resolution(document=home, name=mention.name, addresses=found or _written(mention), exists=bool(found))


def _written(mention: Mention) -> tuple[Address, ...]:
    ends = (mention.address, mention.until) if mention.until else (mention.address,)
    return tuple(end for end in ends if end != Address())


def _targets(mention: Mention, standing: Address, provisions: Provisions) -> tuple[Address, ...]:
    """The provisions meant, () where one of them does not exist."""
    bases = _stepped(mention.step, standing, provisions)
    written = [_completed(mention.address, base, stepped=mention.step is not None) for base in bases]
    found = [provision.address for address in written if (provision := provisions.find(address))]
    if not found or len(found) < len(written):
        return ()
    if mention.until:
        ends = _stepped(mention.until_step, standing, provisions)
        found = through(found[-1], _completed(mention.until, ends[-1], stepped=mention.until_step is not None), provisions) if ends else []
    if mention.every and mention.address.part != "別表":
        found = [inner for address in found for inner in provisions.inside(address, mention.every)]
    return tuple(found)


def _stepped(step: Step | None, standing: Address, provisions: Provisions) -> list[Address]:
    """Where counting 前条 or 次項 from ``standing`` leads; ``standing`` itself where nothing is counted."""
    if step is None:
        return [standing]
    here = _cut(standing, step.unit)
    if step.offset == 0:
        missing = here.item is None if step.unit == "号" else here.paragraph is None if step.unit == "項" else not here.article
        return [] if missing else [here]
    line = list(provisions.beside(here, step.unit))
    if here not in line:
        # A caption or a table between the items stands at none of them.
        return line if not step.count and step.unit == "号" and standing.item is None else []
    place = line.index(here)
    if step.offset < 0:
        return line[: place if not step.count else 0] or line[place - step.count : place] if place >= step.count else []
    return line[place + 1 :] if not step.count else line[place + 1 : place + 1 + step.count] if place + step.count < len(line) else []


def _cut(address: Address, unit: Unit) -> Address:
    """``address`` down to the level of ``unit``."""
    if unit == "条":
        return Address(part=address.part, article=address.article)
    return replace(address, item=address.item if unit == "号" else None, subitem="")


def _completed(written: Address, base: Address, *, stepped: bool) -> Address:
    """``written`` with the upper levels that it leaves out, taken from where it stands (or where 前条 led)."""
    part = written.part
    if part:
        # 附則第二条 in the 附則 of an amending law is in that 附則.
        return replace(written, part=base.part) if part == "附則" and base.part.startswith("附則") else written
    if written.article:
        return replace(written, part=base.part) if stepped or base.part in ("節", "第") else written
    if written.paragraph is not None:
        return replace(written, part=base.part, article=base.article)
    if written.item:
        return replace(written, part=base.part, article=base.article, paragraph=base.paragraph)
    return replace(base, subitem=written.subitem) if written.subitem else base


def through(first: Address, last: Address, provisions: Provisions) -> list[Address]:
    """All provisions from ``first``, which exists, to ``last`` on their level; [] where that one does not, or stands before."""
    end = provisions.find(last)
    if end is None:
        return []
    unit: Unit = "号" if end.address.item else "項" if end.address.paragraph is not None else "条"
    line = list(provisions.beside(end.address, unit))
    if first in line and end.address in line:
        return line[line.index(first) : line.index(end.address) + 1]
    places = [provision.address for provision in provisions.order]
    i, j = places.index(first), places.index(end.address)
    return [first, end.address] if i < j else []


# ---------------------------------------------------------------- references

ReferenceKind = Literal["cites", "applies", "reads_as", "delegates"]


@dataclass(frozen=True, kw_only=True, slots=True)
class Reference:
    """One passage points to one provision."""

    from_span: Span
    """The words that point, in the text of the document."""
    from_path: Path
    kind: ReferenceKind
    """cites; applies (準用する); reads_as (読み替える); delegates (政令で定める -> the article of the order that does)."""
    document: str | None
    """Id of the target's document; None where the library has none."""
    name: str
    """What the target's document is called; "" for the same document."""
    address: Address
    """The empty address for a document as a whole."""
    resolved: bool


def references(document: Document, names: Names, provisions: Mapping[str, Provisions]) -> list[Reference]:
    """Every reference in every quotable block of ``document``, in the order written; delegations behind.

    ``provisions``: by document id, the documents that references may lead to; that of ``document`` is made if it is missing.
    """
    home = provisions.get(document.id) or Provisions.of(document)
    found = [
        Reference(
            from_span=mention.span,
            from_path=block.path,
            kind=kind,
            document=target.document,
            name=target.name,
            address=address,
            resolved=target.exists,
        )
        for block, mention, kind in pointing(document, names)
        for target in [resolve(mention, address_of(block.path), home, provisions)]
        for address in target.addresses or (Address(),)
        if not _idle(mention, target, address, document.id)
    ]
    return found + list(_delegations(document, names, provisions))


def _idle(mention: Mention, target: Resolution, address: Address, home: str) -> bool:
    """True for a document that names itself, and for 第一の理由, which looked like the heading 第一."""
    return target.document == home and (address == Address() if target.exists else mention.address.part in ("第", "節"))


def pointing(document: Document, names: Names) -> Iterator[tuple[Block, Mention, ReferenceKind]]:
    """The mentions of a document with their kinds; spans are offsets in its text."""
    readers: dict[str, Reader] = {}
    where: Path | None = None
    lead = ""
    for block in document.blocks:
        if block.kind not in QUOTABLE:
            continue
        root = block.path[0] if block.path and block.path[0].startswith("附則") else ""
        if root not in readers:
            readers[root] = Reader(names.within(document, root))
        reader = readers[root]
        article = address_of(block.path)
        place = (*block.path[:1], repr(article.article))
        if place != where:  # 同条 and 同法 do not reach back beyond the article
            where, lead = place, ""
            reader.forget()
        text = block.span.cut(document.text)
        if block.kind is BlockKind.PARAGRAPH:
            lead = text
        mentions = reader.read(text)
        if "とあるのは" in text:  # the words that are replaced, and those in their place, point from elsewhere
            mentions = [mention for mention in mentions if not _quoted(text, mention.span.start)]
        kinds = _kinds(text, mentions, in_table=block.kind is BlockKind.TABLE_ROW and bool(_TO_READ.search(lead)))
        for mention, kind in zip(mentions, kinds, strict=True):
            yield (
                block,
                replace(mention, span=Span(start=mention.span.start + block.span.start, end=mention.span.end + block.span.start)),
                kind,
            )


_APPLIED = re.compile(
    r"(?:まで)?(?:の規定)?を準用(?:する|し|され)"
    r"|(?:まで)?(?:の規定)?は、?[^。]*?(?<!おいて)準用(?:する|し|され)"
    r"|(?: of [^.;]*?)? appl(?:y|ies) mutatis"
)
_CHANGES = re.compile("準用|とあるのは|mutatis|to be read")
_READ_AS = re.compile(r"(?:まで)?(?:の規定)?中[^。]{0,4}「")
_TO_READ = re.compile("読み替え|to be read as")
_NESTED = re.compile(r"\([^()]*\)")


def _kinds(text: str, mentions: Sequence[Mention], *, in_table: bool) -> list[ReferenceKind]:
    """準用 holds for the whole list before 「の規定は、…について準用する」, 読み替え for the provision in 「第二条中「…」とあるのは」."""
    words = plain(text)
    kinds: list[ReferenceKind] = ["cites"] * len(mentions)
    if not in_table and not _CHANGES.search(words):
        return kinds
    bare = _blanked(words)
    outside = [words[m.span.start] == "(" or bare[m.span.start] != "\0" for m in mentions]
    tail = len(words)
    for i in range(len(mentions) - 1, -1, -1):
        span = mentions[i].span
        if not outside[i]:
            continue
        following = next((m.span.start for m, out in zip(mentions[i + 1 :], outside[i + 1 :], strict=True) if out), None)
        between = bare[span.end : following].replace("\0", "") if following is not None else "."
        if not (JOIN.fullmatch(between) or RANGE.fullmatch(between)):
            tail = span.end
        behind = bare[tail:].replace("\0", "")
        read = _READ_AS.match(words, tail) or ("to be read" in words and words.endswith(" in ", 0, span.start))
        if read or (in_table and words.find("|") > span.start):
            kinds[i] = "reads_as"
        elif _APPLIED.match(behind):
            kinds[i] = "applies"
    return kinds


def _blanked(words: str) -> str:
    """``words`` with everything in round brackets made \\0, so that the sentence outside can be read."""
    for _ in range(20):  # deeper than any law nests
        shorter = _NESTED.sub(lambda m: "\0" * len(m[0]), words)
        if shorter == words:
            break
        words = shorter
    return words


def _quoted(words: str, at: int) -> bool:
    return words.count("「", 0, at) > words.count("」", 0, at)


# ---------------------------------------------------------------- delegation

_BY_ORDER = re.compile(r"政令(?:で定める)?")
_BY_ORDINANCE = re.compile(r"(?:[一-龥ァ-ヴー]*省令|[一-龥]*府令|[一-龥]*委員会規則)(?:で定める)?")


def _delegations(document: Document, names: Names, provisions: Mapping[str, Provisions]) -> Iterator[Reference]:
    """政令で定める in an act -> the articles of its order that name the passage; 省令で定める -> those of its ordinance."""
    waiting = [
        b
        for b in document.blocks
        if b.kind in QUOTABLE and (_BY_ORDER.search(text := b.span.cut(document.text)) or _BY_ORDINANCE.search(text))
    ]
    if not waiting:
        return
    home = provisions.get(document.id) or Provisions.of(document)
    answers: dict[Address, list[tuple[Document, Address]]] = {}
    for other in provisions.values():
        if other.document.id == document.id or not _below(other.document, document):
            continue
        for block, mention, _ in pointing(other.document, names):
            if mention.document == document.id and block.path[:1] != ("附則",):
                for address in resolve(mention, address_of(block.path), other, {document.id: home}).addresses:
                    answers.setdefault(address, []).append((other.document, address_of(block.path)))
    for block in waiting:
        text = block.span.cut(document.text)
        address = address_of(block.path)
        alone = len(home.inside(Address(part=address.part, article=address.article), "項")) == 1
        above = [Address(part=address.part, article=address.article)] if alone and not address.item else []
        seen: set[tuple[str, Address]] = set()
        for answer, place in [pair for at in (address, *above) for pair in answers.get(at, [])]:
            pattern = _BY_ORDER if answer.source.kind is Kind.ORDER else _BY_ORDINANCE
            words = pattern.search(text)
            if words and (answer.id, place) not in seen:
                seen.add((answer.id, place))
                span = Span(start=block.span.start + words.start(), end=block.span.start + words.end())
                yield Reference(
                    from_span=span,
                    from_path=block.path,
                    kind="delegates",
                    document=answer.id,
                    name=answer.source.title,
                    address=place,
                    resolved=True,
                )


def _below(lower: Document, upper: Document) -> bool:
    """True for an order or ordinance under the act or order ``upper``."""
    if not lower.source.kind.authority > upper.source.kind.authority or lower.source.kind not in (Kind.ORDER, Kind.ORDINANCE):
        return False
    stem = re.sub("施行令$", "", upper.source.title)
    return bool(stem) and lower.source.title.startswith(stem)
