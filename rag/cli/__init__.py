"""The command line: ``python -m rag COMMAND``. Nothing here decides anything; it asks the library and prints."""

from __future__ import annotations

import json
import sys
import time
from collections import Counter
from dataclasses import asdict
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer
from rich.console import Console
from rich.markup import escape
from rich.table import Table

from rag import __version__, sources
from rag.cli import adding, answers, archives, desk, jobs, packs, proof, quality, references, retrieval
from rag.cli.terminal import err, exists, out
from rag.cli.terminal import library as _library
from rag.cli.terminal import progress as _progress
from rag.cli.terminal import shown as _shown
from rag.errors import EvaluationError, KonkyoError, ReadError
from rag.holder import person
from rag.records import HIGHEST_LEVEL, Answer, BlockKind, Document, Filters, RefusalReason
from rag.settings import from_environment
from rag.text import show_date

if TYPE_CHECKING:
    from rag.library import Library

app = typer.Typer(
    name="python -m rag",
    help="Konkyo: answers from public-service documents, with the exact passage that carries each sentence.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
)
evaluate_app = typer.Typer(help="Measure retrieval and answers.", no_args_is_help=True, rich_markup_mode=None)
app.add_typer(evaluate_app, name="evaluate")
app.command()(adding.add)
desk.register(app)
quality.register(app)
app.command()(packs.verify)
app.command()(jobs.jobs)
app.command()(jobs.fetch)
app.command()(jobs.reread)
archives.register(app)

evaluate_app.command("retrieval")(retrieval.retrieval)
evaluate_app.command("compare")(retrieval.compare)
evaluate_app.command("answers")(answers.answers)
evaluate_app.command("refusal")(answers.refusal)

Paths = Annotated[list[Path], typer.Argument(help="Files and folders. A folder's own sources.toml describes its files.")]
Level = Annotated[
    int | None, typer.Option(min=1, max=HIGHEST_LEVEL, help="機密性 of files that no sources.toml gives one; without it the highest.")
]
Clearance = Annotated[int | None, typer.Option(min=1, max=HIGHEST_LEVEL, help="Answer as for a reader of this level.")]
AsOf = Annotated[str, typer.Option("--as-of", help="The day whose law counts, as 2026-04-01. Today, if left out.")]


def main() -> None:
    """Run a command. Known errors end in one sentence and status 1, Ctrl-C in status 130; never in a traceback."""
    try:
        app()
    except KonkyoError as error:
        err.print(_shown(str(error)))
        sys.exit(1)
    except (KeyboardInterrupt, SystemExit) as end:
        if isinstance(end, SystemExit) and end.code != 130:  # 130 is what typer makes of Ctrl-C
            raise
        err.print("Stopped. What was acknowledged is safe; run the same command again to go on.")
        sys.exit(130)


@app.command()
def ingest(
    paths: Paths,
    level: Level = None,
    quiet: Annotated[bool, typer.Option("--quiet", help="Only the counts at the end.")] = False,
    draft: Annotated[bool, typer.Option("--draft/--publish", help="Wait to be checked, or be found at once (the default).")] = False,
) -> None:
    """Add documents that are known to be good, or their new revisions: they are found at once.

    What the gate finds in them stops nothing, and is told by list and show. Unchanged files are skipped. Ends with status 1 if a file
    was left out.
    """
    from rag.ingest import Result
    from rag.ingest import ingest as add

    counts: Counter[Result] = Counter()
    missing = [path for path in paths if not exists(path)]
    total = sum(1 for _ in sources.find([path for path in paths if path not in missing], level))
    for path in missing:
        counts[Result.FAILED] += 1
        err.print(f"left out: {_shown(str(path))}: there is no such file or folder. Check the name.")
    with _library() as library, _progress(quiet) as progress:
        task = progress.add_task("starting", total=total)

        def stage(text: str) -> None:
            progress.update(task, description=_shown(text[:60]))

        for outcome in add(library, [path for path in paths if path not in missing], level=level, progress=stage, draft=draft):
            counts[outcome.result] += 1
            progress.advance(task)
            if outcome.result in (Result.FAILED, Result.DUPLICATE):
                err.print(f"left out: {_shown(outcome.name)}: {_shown(outcome.reason)}")
            elif not quiet and outcome.result is not Result.UNCHANGED:
                progress.console.print(f"{outcome.result}: {_shown(outcome.name)} ({outcome.chunks} passages)")
            for warning in () if quiet else outcome.warnings:
                progress.console.print(f"  note: {_shown(warning)}")
        if not draft:
            stage("checking")
            if (stopped := _look(library)) and not quiet:
                out.print(f"{stopped} of them have something to look at: python -m rag list --state published")
    out.print(", ".join(f"{counts[result]} {result}" for result in Result if counts[result]) or "Nothing to add.")
    if counts[Result.FAILED]:
        raise typer.Exit(1)


def _look(library: Library) -> int:
    """Let the gate look at what is published and was not looked at yet. Returns in how many it found what would stop a publication."""
    from rag.desk import gate
    from rag.registry import PUBLISHED

    looked_at = library.registry.desk.checks()
    fresh = [revision.number for revision in library.registry.revisions(PUBLISHED) if revision.number not in looked_at]
    found = gate.look_and_keep(library, fresh, user=person(), today=date.today(), clearance=library.settings.clearance) if fresh else {}
    return sum(bool(gate.stopping(findings)) for findings in found.values())


@app.command()
def ask(
    question: str,
    clearance: Clearance = None,
    as_of: AsOf = "",
    as_json: Annotated[bool, typer.Option("--json", help="Print the answer as JSON.")] = False,
    issuer: Annotated[list[str] | None, typer.Option(help="Only documents of this issuer; may be repeated.")] = None,
    pack: Annotated[Path | None, typer.Option(help="Also write the evidence pack to this file; see verify.")] = None,
) -> None:
    """Ask a question. Every sentence of the answer is a quote from the documents."""
    from rag.ask import ask as answer_question
    from rag.export import answer_to_json

    settings = from_environment()
    level = min(clearance or settings.clearance, settings.clearance)
    filters = Filters(issuers=frozenset(issuer or ()))
    with _library() as library:
        started = time.perf_counter()
        answer = answer_question(library, question, clearance=level, as_of=_day(as_of), filters=filters)
        if pack:
            packs.write(pack, library, answer, clearance=level, filters=filters, seconds=time.perf_counter() - started)
        soon = [] if as_json else _soon(library, answer, level)
        proof.beside_answer(library.mismatches(sample=True), level)
    if as_json:
        typer.echo(json.dumps(answer_to_json(answer), ensure_ascii=False, indent=2))
    else:
        _print_answer(answer)
        for line in soon:
            out.print(_shown(line))


@app.command()
def read(paths: Paths) -> None:
    """Show what is read from files, without adding them. Ends with status 1 if one cannot be read."""
    from rag.read.sandbox import Sandbox

    settings = from_environment()
    table = Table("file", "kind", "pages", "characters", "articles", "notes", "seconds", box=None, pad_edge=False)
    for name in ("pages", "characters", "articles", "seconds"):
        next(column for column in table.columns if column.header == name).justify = "right"
    failed = 0
    missing = [path for path in paths if not exists(path)]
    with Sandbox(
        seconds=settings.read_seconds,
        megabytes=settings.read_megabytes,
        file_megabytes=settings.file_megabytes,
        ocr_seconds=settings.ocr_seconds if settings.ocr else 0,
    ) as sandbox:
        for item in sources.find([path for path in paths if path not in missing]):
            started = time.perf_counter()
            try:
                document = sandbox.read_file(item.file, source=item.source, document_id=item.document_id)
            except ReadError as error:
                failed += 1
                table.add_row(_shown(item.source.uri), error.code, "", "", "", _shown(error.reason), _seconds(started))
                continue
            table.add_row(*_row(document), _seconds(started))
    for path in missing:
        failed += 1
        table.add_row(_shown(str(path)), "no-access", "", "", "", "there is no such file or folder", "")
    (out if out.is_terminal else Console(width=200, soft_wrap=False, highlight=False)).print(table)
    out.print(f"{table.row_count - failed} read, {failed} left out")
    if failed:
        raise typer.Exit(1)


@app.command()
def status(
    documents: Annotated[bool, typer.Option("--documents", help="List every published revision.")] = False,
    each_reference: Annotated[bool, typer.Option("--references", help="List every reference that leads nowhere.")] = False,
    deep: Annotated[bool, typer.Option("--deep", help="Hash every text and every original, not only a sample.")] = False,
    as_json: Annotated[bool, typer.Option("--json", help="Print it as JSON.")] = False,
) -> None:
    """Say what the library holds, whether its indexes are sound, and whether it is what its log says. Ends with status 1 if not."""
    with _library() as library:
        held = proof.facts(library, deep=deep)
        published = library.published
        chunks, embedded = library.registry.counts()
        troubles = library.troubles()
        facts = {
            "version": __version__,
            "home": str(library.home),
            "documents": len({revision.document_id for revision in published}),
            "revisions": len(published),
            "passages": chunks,
            "passages_with_a_vector": embedded,
            "passages_in_a_language_the_model_cannot_read": chunks - embedded,
            "model": library.settings.model,
            "troubles": [asdict(trouble) for trouble in troubles],
        }
        pointing = references.facts(library, every=each_reference)
    if as_json:
        typer.echo(json.dumps(facts | pointing | {"log": held}, ensure_ascii=False, indent=2))
    else:
        out.print(f"Library       {_shown(str(facts['home']))}")
        out.print(f"Documents     {facts['documents']} in {facts['revisions']} revisions")
        out.print(f"Passages      {chunks}, of which {embedded} are found by meaning as well as by words")
        if chunks - embedded:
            out.print(f"              {chunks - embedded} are in a language that the model cannot read: found by words only")
        out.print(f"Model         {_shown(library.settings.model)}")
        references.show(pointing)
        for problem in library.abbreviations.problems:
            out.print(f"Abbreviations {escape(problem)}")
        out.print("Indexes       " + ("sound" if not troubles else ""))
        for problem in library.thesaurus.problems:
            out.print(f"Thesaurus     {escape(problem)}")
        for trouble in troubles:
            out.print(f"  {trouble.part}: {_shown(trouble.message)}")
        proof.show(held)
    if documents and not as_json:
        table = Table("document", "revision", "in force", "level", "passages", "title", box=None, pad_edge=False)
        for revision in published:
            source = revision.source
            if (source.level or HIGHEST_LEVEL) > library.settings.clearance:
                continue
            span = f"{source.effective_from or ''}–{source.effective_to or ''}"
            table.add_row(
                _shown(revision.document_id), revision.sha256[:12], span, str(source.level or HIGHEST_LEVEL), "", _shown(source.title)
            )
        out.print(table)
    if troubles or held["mismatches"] or held["mismatches_above_this_level"]:
        raise typer.Exit(1)


@app.command()
def rebuild() -> None:
    """Make both indexes anew from the registry."""
    from rag.ingest import rebuild as make_anew

    with _library() as library, _progress(quiet=False) as progress:
        task = progress.add_task("passages", total=None)
        passages = make_anew(library, lambda done, total: progress.update(task, completed=done, total=total))
    out.print(f"{passages} passages indexed anew.")


@app.command()
def text(
    document_id: str,
    revision: Annotated[str, typer.Option(help="First characters of the revision's sha256; the newest, if left out.")] = "",
    clearance: Clearance = None,
) -> None:
    """Print the stored text that the offsets of citations count in."""
    settings = from_environment()
    with _library() as library:
        document = library.document(document_id, revision, clearance=min(clearance or settings.clearance, settings.clearance))
    sys.stdout.write(document.text)


@evaluate_app.command("golden")
def evaluate_golden(
    file: Annotated[Path, typer.Argument(help="A golden.toml.")] = Path("corpus/golden.toml"),
    as_json: Annotated[Path | None, typer.Option("--json", help="Also write every question's result to this file.")] = None,
    misses: Annotated[bool, typer.Option("--misses", help="List the questions that went wrong.")] = False,
    plot: Annotated[Path | None, typer.Option(help="Also draw the reliability of the probabilities, as PNG.")] = None,
) -> None:
    """Put the golden questions to the library: are the expected provisions and deciding words cited, and are the others refused?"""
    from rag.evaluate import deciding
    from rag.evaluate.golden import evaluate, load, unknown_words

    settings = from_environment()
    questions = load(file)
    with _library() as library:
        if unknown := unknown_words(library, questions, clearance=settings.clearance):
            raise EvaluationError(f"{file}: deciding words that do not stand in their document: {'; '.join(unknown[:5])}.")
        report = evaluate(library, questions, clearance=settings.clearance, today=date.today())
    for name, value in (report.summary() | deciding.summary(report)).items():
        out.print(f"{name:<34} {value}")
    if plot:
        deciding.draw(report, plot)
    for result in report.results if misses else ():
        if not result.right or (result.words is not None and not result.words.first):
            out.print(f"  {result.id}: {_shown(result.verdict)}  {_shown(result.text)}")
            for cited in result.cited:
                out.print(f"      cited {_shown(cited)}")
    if as_json:
        as_json.write_text(json.dumps([asdict(result) for result in report.results], ensure_ascii=False, indent=2), encoding="utf-8")


def _day(text: str) -> date:
    if not text:
        return date.today()
    try:
        return date.fromisoformat(text)
    except ValueError:
        raise typer.BadParameter(f"{text!r} is not a date. Write it as 2026-04-01.", param_hint="--as-of") from None


def _row(document: Document) -> tuple[str, ...]:
    articles = sum(block.kind is BlockKind.ARTICLE for block in document.blocks)
    return (
        _shown(document.source.uri),
        document.format,
        str(document.pages or ""),
        f"{len(document.text):,}",
        str(articles or ""),
        _shown("; ".join(document.warnings)),
    )


def _seconds(started: float) -> str:
    return f"{time.perf_counter() - started:.2f}"


def _soon(library: Library, answer: Answer, clearance: int) -> list[str]:
    """A line for each cited text that another one follows within the next weeks, as the page shows them."""
    from rag.desk.coming import coming_changes

    citations = [citation for statement in answer.statements for citation in statement.citations]
    try:
        found = coming_changes(library, citations, answer.as_of, clearance=clearance)
    except KonkyoError:
        return []  # the answer stands without it
    lines = []
    for one in found:
        if one.change or one.revision.document_id != one.citation.document_id:
            title = one.revision.source.title or one.revision.source.uri
            place = " ".join([f"“{title}”", *(one.change.old_path if one.change else ())])
            lines.append(f"{place} changes on {show_date(one.day, 'en')}. For days from then on, ask with --as-of {one.day}.")
    return list(dict.fromkeys(lines))


_REFUSED = {
    RefusalReason.NOT_ANSWERED: "The documents do not answer this ({searched}).",
    RefusalReason.NOTHING_FOUND: "The documents do not answer this ({searched}): no passage has its words.",
    RefusalReason.NO_SUCH_PROVISION: "The documents do not answer this ({searched}): the provision that it names is not there on this day.",
    RefusalReason.EMPTY_QUESTION: "The question has no words to look for. Say what you want to know in a sentence or a few words.",
    RefusalReason.EMPTY_LIBRARY: "There is no document to answer from ({searched}). See: python -m rag status",
}


def _print_answer(answer: Answer) -> None:
    for premise in answer.premises:
        more = "; ".join(part for part in (premise.day.isoformat() if premise.day else "", premise.instead) if part)
        out.print(_shown(f"{premise.what}: {premise.kind.value.replace('_', ' ')}{f' ({more})' if more else ''}"))
    if answer.refusal is not None:
        searched = f"{answer.refusal.documents} searched, as of {answer.as_of}"
        out.print(_REFUSED[answer.refusal.reason].format(searched=searched))
        for citation in answer.refusal.nearest:
            out.print(f"  not an answer, but near: {_shown(citation.title)} {_shown(' '.join(citation.path))}: {_shown(citation.quote)}")
        return
    for statement in answer.statements:
        numbers = "".join(f"[{citation.number}]" for citation in statement.citations)
        out.print(_shown(f"{statement.text} {numbers}", keep="\n"))
    out.print()
    for statement in answer.statements:
        for citation in statement.citations:
            page = f", page {citation.page}" if citation.page else ""
            place = f"{citation.title} {' '.join(citation.path)}{page}"
            out.print(_shown(f"[{citation.number}] {place} ({citation.document_id} {citation.revision[:12]})"))
