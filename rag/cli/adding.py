"""Adding drafts on the command line: files, folders, and ZIPs, which are unpacked."""

from __future__ import annotations

import sys
from collections import Counter
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from rag import scratch
from rag.cli.desk import Reason, publish_drafts
from rag.cli.terminal import err, exists, hidden, library, out, progress, shown
from rag.errors import EmptyFile, FileUnreadable, ReadError
from rag.holder import person
from rag.records import HIGHEST_LEVEL
from rag.sources import Found, find
from rag.text import storable

if TYPE_CHECKING:
    from rag.ingest import Outcome
    from rag.library import Library


def add(
    paths: Annotated[
        list[Path], typer.Argument(help="Files, folders, and ZIPs, which are unpacked. A folder's own sources.toml describes its files.")
    ],
    level: Annotated[int | None, typer.Option(min=1, max=HIGHEST_LEVEL, help="機密性 of files that no sources.toml gives one.")] = None,
    publish_now: Annotated[bool, typer.Option("--publish/--draft", help="Publish at once, or wait to be checked (the default).")] = False,
    reason: Reason = "",
) -> None:
    """Add documents as drafts: nobody finds them until they are published. Ends with status 1 if a file was left out.

    The password of an encrypted PDF is asked for where somebody sits at a terminal. It is kept nowhere.
    """
    from rag.registry import CHECKED, DRAFT

    with library() as opened, scratch.folder(opened.home, "unpacked") as folder:
        adding = _Adding(opened, level, folder)
        adding.add(paths)
        if sys.stdin.isatty():
            adding.ask_passwords()
        else:
            adding.leave_locked()
        out.print(adding.said)
        if publish_now and adding.ids:
            drafts = [r for r in opened.registry.revisions(DRAFT, CHECKED) if r.document_id in adding.ids]
            publish_drafts(opened, drafts, reason)
    if adding.failed:
        raise typer.Exit(1)


class _Adding:
    """One call of the command: what it adds, and what became of each file.

    Args:
        folder: empty; ZIPs are unpacked into it.
    """

    def __init__(self, opened: Library, level: int | None, folder: Path) -> None:
        from rag.ingest import Result

        self._library, self._level, self._folder = opened, level, folder
        self._counts: Counter[Result] = Counter()
        self.ids: set[str] = set()
        """Documents that have a new draft."""
        self._begun: dict[tuple[str, str], Found] = {}
        """(document id, name): files that are being read."""
        self._locked: list[tuple[Found, Outcome]] = []
        """Files that need a password."""

    @property
    def said(self) -> str:
        """How many were added, revised and so on."""
        from rag.ingest import Result

        return ", ".join(f"{self._counts[result]} {result}" for result in Result if self._counts[result]) or "Nothing to add."

    @property
    def failed(self) -> bool:
        """True where a file was left out."""
        from rag.ingest import Result

        return self._counts[Result.FAILED] > 0

    def add(self, paths: Iterable[Path]) -> None:
        """Add what is there; files that need a password wait."""
        self._locked = self._add(self._found(paths))

    def ask_passwords(self) -> None:
        """Ask for the password of each file that waits until it opens, or until nobody gives one: then it is left out."""
        while self._locked:
            found, outcome = self._locked.pop(0)
            err.print(f"{shown(outcome.name)}: {shown(outcome.reason)}")
            if password := hidden("Its password (Enter leaves it out)"):
                self._locked[:0] = self._add([found], password)
            else:
                self._tell(outcome)

    def leave_locked(self) -> None:
        """There is nobody who could be asked."""
        for _, outcome in self._locked:
            self._tell(outcome)

    def _add(self, found: Iterable[Found], password: str = "") -> list[tuple[Found, Outcome]]:
        """Add these; returns those that need another password."""
        from rag.errors import PasswordNeeded
        from rag.ingest import Ingester

        locked = []
        with progress(quiet=False) as bar:
            task = bar.add_task("starting", total=None)
            with Ingester(
                self._library,
                clearance=self._library.settings.clearance,
                draft=True,
                user=person(),
                progress=lambda stage: bar.update(task, description=shown(stage[:60])),
            ) as ingester:
                for outcome in ingester.add_files(self._noted(found), password=password):
                    bar.advance(task)
                    if outcome.code == PasswordNeeded.code:
                        locked.append((self._begun[outcome.document_id, outcome.name], outcome))
                    else:
                        self._tell(outcome)
        return locked

    def _noted(self, found: Iterable[Found]) -> Iterator[Found]:
        for item in found:
            self._begun[item.document_id, item.source.uri] = item
            yield item

    def _found(self, paths: Iterable[Path]) -> Iterator[Found]:
        from rag.ingest import Outcome, Result

        for number, path in enumerate(paths):
            name, empty = storable(path.name), True
            if not exists(path):
                missing = "there is no such file or folder. Check the name."
                self._tell(Outcome(name=storable(str(path)), result=Result.FAILED, reason=missing, code=FileUnreadable.code))
                continue
            try:
                for found in self._in(path, self._folder / f"{number:05d}", name):
                    empty = False
                    yield found
            except ReadError as error:
                self._tell(Outcome(name=name, result=Result.FAILED, reason=error.reason, code=error.code))
                continue
            if empty:
                nothing = "holds no file to add; hidden files are left alone."
                self._tell(Outcome(name=storable(str(path)), result=Result.FAILED, reason=nothing, code=EmptyFile.code))

    def _in(self, path: Path, folder: Path, name: str) -> Iterator[Found]:
        from rag.desk.unpack import files_in

        if path.suffix.lower() != ".zip" or path.is_dir():
            return find([path], self._level)
        return files_in(path, folder, megabytes=self._library.settings.archive_megabytes, name=name, level=self._level)

    def _tell(self, outcome: Outcome) -> None:
        from rag.ingest import Result

        self._counts[outcome.result] += 1
        if outcome.reason:
            err.print(f"left out: {shown(outcome.name)}: {shown(outcome.reason)}")
        elif outcome.result is not Result.UNCHANGED:
            self.ids.add(outcome.document_id)
            err.print(f"{outcome.result} as a draft: {shown(outcome.name)} ({shown(outcome.document_id)})")
