"""What the commands print with: two consoles, a line of progress, and text from elsewhere made harmless."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

import typer
from rich.console import Console, RenderableType
from rich.markup import escape
from rich.progress import BarColumn, MofNCompleteColumn, Progress, SpinnerColumn, TextColumn, TimeElapsedColumn, TimeRemainingColumn

from rag.settings import from_environment
from rag.text import storable

if TYPE_CHECKING:
    from rag.library import Library

out = Console(soft_wrap=True, highlight=False)
err = Console(stderr=True, soft_wrap=True, highlight=False)
_CONTROL = re.compile(r"[\x00-\x1f\x7f-\x9f\u200e\u200f\u202a-\u202e\u2066-\u2069]")


def shown(text: str, keep: str = "") -> str:
    """Text from a file or its name, as text and nothing else: no markup, no line of its own, no command to the terminal."""
    return escape(_CONTROL.sub(lambda found: found[0] if found[0] in keep else "\ufffd", storable(text)))


@contextmanager
def library() -> Iterator[Library]:
    """The library that the environment names."""
    from rag.library import Library

    opened = Library(from_environment())
    try:
        yield opened
    finally:
        opened.close()


def counted(number: int, one: str, several: str = "") -> str:
    """1 revision, 2 revisions."""
    return f"{number:,} {one if number == 1 else several or f'{one}s'}"


def exists(path: Path) -> bool:
    """True where something is there; a name that is too long and a folder that may not be entered count as nothing."""
    try:
        return path.exists()
    except OSError:
        return False


def hidden(wanted: str) -> str:
    """What somebody types without its being shown; empty where they only press Enter.

    Raises:
        KeyboardInterrupt: they want to stop.
    """
    try:
        return str(typer.prompt(wanted, default="", show_default=False, hide_input=True, err=True))
    except typer.Abort:  # what typer makes of Ctrl-C here
        raise KeyboardInterrupt from None


@contextmanager
def progress(quiet: bool) -> Iterator[Progress]:
    """A line that tells what is done, at which rate, and the time left; on a terminal only."""
    columns = (
        SpinnerColumn(),
        TextColumn("{task.description}"),
        BarColumn(),
        MofNCompleteColumn(),
        TextColumn("{task.fields[rate]}"),
        TimeElapsedColumn(),
        TextColumn("left"),
        TimeRemainingColumn(),
    )
    with _Rated(*columns, console=err, disable=quiet or not err.is_terminal) as bar:
        yield bar


class _Rated(Progress):
    """Shows how many a second."""

    def get_renderables(self) -> Iterable[RenderableType]:
        for task in self.tasks:
            task.fields["rate"] = f"{task.speed:.1f}/s" if task.speed else ""
        yield from super().get_renderables()
