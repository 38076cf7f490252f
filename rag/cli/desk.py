"""The desk on the command line: list, show, check, publish, retire, correct, log."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import asdict
from datetime import date
from typing import TYPE_CHECKING, Annotated

import typer
from rich.console import Console
from rich.table import Table

from rag.cli import proof
from rag.cli.terminal import counted, err, library, out, progress, shown
from rag.errors import GateClosed, GoldenRegressed, UnknownDocument
from rag.holder import person
from rag.records import HIGHEST_LEVEL

if TYPE_CHECKING:
    from rag.desk.gate import Finding
    from rag.desk.impact import Before
    from rag.desk.overview import Row
    from rag.library import Library
    from rag.records import Event
    from rag.registry import Revision

Document = Annotated[str, typer.Argument(help="Id of the document, as `list` shows it.")]
Documents = Annotated[list[str], typer.Argument(help="Ids of documents, as `list` shows them.")]
Reason = Annotated[str, typer.Option(help="Why, where something speaks against it. Kept in the log.")]
Revision_ = Annotated[str, typer.Option("--revision", help="First characters of the revision's sha256.")]
Accept = Annotated[str, typer.Option(help="Why a golden question may be lost by it. Kept in the history.")]
AsJson = Annotated[bool, typer.Option("--json", help="Print it as JSON.")]


def register(app: typer.Typer) -> None:
    """Add the desk's commands to the program's."""
    for name, command in (
        ("list", list_documents),
        ("show", show),
        ("check", check),
        ("publish", publish),
        ("retire", retire),
        ("correct", correct),
        ("log", log),
    ):
        app.command(name)(command)


def list_documents(
    everything: Annotated[bool, typer.Option("--all", help="Also revisions that were superseded or retired.")] = False,
    state: Annotated[list[str] | None, typer.Option(help="Only these states; may be repeated.")] = None,
    search: Annotated[str, typer.Option(help="Only where each of these words stands in title, issuer, number, file or id.")] = "",
    as_json: AsJson = False,
) -> None:
    """List the documents: what is known of them, what the gate found, how many golden questions expect and how many answers cite them."""
    from rag.desk.overview import rows
    from rag.registry import CHECKED, DRAFT, PUBLISHED, RETIRED, SUPERSEDED

    states = (DRAFT, CHECKED, PUBLISHED, SUPERSEDED, RETIRED)
    if odd := next((one for one in state or () if one not in states), None):
        raise typer.BadParameter(f"{odd!r} is no state; the states are {', '.join(states)}", param_hint="--state")
    with library() as opened:
        every = rows(opened, clearance=opened.settings.clearance, today=date.today())
    found = [row for row in reversed(every) if row.holds(search)]
    if state or not everything:
        found = [row for row in found if row.revision.state in (state or (DRAFT, CHECKED, PUBLISHED))]
    if as_json:
        told = [{**asdict(row.revision), "golden": row.golden, "cited": row.cited} for row in found]
        typer.echo(json.dumps(told, ensure_ascii=False, indent=2, default=str))
        return
    table = Table(*_COLUMNS, box=None, pad_edge=False)
    for row in found:
        table.add_row(*_cells(row))
    (out if out.is_terminal else Console(width=300, soft_wrap=False, highlight=False)).print(table)
    out.print(counted(len(found), "revision"))


_COLUMNS = ("document", "revision", "state", "issued", "in force", "level", "pages", "gate", "golden", "cited", "number", "issuer", "title")


def _cells(row: Row) -> list[str]:
    r, about = row.revision, row.revision.source
    stops = f", of which {row.stops} {'stops' if row.stops == 1 else 'stop'} it" if row.stops else ""
    gate = f"{counted(len(row.findings), 'finding')}{stops}" if row.findings else "green" if row.checked else "not checked"
    gate = f"review due, {gate}" if row.review_due else gate
    return [
        shown(r.document_id),
        r.sha256[:12],
        r.state,
        str(about.issued or ""),
        f"{about.effective_from or ''}–{about.effective_to or ''}",
        str(about.level or f"{HIGHEST_LEVEL} (not set)"),
        str(r.pages or ""),
        gate,
        str(row.golden or ""),
        str(row.cited or ""),
        shown(about.number),
        shown(about.issuer),
        shown(about.title),
    ]


def show(document: Document, revision: Revision_ = "", page: Annotated[int | None, typer.Option(help="Only this page.")] = None) -> None:
    """Show what is known of a document, what the gate found in it, and what was read from its file."""
    from rag.desk.overview import rows
    from rag.registry import CHECKED, DRAFT, PUBLISHED, RETIRED, SUPERSEDED

    with library() as opened:
        found = find(opened, document, PUBLISHED, SUPERSEDED, RETIRED, DRAFT, CHECKED, sha256=revision)
        text = opened.registry.documents([found.number])[found.number]
        every = rows(opened, clearance=opened.settings.clearance, today=date.today())
        for name, value in asdict(found.source).items():
            if value not in ("", None):
                out.print(f"{name:<15} {shown(str(value))}")
        out.print(f"{'state':<15} {found.state}")
        out.print(f"{'revision':<15} {found.sha256}")
        out.print(f"{'read':<15} {found.format}, {found.pages} pages, {found.characters:,} characters, {found.articles} articles")
        for warning in found.warnings:
            out.print(f"{'note':<15} {shown(warning)}")
        for finding in next(row.findings for row in every if row.revision.number == found.number):
            out.print(f"{'stops' if finding.stops else 'gate':<15} {shown(finding.sentence)}")
        for block in text.blocks:
            if page is None or block.page == page:
                out.print(f"{block.page or '':>4} {block.kind:<10} {shown(block.span.cut(text.text))}")


def check(
    documents: Annotated[list[str] | None, typer.Argument(help="Ids of drafts; all of them, if none is named.")] = None, reason: Reason = ""
) -> None:
    """Let the gate look at drafts. Those that it lets through, or for which a reason is given, are marked as checked.

    Ends with status 1 if it stops one, or if the library is not what its log says.
    """
    from rag.desk.publish import check as look

    with library() as opened:
        drafts = _drafts(opened, documents)
        numbers, clearance = [r.number for r in drafts], opened.settings.clearance
        found = look(opened, numbers, user=person(), clearance=clearance, today=date.today(), reason=reason)
        for r in drafts:
            _print_findings(r, found[r.number])
        odd = proof.faults(opened)
    if odd or not reason and any(finding.stops for findings in found.values() for finding in findings):
        raise typer.Exit(1)


def publish(
    documents: Annotated[list[str] | None, typer.Argument(help="Ids of drafts; all of them, if none is named.")] = None,
    reason: Reason = "",
    accept: Accept = "",
) -> None:
    """Publish drafts, all at once or none. Where the gate is not green, a reason must be given; it is kept.

    The golden questions are put to the library as it would be, before anybody sees the change: a loss stops it.
    """
    with library() as opened:
        publish_drafts(opened, _drafts(opened, documents, retired=True), reason, accept)


def publish_drafts(opened: Library, drafts: Sequence[Revision], reason: str, accept: str = "") -> None:
    """Publish these, and print what became of it."""
    from rag.desk.golden import guard
    from rag.desk.impact import cited
    from rag.desk.publish import publish as put_out

    if not drafts:
        out.print("Nothing to publish.")
        return
    clearance, today = opened.settings.clearance, date.today()
    with progress(quiet=False) as bar:
        task = bar.add_task("publishing", total=None)
        standing = cited(opened, drafts, clearance=clearance, today=today)
        try:
            done = put_out(
                opened,
                [r.number for r in drafts],
                user=person(),
                clearance=clearance,
                today=today,
                reason=reason,
                before=guard(opened, user=person(), clearance=clearance, today=today, accept=accept),
                progress=lambda stage: bar.update(task, description=shown(stage[:60])),
            )
        except (GateClosed, GoldenRegressed) as error:
            err.print(shown(str(error)))
            raise typer.Exit(1) from error
    for revision in done.revisions:
        out.print(f"published: {shown(revision.document_id)} {revision.sha256[:12]}")
    _print_changed(opened, standing, done.revisions)


def _print_changed(opened: Library, standing: Before, touched: Sequence[Revision]) -> None:
    """Which questions are answered otherwise now that these revisions came or went."""
    from rag.desk.impact import affected

    for one in affected(opened, standing, touched, clearance=opened.settings.clearance, today=date.today()):
        out.print(f"answered otherwise now: {shown(one.question)}")
        for name, said in (("cited before", one.old), ("answered now", one.new or ("refused",))):
            out.print(f"  {name}: {shown(' '.join(' '.join(said).split()))}")
    if standing.more:
        more = counted(standing.more, "more question cites", "more questions cite")
        out.print(f"{more} these documents and {'was' if standing.more == 1 else 'were'} not asked again")


def retire(
    document: Document,
    reason: Annotated[str, typer.Option(help="Why; must be given. Kept in the log.")] = "",
    revision: Revision_ = "",
    accept: Accept = "",
) -> None:
    """Take a document back: from now on nobody finds it, and adding its file again does not bring it in.

    The golden questions are put to the library as it would be without it: a loss stops it.
    """
    from rag.desk.golden import guard
    from rag.desk.impact import cited
    from rag.desk.publish import retire as take_back
    from rag.registry import PUBLISHED

    if not reason.strip():
        raise typer.BadParameter(
            "say why: whoever misses the document finds the reason in the log, and nothing else tells it", param_hint="--reason"
        )
    with library() as opened:
        find(opened, document, PUBLISHED, sha256=revision)
        clearance, today = opened.settings.clearance, date.today()
        going = [r for r in opened.registry.revisions(PUBLISHED) if r.document_id == document and r.sha256.startswith(revision)]
        for one in going:
            must_see(opened, one)
        standing = cited(opened, going, clearance=clearance, today=today)
        before = guard(opened, user=person(), clearance=clearance, today=today, accept=accept, retiring=True)
        try:
            gone = take_back(opened, document, user=person(), clearance=clearance, reason=reason, sha256=revision, before=before)
        except GoldenRegressed as error:
            err.print(shown(str(error)))
            raise typer.Exit(1) from error
        for one in gone:
            out.print(f"retired: {shown(one.document_id)} {one.sha256[:12]}")
        _print_changed(opened, standing, gone)


def correct(
    document: Document,
    values: Annotated[list[str], typer.Argument(help="field=value, for instance title=旅費規程 level=2 effective_from=2026-04-01")],
    revision: Revision_ = "",
) -> None:
    """Correct what is known of a document. The corrections hold also when its file is read again.

    Where a published document would lose a golden question by it, the correction waits as a draft; but a raised level holds at once,
    for all its revisions.
    """
    from rag.desk.correct import correct as set_right
    from rag.desk.correct import look_again
    from rag.desk.golden import guard
    from rag.registry import CHECKED, DRAFT, PUBLISHED

    if odd := next((pair for pair in values if "=" not in pair), None):
        raise typer.BadParameter(f"{odd!r} gives no value; write field=value, and field= where there is none")
    given = {name: value for name, _, value in (pair.partition("=") for pair in values)}
    with library() as opened:
        find(opened, document, DRAFT, CHECKED, PUBLISHED, sha256=revision)
        try:
            clearance = opened.settings.clearance
            before = guard(opened, user=person(), clearance=clearance, today=date.today())
            changed = set_right(opened, document, given, user=person(), clearance=clearance, sha256=revision, before=before)
        except GoldenRegressed as error:
            err.print(shown(f"{error} The correction waits as a draft: python -m rag publish {document} --accept REASON"))
            raise typer.Exit(1) from error
        except ValueError as error:
            raise typer.BadParameter(f"{error}.") from error
        found = look_again(opened, changed, user=person(), clearance=clearance, today=date.today())
    out.print(f"corrected: {shown(changed.document_id)} {', '.join(sorted(given))} ({changed.state})")
    _print_findings(changed, found[changed.number])


def log(
    document: Annotated[str, typer.Argument(help="Only this document.")] = "",
    verify: Annotated[bool, typer.Option("--verify", help="Check the chain of digests, and the library against it.")] = False,
    anchor: Annotated[str, typer.Option(help="An anchor that was printed earlier: was the end of the log cut off since?")] = "",
    as_json: AsJson = False,
) -> None:
    """Print who did what to which document. Ends with status 1 if the log was touched, or the library is not what it says."""
    from rag import audit
    from rag.desk.golden import readable

    with library() as opened:
        events = opened.registry.events.all()
        every = opened.registry.revisions()
        unseen = {r.document_id for r in every} - {r.document_id for r in every if _may_see(opened, r)}
        mine = {kept.number for kept in readable(opened, clearance=opened.settings.clearance)}
        unseen |= {f"golden {kept.number}" for kept in opened.registry.golden.all() if kept.number not in mine}
        odd = proof.faults(opened, deep=True) if verify else []
    if verify or anchor:
        try:
            wrong = audit.verify(events, audit.Anchor.read(anchor) if anchor else None)
        except ValueError:
            raise typer.BadParameter("an anchor looks like 12:4fe1…", param_hint="--anchor") from None
        for sentence in (one for one in wrong if one not in odd):
            err.print(shown(sentence))
        out.print(f"{counted(len(events), 'entry', 'entries')}, {'sound' if not wrong else 'touched'}. Anchor: {audit.anchor(events)}")
        if wrong or odd:
            raise typer.Exit(1)
        return
    chosen = [event for event in events if event.subject not in unseen and (not document or event.subject == document)]
    if document and not chosen:
        raise UnknownDocument(f"The log has nothing on {document}. The names of documents are listed by: python -m rag list --all")
    if as_json:
        typer.echo(json.dumps([asdict(event) for event in chosen], ensure_ascii=False, indent=2))
        return
    for event in chosen:
        out.print(f"{event.at}  {shown(event.user)}  {event.action}  {shown(event.subject)}  {shown(_detail(event))}")


def _detail(event: Event) -> str:
    """Without the digests, which are long and told by --json."""
    try:
        detail = json.loads(event.detail)
    except ValueError:
        return event.detail
    return json.dumps({name: value for name, value in detail.items() if name != "proof"}, ensure_ascii=False)


def _drafts(opened: Library, ids: Sequence[str] | None, *, retired: bool = False) -> list[Revision]:
    from rag.registry import CHECKED, DRAFT, RETIRED

    if not ids:
        return [r for r in opened.registry.revisions(DRAFT, CHECKED) if _may_see(opened, r)]
    waiting = {r.document_id for r in opened.registry.revisions(DRAFT, CHECKED)}
    return [find(opened, id, DRAFT, CHECKED, *((RETIRED,) if retired and id not in waiting else ())) for id in ids]


def find(opened: Library, document_id: str, *states: str, sha256: str = "") -> Revision:
    """The newest revision of a document in one of these states, or the one whose sha256 begins so, as the person at this machine sees it.

    Raises:
        UnknownDocument: there is no such document, or no such revision of it, or it is in another state: the message says which.
    """
    from rag.desk.publish import find as find_in
    from rag.registry import CHECKED, DRAFT, PUBLISHED, RETIRED, SUPERSEDED

    every = opened.registry.revisions(DRAFT, CHECKED, PUBLISHED, SUPERSEDED, RETIRED)
    mine = [r for r in every if r.document_id == document_id and _may_see(opened, r)]
    fitting = [r for r in mine if r.sha256.startswith(sha256)]
    if not mine:
        raise _none(document_id)
    if not fitting:
        raise UnknownDocument(f"{document_id} has no revision {sha256}. List them with: python -m rag list --all --search {document_id}")
    if not any(r.state in states for r in fitting):
        are = dict.fromkeys(r.state for r in reversed(fitting))
        wanted = " or ".join(filter(None, (", ".join(states[:-1]), states[-1])))
        raise UnknownDocument(f"{document_id} is {' and '.join(are)}; this is only for what is {wanted}.")
    found = find_in(opened, document_id, *states, sha256=sha256)
    must_see(opened, found)
    return found


def _print_findings(revision: Revision, findings: Sequence[Finding]) -> None:
    state = "stopped" if any(finding.stops for finding in findings) else "green"
    out.print(f"{state}: {shown(revision.document_id)} {revision.sha256[:12]}")
    for finding in findings:
        out.print(f"  {'stops' if finding.stops else 'note '}: {shown(finding.sentence)}")


def _may_see(opened: Library, revision: Revision) -> bool:
    return (revision.source.level or HIGHEST_LEVEL) <= opened.settings.clearance


def must_see(opened: Library, revision: Revision) -> None:
    """Raise where the person at this machine may not see it, in the same words as for what is not there."""
    if not _may_see(opened, revision):
        raise _none(revision.document_id)


def _none(document_id: str) -> UnknownDocument:
    return UnknownDocument(f"There is no document {document_id}. List them with: python -m rag list --all")
