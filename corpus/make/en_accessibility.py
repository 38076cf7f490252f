"""Make en/accessibility.pdf from en_accessibility.html with headless Chromium.

The page itself makes the two columns, the running header and the page numbers (CSS page margin boxes).
Run:  python corpus/make/en_accessibility.py [path of chromium]
"""

from __future__ import annotations

import subprocess
import sys
import tempfile
from pathlib import Path

HERE = Path(__file__).resolve().parent
SOURCE = HERE / "en_accessibility.html"
TARGET = HERE.parent / "en" / "accessibility.pdf"


def print_to_pdf(source: Path, target: Path, chromium: str = "chromium") -> None:
    """Print an HTML file to PDF; raises subprocess.CalledProcessError when Chromium fails."""
    target.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory() as profile:
        command = [chromium, "--headless", "--no-sandbox", "--disable-gpu", f"--user-data-dir={profile}", "--no-pdf-header-footer"]
        subprocess.run([*command, f"--print-to-pdf={target}", source.as_uri()], check=True, capture_output=True, timeout=120)


if __name__ == "__main__":
    print_to_pdf(SOURCE, TARGET, *sys.argv[1:2])
