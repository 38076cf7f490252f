"""The one edge to Tesseract: a picture -> words with their places and how sure it is of them.

Tesseract is a program of the system, found on the path. It gets the picture on its standard input and answers on its standard output, so
that nothing is written to the disk; it runs on one processor, because pages are read side by side (``scan``).
"""

from __future__ import annotations

import csv
import io
import os
import shutil
import subprocess
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache

from PIL import Image

MAX_PAGES = 1_000
"""Pages of one file that are read by OCR; that there are more is said in a warning."""
DPI = 300
"""Dots an inch: what Tesseract's models are made for."""
INSTALL = "apt-get install tesseract-ocr tesseract-ocr-jpn tesseract-ocr-jpn-vert"
_NEEDED = ("jpn", "jpn_vert", "eng")


@dataclass(frozen=True, slots=True)
class Word:
    """One word as read, or as many characters of Japanese as Tesseract takes for one."""

    text: str
    left: float
    top: float
    right: float
    bottom: float
    """The box in pixels from the top left."""
    line: tuple[float, float, float, float]
    """The box of its line."""
    sure: float
    """Tesseract's confidence, 0 to 100."""


class OcrTimeout(Exception):
    """A page took longer than it may."""


@cache
def missing() -> str:
    """What is not there and how to install it; "" where Tesseract and its three languages are."""
    program = shutil.which("tesseract")
    if program is None:
        return f"Tesseract is not installed ({INSTALL})"
    try:
        told = subprocess.run([program, "--list-langs"], capture_output=True, stdin=subprocess.DEVNULL, timeout=30, check=False)
    except (OSError, subprocess.TimeoutExpired) as error:
        return f"Tesseract does not start ({error})"
    known = told.stdout.decode("utf-8", "replace").split()
    absent = [language for language in _NEEDED if language not in known]
    return f"Tesseract has no {', '.join(absent)} ({INSTALL})" if absent else ""


def words(image: Image.Image, languages: str, layout: int, seconds: float) -> list[Word]:
    """The words of a picture in Tesseract's order.

    Args:
        image: grey, 8 bits.
        languages: "jpn", "jpn_vert", "eng", or several with + between them.
        layout: Tesseract's page segmentation mode: 3 finds columns, 5 is one block written vertically, 6 one written horizontally.
        seconds: wall-clock time.

    Raises:
        OcrTimeout: it took longer.
    """
    # Method 2 (Sauvola) sets the threshold place by place: scans are grey and stained.
    picture = io.BytesIO()
    image.save(picture, "PPM")
    command = [
        "tesseract",
        "stdin",
        "stdout",
        "-l",
        languages,
        "--psm",
        str(layout),
        "--dpi",
        str(DPI),
        "-c",
        "thresholding_method=2",
        "tsv",
    ]
    try:
        run = subprocess.run(
            command,
            input=picture.getvalue(),
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            timeout=max(seconds, 0.1),
            env={**os.environ, "OMP_THREAD_LIMIT": "1"},
            check=False,
        )
    except subprocess.TimeoutExpired as error:
        raise OcrTimeout(f"more than {seconds:.0f} s") from error
    return list(_parsed(run.stdout.decode("utf-8", "replace")))


def _parsed(table: str) -> Sequence[Word]:
    out: list[Word] = []
    line = (0.0, 0.0, 0.0, 0.0)
    for row in csv.DictReader(io.StringIO(table), delimiter="\t", quoting=csv.QUOTE_NONE):
        try:
            left, top, width, height = (float(row[name]) for name in ("left", "top", "width", "height"))
            level, sure, text = int(row["level"]), float(row["conf"]), (row["text"] or "").strip()
        except (TypeError, ValueError, KeyError):
            continue
        box = (left, top, left + width, top + height)
        if level == 4:
            line = box
        elif level == 5 and text and width > 0 and height > 0:
            out.append(Word(text, *box, line=line, sure=sure))
    return out
