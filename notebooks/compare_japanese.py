"""Which Japanese vectors that need no download are worth having? Three ways beside the same BM25, by a question set in the BEIR layout.

    PYTHONPATH=. python notebooks/compare_japanese.py SET --wheel ja_ginza-5.3.0-py3-none-any.whl [--questions 300]

    chive   word vectors of a package on PyPI (chiVe inside ja-ginza), averaged with weights by idf
    lsa     latent semantic analysis of the passages themselves: 300 dimensions of their TF-IDF matrix
    static  the model that comes along (rag/models/static-ja.md), trained by contrast

Every way scores a passage as ``bm25 / best bm25 + vote * cosine``; the vote is the best of VOTES on the other half of the questions.
BM25 is the keyword index of rag itself, without thesaurus, second stage or references, and its first 300 passages are ranked anew.
Printed: nDCG@10 and the gain over BM25 alone, with a 95% bootstrap interval over questions.
"""

import argparse
from datetime import date
from pathlib import Path

import numpy as np
from sklearn.decomposition import TruncatedSVD
from sklearn.feature_extraction.text import TfidfVectorizer
from train_static_ja import chive

from rag import terms
from rag.evaluate.beir import load
from rag.evaluate.retrieval import bench, measured
from rag.index.scope import Scope
from rag.question import understand
from rag.records import HIGHEST_LEVEL, Filters
from rag.settings import Settings

VOTES = (0.0, 0.25, 0.5, 1.0, 1.5, 2.0, 3.0)
DIMENSIONS = 300


def unit(rows: np.ndarray) -> np.ndarray:
    return rows / np.maximum(np.linalg.norm(rows, axis=1, keepdims=True), 1e-9)


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("set", type=Path)
    parser.add_argument("--wheel", required=True)
    parser.add_argument("--questions", type=int, default=300)
    given = parser.parse_args()
    data = load(given.set, queries=given.questions)
    with bench(data, settings=Settings(), progress=lambda *_: None) as opened:
        library = opened.library
        visible = library.visible(clearance=HIGHEST_LEVEL, as_of=date.today(), filters=Filters())
        scope = Scope(clearance=HIGHEST_LEVEL, revisions=frozenset(revision.number for revision in visible))
        chunks = [chunk for revision in visible for chunk in library.registry.chunks_of(revision.number)]
        row = {chunk.id: at for at, chunk in enumerate(chunks)}
        bm25 = {id_: dict(library.keyword.search(understand(text), scope, 300)) for id_, text in data.questions.items()}
        passages = [terms.words(f"{chunk.context}\n{chunk.text}") for chunk in chunks]
        questions = [terms.words(text) for text in data.questions.values()]
        static = (
            library.japanese.encode([f"{c.context}\n{c.text}" for c in chunks]),
            library.japanese.encode([*data.questions.values()], "query"),
        )
    tfidf = TfidfVectorizer(analyzer=lambda words: words, sublinear_tf=True)
    matrix = tfidf.fit_transform(passages)
    svd = TruncatedSVD(DIMENSIONS, random_state=0).fit(matrix)
    places, vectors = chive(given.wheel)
    idf = dict(zip(tfidf.get_feature_names_out(), tfidf.idf_, strict=True))

    def averaged(texts: list[list[str]]) -> np.ndarray:
        out = np.zeros((len(texts), vectors.shape[1]), dtype=np.float32)
        for at, words in enumerate(texts):
            for word in words:
                if word in places:
                    out[at] += idf.get(word, 1.0) * vectors[places[word]]
        return unit(out)

    ways = {
        "chive": (averaged(passages), averaged(questions)),
        "lsa": (unit(svd.transform(matrix)), unit(svd.transform(tfidf.transform(questions)))),
        "static": static,
    }

    def gained(way: str | None, vote: float) -> np.ndarray:
        rankings = {}
        for at, (id_, found) in enumerate(bm25.items()):
            best = max(found.values(), default=1.0)
            score = {c: s / best + (vote * float(ways[way][0][row[c]] @ ways[way][1][at]) if way else 0.0) for c, s in found.items()}
            rankings[id_] = list(dict.fromkeys(chunks[row[c]].document_id for c in sorted(score, key=lambda c: (-score[c], c))))
        per = measured(data.grades, rankings)["nDCG@10"]
        return np.array([per.get(id_, 0.0) for id_ in data.questions])

    alone = gained(None, 0.0)
    print(f"bm25     {alone.mean():.4f}")
    chance = np.random.default_rng(0)
    half = np.arange(len(alone)) % 2
    for way in ways:
        by_vote = np.stack([gained(way, vote) for vote in VOTES])
        best = [int(by_vote[:, half == 1 - side].mean(axis=1).argmax()) for side in (0, 1)]
        mine = np.where(half == 0, by_vote[best[0]], by_vote[best[1]])
        means = [(mine - alone)[chance.integers(0, len(alone), len(alone))].mean() for _ in range(2000)]
        low, high = np.percentile(means, [2.5, 97.5])
        gain = f"{(mine - alone).mean():+.4f} ({low:+.4f} to {high:+.4f})"
        print(f"{way:8} {mine.mean():.4f}  {gain}  votes {VOTES[best[0]]}, {VOTES[best[1]]}")


if __name__ == "__main__":
    main()
