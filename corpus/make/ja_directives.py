"""Make the DOCX files of the Japanese directives from their plain texts.

    python corpus/make/ja_directives.py        writes corpus/ja/travel-directive.docx and corpus/ja/privacy-directive.docx

The texts lie beside this file. One paragraph a line: "# " the title, "## " a chapter (heading style 1), "（…）" alone a caption,
"| a | b |" table rows (the first is the header), anything else a paragraph. Articles, numbered paragraphs, items and subitems are told
apart by their numbers, only to indent them as Japanese documents do: the DOCX carries the same words and nothing else.
"""

from __future__ import annotations

import datetime
import re
from collections.abc import Iterator
from itertools import groupby
from pathlib import Path

from docx import Document
from docx.document import Document as DocxDocument
from docx.enum.text import WD_ALIGN_PARAGRAPH
from docx.oxml.ns import qn
from docx.shared import Pt

HERE = Path(__file__).resolve().parent
NAMES = ("travel-directive", "privacy-directive")
FONT = "MS Mincho"
SIZE = 10.5  # points; also one full-width character of indent

# (pattern, left indent, first-line indent) in full-width characters; the first pattern that matches counts.
INDENTS: tuple[tuple[re.Pattern[str], float, float], ...] = (
    (re.compile(r"（[^）]+）$"), 1, 0),
    (re.compile(r"[一二三四五六七八九十]+　"), 2, -1),
    (re.compile(r"[イロハニホヘト]　"), 3, -1),
    (re.compile(r"第[一二三四五六七八九十百]+条(?:の[一二三四五六七八九十]+)*　"), 1, -1),
    (re.compile(r"[１-９][０-９]*　"), 1, -1),
)


def main() -> None:
    for name in NAMES:
        make((HERE / f"{name}.txt").read_text(encoding="utf-8")).save(str(HERE.parent / "ja" / f"{name}.docx"))


def make(text: str) -> DocxDocument:
    """The document of one source text."""
    document = Document()
    _prepare(document)
    lines = [line for line in text.splitlines() if line.strip()]
    for is_table, group in groupby(lines, key=lambda line: line.startswith("|")):
        if is_table:
            _add_table(document, list(_rows(group)))
        else:
            for line in group:
                _add_line(document, line)
    return document


def _prepare(document: DocxDocument) -> None:
    style = document.styles["Normal"]
    style.font.name = FONT
    style.font.size = Pt(SIZE)
    style.element.rPr.rFonts.set(qn("w:eastAsia"), FONT)  # python-docx sets only the Latin font
    document.core_properties.author = "公共サービス省"
    document.core_properties.language = "ja-JP"
    fixed = datetime.datetime(2026, 4, 1)  # the same bytes whenever it is made, apart from the ZIP's own times
    document.core_properties.created = fixed
    document.core_properties.modified = fixed


def _add_line(document: DocxDocument, line: str) -> None:
    if line.startswith("# "):
        document.core_properties.title = line[2:]
        document.add_heading(line[2:], level=0).alignment = WD_ALIGN_PARAGRAPH.CENTER
        return
    if line.startswith("## "):
        document.add_heading(line[3:], level=1)
        return
    paragraph = document.add_paragraph(line)
    for pattern, left, first in INDENTS:
        if pattern.match(line):
            paragraph.paragraph_format.left_indent = Pt(SIZE * left)
            paragraph.paragraph_format.first_line_indent = Pt(SIZE * first)
            return


def _rows(lines: Iterator[str]) -> Iterator[list[str]]:
    for line in lines:
        yield [cell.strip() for cell in line.strip().strip("|").split("|")]


def _add_table(document: DocxDocument, rows: list[list[str]]) -> None:
    table = document.add_table(rows=len(rows), cols=len(rows[0]), style="Table Grid")
    for cells, row in zip(table.rows, rows, strict=True):
        for cell, words in zip(cells.cells, row, strict=True):
            cell.text = words


if __name__ == "__main__":
    main()
