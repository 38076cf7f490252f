"""The Documents page by itself, without a browser: with several pages AppTest draws the first one only."""

from __future__ import annotations

from pathlib import Path

import pytest
from streamlit.testing.v1 import AppTest

from rag.ui import background, opening


def _app() -> None:
    from rag.settings import from_environment
    from rag.ui import documents, frame, opening

    settings = from_environment()
    who = frame.reader(settings.clearance)
    frame.remember(who, desk=True)
    documents.page(opening.library(settings), who)


def still(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The page is of the library in ``home``; it begins no work and no process of its own: a test does the work itself."""
    monkeypatch.setenv("KONKYO_HOME", str(home))
    monkeypatch.setenv("KONKYO_CLEARANCE", "3")
    monkeypatch.setattr(background, "see_to_it", lambda opened: None)
    monkeypatch.setattr(opening, "_warm", lambda opened: None)


def start(**query: str) -> AppTest:
    """The page at an address with these parameters."""
    app = AppTest.from_function(_app, default_timeout=120)
    for name, value in query.items():
        app.query_params[name] = value
    return app
