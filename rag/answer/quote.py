"""Answering by quoting: which sentences of the hits answer, or that none does. No model is needed, nothing is invented.

The hits that stand first each give their best candidate. A candidate is a sentence; one that announces a list
（「次の各号」, "the following:"） is quoted with its list, and an item of a list brings the words that announce it.
For a question with terms t of weight idf(t)::

    coverage(text) = sum of idf(t) over the terms that text has / sum of idf(t) over all

The candidate of a hit is the one with the highest coverage, the earlier one of two alike. Where no hit, with its title and
headings, covers ENOUGH of the question, nothing is quoted.
"""

from __future__ import annotations

import re
from bisect import bisect_right
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field

from rag import terms, text
from rag.answer.verify import cite
from rag.records import QUOTABLE, Block, BlockKind, Citation, Document, Hit, Span, Statement

HITS = 10
"""How many hits are looked at."""
MOST = 4
"""Statements in an answer."""
ENOUGH = 0.15
"""Some hit must cover at least this share of the question's weight, or there is no answer. Low: staff ask in everyday words,
which regulations do not use. `evaluate golden` prints both errors: at 0.15 few answerable questions are refused, and few others."""
DIRECT = 0.8
"""Evidence of a hit that covers less than this share of what the best one covers comes after the others, whatever its authority."""
MEANT = 0.8
"""A term of the question that a passage has by an official word counts so much."""
LONGEST_LIST = 12
"""Items quoted with the sentence that announces them."""
LONGEST_QUOTE = 1_000

_ANNOUNCES = re.compile(
    r"次の(?:各号|とおり|[一-龠]*(?:事項|場合|書類|者|区分))|次に掲げる|左に掲げる|各号に掲げる|以下の(?:とおり|事項)|following\b[^.]*[:：]?$|[:：]$"
)
_CONTINUES = re.compile(r"ただし、|但し、|この場合において|この限りでない|However,|Provided that|In this case,|In that case,")


@dataclass(frozen=True, kw_only=True, slots=True)
class Evidence:
    """A sentence that may answer, where it stands."""

    document: Document
    spans: tuple[Span, ...]
    """What is quoted: usually one span; an item has that of its announcement first."""
    score: float
    hit: Hit

    @property
    def words(self) -> frozenset[str]:
        """The terms of what is quoted, to tell repetitions."""
        return frozenset(term for span in self.spans for term in terms.words(span.cut(self.document.text)))


@dataclass(frozen=True, kw_only=True, slots=True)
class Question:
    """A question as terms with weights."""

    weights: Mapping[str, float]
    """Inverse document frequency of each content word."""
    meant: Mapping[str, tuple[frozenset[str], ...]] = field(default_factory=dict)
    """Term -> sets of official terms, each of which as a whole says the same."""

    def coverage(self, found: Iterable[str]) -> float:
        """Share of the weight that ``found`` has, 0 to 1; what it has by another word counts MEANT."""
        have, total = set(found), sum(self.weights.values())
        return sum(weight * self._share(term, have) for term, weight in self.weights.items()) / total if total else 0.0

    def missing(self, found: Iterable[str]) -> tuple[str, ...]:
        """Terms that ``found`` does not have, by no word."""
        have = set(found)
        return tuple(term for term in self.weights if not self._share(term, have))

    def _share(self, term: str, have: set[str]) -> float:
        if term in have:
            return 1.0
        return MEANT if any(official <= have for official in self.meant.get(term, ())) else 0.0


def answered(question: Question, hits: Sequence[Hit]) -> float:
    """How far the documents answer, 0 to 1: the highest coverage of a hit with its title and headings. Below ENOUGH nothing is quoted."""
    return max((question.coverage(terms.words(f"{hit.chunk.context}\n{hit.chunk.text}")) for hit in hits[:HITS]), default=0.0)


def choose(question: Question, hits: Sequence[Hit], load: Callable[[Hit], Document]) -> list[Evidence]:
    """The sentences that answer; of those that do so directly, the highest authority first, then the best hit.

    Empty where the hits do not answer.

    Args:
        load: gives the stored revision of a hit.
    """
    covered = [question.coverage(terms.words(f"{hit.chunk.context}\n{hit.chunk.text}")) for hit in hits[:HITS]]
    if max(covered, default=0.0) < ENOUGH:
        return []
    chosen: list[Evidence] = []
    for hit, share in zip(hits[:HITS], covered, strict=True):
        if len(chosen) == MOST:
            break
        candidates = _candidates(question, hit, load(hit)) if share else []
        best = max(candidates, key=lambda evidence: (evidence.score, -evidence.spans[-1].start), default=None)
        if best is not None and not any(_repeats(best, other) for other in chosen):
            chosen.append(best)
    direct = DIRECT * max(covered)
    place = {hit.chunk.id: share < direct for hit, share in zip(hits, covered, strict=False)}
    return sorted(chosen, key=lambda e: (place[e.hit.chunk.id], e.document.source.kind.authority, e.hit.rank))


def statements(chosen: Sequence[Evidence]) -> list[Statement]:
    """Each piece of evidence as a statement; citations are numbered through the answer."""
    made: list[Statement] = []
    number = 0
    for evidence in chosen:
        citations: list[Citation] = []
        for span in evidence.spans:
            number += 1
            citations.append(cite(evidence.document, span, number))
        made.append(Statement(text="\n".join(citation.quote for citation in citations), citations=tuple(citations)))
    return made


def nearest(hits: Sequence[Hit], load: Callable[[Hit], Document], limit: int) -> list[Citation]:
    """The first sentence or so of the best hits, to be shown as not an answer."""
    citations: list[Citation] = []
    for hit in hits[:limit]:
        document = load(hit)
        blocks = _blocks(document, hit.chunk.span)
        spans = [span for block in blocks if block.kind in QUOTABLE for span in text.sentences(document.text, block.span)]
        if spans:
            citations.append(cite(document, spans[0], len(citations) + 1))
    return citations


def _candidates(question: Question, hit: Hit, document: Document) -> list[Evidence]:
    blocks = _blocks(document, hit.chunk.span)
    found: list[Evidence] = []
    announcement: Span | None = None
    for at, block in enumerate(blocks):
        if block.kind not in QUOTABLE:
            continue
        in_table = block.kind is BlockKind.TABLE_ROW
        heading = _column_names(document, block) if in_table else None
        # The first row of a table names its columns: it says nothing alone, and the others say little without it.
        if heading == block.span and at + 1 < len(blocks) and blocks[at + 1].kind is BlockKind.TABLE_ROW:
            continue
        for span in [block.span] if in_table else _sentences(document.text, block.span):
            spans: tuple[Span, ...] = (span,)
            if in_table and heading is not None and heading != span:
                spans = (heading, span)
            elif block.kind is BlockKind.ITEM and announcement is not None:
                spans = (announcement, span)
            elif block.kind is not BlockKind.ITEM and _ANNOUNCES.search(span.cut(document.text)):
                announcement = span
                spans = (_with_list(span, blocks[at + 1 :]),)
            elif block.kind is not BlockKind.ITEM:
                announcement = None
            words = [word for part in spans for word in terms.words(part.cut(document.text))]
            found.append(Evidence(document=document, spans=spans, score=question.coverage(words), hit=hit))
    return found


def _column_names(document: Document, row: Block) -> Span:
    """The first row of the table that ``row`` stands in, which may lie in a passage before."""
    index = bisect_right(document.blocks, row.span.start, key=lambda block: block.span.start) - 1
    return document.first_row(index).span


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


def _blocks(document: Document, span: Span) -> list[Block]:
    """Blocks that lie in a chunk, in order; of one that sticks out, the part inside."""
    inside: list[Block] = []
    for block in document.blocks:
        if block.span.start >= span.end:
            break
        if block.span.end > span.start:
            part = Span(start=max(block.span.start, span.start), end=min(block.span.end, span.end))
            inside.append(Block(kind=block.kind, span=part, path=block.path, page=block.page, box=block.box))
    return inside


def _with_list(announcement: Span, following: Sequence[Block]) -> Span:
    """The announcement and the items behind it, as one stretch of text."""
    end = announcement.end
    for block in following[:LONGEST_LIST]:
        if block.kind is not BlockKind.ITEM or block.span.end - announcement.start > LONGEST_QUOTE:
            break
        end = block.span.end
    return Span(start=announcement.start, end=end)


def _repeats(one: Evidence, other: Evidence) -> bool:
    """True where both quote the same place, or nearly the same words."""
    if one.document.id == other.document.id and any(a.start < b.end and b.start < a.end for a in one.spans[-1:] for b in other.spans):
        return True
    common, all_ = len(one.words & other.words), len(one.words | other.words)
    return all_ > 0 and common / all_ > 0.8
