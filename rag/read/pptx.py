"""PowerPoint (.pptx) -> a page for each slide: its title as heading, its text from the top, its tables as rows, its notes behind."""

from __future__ import annotations

import zipfile
import zlib
from collections.abc import Iterable, Iterator
from io import BytesIO
from pathlib import PurePath

import pptx
from lxml import etree
from pptx.exc import PythonPptxError
from pptx.shapes.base import BaseShape
from pptx.shapes.graphfrm import GraphicFrame
from pptx.shapes.group import GroupShape
from pptx.slide import Slide
from pptx.text.text import TextFrame

from rag.errors import DamagedFile, EmptyFile
from rag.read.build import Builder
from rag.read.markers import markers
from rag.read.office import check_unpacked
from rag.read.options import AS_IT_IS, How
from rag.read.reading import Reading, fill
from rag.read.structure import Line, add_lines
from rag.records import Source
from rag.text import language

_FURNITURE = {13, 15, 16}
"""Placeholders of slide numbers, footers and dates (PP_PLACEHOLDER)."""
_TITLES = {1, 3, 5}
MAX_DEPTH = 20


def read_pptx(data: bytes, source: Source, how: How = AS_IT_IS) -> Reading:
    """One presentation; hidden slides are left out, and named.

    Raises:
        DamagedFile: the archive or a part in it is broken.
        FileTooLarge: it would unpack to more than the limit.
        EmptyFile: no slide has words.
    """
    warnings: list[str] = []
    lines: list[Line] = []
    try:
        check_unpacked(data, source.uri)
        show = pptx.Presentation(BytesIO(data))
        slides = list(show.slides)
        hidden = [number for number, slide in enumerate(slides, 1) if slide._element.get("show") in ("0", "false")]
        silent = []
        for number, slide in enumerate(slides, 1):
            if number in hidden:
                continue
            found = list(_slide(slide, number))
            if not found and len(slide.shapes):
                silent.append(number)
            lines.extend(found)
        title = (show.core_properties.title or "").strip()
    except (zipfile.BadZipFile, PythonPptxError, etree.XMLSyntaxError, KeyError, ValueError, AttributeError, EOFError, zlib.error) as error:
        raise DamagedFile(
            source.uri, f"the PowerPoint file is broken ({error}). Open it in PowerPoint, save it again, and add it once more."
        ) from error
    if hidden:
        warnings.append(f"hidden and left out: {'slide' if len(hidden) == 1 else 'slides'} {', '.join(map(str, hidden))}")
    warnings.extend(f"slide {number} has no text: a picture?" for number in silent)
    builder = Builder()
    add_lines(builder, how.options.corrected(lines))
    if not builder.blocks:
        raise EmptyFile(source.uri, "no slide of the presentation has text: pictures only?")
    first = next((line.text for line in lines if line.heading), "")
    title = first or (title if title and "PowerPoint" not in title else "") or PurePath(source.uri).stem
    filled = fill(source, title=title, language=language(builder.text[:20_000]))
    return Reading.of(builder, filled, pages=len(slides), warnings=tuple(warnings))


def _slide(slide: Slide, number: int) -> Iterator[Line]:
    heading = slide.shapes.title
    words = " ".join(heading.text_frame.text.split()) if heading is not None else ""
    if words:
        yield Line(text=words, page=number, heading=1 if number == 1 else 2)
    for shape in _in_order(slide.shapes):
        if heading is None or shape.shape_id != heading.shape_id:
            yield from _shape(shape, number)
    notes = slide.notes_slide.notes_text_frame if slide.has_notes_slide else None
    if notes is not None and notes.text.strip():
        yield from _frame(notes, number)


def _in_order(shapes: Iterable[BaseShape], depth: int = 0) -> Iterator[BaseShape]:
    """Shapes from the top of the slide to its foot, on one height from the left; those in a group stay together."""
    placed = sorted(shapes, key=lambda shape: ((shape.top or 0) // 360_000, shape.left or 0))  # one centimetre is one height
    for shape in placed:
        if isinstance(shape, GroupShape):
            if depth < MAX_DEPTH:
                yield from _in_order(shape.shapes, depth + 1)
        else:
            yield shape


def _shape(shape: BaseShape, number: int) -> Iterator[Line]:
    if shape.is_placeholder:
        kind = int(shape.placeholder_format.type or 0)
        if kind in _FURNITURE:
            return
        if kind in _TITLES:
            words = " ".join(shape.text_frame.text.split())  # type: ignore[attr-defined]
            if words:
                yield Line(text=words, page=number, heading=2)
            return
    if isinstance(shape, GraphicFrame) and shape.has_table:
        for at, row in enumerate(shape.table.rows):
            cells = ["" if cell.is_spanned else " ".join(cell.text_frame.text.split()).replace("｜", "|") for cell in row.cells]
            if any(cells):
                yield Line(text="｜".join(cells), page=number, table=True, first=at == 0)
    elif shape.has_text_frame:
        yield from _frame(shape.text_frame, number)  # type: ignore[attr-defined]


def _frame(frame: TextFrame, number: int) -> Iterator[Line]:
    for paragraph in frame.paragraphs:
        words = " ".join(paragraph.text.replace("\v", " ").split())
        if words:
            # The points of a slide are a list where they have a depth of their own.
            yield Line(text=f"・{words}" if paragraph.level and not markers(words) else words, page=number)
