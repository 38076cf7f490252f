"""The vector index: real Chroma through LlamaIndex's store, with vectors made by hand."""

from __future__ import annotations

import shutil
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from chromadb.errors import InternalError
from llama_index.core.schema import BaseNode
from llama_index.vector_stores.chroma import ChromaVectorStore

from rag.embed import Vectors
from rag.errors import IndexDamaged
from rag.index.scope import NARROW, Scope
from rag.index.vector import VectorIndex, delete
from rag.records import Chunk, Span

from .conftest import REPOSITORY

MODEL = "made by hand"
EVERYTHING = Scope(clearance=3, revisions=frozenset(range(1, 10_001)))


def chunk_of(number: int, level: int = 1) -> Chunk:
    span = Span(start=0, end=1)
    return Chunk(id=number, document_id="d", revision="r", ordinal=0, span=span, path=(), pages=(), level=level, text="a")


def unit(*values: float) -> Vectors:
    vector = np.array([*values, *[0.0] * (4 - len(values))], dtype=np.float32)
    return np.asarray(vector / np.linalg.norm(vector), dtype=np.float32)


def index_of(folder: Path, entries: Sequence[tuple[int, int, int, Vectors]]) -> VectorIndex:
    """Entries are (number, level, revision, vector)."""
    index = VectorIndex(folder, MODEL)
    if entries:
        index.add([chunk_of(n, level) for n, level, _, _ in entries], [r for _, _, r, _ in entries], np.stack([v for *_, v in entries]))
    return index


def numbers(index: VectorIndex, vector: Vectors, scope: Scope = EVERYTHING, limit: int = 10) -> list[int]:
    return [chunk for chunk, _ in index.search(vector, scope, limit)]


def test_the_score_is_the_cosine_and_the_nearest_stands_first(tmp_path: Path) -> None:
    index = index_of(tmp_path, [(1, 1, 1, unit(1)), (2, 1, 1, unit(0, 1)), (3, 1, 1, unit(3, 4)), (4, 1, 1, unit(-1))])
    found = index.search(unit(1), EVERYTHING, 10)
    assert [chunk for chunk, _ in found] == [1, 3, 2, 4]
    assert [score for _, score in found] == pytest.approx([1.0, 3 / 5, 0.0, -1.0], abs=1e-5)
    assert numbers(index, unit(1), limit=2) == [1, 3]
    assert index.count == 4


def test_passages_of_one_score_stand_by_number(tmp_path: Path) -> None:
    index = index_of(tmp_path, [(number, 1, 1, unit(1, 1)) for number in (12, 5, 100, 7)])
    assert numbers(index, unit(1, 1)) == [5, 7, 12, 100]


LEVELS = [(1, 1, 7, unit(1)), (2, 2, 7, unit(1, 0.1)), (3, 3, 8, unit(1, 0.2)), (4, 1, 9, unit(1, 0.3))]


@pytest.mark.parametrize("wide", [False, True])
def test_the_scope_is_kept(tmp_path: Path, wide: bool) -> None:
    index = index_of(tmp_path, LEVELS)
    more = set(range(1_000, 1_000 + NARROW)) if wide else set()
    for clearance, revisions, expected in [
        (1, {7, 8, 9}, [1, 4]),
        (2, {7, 8, 9}, [1, 2, 4]),
        (3, {7, 8, 9}, [1, 2, 3, 4]),
        (3, {8}, [3]),
        (2, {8}, []),
        (3, {6}, []),
    ]:
        scope = Scope(clearance=clearance, revisions=frozenset(revisions | more))
        assert scope.narrow is not wide
        assert numbers(index, unit(1), scope) == expected, (clearance, revisions)
    assert numbers(index, unit(1), Scope(clearance=3, revisions=frozenset())) == []
    assert numbers(index, unit(1), EVERYTHING, limit=0) == []


def test_a_passage_in_scope_is_found_behind_many_that_are_not(tmp_path: Path) -> None:
    outside = [(number, 1, 1, unit(1, number / 1_000)) for number in range(200)]
    inside = [(1_000 + number, 1, 2, unit(-1, number)) for number in range(3)]
    index = index_of(tmp_path, [*outside, *inside])
    scope = Scope(clearance=3, revisions=frozenset(range(2, NARROW + 3)))
    assert not scope.narrow
    assert sorted(numbers(index, unit(1), scope, limit=3)) == [1_000, 1_001, 1_002]


def test_stored_vectors_come_back(tmp_path: Path) -> None:
    index = index_of(tmp_path, LEVELS)
    got = index.vectors([2, 4, 99])
    assert set(got) == {2, 4}
    assert got[2].dtype == np.float32
    np.testing.assert_allclose(got[2], unit(1, 0.1), atol=1e-6)


def test_what_is_removed_is_not_found(tmp_path: Path) -> None:
    index = index_of(tmp_path, LEVELS)
    index.remove([1, 3, 99])
    assert (numbers(index, unit(1)), index.count) == ([2, 4], 2)
    index.remove([])
    assert index.count == 2


def test_more_than_chroma_takes_at_once(tmp_path: Path) -> None:
    # Its limit is 5,461 entries a call.
    many = [(number, 1, 1, unit(1, number)) for number in range(5_600)]
    index = index_of(tmp_path, many)
    assert index.count == len(many)
    index.remove([number for number, *_ in many if number])
    assert numbers(index, unit(1)) == [0]


def test_vectors_and_chunks_must_be_as_many(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="zip"):
        VectorIndex(tmp_path, MODEL).add([chunk_of(1), chunk_of(2)], [1, 1], np.stack([unit(1)]))


def test_an_empty_index_answers(tmp_path: Path) -> None:
    index = index_of(tmp_path, [])
    assert (index.count, numbers(index, unit(1))) == (0, [])


# ---------------------------------------------------------------- opening


def test_what_is_written_is_there_when_it_is_opened_again(tmp_path: Path) -> None:
    index_of(tmp_path, LEVELS)
    assert numbers(VectorIndex(tmp_path, MODEL), unit(1)) == [1, 2, 3, 4]


@pytest.mark.parametrize("times", [1, 2])
def test_what_chroma_fails_to_add_is_added_once_more(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, times: int) -> None:
    index = index_of(tmp_path, [(1, 1, 1, unit(1, 0))])
    failed: list[str] = []
    add = ChromaVectorStore.add

    def broken(store: ChromaVectorStore, nodes: list[BaseNode], **more: Any) -> list[str]:
        added = add(store, nodes, **more)
        if len(failed) < times:
            failed.append("once")
            raise InternalError("Error in compaction")  # and yet it is there: it must not be there twice
        return added

    monkeypatch.setattr(ChromaVectorStore, "add", broken)
    if times == 2:
        with pytest.raises(IndexDamaged, match="cannot be written"):
            index.add([chunk_of(2)], [1], np.array([unit(0, 1)]))
        return
    index.add([chunk_of(2)], [1], np.array([unit(0, 1)]))
    assert failed and index.count == 2
    assert numbers(index, unit(0, 1)) == [2, 1]


def test_another_model_is_refused(tmp_path: Path) -> None:
    index_of(tmp_path, LEVELS)
    with pytest.raises(IndexDamaged, match=r"made with the model 'made by hand', not 'another'. Run: python -m rag rebuild"):
        VectorIndex(tmp_path, "another")
    assert VectorIndex(tmp_path, MODEL).count == 4, "the refusal changed nothing"


def test_opened_again_it_sees_what_another_process_wrote(tmp_path: Path) -> None:
    index_of(tmp_path, LEVELS)
    code = """
import sys
from pathlib import Path
import numpy as np
from rag.index.vector import VectorIndex
from rag.records import Chunk, Span
span = Span(start=0, end=1)
chunk = Chunk(id=77, document_id="d", revision="r", ordinal=0, span=span, path=(), pages=(), level=1, text="a")
VectorIndex(Path(sys.argv[1]), "made by hand").add([chunk], [7], np.array([[0, 0, 0, 1]], dtype=np.float32))
"""
    subprocess.run([sys.executable, "-c", code, str(tmp_path)], check=True, cwd=REPOSITORY, timeout=60)
    index = VectorIndex(tmp_path, MODEL)
    assert numbers(index, unit(0, 0, 0, 1), limit=1) == [77]


def test_a_folder_that_was_deleted_is_empty_when_it_is_opened_again(tmp_path: Path) -> None:
    # Chroma keeps a client for each path, also when the files are gone.
    index_of(tmp_path / "vector", LEVELS)
    delete(tmp_path / "vector")
    assert not (tmp_path / "vector").exists()
    assert VectorIndex(tmp_path / "vector", "another").count == 0
    shutil.rmtree(tmp_path / "vector")  # by somebody else
    again = index_of(tmp_path / "vector", LEVELS[:1])
    assert (again.count, numbers(again, unit(1))) == (1, [1])


def test_a_torn_database_says_how_to_make_it_anew(tmp_path: Path) -> None:
    (tmp_path / "chroma.sqlite3").write_bytes(b"not a database" * 1_000)
    with pytest.raises(IndexDamaged, match="python -m rag rebuild"):
        VectorIndex(tmp_path, MODEL)


def test_text_never_reaches_chroma(tmp_path: Path) -> None:
    # The registry alone holds text: an index can be handed on or lost without a word of a document in it.
    secret = "restricted words"
    chunk = Chunk(id=1, document_id="d", revision="r", ordinal=0, span=Span(start=0, end=16), path=(), pages=(), level=3, text=secret)
    VectorIndex(tmp_path, MODEL).add([chunk], [1], np.stack([unit(1)]))
    assert not any(secret.encode() in file.read_bytes() for file in tmp_path.rglob("*") if file.is_file())


def test_vectors_that_were_read_are_remembered_until_something_changes(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    index = index_of(tmp_path, [(1, 1, 1, unit(1)), (2, 1, 1, unit(0, 1))])
    assert set(index.vectors([1, 2, 9])) == {1, 2}
    asked: list[Sequence[int]] = []
    stored = index.stored

    def counted(chunks: Sequence[int]) -> dict[int, Vectors]:
        asked.append(chunks)
        return stored(chunks)

    monkeypatch.setattr(index, "stored", counted)
    assert set(index.vectors([2, 1])) == {1, 2} and asked == []
    index.remove([1])
    assert set(index.vectors([1, 2])) == {2} and asked == [[1, 2]]
