"""A memo as a Word file (.docx) with real footnotes.

python-docx writes no footnotes yet, so the part that holds them is made here, as ECMA-376 Part 1, 17.11 says: two separators that
Word wants, then one footnote a citation. A citation that is used again gets a footnote that points back to the first.
"""

from __future__ import annotations

from datetime import datetime
from io import BytesIO
from typing import Any, cast

import docx
from docx.document import Document as WordDocument
from docx.enum.style import WD_STYLE_TYPE
from docx.opc.constants import RELATIONSHIP_TYPE
from docx.opc.packuri import PackURI
from docx.opc.part import XmlPart
from docx.oxml import OxmlElement, parse_xml
from docx.oxml.ns import nsdecls, qn
from docx.oxml.text.paragraph import CT_P
from docx.oxml.xmlchemy import BaseOxmlElement
from docx.shared import Mm, Pt, RGBColor
from docx.text.paragraph import Paragraph
from docx.text.run import Run

from rag.export.memo import Link, Memo, Note, Said
from rag.text import storable

_FOOTNOTES = "application/vnd.openxmlformats-officedocument.wordprocessingml.footnotes+xml"
_FIRST = 1
"""Ids -1 and 0 are the separators'."""
_FONTS = {"w:ascii": "Arial", "w:hAnsi": "Arial", "w:cs": "Arial", "w:eastAsia": "Yu Gothic"}
_LANGUAGES = {"ja": ("ja-JP", "ja-JP"), "en": ("en-GB", "ja-JP")}


def word(memo: Memo, made: datetime) -> bytes:
    """The file's bytes.

    Args:
        made: goes into the file's properties; nothing of the computer or the person does.
    """
    document = docx.Document()
    _set_up(document, memo, made)
    footnotes = _Footnotes(document)
    notice = document.add_paragraph(style="Konkyo Notice")
    _run(notice, memo.notice, bold=memo.warns)
    document.add_heading(_clean(memo.title), level=1)
    for name, value in memo.facts:
        line = document.add_paragraph(style="Konkyo Facts")
        _run(line, f"{name}: {value}" if memo.language == "en" else f"{name}：{value}")
    for premise in memo.premises:
        _run(document.add_paragraph(), premise, bold=True)
    for section in memo.sections:
        document.add_heading(_clean(section.heading), level=2)
        for said in section.said:
            _said(document, footnotes, said)
    footnotes.store()
    file = BytesIO()
    document.save(file)
    return file.getvalue()


def _set_up(document: WordDocument, memo: Memo, made: datetime) -> None:
    page = document.sections[0]
    page.page_width, page.page_height = Mm(210), Mm(297)
    page.left_margin = page.right_margin = page.top_margin = page.bottom_margin = Mm(25)
    styles = document.styles
    styles["Normal"].font.size = Pt(10.5)
    for name, heading in (("Normal", 0), ("Heading 1", 16), ("Heading 2", 12)):
        _fonts(styles[name].element.get_or_add_rPr())
        if heading:
            styles[name].font.size, styles[name].font.color.rgb = Pt(heading), RGBColor(0x1A, 0x1A, 0x1A)
    language = OxmlElement("w:lang")
    latin, japanese = _LANGUAGES[memo.language]
    language.set(qn("w:val"), latin)
    language.set(qn("w:eastAsia"), japanese)
    styles["Normal"].element.get_or_add_rPr().append(language)
    for name, size, colour in (("Konkyo Notice", 10.5, None), ("Konkyo Facts", 9, 0x59), ("footnote text", 9, None)):
        style = styles.add_style(name, WD_STYLE_TYPE.PARAGRAPH)
        style.base_style = styles["Normal"]
        style.font.size = Pt(size)
        style.paragraph_format.space_after = Pt(2)
        if colour is not None:
            style.font.color.rgb = RGBColor(colour, colour, colour)
    frame = parse_xml(
        f"<w:pBdr {nsdecls('w')}>"
        + "".join(f'<w:{side} w:val="single" w:sz="8" w:space="4" w:color="{"CE0000" if memo.warns else "259D63"}"/>' for side in _SIDES)
        + "</w:pBdr>"
    )
    styles["Konkyo Notice"].element.get_or_add_pPr().append(frame)
    styles.add_style("footnote reference", WD_STYLE_TYPE.CHARACTER).font.superscript = True
    properties = document.core_properties
    properties.title, properties.author, properties.comments = _clean(memo.title)[:250], "Konkyo", _clean(memo.notice)[:250]
    properties.created = properties.modified = made.replace(tzinfo=None)
    properties.language = latin


_SIDES = ("top", "left", "bottom", "right")


def _said(document: WordDocument, footnotes: _Footnotes, said: Said) -> None:
    if said.question:
        above = document.add_paragraph(style="Konkyo Facts")
        _run(above, said.question)
        above.paragraph_format.keep_with_next = True
    paragraph = document.add_paragraph()
    span = said.decides
    parts = [(said.text, False)]
    if span is not None:
        parts = [(said.text[: span.start], False), (span.cut(said.text), True), (said.text[span.end :], False)]
    for text, bold in parts:
        if text:
            _run(paragraph, text, bold=bold)
    for note in said.notes:
        footnotes.refer(paragraph, note)
    if said.remark:
        _run(document.add_paragraph(), said.remark).italic = True


class _Footnotes:
    """The part with the footnotes, while it is filled."""

    def __init__(self, document: WordDocument) -> None:
        self._main = document.part
        self._root = parse_xml(
            f"<w:footnotes {nsdecls('w', 'r')}>"
            '<w:footnote w:type="separator" w:id="-1"><w:p><w:r><w:separator/></w:r></w:p></w:footnote>'
            '<w:footnote w:type="continuationSeparator" w:id="0"><w:p><w:r><w:continuationSeparator/></w:r></w:p></w:footnote>'
            "</w:footnotes>"
        )
        self._part = XmlPart(PackURI("/word/footnotes.xml"), _FOOTNOTES, self._root, document.part.package)
        self._text_style = document.styles["footnote text"].style_id
        self._mark_style = document.styles["footnote reference"].style_id
        self._next = _FIRST
        self._first_use: dict[int, int] = {}
        settings = document.settings.element
        named = parse_xml(f'<w:footnotePr {nsdecls("w")}><w:footnote w:id="-1"/><w:footnote w:id="0"/></w:footnotePr>')
        # The schema fixes the order of settings; compat is in python-docx's template and comes behind.
        settings.find(qn("w:compat")).addprevious(named)

    def refer(self, paragraph: Paragraph, note: Note) -> None:
        """Put the mark of a note behind the words, and the note into the part."""
        run = paragraph.add_run(style="footnote reference")
        reference = OxmlElement("w:footnoteReference")
        reference.set(qn("w:id"), str(self._next))
        run._r.append(reference)
        footnote = OxmlElement("w:footnote")
        footnote.set(qn("w:id"), str(self._next))
        body = parse_xml(
            f'<w:p {nsdecls("w")}><w:pPr><w:pStyle w:val="{self._text_style}"/></w:pPr>'
            f'<w:r><w:rPr><w:rStyle w:val="{self._mark_style}"/></w:rPr><w:footnoteRef/></w:r></w:p>'
        )
        footnote.append(body)
        self._root.append(footnote)
        words = Paragraph(cast(CT_P, body), paragraph._parent)
        if note.number in self._first_use:
            _run(words, f" → {self._first_use[note.number]}")
        else:
            self._first_use[note.number] = self._next
            _run(words, f" {note.text}" + (f" 「{note.quote}」" if note.quote else ""))
            for link in note.links:
                _run(words, " ")
                self._link(body, link)
        self._next += 1

    def _link(self, body: BaseOxmlElement, link: Link) -> None:
        relation = self._part.relate_to(link.address, RELATIONSHIP_TYPE.HYPERLINK, is_external=True)
        element = parse_xml(
            f'<w:hyperlink {nsdecls("w", "r")} r:id="{relation}"><w:r><w:rPr><w:color w:val="0017C1"/><w:u w:val="single"/></w:rPr>'
            "<w:t/></w:r></w:hyperlink>"
        )
        element.findall(f".//{qn('w:t')}")[0].text = _clean(link.label)
        body.append(element)

    def store(self) -> None:
        """Tie the part to the document."""
        if self._next > _FIRST:
            self._main.relate_to(self._part, RELATIONSHIP_TYPE.FOOTNOTES)


def _run(paragraph: Paragraph, text: str, *, bold: bool = False) -> Run:
    run = paragraph.add_run(_clean(text))
    run.bold = bold or None
    return run


def _fonts(properties: Any) -> None:
    fonts = properties.get_or_add_rFonts()
    for name in list(fonts.attrib):
        del fonts.attrib[name]  # a theme's font would win over ours
    for name, font in _FONTS.items():
        fonts.set(qn(name), font)


def _clean(text: str) -> str:
    """Text as XML can hold it: control characters and halves of surrogate pairs become \\ufffd, line ends stay."""
    return "".join(c if c in "\n\t" or (ord(c) >= 32 and c not in "\ufffe\uffff") else "\ufffd" for c in storable(text).replace("\r", ""))
