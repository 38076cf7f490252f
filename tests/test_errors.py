"""The error tree: what is drawn is what there is, and each unreadable file has a word of its own."""

from __future__ import annotations

import inspect
import re

import pytest

from rag import errors
from rag.errors import KonkyoError, ReadError

DEFINED = [kind for _, kind in inspect.getmembers(errors, inspect.isclass) if kind.__module__ == errors.__name__]
CLASSES = [kind for kind in DEFINED if issubclass(kind, KonkyoError)]
READ_ERRORS = [kind for kind in CLASSES if issubclass(kind, ReadError)]
DRAWN = re.compile(r"^((?:[│ ]   |[├└]── )*)([A-Z]\w+)(?:  +(\S.*))?$")


def drawn() -> dict[str, str | None]:
    """Name -> name of its parent, from the drawing at the top of the file."""
    above: list[str] = []
    tree: dict[str, str | None] = {}
    for line in (errors.__doc__ or "").splitlines():
        if match := DRAWN.match(line):
            depth = len(match[1]) // 4
            assert match[2] not in tree, f"{match[2]} is drawn twice"
            tree[match[2]] = above[depth - 1] if depth else None
            above[depth:] = [match[2]]
    return tree


def test_the_drawing_is_the_tree() -> None:
    def parent(kind: type[BaseException]) -> str | None:
        (base,) = kind.__bases__
        return None if base is Exception else base.__name__

    assert CLASSES == DEFINED, "every error has the one base"
    assert drawn() == {kind.__name__: parent(kind) for kind in CLASSES}
    assert drawn()["PasswordNeeded"] == "ReadError"


def test_every_error_of_ours_is_drawn_in_this_file() -> None:
    import rag.ask
    import rag.ingest
    import rag.read.sandbox  # noqa: F401

    def below(kind: type[KonkyoError]) -> set[type[KonkyoError]]:
        return {kind}.union(*(below(child) for child in kind.__subclasses__()))

    assert below(KonkyoError) == set(CLASSES)


@pytest.mark.parametrize("kind", CLASSES)
def test_every_error_says_when_it_comes(kind: type[KonkyoError]) -> None:
    assert kind.__doc__ and kind.__doc__.strip().splitlines()[0].endswith(".")


def test_every_read_error_has_its_own_code() -> None:
    codes = [kind.code for kind in READ_ERRORS]
    assert len(codes) == len(set(codes)) == 11
    assert all("code" in vars(kind) for kind in READ_ERRORS)
    assert all(re.fullmatch("[a-z]+(-[a-z]+)*", code) for code in codes)


@pytest.mark.parametrize("kind", READ_ERRORS)
def test_a_read_error_names_the_file_and_the_reason(kind: type[ReadError]) -> None:
    error = kind("旅費規程.pdf", "The file is torn. Copy it again.")
    assert str(error) == "旅費規程.pdf: The file is torn. Copy it again."
    assert (error.name, error.reason) == ("旅費規程.pdf", "The file is torn. Copy it again.")
