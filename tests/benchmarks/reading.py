"""What reading does with a folder of PDF files: pages with text or a reason, garbled characters, and errors of OCR.

    python tests/benchmarks/reading.py FOLDER [--pages 1] [--no-ocr] [--json FILE]

Pages that have a text layer are drawn, read by OCR, and compared with that layer: once as they are, and once as an office scanner would
give them (200 dots an inch, tilted by half a degree, blurred, with noise, as JPEG), since real scans have nothing to compare with; the
sample ministry's scan with the words it was made from. CER = (insertions + deletions + substitutions) / characters of the truth,
without white space, in NFKC. ``manifest.csv`` in the folder (columns file and kind) sorts the files by kind.
"""

from __future__ import annotations

import argparse
import csv
import html
import io
import json
import re
import statistics
import sys
import time
import unicodedata
from collections import defaultdict
from dataclasses import asdict, dataclass, field
from pathlib import Path

import numpy as np
from PIL import Image, ImageFilter
from rapidfuzz.distance import Levenshtein

REPOSITORY = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(REPOSITORY))

from rag.errors import ReadError  # noqa: E402
from rag.read import ocr, scan  # noqa: E402
from rag.read.pdf import PART, garbled_share  # noqa: E402
from rag.read.pdf_lines import page_rows  # noqa: E402
from rag.read.pdfium import PdfFile  # noqa: E402
from rag.read.sandbox import Sandbox  # noqa: E402
from rag.records import Source  # noqa: E402

SECONDS = 300.0
SCANNER, TILT = 200, 0.5
"""Dots an inch, and degrees."""
GARBLED = 0.1
"""Pages above are no truth to compare with, nor are those whose words may stand in pictures."""


@dataclass(kw_only=True)
class Kind:
    """What was measured of one kind of file."""

    files: int = 0
    pages: int = 0
    with_text: int = 0
    with_a_reason: int = 0
    """Pages without text that a warning or an error names."""
    characters: int = 0
    garbled: float = 0.0
    """Characters without a meaning in the text layers."""
    by_ocr: int = 0
    sure: list[float] = field(default_factory=list)
    """Confidence of each page that was read by OCR."""
    errors: list[float] = field(default_factory=list)
    """CER of each page compared."""
    scanned: list[float] = field(default_factory=list)
    """The same, as if the page had been scanned."""
    seconds: list[float] = field(default_factory=list)
    """Of each page compared."""


def plain(text: str) -> str:
    return re.sub(r"[\s｜]+", "", unicodedata.normalize("NFKC", text))


def error_rate(truth: str, got: str) -> float:
    return Levenshtein.distance(plain(truth), plain(got)) / max(len(plain(truth)), 1)


def read_whole(path: Path, kind: Kind, box: Sandbox) -> None:
    """Count the file's pages, and which have text or a reason."""
    try:
        document = box.read_file(path, source=Source(uri=path.name), document_id="d")
    except ReadError as error:
        with PdfFile(path.read_bytes(), path.name) as pdf:
            kind.pages += len(pdf)
            kind.with_a_reason += len(pdf) if error.reason else 0
        return
    texts = {block.page for block in document.blocks}
    said = " ".join(document.warnings)
    named = {n for a, b in re.findall(r"(\d+)(?:-(\d+))?", said) for n in range(int(a), int(b or a) + 1)}
    kind.pages += document.pages
    kind.with_text += len(texts)
    kind.with_a_reason += sum(page in named for page in range(1, document.pages + 1) if page not in texts)
    kind.characters += len(plain(document.text))
    sure = [float(found) for found in re.findall(r"read by OCR, confidence (\d+)%", said)]
    kind.by_ocr += len(sure)
    kind.sure.extend(sure)


def compare(path: Path, kind: Kind, pages: int) -> None:
    """Read some pages by OCR and compare them with their text layer."""
    with PdfFile(path.read_bytes(), path.name) as pdf:
        # Not the first, which is a title page as a rule.
        wanted = sorted({min(len(pdf) - 1, 1 + at * max((len(pdf) - 1) // pages, 1)) for at in range(pages)})
        for index in range(len(pdf)):
            page = pdf.page(index)
            visible = [glyph for glyph in page.glyphs if not glyph.text.isspace()]
            share = garbled_share(visible)
            kind.garbled += share * len(visible)
            if index not in wanted or len(visible) < 100 or share > GARBLED or page.pictured > PART:
                continue
            truth = "".join(row.text for row in page_rows(page)[0])
            begun = time.monotonic()
            image, matrix = pdf.image(index, width=round(page.width / 72 * ocr.DPI), max_pixels=20_000_000, grey=True)
            seen = scan.see(image, matrix, SECONDS)
            kind.seconds.append(time.monotonic() - begun)
            kind.errors.append(error_rate(truth, "".join(row.text for row in seen.rows)))
            kind.scanned.append(error_rate(truth, "".join(row.text for row in scan.see(as_scan(image), matrix, SECONDS).rows)))


def as_scan(page: Image.Image) -> Image.Image:
    """A page of ``ocr.DPI`` as an office scanner would give it, of the same size."""
    dots = SCANNER / ocr.DPI
    seen = page.convert("L").rotate(TILT, Image.Resampling.BICUBIC, fillcolor=255)
    seen = seen.resize((round(page.width * dots), round(page.height * dots)), Image.Resampling.BILINEAR)
    seen = seen.filter(ImageFilter.GaussianBlur(0.7))
    noise = np.random.default_rng(0).normal(0, 12, (seen.height, seen.width))
    grey = np.clip(np.asarray(seen, dtype=np.float32) * 0.85 + 20 + noise, 0, 255).astype(np.uint8)
    out = io.BytesIO()
    Image.fromarray(grey).save(out, "JPEG", quality=60)
    return Image.open(out).resize(page.size, Image.Resampling.LANCZOS)


def our_scan(box: Sandbox) -> float:
    page = (REPOSITORY / "corpus/make/notice-1998-scan.html").read_text(encoding="utf-8")
    truth = html.unescape(re.sub("<[^>]+>", "", page[page.index("<body") :]))
    return error_rate(truth, box.read_file(REPOSITORY / "corpus/ja/notice-1998-scan.pdf", source=Source(uri="a.pdf"), document_id="d").text)


def main() -> None:
    """Print a table, and write JSON where it is asked for."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--pages", type=int, default=1, help="pages of each file that are compared; 0 compares none")
    parser.add_argument("--no-ocr", action="store_true", help="read as if Tesseract were not there")
    parser.add_argument("--json", type=Path)
    given = parser.parse_args()
    manifest = given.folder / "manifest.csv"
    kinds = {row["file"]: row["kind"] for row in csv.DictReader(manifest.open(encoding="utf-8"))} if manifest.is_file() else {}
    found: dict[str, Kind] = defaultdict(lambda: Kind())
    with Sandbox(seconds=120, megabytes=2048, ocr_seconds=0 if given.no_ocr else SECONDS) as box:
        for path in sorted(given.folder.glob("*.pdf")):
            kind = found[kinds.get(path.name, "all")]
            kind.files += 1
            read_whole(path, kind, box)
            if given.pages and not given.no_ocr:
                compare(path, kind, given.pages)
            print(path.name, file=sys.stderr)
        if not given.no_ocr:
            print(f"sample ministry's scan: CER {our_scan(box):.1%}")
    heads = "kind        files pages  text reason  chars   garbled  by OCR  confidence  compared"
    print(f"{heads}  CER mean  median  as scan: mean  median  s/page")
    for name, kind in sorted(found.items()):
        sure = f"{statistics.mean(kind.sure):.0f}%" if kind.sure else "-"
        rates = (_mean(kind.errors), _median(kind.errors), _mean(kind.scanned), _median(kind.scanned))
        mean, middle, mean_scan, middle_scan = (f"{value:.1%}" if kind.errors else "-" for value in rates)
        print(
            f"{name:11} {kind.files:5} {kind.pages:5} {kind.with_text:5} {kind.with_a_reason:6} {kind.characters:7} "
            f"{kind.garbled / max(kind.characters, 1):8.2%} {kind.by_ocr:7} {sure:>11} {len(kind.errors):9} "
            f"{mean:>9} {middle:>7} {mean_scan:>14} {middle_scan:>7} {_mean(kind.seconds):7.1f}"
        )
    if given.json:
        given.json.write_text(json.dumps({name: asdict(kind) for name, kind in found.items()}, indent=1), encoding="utf-8")


def _mean(values: list[float]) -> float:
    return statistics.mean(values) if values else 0.0


def _median(values: list[float]) -> float:
    return statistics.median(values) if values else 0.0


if __name__ == "__main__":
    main()
