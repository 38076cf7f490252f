"""Learn rag/models/enough.toml: the measure of "the documents answer this".

    python notebooks/train_enough.py ../shared/eval --home DIR [--only GROUP ...]

Answerable: the golden questions put to the sample ministry, questions of the tax set put to its corpus, and captions of both as short
questions, which the passage below them answers. Unanswerable: golden questions that nothing answers; those of
notebooks/unanswered.txt, which staff of a ministry may ask and no rulebook holds, put to the sample; and questions of one set put to
the library of another. A logistic regression with an L2 penalty, each group with a weight of its own whatever its size (WEIGHT),
cross-validated by question: one question is never on both sides. Features are kept in --home, a file for each group:
delete them after search changed. --only collects these groups and stops.
"""

from __future__ import annotations

import argparse
import json
import random
import sys
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date
from functools import cached_property
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from sklearn.linear_model import LogisticRegression

REPOSITORY = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(REPOSITORY))

from rag.answer import enough, quote  # noqa: E402
from rag.ask import HITS, weighed_question  # noqa: E402
from rag.evaluate import beir, golden  # noqa: E402
from rag.evaluate.answers import load as load_answers  # noqa: E402
from rag.evaluate.refusal import area  # noqa: E402
from rag.evaluate.retrieval import Bench, bench  # noqa: E402
from rag.ingest import ingest  # noqa: E402
from rag.library import Library  # noqa: E402
from rag.records import HIGHEST_LEVEL, Document, Hit  # noqa: E402
from rag.search import search  # noqa: E402
from rag.settings import Settings  # noqa: E402
from rag.text import language  # noqa: E402

TODAY = date(2026, 11, 24)
FOLDS = 5
PENALTY = 1.0
"""Inverse strength of the L2 penalty, C of scikit-learn."""
WRONGLY_REFUSED = 0.08
"""At most this share of each group of REAL questions is refused, in cross-validation: a higher threshold would refuse more of them than of
the others."""
WEIGHT = {
    "golden": 1.0,
    "tax": 1.0,
    "captions of the sample": 0.3,
    "captions of tax": 0.3,
    "golden, unanswerable": 1.0,
    "outside put to sample": 1.0,
    "general put to sample": 0.2,
    "general put to tax": 16.0,
    "guidance put to tax": 2.0,
    "golden put to tax": 2.0,
}
"""Group -> weight among those of its side; both sides weigh the same. Those put to the tax corpus weigh most: one threshold serves both
libraries, and without that weight it would refuse less there."""

REAL = ("golden", "tax")
"""The groups of answerable questions that people put."""

Asked = tuple[str, str, date]
Matrix = NDArray[np.float64]


@dataclass(frozen=True)
class Row:
    """A question put to a library."""

    group: str
    question: str
    answerable: bool
    features: dict[str, float]


class Sources:
    """The libraries and the questions; opened when they are needed."""

    def __init__(self, shared: Path, home: Path) -> None:
        self.shared, self.home = shared, home
        self.own = golden.load(REPOSITORY / "corpus" / "golden.toml")

    @cached_property
    def sample(self) -> Library:
        library = Library(Settings(home=self.home / "sample"))
        list(ingest(library, [REPOSITORY / "corpus"]))
        return library

    def tax(self) -> Iterator[Bench]:
        with bench(beir.load(self.shared / "retrieval" / "nta_qa_law_dev"), settings=Settings(), home=self.home, progress=_quiet) as made:
            yield made

    def drawn(self, name: str, count: int) -> list[Asked]:
        lines = [json.loads(line) for line in (self.shared / "retrieval" / name / "queries.jsonl").read_text(encoding="utf-8").splitlines()]
        return [(line["_id"], line["text"], TODAY) for line in random.Random(beir.SEED).sample(lines, count)]

    def golden(self, *, answerable: bool) -> list[Asked]:
        return [(q.id, q.text, q.as_of or TODAY) for q in self.own if bool(q.expect) is answerable]

    def outside(self) -> list[Asked]:
        """Questions that no rulebook of a ministry answers."""
        lines = (REPOSITORY / "notebooks" / "unanswered.txt").read_text(encoding="utf-8").splitlines()
        return [(f"outside {at}", line, TODAY) for at, line in enumerate(lines, start=1) if line and not line.startswith("#")]

    def tax_questions(self, made: Bench, count: int) -> list[Asked]:
        asked = load_answers(self.shared / "answers" / "nta_dev.jsonl", [passage.id for passage in made.data.passages])
        return [(a.id, a.text, TODAY) for a in random.Random(beir.SEED).sample(asked, count)]

    def captions(self, library: Library, count: int) -> list[Asked]:
        """The headings right above passages, each as a question."""
        chunks = (chunk for revision in library.published for chunk in library.registry.chunks_of(revision.number))
        found = {chunk.context.rpartition("\n")[2].rpartition("（")[2].strip("（） ") for chunk in chunks}
        drawn = random.Random(beir.SEED).sample(sorted(caption for caption in found if len(caption) > 3), count)
        return [
            (caption, f"{caption}について教えてください" if language(caption) == "ja" else f"Tell me about {caption}", TODAY)
            for caption in drawn
        ]

    def rows(self, group: str) -> Iterator[Row]:
        """The questions of a group, with their features."""
        if group == "golden":
            yield from look(group, self.sample, self.golden(answerable=True), answerable=True)
        elif group == "golden, unanswerable":
            yield from look(group, self.sample, self.golden(answerable=False))
        elif group == "outside put to sample":
            yield from look(group, self.sample, self.outside())
        elif group == "captions of the sample":
            yield from look(group, self.sample, self.captions(self.sample, 80), answerable=True)
        elif group == "general put to sample":
            yield from look(group, self.sample, self.drawn("jsquad_valid", 100))
        else:
            for made in self.tax():
                if group == "tax":
                    asked = self.tax_questions(made, 150)
                elif group == "captions of tax":
                    asked = self.captions(made.library, 80)
                elif group == "golden put to tax":
                    asked = random.Random(1).sample(self.golden(answerable=True) + self.golden(answerable=False), 60)
                else:
                    asked = self.drawn(*(("jsquad_valid", 220) if group.startswith("general") else ("conditionalqa_train", 60)))
                yield from look(group, made.library, asked, answerable=group in ("tax", "captions of tax"))


def look(group: str, library: Library, asked: Sequence[Asked], *, answerable: bool = False) -> Iterator[Row]:
    """The features of each question; none of one that names a provision, which is never put to the measure."""

    def load(hit: Hit) -> Document:
        return library.document(hit.chunk.document_id, hit.chunk.revision, clearance=HIGHEST_LEVEL)

    for id_, text, as_of in asked:
        found = search(library, text, clearance=HIGHEST_LEVEL, as_of=as_of, limit=enough.BACKGROUND)
        if not found.hits or found.named.missing or any("address" in hit.found_by for hit in found.hits[:HITS]):
            continue
        question = weighed_question(library, text)
        weighed = quote.weigh(question, found.hits[:HITS], load)
        yield Row(group, id_, answerable, enough.features(question, found.hits, weighed, library.keyword.count))


def collected(sources: Sources, group: str) -> list[Row]:
    """The rows of a group, from its file where there is one."""
    file = sources.home / f"{group.replace(' ', '-').replace(',', '')}.json"
    if not file.is_file():
        rows = list(sources.rows(group))
        file.write_text(json.dumps([[row.question, row.answerable, row.features] for row in rows]), encoding="utf-8")
        print(f"{group}: {len(rows)} questions", flush=True)
    return [Row(group, *entry) for entry in json.loads(file.read_text(encoding="utf-8"))]


def learn(rows: Sequence[Row]) -> tuple[LogisticRegression, Matrix, Matrix]:
    """The regression, with the means and deviations that it counts in."""
    x = matrix(rows)
    mean, deviation = x.mean(axis=0), np.where(x.std(axis=0) < 1e-6, 1.0, x.std(axis=0))
    model = LogisticRegression(C=PENALTY, max_iter=5_000)
    model.fit((x - mean) / deviation, [row.answerable for row in rows], sample_weight=weights(rows))
    return model, mean, deviation


def matrix(rows: Sequence[Row]) -> Matrix:
    """Float64 (len(rows), len(enough.names()))."""
    return np.array([[row.features[name] for name in enough.names()] for row in rows])


def weights(rows: Sequence[Row]) -> Matrix:
    """The weight of each row, float64 (len(rows),), of mean 1."""
    groups = {row.group: row.answerable for row in rows}
    total = {side: sum(WEIGHT[group] for group, is_ in groups.items() if is_ is side) for side in (True, False)}
    sizes = {group: sum(row.group == group for row in rows) for group in groups}
    return np.array([WEIGHT[row.group] / (sizes[row.group] * total[row.answerable]) for row in rows]) * len(rows) / 2


def crossed(rows: Sequence[Row]) -> Matrix:
    """The probability of each row by a regression that never saw its question."""
    questions = sorted({row.question for row in rows})
    random.Random(beir.SEED).shuffle(questions)
    fold = {question: at % FOLDS for at, question in enumerate(questions)}
    out = np.zeros(len(rows))
    for k in range(FOLDS):
        model, mean, deviation = learn([row for row in rows if fold[row.question] != k])
        held = [at for at, row in enumerate(rows) if fold[row.question] == k]
        out[held] = model.predict_proba((matrix([rows[at] for at in held]) - mean) / deviation)[:, 1]
    return out


def main() -> None:
    """Collect, cross-validate, print, and write the file."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("shared", type=Path, help="the folder of data for measuring")
    parser.add_argument("--home", type=Path, required=True, help="where libraries and features are kept")
    parser.add_argument("--only", action="append", choices=list(WEIGHT), help="collect this group and stop")
    options = parser.parse_args()
    sources = Sources(options.shared, options.home)
    rows = [row for group in options.only or WEIGHT for row in collected(sources, group)]
    if options.only:
        return
    values = crossed(rows)
    values[[row.features["sentence"] >= enough.WHOLE for row in rows]] = enough.CERTAIN
    by_group = {group: values[[row.group == group for row in rows]] for group in WEIGHT}
    threshold = round(float(min(np.quantile(by_group[group], WRONGLY_REFUSED) for group in REAL)), 3)
    lines = [f"{group}: {np.mean(some < threshold):.1%} of {len(some)} refused" for group, some in by_group.items()]
    lines.append(f"AUROC, golden: {area(by_group['golden'], by_group['golden, unanswerable']):.3f}")
    lines.append(f"AUROC, general questions put to tax: {area(by_group['tax'], by_group['general put to tax']):.3f}")
    print("\n".join(lines), f"threshold {threshold}", sep="\n")
    model, mean, deviation = learn(rows)
    text = ["# How sure is it that the documents answer a question? A logistic regression over features that a person can read:", "#"]
    text += ["#   logit = bias + sum of weight * (feature - mean) / deviation", "#"]
    text += ["# What each feature says stands in rag/answer/enough.py; learned by notebooks/train_enough.py, which says from what."]
    text += ["# Features were chosen while looking at these very questions, the threshold at these figures and at how the golden ones are answered."]
    text += ["# So every figure is optimistic."]
    text += ['# "size" was learned from two libraries. No text of a data set is in here. Cross-validated by question:', "#"]
    text += [*(f"#   {line}" for line in lines), "", f"threshold = {threshold}", f"bias = {model.intercept_[0]:.6f}", "", "[features]"]
    for name, weight, m, d in zip(enough.names(), model.coef_[0], mean, deviation, strict=True):
        text.append(f'"{name}" = {{ weight = {weight:.4f}, mean = {m:.4f}, deviation = {d:.4f} }}')
    enough.WEIGHTS.write_text("\n".join(text) + "\n", encoding="utf-8")


def _quiet(name: str, done: int, total: int) -> None:
    """Say nothing of the progress."""


if __name__ == "__main__":
    main()
