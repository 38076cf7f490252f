"""Make the Japanese sample PDFs of corpus/ja from the HTML sources beside this script.

Run from anywhere:  python corpus/make/ja_pdfs.py [name ...]

- procurement-procedure, subsidy-guideline, travel-amounts: printed by headless Chromium (text layer kept,
  fonts embedded as subsets, header and page number written by the page's own @page boxes);
- notice-1998-scan: a screenshot, turned slightly, greyed and speckled, stored as pictures only (no text layer).

Needs Chromium and the font 'Noto Sans CJK JP' (Debian: chromium, fonts-noto-cjk), Pillow, numpy and pypdf.
"""

from __future__ import annotations

import io
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image, ImageFilter
from pypdf import PdfReader, PdfWriter
from pypdf.generic import ArrayObject, NameObject, NumberObject

HERE = Path(__file__).resolve().parent
TARGET = HERE.parent / "ja"
LIMIT_BYTES = 500_000
CHROMIUM = ["chromium", "--headless", "--no-sandbox", "--disable-gpu", "--hide-scrollbars", "--disable-pdf-tagging"]
# A fixed date keeps the files the same from one run to the next.
STAMP = "D:20261123000000Z"

PRINTED = {
    "procurement-procedure": "物品及び役務の調達事務取扱要領",
    "subsidy-guideline": "地域公共サービス改善補助金交付要綱",
    "travel-amounts": "旅費支給額表",
}
SCANNED = {"notice-1998-scan": 1}  # name: pages


def run_chromium(*arguments: str) -> None:
    """Run Chromium once, in a throw-away profile, and fail loudly."""
    with tempfile.TemporaryDirectory() as profile:
        subprocess.run(
            [*CHROMIUM, f"--user-data-dir={profile}", *arguments],
            check=True,
            timeout=120,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )


def compact_type3(font: Any) -> None:
    """Shorten the glyph names and widths of a Type 3 font, which Chromium pads to 256 entries with empty ones."""
    first = int(font["/FirstChar"])
    widths = list(font["/Widths"])
    names: dict[int, NameObject] = {}
    code = 0
    for entry in font["/Encoding"]["/Differences"]:
        if isinstance(entry, NameObject):
            names[code] = entry
            code += 1
        else:
            code = int(entry)
    used = {
        code: name for code, name in names.items() if name != "/g0" or (first <= code < first + len(widths) and widths[code - first] != 0)
    }
    if not used:
        return
    low, high = min(used), max(used)
    differences = ArrayObject()
    previous = None
    for code, name in sorted(used.items()):
        if previous is None or code != previous + 1:
            differences.append(NumberObject(code))
        differences.append(name)
        previous = code
    font[NameObject("/FirstChar")] = NumberObject(low)
    font[NameObject("/LastChar")] = NumberObject(high)
    font[NameObject("/Widths")] = ArrayObject(widths[low - first : high - first + 1])
    font["/Encoding"][NameObject("/Differences")] = differences


def print_pdf(name: str, title: str) -> Path:
    """Print NAME.html to TARGET/NAME.pdf and set its title and a fixed date."""
    target = TARGET / f"{name}.pdf"
    with tempfile.TemporaryDirectory() as folder:
        raw = Path(folder) / "raw.pdf"
        run_chromium("--no-pdf-header-footer", f"--print-to-pdf={raw}", (HERE / f"{name}.html").as_uri())
        writer = PdfWriter(clone_from=PdfReader(raw))
        writer.add_metadata(
            {"/Title": title, "/Author": "公共サービス省（架空）", "/Producer": "Chromium", "/CreationDate": STAMP, "/ModDate": STAMP}
        )
        done: set[int] = set()
        for page in writer.pages:
            resources: Any = page["/Resources"]
            for reference in resources.get("/Font", {}).values():
                font: Any = reference.get_object()
                if font["/Subtype"] == "/Type3" and id(font) not in done:
                    done.add(id(font))
                    compact_type3(font)
        with target.open("wb") as stream:
            writer.write(stream)
    return target


def scan_picture(picture: Image.Image, page: int) -> Image.Image:
    """Make a clean page look like an old photocopy: turned, greyed, blurred, speckled, with a dark edge."""
    random = np.random.default_rng(1998 + page)
    angle = float(random.uniform(0.7, 1.3)) * (1 if page % 2 == 0 else -1)
    turned = picture.convert("L").rotate(angle, resample=Image.Resampling.BICUBIC, expand=False, fillcolor=250)
    grey = np.asarray(turned.filter(ImageFilter.GaussianBlur(0.6)), dtype=np.float32)
    grey = 22 + grey * 0.86 + random.normal(0, 5, grey.shape).astype(np.float32)
    height, width = grey.shape
    for _ in range(180):
        row, column = int(random.integers(0, height - 3)), int(random.integers(0, width - 3))
        grey[row : row + int(random.integers(1, 3)), column : column + int(random.integers(1, 3))] = random.uniform(30, 140)
    grey[:, :10] -= np.linspace(90, 0, 10)[None, :]
    return Image.fromarray(np.clip(grey, 0, 255).astype(np.uint8))


def scan_pdf(name: str, pages: int) -> Path:
    """Render NAME.html (one .page box of 794x1123 CSS pixels per page) and store it as an image-only PDF."""
    target = TARGET / f"{name}.pdf"
    with tempfile.TemporaryDirectory() as folder:
        shot = Path(folder) / "shot.png"
        run_chromium(
            f"--screenshot={shot}", f"--window-size=794,{1123 * pages}", "--force-device-scale-factor=1.5", (HERE / f"{name}.html").as_uri()
        )
        whole = Image.open(shot).convert("L")
        height = whole.height // pages
        scans: list[Image.Image] = []
        for page in range(pages):
            clean = whole.crop((0, page * height, whole.width, (page + 1) * height))
            buffer = io.BytesIO()
            scan_picture(clean, page).save(buffer, "JPEG", quality=38)
            scans.append(Image.open(io.BytesIO(buffer.getvalue())))
        raw = Path(folder) / "raw.pdf"
        scans[0].save(raw, "PDF", resolution=144, save_all=True, append_images=scans[1:], quality=38)
        writer = PdfWriter(clone_from=PdfReader(raw))
        writer.add_metadata({"/Title": "scan_0001", "/Producer": "scanner", "/Creator": "", "/CreationDate": STAMP, "/ModDate": STAMP})
        with target.open("wb") as stream:
            writer.write(stream)
    return target


def main(names: list[str]) -> int:
    """Make the files named (all of them without names); return the number of files over the size limit."""
    unknown = set(names) - set(PRINTED) - set(SCANNED)
    if unknown:
        raise SystemExit(f"unknown: {', '.join(sorted(unknown))}")
    over = 0
    for name in names or [*PRINTED, *SCANNED]:
        target = print_pdf(name, PRINTED[name]) if name in PRINTED else scan_pdf(name, SCANNED[name])
        size = target.stat().st_size
        over += size > LIMIT_BYTES
        print(f"{target.relative_to(HERE.parent)}: {len(PdfReader(target).pages)} pages, {size / 1000:.0f} kB")
    return over


if __name__ == "__main__":
    raise SystemExit(main(sys.argv[1:]))
