"""Starts the process that does the desk's long work, whenever something waits and nobody does it."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import streamlit as st

from rag.desk.work import is_worked_on
from rag.library import Library

LINGER = 60
"""Seconds that the process waits for more work: starting it anew takes some."""
_REPOSITORY = Path(__file__).resolve().parents[2]


@st.cache_resource(show_spinner=False)
def _started() -> dict[str, subprocess.Popen[bytes]]:
    return {}


def see_to_it(opened: Library) -> None:
    """Start a worker if there is work and none is at it. It lives on when this program ends, and goes on where another one died."""
    home = str(opened.home)
    before = _started().get(home)
    if (before is not None and before.poll() is None) or not opened.registry.jobs.waiting() or is_worked_on(opened):
        return
    command = [sys.executable, "-m", "rag", "jobs", "--work", "--linger", str(LINGER)]
    with open(opened.home / "worker.log", "ab") as log:
        _started()[home] = subprocess.Popen(
            command,
            cwd=_REPOSITORY,
            env={**os.environ, "KONKYO_HOME": home},
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=log,
            start_new_session=True,
        )
