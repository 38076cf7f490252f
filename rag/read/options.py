"""How a file is to be read: what a person corrected, which is kept and holds at every reading, and what this machine allows."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace

from rag.read.amendment import in_force
from rag.read.structure import Line
from rag.text import fold


@dataclass(frozen=True, kw_only=True, slots=True)
class HeadingAt:
    """A line whose depth a person set."""

    text: str
    """The line's words; white space and the width of letters do not count."""
    depth: int
    """1 to 6 for a heading, the title being 1; 0 for a line that is none."""
    page: int | None = None
    """1-based page of a paged document; None for wherever the words stand."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Options:
    """What a person corrected in how one file is read. Kept with the document, all but the password."""

    tables: frozenset[int] = frozenset()
    """1-based pages of a PDF or a picture whose lines are rows of a table, whatever they look like."""
    ocr: frozenset[int] = frozenset()
    """1-based pages of a PDF that are read from their picture, although they have text."""
    headings: tuple[HeadingAt, ...] = ()
    """Lines whose depth is wrong."""
    password: str = field(default="", repr=False)
    """Opens the file. It is used for this reading and written nowhere: ``wire.options_to_json`` leaves it out."""

    def corrected(self, lines: Sequence[Line]) -> list[Line]:
        """``lines`` with the depths that were set, and with replaced wording (新旧対照表) set apart from what is in force."""
        lines = in_force(lines)
        if not self.headings:
            return lines
        wanted = {(_key(heading.text), heading.page): min(max(heading.depth, 0), 6) for heading in self.headings}
        out = []
        for line in lines:
            key = _key(line.text)
            depth = wanted.get((key, line.page), wanted.get((key, None)))
            out.append(line if depth is None else replace(line, heading=depth, table=line.table and not depth, plain=depth == 0))
        return out


def _key(text: str) -> str:
    return re.sub(r"\s+", "", fold(text))


def _nobody(page: int, pages: int) -> None:
    """Nobody wants to know."""


@dataclass(frozen=True, kw_only=True, slots=True)
class How:
    """Everything that a reader is told besides the bytes and their source."""

    options: Options = Options()
    ocr_seconds: float = 0.0
    """Time for one page by OCR; 0 switches OCR off."""
    office: bool = False
    """True where LibreOffice may be started and may write its own temporary files."""
    tell: Callable[[int, int], None] = _nobody
    """Called with (page, pages) whenever a page has been read by OCR, which may take long."""


AS_IT_IS = How()
"""Nothing corrected, no OCR, no other program."""
