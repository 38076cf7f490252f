"""A citation is the document's own characters, or it is not there."""

from __future__ import annotations

from bisect import bisect_right

from rag.errors import CitationError
from rag.records import QUOTABLE, Block, Citation, Document, Span


def cite(document: Document, span: Span, number: int) -> Citation:
    """The citation of a span of a stored revision.

    Raises:
        CitationError: the span is empty, leaves the text, or touches nothing that may be quoted.
    """
    quote = span.cut(document.text)
    if not quote.strip() or span.end > len(document.text):
        raise CitationError(f"{document.id}: characters {span.start} to {span.end} hold no words.")
    block = block_at(document, span)
    if block is None:
        raise CitationError(f"{document.id}: characters {span.start} to {span.end} are a heading or a number, not text to quote.")
    citation = Citation(
        number=number,
        document_id=document.id,
        revision=document.revision,
        span=span,
        quote=quote,
        path=block.path,
        page=block.page,
        title=document.source.title or document.source.uri,
        uri=document.source.uri,
    )
    verify(citation, document)
    return citation


def verify(citation: Citation, document: Document) -> None:
    """Check that a citation is what the stored revision says.

    Raises:
        CitationError: it is another revision, or other characters.
    """
    if (citation.document_id, citation.revision) != (document.id, document.revision):
        raise CitationError(
            f"Citation {citation.number} is of {citation.document_id}, revision {citation.revision[:12]}, which this is not."
        )
    if citation.span.cut(document.text) != citation.quote:
        raise CitationError(
            f"Citation {citation.number} is not what {document.id} says at characters {citation.span.start} to {citation.span.end}."
        )


def block_at(document: Document, span: Span) -> Block | None:
    """The first quotable block that shares a character with ``span``."""
    starts = [block.span.start for block in document.blocks]
    for block in document.blocks[max(0, bisect_right(starts, span.start) - 1) :]:
        if block.span.start >= span.end:
            return None
        if block.kind in QUOTABLE and block.span.end > span.start:
            return block
    return None
