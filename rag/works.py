"""Works: what a reference means by 「所得税法第九条」. Most are one document; some come as one document for each article or item.

「所得税法 第九条（非課税所得）」 is the title of a page that holds one article, 「所得税基本通達 9-1 …」 of
one that holds an item of a circular.
All pages of a work are put together, in the order of their numbers, so that references are resolved in it as in any other law.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace

from rag.address import Address
from rag.names import NUMERAL, plain
from rag.provisions import address_of
from rag.records import Block, Document, Kind, Path, Source, Span

_N = NUMERAL.replace("0-9", "0-9０-９")
_ARTICLE_PAGE = re.compile(rf"(?P<work>\S.*?[法令則程領綱律])[ \u3000](?P<at>第{_N}条(?:の{_N})*)(?:[ \u3000]?（.*）)?")
_ITEM_PAGE = re.compile(
    r"(?P<work>\S.*?(?:通達|取扱い?|通知|要領|指針|基準)(?:（[^（）]*）)?)[ \u3000]"
    r"(?P<at>[0-9０-９]+(?:の[0-9０-９]+)*(?:[-－−‐][0-9０-９]+(?:の[0-9０-９]+)*)+)(?:[ \u3000].*)?"
)


@dataclass(frozen=True, kw_only=True, slots=True)
class Page:
    """A title that says which provision of which work its document holds."""

    work: str
    """所得税法"""
    element: str
    """第九条, or 9-1: the element of a path."""


def page(title: str) -> Page | None:
    """What a title says, if its document is one article or item of a work."""
    match = _ARTICLE_PAGE.fullmatch(title) or _ITEM_PAGE.fullmatch(title)
    return Page(work=match["work"], element=plain(match["at"]) if match.re is _ITEM_PAGE else match["at"]) if match else None


@dataclass(frozen=True, kw_only=True, slots=True)
class Part:
    """A stored revision inside a work."""

    revision: int
    """The registry's number."""
    level: int
    start: int
    """Where its text begins in the text of the work."""
    length: int


@dataclass(frozen=True, kw_only=True, slots=True)
class Work:
    """A text in which addresses are unique."""

    document: Document
    parts: tuple[Part, ...]
    """In order; together they cover the text."""

    def part_at(self, place: int) -> Part:
        """The part that holds the character at ``place``."""
        return next((part for part in self.parts if place < part.start + part.length), self.parts[-1])

    def cut(self, span: Span) -> Iterator[tuple[Part, Span]]:
        """The parts that ``span`` of the work lies in, each with the stretch in its own text."""
        for part in self.parts:
            start, end = max(span.start, part.start), min(span.end, part.start + part.length)
            if start < end:
                yield part, Span(start=start - part.start, end=end - part.start)


def single(document: Document, revision: int, level: int) -> Work:
    """A document that is a work of its own."""
    return Work(document=document, parts=(Part(revision=revision, level=level, start=0, length=len(document.text) + 1),))


def together(name: str, pages: Iterable[tuple[str, Document, int, int]]) -> Work:
    """The pages (element, document, revision, level) of a work as one document, called ``name``, in the order of their numbers."""
    ordered = sorted(pages, key=lambda page: (_order(address_of((page[0],))), page[2]))
    blocks: list[Block] = []
    parts: list[Part] = []
    pieces: list[str] = []
    at = 0
    for element, document, revision, level in ordered:
        parts.append(Part(revision=revision, level=level, start=at, length=len(document.text) + 1))
        blocks += [_moved(block, at, element) for block in document.blocks]
        pieces.append(document.text + "\n")
        at += len(pieces[-1])
    first = ordered[0][1]
    source = replace(first.source, title=name, number="", uri=name)
    return Work(document=Document(id=name, revision=name, source=source, text="".join(pieces), blocks=tuple(blocks)), parts=tuple(parts))


def _moved(block: Block, by: int, element: str) -> Block:
    path: Path = block.path if block.path[:1] == (element,) else (element, *block.path)
    return replace(block, span=Span(start=block.span.start + by, end=block.span.end + by), path=path)


def _order(address: Address) -> tuple[object, ...]:
    return (address.part, address.article)


# ---------------------------------------------------------------- authority

_KINDS: Sequence[tuple[re.Pattern[str], Kind]] = (
    (re.compile(r"施行令$|令$"), Kind.ORDER),
    (re.compile(r"施行規則$|施行細則$|規則$"), Kind.ORDINANCE),
    (re.compile(r"通達|通知|取扱いについて|事務連絡"), Kind.CIRCULAR),
    (re.compile(r"要綱|要領|指針|ガイドライン|基準$"), Kind.GUIDELINE),
    (re.compile(r"法律?$|法典$|憲法$"), Kind.ACT),
)


def kind_of(source: Source) -> Kind:
    """What a document is; where nobody said, what its title looks like."""
    if source.kind is not Kind.OTHER:
        return source.kind
    title = plain(source.title)
    return next((kind for pattern, kind in _KINDS if pattern.search(title)), Kind.OTHER)


EXPLAINING = frozenset({Kind.GUIDELINE, Kind.CIRCULAR, Kind.MANUAL, Kind.QA})
"""Kinds of documents that explain what a higher one says."""


def explains(lower: Source, upper: Source) -> bool:
    """True where a reference from ``lower`` to ``upper`` explains it: a circular names the article that it is about."""
    return kind_of(lower) in EXPLAINING and kind_of(upper).authority < kind_of(lower).authority


def carries_out(lower: Source, upper: Source) -> bool:
    """True for the order or ordinance under an act or order: 所得税法施行令 under 所得税法."""
    if kind_of(lower) not in (Kind.ORDER, Kind.ORDINANCE) or kind_of(upper).authority >= kind_of(lower).authority:
        return False
    stem = re.sub("施行令$", "", upper.title)
    return bool(stem) and lower.title.startswith(stem)


DELEGATES = {
    Kind.ORDER: re.compile(r"政令"),
    Kind.ORDINANCE: re.compile(r"省令|府令|委員会規則|人事院規則"),
}
"""Words by which a provision leaves something to an order or an ordinance."""
