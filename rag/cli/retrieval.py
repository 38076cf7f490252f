"""``evaluate retrieval`` and ``evaluate compare``: how well search finds, why, and whether a difference is more than chance."""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer
from rich.console import Console
from rich.table import Table

from rag.cli.terminal import err, out, progress, shown
from rag.errors import EvaluationError
from rag.settings import Settings, from_environment

if TYPE_CHECKING:
    from rag.evaluate.ablation import Ablated
    from rag.evaluate.beir import DataSet
    from rag.evaluate.explain import Explanation
    from rag.evaluate.retrieval import Bench, Report
    from rag.evaluate.significance import Difference

Folder = Annotated[Path, typer.Argument(help="A BEIR folder: corpus.jsonl, queries.jsonl, qrels.tsv.")]
Limit = Annotated[int | None, typer.Option(min=1, help="Only the first so many passages.")]
Queries = Annotated[int | None, typer.Option(min=1, help="Only so many questions, drawn with a fixed seed.")]
Home = Annotated[Path | None, typer.Option(help="Keep the index in this folder, and use it again; without it the index is temporary.")]


def retrieval(
    folder: Folder,
    limit: Limit = None,
    queries: Queries = None,
    home: Home = None,
    explain: Annotated[
        str, typer.Option(metavar="QUERY_ID", help="Only this question: its list, and what kept the right passages back.")
    ] = "",
    ablate: Annotated[bool, typer.Option("--ablate", help="Turn off every part of search in turn.")] = False,
    as_json: Annotated[Path | None, typer.Option("--json", help="Save the run, for evaluate compare.")] = None,
) -> None:
    """Measure search on a BEIR folder: nDCG@10, Recall@10, Recall@100, MRR@10, time, memory and room."""
    from rag.evaluate.ablation import ablate as each_part_off
    from rag.evaluate.beir import load
    from rag.evaluate.explain import explain as explained

    data = load(folder, limit=limit, queries=None if explain else queries)
    with _bench(data, from_environment(), home) as made:
        if explain:
            _print_explanation(explained(made, explain))
            return
        report, rows = each_part_off(made) if ablate else (made.run(), [])
    _print_report(report)
    if as_json:
        report.save(as_json)
    if ablate:
        _print_ablation(report, rows)


def compare(
    before: Annotated[str, typer.Argument(metavar="A", help="A saved run (FILE), or settings: KONKYO_OFF=head,named or default.")],
    after: Annotated[str, typer.Argument(metavar="B", help="The same.")],
    on: Annotated[Path | None, typer.Option("--on", metavar="DIR", help="The BEIR folder on which settings are compared.")] = None,
    limit: Limit = None,
    queries: Queries = None,
    home: Home = None,
) -> None:
    """Compare two saved runs or two settings question by question: is the difference more than chance?"""
    from rag.evaluate.ablation import compared
    from rag.evaluate.beir import load

    given = {text: _settings(text) for text in (before, after)}
    if any(given.values()) and on is None:
        raise EvaluationError("Settings are compared on a data set: name its folder with --on DIR.")
    data = load(on, limit=limit, queries=queries) if on else None
    first, second = _runs(before, after, given, data, home)
    if first.name != second.name:
        err.print(shown(f"note: {first.name} and {second.name} are different data sets; compared by the questions that both have."))
    found = compared(first, second)
    table = _table("measure", "A", "B", "change", "95% interval", "better", "worse", "p")
    for name, difference in found.items():
        table.add_row(name, f"{difference.before:.4f}", f"{difference.after:.4f}", *_change(difference), f"{difference.p:.4f}")
    for letter, report in (("A", first), ("B", second)):
        off = f", without {', '.join(report.off)}" if report.off else ""
        out.print(shown(f"{letter}: {report.name}, model {report.model}{off}, {report.milliseconds_median:.1f} ms (median)"))
    _print_table(table)
    out.print(f"n = {next(iter(found.values())).questions} questions; paired randomisation test, two-sided.")


def _runs(before: str, after: str, given: Mapping[str, Settings | None], data: DataSet | None, home: Path | None) -> list[Report]:
    from rag.evaluate.retrieval import Report

    reports: dict[str, Report] = {}
    asked = {text: settings for text, settings in given.items() if settings is not None}
    for model in {(settings.model, settings.model_download) for settings in asked.values()}:
        mine = {text: settings for text, settings in asked.items() if (settings.model, settings.model_download) == model}
        assert data is not None
        with _bench(data, replace(next(iter(mine.values())), off=frozenset()), home) as made:
            for text, settings in mine.items():
                with made.without(settings.off):
                    reports[text] = made.run()
    return [reports[text] if text in reports else Report.read(Path(text)) for text in (before, after)]


def _settings(text: str) -> Settings | None:
    """Settings as KONKYO_OFF=named KONKYO_MODEL=/folder, over those of the environment; None for the name of a file."""
    if text != "default" and ("=" not in text or Path(text).is_file()):
        return None
    pairs = [part.partition("=") for part in text.split() if part != "default"]
    if wrong := [name for name, equals, _ in pairs if not (equals and name.startswith("KONKYO_"))]:
        raise EvaluationError(
            f"{wrong[0]!r} is no setting. Write them as KONKYO_OFF=head,named, with blanks between several, or name a saved run."
        )
    return from_environment({**os.environ, **{name: value for name, _, value in pairs}})


@contextmanager
def _bench(data: DataSet, settings: Settings, home: Path | None) -> Iterator[Bench]:
    from rag.evaluate.retrieval import bench

    with progress(quiet=False) as bar:
        tasks = {name: bar.add_task(name, total=None) for name in ("passages", "questions")}

        def tell(name: str, done: int, total: int) -> None:
            bar.update(tasks[name], completed=done, total=total)

        with bench(data, settings=settings, home=home, progress=tell) as made:
            yield made


# ---------------------------------------------------------------- printing


def _print_report(report: Report) -> None:
    off = f", without {', '.join(report.off)}" if report.off else ""
    out.print(shown(f"{report.name}: {report.passages} passages, {report.queries} questions{off}"))
    for name, value in report.measures.items():
        out.print(f"  {name:<11} {value:.4f}")
    out.print(f"  a query     {report.milliseconds_median:.1f} ms (median), {report.milliseconds_p95:.1f} ms (p95)")
    rate = f"{report.passages_per_second:.0f} passages/s" if report.passages_per_second else "none: a kept index was used"
    out.print(f"  ingestion   {rate}")
    out.print(f"  index       {report.index_megabytes:.0f} MB on the disk")
    out.print(f"  memory      {report.peak_megabytes:.0f} MB at its peak while searching")


def _print_ablation(report: Report, rows: Sequence[Ablated]) -> None:
    table = _table("without", "nDCG@10", "change", "95% interval", "better", "worse", "p", "p (Holm)", "Recall@100", "ms (median)")
    for row in rows:
        ndcg, recall = row.differences["nDCG@10"], row.differences["Recall@100"]
        cells = [*_change(ndcg), f"{ndcg.p:.4f}", f"{row.p:.4f}", f"{recall.delta:+.4f}", f"{row.report.milliseconds_median:.1f}"]
        table.add_row(row.part, f"{ndcg.after:.4f}", *cells)
    out.print()
    _print_table(table)
    out.print(f"n = {report.queries} questions; paired randomisation test, two-sided; Holm's correction for {len(rows)} parts.")


def _print_explanation(found: Explanation) -> None:
    out.print(shown(f"{found.question}: {found.text}", keep="\n"))
    out.print(shown(f"looked for: {' '.join(found.words)}"))
    out.print()
    names = sorted({name for listed in found.listed for name in listed.parts} | {name for wanted in found.wanted for name in wanted.parts})
    table = _table("rank", "score", *names, "passage", "title", left=("passage", "title"))
    for listed in found.listed:
        mark = "* " if listed.grade else "  "
        cells = [_cell(listed.parts.get(name)) for name in names]
        table.add_row(str(listed.rank), f"{listed.score:.3f}", *cells, mark + shown(listed.passage), shown(listed.title[:40]))
    _print_table(table)
    out.print("* answers the question")
    for wanted in found.wanted:
        out.print()
        out.print(shown(f"{wanted.passage} {wanted.title[:60]}: {wanted.why}"))
        places = ", ".join(f"{name} {place or 'not'}" for name, place in wanted.ranks.items())
        out.print(f"  in the lists  {places}")
        out.print("  its parts     " + (", ".join(f"{name} {value:.3f}" for name, value in wanted.parts.items()) or "none"))
        if wanted.lacks:
            bridged = f" (the thesaurus helps with: {' '.join(wanted.bridged)})" if wanted.bridged else ""
            out.print(shown(f"  lacks         {' '.join(wanted.lacks)}{bridged}"))


def _change(difference: Difference) -> list[str]:
    interval = f"{difference.low:+.4f} to {difference.high:+.4f}"
    return [f"{difference.delta:+.4f}", interval, str(difference.better), str(difference.worse)]


def _cell(value: float | None) -> str:
    return "" if value is None else f"{value:.3f}"


def _table(*names: str, left: tuple[str, ...] = ()) -> Table:
    table = Table(box=None, pad_edge=False)
    for place, name in enumerate(names):
        table.add_column(name, justify="left" if name in left or not place else "right", no_wrap=True)
    return table


def _print_table(table: Table) -> None:
    (out if out.is_terminal else Console(width=240, highlight=False)).print(table)
