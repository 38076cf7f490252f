"""What the tests share: a home of its own for each test, a small library, the sample ministry's library made once."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date
from pathlib import Path

import pytest

from rag.ingest import Outcome, ingest
from rag.library import Library
from rag.read import ocr
from rag.settings import Settings

from .rig import Rig

REPOSITORY = Path(__file__).resolve().parent.parent
CORPUS = REPOSITORY / "corpus"
SHARED = REPOSITORY.parent / "shared"
TODAY = date(2026, 11, 23)


@pytest.fixture
def shared() -> Path:
    """The folder of data for measuring, which not everybody has."""
    if not (SHARED / "eval").is_dir():
        pytest.skip(f"{SHARED} is not here: the data for measuring is not part of the repository")
    return SHARED


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    """Settings with a home of the test's own."""
    return Settings(home=tmp_path / "home")


@pytest.fixture
def library(settings: Settings) -> Iterator[Library]:
    """An empty library."""
    opened = Library(settings)
    yield opened
    opened.close()


@pytest.fixture(scope="session")
def sample_home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A home with the sample ministry's documents. Do not write to it."""
    home = tmp_path_factory.mktemp("sample") / "home"
    made = Library(Settings(home=home))
    outcomes = list(ingest(made, [CORPUS]))
    made.close()
    # The scan is read where Tesseract is; elsewhere it is left out and named.
    failed = [outcome.reason for outcome in outcomes if outcome.result == "failed"]
    assert len(failed) == (1 if ocr.missing() else 0), failed
    return home


@pytest.fixture(scope="session")
def rig(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Rig]:
    """The command line in forks of one prepared process. Its tests belong to xdist_group("rig")."""
    with Rig(tmp_path_factory.mktemp("rig")) as made:
        yield made


@pytest.fixture(scope="module")
def sample(sample_home: Path) -> Iterator[Library]:
    """The sample ministry's library, opened once for each module: loading the model takes longer than a question. Do not write to it,
    and give settings back that you change."""
    opened = Library(Settings(home=sample_home))
    yield opened
    opened.close()


def add(library: Library, folder: Path, level: int | None = 1) -> dict[str, Outcome]:
    """Ingest a folder; outcomes by file name."""
    return {outcome.name: outcome for outcome in ingest(library, [folder], level=level)}


def pytest_make_parametrize_id(val: object, argname: str) -> str | None:
    """Bytes are named after their parameter: those of a file made here hold the time, and every worker must know the same tests."""
    return argname if isinstance(val, bytes) else None
