"""Rows of the registry as the records that the rest of the program knows, and back."""

from __future__ import annotations

import json
import zlib
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from datetime import UTC, date, datetime
from functools import lru_cache
from typing import Any

from sqlalchemy import Row, select
from sqlalchemy.orm import Session

from rag.records import Block, BlockKind, Box, Chunk, Document, Furniture, Kind, Source, Span
from rag.registry.proof import Part, Recorded, of_source
from rag.registry.tables import FurnitureRow, RevisionRow


@dataclass(frozen=True, kw_only=True, slots=True)
class Revision:
    """A revision as the registry knows it, without its text."""

    number: int
    """The registry's own number; the indexes refer to it."""
    document_id: str
    sha256: str
    state: str
    added: datetime
    """UTC."""
    source: Source
    format: str
    pages: int
    articles: int
    characters: int
    warnings: tuple[str, ...]


def new_revision(document: Document, state: str) -> RevisionRow:
    """A document as a row."""
    return RevisionRow(
        document_id=document.id,
        sha256=document.revision,
        state=state,
        added=datetime.now(UTC),
        source=json.dumps(asdict(document.source), ensure_ascii=False, default=str),
        format=document.format,
        pages=document.pages,
        articles=sum(block.kind is BlockKind.ARTICLE for block in document.blocks),
        characters=len(document.text),
        warnings=json.dumps(document.warnings, ensure_ascii=False),
        text=document.text,
        blocks=pack(document.blocks),
    )


def new_chunk(chunk: Chunk, revision: int) -> dict[str, Any]:
    """A passage as the columns of its row."""
    return {
        "revision": revision,
        "ordinal": chunk.ordinal,
        "start": chunk.span.start,
        "end": chunk.span.end,
        "path": json.dumps(chunk.path, ensure_ascii=False),
        "pages": json.dumps(chunk.pages),
        "level": chunk.level,
        "context": chunk.context,
        "text": chunk.text,
    }


def source_of(stored: str) -> Source:
    """A source from its stored form."""
    fields = json.loads(stored)
    for name in ("issued", "effective_from", "effective_to"):
        fields[name] = date.fromisoformat(fields[name]) if fields[name] else None
    return Source(**{**fields, "kind": Kind(fields["kind"])})


def revision_of(row: RevisionRow, recorded: Recorded | None) -> Revision:
    """A revision's row without its contents; its source as far as the log tells it, where what stands there is not what the log says."""
    sound = recorded is None or recorded.digests.get(Part.SOURCE, "") in ("", of_source(row.source))
    return Revision(
        number=row.number,
        document_id=row.document_id,
        sha256=row.sha256,
        state=row.state,
        added=row.added.replace(tzinfo=UTC),
        source=source_of(row.source) if sound or recorded is None else told(recorded),
        format=row.format,
        pages=row.pages,
        articles=row.articles,
        characters=row.characters,
        warnings=tuple(json.loads(row.warnings)),
    )


def told(recorded: Recorded) -> Source:
    """What the log itself tells of a revision's source: enough to know who may see it and when it applies."""
    return Source(
        uri=recorded.document_id,
        level=recorded.level,
        effective_from=recorded.effective_from,
        effective_to=recorded.effective_to,
        replaces=recorded.replaces,
    )


def placeholder(recorded: Recorded) -> Revision:
    """A revision of which no more is told than the log does."""
    return Revision(
        number=recorded.number,
        document_id=recorded.document_id,
        sha256=recorded.revision,
        state=recorded.state,
        added=datetime.min.replace(tzinfo=UTC),
        source=told(recorded),
        format="",
        pages=0,
        articles=0,
        characters=0,
        warnings=(),
    )


def lines_of(session: Session, numbers: Sequence[int]) -> dict[int, str]:
    """The lines of revisions' pages that are not in their texts, as they are stored."""
    rows = select(FurnitureRow.revision, FurnitureRow.lines).where(FurnitureRow.revision.in_(numbers))
    return dict(session.execute(rows).tuples().all())


def document_of(row: RevisionRow, lines: str = "") -> Document:
    """A revision's row with the lines of its pages that are not in the text."""
    return Document(
        id=row.document_id,
        revision=row.sha256,
        source=source_of(row.source),
        text=row.text,
        blocks=unpack(row.blocks),
        pages=row.pages,
        format=row.format,
        warnings=tuple(json.loads(row.warnings)),
        furniture=tuple(Furniture(page=page, text=text) for page, text in json.loads(lines or "[]")),
    )


def chunk_of(row: Row[Any]) -> Chunk:
    """A passage from a row of chunks joined with that of its revision."""
    return Chunk(
        id=row.id,
        document_id=row.document_id,
        revision=row.sha256,
        ordinal=row.ordinal,
        span=Span(start=row.start, end=row.end),
        path=_list(row.path),
        pages=_list(row.pages),
        level=row.level,
        text=row.text,
        context=row.context,
    )


@lru_cache(maxsize=20_000)
def _list(stored: str) -> tuple[Any, ...]:
    return tuple(json.loads(stored))


def pack(blocks: Sequence[Block]) -> bytes:
    """Blocks as they are stored: JSON in one fixed form, packed."""
    rows = [
        [b.kind.value, b.span.start, b.span.end, b.path, b.page, [b.box.left, b.box.bottom, b.box.right, b.box.top] if b.box else None]
        for b in blocks
    ]
    return zlib.compress(json.dumps(rows, ensure_ascii=False, separators=(",", ":")).encode())


def unpack(packed: bytes) -> tuple[Block, ...]:
    """The blocks that were packed."""
    return tuple(
        Block(
            kind=BlockKind(kind),
            span=Span(start=start, end=end),
            path=tuple(path),
            page=page,
            box=Box(left=box[0], bottom=box[1], right=box[2], top=box[3]) if box else None,
        )
        for kind, start, end, path, page, box in json.loads(zlib.decompress(packed))
    )
