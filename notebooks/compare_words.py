"""BM25 with other k1 and b, and with title, number, caption and text as fields apart: nDCG@10 of the keywords alone, over BEIR folders.

    PYTHONPATH=. python notebooks/compare_words.py SET... [--questions 700]

Tantivy's k1 = 1.2 and b = .75 cannot be set; this tells what that costs. The same terms, weights and questions as in search, scored here
with sparse matrices. A title as 所得税法 第九条（非課税所得） is taken apart into law, number and caption.
"""

import argparse
from collections import Counter
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path

import numpy as np
from scipy import sparse

from rag import terms
from rag.chunk import chunk
from rag.evaluate.beir import DataSet, load
from rag.evaluate.retrieval import measured
from rag.index.forward import family
from rag.index.keyword import WEIGHTS
from rag.question import Question, understand
from rag.text import fold
from rag.thesaurus import load as load_thesaurus

Terms = Callable[[str], list[str]]


class Field:
    """Term counts of one field of all passages."""

    def __init__(self, texts: Iterable[str], make: Terms) -> None:
        self.vocabulary: dict[str, int] = {}
        rows, columns, counts = [], [], []
        for row, text in enumerate(texts):
            for term, count in Counter(make(text)).items():
                rows.append(row)
                columns.append(self.vocabulary.setdefault(term, len(self.vocabulary)))
                counts.append(count)
        self.tf = sparse.csc_matrix((np.array(counts, float), (rows, columns)), shape=(row + 1, max(1, len(self.vocabulary))))
        self.lengths = np.asarray(self.tf.sum(axis=1)).ravel()
        having = np.diff(self.tf.indptr)
        self.idf = np.log(1 + (row + 1 - having + 0.5) / (having + 0.5))

    def scores(self, asked: Mapping[str, float], k1: float, b: float) -> np.ndarray:
        """BM25 of every passage."""
        known = [(self.vocabulary[term], weight) for term, weight in asked.items() if term in self.vocabulary]
        total = np.zeros(self.tf.shape[0])
        norm = k1 * (1 - b + b * self.lengths / max(self.lengths.mean(), 1e-9))
        for column, weight in known:
            start, end = self.tf.indptr[column : column + 2]
            at, count = self.tf.indices[start:end], self.tf.data[start:end]
            total[at] += weight * self.idf[column] * count * (k1 + 1) / (count + norm[at])
        return total


def parts(context: str) -> tuple[str, str, str]:
    """Law, number and path, caption of a passage."""
    title = context.partition("\n")[0]
    law = family(context)
    rest = fold(context[len(law) :] if title.startswith(law) else context)
    place, bracket, caption = rest.partition("(")
    return law, place, caption.rstrip(")") if bracket else ""


class Words:
    """A data set as fields of terms."""

    def __init__(self, data: DataSet) -> None:
        self.data = data
        pieces = [piece for document in data.passages for piece in chunk(document)]
        self.documents = np.array([piece.document_id for piece in pieces])
        whole = [f"{piece.context}\n{piece.text}" for piece in pieces]
        split = [parts(piece.context) for piece in pieces]
        texts = {
            "words": (whole, terms.words),
            "bigrams": (whole, terms.bigrams),
            "head": ([piece.context for piece in pieces], terms.words),
            "head_bigrams": ([piece.context for piece in pieces], terms.bigrams),
            "body": ([piece.text for piece in pieces], terms.words),
            **{name: ([one[at] for one in split], terms.words) for at, name in enumerate(("law", "place", "caption"))},
        }
        self.fields = {name: Field(some, make) for name, (some, make) in texts.items()}
        thesaurus = load_thesaurus()
        self.questions = {id_: understand(text, thesaurus) for id_, text in data.questions.items()}

    def ndcg(self, weights: Mapping[str, float], k1: float = 1.2, b: float = 0.75) -> float:
        """nDCG@10 of the keywords alone."""
        rankings = {id_: self._ranked(question, weights, k1, b) for id_, question in self.questions.items()}
        return float(np.mean(list(measured(self.data.grades, rankings)["nDCG@10"].values())))

    def _ranked(self, question: Question, weights: Mapping[str, float], k1: float, b: float) -> list[str]:
        total = sum(
            weight * self.fields[name].scores(question.bigrams if name.endswith("bigrams") else question.words, k1, b)
            for name, weight in weights.items()
        )
        order = np.argsort(-total, kind="stable")[:100]
        return list(dict.fromkeys(self.documents[order]))


APART = {"body": 1.0, "bigrams": 0.3, "law": 0.4, "place": 0.4, "caption": 0.4}
"""The words of title, number, caption and text each in a field of its own."""


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("sets", nargs="+", type=Path)
    parser.add_argument("--questions", type=int, default=700)
    given = parser.parse_args()
    sets = [Words(load(folder, queries=given.questions)) for folder in given.sets]
    print(f"{'':<44}", *(f"{one.data.name:>20}" for one in sets))

    def row(name: str, weights: Mapping[str, float], k1: float = 1.2, b: float = 0.75) -> None:
        print(f"{name:<44}", *(f"{one.ndcg(weights, k1, b):>20.4f}" for one in sets), flush=True)

    for k1 in (0.6, 0.9, 1.2, 1.6, 2.0):
        for b in (0.4, 0.75, 0.9):
            row(f"k1 {k1}, b {b}", WEIGHTS, k1, b)
    row("words alone", {"words": 1.0})
    row("bigrams alone", {"bigrams": 1.0})
    row("body alone", {"body": 1.0})
    for head in (0.2, 0.4, 0.8):
        row(f"words, bigrams, head {head}", {**WEIGHTS, "head": head, "head_bigrams": head / 4})
    for bigrams in (0.15, 0.6):
        row(f"bigrams {bigrams}", {**WEIGHTS, "bigrams": bigrams})
    row("fields apart", APART)
    for name in ("law", "place", "caption"):
        for weight in (0.2, 0.8):
            row(f"fields apart, {name} {weight}", {**APART, name: weight})
    for name in ("law", "place", "caption"):
        row(f"as in search, and {name} once more at 0.2", {**WEIGHTS, name: 0.2})


if __name__ == "__main__":
    main()
