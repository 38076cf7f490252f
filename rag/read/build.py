"""Builds the one text of a document and the blocks that point into it, so that no reader counts offsets itself."""

from __future__ import annotations

from dataclasses import dataclass, field

from rag.records import Block, BlockKind, Box, Path, Span


@dataclass(slots=True)
class Builder:
    """Grows a text piece by piece. Invariant: every block's span lies in the text and blocks do not overlap."""

    _parts: list[str] = field(default_factory=list)
    _length: int = 0
    blocks: list[Block] = field(default_factory=list)

    def add(self, text: str, kind: BlockKind, path: Path = (), page: int | None = None, box: Box | None = None) -> None:
        """Append ``text`` as a block. Text of white space alone adds nothing."""
        stripped = text.strip()
        if not stripped:
            return
        start = self._length
        self.gap(stripped)
        self.blocks.append(Block(kind=kind, span=Span(start=start, end=self._length), path=path, page=page, box=box))

    def gap(self, text: str) -> None:
        """Append characters that belong to no block: line ends, numbers of paragraphs."""
        self._parts.append(text)
        self._length += len(text)

    def line(self) -> None:
        """End the line, unless the text is at the start of one."""
        if self._parts and not self._parts[-1].endswith("\n"):
            self.gap("\n")

    @property
    def text(self) -> str:
        """The text so far."""
        return "".join(self._parts)
