"""A page of a PDF or of a scan as a picture, with quoted words marked: what a reader checks an answer against.

The quote comes from the text that ``pdf`` made of the page: lines joined, spaces mended, cells parted by ｜. So it is looked for without
white space and in folded characters, among the page's characters in reading order; and in pieces where it ran over a cell's end.
A scan has no characters: there the block is marked that the quote was read from.
"""

from __future__ import annotations

import io
import re
import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass

from PIL import Image, ImageChops, ImageDraw

from rag.errors import DamagedFile
from rag.read.pdf_lines import reading_order
from rag.read.pdfium import Glyph, Page, PdfFile
from rag.read.picture import MAGIC, scanned_page

MARK = (0xFF, 0xF0, 0xB3)
MAX_PIXELS = 6_000_000
AT_END = 150
"""Characters of running heads, feet and notes that may stand between such a part and the page's end."""
LEAST = 10
"""Characters of a quote's beginning or end that must stand on the page where the rest is on a neighbouring one."""


Area = tuple[float, float, float, float]
"""Left, bottom, right, top, in points, origin at the bottom left."""


@dataclass(frozen=True, kw_only=True, slots=True)
class PagePicture:
    """A page as drawn."""

    png: bytes
    marked: int
    """How many of the quotes were found on the page, in full or (over a page's end) in part."""
    roughly: bool
    """True where no quote was found and the areas are marked instead."""
    width: int
    """Pixels."""
    height: int


def picture(
    data: bytes, page: int, quotes: Sequence[str], *, width: int = 900, areas: Sequence[Area] = (), password: str = ""
) -> PagePicture:
    """Page ``page`` (from 1) of a PDF, PNG, JPEG or TIFF, ``width`` pixels wide, ``quotes`` marked in pale yellow under the words.

    A very long page comes out narrower: it has at most ``MAX_PIXELS`` pixels.

    Args:
        areas: what is marked where none of the quotes is found among the page's characters.
        password: opens an encrypted PDF.

    Raises:
        DamagedFile: the file cannot be drawn, or has no such page.
        PasswordNeeded: it is encrypted, and the password does not open it.
    """
    name = f"page {page}"
    found: list[list[Area]] = []
    if data.startswith(MAGIC):
        image, (a, b, c, d, e, f) = scanned_page(data, name, page, width=width, max_pixels=MAX_PIXELS)
    else:
        with PdfFile(data, name, password) as pdf:
            if not 1 <= page <= len(pdf):
                raise DamagedFile(name, f"is not in the file, which has {len(pdf)} pages.")
            image, (a, b, c, d, e, f) = pdf.image(page - 1, width=width, max_pixels=MAX_PIXELS)
            found = _find(pdf.page(page - 1), quotes) if quotes else []
    roughly = bool(areas) and not any(found)
    if roughly or any(found):
        paper = Image.new("RGB", image.size, "white")
        draw = ImageDraw.Draw(paper)
        for left, bottom, right, top in areas if roughly else (box for boxes in found for box in boxes):
            xs = sorted((a * left + c * bottom + e, a * right + c * top + e))
            ys = sorted((b * left + d * bottom + f, b * right + d * top + f))
            draw.rectangle((xs[0], ys[0], xs[1], ys[1]), fill=MARK)
        # Multiplied, white becomes the mark's colour and black stays black.
        image = ImageChops.multiply(image, paper)
    out = io.BytesIO()
    image.save(out, "PNG")
    return PagePicture(png=out.getvalue(), marked=sum(map(bool, found)), roughly=roughly, width=image.width, height=image.height)


def _find(page: Page, quotes: Sequence[str]) -> list[list[Area]]:
    """For each quote the rectangles that it covers, in PDF points; none where it is not on the page."""
    glyphs = reading_order(page)
    text, owner = _folded(glyphs)
    found = []
    for quote in quotes:
        places = _places(text, quote)
        marks = sorted({owner[place] for start, end in places for place in range(start, end)})
        found.append(_rectangles([glyphs[mark] for mark in marks]))
    return found


def _folded(glyphs: Sequence[Glyph]) -> tuple[str, list[int]]:
    """Folded characters without white space, and for each the glyph that it came from."""
    parts: list[str] = []
    owner: list[int] = []
    for index, glyph in enumerate(glyphs):
        folded = _fold(glyph.text)
        parts.append(folded)
        owner.extend([index] * len(folded))
    return "".join(parts), owner


def _fold(text: str) -> str:
    # Decomposed, so that character by character gives what the whole gives (ﾊﾞ is two glyphs, バ one). A hyphen may have been
    # taken out where a word was divided, so none counts.
    return re.sub(r"[\s\u00ad\u200b-\u200f\ufeff-]+", "", unicodedata.normalize("NFKD", text)).lower()


def _places(text: str, quote: str) -> list[tuple[int, int]]:
    """Where the quote stands in ``text``: in one piece, else cell by cell close together, else its beginning or end."""
    whole = _fold(quote.replace("｜", ""))
    if not whole:
        return []
    at = text.find(whole)
    if at >= 0:
        return [(at, at + len(whole))]
    pieces = [piece for piece in map(_fold, re.split(r"[｜\n]", quote)) if piece]
    if len(pieces) > 1:
        places = _together(text, pieces)
        if places:
            return places
    # It began on the page before, or goes on on the next: then the part that is here stands at that end of the page.
    for part, at_end in ((_longest(text, whole, -1), False), (_longest(text, whole, 1), True)):
        if part and (len(text) - part[1] if at_end else part[0]) <= AT_END:
            return [part]
    return []


def _longest(text: str, whole: str, side: int) -> tuple[int, int] | None:
    """The longest beginning (side 1) or end (-1) of ``whole`` in ``text``, of at least ``LEAST`` characters."""

    def part(length: int) -> str:
        return whole[:length] if side > 0 else whole[-length:]

    low, high = LEAST - 1, len(whole) - 1
    while low < high:  # where n characters stand, fewer do too
        middle = (low + high + 1) // 2
        low, high = (middle, high) if part(middle) in text else (low, middle - 1)
    if low < LEAST:
        return None
    at = text.rfind(part(low)) if side > 0 else text.find(part(low))
    return at, at + low


def _together(text: str, pieces: list[str]) -> list[tuple[int, int]]:
    """One place for each cell, all in the row where the rarest one stands; none where a cell is missing."""
    everywhere = [[m.start() for m in re.finditer(re.escape(piece), text)][:500] for piece in pieces]
    if not all(everywhere):
        return []
    anchor = min(range(len(pieces)), key=lambda i: (len(everywhere[i]), -len(pieces[i])))
    best: list[tuple[int, int]] = []
    span = float("inf")
    for place in everywhere[anchor]:
        chosen = [min(starts, key=lambda start: abs(start - place)) for starts in everywhere]
        reach = max(chosen) - min(chosen)
        if reach < span:
            span, best = reach, [(start, start + len(piece)) for start, piece in zip(chosen, pieces, strict=True)]
    return best


def _rectangles(glyphs: Sequence[Glyph]) -> list[Area]:
    """One rectangle for each stretch of glyphs on a line or in a column."""
    boxes: list[Area] = []
    for glyph in glyphs:
        box = (glyph.left, glyph.bottom, glyph.right, glyph.top)
        if boxes and _on_one_line(boxes[-1], box):
            last = boxes[-1]
            boxes[-1] = (min(last[0], box[0]), min(last[1], box[1]), max(last[2], box[2]), max(last[3], box[3]))
        else:
            boxes.append(box)
    return boxes


def _on_one_line(last: Area, box: Area) -> bool:
    size = max(min(box[2] - box[0], box[3] - box[1]), 1.0)
    level = min(last[3], box[3]) - max(last[1], box[1]) > 0.5 * min(last[3] - last[1], box[3] - box[1])
    plumb = min(last[2], box[2]) - max(last[0], box[0]) > 0.5 * min(last[2] - last[0], box[2] - box[0])
    across = max(box[0] - last[2], last[0] - box[2])
    down = max(box[1] - last[3], last[1] - box[3])
    return (level and across < 2 * size) or (plumb and down < 0.6 * size)
