"""The vector index: Chroma, embedded. Entries come and go through LlamaIndex's ``ChromaVectorStore``.

Text lives in the registry only; here is a number, a vector, a revision and a level for each chunk. Cosine distance.

A query asks Chroma's collection itself, for numbers and distances alone. To fetch what is noted beside each of 100 neighbours, as
the store does, takes 25 ms where the graph takes 1 ms; and a filter by level lists every entry of the level before it looks, 150 ms
for 20,000. So where each neighbour stands is asked of the registry, which decides anyway, and those outside the scope are passed over.
Chroma is never run as a server from here, sends no telemetry, and never embeds by itself.
"""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np

os.environ.setdefault("ANONYMIZED_TELEMETRY", "False")

import chromadb
from chromadb.api.shared_system_client import SharedSystemClient
from chromadb.config import Settings as ChromaSettings
from chromadb.errors import ChromaError
from filelock import FileLock, Timeout
from llama_index.core.schema import BaseNode, TextNode
from llama_index.vector_stores.chroma import ChromaVectorStore

from rag.embed import Vectors
from rag.errors import IndexDamaged, LibraryLocked
from rag.index.damage import Sums, told
from rag.index.scope import Found, Scope, fill
from rag.records import HIGHEST_LEVEL, Chunk

Places = Callable[[Sequence[int]], Mapping[int, tuple[int, int]]]
"""Chunks -> of each the number of its revision, and its level."""

_COLLECTION = "chunks"
_NOWHERE = -1
"""A revision that is in no scope."""
_BATCH = 5_000
"""Chroma takes at most 5,461 entries at once."""
_KEPT = 20_000
"""So many vectors are remembered: 30 MB at 384 dimensions."""
_WAIT = 60.0
"""Seconds to wait for another process that is writing to the folder."""
_FAULTS = (ChromaError, ValueError, RuntimeError, OSError)
_UNREADABLE = "The vector index cannot be read"


class VectorIndex:
    """A Chroma collection in one folder, for one model.

    Args:
        places: where chunks stand; what Chroma has noted of them, if left out.

    Raises:
        IndexDamaged: the folder cannot be opened, or was made with another model.
    """

    def __init__(self, folder: Path, model: str, places: Places | None = None) -> None:
        self._folder = folder
        self._model = model
        self._places = places or self._noted
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
        self._count: int | None = None
        self._kept: dict[int, Vectors] = {}
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
        """Number of vectors, as of the last change from here: Chroma counts them one by one."""
        if self._count is None:
            with told(_UNREADABLE, *_FAULTS):
                self._count = int(self._collection.count())
        return self._count

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
                some = nodes[start : start + _BATCH]
                try:
                    self._store.add(some)
                except ChromaError:
                    # Now and then where another process had the folder open while it was made anew. What is there already is passed over.
                    self._open()
                    self._store.add(some)
            self._count = None
            self._kept = {}
            self._sums.note(self._graph())

    def remove(self, chunks: Sequence[int]) -> None:
        """Remove chunks by number; unknown ones are passed over."""
        with self._alone(), told("The vector index cannot be written", *_FAULTS):
            for start in range(0, len(chunks), _BATCH):
                self._store.delete_nodes([str(chunk) for chunk in chunks[start : start + _BATCH]])
            self._count = None
            self._kept = {}
            self._sums.note(self._graph())

    def search(self, vector: Vectors, scope: Scope, limit: int) -> list[Found]:
        """The chunks nearest to a vector (d,) inside ``scope``, with their cosine similarity, best first; ties by number.

        Raises:
            IndexDamaged: Chroma cannot answer.
        """
        if not scope.revisions or not limit:
            return []
        # A few revisions are looked up in Chroma's own index; for many, that would take longer than to pass over what is outside.
        within: Any = {"revision": {"$in": sorted(scope.revisions)}} if scope.narrow else None
        query: Any = [np.asarray(vector, dtype=np.float32)]

        def fetch(wanted: int) -> list[tuple[int, int, float]]:
            got: Any = self._collection.query(query_embeddings=query, n_results=wanted, where=within, include=["distances"])
            nearest = [(int(id_), 1.0 - float(distance)) for id_, distance in zip(got["ids"][0], got["distances"][0], strict=True)]
            places = self._places([chunk for chunk, _ in nearest])
            entries = []
            for chunk, similarity in nearest:
                # What another process removed since this one opened the folder stands nowhere any more.
                revision, level = places.get(chunk, (_NOWHERE, HIGHEST_LEVEL))
                entries.append((chunk, revision if level in scope.levels else _NOWHERE, similarity))
            return entries

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

    def _noted(self, chunks: Sequence[int]) -> dict[int, tuple[int, int]]:
        if not chunks:
            return {}
        got: Any = self._collection.get(ids=[str(chunk) for chunk in chunks], include=["metadatas"])
        return {int(id_): (int(noted["revision"]), int(noted["level"])) for id_, noted in zip(got["ids"], got["metadatas"], strict=True)}

    def vectors(self, chunks: Sequence[int]) -> dict[int, Vectors]:
        """Vectors (d,) by chunk; those that are not there are left out. What was read lately is remembered."""
        kept = self._kept
        if lacking := [chunk for chunk in chunks if chunk not in kept]:
            kept = kept | self.stored(lacking)
            # Put in place as a whole, not changed: another thread may be reading the old one.
            self._kept = kept if len(kept) <= _KEPT else {chunk: kept[chunk] for chunk in chunks if chunk in kept}
        return {chunk: kept[chunk] for chunk in chunks if chunk in kept}

    def stored(self, chunks: Sequence[int]) -> dict[int, Vectors]:
        """The same, as they stand in the files now."""
        if not chunks:
            return {}  # Chroma takes an empty list for a mistake
        with told(_UNREADABLE, *_FAULTS):
            got: Any = self._collection.get(ids=[str(chunk) for chunk in chunks], include=["embeddings"])
        return {int(id_): np.asarray(vector, dtype=np.float32) for id_, vector in zip(got["ids"], got["embeddings"], strict=True)}


def delete(folder: Path) -> None:
    """Remove the index from the disk."""
    SharedSystemClient.clear_system_cache()
    shutil.rmtree(folder, ignore_errors=True)
