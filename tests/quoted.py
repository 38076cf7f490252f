"""Documents and hits made by hand, and what is quoted from them."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace

from rag import terms
from rag.answer import quote
from rag.answer.quote import Evidence
from rag.answer.relevance import Question
from rag.chunk import chunk
from rag.records import Block, BlockKind, Document, Hit, Kind, Path, Role, Source, Span

Row = tuple[BlockKind, Path, str]
ARTICLE: Path = ("第一条",)


def build(rows: Sequence[Row], id: str = "d", kind: Kind = Kind.DIRECTIVE, title: str = "") -> Document:
    """A document of these blocks, one on a line."""
    text, blocks = "", []
    for number, (block_kind, path, body) in enumerate(rows, start=1):
        blocks.append(Block(kind=block_kind, span=Span(start=len(text), end=len(text) + len(body)), path=path, page=number))
        text += body + "\n"
    return Document(
        id=id, revision=f"r-{id}", source=Source(uri=f"{id}.txt", title=title, kind=kind, level=1), text=text, blocks=tuple(blocks)
    )


def prose(*sentences: str, id: str = "d", kind: Kind = Kind.DIRECTIVE) -> Document:
    """Paragraphs without headings."""
    return build([(BlockKind.TEXT, (), sentence) for sentence in sentences], id=id, kind=kind)


def at(document: Document, words: str) -> Span:
    start = document.text.index(words)
    return Span(start=start, end=start + len(words))


def hits_of(*documents: Document) -> tuple[list[Hit], Callable[[Hit], Document]]:
    """Every chunk of the documents as a hit, in this order, and the way back to the document."""
    by_id = {document.id: document for document in documents}
    chunks = [replace(piece, id=100 + number) for number, piece in enumerate(piece for document in documents for piece in chunk(document))]
    hits = [Hit(chunk=piece, score=1 - rank / 1_000, rank=rank, found_by={"keyword": rank}) for rank, piece in enumerate(chunks, start=1)]
    return hits, lambda hit: by_id[hit.chunk.document_id]


def choose(asked: Question, hits: Sequence[Hit], load: Callable[[Hit], Document]) -> list[Evidence]:
    return quote.choose(asked, quote.weigh(asked, hits, load))


def quotes(question: str, *documents: Document) -> list[str]:
    """What is quoted from ``documents``, found in this order; every word of the question weighs the same."""
    hits, load = hits_of(*documents)
    asked = Question(weights=dict.fromkeys(terms.content_words(question), 1.0), text=question)
    return [statement.text for statement in quote.statements(choose(asked, hits, load))]


def roles(question: str, *documents: Document) -> list[tuple[str, Role, bool]]:
    hits, load = hits_of(*documents)
    asked = Question(weights=dict.fromkeys(terms.content_words(question), 1.0), text=question)
    return [(statement.text, statement.role, statement.folded) for statement in quote.statements(choose(asked, hits, load))]


RULES = build(
    [
        (BlockKind.TITLE, (), "旅費規程"),
        (BlockKind.HEADING, ("第一章",), "第一章 総則"),
        (BlockKind.ARTICLE, ARTICLE, "第一条"),
        (BlockKind.PARAGRAPH, (*ARTICLE, "第一項"), "旅費は実費とする。端数は切り捨てる。"),
        (BlockKind.CAPTION, ("別表",), "別表（宿泊料）"),
        (BlockKind.TABLE_ROW, ("別表", "1行"), "東京 一万円"),
    ],
    title="旅費規程",
)

PAPERS = build(
    [
        (BlockKind.ARTICLE, ARTICLE, "第一条"),
        (BlockKind.PARAGRAPH, (*ARTICLE, "第一項"), "前払の請求には次に掲げる書類を添える。"),
        (BlockKind.ITEM, (*ARTICLE, "第一項", "第一号"), "旅行命令書"),
        (BlockKind.ITEM, (*ARTICLE, "第一項", "第二号"), "航空券の領収書"),
        (BlockKind.PARAGRAPH, (*ARTICLE, "第二項"), "精算は帰着の日から一月以内に行う。"),
    ]
)
