"""``evaluate answers`` and ``evaluate refusal``: which provisions answers cite, and both errors of refusing."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer
from rich.table import Table

from rag.cli.terminal import library as own_library
from rag.cli.terminal import out, progress
from rag.settings import from_environment

if TYPE_CHECKING:
    from rag.evaluate.refusal import Report
    from rag.library import Library

Corpus = Annotated[Path | None, typer.Option(help="A BEIR folder whose passages are asked.")]
Home = Annotated[Path | None, typer.Option(help="Keep the index in this folder, and use it again; without it the index is temporary.")]


def answers(
    file: Annotated[Path, typer.Argument(help="JSON lines: id, question, gold_docs.")],
    corpus: Annotated[Path, typer.Option(help="A BEIR folder: the passages that are asked and cited.")],
    home: Home = None,
    queries: Annotated[int | None, typer.Option(min=1, help="Only the first so many questions.")] = None,
) -> None:
    """Measure what answers cite: precision and recall against the gold passages, beside citing as many passages of BM25."""
    from rag.evaluate.answers import evaluate, load
    from rag.evaluate.beir import load as load_corpus
    from rag.evaluate.retrieval import bench

    data = load_corpus(corpus)
    with progress(quiet=False) as line:
        tasks = {name: line.add_task(name, total=None) for name in ("passages", "questions")}

        def tell(name: str, done: int, total: int) -> None:
            line.update(tasks[name], completed=done, total=total)

        with bench(data, settings=from_environment(), home=home, progress=tell) as made:
            asked = load(file, [passage.id for passage in data.passages])[:queries]
            report = evaluate(made, asked, lambda done, total: tell("questions", done, total))
    for name, value in report.summary().items():
        out.print(f"{name:<42} {value}")


def refusal(
    answerable: Annotated[Path, typer.Option(help="Questions that the documents answer: JSON lines, or a golden.toml.")],
    unanswerable: Annotated[Path, typer.Option(help="Questions that they do not answer: JSON lines, or a golden.toml.")],
    corpus: Corpus = None,
    home: Home = None,
    queries: Annotated[int | None, typer.Option(min=1, help="Only so many questions of each kind, drawn with a fixed seed.")] = None,
    picture: Annotated[Path | None, typer.Option(help="Also draw both errors by threshold: a PNG file.")] = None,
) -> None:
    """Measure refusing: AUROC, and at every threshold who is refused wrongly and who is answered wrongly."""
    from rag.evaluate.refusal import draw, evaluate, questions, some

    yes, no = some(questions(answerable, "question"), queries), some(questions(unanswerable, "unanswerable"), queries)
    with _opened(corpus, home) as library, progress(quiet=False) as line:
        task = line.add_task("questions", total=len(yes) + len(no))
        report = evaluate(library, yes, no, lambda done, total: line.update(task, completed=done, total=total))
    _print(report)
    if picture:
        draw(report, picture)
        out.print(f"drawn: {picture}")


@contextmanager
def _opened(corpus: Path | None, home: Path | None) -> Iterator[Library]:
    if corpus is None:
        with own_library() as library:
            yield library
        return
    from rag.evaluate.beir import load
    from rag.evaluate.retrieval import bench

    with bench(load(corpus), settings=from_environment(), home=home, progress=lambda name, done, total: None) as made:
        yield made.library


def _print(report: Report) -> None:
    from rag.evaluate.refusal import GRID

    out.print(f"questions     {len(report.answerable)} answerable, {len(report.unanswerable)} not")
    out.print(f"AUROC         {report.auroc()}")
    table = Table("threshold", "answerable, refused", "unanswerable, refused", box=None, pad_edge=False)
    for at in sorted({*GRID, report.threshold}):
        mark = " <- in force" if at == report.threshold else ""
        table.add_row(f"{at:.2f}", f"{report.wrongly_refused(at):.1%}", f"{report.rightly_refused(at):.1%}{mark}")
    out.print(table)
