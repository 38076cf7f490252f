"""The desk's long work on the command line: what waits, runs and is done; doing it; reading a file again as a person corrected it."""

from __future__ import annotations

import os
import sys
from collections.abc import Sequence
from datetime import date
from typing import TYPE_CHECKING, Annotated

import typer

from rag.cli.desk import Document, Revision_, find
from rag.cli.terminal import err, hidden, library, out, shown
from rag.holder import person
from rag.records import HIGHEST_LEVEL
from rag.text import fold

if TYPE_CHECKING:
    from rag.library import Library
    from rag.read.options import HeadingAt
    from rag.registry import Revision
    from rag.registry.jobs import Job


def jobs(
    work: Annotated[bool, typer.Option("--work", help="Do what waits, in this process; the pages start this by themselves.")] = False,
    linger: Annotated[float, typer.Option(help="With --work: seconds to wait for more when nothing is left.")] = 0.0,
    cancel: Annotated[int | None, typer.Option(help="Number of a job that is to stop.")] = None,
) -> None:
    """List the desk's long work: files being read, publications. It goes on where it stopped, whatever is closed meanwhile."""
    with library() as opened:
        if cancel is not None:
            job = opened.registry.jobs.get(cancel)
            if job is None or job.clearance > opened.settings.clearance:
                raise typer.BadParameter(f"there is no job {cancel}. List them with: python -m rag jobs", param_hint="--cancel")
            if not job.open:
                raise typer.BadParameter(f"job {cancel} is {job.state} already", param_hint="--cancel")
            opened.registry.jobs.cancel(cancel)
        if work:
            from rag.desk.work import work as do

            if hasattr(os, "nice"):
                os.nice(5)  # whoever asks a question meanwhile comes first
            out.print(f"{do(opened, linger=linger)} done")
            return
        for job in opened.registry.jobs.all(clearance=opened.settings.clearance):
            far = f"{job.done}/{job.total}" if job.total else ""
            said = job.message or job.stage
            out.print(
                f"{job.number:>4}  {job.kind:<8} {job.state:<10} {far:>9}  {job.made:%Y-%m-%d %H:%M}  {shown(job.user)}  {shown(said)}"
            )


def fetch(
    law: Annotated[str, typer.Argument(help="Its number (昭和二十五年法律第百三十一号), its id (325AC0000000131) or its name (電波法).")],
    level: Annotated[int | None, typer.Option(min=1, max=HIGHEST_LEVEL, help="機密性.")] = None,
) -> None:
    """Fetch a law from e-Gov as a draft. Only where KONKYO_EGOV_URL names its address: otherwise nothing leaves this machine."""
    from rag.desk import jobs as desk
    from rag.desk.work import work as do

    with library() as opened:
        number = desk.fetch(opened, law, user=person(), clearance=opened.settings.clearance, level=level)
        do(opened)
        job = opened.registry.jobs.get(number)
    if job is None or job.open:
        out.print("Another process does the desk's work; it will fetch it. See: python -m rag jobs")
        return
    for entry in job.told:
        out.print(
            f"{entry['result']} as a draft: {shown(str(entry['name']))} ({shown(str(entry['document_id']))}) {shown(str(entry['reason']))}"
        )
    if job.message or any(entry["result"] == "failed" for entry in job.told):
        err.print(shown(job.message))
        raise typer.Exit(1)


def reread(
    document: Document,
    table: Annotated[
        list[int] | None, typer.Option(min=1, help="A page of a PDF or a picture whose lines are rows of a table; may be repeated.")
    ] = None,
    ocr: Annotated[
        list[int] | None, typer.Option(min=1, help="A page of a PDF that is read from its picture, although it has text; may be repeated.")
    ] = None,
    heading: Annotated[
        list[str] | None,
        typer.Option(help="LINE=DEPTH: 1 to 6 for a heading, the title being 1; 0 for a line that is none. May be repeated."),
    ] = None,
    forget: Annotated[bool, typer.Option("--forget", help="First forget what was corrected until now.")] = False,
    revision: Revision_ = "",
) -> None:
    """Correct how a file is read, and read it again as a draft. The corrections are kept, and hold beside those made until now."""
    from rag.desk import jobs as desk
    from rag.desk.work import work as do
    from rag.read.options import Options
    from rag.registry import CHECKED, DRAFT, PUBLISHED

    new = _headings(heading or ())
    with library() as opened:
        found = find(opened, document, PUBLISHED, DRAFT, CHECKED, sha256=revision)
        _has_pages(found, table or (), ("pdf", "picture"), "--table")
        _has_pages(found, ocr or (), ("pdf",), "--ocr")
        old = Options() if forget else desk.options_of(opened, found.document_id, found.sha256)
        others = [one for one in old.headings if _plain(one.text) not in {_plain(other.text) for other in new}]
        options = Options(tables=old.tables | set(table or ()), ocr=old.ocr | set(ocr or ()), headings=(*others, *new))
        clearance = opened.settings.clearance
        number = desk.read_again(opened, found.document_id, found.sha256, options, user=person(), clearance=clearance)
        do(opened)
        job = opened.registry.jobs.get(number)
        if job is not None and not job.open:
            job = _unlocked(opened, job)
    if job is None or job.open:
        out.print("Another process does the desk's work; it will read it. See: python -m rag jobs")
        return
    failed = [entry for entry in job.told if entry["result"] == "failed"]
    for entry in failed:
        err.print(f"not read again: {shown(str(entry['name']))}: {shown(str(entry['reason']))}")
    if job.message:
        err.print(shown(job.message))
    if failed or job.message:
        raise typer.Exit(1)
    out.print(f"read again as a draft: {shown(found.document_id)} {found.sha256[:12]}")


def _unlocked(opened: Library, job: Job) -> Job | None:
    """The job once its file was opened with a password, where somebody at a terminal gives one."""
    from rag.desk.work import locked, unlock

    again: Job | None = job
    while sys.stdin.isatty() and again is not None and (names := locked(opened, again)):
        err.print(f"{shown(names[0])} needs a password.")
        if not (password := hidden("Its password (Enter leaves it as it is)")):
            break
        unlock(opened, job.number, names[0], password, today=date.today())
        again = opened.registry.jobs.get(job.number)
    return again


def _headings(given: Sequence[str]) -> list[HeadingAt]:
    from rag.read.options import HeadingAt

    made = []
    for one in given:
        text, _, depth = one.rpartition("=")
        if not text.strip() or depth not in tuple("0123456"):
            raise typer.BadParameter(f"{one!r} must be the line, = and its depth from 0 to 6, as 目的=2", param_hint="--heading")
        made.append(HeadingAt(text=text.strip(), depth=int(depth)))
    return made


def _has_pages(found: Revision, pages: Sequence[int], formats: Sequence[str], option: str) -> None:
    if pages and found.format not in formats:
        raise typer.BadParameter(f"{found.document_id} is {found.format}; this is only for {' and '.join(formats)}", param_hint=option)
    if beyond := [page for page in pages if page > (found.pages or 1)]:
        raise typer.BadParameter(f"{found.document_id} has no page {beyond[0]}; it has {found.pages or 1}", param_hint=option)


def _plain(text: str) -> str:
    return "".join(fold(text).split())
