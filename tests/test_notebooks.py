"""The notebooks run, on the sample ministry's library, and what is committed with them is theirs and shows plots.

``python -m tests.test_notebooks`` runs them and writes their outputs anew; KONKYO_NOTEBOOK_QUESTIONS and KONKYO_NOTEBOOK_PASSAGES make
the samples larger.
"""

from __future__ import annotations

import json
import os
import re
from pathlib import Path
from typing import Any

import nbformat
import pytest
from nbclient import NotebookClient

from .conftest import REPOSITORY, SHARED

pytestmark = pytest.mark.xdist_group("notebooks")

FOLDER = REPOSITORY / "notebooks"
NOTEBOOKS = sorted(FOLDER.glob("0*.ipynb"))


def execute(file: Path) -> Any:
    """A notebook with the outputs of running it now, from its own folder."""
    notebook = nbformat.read(file, as_version=4)
    NotebookClient(
        notebook, timeout=1_200, kernel_name="python3", record_timing=False, resources={"metadata": {"path": str(FOLDER)}}
    ).execute()
    for cell in code(notebook):
        cell.outputs = [output for output in cell.outputs if output.get("name") != "stderr"]
    return notebook


def code(notebook: Any) -> list[Any]:
    return [cell for cell in notebook.cells if cell.cell_type == "code"]


@pytest.mark.parametrize("file", NOTEBOOKS, ids=lambda file: file.stem)
def test_a_notebook_runs(file: Path, sample_home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("KONKYO_NOTEBOOK_HOME", str(sample_home))
    for name, few in (("KONKYO_NOTEBOOK_QUESTIONS", "3"), ("KONKYO_NOTEBOOK_PASSAGES", "40")):
        monkeypatch.setenv(name, os.environ.get(name, few))
    done = execute(file)  # a cell that fails raises
    for before, after in zip(code(nbformat.read(file, as_version=4)), code(done), strict=True):
        kinds = [sorted({output.output_type for output in cell.outputs}) for cell in (before, after)]
        assert kinds[0] == kinds[1], f"{file.name} shows other things now: run python -m tests.test_notebooks\n{before.source}"


@pytest.mark.parametrize("file", NOTEBOOKS, ids=lambda file: file.stem)
def test_a_notebook_is_readable_without_running_it(file: Path) -> None:
    notebook = nbformat.read(file, as_version=4)
    pictures = [output for cell in code(notebook) for output in cell.outputs if "image/png" in output.get("data", {})]
    assert len(pictures) >= 2
    assert file.stat().st_size < 500_000, "plots are small"
    assert all(len(cell.source.splitlines()) <= 30 for cell in code(notebook)), "what is longer belongs into rag/evaluate"
    for before, cell in zip(notebook.cells, notebook.cells[1:], strict=False):
        if cell.cell_type == "code" and any("image/png" in output.get("data", {}) for output in cell.outputs):
            assert before.cell_type == "markdown", "a plot is announced in words"


@pytest.mark.parametrize("file", NOTEBOOKS, ids=lambda file: file.stem)
def test_a_notebook_holds_no_path_of_a_machine_and_no_error(file: Path) -> None:
    notebook = nbformat.read(file, as_version=4)
    printed = json.dumps([[cell.outputs for cell in code(notebook)], notebook.metadata], ensure_ascii=False)
    assert not re.search(r"/(home|root|tmp|work|usr|Users)/", printed)
    assert '"output_type": "error"' not in printed


@pytest.mark.parametrize("file", NOTEBOOKS, ids=lambda file: file.stem)
def test_a_notebook_holds_no_text_of_the_data_for_measuring(file: Path, shared: Path) -> None:
    texts = "".join(
        output.get("text", "") + output.get("data", {}).get("text/plain", "")
        for cell in code(nbformat.read(file, as_version=4))
        for output in cell.outputs
    )
    for name in ("queries.jsonl", "corpus.jsonl"):
        for line in (shared / "eval" / "retrieval" / "nta_qa_law_dev" / name).read_text(encoding="utf-8").splitlines():
            beginning = json.loads(line)["text"][:20]
            assert len(beginning) < 12 or beginning not in texts


def test_there_are_three() -> None:
    assert [file.stem[:2] for file in NOTEBOOKS] == ["01", "02", "03"]
    assert SHARED.name == "shared"


if __name__ == "__main__":
    for one in NOTEBOOKS:
        nbformat.write(execute(one), one)
