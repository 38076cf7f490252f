"""A whole library as one file, and back, on the command line."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from rag.cli.terminal import library, out, progress, shown
from rag.settings import from_environment


def register(app: typer.Typer) -> None:
    """Add these commands to the program's."""
    app.command("export")(export)
    app.command("import")(bring_in)


def export(file: Annotated[Path, typer.Argument(help="The archive to write, as library.zip.")]) -> None:
    """Write the whole library to one file: registry, originals and own words, with a manifest of sizes and sha256s."""
    from rag.desk import archive

    with library() as opened, progress(quiet=False) as bar:
        task = bar.add_task("packing", total=None)
        made = archive.export(opened, file, progress=lambda done, total: bar.update(task, completed=done, total=total))
    out.print(f"exported {made.revisions} revisions, {made.files} files, {made.bytes:,} bytes to {shown(str(file))}")
    out.print(f"manifest sha256: {made.sha256}")


def bring_in(file: Annotated[Path, typer.Argument(help="An archive that export wrote.")]) -> None:
    """Make the library of an archive in KONKYO_HOME, where none may be yet. All of it is checked first."""
    from rag.desk import archive
    from rag.ingest import rebuild
    from rag.library import Library

    settings = from_environment()
    with progress(quiet=False) as bar:
        task = bar.add_task("checking", total=None)
        made = archive.bring_in(file, settings.home, progress=lambda done, total: bar.update(task, completed=done, total=total))
        bar.update(task, description="making the indexes")
        opened = Library(settings)
        try:
            passages = rebuild(opened, lambda done, total: bar.update(task, completed=done, total=total))
        finally:
            opened.close()
    out.print(f"imported {made.revisions} revisions, {made.files} files, {passages} passages")
    out.print(f"manifest sha256: {made.sha256}")
