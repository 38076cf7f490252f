"""Evidence packs on the command line: writing one, and checking one against the library or the original files."""

from __future__ import annotations

import json
from dataclasses import asdict
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from rag.cli.terminal import library, out, shown
from rag.errors import KonkyoError
from rag.records import HIGHEST_LEVEL, Answer, Filters
from rag.settings import from_environment

if TYPE_CHECKING:
    from rag.export.check import Result
    from rag.library import Library


def write(file: Path, opened: Library, answer: Answer, *, clearance: int, filters: Filters, seconds: float) -> None:
    """Write the evidence pack of an answer to ``file``.

    Raises:
        KonkyoError: the file cannot be written.
    """
    from rag.export.pack import circumstances, dumps, pack

    about = circumstances(opened, made=datetime.now().astimezone(), clearance=clearance, filters=filters, seconds=seconds)
    made = pack(answer, lambda id_, revision: opened.document(id_, revision, clearance=clearance), about)
    try:
        file.write_text(dumps(made), encoding="utf-8")
    except OSError as error:
        raise KonkyoError(f"{file} cannot be written ({error.strerror}). Name another file.") from error


def verify(
    pack: Annotated[Path, typer.Argument(help="An evidence pack, as downloaded.")],
    files: Annotated[
        Path | None, typer.Option("--files", help="A folder with the original files: they are read anew, the library is left alone.")
    ] = None,
    clearance: Annotated[int | None, typer.Option(min=1, max=HIGHEST_LEVEL, help="Check as a reader of this level.")] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print what was found as JSON.")] = False,
) -> None:
    """Check an evidence pack: is every quote still what its document says? Ends with status 1 if anything differs."""
    from rag.export.check import InFiles, InLibrary, check, load
    from rag.read.sandbox import Sandbox

    settings = from_environment()
    read = load(pack)
    if files is not None:
        with Sandbox(seconds=settings.read_seconds, megabytes=settings.read_megabytes, file_megabytes=settings.file_megabytes) as sandbox:
            result = check(read, InFiles(files, sandbox))
    else:
        with library() as opened:
            result = check(read, InLibrary(opened, clearance=min(clearance or settings.clearance, settings.clearance)))
    if as_json:
        typer.echo(json.dumps(asdict(result), ensure_ascii=False, indent=2))
    else:
        _print(result)
    if result.differences:
        raise typer.Exit(1)


def _print(result: Result) -> None:
    for difference in result.differences:
        out.print(shown(f"{difference.what}: {difference.where}: {difference.detail}"))
    for note in result.notes:
        out.print(shown(f"note: {note}"))
    count = f"{result.quotes} quotes from {result.revisions} revisions"
    out.print(f"{count}: {len(result.differences)} differences" if result.differences else f"{count}: all as the pack says")
