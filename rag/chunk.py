"""Document -> Chunks, along the document's own structure.

An article is a chunk. A long article splits between its paragraphs and items, a very long paragraph between its
sentences. Prose splits at its headings, then between paragraphs, then between sentences (LlamaIndex's SentenceSplitter).
A short preamble joins what follows it. Headings, captions and the title are context: indexed with each chunk, never quoted.

Law: ``document.text[chunk.span.start:chunk.span.end] == chunk.text``; every quotable block lies in exactly one chunk, or
in several where it alone is longer than a chunk may be.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace
from functools import cache
from itertools import groupby

from llama_index.core.node_parser import SentenceSplitter

from rag import text as texts
from rag.records import HIGHEST_LEVEL, QUOTABLE, Block, BlockKind, Chunk, Document, Path, Span

LONGEST = 1_200
"""Characters. Longer articles and sections are split; a model of 256 tokens reads about so much English."""
PREAMBLE = 200
"""Characters. A shorter text before the first article joins it."""


@dataclass(frozen=True, kw_only=True)
class _Unit:
    """Blocks that belong together: an article, or the text under one heading."""

    path: Path
    blocks: list[Block]
    article: bool
    caption: str = ""
    lead: list[Block] = field(default_factory=list)
    """A short preamble that joined."""

    @property
    def quotable(self) -> list[Block]:
        return [block for block in self.blocks if block.kind in QUOTABLE]


def chunk(document: Document) -> list[Chunk]:
    """Cut a document into chunks, numbered from 0 in ``ordinal``. A document without quotable text gives none."""
    chunks: list[Chunk] = []
    heads, headings = _heads(document), document.headings()
    for unit in _join_preamble(_units(document)):
        for blocks, span in _pieces(document.text, unit):
            own = unit.article and any(block not in unit.lead for block in blocks if block.kind in QUOTABLE)
            path = unit.path if own else _common(block.path for block in blocks if block.kind in QUOTABLE)
            chunks.append(
                Chunk(
                    id=0,
                    document_id=document.id,
                    revision=document.revision,
                    ordinal=len(chunks),
                    span=span,
                    path=path,
                    pages=tuple(sorted({block.page for block in blocks if block.page is not None})),
                    level=document.source.level or HIGHEST_LEVEL,
                    text=span.cut(document.text),
                    context=_context(
                        document,
                        [headings.get(path[: at + 1], path[at]) for at in range(len(path))],
                        unit.caption,
                        heads.get(blocks[0].span.start, ""),
                    ),
                )
            )
    return chunks


def _units(document: Document) -> list[_Unit]:
    articles = {block.path for block in document.blocks if block.kind is BlockKind.ARTICLE}
    headings = {block.path for block in document.blocks if block.kind is BlockKind.HEADING}

    def home(block: Block) -> Path:
        for length in range(len(block.path), 0, -1):
            if block.path[:length] in articles or block.path[:length] in headings:
                return block.path[:length]
        return block.path if block.kind not in QUOTABLE else ()

    units = []
    for path, group in groupby(document.blocks, key=home):
        blocks = list(group)
        captions = [block.span.cut(document.text) for block in blocks if block.kind is BlockKind.CAPTION]
        units.append(_Unit(path=path, blocks=blocks, article=path in articles, caption=" ".join(captions)))
    return units


def _join_preamble(units: Sequence[_Unit]) -> list[_Unit]:
    """Units with something to quote (deleted articles and bare headings have nothing); a short preamble joins the first article."""
    kept = [unit for unit in units if unit.quotable]
    if len(kept) > 1 and not kept[0].article and kept[1].article:
        preamble, first, *rest = kept
        if sum(block.span.end - block.span.start for block in preamble.quotable) < PREAMBLE:
            return [replace(first, lead=preamble.quotable), *rest]
    return kept


def _pieces(text: str, unit: _Unit) -> Iterator[tuple[list[Block], Span]]:
    """Blocks and span of each chunk of a unit, in order."""
    pile: list[Block] = []
    for block in [*unit.lead, *_trim(unit.blocks)]:
        if block.kind is BlockKind.FORMER:  # what an amendment replaced is in no passage
            if any(b.kind in QUOTABLE for b in pile):
                yield from _piece(text, pile)
            pile = []
            continue
        if pile and block.span.end - pile[0].span.start > LONGEST:
            last = max((at for at, b in enumerate(pile) if b.kind in QUOTABLE), default=-1)
            if last >= 0:
                yield from _piece(text, pile[: last + 1])
            # A number or caption goes with what it announces; where that leaves no room, the path and the context say it.
            ahead = pile[last + 1 :]
            pile = ahead if ahead and block.span.end - ahead[0].span.start <= LONGEST else []
        pile.append(block)
    if any(block.kind in QUOTABLE for block in pile):
        yield from _piece(text, pile)


def _trim(blocks: Sequence[Block]) -> list[Block]:
    """Without headings and title in front: they are context."""
    return [block for block in blocks if block.kind not in (BlockKind.HEADING, BlockKind.TITLE)]


def _piece(text: str, pile: list[Block]) -> Iterator[tuple[list[Block], Span]]:
    span = Span(start=pile[0].span.start, end=pile[-1].span.end)
    if span.end - span.start <= LONGEST:
        yield pile, span
        return
    for part in split_prose(text, span):
        held = [block for block in pile if block.span.start < part.end and part.start < block.span.end]
        if any(block.kind in QUOTABLE for block in held):
            yield held, part


def split_prose(text: str, span: Span) -> list[Span]:
    """Spans of at most LONGEST characters, cut between sentences where there are any, by LlamaIndex's SentenceSplitter."""
    parts: list[Span] = []
    position = span.start
    for piece in _splitter().split_text(span.cut(text)):
        body = piece.strip()
        if not body:
            continue
        start = text.index(body, position, span.end)
        parts.append(Span(start=start, end=start + len(body)))
        position = start + len(body)
    return parts


def _sentences(text: str) -> list[str]:
    """Sentences with the white space behind them, so that they join to the text again."""
    starts = [span.start for span in texts.sentences(text)]
    edges = [0, *starts[1:], len(text)] if starts else [0, len(text)]
    return [text[a:b] for a, b in zip(edges, edges[1:], strict=False) if a < b]


@cache
def _splitter() -> SentenceSplitter:
    return SentenceSplitter(
        chunk_size=LONGEST,
        chunk_overlap=0,
        tokenizer=list,  # sizes are counted in characters: fair to every language
        chunking_tokenizer_fn=_sentences,
        paragraph_separator="\n\n",
        secondary_chunking_regex="[^、，,;；]*[、，,;；]|[^、，,;；]+",  # every character is in some piece, also where two commas meet
        include_metadata=False,
    )


def _common(paths: Iterator[Path]) -> Path:
    """The longest path that all begin with."""
    common: Path | None = None
    for path in paths:
        if common is None:
            common = path
        length = 0
        while length < min(len(common), len(path)) and common[length] == path[length]:
            length += 1
        common = common[:length]
    return common or ()


def _context(document: Document, headings: Sequence[str], caption: str, columns: str) -> str:
    return "\n".join(part for part in (document.source.title, " ".join(headings), caption, columns) if part)


def _heads(document: Document) -> dict[int, str]:
    """Start of a row -> the first row of its table: a passage cut out of a long table keeps the names of its columns."""
    found: dict[int, str] = {}
    head: Span | None = None
    for at, block in enumerate(document.blocks):
        if block.kind is not BlockKind.TABLE_ROW:
            head = None
        elif head is None or not document.same_table(at - 1, at):
            head = block.span
        else:
            found[block.span.start] = head.cut(document.text)
    return found
