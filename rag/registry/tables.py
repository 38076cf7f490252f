"""The tables of the registry."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import ForeignKey, Index, LargeBinary, Text
from sqlalchemy.orm import DeclarativeBase, Mapped, Session, mapped_column

PENDING, PUBLISHED, SUPERSEDED = "pending", "published", "superseded"
DRAFT, CHECKED, RETIRED = "draft", "checked", "retired"
OF_THE_DOCUMENT = ("title", "issuer", "kind", "level", "licence", "language", "replaces", "review_on")
"""Corrections that hold for every revision of a document; the others hold for the bytes that were read."""
OF_THE_REVISION = ("number", "issued", "effective_from", "effective_to")


class Base(DeclarativeBase):
    """Every table of the registry."""


class MetaRow(Base):
    """Single values: the schema, the generation."""

    __tablename__ = "meta"
    key: Mapped[str] = mapped_column(primary_key=True)
    value: Mapped[str]


class RevisionRow(Base):
    """A revision of a document, with its text."""

    __tablename__ = "revisions"
    __table_args__ = (
        Index("revisions_by_document", "document_id", "sha256"),
        Index("revisions_by_state", "state"),
        {"sqlite_autoincrement": True},
    )
    number: Mapped[int] = mapped_column(primary_key=True)
    document_id: Mapped[str]
    sha256: Mapped[str] = mapped_column(index=True)
    state: Mapped[str]
    added: Mapped[datetime]
    source: Mapped[str] = mapped_column(Text)
    format: Mapped[str]
    pages: Mapped[int]
    articles: Mapped[int]
    characters: Mapped[int]
    warnings: Mapped[str] = mapped_column(Text)
    text: Mapped[str] = mapped_column(Text)
    blocks: Mapped[bytes] = mapped_column(LargeBinary)


class FurnitureRow(Base):
    """The lines of a revision's pages that are not in its text: running heads, feet, page numbers. A table of its own: it came later."""

    __tablename__ = "furniture"
    revision: Mapped[int] = mapped_column(ForeignKey("revisions.number", ondelete="CASCADE"), primary_key=True)
    lines: Mapped[str] = mapped_column(Text)


class ChunkRow(Base):
    """A passage of a revision."""

    __tablename__ = "chunks"
    __table_args__ = {"sqlite_autoincrement": True}
    id: Mapped[int] = mapped_column(primary_key=True)
    revision: Mapped[int] = mapped_column(ForeignKey("revisions.number", ondelete="CASCADE"), index=True)
    ordinal: Mapped[int]
    start: Mapped[int]
    end: Mapped[int]
    path: Mapped[str]
    pages: Mapped[str]
    level: Mapped[int]
    context: Mapped[str] = mapped_column(Text)
    text: Mapped[str] = mapped_column(Text)
    embedded: Mapped[bool] = mapped_column(default=False)


class CorrectionRow(Base):
    """What a person knows better than the file: one field of a document, or of one revision of it."""

    __tablename__ = "corrections"
    document_id: Mapped[str] = mapped_column(primary_key=True)
    sha256: Mapped[str] = mapped_column(primary_key=True)
    field: Mapped[str] = mapped_column(primary_key=True)
    value: Mapped[str]
    at: Mapped[datetime]
    user: Mapped[str]


class CanaryRow(Base):
    """A vector kept aside, to ask the vector index for what it must find."""

    __tablename__ = "canaries"
    chunk: Mapped[int] = mapped_column(ForeignKey("chunks.id", ondelete="CASCADE"), primary_key=True)
    vector: Mapped[bytes] = mapped_column(LargeBinary)


def raise_generation(session: Session) -> None:
    """Tell readers that something else is published now."""
    row = session.get_one(MetaRow, "generation")
    row.value = str(int(row.value) + 1)
