"""Make en/travel-guide.docx from en_travel_guide.txt.

The text file has five kinds of line: "# " and "## " (headings 1 and 2), "- " (bullet),
"TABLE title" (caption of the table that follows), "| a | b |" (one row), all others are paragraphs.
Run:  python corpus/make/en_travel_guide.py
"""

from __future__ import annotations

import datetime as dt
from pathlib import Path

from docx import Document
from docx.document import Document as DocumentObject

HERE = Path(__file__).resolve().parent
SOURCE = HERE / "en_travel_guide.txt"
TARGET = HERE.parent / "en" / "travel-guide.docx"
TITLE = "Travel guide for staff on secondment"


def cells(line: str) -> list[str]:
    """The cells of one "| a | b |" line."""
    return [cell.strip() for cell in line.strip().strip("|").split("|")]


def add_table(document: DocumentObject, rows: list[list[str]]) -> None:
    """Add the rows as a table with a bold first row."""
    table = document.add_table(rows=len(rows), cols=len(rows[0]), style="Table Grid")
    for row, values in zip(table.rows, rows, strict=True):
        for cell, value in zip(row.cells, values, strict=True):
            cell.text = value
    for cell in table.rows[0].cells:
        cell.paragraphs[0].runs[0].bold = True
    document.add_paragraph()


def build(text: str) -> DocumentObject:
    """The Word document for the marked-up text."""
    document = Document()
    document.core_properties.title = TITLE
    document.core_properties.author = "Ministry of Public Services, Accounts Division"
    document.core_properties.created = document.core_properties.modified = dt.datetime(2026, 3, 10)
    document.sections[0].header.paragraphs[0].text = f"Ministry of Public Services | {TITLE}"
    document.add_heading(TITLE, level=0)
    rows: list[list[str]] = []
    for line in [*text.splitlines(), ""]:
        if line.startswith("|"):
            rows.append(cells(line))
            continue
        if rows:
            add_table(document, rows)
            rows = []
        if line.startswith("## "):
            document.add_heading(line[3:], level=2)
        elif line.startswith("# "):
            document.add_heading(line[2:], level=1)
        elif line.startswith("- "):
            document.add_paragraph(line[2:], style="List Bullet")
        elif line.startswith("TABLE "):
            document.add_paragraph(line[6:], style="Caption")
        elif line:
            document.add_paragraph(line)
    return document


if __name__ == "__main__":
    TARGET.parent.mkdir(parents=True, exist_ok=True)
    build(SOURCE.read_text(encoding="utf-8")).save(str(TARGET))
