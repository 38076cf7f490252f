"""What changed, what must be answered, what was asked in vain, what words mean: diff, golden, gaps, usage, thesaurus."""

from __future__ import annotations

import json
from dataclasses import asdict
from datetime import date
from typing import Annotated

import typer

from rag.cli.desk import find
from rag.cli.terminal import counted, library, out, shown
from rag.holder import person
from rag.records import HIGHEST_LEVEL

golden_app = typer.Typer(help="Questions with the provisions that must answer them.", no_args_is_help=True, rich_markup_mode=None)
thesaurus_app = typer.Typer(help="What people say, and what regulations write.", no_args_is_help=True, rich_markup_mode=None)

AsJson = Annotated[bool, typer.Option("--json", help="Print it as JSON.")]


def register(app: typer.Typer) -> None:
    """Add these commands to the program's."""
    app.command("diff")(diff)
    app.add_typer(golden_app, name="golden")
    app.command("gaps")(gaps)
    app.command("usage")(usage)
    app.add_typer(thesaurus_app, name="thesaurus")


def diff(
    document: Annotated[str, typer.Argument(help="Id of the document.")],
    old: Annotated[str, typer.Option(help="First characters of the older revision's sha256; the one before, if left out.")] = "",
    new: Annotated[str, typer.Option(help="First characters of the newer revision's sha256; the newest, if left out.")] = "",
    as_json: AsJson = False,
) -> None:
    """Compare two revisions article by article: words that were taken out are shown [-so-], new ones {+so+}."""
    from rag.desk.diff import changed, compare
    from rag.errors import UnknownDocument
    from rag.registry import CHECKED, DRAFT, PUBLISHED, RETIRED, SUPERSEDED
    from rag.rights import level_of

    with library() as opened:
        states = (SUPERSEDED, RETIRED, PUBLISHED, DRAFT, CHECKED)
        every = [r for r in opened.registry.revisions(*states) if r.document_id == document and level_of(r) <= opened.settings.clearance]
        every.sort(key=lambda r: (r.source.effective_from or date.min, r.number))
        after = find(opened, document, *states, sha256=new) if new or not every else every[-1]
        others = [r for r in every if r.sha256.startswith(old)] if old else every[: every.index(after)]
        if old and not others:
            find(opened, document, *states, sha256=old)
        if not others:
            raise UnknownDocument(f"{document} has no other revision to compare with. List them with: python -m rag list --all")
        texts = opened.registry.documents([others[-1].number, after.number])
    changes = changed(compare(texts[others[-1].number], texts[after.number]))
    if as_json:
        typer.echo(json.dumps([asdict(change) for change in changes], ensure_ascii=False, indent=2))
        return
    out.print(f"{others[-1].sha256[:12]} ({others[-1].source.effective_from}) -> {after.sha256[:12]} ({after.source.effective_from})")
    for change in changes:
        names = dict.fromkeys(" ".join(path) for path in (change.old_path, change.new_path) if path)
        out.print(f"{change.kind}: {shown(' -> '.join(names))}")
        for sign, side in (("[-{}-]", change.old), ("{{+{}+}}", change.new)):
            for line in side:
                out.print("    " + shown("".join(sign.format(piece.text) if piece.marked else piece.text for piece in line)))
    out.print(f"{counted(len(changes), 'article')} changed")


@golden_app.command("add")
def golden_add(
    question: Annotated[str, typer.Argument(help="The question, as staff put it.")],
    expect: Annotated[
        list[str] | None, typer.Option(help="DOCUMENT:第十二条 or DOCUMENT:p3; may be repeated. None: it must be refused.")
    ] = None,
    as_of: Annotated[str, typer.Option("--as-of", help="The day whose law counts, as 2026-04-01. Today, if left out.")] = "",
    topic: Annotated[str, typer.Option(help="What it belongs to.")] = "",
) -> None:
    """Keep a golden question. What it expects must be there: a document of the library, and a provision or page of it."""
    from rag.desk.golden import add
    from rag.evaluate.golden import Place
    from rag.registry import CHECKED, DRAFT, PUBLISHED, RETIRED, SUPERSEDED
    from rag.rights import level_of

    places = []
    for place in expect or ():
        document, _, where = place.partition(":")
        page = int(where[1:]) if where[:1] == "p" and where[1:].isdigit() else None
        if not where:
            raise typer.BadParameter(f"{place!r} names no provision; write DOCUMENT:第十二条 or DOCUMENT:p3", param_hint="--expect")
        places.append(Place(document=document, path="" if page else where, page=page))
    try:
        day = date.fromisoformat(as_of) if as_of else None
    except ValueError:
        raise typer.BadParameter(f"{as_of!r} is not a date. Write it as 2026-04-01.", param_hint="--as-of") from None
    with library() as opened:
        past = opened.registry.revisions(SUPERSEDED, RETIRED)
        gone = {revision.document_id for revision in past if level_of(revision) <= opened.settings.clearance}
        for expected in places:
            if expected.document in gone:
                find(opened, expected.document, PUBLISHED, DRAFT, CHECKED)  # it says that it is retired, not that it is not there
        number = add(opened, question, places, as_of=day, topic=topic, user=person(), clearance=opened.settings.clearance)
    out.print(f"kept as golden question {number}")


@golden_app.command("list")
def golden_list() -> None:
    """List the golden questions with what came of them last."""
    from rag.desk.golden import readable

    with library() as opened:
        runs = opened.registry.golden.runs()
        last = runs[-1].verdicts if runs else {}
        for kept in readable(opened, clearance=opened.settings.clearance):
            places = ", ".join(f"{place['document']} {place['path'] or place['page'] or ''}" for place in kept.expect) or "must be refused"
            topic = f"  topic: {shown(kept.topic)}" if kept.topic else ""
            out.print(f"{kept.number:>4}  {last.get(kept.number, 'not asked yet'):<16} {shown(kept.question)}  ({shown(places)}){topic}")


@golden_app.command("run")
def golden_run() -> None:
    """Put the golden questions to the library. Ends with status 1 if one is not answered as it must be."""
    from rag.desk.golden import readable, run

    with library() as opened:
        mine = {str(kept.number) for kept in readable(opened, clearance=opened.settings.clearance)}
        results = [result for result in run(opened, user=person(), today=date.today()) if result.id in mine]
    for result in results:
        out.print(f"{result.id:>4}  {result.verdict:<16} {shown(result.text)}")
    right = sum(result.right for result in results)
    out.print(f"{right} of {len(results)} as they must be")
    if right < len(results):
        raise typer.Exit(1)


@golden_app.command("remove")
def golden_remove(number: int, reason: Annotated[str, typer.Option(help="Why. Kept in the log.")] = "") -> None:
    """Forget a golden question."""
    from rag.desk.golden import readable

    with library() as opened:
        mine = {kept.number for kept in readable(opened, clearance=opened.settings.clearance)}
        if number not in mine or not opened.registry.golden.remove(number, user=person(), reason=reason):
            raise typer.BadParameter(f"there is no golden question {number}")
    out.print(f"removed golden question {number}")


@golden_app.command("history")
def golden_history() -> None:
    """What came of the golden questions each time they were put."""
    with library() as opened:
        for run in opened.registry.golden.runs():
            right = sum(verdict in ("hit", "refused rightly") for verdict in run.verdicts.values())
            accepted = f"  accepted: {shown(run.accepted)}" if run.accepted else ""
            out.print(f"{run.at:%Y-%m-%d %H:%M}  {right}/{len(run.verdicts)}  {run.why}  {shown(run.user)}{accepted}")


def gaps(
    close: Annotated[str, typer.Option(help="Questions like this one have been dealt with.")] = "",
    how: Annotated[str, typer.Option(help="By a note, the thesaurus, a golden question or a document.")] = "note",
    note: Annotated[str, typer.Option(help="What was done.")] = "",
    as_json: AsJson = False,
) -> None:
    """What staff asked in vain, grouped, the most frequent first."""
    from rag.desk import gaps as desk

    if how not in ("note", "thesaurus", "golden", "document"):
        raise typer.BadParameter("note, thesaurus, golden or document", param_hint="--how")
    with library() as opened:
        found = desk.gaps(opened)
        if close:
            desk.close(opened, close, how=how, note=note, user=person())
            if not (gone := len(found) - len(desk.gaps(opened))):
                raise typer.BadParameter(
                    f"no question like {close!r} was asked in vain. List them with: python -m rag gaps", param_hint="--close"
                )
            out.print(f"closed: {counted(gone, 'group')}")
            return
    if as_json:
        typer.echo(json.dumps([asdict(gap) for gap in found], ensure_ascii=False, indent=2, default=str))
        return
    for gap in found:
        reasons = f"  “{'”, “'.join(gap.reasons)}”" if gap.reasons else ""
        out.print(f"{gap.count:>4}  {gap.refused} refused, {gap.partly} partly, {gap.wrong} wrong  {shown(gap.question)}{shown(reasons)}")
    out.print(counted(len(found), "group"))


def usage(
    as_csv: Annotated[bool, typer.Option("--csv", help="Print the days as CSV.")] = False,
    as_cited_csv: Annotated[
        bool, typer.Option("--cited-csv", help="Print the documents as CSV, each with how often it was cited.")
    ] = False,
) -> None:
    """Questions a day, refusals, what is cited and what never, time to answer."""
    from rag.desk.gaps import usage as count

    with library() as opened:
        used = count(opened)
        may_see = [r for r in opened.published if (r.source.level or HIGHEST_LEVEL) <= opened.settings.clearance]
    titles = {r.document_id: r.source.title or r.source.uri for r in may_see}
    if as_csv or as_cited_csv:
        typer.echo(used.csv() if as_csv else used.cited_csv(titles), nl=False)
        return
    for one in used.days:
        out.print(f"{one.day}  {one.asked} questions, {one.refused} refused, {one.seconds_median:.2f} s (median)")
    for document, count_ in used.most_cited[:20]:
        if document in titles:
            out.print(f"{count_:>5}  {shown(document)}")
    for document in used.never_cited:
        if document in titles:
            out.print(f"never  {shown(document)}")
    out.print(f"time to answer: {used.seconds_median:.2f} s (median), {used.seconds_slowest:.2f} s (slowest)")


@thesaurus_app.command("add")
def thesaurus_add(
    said: Annotated[str, typer.Argument(help="A word as people say it, as 有休.")],
    means: Annotated[list[str], typer.Argument(help="What regulations write for it, the best first, as 年次休暇.")],
) -> None:
    """Add an entry to the library's own thesaurus. It counts at once, for every question."""
    from rag.desk.words import NAME, add

    with library() as opened:
        add(opened, said, means, user=person())
        where = opened.home / NAME
    out.print(f"added: {shown(said)} = {shown(', '.join(means))} ({shown(str(where))})")
