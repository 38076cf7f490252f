"""A question beside texts, by the embedding model that can read it: whole sentences, and single words where the model knows words."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from rag import terms
from rag.embed import Vectors
from rag.library import Library
from rag.static import StaticModel


class Comparer:
    """Compares texts with one question. Texts in a language that its model cannot read are as far away as can be.

    Raises:
        ModelError: the embedding model cannot be used.
    """

    def __init__(self, library: Library, question: str) -> None:
        self._model = next((model for model, _ in library.models if question.strip() and model.readable([question])[0]), None)
        self._question: Vectors = self._model.encode([question], "query")[0] if self._model else np.zeros(0, dtype=np.float32)
        self._words = self._model if isinstance(self._model, StaticModel) else None

    def cosines(self, texts: Sequence[str]) -> list[float]:
        """Cosine of each text to the question, 0 where the model cannot read it."""
        if self._model is None or not texts:
            return [0.0] * len(texts)
        readable = self._model.readable(texts)
        vectors = self._model.encode([text for text, yes in zip(texts, readable, strict=True) if yes])
        found = iter(np.asarray(vectors @ self._question).tolist())
        return [float(next(found)) if yes else 0.0 for yes in readable]

    def alike(self, words: Sequence[str], others: Sequence[str]) -> Vectors:
        """Cosines of words and other words, float32 (len(words), len(others)); zeros where the model knows no single words."""
        if self._words is None:
            return np.zeros((len(words), len(others)), dtype=np.float32)
        return self._words.alike(words, np.array([terms.number(word) for word in others], dtype=np.uint32))
