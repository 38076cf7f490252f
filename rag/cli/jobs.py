"""The desk's long work on the command line: what waits, runs and is done; and doing it."""

from __future__ import annotations

import os
from typing import Annotated

import typer

from rag.cli.terminal import err, library, out, shown
from rag.holder import person
from rag.records import HIGHEST_LEVEL


def jobs(
    work: Annotated[bool, typer.Option("--work", help="Do what waits, in this process; the pages start this by themselves.")] = False,
    linger: Annotated[float, typer.Option(help="With --work: seconds to wait for more when nothing is left.")] = 0.0,
    cancel: Annotated[int | None, typer.Option(help="Number of a job that is to stop.")] = None,
) -> None:
    """List the desk's long work: files being read, publications. It goes on where it stopped, whatever is closed meanwhile."""
    with library() as opened:
        if cancel is not None:
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
