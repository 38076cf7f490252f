"""Learn rag/models/enough.toml: the measure of "the documents answer this".

    python notebooks/train_enough.py ../shared/eval --home /tmp/konkyo-enough [--features FILE]

Answerable: the golden questions put to the sample ministry, and questions of the tax set put to its corpus. Unanswerable: golden
questions that nothing answers; questions of one set put to the library of another; and every answerable question once more with
the passages that answer it held back, which leaves what stands nearest to an answer without being one. Each kind weighs the same,
whatever its size. A logistic regression with an L2 penalty, cross-validated by question: one question is never on both sides.

The features are cached in --features: delete the file after search changed.
"""

from __future__ import annotations

import argparse
import json
import random
import sys
from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import date
from pathlib import Path

import numpy as np
from sklearn.linear_model import LogisticRegression

REPOSITORY = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(REPOSITORY))

from rag.answer import enough, quote  # noqa: E402
from rag.ask import HITS, weighed_question  # noqa: E402
from rag.evaluate import beir, golden  # noqa: E402
from rag.evaluate.answers import load as load_answers  # noqa: E402
from rag.evaluate.refusal import area  # noqa: E402
from rag.evaluate.retrieval import bench  # noqa: E402
from rag.ingest import ingest  # noqa: E402
from rag.library import Library  # noqa: E402
from rag.records import HIGHEST_LEVEL, Hit  # noqa: E402
from rag.search import search  # noqa: E402
from rag.settings import Settings  # noqa: E402

TODAY = date(2026, 11, 24)
FOLDS = 5
PENALTY = 0.3
"""Inverse strength of the L2 penalty, C of scikit-learn."""
WRONGLY_REFUSED = 0.10
"""The threshold refuses at most this share of each kind of answerable questions, in cross-validation."""

Row = tuple[str, str, int, dict[str, float]]
"""Group, question, answerable (1) or not (0), features."""
Gold = Callable[[Hit], bool]


def look(library: Library, text: str, as_of: date, without: Gold | None) -> dict[str, float] | None:
    """Features of a question; with some passages held back, where ``without`` says so."""
    hits = search(library, text, clearance=HIGHEST_LEVEL, as_of=as_of, limit=HITS + 10).hits
    if any("address" in hit.found_by for hit in hits):
        return None  # what names a provision is never put to the measure
    hits = tuple(hit for hit in hits if without is None or not without(hit))[:HITS]
    hits = tuple(replace(hit, rank=rank) for rank, hit in enumerate(hits, start=1))
    if not hits:
        return None
    asked = weighed_question(library, text)
    weighed = quote.weigh(asked, hits, lambda hit: library.document(hit.chunk.document_id, hit.chunk.revision, clearance=HIGHEST_LEVEL))
    return enough.features(asked, hits, weighed)


def rows(group: str, library: Library, questions: list[tuple[str, str, date]], yes: bool, gold: dict[str, Gold]) -> Iterator[Row]:
    """A row for each question, and one with its answer held back where it has one."""
    for id_, text, as_of in questions:
        if (values := look(library, text, as_of, None)) is not None:
            yield group, id_, int(yes), values
        if yes and (values := look(library, text, as_of, gold[id_])) is not None:
            yield f"{group}, answer held back", id_, 0, values


def drawn(folder: Path, count: int) -> list[tuple[str, str, date]]:
    """Some questions of a BEIR folder."""
    lines = [json.loads(line) for line in (folder / "queries.jsonl").read_text(encoding="utf-8").splitlines()]
    return [(line["_id"], line["text"], TODAY) for line in random.Random(beir.SEED).sample(lines, count)]


def collect(shared: Path, home: Path) -> list[Row]:
    """The features of every question in every library."""
    found: list[Row] = []
    sets = shared / "retrieval"
    own = golden.load(REPOSITORY / "corpus" / "golden.toml")
    yes = [(q.id, q.text, q.as_of or TODAY) for q in own if q.expect]
    no = [(q.id, q.text, q.as_of or TODAY) for q in own if not q.expect]
    places = {q.id: (lambda hit, expect=q.expect: any(place.found(hit) for place in expect)) for q in own}
    library = Library(Settings(home=home / "sample"))
    list(ingest(library, [REPOSITORY / "corpus"]))
    found += rows("golden", library, yes, True, places)
    found += rows("golden, unanswerable", library, no, False, {})
    for name, count in (("nta_qa_law_dev", 60), ("jsquad_valid", 60), ("obliqa_dev", 40)):
        found += rows(f"{name} put to the sample", library, drawn(sets / name, count), False, {})
    library.close()
    data = beir.load(sets / "nta_qa_law_dev")
    with bench(data, settings=Settings(), home=home, progress=lambda name, done, total: None) as made:
        answers = load_answers(shared / "answers" / "nta_dev.jsonl", [passage.id for passage in data.passages])
        answers = random.Random(beir.SEED).sample(answers, 300)
        gold = {a.id: (lambda hit, passages=a.passages: hit.chunk.document_id in passages) for a in answers}
        found += rows("nta", made.library, [(a.id, a.text, TODAY) for a in answers], True, gold)
        for name, count in (("jsquad_valid", 150), ("conditionalqa_train", 60)):
            found += rows(f"{name} put to nta", made.library, drawn(sets / name, count), False, {})
        found += rows("golden put to nta", made.library, random.Random(1).sample(yes + no, 100), False, {})
    return found


def learn(found: list[Row], names: list[str]) -> tuple[LogisticRegression, np.ndarray, np.ndarray]:
    """The regression with the means and deviations that it counts in."""
    x = np.array([[row[3][name] for name in names] for row in found])
    y = np.array([row[2] for row in found])
    mean, deviation = x.mean(axis=0), np.maximum(x.std(axis=0), 1e-6)
    model = LogisticRegression(C=PENALTY, max_iter=2_000)
    model.fit((x - mean) / deviation, y, sample_weight=weights(found))
    return model, mean, deviation


def weights(found: list[Row]) -> np.ndarray:
    """Each group weighs the same among those of its side, both sides the same; golden questions that nothing
    answers, the hardest, count three times, those with their answer held back (mostly something else answers them) a tenth."""
    sizes: dict[str, int] = {}
    for group, _, _, _ in found:
        sizes[group] = sizes.get(group, 0) + 1
    share = {0: [], 1: []}
    for group in sizes:
        share[next(row[2] for row in found if row[0] == group)].append(group)
    heavy = {group: 3.0 if group == "golden, unanswerable" else 0.1 if "held back" in group else 1.0 for group in sizes}
    total = {side: sum(heavy[group] for group in groups) for side, groups in share.items()}
    return np.array([heavy[row[0]] / (sizes[row[0]] * total[row[2]]) for row in found]) * len(found) / 2


def crossed(found: list[Row], names: list[str]) -> np.ndarray:
    """The probability of each row by a model that never saw its question."""
    questions = sorted({row[1] for row in found})
    random.Random(beir.SEED).shuffle(questions)
    fold = {question: at % FOLDS for at, question in enumerate(questions)}
    out = np.zeros(len(found))
    for k in range(FOLDS):
        model, mean, deviation = learn([row for row in found if fold[row[1]] != k], names)
        for at, row in enumerate(found):
            if fold[row[1]] == k:
                x = (np.array([[row[3][name] for name in names]]) - mean) / deviation
                out[at] = model.predict_proba(x)[0, 1]
    return out


def main() -> None:
    """Collect, cross-validate, print, and write the file."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("shared", type=Path, help="the folder of data for measuring")
    parser.add_argument("--home", type=Path, required=True, help="where the libraries are kept")
    parser.add_argument("--features", type=Path, help="a cache of the features")
    options = parser.parse_args()
    if options.features and options.features.is_file():
        found = [(group, id_, yes, values) for group, id_, yes, values in json.loads(options.features.read_bytes())]
    else:
        found = collect(options.shared, options.home)
        if options.features:
            options.features.write_text(json.dumps(found), encoding="utf-8")
    names = list(enough.FEATURES)
    values = crossed(found, names)
    groups = list(dict.fromkeys(row[0] for row in found))
    yes_groups = [group for group in groups if next(row[2] for row in found if row[0] == group)]
    threshold = min(np.quantile([v for v, row in zip(values, found, strict=True) if row[0] == group], WRONGLY_REFUSED) for group in yes_groups)
    threshold = round(float(threshold) - 0.0005, 3)
    lines = []
    for group in groups:
        some = [v for v, row in zip(values, found, strict=True) if row[0] == group]
        lines.append(f"{group}: {np.mean(np.array(some) < threshold):.1%} of {len(some)} refused")
    own_yes = [v for v, row in zip(values, found, strict=True) if row[0] == "golden"]
    own_no = [v for v, row in zip(values, found, strict=True) if row[0] == "golden, unanswerable"]
    lines.append(f"AUROC of golden questions: {area(own_yes, own_no):.3f}")
    print("\n".join(lines))
    model, mean, deviation = learn(found, names)
    text = ["# How sure is it that the documents answer a question? Learned by notebooks/train_enough.py, which says from what.", "#"]
    text += ["# Cross-validated by question, at the threshold below:"] + [f"#   {line}" for line in lines] + [""]
    text += [f"threshold = {threshold}", f"bias = {float(model.intercept_[0]):.6f}", ""]
    for name, weight, m, d in zip(names, model.coef_[0], mean, deviation, strict=True):
        text += [f"[features.{name}]  # {enough.FEATURES[name]}", f"weight = {weight:.6f}", f"mean = {m:.6f}", f"deviation = {d:.6f}", ""]
    enough.WEIGHTS.write_text("\n".join(text), encoding="utf-8")


if __name__ == "__main__":
    main()
