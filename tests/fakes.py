"""Deterministic stand-ins for what is slow or far away."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence

import numpy as np

from rag import terms
from rag.embed import Embedder, Role, Vectors
from rag.text import language

DIMENSION = 64


class FakeEmbedder(Embedder):
    """No model: the vector of a text is the sum of one fixed random vector for each of its words.

    It reads English only, as the packaged model does.
    """

    @property
    def fingerprint(self) -> str:
        """A name that no model has."""
        return "fake"

    @property
    def dimension(self) -> int:
        """d of the vectors."""
        return DIMENSION

    def encode(self, texts: Sequence[str], role: Role = "passage") -> Vectors:
        """Vectors of unit length, float32 (len(texts), DIMENSION)."""
        rows = [sum((_of(word) for word in terms.words(text)), start=_of("")) for text in texts]
        vectors = np.asarray(rows, dtype=np.float32).reshape(len(texts), DIMENSION)
        return np.asarray(vectors / np.linalg.norm(vectors, axis=1, keepdims=True), dtype=np.float32)

    def readable(self, texts: Sequence[str]) -> list[bool]:
        """True for English."""
        return [language(text) == "en" for text in texts]

    def known(self, question: str) -> float:
        """Every word of it."""
        return 1.0


def _of(word: str) -> Vectors:
    seed = int.from_bytes(hashlib.sha256(word.encode()).digest()[:8], "big")
    return np.random.default_rng(seed).standard_normal(DIMENSION).astype(np.float32)


class NoModel(FakeEmbedder):
    """Reads no language at all."""

    @property
    def fingerprint(self) -> str:
        """A name that no model has."""
        return "none"

    def readable(self, texts: Sequence[str]) -> list[bool]:
        """Never."""
        return [False] * len(texts)
