"""CSV and TSV -> rows of a table, the names of the columns first. The standard library's csv knows quotes and line ends inside cells."""

from __future__ import annotations

import csv
import io
from collections import Counter
from itertools import islice
from pathlib import PurePath

from rag.errors import DamagedFile, EmptyFile
from rag.read.build import Builder
from rag.read.grid import MAX_ROWS, lines_of
from rag.read.options import AS_IT_IS, How
from rag.read.plain import decode
from rag.read.reading import Reading, fill
from rag.read.structure import add_lines
from rag.records import Source
from rag.text import language

_DELIMITERS = "\t,;"
"""Of two that fit alike the first: a comma is a word's neighbour, a tab hardly ever is."""
_UNICODE = ("utf-8", "utf-8-sig", "utf-16", "utf-32")


def read_csv(data: bytes, source: Source, how: How = AS_IT_IS) -> Reading:
    """A table in text; its encoding is found as that of plain text is.

    Raises:
        UnknownFormat: the bytes are no text.
        DamagedFile: a quote opens and never closes, over more than a cell may hold.
        EmptyFile: there is nothing but white space.
    """
    text, encoding = decode(data, source.uri)
    warnings = [] if encoding in _UNICODE else [f"encoding guessed: {encoding}"]
    delimiter = _delimiter(text)
    csv.field_size_limit(10_000_000)
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=delimiter)
    try:
        rows = list(islice(reader, MAX_ROWS))
        left = sum(1 for row in reader if any(row))
    except csv.Error as error:
        raise DamagedFile(source.uri, f"it is no table in CSV from line {reader.line_num} on ({error}). Save it again.") from error
    if left:
        warnings.append(f"only the first {MAX_ROWS:,} rows are read; {left:,} are left out. Divide the file")
    widths = Counter(len(row) for row in rows if any(row))
    usual = widths.most_common(1)[0][0] if widths else 0
    if odd := sum(count for width, count in widths.items() if width > usual):
        warnings.append(f"{odd} rows have more cells than the others: quotes missing?")
    builder = Builder()
    lines = lines_of(rows)
    add_lines(builder, how.options.corrected(lines))
    if not builder.blocks:
        raise EmptyFile(source.uri, "there is no text in it.")
    title = lines[0].text if not lines[0].table and len(lines[0].text) <= 80 else PurePath(source.uri).stem
    filled = fill(source, title=title, language=language(builder.text[:20_000]))
    return Reading.of(builder, filled, warnings=tuple(warnings))


def _delimiter(text: str) -> str:
    """The sign that parts the cells: the one that stands most steadily in the first lines."""
    best, score = ",", 0.0
    for delimiter in _DELIMITERS:
        rows = [row for row in islice(csv.reader(io.StringIO(text[:50_000], newline=""), delimiter=delimiter), 50) if any(row)]
        widths = Counter(len(row) for row in rows)
        width, count = widths.most_common(1)[0] if widths else (1, 0)
        if width > 1 and count / len(rows) * min(width, 5) > score:
            best, score = delimiter, count / len(rows) * min(width, 5)
    return best
