"""Several models side by side over real Chroma: who reads what, and similarities by hand."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import pytest

from rag.embed import Role, Vectors
from rag.errors import IndexDamaged
from rag.index.scope import Scope
from rag.meaning import SENTENCES, Meaning, delete
from rag.records import Chunk, Span

EVERYTHING = Scope(clearance=3, revisions=frozenset({1, 2}))


def unit(*values: float) -> Vectors:
    vector = np.array([*values, *[0.0] * (4 - len(values))], dtype=np.float32)
    return np.asarray(vector / np.linalg.norm(vector), dtype=np.float32)


@dataclass
class Listed:
    """A model that reads the texts that hold its letter, and has vectors from a list."""

    letter: str
    vectors: Mapping[str, Vectors] = field(default_factory=dict)
    vote: float = 1.0
    by_sentence: bool = False
    asked: list[tuple[Role, tuple[str, ...]]] = field(default_factory=list)
    """What it was given to encode."""

    @property
    def fingerprint(self) -> str:
        """A name that no model has."""
        return f"listed-{self.letter}"

    def readable(self, texts: Sequence[str]) -> list[bool]:
        """True for texts with the letter."""
        return [self.letter in text for text in texts]

    def known(self, question: str) -> float:
        """All of a question but the share that is written as tildes."""
        return 1.0 - question.count("~") / len(question)

    def encode(self, texts: Sequence[str], role: Role = "passage") -> Vectors:
        """Vectors from the list; for other texts the first axis."""
        self.asked.append((role, tuple(texts)))
        return np.stack([self.vectors.get(text.strip(), unit(1)) for text in texts])


def chunk_of(number: int, text: str, level: int = 1, context: str = "") -> Chunk:
    span = Span(start=0, end=len(text))
    return Chunk(id=number, document_id="d", revision="r", ordinal=0, span=span, path=(), pages=(), level=level, text=text, context=context)


def meaning_of(folder: Path, *models: Listed) -> Meaning:
    return Meaning([(model, folder / model.letter) for model in models])


# ---------------------------------------------------------------- who reads what


def test_a_text_goes_to_the_first_model_that_reads_it(tmp_path: Path) -> None:
    a, b = Listed("a"), Listed("b")
    meaning = meaning_of(tmp_path, a, b)
    texts = {1: "a", 2: "b", 3: "a and b", 4: "neither", 5: "b"}
    made = meaning.add([(chunk_of(number, text), 1) for number, text in texts.items()])
    assert a.asked == [("passage", ("\na and b", "\na"))], "the longest first"
    assert b.asked == [("passage", ("\nb", "\nb"))]
    assert sorted(made) == [1, 2, 3, 5], "what nobody reads has no vector"
    assert meaning.count == 2 + 2
    assert [asked.index.count for asked in meaning.ask("a, b")] == [2, 2]


def test_the_title_does_not_speak_for_the_text(tmp_path: Path) -> None:
    a, b = Listed("a"), Listed("b")
    meaning_of(tmp_path, a, b).add([(chunk_of(1, "b", context="a title"), 1)])
    assert (a.asked, b.asked) == ([], [("passage", ("a title\nb",))])


def test_a_question_goes_to_every_model_that_reads_it_and_has_vectors(tmp_path: Path) -> None:
    a, b, c = Listed("a", vote=0.4), Listed("b", vote=1.0), Listed("c")
    meaning = meaning_of(tmp_path, a, b, c)
    assert meaning.ask("a b c") == []
    meaning.add([(chunk_of(1, "a"), 1), (chunk_of(2, "b"), 1)])
    assert [asked.vote for asked in meaning.ask("a b c")] == [0.4, 1.0], "c has no vectors"
    assert [asked.vote for asked in meaning.ask("b c")] == [1.0]
    assert meaning.ask("neither") == meaning.ask("") == []
    assert {role for role, _ in a.asked} == {"passage", "query"}


def test_progress_counts_passages_of_all_models(tmp_path: Path) -> None:
    meaning = meaning_of(tmp_path, Listed("a"), Listed("b"))
    told: list[tuple[int, int]] = []
    meaning.add([(chunk_of(n, text), 1) for n, text in enumerate(["a", "b", "b", "no"])], lambda done, total: told.append((done, total)))
    assert told == [(1, 4), (1 + 2, 4)]
    assert meaning.add([]) == {}


# ---------------------------------------------------------------- similarity

PARTS = ("What a day.", "What a night.", "What a week?")
QUESTION = " ".join(PARTS)
ASKED = {QUESTION: unit(1), PARTS[0]: unit(0, 1), PARTS[1]: unit(0, 0, 1), PARTS[2]: unit(0, 0, 0, 1)}
STORED = {"a first": unit(3, 4), "a second": unit(3, 0, 4), "a third": unit(0, 0, 0, 1), "a fourth": unit(-1)}


def library_of(folder: Path, by_sentence: bool) -> Meaning:
    meaning = meaning_of(folder, Listed("a", ASKED | STORED, by_sentence=by_sentence))
    meaning.add([(chunk_of(number, text), 1) for number, text in enumerate(STORED, start=1)])
    return meaning


def test_similarity_is_the_mean_of_the_whole_question_and_its_best_sentence(tmp_path: Path) -> None:
    (asked,) = library_of(tmp_path, by_sentence=True).ask(QUESTION)
    assert asked.similarity([1, 2, 3, 4]) == {
        1: pytest.approx((3 / 5 + max(4 / 5, 0, 0)) / 2, abs=1e-5),
        2: pytest.approx((3 / 5 + max(0, 4 / 5, 0)) / 2, abs=1e-5),
        3: pytest.approx((0 + max(0, 0, 1)) / 2, abs=1e-5),
        4: pytest.approx((-1 + max(0, 0, 0)) / 2, abs=1e-5),
    }


@pytest.mark.parametrize(("by_sentence", "question"), [(False, QUESTION), (True, "a plain question")])
def test_without_sentences_it_is_the_cosine_of_the_whole(tmp_path: Path, by_sentence: bool, question: str) -> None:
    (asked,) = library_of(tmp_path, by_sentence).ask(question)
    assert asked.vectors.shape == (1, 4)
    assert asked.similarity([1, 3, 4]) == pytest.approx({1: 3 / 5, 3: 0, 4: -1}, abs=1e-5)


def test_a_model_counts_for_the_share_of_the_question_that_it_knows(tmp_path: Path) -> None:
    model = Listed("a", {"a": unit(1)})
    meaning = meaning_of(tmp_path, model)
    meaning.add([(chunk_of(1, "a"), 1)])
    for question, share in (("a", 1.0), ("a~~~", 0.25)):
        (asked,) = meaning.ask(question)
        assert asked.similarity([1]) == {1: pytest.approx(share, abs=1e-5)}


def test_what_has_no_vector_has_no_similarity(tmp_path: Path) -> None:
    (asked,) = library_of(tmp_path, by_sentence=True).ask(QUESTION)
    assert set(asked.similarity([2, 99])) == {2}
    assert asked.similarity([99]) == asked.similarity([]) == {}


def test_the_nearest_are_those_of_the_whole_question_and_of_its_last_sentence(tmp_path: Path) -> None:
    (asked,) = library_of(tmp_path, by_sentence=True).ask(QUESTION)
    # To the last sentence 3 has 1; to the whole 1 and 2 have 3/5, and 4 has -1, to the last sentence 0.
    assert asked.nearest(EVERYTHING, 10) == [3, 1, 2, 4]
    assert asked.nearest(EVERYTHING, 2) == [3, 1]
    assert asked.nearest(Scope(clearance=3, revisions=frozenset({2})), 10) == []
    assert asked.nearest(Scope(clearance=3, revisions=frozenset()), 10) == []


def test_of_a_long_question_only_the_last_sentences_are_compared(tmp_path: Path) -> None:
    model = Listed("a", by_sentence=True)
    meaning = meaning_of(tmp_path, model)
    meaning.add([(chunk_of(1, "a"), 1)])
    parts = [f"Sentence {number} of a story." for number in range(20)]
    (asked,) = meaning.ask(" ".join(parts))
    assert model.asked[-1] == ("query", (" ".join(parts), *parts[-SENTENCES:]))
    assert asked.vectors.shape == (1 + SENTENCES, 4)


# ---------------------------------------------------------------- what is kept


def test_finds_a_vector_only_where_the_index_holds_it(tmp_path: Path) -> None:
    vectors = {"a": unit(1), "a twin": unit(1), "b": unit(0, 1)}
    meaning = meaning_of(tmp_path, Listed("a", vectors), Listed("b", vectors))
    made = meaning.add([(chunk_of(1, "a"), 1), (chunk_of(2, "b"), 1), *((chunk_of(10 + n, "a twin"), 1) for n in range(8))])
    assert all(meaning.finds(chunk, vector, EVERYTHING) for chunk, vector in made.items()), "also behind twins, and in the second index"
    assert not meaning.finds(1, unit(0, 1), EVERYTHING), "another vector"
    assert not meaning.finds(99, unit(1), EVERYTHING), "an unknown chunk"
    assert not meaning.finds(1, np.ones(3, dtype=np.float32), EVERYTHING), "a vector of another model"
    assert not meaning.finds(2, unit(0, 1), Scope(clearance=3, revisions=frozenset({2}))), "outside the scope"


def test_what_is_removed_is_removed_from_all(tmp_path: Path) -> None:
    a, b = Listed("a"), Listed("b")
    meaning = meaning_of(tmp_path, a, b)
    made = meaning.add([(chunk_of(n, text), 1) for n, text in enumerate(["a", "b", "a", "b"])])
    meaning.remove([0, 1, 99])
    assert [meaning.finds(chunk, made[chunk], EVERYTHING) for chunk in range(4)] == [False, False, True, True]
    assert [asked.nearest(EVERYTHING, 10) for asked in meaning.ask("a b")] == [[2], [3]]
    meaning.remove([2, 3])
    assert (meaning.count, meaning.ask("a b")) == (0, [])


def test_deleting_takes_every_index_from_the_disk(tmp_path: Path) -> None:
    models = [(Listed("a"), tmp_path / "a"), (Listed("b"), tmp_path / "b")]
    Meaning(models).add([(chunk_of(1, "a"), 1), (chunk_of(2, "b"), 1)])
    delete(models)
    assert not (tmp_path / "a").exists()
    assert not (tmp_path / "b").exists()
    assert Meaning(models).count == 0


def test_an_index_of_another_model_is_told(tmp_path: Path) -> None:
    Meaning([(Listed("a"), tmp_path / "one")])
    with pytest.raises(IndexDamaged, match="made with the model 'listed-a', not 'listed-b'"):
        Meaning([(Listed("b"), tmp_path / "one")])
