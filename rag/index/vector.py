"""The vector index: Chroma, embedded, through LlamaIndex's ``ChromaVectorStore``.

Text lives in the registry only; here is a number, a vector, a revision and a level for each chunk. Cosine distance.
Chroma is never run as a server from here, sends no telemetry, and never embeds by itself.
"""

from __future__ import annotations

import math
import os
import shutil
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any, cast

import numpy as np

os.environ.setdefault("ANONYMIZED_TELEMETRY", "False")

import chromadb
from chromadb.api.shared_system_client import SharedSystemClient
from chromadb.config import Settings as ChromaSettings
from chromadb.errors import ChromaError
from filelock import FileLock, Timeout
from llama_index.core.schema import BaseNode, TextNode
from llama_index.core.vector_stores.types import FilterOperator, MetadataFilter, MetadataFilters, VectorStoreQuery
from llama_index.vector_stores.chroma import ChromaVectorStore

from rag.embed import Vectors
from rag.errors import IndexDamaged, LibraryLocked
from rag.index.damage import Sums, told
from rag.index.scope import Found, Scope, fill
from rag.records import HIGHEST_LEVEL, Chunk

_COLLECTION = "chunks"
_BATCH = 5_000
"""Chroma takes at most 5,461 entries at once."""
_WAIT = 60.0
"""Seconds to wait for another process that is writing to the folder."""
_FAULTS = (ChromaError, ValueError, RuntimeError, OSError)
_UNREADABLE = "The vector index cannot be read"


class VectorIndex:
    """A Chroma collection in one folder, for one model.

    Raises:
        IndexDamaged: the folder cannot be opened, or was made with another model.
    """

    def __init__(self, folder: Path, model: str) -> None:
        self._folder = folder
        self._model = model
        self._sums = Sums(folder / "sums.json")
        with self._alone():
            self._open()

    def _open(self) -> None:
        """Open the folder, or open it anew. Call it alone."""
        folder, model = self._folder, self._model
        folder.mkdir(parents=True, exist_ok=True)
        with told("The vector index cannot be opened", *_FAULTS):
            # Chroma ends the whole process where a file of the graph is torn, so they are compared before it reads them.
            if torn := self._sums.torn(self._graph()):
                raise IndexDamaged(f"The vector index's file {torn[0]} was changed or torn. Run: python -m rag rebuild")
            # A client of its own each time: Chroma shares one per path within a process, also after the files are gone.
            SharedSystemClient.clear_system_cache()
            client = chromadb.PersistentClient(path=str(folder), settings=ChromaSettings(anonymized_telemetry=False))
            collection = client.get_or_create_collection(
                _COLLECTION, embedding_function=None, metadata={"model": model}, configuration={"hnsw": {"space": "cosine"}}
            )
            made_with = (collection.metadata or {}).get("model", "")
            collection.get(limit=1, include=["embeddings"])  # reads the graph now, while nobody writes it
            self._sums.note(self._graph())
        if made_with != model:
            raise IndexDamaged(f"The vector index was made with the model {made_with!r}, not {model!r}. Run: python -m rag rebuild")
        self._collection = collection
        self._store = ChromaVectorStore(chroma_collection=collection)

    @contextmanager
    def _alone(self) -> Iterator[None]:
        """While a writer changes the files nobody opens them, and the other way about."""
        self._folder.parent.mkdir(parents=True, exist_ok=True)
        lock = FileLock(self._folder.parent / f"{self._folder.name}.lock")
        try:
            lock.acquire(timeout=_WAIT)
        except Timeout:
            raise LibraryLocked("The vector index has been in another process's hands for a minute. Wait, then try again.") from None
        try:
            yield
        finally:
            lock.release()

    def _graph(self) -> list[Path]:
        """The files of the graph (HNSW)."""
        return sorted(file for folder in self._folder.iterdir() if folder.is_dir() for file in folder.iterdir())

    @property
    def count(self) -> int:
        """Number of vectors."""
        with told(_UNREADABLE, *_FAULTS):
            return self._collection.count()

    def add(self, chunks: Sequence[Chunk], revisions: Sequence[int], vectors: Vectors) -> None:
        """Store vectors (n, d) for n chunks, with the registry's number of the revision of each."""
        nodes: list[BaseNode] = [
            TextNode(
                id_=str(chunk.id), text="", metadata={"revision": revision, "level": chunk.level}, embedding=[float(x) for x in vector]
            )
            for chunk, revision, vector in zip(chunks, revisions, vectors, strict=True)
        ]
        with self._alone(), told("The vector index cannot be written", *_FAULTS):
            for start in range(0, len(nodes), _BATCH):
                self._store.add(nodes[start : start + _BATCH])
            self._sums.note(self._graph())

    def remove(self, chunks: Sequence[int]) -> None:
        """Remove chunks by number; unknown ones are passed over."""
        with self._alone(), told("The vector index cannot be written", *_FAULTS):
            for start in range(0, len(chunks), _BATCH):
                self._store.delete_nodes([str(chunk) for chunk in chunks[start : start + _BATCH]])
            self._sums.note(self._graph())

    def search(self, vector: Vectors, scope: Scope, limit: int) -> list[Found]:
        """The chunks nearest to a vector (d,) inside ``scope``, with their cosine similarity, best first; ties by number.

        Raises:
            IndexDamaged: Chroma cannot answer.
        """
        if not scope.revisions or not limit:
            return []
        filters = _filters(scope)
        query = [float(x) for x in vector]

        def fetch(wanted: int) -> list[tuple[int, int, float]]:
            result = self._store.query(VectorStoreQuery(query_embedding=query, similarity_top_k=wanted, filters=filters))
            entries = zip(result.ids or (), result.nodes or (), result.similarities or (), strict=True)
            # The adapter hands out exp(-distance); the similarity is 1 - distance.
            # What another process removed since this one opened the folder has no revision any more.
            return [
                (int(id_), int(node.metadata.get("revision", -1)), 1 + math.log(max(similarity, 1e-9))) for id_, node, similarity in entries
            ]

        try:
            with told(_UNREADABLE, *_FAULTS):
                found = fill(fetch, scope, limit)
        except IndexDamaged:
            # Chroma fails where another process has added since: filters see that at once, the graph in memory does not.
            with self._alone():
                self._open()
                with told(_UNREADABLE, *_FAULTS):
                    found = fill(fetch, scope, limit)
        return sorted(found, key=lambda entry: (-entry[1], entry[0]))

    def vectors(self, chunks: Sequence[int]) -> dict[int, Vectors]:
        """Stored vectors (d,) by chunk; those that are not there are left out."""
        if not chunks:
            return {}  # Chroma takes an empty list for a mistake
        with told(_UNREADABLE, *_FAULTS):
            got: Any = self._collection.get(ids=[str(chunk) for chunk in chunks], include=["embeddings"])
        return {int(id_): np.asarray(vector, dtype=np.float32) for id_, vector in zip(got["ids"], got["embeddings"], strict=True)}


def delete(folder: Path) -> None:
    """Remove the index from the disk."""
    SharedSystemClient.clear_system_cache()
    shutil.rmtree(folder, ignore_errors=True)


def _filters(scope: Scope) -> MetadataFilters | None:
    wanted: list[MetadataFilter | MetadataFilters] = []
    if scope.clearance < HIGHEST_LEVEL:
        wanted.append(MetadataFilter(key="level", operator=FilterOperator.IN, value=cast(Any, list(scope.levels))))
    if scope.narrow:
        wanted.append(MetadataFilter(key="revision", operator=FilterOperator.IN, value=cast(Any, sorted(scope.revisions))))
    return MetadataFilters(filters=wanted) if wanted else None
