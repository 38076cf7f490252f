"""The Japanese model that needs no download: one vector for each Sudachi word, learned once, averaged with learned weights.

A text is a bag of the words that :mod:`rag.terms` makes::

    v(text) = unit( sum over its words w of weight(w) * tf(w) * vector(w) )

tf is 1 in a question and 1 + ln n in a passage; each word has one weight for questions and one for passages. The weights
lie in rag/models/static-ja.safetensors beside their card and the script that trained them. Reading them takes milliseconds,
a question well under one.
"""

from __future__ import annotations

import hashlib
from collections import Counter
from collections.abc import Sequence
from functools import cached_property
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from safetensors.numpy import load_file

from rag import terms
from rag.embed import Role, Vectors
from rag.errors import ModelError
from rag.text import language

WEIGHTS = Path(__file__).parent / "models" / "static-ja.safetensors"
SHA256 = "0dda801ae3153674c061a0de39ba05d22a9c46ca38e6eabd6e8915257107d28d"
KNOWN_SHARE = 0.3
"""A text of which fewer words are known gets no vector."""


class StaticModel:
    """Speaks like :class:`rag.embed.Embedder`, for Japanese."""

    by_sentence = True
    vote = 0.4
    """Measured: .3 to .7 are alike on real questions; more hurts questions that use the documents' own words."""

    def __init__(self, file: Path = WEIGHTS, sha256: str = SHA256) -> None:
        self._file = file
        self._sha256 = sha256

    @property
    def fingerprint(self) -> str:
        """What the vectors depend on."""
        return f"static-ja-{self._sha256[:16]}"

    @cached_property
    def dimension(self) -> int:
        """d of the vectors."""
        return int(self._tables["vectors"].shape[1])

    @cached_property
    def _tables(self) -> dict[str, NDArray[np.generic]]:
        try:
            data = self._file.read_bytes()
        except OSError as error:
            raise ModelError(
                f"The Japanese model {self._file} cannot be read ({error.strerror}). Restore it from the repository."
            ) from error
        if hashlib.sha256(data).hexdigest() != self._sha256:
            raise ModelError(f"The Japanese model {self._file} was changed. Restore the file.")
        tables: dict[str, NDArray[np.generic]] = load_file(self._file)
        return tables

    @cached_property
    def _places(self) -> dict[str, int]:
        return {word: place for place, word in enumerate(self._tables["words"].tobytes().decode().split("\n"))}

    @cached_property
    def _weights(self) -> dict[Role, NDArray[np.float32]]:
        return {"query": self._tables["question"].astype(np.float32), "passage": self._tables["passage"].astype(np.float32)}

    def readable(self, texts: Sequence[str]) -> list[bool]:
        """For each text: is it Japanese, and are enough of its words known?"""
        return [language(text) == "ja" and self._knows(terms.words(text)) for text in texts]

    def known(self, question: str) -> float:
        """Share of a question's words that the model knows, 0 to 1. Those that say nothing of a subject do not count."""
        words = terms.content_words(question)
        return sum(word in self._places for word in words) / len(words) if words else 1.0

    def _knows(self, words: Sequence[str]) -> bool:
        return sum(word in self._places for word in words) >= max(1, KNOWN_SHARE * len(words))

    def encode(self, texts: Sequence[str], role: Role = "passage") -> Vectors:
        """Vectors of unit length, float32 (len(texts), d); zeros for a text without a known word."""
        vectors = [self._bag(Counter(terms.words(text)), role) for text in texts]
        return np.stack(vectors) if vectors else np.zeros((0, self.dimension), dtype=np.float32)

    def alike(self, words: Sequence[str], numbers: NDArray[np.uint32]) -> Vectors:
        """Cosines float32 (len(words), len(numbers)) between the vectors of words and of words given by :func:`rag.terms.number`;
        0 where one of the two is not known."""
        found = np.zeros((len(words), len(numbers)), dtype=np.float32)
        rows_of: NDArray[np.int32] = self._tables["row"].astype(np.int32, copy=False)
        mine = {at: self._places[word] for at, word in enumerate(words) if word in self._places}
        known, rows = self._rows
        at = np.searchsorted(known, numbers)
        there = np.flatnonzero(known[np.minimum(at, len(known) - 1)] == numbers)
        if mine and len(there):
            theirs, back = np.unique(rows[at[there]], return_inverse=True)
            cosines = self._unit(rows_of[np.fromiter(mine.values(), np.int64)]) @ self._unit(theirs).T
            found[np.ix_(np.fromiter(mine, np.int64), there)] = cosines[:, back]
        return found

    @cached_property
    def _rows(self) -> tuple[NDArray[np.uint32], NDArray[np.int32]]:
        """The numbers of all words, rising, and the row of the vectors that each has."""
        numbers = np.fromiter(map(terms.number, self._places), np.uint32, len(self._places))
        order = np.argsort(numbers, kind="stable")
        return numbers[order], self._tables["row"][order].astype(np.int32)

    def _unit(self, rows: NDArray[np.integer]) -> Vectors:
        vectors = self._tables["vectors"][rows].astype(np.float32)
        vectors *= self._shrink[rows][:, None]
        return np.asarray(vectors)

    @cached_property
    def _shrink(self) -> Vectors:
        """What makes each row of the vectors one of unit length."""
        vectors = self._tables["vectors"]
        lengths = [np.linalg.norm(vectors[start : start + 4096].astype(np.float32), axis=1) for start in range(0, len(vectors), 4096)]
        return np.asarray(1 / (np.concatenate(lengths) + 1e-9), dtype=np.float32)

    def _bag(self, words: Counter[str], role: Role) -> Vectors:
        known = {self._places[word]: count for word, count in words.items() if word in self._places}
        if not known:
            return np.zeros(self.dimension, dtype=np.float32)
        places = np.fromiter(known, np.int64)
        counts = np.fromiter(known.values(), np.float32)
        frequency = 1 + np.log(counts) if role == "passage" else np.ones_like(counts)
        vector = (self._weights[role][places] * frequency) @ self._word_vectors(places)
        return np.asarray(vector / (np.linalg.norm(vector) + 1e-9), dtype=np.float32)

    def _word_vectors(self, places: NDArray[np.int64]) -> Vectors:
        rows = self._tables["row"][places]
        scaled = self._tables["vectors"][rows].astype(np.float32) * self._tables["scale"][rows].astype(np.float32)[:, None]
        return np.asarray(scaled, dtype=np.float32)
