"""Learn the weights of rag/second_stage.py from question sets in the BEIR layout, beside other ways to re-rank, and tell how well each holds.

    pip install lightgbm==4.7.0    # only for the row LambdaMART
    PYTHONPATH=. python notebooks/train_second_stage.py --ja SET... --en SET... [--questions 800] [--home DIR] --out rag/models/second-stage.json

Every set is indexed as `evaluate retrieval` does it and asked through search itself, with all weights at 1: then what each part
gave to a hit is the feature's value. Weights w are learned by listwise softmax regression, every set with the same weight::

    loss(w) = - mean over questions of the mean over their answers of log( sum over the answer's passages of p(c) ) + l2 * |w|^2
    p(c)    = exp(w . x(c)) / sum over all candidates of exp(w . x)

none below 0 (L-BFGS-B), and are scaled to a sum of 3. Printed, nDCG@10 of each set by five folds of its questions: each fold ranked by
what was learned on the other four of all sets of its language. The same machine gives the same weights.
"""

import argparse
import importlib.util
import json
import random
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
from scipy.optimize import minimize

from rag import second_stage
from rag.evaluate.beir import load
from rag.evaluate.retrieval import bench
from rag.second_stage import FEATURES
from rag.settings import Settings
from rag.static import StaticModel

L2 = {"ja": 1e-5, "en": 1e-4}
FOLDS = 5
VOTES = {"keyword": 1.0, "vector": 2.0, "vector-ja": StaticModel.vote}
"""What makes the score of the first stage."""
ALL = 500
"""More than there are candidates."""
FEW = 100
"""So many candidates are looked at again in the rows that say so."""

Scorer = Callable[[dict], np.ndarray]
"""A question -> the score of each of its candidates."""


def collect(folder: Path, questions: int, home: Path | None) -> list[dict]:
    """For each question: features (n, k) of its candidates, best of the first stage first, which answer each belongs to (-1: none),
    and the grades."""
    data = load(folder, queries=questions)
    found = []
    settings = replace(Settings(), off=frozenset({"graph"}))
    with bench(data, settings=settings, home=home, progress=lambda *_: None) as opened:
        for question, text in data.questions.items():
            hits = [hit for hit in opened.hits(text, limit=ALL) if "second_stage" not in hit.parts]
            x = np.array([[hit.parts.get(name, 0.0) for name in FEATURES] for hit in hits])
            first = sum(vote * x[:, FEATURES.index(name)] for name, vote in VOTES.items())
            order = np.argsort(-first, kind="stable")
            documents = [hits[at].chunk.document_id for at in order]
            answers = sorted(data.grades[question])
            found.append(
                {
                    "set": folder.name,
                    "x": x[order],
                    "first": first[order],
                    "answer": np.array([answers.index(d) if d in answers else -1 for d in documents]),
                    "document": documents,
                    "grades": data.grades[question],
                }
            )
    found = [one for one in found if len(one["x"])]
    random.Random(7).shuffle(found)
    for at, one in enumerate(found):
        one["fold"] = at % FOLDS
    return found


def softmax(some: list[dict], l2: float) -> np.ndarray:
    """The weights, (k,)."""
    sizes = {name: sum(one["set"] == name for one in some) for name in {one["set"] for one in some}}

    def loss(w: np.ndarray) -> tuple[float, np.ndarray]:
        value, slope = l2 * float(w @ w), 2 * l2 * w
        for one in some:
            answers = np.unique(one["answer"][one["answer"] >= 0])
            if not len(answers):
                continue
            z = one["x"] @ w
            p = np.exp(z - z.max())
            p /= p.sum()
            share = 1 / (len(answers) * sizes[one["set"]] * len(sizes))
            for answer in answers:
                mine = np.where(one["answer"] == answer, p, 0.0)
                value -= share * float(np.log(mine.sum() + 1e-300))
                slope = slope + share * (p - mine / (mine.sum() + 1e-300)) @ one["x"]
        return value, slope

    bounds = [(0, None)] * len(FEATURES)
    return np.asarray(minimize(loss, np.zeros(len(FEATURES)), jac=True, method="L-BFGS-B", bounds=bounds, options={"maxiter": 200}).x)


def lambdamart(some: list[dict]) -> Scorer:
    """LightGBM's LambdaMART over the same features, every set with the same weight."""
    import lightgbm

    sizes = {name: sum(one["set"] == name for one in some) for name in {one["set"] for one in some}}
    grades = [np.array([one["grades"].get(document, 0) for document in one["document"]]) for one in some]
    weight = np.concatenate([np.full(len(one["x"]), 1 / sizes[one["set"]]) for one in some])
    model = lightgbm.LGBMRanker(
        n_estimators=200,
        learning_rate=0.05,
        num_leaves=15,
        min_child_samples=50,
        lambdarank_truncation_level=20,
        random_state=7,
        deterministic=True,
        force_row_wise=True,
        n_jobs=2,
        verbose=-1,
    )
    model.fit(
        np.concatenate([one["x"] for one in some]),
        np.concatenate(grades),
        group=[len(one["x"]) for one in some],
        sample_weight=weight / weight.mean(),
    )
    return lambda one: np.asarray(model.predict(one["x"]))


def weighted(w: np.ndarray) -> Scorer:
    """Candidates by a sum of weighted features."""
    return lambda one: one["x"] @ w


def ndcg(one: dict, score: np.ndarray) -> float:
    """nDCG@10 of one question."""
    order = np.argsort(-score, kind="stable")
    documents = list(dict.fromkeys(one["document"][at] for at in order))[:10]
    best = sorted(one["grades"].values(), reverse=True)[:10]
    gained = sum(one["grades"].get(document, 0) / np.log2(place + 2) for place, document in enumerate(documents))
    return float(gained / sum(grade / np.log2(place + 2) for place, grade in enumerate(best)))


def folded(some: list[dict], learn: Callable[[list[dict]], Scorer]) -> list[float]:
    """nDCG@10 of each question, by what was learned without its fold."""
    scorers = [learn([one for one in some if one["fold"] != fold]) for fold in range(FOLDS)]
    return [ndcg(one, scorers[one["fold"]](one)) for one in some]


def short(one: dict) -> dict:
    """The question with its first candidates only."""
    return {**one, **{name: one[name][:FEW] for name in ("x", "first", "answer", "document")}}


def compare(some: list[dict], l2: float, shipped: np.ndarray) -> None:
    """Print a table: ways to re-rank down, sets across."""
    names = list(dict.fromkeys(one["set"] for one in some))
    few = [short(one) for one in some]
    equal = np.ones(len(FEATURES))

    def left_out() -> list[float]:
        without = {name: weighted(softmax([one for one in some if one["set"] != name], l2)) for name in names}
        return [ndcg(one, without[one["set"]](one)) for one in some]

    rows: dict[str, Callable[[], list[float]]] = {
        "first stage": lambda: [ndcg(one, one["first"]) for one in some],
        "all weights 1": lambda: [ndcg(one, weighted(equal)(one)) for one in some],
        "the file as it is": lambda: [ndcg(one, weighted(shipped)(one)) for one in some],
        "softmax, five folds": lambda: folded(some, lambda train: weighted(softmax(train, l2))),
        f"softmax, five folds, first {FEW}": lambda: folded(few, lambda train: weighted(softmax(train, l2))),
    }
    if len(names) > 1:
        rows["softmax, set left out"] = left_out
    if importlib.util.find_spec("lightgbm"):
        rows["LambdaMART, five folds"] = lambda: folded(some, lambdamart)
        rows[f"LambdaMART, five folds, first {FEW}"] = lambda: folded(few, lambdamart)
    print(f"{'nDCG@10':<36}", *(f"{name:>20}" for name in names), flush=True)
    for row, values in rows.items():
        by_question = values()
        means = [np.mean([value for value, one in zip(by_question, some, strict=True) if one["set"] == name]) for name in names]
        print(f"{row:<36}", *(f"{mean:>20.4f}" for mean in means), flush=True)


def main() -> None:
    parser = argparse.ArgumentParser()
    for language in L2:
        parser.add_argument(f"--{language}", nargs="*", type=Path, default=[])
    parser.add_argument("--questions", type=int, default=800)
    parser.add_argument("--home", type=Path, help="keep the indexes here")
    parser.add_argument("--out", type=Path, required=True)
    given = parser.parse_args()
    learned = json.loads(second_stage.WEIGHTS.read_text(encoding="utf-8"))["weights"]
    second_stage.weights = lambda language, file=None: np.ones(len(FEATURES))  # so that parts are features
    for language, l2 in L2.items():
        some = [one for folder in getattr(given, language) for one in collect(folder, given.questions, given.home)]
        if not some:
            continue
        compare(some, l2, np.array([learned[language].get(name, 0.0) for name in FEATURES]))
        w = softmax(some, l2)
        scaled = {name: round(3 * float(value / w.sum()), 3) for name, value in zip(FEATURES, w, strict=True)}
        learned[language] = {name: value for name, value in scaled.items() if value}
        print(language, learned[language])
    given.out.write_text(json.dumps({"weights": learned}, indent=2) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
