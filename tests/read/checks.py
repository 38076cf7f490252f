"""What must hold of every document, whatever it was read from."""

from __future__ import annotations

from pathlib import Path

from rag.read import read
from rag.records import Block, BlockKind, Document, Source

SHARED = Path(__file__).resolve().parents[3] / "shared"
NEEDS_SHARED = f"the data folder {SHARED} is not on this machine"


def holds_together(document: Document) -> None:
    """Blocks are sorted, do not overlap, and each cuts stripped text out of the document."""
    end = 0
    for block in document.blocks:
        cut = block.span.cut(document.text)
        assert cut and cut == cut.strip(), (block, cut)
        assert end <= block.span.start, block
        assert all(name and name == name.strip() for name in block.path), block
        end = block.span.end
    assert end <= len(document.text)


def read_text(text: str | bytes, name: str) -> Document:
    """``text`` as a file called ``name``, checked."""
    document = read(text.encode() if isinstance(text, str) else text, source=Source(uri=name), document_id="d")
    holds_together(document)
    return document


def of(document: Document, kind: BlockKind) -> list[str]:
    """The texts of all blocks of one kind."""
    return [block.span.cut(document.text) for block in document.blocks if block.kind is kind]


def at(document: Document, *path: str) -> list[str]:
    """The texts of all blocks that stand exactly at ``path``."""
    return [block.span.cut(document.text) for block in document.blocks if block.path == path]


def outline(document: Document) -> list[tuple[str, str]]:
    """(kind, path joined by /) of every block."""
    return [(block.kind.value, "/".join(block.path)) for block in document.blocks]


def find(document: Document, words: str) -> Block:
    """The only block that holds ``words``."""
    found = [block for block in document.blocks if words in block.span.cut(document.text)]
    assert len(found) == 1, (words, found)
    return found[0]
