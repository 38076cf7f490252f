"""Passages by meaning: one or more embedding models, each with a vector index of its own.

A text goes to the first model that can read it, a question to every model that can: what a model cannot read it has no vote on, and
where it knows a part of the words its vote counts for that part.
"""

from __future__ import annotations

from collections.abc import Callable, Container, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

import numpy as np

from rag import text
from rag.embed import Role, Vectors
from rag.errors import IndexDamaged
from rag.index import vector
from rag.index.scope import Scope
from rag.index.vector import Places, VectorIndex
from rag.records import Chunk

AT_ONCE = 256
"""Passages embedded and stored at once: few enough to tell progress, and to store some while others are made."""
BEGINNING = 400
"""Characters of a passage that tell its language."""
SENTENCES = 8
"""Of a long question so many sentences, the last ones, are compared by themselves."""


class Model(Protocol):
    """What an embedding model can do."""

    @property
    def fingerprint(self) -> str:
        """What the vectors depend on."""

    @property
    def vote(self) -> float:
        """How much its cosine counts beside a BM25 score that was divided by the best one."""

    @property
    def by_sentence(self) -> bool:
        """True where the sentences of a long question are better compared by themselves as well: a bag of words blurs."""

    def readable(self, texts: Sequence[str]) -> list[bool]:
        """For each text: does the model know its language?"""

    def known(self, question: str) -> float:
        """Share of a question's words that the model knows, 0 to 1."""

    def encode(self, texts: Sequence[str], role: Role = "passage") -> Vectors:
        """Vectors of unit length, float32 (len(texts), d)."""


@dataclass(frozen=True)
class Asked:
    """A question as one model sees it."""

    name: str
    """The folder of its vectors: "vector", "vector-ja"."""
    index: VectorIndex
    vectors: Vectors
    """(1 + s, d): the whole question, then its sentences where it has more than one."""
    vote: float
    known: float = 1.0
    """Share of the question's words that the model knows. Of the others it says nothing, so its cosines count so much less.
    Measured: nDCG@10 +.001 on 1,200 general questions, of which a tenth have a fifth of their words unknown; tax questions and captions
    unchanged."""

    def nearest(self, scope: Scope, limit: int) -> list[int]:
        """Chunks nearest to the whole question and to its last sentence, which mostly asks; best first."""
        best: dict[int, float] = {}
        for row in {0, len(self.vectors) - 1}:
            for chunk, similarity in self.index.search(self.vectors[row], scope, limit):
                best[chunk] = max(similarity, best.get(chunk, -1.0))
        return sorted(best, key=lambda chunk: (-best[chunk], chunk))[:limit]

    def similarity(self, chunks: Sequence[int]) -> dict[int, float]:
        """Cosine of each chunk that has a vector, times ``known``: the mean of that to the whole question and the best to one of its
        sentences."""
        stored = self.index.vectors(chunks)
        if not stored:
            return {}
        cosines = np.stack(list(stored.values())) @ self.vectors.T
        whole, sentences = cosines[:, 0], cosines[:, 1:].max(axis=1) if cosines.shape[1] > 1 else cosines[:, 0]
        return {chunk: float(value) for chunk, value in zip(stored, self.known * (whole + sentences) / 2, strict=True)}


class Meaning:
    """The models with their indexes.

    Args:
        places: where chunks stand. See :class:`rag.index.vector.VectorIndex`.

    Raises:
        IndexDamaged: an index cannot be opened, or was made with another model.
        ModelError: that other model cannot be loaded.
    """

    def __init__(self, models: Sequence[tuple[Model, Path]], places: Places | None = None) -> None:
        self._parts = [(model, _opened(model, folder, places)) for model, folder in models]
        self.names = tuple(folder.name for _, folder in models)
        """Of the lists of the models."""

    @property
    def indexes(self) -> tuple[VectorIndex, ...]:
        """The vector index of each model, in their order."""
        return tuple(index for _, index in self._parts)

    @property
    def count(self) -> int:
        """Number of vectors."""
        return sum(index.count for _, index in self._parts)

    def add(
        self, items: Sequence[tuple[Chunk, int]], progress: Callable[[int, int], None] = lambda done, total: None
    ) -> dict[int, Vectors]:
        """Store vectors for the chunks that a model can read, each given with the number of its revision. Returns them by chunk."""
        made: dict[int, Vectors] = {}
        left = list(items)
        for model, index in self._parts:
            # Whether a model can read a passage is asked of the passage: an English title must not speak for Japanese text.
            readable = model.readable([chunk.text[:BEGINNING] for chunk, _ in left])
            mine = [item for item, yes in zip(left, readable, strict=True) if yes]
            left = [item for item, yes in zip(left, readable, strict=True) if not yes]
            mine.sort(key=lambda item: (-len(item[0].text), item[0].id))  # texts of one length waste no padding on each other
            pieces = [mine[start : start + AT_ONCE] for start in range(0, len(mine), AT_ONCE)]
            texts = [[f"{chunk.context}\n{chunk.text}" for chunk, _ in some] for some in pieces]
            ahead = ThreadPoolExecutor(1, "ahead")  # the next piece is encoded while this one is stored
            try:
                for some, vectors in zip(pieces, ahead.map(model.encode, texts), strict=True):
                    progress(len(made) + len(some), len(items))
                    index.add([chunk for chunk, _ in some], [number for _, number in some], vectors)
                    made.update({chunk.id: row for (chunk, _), row in zip(some, vectors, strict=True)})
            finally:
                ahead.shutdown(cancel_futures=True)
        return made

    def remove(self, chunks: Sequence[int]) -> None:
        """Remove chunks by number; unknown ones are passed over."""
        for _, index in self._parts:
            index.remove(chunks)

    def ask(self, question: str, beside: str = "", off: Container[str] = ()) -> list[Asked]:
        """The question as each model sees it that can read it and has vectors.

        Args:
            beside: what the question says beside the titles of documents, which is compared by itself as well.
            off: names of models that are not asked.
        """
        sentences = [span.cut(question) for span in text.sentences(question)][-SENTENCES:]
        parts = [*([beside] if beside else []), *(sentences if len(sentences) > 1 else [])]
        whole = [question, *parts]
        return [
            Asked(name, index, model.encode(whole if model.by_sentence else whole[:1], "query"), model.vote, model.known(question))
            for name, (model, index) in zip(self.names, self._parts, strict=True)
            if name not in off and index.count and model.readable([question])[0]
        ]

    def finds(self, chunk: int, stored: Vectors, scope: Scope) -> bool:
        """True where an index still holds this vector (d,) for the chunk and finds it by walking its graph."""
        for _, index in self._parts:
            kept = index.stored([chunk]).get(chunk)
            if kept is not None and kept.shape == stored.shape and np.allclose(kept, stored, atol=1e-3):
                # A twin passage may stand before it, at the same distance.
                return any(id_ == chunk or score > 0.999 for id_, score in index.search(stored, scope, 5))
        return False


def _opened(model: Model, folder: Path, places: Places | None) -> VectorIndex:
    try:
        return VectorIndex(folder, model.fingerprint, places)
    except IndexDamaged:
        model.readable(["is it there?"])  # a model that cannot be loaded is told first: no rebuild would help
        raise


def delete(models: Sequence[tuple[Model, Path]]) -> None:
    """Remove the indexes from the disk."""
    for _, folder in models:
        vector.delete(folder)
