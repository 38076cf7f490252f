"""The one edge to pypdfium2: where each character and each ruled line of a page stands, and what the page looks like.

pypdf reads a content stream in the order written, so vertical pages come out a character a line and cells run together;
pdfium hands back a box for every character, from which lines, columns and tables can be rebuilt (``pdf_lines``).

pdfium may be called by one thread at a time: every call here runs under one lock.
"""

from __future__ import annotations

import ctypes
import math
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from types import TracebackType
from typing import Self

import pypdfium2 as pdfium
import pypdfium2.raw as raw
from PIL import Image

from rag.errors import DamagedFile, PasswordNeeded
from rag.records import Box

_LOCK = threading.RLock()
MAX_GLYPHS = 200_000
"""A page with more is no page that a person reads; what stands behind is left out."""
MAX_SIDE = 20_000
"""Pixels: no side of a picture is longer, however thin the page."""
MAX_RULES = 3_000
"""Maps and drawings have more lines than this; no table does."""


@dataclass(frozen=True, slots=True)
class Glyph:
    """One character as drawn: its box is an em high and its advance wide, in PDF points, origin at the bottom left."""

    text: str
    left: float
    bottom: float
    right: float
    top: float
    angle: int
    """0, 90, 180 or 270: degrees by which the character is turned, clockwise."""
    bold: bool = False


@dataclass(frozen=True, slots=True)
class Rule:
    """A straight horizontal or vertical line, in PDF points."""

    left: float
    bottom: float
    right: float
    top: float


@dataclass(frozen=True, slots=True)
class Page:
    """What stands on one page."""

    width: float
    height: float
    glyphs: tuple[Glyph, ...]
    """In the order of the content stream; white space included."""
    rules: tuple[Rule, ...]
    drawn: int
    """How many images and paths are drawn on the page."""
    pictured: float = 0.0
    """Share of the page that the largest image covers."""


@contextmanager
def _translated(name: str, *, given: bool = False) -> Iterator[None]:
    with _LOCK:
        try:
            yield
        except pdfium.PdfiumError as error:
            if getattr(error, "err_code", None) == raw.FPDF_ERR_PASSWORD:
                reason = "does not open with this password." if given else "is encrypted: it needs a password."
                raise PasswordNeeded(name, f"{reason} Give the password, or remove it from the file and add it again.") from error
            raise DamagedFile(name, f"is not a complete PDF file ({error}). Get it again from where it came from.") from error


_Map = tuple[float, float, float, float, float, float]


class PdfFile:
    """An open PDF. Use as a context manager.

    Raises:
        PasswordNeeded: it cannot be opened without a password (one that only restricts printing does not matter), or not with this one.
        DamagedFile: pdfium finds no document in the bytes.
    """

    def __init__(self, data: bytes, name: str, password: str = "") -> None:
        self.name = name
        with _translated(name, given=bool(password)):
            self._pdf = pdfium.PdfDocument(data, password=password or None)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        with _LOCK:
            self._pdf.close()

    def __len__(self) -> int:
        """Number of pages."""
        with _LOCK:
            return len(self._pdf)

    def page(self, index: int) -> Page:
        """Everything on page ``index`` (from 0).

        Raises:
            DamagedFile: this page cannot be loaded.
        """
        with _translated(self.name):
            page = self._pdf[index]
            try:
                width, height = page.get_size()
                found, drawn, pictured = _rules(page)
                return Page(width, height, tuple(_glyphs(page)), found, drawn, pictured / max(width * height, 1.0))
            finally:
                page.close()

    def image(self, index: int, *, width: int, max_pixels: int, grey: bool = False) -> tuple[Image.Image, _Map]:
        """Page ``index`` (from 0) drawn on white; in colour or grey.

        Returns:
            The picture, and (a, b, c, d, e, f) with x' = a x + c y + e, y' = b x + d y + f, from PDF points to pixels.
        """
        with _translated(self.name):
            page = self._pdf[index]
            try:
                across, down = page.get_size()
                small = math.sqrt(max_pixels / max(across * down, 1e-6))
                scale = min(width / max(across, 1e-6), small, MAX_SIDE / max(across, down, 1e-6))
                bitmap = page.render(scale=scale, may_draw_forms=False)
                to_bitmap = bitmap.get_posconv(page).to_bitmap
                # Three points fix the map; they stand far apart because pdfium answers in whole pixels.
                far = 10_000.0
                (x0, y0), (x1, y1), (x2, y2) = to_bitmap(0, 0), to_bitmap(far, 0), to_bitmap(0, far)
                picture = bitmap.to_pil().convert("L" if grey else "RGB")
            finally:
                page.close()
        matrix = ((x1 - x0) / far, (y1 - y0) / far, (x2 - x0) / far, (y2 - y0) / far, float(x0), float(y0))
        return picture, matrix


def _glyphs(page: pdfium.PdfPage) -> Iterator[Glyph]:
    text_page = page.get_textpage()
    try:
        handle = text_page.raw
        box = raw.FS_RECTF()
        high = ""
        weights: dict[int, bool] = {}
        for index in range(min(text_page.count_chars(), MAX_GLYPHS)):
            if raw.FPDFText_IsGenerated(handle, index) == 1:
                continue  # a space or line end that pdfium guessed: the boxes tell better
            code = raw.FPDFText_GetUnicode(handle, index)
            if 0xD800 <= code < 0xDC00:
                high = chr(code)
                continue
            text = chr(code)
            if 0xDC00 <= code < 0xE000:
                text = chr(0x10000 + ((ord(high) - 0xD800) << 10) + code - 0xDC00) if high else "\ufffd"
            high = ""
            if text == "\x02":  # pdfium's sign for a hyphen at the end of a line
                text = "-"
            elif text == "\x00":
                text = "\ufffd"
            if not raw.FPDFText_GetLooseCharBox(handle, index, box):
                continue
            turn = raw.FPDFText_GetCharAngle(handle, index)
            angle = round(math.degrees(turn) / 90) % 4 * 90 if math.isfinite(turn) else 0
            sides = (box.left, box.bottom, box.right, box.top)
            if not all(math.isfinite(side) and abs(side) < 1e6 for side in sides):
                continue
            yield Glyph(text, *sides, angle, _is_bold(handle, index, weights))
    finally:
        text_page.close()


def _is_bold(handle: raw.FPDF_TEXTPAGE, index: int, known: dict[int, bool]) -> bool:
    """By the name of the font: the weight that pdfium tells is 400 for most embedded ones."""
    font = raw.FPDFTextObj_GetFont(raw.FPDFText_GetTextObject(handle, index))
    place = ctypes.cast(font, ctypes.c_void_p).value or 0
    if place not in known:
        buffer = ctypes.create_string_buffer(256)
        if place:
            raw.FPDFFont_GetBaseFontName(font, buffer, 256)
        known[place] = any(word in buffer.value for word in _HEAVY)
    return known[place]


_HEAVY = (b"Bold", b"bold", b"BOLD", b"Heavy", b"Black", b"-W6", b"-W7", b"-W8", b"Gothic-B")


def _rules(page: pdfium.PdfPage) -> tuple[tuple[Rule, ...], int, float]:
    """The ruled lines, how much is drawn, and the area of the largest image."""
    rules: list[Rule] = []
    drawn = 0
    pictured = 0.0
    for item in page.get_objects(filter=(raw.FPDF_PAGEOBJ_PATH, raw.FPDF_PAGEOBJ_IMAGE), max_depth=4):
        drawn += 1
        if item.type == raw.FPDF_PAGEOBJ_IMAGE:
            left, bottom, right, top = item.get_bounds()
            pictured = max(pictured, (right - left) * (top - bottom))
        if item.type == raw.FPDF_PAGEOBJ_PATH and len(rules) <= MAX_RULES:
            rules.extend(_path_rules(item))
    return (tuple(rules) if len(rules) <= MAX_RULES else ()), drawn, pictured


def _path_rules(item: pdfium.PdfObject) -> Iterator[Rule]:
    """The axis-parallel segments of a path. A thin filled rectangle (how browsers draw borders) gives two that lie together."""
    matrix = item.get_matrix()
    x, y = ctypes.c_float(), ctypes.c_float()
    start = last = (0.0, 0.0)
    for index in range(min(max(raw.FPDFPath_CountSegments(item.raw), 0), 4 * MAX_RULES)):
        segment = raw.FPDFPath_GetPathSegment(item.raw, index)
        if not raw.FPDFPathSegment_GetPoint(segment, x, y):
            continue
        point = matrix.on_point(x.value, y.value)
        kind = raw.FPDFPathSegment_GetType(segment)
        if kind == raw.FPDF_SEGMENT_MOVETO:
            start = point
        elif kind == raw.FPDF_SEGMENT_LINETO:
            yield from _rule(last, point)
        last = point
        if raw.FPDFPathSegment_GetClose(segment):
            yield from _rule(last, start)
            last = start


def _rule(one: tuple[float, float], other: tuple[float, float]) -> Iterator[Rule]:
    (x0, y0), (x1, y1) = one, other
    across, up = abs(x1 - x0), abs(y1 - y0)
    if min(across, up) <= 0.8 and max(across, up) >= 4:
        yield Rule(min(x0, x1), min(y0, y1), max(x0, x1), max(y0, y1))


def around(boxes: list[Box]) -> Box:
    """The smallest box that holds all of ``boxes`` (at least one)."""
    return Box(
        left=round(min(b.left for b in boxes), 1),
        bottom=round(min(b.bottom for b in boxes), 1),
        right=round(max(b.right for b in boxes), 1),
        top=round(max(b.top for b in boxes), 1),
    )
