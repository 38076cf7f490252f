"""Learn the weights of rag/second_stage.py from question sets in the BEIR layout, and tell how well they hold.

    PYTHONPATH=. python notebooks/train_second_stage.py --ja SET... --en SET... [--questions 400] --out rag/models/second-stage.json

Every set is indexed as `evaluate retrieval` does it and asked through search itself, with all weights at 1: then what each part
gave to a hit is the feature's value. Weights w are learned by listwise softmax regression, every set with the same weight::

    loss(w) = - mean over questions of the mean over their answers of log( sum over the answer's passages of p(c) ) + l2 * |w|^2
    p(c)    = exp(w . x(c)) / sum over all candidates of exp(w . x)

none below 0 (L-BFGS-B), and are scaled to a sum of 3. Printed: nDCG@10 of each set with weights learned on the other half of
the questions, and on the other sets alone. Deterministic for a given machine.
"""

import argparse
import json
from pathlib import Path

import numpy as np
from scipy.optimize import minimize

from rag import second_stage
from rag.evaluate.beir import load
from rag.evaluate.retrieval import bench
from rag.second_stage import FEATURES
from rag.settings import Settings

L2 = {"ja": 1e-5, "en": 1e-4}


def collect(folder: Path, questions: int) -> list[dict]:
    """For each question: features (n, k) of its hits, which answer each hit belongs to (-1: none), and the grades."""
    data = load(folder, queries=questions)
    found = []
    with bench(data, settings=Settings(), progress=lambda *_: None) as opened:
        for question, text in data.questions.items():
            hits = [hit for hit in opened.hits(text, limit=300) if "second_stage" not in hit.parts]
            answers = sorted(data.grades[question])
            found.append(
                {
                    "set": folder.name,
                    "x": np.array([[hit.parts.get(name, 0.0) for name in FEATURES] for hit in hits]),
                    "answer": np.array([answers.index(d) if (d := hit.chunk.document_id) in answers else -1 for hit in hits]),
                    "document": [hit.chunk.document_id for hit in hits],
                    "grades": data.grades[question],
                }
            )
    return [one for one in found if len(one["x"])]


def learn(some: list[dict], l2: float) -> np.ndarray:
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


def ndcg(one: dict, w: np.ndarray) -> float:
    """nDCG@10 of one question."""
    order = np.argsort(-(one["x"] @ w), kind="stable")
    documents = list(dict.fromkeys(one["document"][at] for at in order))[:10]
    best = sorted(one["grades"].values(), reverse=True)[:10]
    gained = sum(one["grades"].get(document, 0) / np.log2(place + 2) for place, document in enumerate(documents))
    return float(gained / sum(grade / np.log2(place + 2) for place, grade in enumerate(best)))


def main() -> None:
    parser = argparse.ArgumentParser()
    for language in L2:
        parser.add_argument(f"--{language}", nargs="*", type=Path, default=[])
    parser.add_argument("--questions", type=int, default=400)
    parser.add_argument("--out", type=Path, required=True)
    given = parser.parse_args()
    second_stage.weights = lambda language, file=None: np.ones(len(FEATURES))  # so that parts are features
    learned = json.loads(second_stage.WEIGHTS.read_text(encoding="utf-8"))["weights"]
    for language, l2 in L2.items():
        some = [one for folder in getattr(given, language) for one in collect(folder, given.questions)]
        if not some:
            continue
        halves = [learn(some[half::2], l2) for half in (1, 0)]
        for name in sorted({one["set"] for one in some}):
            mine = [(ndcg(one, halves[at % 2])) for at, one in enumerate(some) if one["set"] == name]
            others = [one for one in some if one["set"] != name]
            left = learn(others, l2) if others else None
            out = np.mean([ndcg(one, left) for one in some if one["set"] == name]) if left is not None else float("nan")
            print(f"{name}: nDCG@10 {np.mean(mine):.4f} by halves, {out:.4f} with the set left out")
        w = learn(some, l2)
        learned[language] = {name: round(3 * float(v) / w.sum(), 3) for name, v in zip(FEATURES, w, strict=True) if 3 * v / w.sum() >= 5e-4}
    given.out.write_text(json.dumps({"weights": learned}, indent=2) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
