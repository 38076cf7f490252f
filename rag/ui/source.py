"""Where a quote stands: the article or section around it, its neighbours, and its lines with the quoted words marked.

A unit is what a reader takes in at once: an article of a law, or what stands under one heading. Every block belongs to the unit
of the longest path before it that an ARTICLE or a HEADING block has; blocks in a row with the same unit make one.
"""

from __future__ import annotations

import os.path
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from rag.provisions import address_of
from rag.records import QUOTABLE, Block, BlockKind, Citation, Document, Path, Span, Statement

LONGEST = 2_400
"""Characters of a unit that are shown; of a longer one, the lines around the quote."""

_LEGAL = re.compile(r"^第[〇一二三四五六七八九十百千0-9０-９]+(?:条|項|号)(?:の[〇一二三四五六七八九十百千]+)*$")
_FIRST_PARAGRAPH = re.compile(r"^(?:第一項|paragraph \(1\))$")
_PARAGRAPH = re.compile(r"^(?:第.+項|paragraph \(\d+\))$")
_LEVEL = re.compile(r"^(?:第.+[項号]|(?:paragraph|item) \(?\w+\)?)$")
"""What is nothing without the article or heading above it."""
SHORT_PLACE = 6
"""Characters: so short a place is a number, and its heading says more."""
_APART = re.compile(r"附則|別表|supplementary|appended", re.IGNORECASE)
"""Parts of a law that number their articles anew."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Unit:
    """An article, or what stands under a heading."""

    path: Path
    span: Span
    """Whole lines of the document's text, numbers included."""
    article: bool
    pages: tuple[int, ...]


@dataclass(frozen=True, kw_only=True, slots=True)
class Line:
    """A line to show."""

    kind: BlockKind
    depth: int
    """How far it is set in: 0 for the unit's own paragraphs."""
    parts: tuple[tuple[str, bool], ...]
    """Stretches of its text, and whether each is marked."""
    aimed: bool = False
    """True where the first of the marks stands on it: what is brought into sight."""

    @property
    def text(self) -> str:
        """All of its characters."""
        return "".join(part for part, _ in self.parts)

    @property
    def marked(self) -> bool:
        """True where some of it is marked."""
        return any(mark for _, mark in self.parts)


@dataclass(frozen=True, kw_only=True, slots=True)
class View:
    """What is shown of a unit."""

    lines: tuple[Line, ...]
    before: bool
    """True where lines before these were left out."""
    after: bool


def units(document: Document) -> list[Unit]:
    """The units of a document in order; those without words to quote (a chapter's bare heading) are left out."""
    anchors = {block.path: block.kind for block in document.blocks if block.kind in (BlockKind.ARTICLE, BlockKind.HEADING) and block.path}
    # An article's path may be that of a heading too ("Article 12" as a Markdown heading): it is an article.
    anchors |= {block.path: block.kind for block in document.blocks if block.kind is BlockKind.ARTICLE}
    runs: list[tuple[Path, list[Block]]] = []
    for block in document.blocks:
        path = _unit_path(block, anchors)
        if runs and runs[-1][0] == path:
            runs[-1][1].append(block)
        else:
            runs.append((path, [block]))
    found: list[Unit] = []
    for path, blocks in runs:
        if not any(block.kind in QUOTABLE for block in blocks):
            continue
        span = _whole_lines(document.text, Span(start=blocks[0].span.start, end=blocks[-1].span.end))
        pages = tuple(sorted({block.page for block in blocks if block.page}))
        found.append(Unit(path=path, span=span, article=anchors.get(path) is BlockKind.ARTICLE, pages=pages))
    return found


def unit_at(all_units: Sequence[Unit], span: Span) -> int:
    """The number of the unit that holds the beginning of ``span``; of the last one before it, where none does."""
    at = 0
    for number, unit in enumerate(all_units):
        if unit.span.start <= span.start:
            at = number
    return at


def view(document: Document, unit: Unit, marks: Sequence[Span] = (), longest: int = LONGEST) -> View:
    """The lines of a unit with ``marks`` marked.

    Of a unit longer than ``longest`` characters, those around the first mark, or the first ones where nothing is marked.
    """
    rows = _rows(document.text, unit.span)
    top = Span(start=unit.span.start, end=unit.span.start)
    first, last = _window(rows, next(iter(marks), top), longest)
    shown = [_line(document, unit, row, marks) for row in rows[first:last]]
    return View(lines=tuple(shown), before=first > 0, after=last < len(rows))


def provision(document: Document, path: Path) -> str:
    """A passage's place in one line, without chapters before an article: 第二十六条第一項第一号, Article 12, paragraph (2), 8.1 Deadline.

    第一項 is left out where it is the article's only paragraph, as one writes.
    """
    articles = {block.path for block in document.blocks if block.kind is BlockKind.ARTICLE}
    article = next((path[:n] for n in range(len(path), 0, -1) if path[:n] in articles), None)
    if article is None:
        return _below_heading(document, path)
    rest = list(path[len(article) :])
    if rest and _FIRST_PARAGRAPH.match(rest[0]) and _only_paragraph(document, article):
        del rest[0]
    before = [element for element in article[:-1] if _APART.match(element)]
    words = [*before, article[-1], *rest]
    if all(_LEGAL.match(word) for word in words):
        return "".join(words)
    return ", ".join(words) if article[-1].isascii() else "　".join([*before, "".join([article[-1], *rest])])


def provisions(document: Document, paths: Sequence[Path]) -> str:
    """Several places of one provision in one line: 第二十六条第一項第一号・第二号. Their announcement is said by them."""
    inner = [path for path in paths if not any(other != path and other[: len(path)] == path for other in paths)]
    names = list(dict.fromkeys(provision(document, path) for path in inner))
    before = os.path.commonprefix([path[:-1] for path in inner])
    above = provision(document, tuple(before)) if before else ""
    rest = [name.removeprefix(above).lstrip("　, ") for name in names]
    if len(names) > 1 and above and all(name.startswith(above) for name in names) and all(rest):
        return names[0] + "".join(f"・{each}" if not each.isascii() else f", {each}" for each in rest[1:])
    return ("; " if "".join(names).isascii() else "、").join(names)


def together(statement: Statement) -> list[tuple[Citation, ...]]:
    """The citations of a statement, those of one provision together: an announcement and its items, the head of a table and a row."""
    found: dict[tuple[str, str, Path], list[Citation]] = {}
    for citation in statement.citations:
        around = [
            other.path
            for other in statement.citations
            if (other.document_id, other.revision) == (citation.document_id, citation.revision)
            and other.path
            and citation.path[: len(other.path)] == other.path
        ]
        head = min(around, key=len, default=citation.path)
        found.setdefault((citation.document_id, citation.revision, head), []).append(citation)
    return [tuple(each) for each in found.values()]


def begins_of(statement: Statement) -> dict[int, int]:
    """Number of a citation -> where its quote begins in a statement that is its quotes, joined by line ends."""
    begins, at = {}, 0
    for citation in statement.citations:
        begins[citation.number] = at
        at += len(citation.quote) + 1
    return begins


def deciding(statement: Statement) -> Citation:
    """The citation in which the words stand that decide; the last one where none do: a row of a table comes behind the table's head."""
    begins = begins_of(statement)
    for citation in statement.citations:
        at = begins[citation.number]
        if statement.decides and statement.text.startswith(citation.quote, at) and at <= statement.decides.start < at + len(citation.quote):
            return citation
    return statement.citations[-1]


def asked(document: Document, path: Path) -> str:
    """The question of a Q&A beneath which a passage stands, as it is written; empty where there is none."""
    headings = document.headings()
    places = [path[:n] for n in range(len(path), 0, -1)]
    return next((headings[place] for place in places if place in headings and address_of(place).part == "問"), "")


def _below_heading(document: Document, path: Path) -> str:
    """A place without an article: the last heading, and the paragraphs and items of it. These alone would say nothing; nor would the
    number of a question without its words."""
    if (words := document.headings().get(path)) is not None and len(path[-1]) < SHORT_PLACE:
        return words
    at = next((n for n in range(len(path) - 1, -1, -1) if not _LEVEL.match(path[n])), -1)
    if at < 0 or at == len(path) - 1:
        return "　".join(path[-2:]) if len(path) > 1 and len(path[-1]) < SHORT_PLACE else "".join(path[-1:])
    head, rest = path[: at + 1], list(path[at + 1 :])
    if len(rest) == 1 and _FIRST_PARAGRAPH.match(rest[0]) and _only_paragraph(document, head):
        return head[-1]
    return ", ".join([head[-1], *rest]) if head[-1].isascii() else "　".join([head[-1], "".join(rest)])


def _only_paragraph(document: Document, article: Path) -> bool:
    depth = len(article)
    numbers = {block.path[depth] for block in document.blocks if block.path[:depth] == article and len(block.path) > depth}
    return len({number for number in numbers if _PARAGRAPH.match(number)}) == 1


def _unit_path(block: Block, anchors: Mapping[Path, BlockKind]) -> Path:
    prefixes = [block.path[:n] for n in range(len(block.path), 0, -1)]
    article = next((path for path in prefixes if anchors.get(path) is BlockKind.ARTICLE), None)
    return article or next((path for path in prefixes if path in anchors), ())


def _whole_lines(text: str, span: Span) -> Span:
    end = text.find("\n", span.end)
    return Span(start=text.rfind("\n", 0, span.start) + 1, end=len(text) if end < 0 else end)


def _rows(text: str, span: Span) -> list[Span]:
    rows: list[Span] = []
    start = span.start
    while start < span.end:
        end = text.find("\n", start, span.end)
        end = span.end if end < 0 else end
        if text[start:end].strip():
            rows.append(Span(start=start, end=end))
        start = end + 1
    return rows


def _window(rows: Sequence[Span], target: Span, longest: int) -> tuple[int, int]:
    """Numbers of the first row and of the one behind the last that are shown."""
    inside = [n for n, row in enumerate(rows) if row.start < target.end and row.end > target.start]
    if not rows or rows[-1].end - rows[0].start <= longest or not inside:
        first, last = 0, 0
        while last < len(rows) and (last == 0 or rows[last].end - rows[0].start <= longest):
            last += 1
        return first, last
    first, last = inside[0], inside[-1] + 1
    while True:
        room = longest - (rows[last - 1].end - rows[first].start)
        more_before = first > 0 and rows[first].start - rows[first - 1].start <= room
        more_after = last < len(rows) and rows[last].end - rows[last - 1].end <= room
        if not more_before and not more_after:
            return first, last
        # Two lines behind for each one before: conditions and exceptions follow the words they bind.
        if more_after and (not more_before or last - inside[-1] <= 2 * (inside[0] - first) + 1):
            last += 1
        else:
            first -= 1


def _line(document: Document, unit: Unit, row: Span, marks: Sequence[Span]) -> Line:
    blocks = [block for block in document.blocks if block.span.start < row.end and block.span.end > row.start]
    kinds = [block.kind for block in blocks]
    block = next((block for block in blocks if block.kind in QUOTABLE), blocks[0] if blocks else None)
    depth = 0
    if block is not None and block.kind is BlockKind.ITEM:
        # An article's items stand under a paragraph, which has a place of its own in the path.
        depth = max(1, len(block.path) - len(unit.path) - (1 if unit.article else 0))
    kind = block.kind if block is not None else BlockKind.TEXT
    if BlockKind.HEADING in kinds and not any(kind in QUOTABLE for kind in kinds):
        kind = BlockKind.HEADING
    aimed = any(mark.start < row.end and mark.end > row.start for mark in marks[:1])
    return Line(kind=kind, depth=depth, parts=tuple(_parts(document.text, row, marks)), aimed=aimed)


def _parts(text: str, row: Span, marks: Sequence[Span]) -> list[tuple[str, bool]]:
    inside = sorted((max(mark.start, row.start), min(mark.end, row.end)) for mark in marks if mark.start < row.end and mark.end > row.start)
    parts: list[tuple[str, bool]] = []
    at = row.start
    for start, end in inside:
        if start > at:
            parts.append((text[at:start], False))
        if end > max(at, start):
            parts.append((text[max(at, start) : end], True))
        at = max(at, end)
    if at < row.end:
        parts.append((text[at : row.end], False))
    return parts
