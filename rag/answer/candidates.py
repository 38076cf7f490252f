"""What may be quoted from a hit: its sentences, each with what makes it readable and true.

A sentence that announces a list （「次の各号」, "the following:"） comes with its list, an item with the words that announce it,
a row of a table with those that name its columns, and a sentence that only limits the one before （ただし） with that one. A short
answer of a Q&A and a short paragraph of a guide are quoted whole: 「証明書がないときは、遅刻の届出になります。」 says little without
what stands before.
"""

from __future__ import annotations

import re
from bisect import bisect_right
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

from rag import terms, text
from rag.records import QUOTABLE, Block, BlockKind, Document, Hit, Kind, Span

LONGEST_LIST = 12
"""Items quoted with the sentence that announces them."""
LONGEST_QUOTE = 1_000
SHORT_LIST, SHORT_LIST_CHARACTERS = 6, 500
"""A list is quoted whole for one of its items where it has no more items and characters."""
WHOLE_KINDS = frozenset({Kind.QA, Kind.MANUAL})
"""They explain in sentences that follow from each other; a paragraph of a rule is made to be cited by its sentence."""
ONE_ANSWER = 300
"""Width of a paragraph that is quoted whole in these kinds: a full-width character counts 1, a Latin letter half."""
_FARTHEST = 200
"""Blocks that may lie between an item and the words that announce it."""

_ANNOUNCES = re.compile(
    r"次の(?:各号|いずれ|全て|すべて|とおり|[一-龠]*(?:事項|場合|書類|者|区分))|次に掲げる|左に掲げる|各号に掲げる|以下の(?:とおり|事項)|following\b[^.]*[:：]?$|[:：]$"
)
_EXCEPTED = re.compile(r"[（(][^（）()]{1,40}を除く。?[）)]")
_CONTINUES = re.compile(r"ただし、|但し、|この場合において|この限りでない|However,|Provided that|In this case,|In that case,")


@dataclass(frozen=True, kw_only=True, slots=True)
class Candidate:
    """A sentence that may answer, where it stands."""

    document: Document
    hit: Hit
    spans: tuple[Span, ...]
    """What is quoted: usually one span; an item has that of its announcement first, a row that of its columns."""
    words: frozenset[str]
    """The terms of what is quoted; not those of what it excepts in brackets: 公共交通機関（タクシーを除く。） says nothing of taxis."""

    @property
    def text(self) -> str:
        """What is quoted, a line for each span."""
        return "\n".join(span.cut(self.document.text) for span in self.spans)


def candidates(hits: Sequence[Hit], load: Callable[[Hit], Document]) -> list[Candidate]:
    """Every sentence of the hits, in their order and the order of the text. A hit may have none.

    Args:
        load: gives the stored revision of a hit.
    """
    found = []
    for hit in hits:
        document = load(hit)
        for spans in quotable(document, hit.chunk.span):
            words = frozenset(word for span in spans for word in terms.words(_EXCEPTED.sub("", span.cut(document.text))))
            found.append(Candidate(document=document, hit=hit, spans=spans, words=words))
    return found


def quotable(document: Document, part: Span) -> Iterator[tuple[Span, ...]]:
    """The sentences of a part of a document, each with what belongs to it."""
    blocks = blocks_in(document, part)
    for at, block in enumerate(blocks):
        if block.kind not in QUOTABLE:
            continue
        if block.kind is BlockKind.TABLE_ROW:
            heads = _column_names(document, block)
            # The first row of a table names its columns: it says nothing alone, and the others say little without it.
            if block.span in heads and at + 1 < len(blocks) and blocks[at + 1].kind is BlockKind.TABLE_ROW:
                continue
            yield (block.span,) if block.span in heads else (*heads, block.span)
        else:
            above = _above(document, block) if block.kind is BlockKind.ITEM else ()
            for span in _sentences(document.text, block.span):
                yield *above, complete(document, span)


def blocks_in(document: Document, span: Span) -> list[Block]:
    """Blocks that lie in a part of a document, in order; of one that sticks out, the part inside."""
    inside: list[Block] = []
    first = bisect_right(document.blocks, span.start, key=lambda block: block.span.end)
    for block in document.blocks[first:]:
        if block.span.start >= span.end:
            break
        part = Span(start=max(block.span.start, span.start), end=min(block.span.end, span.end))
        if part.start < part.end:
            inside.append(Block(kind=block.kind, span=part, path=block.path, page=block.page, box=block.box))
    return inside


def _above(document: Document, item: Block) -> tuple[Span, ...]:
    """The words that announce an item, and the items that it is a part of; they may stand in a passage before."""
    above: list[Span] = []
    path = item.path
    at = _at(document, item.span)
    for block in reversed(document.blocks[max(0, at - _FARTHEST) : at]):
        if block.kind is BlockKind.ITEM:
            if len(block.path) < len(path) and path[: len(block.path)] == block.path:
                above.append(block.span)
                path = block.path
        elif block.kind in QUOTABLE:
            if block.kind is not BlockKind.TABLE_ROW and item.path[: len(block.path)] == block.path:
                sentences = _sentences(document.text, block.span)
                above += [span for span in sentences[-1:] if _ANNOUNCES.search(span.cut(document.text))]
            break
        else:
            break
    return tuple(reversed(above))


def whole_list(candidate: Candidate, most: int = SHORT_LIST_CHARACTERS, *, flat: bool = True) -> tuple[Span, ...]:
    """The announcement of an item with all items of its list, where these are few and short; else what is quoted of the item.

    Args:
        most: characters.
        flat: only a list whose items have no items of their own.
    """
    document, own = candidate.document, candidate.spans
    at = _at(document, own[1]) if len(own) > 1 else -1
    if at < 0 or document.blocks[at].kind is not BlockKind.ITEM:
        return own
    home = document.blocks[at].path[:-1]

    def belongs(number: int) -> bool:
        block = document.blocks[number]
        return block.kind is BlockKind.ITEM and len(block.path) > len(home) and block.path[: len(home)] == home

    first, last = at, at + 1
    while first > 0 and belongs(first - 1):
        first -= 1
    while last < len(document.blocks) and belongs(last):
        last += 1
    items = document.blocks[first:last]
    spans = (own[0], *(item.span for item in items))
    fits = len(items) <= (SHORT_LIST if flat else LONGEST_LIST) and sum(span.end - span.start for span in spans) <= most
    level = all(len(item.path) == len(home) + 1 for item in items) or not flat
    return spans if fits and level and own[0].end <= items[0].span.start else own


def whole_table(candidate: Candidate) -> tuple[Span, ...]:
    """The names of the columns with all rows of the table of a row, where these are few and short; else what is quoted of the row."""
    document, own = candidate.document, candidate.spans
    at = _at(document, own[-1])
    if len(own) < 2 or document.blocks[at].kind is not BlockKind.TABLE_ROW:
        return own
    first = _at(document, own[-2]) + 1
    last = at
    while last + 1 < len(document.blocks) and document.same_table(last, last + 1):
        last += 1
    rows = Span(start=document.blocks[first].span.start, end=document.blocks[last].span.end)
    return (*own[:-1], rows) if last - first < SHORT_LIST and rows.end - rows.start <= SHORT_LIST_CHARACTERS else own


def provision(document: Document, span: Span) -> list[tuple[Span, ...]]:
    """A provision whole and in its order, a piece for each paragraph with its list or its table, as long as a quote may be."""
    pieces: list[tuple[Span, ...]] = []
    for spans in quotable(document, span):
        last = spans[-1]
        before = pieces[-1] if pieces else None
        if before is None:
            pieces.append(spans)
        elif not before[-1].holds(last):
            joined = Span(start=before[-1].start, end=last.end)
            one, other = document.blocks[_at(document, before[-1])], document.blocks[_at(document, last)]
            of_one = one.path == other.path if len(spans) == 1 else spans[:-1] == before[:-1]
            if of_one and len(spans) == len(before) and joined.end - joined.start <= LONGEST_QUOTE:
                pieces[-1] = (*before[:-1], joined)
            else:
                pieces.append(spans)
    return pieces


def _at(document: Document, span: Span) -> int:
    """The number of the block in which a span begins; -1 before the first."""
    return bisect_right(document.blocks, span.start, key=lambda block: block.span.start) - 1


def whole_answer(candidate: Candidate) -> tuple[Span, ...]:
    """The answer of a Q&A, or the paragraph of a guide, that a sentence stands in, where it is short; else what is quoted of the
    sentence."""
    document, own = candidate.document, candidate.spans
    if document.source.kind not in WHOLE_KINDS or len(own) != 1:
        return own
    block = document.blocks[_at(document, own[0])]
    short = block.path and block.span.holds(own[0]) and text.width(block.span.cut(document.text)) <= ONE_ANSWER
    return (block.span,) if short else own


def _column_names(document: Document, row: Block) -> tuple[Span, ...]:
    """The rows that name the columns of the table that ``row`` stands in; they may lie in a passage before."""
    return tuple(head.span for head in document.head_rows(_at(document, row.span)))


def _sentences(whole: str, span: Span) -> list[Span]:
    """Sentences, where one that only limits or continues the one before (ただし, この場合) stays with it: quoted apart, it misleads."""
    joined: list[Span] = []
    for sentence in text.sentences(whole, span):
        before = joined[-1] if joined else None
        if before is not None and _CONTINUES.match(sentence.cut(whole)) and sentence.end - before.start <= LONGEST_QUOTE:
            joined[-1] = Span(start=before.start, end=sentence.end)
        else:
            joined.append(sentence)
    return joined


def complete(document: Document, sentence: Span) -> Span:
    """A sentence with the list that it announces, if it announces one: as one stretch of text."""
    if not _ANNOUNCES.search(sentence.cut(document.text)):
        return sentence
    own = document.blocks[_at(document, sentence)]
    end = sentence.end
    for block in document.blocks[_at(document, sentence) + 1 :][:LONGEST_LIST]:
        if block.kind is not BlockKind.ITEM or block.span.end - sentence.start > LONGEST_QUOTE:
            break
        if own.kind is BlockKind.ITEM and (len(block.path) <= len(own.path) or block.path[: len(own.path)] != own.path):
            break  # the next item of the list that this one stands in
        end = block.span.end
    return Span(start=sentence.start, end=end)
