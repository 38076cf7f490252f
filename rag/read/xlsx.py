"""Excel workbooks (.xlsx) -> a heading for each sheet, and its rows as they are shown. openpyxl reads the cells, one row after the other.

What openpyxl leaves out when it reads row by row, the sheet's XML tells in one pass of ours: hidden rows and columns, merged cells,
formulas that nobody has calculated.
"""

from __future__ import annotations

import posixpath
import re
import zipfile
import zlib
from collections.abc import Iterator
from dataclasses import dataclass, field
from io import BytesIO
from pathlib import PurePath

import openpyxl
from lxml import etree
from openpyxl.utils.cell import range_boundaries
from openpyxl.utils.exceptions import InvalidFileException

from rag.errors import DamagedFile, EmptyFile
from rag.read.build import Builder
from rag.read.grid import MAX_COLUMNS, MAX_ROWS, lines_of
from rag.read.office import check_unpacked
from rag.read.options import AS_IT_IS, How
from rag.read.reading import Reading, fill
from rag.read.shown import shown
from rag.read.structure import Line, add_lines
from rag.records import Source
from rag.text import language

_MAIN = "{http://schemas.openxmlformats.org/spreadsheetml/2006/main}"
_STRICT = "{http://purl.oclc.org/ooxml/spreadsheetml/main}"
_RELATION = "{http://schemas.openxmlformats.org/officeDocument/2006/relationships}id"
_UNNAMED = re.compile(r"(?:sheet|シート|ワークシート)\s*[0-9０-９]*", re.IGNORECASE)
_MAX_MERGES = 20_000


def read_xlsx(data: bytes, source: Source, how: How = AS_IT_IS) -> Reading:
    """One workbook: the values that its screens show. Sheets, rows and columns that are hidden are left out, and named.

    Raises:
        DamagedFile: the archive or a part in it is broken.
        FileTooLarge: it would unpack to more than the limit.
        EmptyFile: no sheet, or nothing on any.
    """
    warnings: list[str] = []
    try:
        check_unpacked(data, source.uri)
        with zipfile.ZipFile(BytesIO(data)) as archive:
            book = openpyxl.load_workbook(BytesIO(data), read_only=True, data_only=True, keep_links=False)
            lines, lead = _book(book, archive, warnings)
            title = (book.properties.title or "").strip()
    except (zipfile.BadZipFile, InvalidFileException, etree.XMLSyntaxError, KeyError, ValueError, TypeError, EOFError, zlib.error) as error:
        raise DamagedFile(
            source.uri, f"the Excel file is broken ({error}). Open it in Excel, save it again, and add it once more."
        ) from error
    builder = Builder()
    add_lines(builder, how.options.corrected(lines))
    if not any(not line.heading for line in lines):
        detail = "; ".join(warnings)
        raise EmptyFile(source.uri, "no sheet of the workbook shows anything" + (f": {detail}." if detail else "."))
    title = title or lead or PurePath(source.uri).stem
    filled = fill(source, title=title, language=language(builder.text[:20_000]))
    return Reading.of(builder, filled, warnings=tuple(warnings))


def _book(book: openpyxl.Workbook, archive: zipfile.ZipFile, warnings: list[str]) -> tuple[list[Line], str]:
    """The lines of all sheets, and the words above the first table of the first sheet."""
    parts = _parts(archive)
    visible = [sheet for sheet in book.worksheets if sheet.sheet_state == "visible"]
    if hidden := [sheet.title for sheet in book.worksheets if sheet.sheet_state != "visible"]:
        warnings.append(f"hidden and left out: {'sheet' if len(hidden) == 1 else 'sheets'} {', '.join(f'「{name}」' for name in hidden)}")
    named = len(visible) > 1 or not all(_UNNAMED.fullmatch(sheet.title.strip()) for sheet in visible)
    lines: list[Line] = []
    lead = ""
    room = MAX_ROWS
    for sheet in visible:
        about = _About.of(archive, parts.get(sheet.title, ""))
        if room <= 0:
            warnings.append(f"only the first {MAX_ROWS:,} rows are read: sheet 「{sheet.title}」 is left out. Divide the workbook")
            continue
        sheet.reset_dimensions()  # the size that a file claims may be a million rows of nothing
        rows: list[list[str]] = []
        numbers: list[int] = []
        for number, row in _rows(sheet):
            if room <= 0:
                end = f"sheet 「{sheet.title}」 ends at row {number - 1}"
                warnings.append(f"only the first {MAX_ROWS:,} rows are read: {end}. Divide the workbook")
                break
            if number not in about.hidden_rows:
                rows.append(row)
                numbers.append(number)
                room -= any(row)
        warnings.extend(about.warnings(sheet.title))
        depth = about.merge(rows, numbers)
        shown_rows = [[cell for column, cell in enumerate(row) if column not in about.hidden_columns] for row in rows]
        found = lines_of(shown_rows, depth)
        if found and named:
            lines.append(Line(text=sheet.title, heading=2))
        lines.extend(found)
        if not lead and found and not found[0].table and len(found[0].text) <= 80:
            lead = found[0].text
    return lines, lead


def _rows(sheet: object) -> Iterator[tuple[int, list[str]]]:
    """(1-based number, words of its cells) of each row up to the last one with a cell; a long stretch of nothing is one empty row."""
    empty = 0
    for number, row in enumerate(sheet.iter_rows(max_col=MAX_COLUMNS), 1):  # type: ignore[attr-defined]
        words = [shown(cell.value, cell.number_format or "General") if cell.value is not None else "" for cell in row]
        empty = 0 if any(words) else empty + 1
        if empty < 3:
            yield number, words


def _parts(archive: zipfile.ZipFile) -> dict[str, str]:
    """Name of a sheet -> its part in the archive."""
    try:
        relations = _parse(archive.read("xl/_rels/workbook.xml.rels"))
        book = _parse(archive.read("xl/workbook.xml"))
    except KeyError:
        return {}
    targets = {entry.get("Id"): entry.get("Target", "") for entry in relations.iter("{*}Relationship")}
    found = {}
    for sheet in book.iter("{*}sheet"):
        target = targets.get(sheet.get(_RELATION) or sheet.get("{http://purl.oclc.org/ooxml/officeDocument/relationships}id"), "")
        found[sheet.get("name", "")] = target.lstrip("/") if target.startswith("/") else posixpath.normpath(f"xl/{target}")
    return found


def _parse(data: bytes) -> etree._Element:
    return etree.fromstring(data, etree.XMLParser(resolve_entities=False, no_network=True))


@dataclass(slots=True)
class _About:
    """What the XML of a sheet says beside its values."""

    hidden_rows: set[int] = field(default_factory=set)
    hidden_columns: set[int] = field(default_factory=set)
    """0-based."""
    merges: list[tuple[int, int, int, int]] = field(default_factory=list)
    """(first column, first row, last column, last row), 1-based."""
    uncalculated: int = 0

    @classmethod
    def of(cls, archive: zipfile.ZipFile, part: str) -> _About:
        about = cls()
        try:
            stream = archive.open(part)
        except KeyError:
            return about
        with stream:
            tags = [f"{space}{name}" for space in (_MAIN, _STRICT) for name in ("row", "col", "c", "mergeCell")]
            for _, element in etree.iterparse(stream, tag=tags, resolve_entities=False, no_network=True):
                about._take(element)
                if not element.tag.endswith("}c"):
                    element.clear()
                    while element.getprevious() is not None:
                        del element.getparent()[0]
        return about

    def _take(self, element: etree._Element) -> None:
        name = etree.QName(element).localname
        if name == "c":
            if element.find("{*}f") is not None and not (element.findtext("{*}v") or element.findtext("{*}is/{*}t")):
                self.uncalculated += element.get("t") != "str"
        elif name == "row" and element.get("hidden") in ("1", "true"):
            self.hidden_rows.add(int(element.get("r", "0")))
        elif name == "col" and element.get("hidden") in ("1", "true"):
            first, last = int(element.get("min", "1")), int(element.get("max", "1"))
            self.hidden_columns.update(range(first - 1, min(last, MAX_COLUMNS)))
        elif name == "mergeCell" and len(self.merges) < _MAX_MERGES:
            left, top, right, bottom = range_boundaries(element.get("ref", "A1"))
            if left and top and right and bottom:
                self.merges.append((left, top, right, bottom))

    def warnings(self, sheet: str) -> list[str]:
        found = []
        if self.hidden_rows:
            found.append(f"hidden and left out: {len(self.hidden_rows)} rows of sheet 「{sheet}」")
        if self.hidden_columns:
            found.append(f"hidden and left out: {len(self.hidden_columns)} columns of sheet 「{sheet}」")
        if self.uncalculated:
            found.append(
                f"{self.uncalculated} formulas of sheet 「{sheet}」 have no result in the file, so their cells are empty: "
                "open it in Excel and save it"
            )
        return found

    def merge(self, rows: list[list[str]], numbers: list[int]) -> dict[int, int]:
        """Write a merged cell's words into each cell that it covers; return for each row how many rows a head beginning there has."""
        place = {number: at for at, number in enumerate(numbers)}
        depth: dict[int, int] = {}
        for first_column, first_row, last_column, last_row in self.merges:
            # A merged cell may claim the whole sheet: what counts are the rows there are.
            covered = [place[n] for n in range(first_row, min(last_row, first_row + MAX_ROWS) + 1) if n in place]
            words = rows[covered[0]][first_column - 1] if covered and first_column <= len(rows[covered[0]]) else ""
            if not words:
                continue
            for at in covered:
                rows[at].extend([""] * (min(last_column, MAX_COLUMNS) - len(rows[at])))
                rows[at][first_column - 1 : last_column] = [words] * (min(last_column, MAX_COLUMNS) - first_column + 1)
            if place.get(first_row) == covered[0]:
                beside = last_column > first_column
                depth[covered[0]] = max(depth.get(covered[0], 1), len(covered), 2 if beside else 1)
        return depth
