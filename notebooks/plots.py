"""What the notebooks share: where things are, the sample ministry's library, and how a plot looks."""

from __future__ import annotations

import atexit
import os
import sys
import tempfile
from pathlib import Path

import matplotlib.pyplot as plt
from matplotlib import font_manager

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))

from rag.ingest import ingest  # noqa: E402
from rag.library import Library  # noqa: E402
from rag.settings import Settings  # noqa: E402

CORPUS = ROOT / "corpus"
SETS = ROOT.parent / "shared" / "eval" / "retrieval"
"""Data sets for measuring, which not everybody has."""
PASSAGES = int(os.environ.get("KONKYO_NOTEBOOK_PASSAGES", "600"))
"""Of such a set so many passages are indexed; the whole of it takes minutes."""
QUESTIONS = int(os.environ.get("KONKYO_NOTEBOOK_QUESTIONS", "40"))
"""So many questions are asked."""

BLUE, GREY, RED = "#2f5d8a", "#b8bec6", "#b5462f"
_CJK = next((font.name for font in font_manager.fontManager.ttflist if font.name.startswith("Noto Sans CJK JP")), "")
plt.rcParams.update({"figure.figsize": (7, 3.2), "figure.dpi": 80, "font.size": 9, "axes.spines.top": False, "axes.spines.right": False})
if _CJK:
    plt.rcParams["font.family"] = [_CJK]


def label(japanese: str, other: str) -> str:
    """Japanese where the system has a font for it (Noto Sans CJK), the other otherwise."""
    return japanese if _CJK else other


def sample_library() -> Library:
    """The sample ministry's library: the one in KONKYO_NOTEBOOK_HOME, or one made for this notebook alone."""
    kept = os.environ.get("KONKYO_NOTEBOOK_HOME")
    if kept:
        return Library(Settings(home=Path(kept)))
    folder = tempfile.TemporaryDirectory(prefix="konkyo-notebook-")
    atexit.register(folder.cleanup)
    library = Library(Settings(home=Path(folder.name)))
    list(ingest(library, [CORPUS]))
    return library


def scratch_library() -> Library:
    """An empty library that goes with the notebook."""
    folder = tempfile.TemporaryDirectory(prefix="konkyo-notebook-")
    atexit.register(folder.cleanup)
    return Library(Settings(home=Path(folder.name)))


def bars(names: list[str], values: list[float], *, x: str, colours: list[str] | None = None, fmt: str = "%.2f") -> None:
    """Horizontal bars, the first at the top, each with its value."""
    figure, axes = plt.subplots(figsize=(7, 0.6 + 0.3 * len(names)))
    drawn = axes.barh(names[::-1], values[::-1], color=(colours or [BLUE] * len(names))[::-1])
    axes.bar_label(drawn, fmt=fmt, padding=3)
    axes.set_xlabel(x)
    axes.margins(x=0.12)
    figure.tight_layout()
    plt.show()
