"""Documents made in code, for the screens' tests."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from datetime import date

from rag.read.build import Builder
from rag.records import BlockKind, Document, Kind, Path, Source, Span

LAW: list[tuple[BlockKind, str, str, Path]] = [
    (BlockKind.TITLE, "", "旅費規程", ()),
    (BlockKind.TEXT, "", "この規程は見本です。", ()),
    (BlockKind.HEADING, "", "第一章　総則", ("第一章 総則",)),
    (BlockKind.CAPTION, "", "（趣旨）", ("第一章 総則", "第一条")),
    (BlockKind.PARAGRAPH, "第一条　", "この規程は、旅費の支給について定める。", ("第一章 総則", "第一条", "第一項")),
    (BlockKind.HEADING, "", "第二章　旅費", ("第二章 旅費",)),
    (BlockKind.CAPTION, "", "（種類）", ("第二章 旅費", "第二条")),
    (BlockKind.PARAGRAPH, "第二条　", "旅費の種類は、次のとおりとする。", ("第二章 旅費", "第二条", "第一項")),
    (BlockKind.ITEM, "一　", "鉄道賃", ("第二章 旅費", "第二条", "第一項", "第一号")),
    (BlockKind.ITEM, "イ　", "急行料金", ("第二章 旅費", "第二条", "第一項", "第一号", "イ")),
    (BlockKind.ITEM, "二　", "車賃", ("第二章 旅費", "第二条", "第一項", "第二号")),
    (BlockKind.PARAGRAPH, "２　", "車賃は、実費による。ただし、上限を超えない。", ("第二章 旅費", "第二条", "第二項")),
    (BlockKind.PARAGRAPH, "第一条　", "この規程は、令和七年四月一日から施行する。", ("附則", "第一条", "第一項")),
]


def build(rows: Sequence[tuple[BlockKind, str, str, Path]], source: Source, document_id: str = "made", format: str = "text") -> Document:
    """A document of rows (kind, number before the words, words, path); one with an article in its path gets its title block."""
    builder = Builder()
    for kind, number, words, path in rows:
        article = next((n for n, element in enumerate(path) if element.endswith("条")), None)
        if kind is BlockKind.PARAGRAPH and article is not None and number.startswith(path[article]):
            builder.add(path[article], BlockKind.ARTICLE, path[: article + 1])
            number = number[len(path[article]) :]
        builder.gap(number)
        builder.add(words, kind, path)
        builder.line()
    text = builder.text
    revision = hashlib.sha256(text.encode()).hexdigest()
    return Document(id=document_id, revision=revision, source=source, text=text, blocks=tuple(builder.blocks), format=format)


def law() -> Document:
    """A small law with a chapter, items, two paragraphs and a supplementary provision."""
    source = Source(
        uri="law.txt", title="旅費規程", issuer="会計課", number="訓令第三号", kind=Kind.DIRECTIVE, effective_from=date(2025, 4, 1), level=1
    )
    return build(LAW, source)


def span_of(document: Document, words: str) -> Span:
    """Where ``words`` stand."""
    start = document.text.index(words)
    return Span(start=start, end=start + len(words))
