"""Small workbooks, presentations and tables in text for tests, as data."""

from __future__ import annotations

import io
from collections.abc import Callable, Sequence
from datetime import date

import openpyxl
import pptx
from openpyxl.worksheet.worksheet import Worksheet
from pptx.util import Cm

Value = str | int | float | date | None


def workbook(*sheets: tuple[str, Sequence[Sequence[Value]]], change: Callable[[list[Worksheet]], None] | None = None) -> bytes:
    """An .xlsx with these sheets of rows; ``change`` may do to them what rows cannot say."""
    book = openpyxl.Workbook()
    book.remove(book.worksheets[0])
    for name, rows in sheets:
        sheet = book.create_sheet(name)
        for row in rows:
            sheet.append(list(row))
    if change:
        change([book[name] for name, _ in sheets])
    out = io.BytesIO()
    book.save(out)
    return out.getvalue()


def slides(*pages: tuple[str, Sequence[str], str]) -> bytes:
    """A .pptx with a slide for each (title, points, notes)."""
    show = pptx.Presentation()
    for title, points, notes in pages:
        slide = show.slides.add_slide(show.slide_layouts[1])
        slide.shapes.title.text = title
        slide.placeholders[1].text = "\n".join(points)
        if notes:
            slide.notes_slide.notes_text_frame.text = notes
    return saved(show)


def saved(show: pptx.presentation.Presentation) -> bytes:
    out = io.BytesIO()
    show.save(out)
    return out.getvalue()


def slide_with_table(title: str, rows: Sequence[Sequence[str]]) -> bytes:
    """A .pptx of one slide with a table."""
    show = pptx.Presentation()
    slide = show.slides.add_slide(show.slide_layouts[5])
    slide.shapes.title.text = title
    table = slide.shapes.add_table(len(rows), len(rows[0]), Cm(2), Cm(5), Cm(18), Cm(6)).table
    for r, row in enumerate(rows):
        for c, words in enumerate(row):
            table.cell(r, c).text = words
    return saved(show)
