"""What the notebooks share: the sample ministry's library, how much of the data for measuring is used, and how a plot looks.

They look at these variables of the environment:
KONKYO_NOTEBOOK_HOME       a library to look at, instead of one made of corpus/ for the notebook alone
KONKYO_NOTEBOOK_QUESTIONS  how many questions of a set are put (60), and twice as many golden ones
KONKYO_NOTEBOOK_SHARED     0 leaves the data for measuring out, also where it is
KONKYO_NOTEBOOK_PASSAGES   how many passages of a set are indexed at most
KONKYO_NOTEBOOK_INDEXES    a folder in which the indexes of that data are kept from one run to the next
"""

from __future__ import annotations

import atexit
import os
import sys
import tempfile
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TypeVar

import matplotlib.pyplot as plt
import numpy as np

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))

from rag.evaluate.significance import Difference  # noqa: E402
from rag.ingest import ingest  # noqa: E402
from rag.library import Library  # noqa: E402
from rag.settings import Settings  # noqa: E402

T = TypeVar("T")

CORPUS = ROOT / "corpus"
QUESTIONS = int(os.environ.get("KONKYO_NOTEBOOK_QUESTIONS", "60"))
"""So many questions of a set are put."""
INDEXES = Path(os.environ["KONKYO_NOTEBOOK_INDEXES"]) if os.environ.get("KONKYO_NOTEBOOK_INDEXES") else None

BLUE, RED, GREY, BLACK, LIGHT = "#2f5d8a", "#b5462f", "#b8bec6", "#333333", "#8fb3d6"
plt.rcParams.update({"figure.figsize": (7, 3.2), "figure.dpi": 80, "font.size": 9, "axes.spines.top": False, "axes.spines.right": False})


def shared(name: str) -> Path | None:
    """The folder of a set of the data for measuring, which not everybody has; None where it is not here or not wanted."""
    folder = ROOT.parent / "shared" / "eval" / "retrieval" / name
    return folder if folder.is_dir() and os.environ.get("KONKYO_NOTEBOOK_SHARED") != "0" else None


def at_most(limit: int | None) -> int | None:
    """How many passages of a set are indexed: ``limit``, or fewer where that is wanted."""
    wanted = os.environ.get("KONKYO_NOTEBOOK_PASSAGES")
    return min(int(wanted), limit or int(wanted)) if wanted else limit


def library() -> Library:
    """The library to look at. Closed and, where it was made for this, removed when the notebook ends."""
    kept = os.environ.get("KONKYO_NOTEBOOK_HOME")
    if kept:
        return Library(Settings(home=Path(kept)))
    made = scratch_library()
    list(ingest(made, [CORPUS]))
    return made


def scratch_library() -> Library:
    """An empty library that goes with the notebook."""
    folder = tempfile.TemporaryDirectory(prefix="konkyo-notebook-")
    atexit.register(folder.cleanup)
    return Library(Settings(home=Path(folder.name)))


def sample(items: Sequence[T], count: int) -> list[T]:
    """``count`` of the items, evenly from the first to the last; all where there are no more."""
    if len(items) <= count:
        return list(items)
    return [items[round(at)] for at in np.linspace(0, len(items) - 1, count)]


def bars(values: Mapping[str, float], *, x: str, colours: Sequence[str] = (BLUE,), form: str = "%.2f") -> None:
    """Horizontal bars, the first at the top, each with its value; the colours in turn, or one for all."""
    figure, axes = plt.subplots(figsize=(7, 0.7 + 0.27 * len(values)))
    drawn = axes.barh(list(values), list(values.values()), color=list(colours))
    axes.bar_label(drawn, fmt=form, padding=3)
    axes.invert_yaxis()
    axes.set_xlabel(x)
    axes.margins(x=0.12)
    finish(figure)


def changes(differences: Mapping[str, Difference], p: Mapping[str, float], *, x: str) -> None:
    """What each part is worth: how much is lost without it, with the 95% interval; blue where p < .05."""
    order = sorted(differences, key=lambda part: differences[part].delta)
    figure, axes = plt.subplots(figsize=(7, 0.7 + 0.3 * len(order)))
    for at, part in enumerate(order):
        one = differences[part]
        colour = BLUE if p[part] < 0.05 else GREY
        axes.barh(at, -one.delta, color=colour)
        axes.plot([-one.high, -one.low], [at, at], color=BLACK, linewidth=1)
    axes.set_yticks(range(len(order)), order)
    axes.axvline(0, color=BLACK, linewidth=0.8)
    axes.invert_yaxis()
    axes.set_xlabel(x)
    finish(figure)


def table(rows: Sequence[Sequence[object]], head: Sequence[str]) -> None:
    """Print rows under their head, the first column to the left and the others to the right."""
    cells = [list(head), *([f"{cell:.3f}" if isinstance(cell, float) else str(cell) for cell in row] for row in rows)]
    widths = [max(len(row[at]) for row in cells) for at in range(len(head))]
    for row in cells:
        print("  ".join(cell.rjust(width) if at else cell.ljust(width) for at, (cell, width) in enumerate(zip(row, widths, strict=True))))


def finish(figure: plt.Figure) -> None:
    """Show a figure with its labels inside it."""
    figure.tight_layout()
    plt.show()
    plt.close(figure)
