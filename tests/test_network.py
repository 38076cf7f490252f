"""Nothing leaves the machine: no connection is tried, and without any network everything works."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from .conftest import REPOSITORY

GUARD = """
import socket, sys

def refuse(address):
    host = address[0] if isinstance(address, tuple) else None
    if host not in ("127.0.0.1", "::1", "localhost"):
        sys.stderr.write(f"TRIED TO REACH {address!r}\\n")
        sys.stderr.flush()
        raise OSError(f"the test allows no connection to {address!r}")

def guard(event, arguments):
    # Audit events come from the interpreter itself, whoever calls it: nothing in Python can go around them.
    if event in ("socket.connect", "socket.sendto", "socket.sendmsg", "socket.bind"):
        if arguments[0].family in (socket.AF_INET, socket.AF_INET6):
            refuse(arguments[1])
    elif event in ("socket.getaddrinfo", "socket.gethostbyname", "socket.gethostbyaddr"):
        refuse((arguments[0],))

sys.addaudithook(guard)
"""

WORK = """
import sys
from datetime import date
from pathlib import Path
from rag.ask import ask
from rag.ingest import ingest, rebuild
from rag.library import Library
from rag.settings import from_environment

library = Library(from_environment())
outcomes = list(ingest(library, [Path(sys.argv[1])], level=1))
assert [o.result for o in outcomes] == ["added"] * 3, outcomes
for question in ("Who books travel?", "旅費はいつまでに請求しますか。"):
    answer = ask(library, question, clearance=3, as_of=date(2026, 11, 23))
    assert answer.statements, question
hits = ask(library, "Who books travel?", clearance=3, as_of=date(2026, 11, 23)).hits
assert {name for hit in hits for name in hit.found_by} == {"keyword", "vector"}
rebuild(library)
assert library.troubles() == []
print("done")
"""


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    folder = tmp_path / "folder"
    folder.mkdir()
    (folder / "travel.md").write_text("# Travel\n\nTravel is booked by the office.\n")
    (folder / "旅費.md").write_text("# 旅費規程\n\n旅費は、出張が終わった日から十日以内に請求しなければならない。\n")
    picture = '<img src="http://192.0.2.1/pixel.png"><link rel="stylesheet" href="http://192.0.2.1/a.css">'
    page = f"<html><head>{picture}</head><body><h1>Parking</h1><p>Parking is free. {picture}</p></body></html>"
    (folder / "parking.html").write_text(page)
    return folder


def environment(home: Path) -> dict[str, str]:
    """As a fresh machine has it: no setting of ours, and none that keeps the libraries from calling home."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith(("KONKYO", "HF_", "TRANSFORMERS", "ANONYMIZED"))}
    return {**kept, "KONKYO_HOME": str(home), "PYTHONPATH": str(REPOSITORY)}


def work(tmp_path: Path, folder: Path, code: str, *before: str) -> subprocess.CompletedProcess[str]:
    command = [*before, sys.executable, "-c", code, str(folder)]
    return subprocess.run(
        command, cwd=REPOSITORY, env=environment(tmp_path / "home"), capture_output=True, text=True, timeout=180, check=False
    )


@pytest.mark.slow
def test_nothing_tries_to_connect(tmp_path: Path, folder: Path) -> None:
    ended = work(tmp_path, folder, GUARD + WORK)
    assert "TRIED TO REACH" not in ended.stderr, ended.stderr
    assert (ended.returncode, ended.stdout) == (0, "done\n"), ended.stderr


@pytest.mark.parametrize(
    "attempt",
    [
        "socket.create_connection(('192.0.2.1', 80), 1)",
        "socket.getaddrinfo('example.org', 443)",
        "socket.socket(socket.AF_INET, socket.SOCK_DGRAM).sendto(b'x', ('192.0.2.1', 53))",
        "__import__('urllib.request').request.urlopen('http://192.0.2.1/', timeout=1)",
    ],
)
def test_the_guard_sees_an_attempt(tmp_path: Path, attempt: str) -> None:
    ended = work(tmp_path, tmp_path, f"{GUARD}\nimport socket\n{attempt}")
    assert "TRIED TO REACH" in ended.stderr
    assert ended.returncode == 1


def namespaces() -> str:
    """Why a process without any network cannot be made here; empty if it can."""
    try:
        ended = subprocess.run(["unshare", "-rn", "true"], capture_output=True, text=True, timeout=20, check=False)
    except OSError as error:
        return str(error)
    return ended.stderr.strip() if ended.returncode else ""


@pytest.mark.slow
def test_everything_works_without_a_network(tmp_path: Path, folder: Path) -> None:
    # Also what is not Python — Chroma, Tantivy, the tokenizers — finds no network here, not even the machine's own.
    if reason := namespaces():
        pytest.skip(f"a process without a network cannot be made here: {reason}")
    assert work(tmp_path, folder, "import socket; print(socket.if_nameindex())", "unshare", "-rn").stdout == "[(1, 'lo')]\n"
    ended = work(tmp_path, folder, WORK, "unshare", "-rn")
    assert (ended.returncode, ended.stdout) == (0, "done\n"), ended.stderr
    # The command line as staff type it.
    home = environment(tmp_path / "home")
    asked = subprocess.run(
        ["unshare", "-rn", sys.executable, "-m", "rag", "ask", "Who books travel?", "--json"],
        cwd=REPOSITORY,
        env=home,
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    assert asked.returncode == 0, asked.stderr
    assert json.loads(asked.stdout)["statements"][0]["citations"][0]["quote"] == "Travel is booked by the office."


def test_a_model_from_the_hub_is_not_fetched_unless_a_setting_says_so(tmp_path: Path) -> None:
    code = """
from rag.embed import Embedder
from rag.errors import ModelError
try:
    Embedder("someone/some-model").model
except ModelError as error:
    print(error)
"""
    ended = work(tmp_path, tmp_path, GUARD + code)
    assert "TRIED TO REACH" not in ended.stderr
    assert ended.stdout.startswith("The embedding model 'someone/some-model' cannot be loaded"), ended.stderr
