"""The notebooks run on the sample ministry's library, and what is committed with them is theirs and readable without running them.

``python -m tests.test_notebooks [NAME...]`` runs them and writes their outputs anew. See notebooks/plots.py for what they look at.
"""

from __future__ import annotations

import json
import os
import re
import sys
from pathlib import Path
from typing import Any

import nbformat
import pytest
from nbclient import NotebookClient

from .conftest import REPOSITORY

pytestmark = pytest.mark.xdist_group("notebooks")

FOLDER = REPOSITORY / "notebooks"
NOTEBOOKS = sorted(FOLDER.glob("*.ipynb"))
MEGABYTE = 1_000_000
LONGEST_CELL = 30
"""Lines. What is longer belongs into rag/evaluate or notebooks/plots.py."""
SHARED = "shared"
"""The tag of a cell that needs the data for measuring, and says so where it is not there."""


def execute(file: Path) -> Any:
    """A notebook with the outputs of running it now, from its own folder, and with nothing of the machine that ran it."""
    notebook = nbformat.read(file, as_version=4)  # type: ignore[no-untyped-call]
    where = {"metadata": {"path": str(FOLDER)}}
    # Whatever draws elsewhere in this process: plots belong into the notebook, however long a busy machine takes to hand them over.
    os.environ["MPLBACKEND"] = "module://matplotlib_inline.backend_inline"
    NotebookClient(notebook, timeout=1_200, iopub_timeout=120, kernel_name="python3", record_timing=False, resources=where).execute()
    notebook.metadata = {name: notebook.metadata[name] for name in ("kernelspec", "language_info")}
    notebook.metadata["language_info"] = {"name": "python"}
    for cell in code(notebook):
        cell.outputs = [output for output in cell.outputs if output.get("name") != "stderr"]
    return notebook


def code(notebook: Any) -> list[Any]:
    return [cell for cell in notebook.cells if cell.cell_type == "code"]


def committed(file: Path) -> Any:
    return nbformat.read(file, as_version=4)  # type: ignore[no-untyped-call]


def kinds(cell: Any) -> list[str]:
    """What a cell shows: "stream", "display_data"."""
    return sorted({output.output_type for output in cell.outputs})


def test_they_are_all_here() -> None:
    assert [file.stem for file in NOTEBOOKS] == ["01_library", "02_retrieval", "03_chunking_and_fusion"]


@pytest.mark.parametrize("file", NOTEBOOKS, ids=lambda file: file.stem)
def test_a_notebook_runs(file: Path, sample_home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("KONKYO_NOTEBOOK_HOME", str(sample_home))
    monkeypatch.setenv("KONKYO_NOTEBOOK_QUESTIONS", "3")
    monkeypatch.setenv("KONKYO_NOTEBOOK_PASSAGES", "300")  # indexing whole sets takes minutes
    monkeypatch.setenv("MPLBACKEND", "Agg")  # as a test before this one may have left it
    done = execute(file)  # a cell that fails raises
    for before, after in zip(code(committed(file)), code(done), strict=True):
        if SHARED not in before.metadata.get("tags", []):
            assert kinds(before) == kinds(after), f"run: python -m tests.test_notebooks {file.stem}\n{before.source}"


@pytest.mark.parametrize("file", NOTEBOOKS, ids=lambda file: file.stem)
def test_a_notebook_is_readable_without_running_it(file: Path) -> None:
    notebook = committed(file)
    pictures = [output for cell in code(notebook) for output in cell.outputs if "image/png" in output.get("data", {})]
    assert len(pictures) >= 2
    assert all(cell.outputs for cell in code(notebook)), "a cell shows nothing, or was saved without running it"
    assert file.stat().st_size < MEGABYTE
    assert all(len(cell.source.splitlines()) <= LONGEST_CELL for cell in code(notebook))
    for before, cell in zip(notebook.cells, notebook.cells[1:], strict=False):
        if "display_data" in (kinds(cell) if cell.cell_type == "code" else []):
            assert before.cell_type == "markdown", f"a plot is announced in words\n{cell.source}"


@pytest.mark.parametrize("file", NOTEBOOKS, ids=lambda file: file.stem)
def test_a_notebook_holds_nothing_of_a_machine_and_no_error(file: Path) -> None:
    notebook = committed(file)
    printed = json.dumps([cell.outputs for cell in code(notebook)], ensure_ascii=False)
    assert not re.search(r"/(home|root|tmp|work|usr|opt|Users)/|[A-Z]:\\\\", printed)
    assert all(output.output_type != "error" and output.get("name") != "stderr" for cell in code(notebook) for output in cell.outputs)
    assert set(notebook.metadata) == {"kernelspec", "language_info"}
    assert all(set(cell.metadata) <= {"tags"} for cell in notebook.cells)


@pytest.mark.parametrize("file", NOTEBOOKS, ids=lambda file: file.stem)
def test_a_notebook_holds_no_text_of_the_data_for_measuring(file: Path, shared: Path) -> None:
    notebook = committed(file)
    texts = "".join(output.get("text", "") for cell in code(notebook) for output in cell.outputs)
    texts += "".join(cell.source for cell in notebook.cells)
    for questions in sorted((shared / "eval" / "retrieval").glob("*/queries.jsonl")):
        for line in questions.read_text(encoding="utf-8").splitlines():
            beginning = json.loads(line)["text"][:20]
            assert len(beginning) < 20 or beginning not in texts, f"{questions.parent.name}: {beginning}"


@pytest.mark.parametrize("file", NOTEBOOKS, ids=lambda file: file.stem)
def test_a_notebook_has_no_measured_figure_in_its_prose(file: Path) -> None:
    # What was measured is printed by the cell that measured it: typed by hand it would be wrong the next day.
    prose = "\n".join(cell.source for cell in committed(file).cells if cell.cell_type == "markdown")
    assert re.findall(r"(?<![\d,])(?<!< )0?\.\d+|\d(?:\.\d+)?\s?%(?! interval)", prose) == []


if __name__ == "__main__":
    for one in NOTEBOOKS:
        if not sys.argv[1:] or one.stem in sys.argv[1:]:
            nbformat.write(execute(one), one)  # type: ignore[no-untyped-call]
