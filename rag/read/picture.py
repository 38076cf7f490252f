"""Pictures of pages (PNG, JPEG, TIFF with one or more pages) -> blocks, by OCR. Boxes are in points, origin at the bottom left."""

from __future__ import annotations

import io
from dataclasses import replace

from PIL import Image, ImageOps, ImageSequence, UnidentifiedImageError

from rag.errors import DamagedFile, FileTooLarge, UnknownFormat
from rag.read import ocr, scan
from rag.read.options import AS_IT_IS, How
from rag.read.pages import Sheet, compose
from rag.read.reading import READ, Reading
from rag.records import Source

MAGIC = (b"\x89PNG", b"\xff\xd8\xff", b"II*\x00", b"MM\x00*")
MAX_PIXELS = 100_000_000
"""Of one page: A1 at 300 dots an inch has 70 million."""
LONG_SIDE = 11.7
"""Inches: a picture that does not say its size is taken for a sheet of A4."""


def read_picture(data: bytes, source: Source, how: How = AS_IT_IS) -> Reading:
    """The words on a picture.

    Raises:
        UnknownFormat: there is no Tesseract here, or OCR is switched off.
        DamagedFile: it is cut off or broken.
        FileTooLarge: it has more pixels than the limit.
        EmptyFile: OCR finds no words.
    """
    reason = ocr.missing() if how.ocr_seconds > 0 else "reading by OCR is switched off"
    if reason:
        raise UnknownFormat(source.uri, f"it is a picture, and {reason}. {READ}")
    try:
        with Image.open(io.BytesIO(data), formats=("PNG", "JPEG", "TIFF")) as file:
            frames = [_upright(frame, source.uri) for _, frame in zip(range(ocr.MAX_PAGES), ImageSequence.Iterator(file), strict=False)]
            more = getattr(file, "n_frames", 1) - len(frames)
    except (UnidentifiedImageError, OSError, SyntaxError, ValueError) as error:
        raise DamagedFile(source.uri, f"the picture is cut off or broken ({error}). Get it again.") from error
    except Image.DecompressionBombError as error:
        raise FileTooLarge(source.uri, f"the picture has more pixels than anybody scans ({error}).") from error
    sheets = []
    for number, frame in enumerate(frames, 1):
        width, height = (side * 72 / ocr.DPI for side in frame.size)
        sheets.append(Sheet(number, [], height, width, drawn=True))
    scale = ocr.DPI / 72

    def picture(number: int) -> tuple[Image.Image, scan.Matrix]:
        frame = frames[number - 1]
        return frame, (scale, 0.0, 0.0, -scale, 0.0, float(frame.height))

    seen = scan.read_pictures(picture, range(1, len(frames) + 1), how)
    for sheet in sheets:
        sheet.take(seen[sheet.number], asked=False, seconds=how.ocr_seconds)
    reading = compose(sheets, source, how, bookmarks={})
    if more > 0:
        note = f"only the first {len(frames)} pages are read; {more} are left out"
        reading = replace(reading, warnings=(*reading.warnings, note))
    return reading


def scanned_page(data: bytes, name: str, page: int, *, width: int, max_pixels: int) -> tuple[Image.Image, scan.Matrix]:
    """Page ``page`` (from 1) in colour, at most ``width`` pixels wide, and the map from points to its pixels.

    Raises:
        DamagedFile: it is cut off or broken, or has no such page.
        FileTooLarge: it has more pixels than the limit.
    """
    try:
        with Image.open(io.BytesIO(data), formats=("PNG", "JPEG", "TIFF")) as file:
            file.seek(page - 1)
            turned, dots = _turned(file, name)
    except EOFError as error:
        raise DamagedFile(name, "is not in the file.") from error
    except (UnidentifiedImageError, OSError, SyntaxError, ValueError, Image.DecompressionBombError) as error:
        raise DamagedFile(name, f"cannot be drawn ({error}).") from error
    factor = min(width / turned.width, (max_pixels / (turned.width * turned.height)) ** 0.5, 1.0)
    size = max(round(turned.width * factor), 1), max(round(turned.height * factor), 1)
    drawn = turned.convert("RGB").resize(size, Image.Resampling.LANCZOS)
    return drawn, (dots / 72 * factor, 0.0, 0.0, -dots / 72 * factor, 0.0, float(size[1]))


def _turned(frame: Image.Image, name: str) -> tuple[Image.Image, float]:
    """A page on white, the right way up as its camera says, and its dots an inch."""
    if frame.width * frame.height > MAX_PIXELS:
        raise FileTooLarge(
            name, f"the picture has {frame.width:,} by {frame.height:,} pixels, more than {MAX_PIXELS:,}. Scan it at 300 dpi."
        )
    told = frame.info.get("dpi", (0, 0))
    dots = float(told[1]) if isinstance(told, tuple) and len(told) == 2 else 0.0
    turned = ImageOps.exif_transpose(frame)
    if turned.mode in ("RGBA", "LA", "PA") or "transparency" in turned.info:
        paper = Image.new("RGBA", turned.size, "white")
        turned = Image.alpha_composite(paper, turned.convert("RGBA"))
    if not 70 <= dots <= 1200:  # a screen's 72 says nothing of paper; neither does a camera's
        dots = max(turned.size) / LONG_SIDE
    return turned, dots


def _upright(frame: Image.Image, name: str) -> Image.Image:
    """A page in grey, at ``ocr.DPI``."""
    turned, dots = _turned(frame, name)
    grey = turned.convert("L")
    factor = ocr.DPI / dots
    if 0.95 < factor < 1.05:
        return grey
    size = (max(round(grey.width * factor), 1), max(round(grey.height * factor), 1))
    return grey.resize(size, Image.Resampling.LANCZOS) if size[0] * size[1] <= 40_000_000 else grey
