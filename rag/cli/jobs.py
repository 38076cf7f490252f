"""The desk's long work on the command line: what waits, runs and is done; and doing it."""

from __future__ import annotations

from typing import Annotated

import typer

from rag.cli.terminal import library, out, shown


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

            out.print(f"{do(opened, linger=linger)} done")
            return
        for job in opened.registry.jobs.all(clearance=opened.settings.clearance):
            far = f"{job.done}/{job.total}" if job.total else ""
            said = job.message or job.stage
            out.print(
                f"{job.number:>4}  {job.kind:<8} {job.state:<10} {far:>9}  {job.made:%Y-%m-%d %H:%M}  {shown(job.user)}  {shown(said)}"
            )
