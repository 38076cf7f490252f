"""Word files (.docx) -> blocks: headings by style, paragraphs and tables in their order."""

from __future__ import annotations

import re
import zipfile
import zlib
from collections.abc import Iterator
from io import BytesIO

import docx
from docx.document import Document as WordDocument
from docx.opc.exceptions import PackageNotFoundError
from docx.oxml.ns import qn
from docx.oxml.table import CT_Tbl
from docx.oxml.text.paragraph import CT_P
from docx.table import Table
from docx.text.paragraph import Paragraph
from lxml import etree

from rag.errors import DamagedFile, EmptyFile
from rag.read.build import Builder
from rag.read.markers import markers
from rag.read.office import check_unpacked
from rag.read.options import AS_IT_IS, How
from rag.read.reading import Reading, fill
from rag.read.structure import Line, add_lines
from rag.records import BlockKind, Source
from rag.text import language

_HEADING = re.compile(r"(?:heading|見出し)\s*(\d)", re.IGNORECASE)
_SKIPPED = {qn(f"w:{name}") for name in ("del", "moveFrom", "rt", "instrText", "delText", "pPr", "rPr")} | {
    "{http://schemas.openxmlformats.org/markup-compatibility/2006}Fallback",  # says again what Choice has said
    qn("w:txbxContent"),  # a text box has paragraphs of its own
}


def read_docx(data: bytes, source: Source, how: How = AS_IT_IS) -> Reading:
    """One Word file.

    Raises:
        DamagedFile: the archive or a part in it is broken.
        FileTooLarge: it would unpack to more than ``MAX_UNPACKED`` bytes.
        EmptyFile: there is no text in it.
    """
    try:
        check_unpacked(data, source.uri)
        document = docx.Document(BytesIO(data))
        warnings: list[str] = []
        lines = list(_Lines(document, warnings).all())
    except (zipfile.BadZipFile, PackageNotFoundError, etree.XMLSyntaxError, KeyError, ValueError, EOFError, zlib.error) as error:
        raise DamagedFile(
            source.uri, f"the Word file is broken ({error}). Open it in Word, save it again, and add it once more."
        ) from error
    builder = Builder()
    number = add_lines(builder, how.options.corrected(lines))
    if not builder.blocks:
        raise EmptyFile(source.uri, "the Word file has no text: pictures only?")
    title = next((b.span.cut(builder.text) for b in builder.blocks if b.kind is BlockKind.TITLE), "")
    title = title or (document.core_properties.title or "").strip()
    filled = fill(source, title=title, number=number, language=language(builder.text[:20_000]))
    return Reading.of(builder, filled, warnings=tuple(warnings))


class _Lines:
    """The lines of a Word file, and what could not be read of it."""

    def __init__(self, document: WordDocument, warnings: list[str]) -> None:
        self.document = document
        self.warnings = warnings
        self.numbered = 0
        # With a paragraph of style "Title", that is the heading of level 1 and the numbered ones come below it.
        self.below_title = int(any(_style(p) in ("title", "表題") for p in document.paragraphs[:20]))

    def all(self) -> Iterator[Line]:
        yield from self.children(self.document.element.body)
        if self.numbered:
            self.warnings.append(f"automatic numbers of {self.numbered} paragraphs are not in the text")
        if any(
            part.partname.endswith("/footnotes.xml") and part.blob.count(b"<w:footnote ") > 2 for part in self.document.part.package.parts
        ):
            self.warnings.append("footnotes are not read")

    def children(self, parent: etree._Element) -> Iterator[Line]:
        for child in parent:
            if isinstance(child, CT_P):
                yield from self.paragraph(Paragraph(child, self.document._body))
                for box in child.iter(qn("w:txbxContent")):
                    if not any(a.tag.endswith("}Fallback") for a in box.iterancestors()):
                        yield from self.children(box)
            elif isinstance(child, CT_Tbl):
                yield from _rows(Table(child, self.document._body))
            elif child.tag in (qn("w:sdt"), qn("w:sdtContent"), qn("w:ins"), qn("w:customXml"), qn("w:smartTag")):
                galleries = [g.get(qn("w:val")) for g in child.iter(qn("w:docPartGallery"))]
                if "Table of Contents" not in galleries:
                    yield from self.children(child)

    def paragraph(self, paragraph: Paragraph) -> Iterator[Line]:
        style = _style(paragraph)
        if style.startswith(("toc ", "目次")) and style != "toc heading":
            return
        heading = self.heading(paragraph, style)
        texts = [text.strip() for text in "".join(_words(paragraph._p)).split("\n")]
        if heading:
            texts = [" ".join(text for text in texts if text)]
        for text in texts:
            if not text:
                continue
            cells = [cell.strip() for cell in text.split("\t")]
            if len(cells) > 2 and not heading and not markers(text):
                yield Line(text="｜".join(cells), table=True)
            else:
                yield Line(
                    text=self.bulleted(paragraph, style, text.replace("\t", "\u3000" if not text.isascii() else " ")), heading=heading
                )

    def heading(self, paragraph: Paragraph, style: str) -> int:
        if style in ("title", "表題"):
            return 1
        match = _HEADING.match(style)
        level = int(match[1]) if match else _outline(paragraph)
        return min(6, level + self.below_title) if level else 0

    def bulleted(self, paragraph: Paragraph, style: str, text: str) -> str:
        """A bullet where Word prints one. A number that Word counts itself is lost, and counted as lost."""
        if markers(text):
            return text
        if style.startswith(("list bullet", "箇条書き")):
            return f"・{text}"
        properties = paragraph._p.pPr
        if style.startswith(("list number", "段落番号")) or (properties is not None and properties.numPr is not None):
            self.numbered += 1
        return text


def _style(paragraph: Paragraph) -> str:
    style = paragraph.style
    return (style.name or "").lower() if style is not None else ""


def _outline(paragraph: Paragraph) -> int:
    """The outline level 1..6 that the paragraph itself has; 0 for body text."""
    levels = paragraph._p.xpath("./w:pPr/w:outlineLvl/@w:val")
    return int(levels[0]) + 1 if levels and levels[0].isdigit() and int(levels[0]) < 6 else 0


def _words(element: etree._Element) -> Iterator[str]:
    """The words of a paragraph with insertions accepted and deletions gone; readings (ruby), field codes and text boxes left out."""
    for child in element:
        if child.tag in _SKIPPED:
            continue
        if child.tag == qn("w:t"):
            yield child.text or ""
        elif child.tag == qn("w:tab"):
            yield "\t"
        elif child.tag in (qn("w:br"), qn("w:cr")):
            yield "\n"
        elif child.tag == qn("w:noBreakHyphen"):
            yield "-"
        else:
            yield from _words(child)


def _rows(table: Table) -> Iterator[Line]:
    for row in table.rows:
        cells: list[str] = []
        seen: list[etree._Element] = []
        for cell in row.cells:  # a merged cell comes once for each cell that it covers
            if any(cell._tc is other for other in seen):
                continue
            seen.append(cell._tc)
            paragraphs = ("".join(_words(p)) for p in cell._tc.iter(qn("w:p")))
            cells.append(" ".join(" ".join(paragraphs).split()))
        if len(cells) == 1:
            yield Line(text=cells[0])  # a frame around text
        elif any(cells):
            yield Line(text="｜".join(cells), table=True)
