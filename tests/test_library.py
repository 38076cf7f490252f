"""The registry is the truth, the indexes follow it: damage is noticed and mended, revisions and levels are kept apart."""

from __future__ import annotations

import os
import random
import shutil
import subprocess
import sys
import threading
from collections.abc import Iterator, Sequence
from datetime import date
from pathlib import Path

import numpy as np
import pytest

from rag.embed import Vectors
from rag.errors import IndexDamaged, LibraryError, UnknownDocument
from rag.index.damage import Sums
from rag.index.scope import NARROW, Scope
from rag.ingest import Ingester, ingest, rebuild
from rag.library import Library
from rag.records import Chunk, Document
from rag.registry import PENDING, PUBLISHED, Registry
from rag.search import search

from .conftest import REPOSITORY, TODAY
from .fakes import FakeEmbedder
from .small import answers, document, find, found, library_at, publish, vectors

Answers = list[tuple[list[int], list[str]]]
ENOUGH_FOR_A_GRAPH = 1_040
"""Chroma writes the files of its graph when it has a thousand vectors."""
WORDS = [f"{start}{end}" for start in ("travel", "lodging", "parking", "badge", "archive") for end in ("", "fee", "day", "form", "rule")]
QUESTIONS = ["travelfee lodgingday", "旅費 第3号", "badgeform archive rule 17", "parkingrule travel", "駐車 申請"]


def many() -> list[Document]:
    chance = random.Random(3)
    english = [f"Rule {number}: " + " ".join(chance.choices(WORDS, k=12)) + "." for number in range(ENOUGH_FOR_A_GRAPH)]
    japanese = [f"第{number}号 職員は{chance.choice(('旅費', '駐車', '宿泊'))}の申請をしなければならない。" for number in range(40)]
    return [document(f"d{start}", *english[start : start + 20]) for start in range(0, len(english), 20)] + [document("j", *japanese)]


@pytest.fixture(scope="module")
def whole(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A home with enough vectors for a graph. Not to be written to."""
    home = tmp_path_factory.mktemp("whole") / "home"
    library = library_at(home)
    publish(library, many()[:20])
    publish(library, many()[20:])  # two segments of the keyword index
    assert library.registry.counts() == (ENOUGH_FOR_A_GRAPH + 40, ENOUGH_FOR_A_GRAPH)
    library.close()
    return home


@pytest.fixture(scope="module")
def right(whole: Path) -> Answers:
    """The right answers."""
    library = library_at(whole)
    assert library.troubles() == []
    out = answers(library, QUESTIONS)
    assert all(out)
    library.close()
    return out


@pytest.fixture
def home(whole: Path, tmp_path: Path) -> Path:
    return Path(shutil.copytree(whole, tmp_path / "home"))


# ---------------------------------------------------------------- damage


def delete(file: Path) -> None:
    file.unlink()


def truncate(file: Path) -> None:
    os.truncate(file, file.stat().st_size // 2)


def zeros(file: Path) -> None:
    size = file.stat().st_size
    with file.open("r+b") as opened:
        opened.seek(size // 3)
        opened.write(bytes(max(1, size // 3)))


def flip(file: Path) -> None:
    data = bytearray(file.read_bytes())
    data[len(data) // 2] ^= 0x55
    file.write_bytes(data)


KEYWORD = ["*.fast", "*.fieldnorm", "*.idx", "*.pos", "*.store", "*.term", "meta.json"]
GRAPH = ["*/data_level0.bin", "*/header.bin", "*/length.bin", "*/link_lists.bin", "*/index_metadata.pickle"]
DAMAGE = [
    *(
        (part, pattern, harm)
        for part, patterns in (("keyword", KEYWORD), ("vector", GRAPH))
        for pattern in patterns
        for harm in (delete, truncate, zeros, flip)
    ),
    *(("vector", "chroma.sqlite3", harm) for harm in (delete, truncate, zeros)),
]


@pytest.mark.parametrize(("part", "pattern", "harm"), DAMAGE, ids=[f"{part}-{pattern}-{harm.__name__}" for part, pattern, harm in DAMAGE])
def test_a_damaged_file_is_noticed_when_the_library_is_opened(home: Path, part: str, pattern: str, harm: object) -> None:
    assert callable(harm)
    harm(max((home / "index" / part).glob(pattern)))
    library = library_at(home)
    troubles = library.troubles()
    assert [trouble.part for trouble in troubles] == [part]
    assert troubles[0].message.endswith("Run: python -m rag rebuild")
    try:
        for question in QUESTIONS:
            find(library, question)
    except IndexDamaged as error:
        assert str(error).endswith("Run: python -m rag rebuild")


@pytest.mark.parametrize("part", ["keyword", "vector"])
def test_a_deleted_folder_is_noticed(home: Path, part: str) -> None:
    shutil.rmtree(home / "index" / part)
    assert [trouble.part for trouble in library_at(home).troubles()] == [part]


@pytest.mark.parametrize(
    ("part", "pattern", "harm"),
    [
        ("keyword", "", None),
        ("keyword", "*.idx", zeros),
        ("vector", "", None),
        ("vector", "*/link_lists.bin", zeros),
        ("vector", "chroma.sqlite3", truncate),
    ],
)
def test_rebuilding_mends_it_and_the_answers_are_the_same(home: Path, right: Answers, part: str, pattern: str, harm: object) -> None:
    if callable(harm):
        harm(max((home / "index" / part).glob(pattern)))
    else:
        shutil.rmtree(home / "index" / part)
    library = library_at(home)
    assert library.troubles()
    assert rebuild(library) == ENOUGH_FOR_A_GRAPH + 40
    assert library.troubles() == []
    assert answers(library, QUESTIONS) == right
    assert library.registry.counts() == (library.keyword.count, vectors(library).count)


def test_a_graph_that_lost_half_without_an_error_is_found_by_the_canaries(home: Path) -> None:
    # As if the checksums had been taken of the damaged files: Chroma answers, with half of what it should.
    vector = home / "index" / "vector"
    zeros(next(vector.glob("*/length.bin")))
    Sums(vector / "sums.json").note(sorted(vector.glob("*/*")))
    (trouble,) = library_at(home).troubles()
    assert trouble.part == "vector"
    assert "does not find" in trouble.message
    assert trouble.message.endswith("Run: python -m rag rebuild")


def test_vectors_of_something_else_are_found_by_the_canaries(home: Path) -> None:
    library = library_at(home)
    chunks = [chunk for revision in library.published for chunk in library.registry.chunks_of(revision.number)][:ENOUGH_FOR_A_GRAPH]
    vectors(library).remove([chunk.id for chunk in chunks])
    turned = FakeEmbedder().encode([f"something else {chunk.id}" for chunk in chunks])
    vectors(library).add(chunks, [1] * len(chunks), turned)
    (trouble,) = library_at(home).troubles()
    assert "does not find" in trouble.message


@pytest.mark.parametrize("part", ["keyword", "vector"])
def test_the_next_files_that_are_added_mend_a_damaged_index(home: Path, tmp_path: Path, part: str) -> None:
    shutil.rmtree(home / "index" / part)
    library = library_at(home)
    (tmp_path / "new").mkdir()
    (tmp_path / "new" / "parking.md").write_text("# Parking\n\nParking is free for visitors.\n", encoding="utf-8")
    (outcome,) = ingest(library, [tmp_path / "new"], level=1)
    assert outcome.result == "added"
    assert library.troubles() == []
    assert library.registry.counts() == (library.keyword.count, vectors(library).count)


def test_a_model_that_changed_is_said(home: Path) -> None:
    library = library_at(home)

    class Another(FakeEmbedder):
        @property
        def fingerprint(self) -> str:
            return "another"

    library.embedder = Another()
    (trouble,) = library.troubles()
    assert trouble.message == "The vector index was made with the model 'fake', not 'another'. Run: python -m rag rebuild"
    rebuild(library)
    assert library.troubles() == []


def test_a_rebuild_that_was_stopped_is_noticed_and_can_be_run_again(home: Path, right: Answers) -> None:
    library = library_at(home, batch=200)

    def stop(done: int, total: int) -> None:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        rebuild(library, stop)
    assert "keyword" in [trouble.part for trouble in library_at(home).troubles()]
    rebuild(library_at(home))
    assert answers(library_at(home), QUESTIONS) == right


# ---------------------------------------------------------------- the registry


def test_a_home_that_is_a_file_is_said(tmp_path: Path) -> None:
    (tmp_path / "home").write_text("a file")
    with pytest.raises(LibraryError, match="KONKYO_HOME"):
        library_at(tmp_path / "home")


@pytest.mark.parametrize("harm", [truncate, zeros, lambda file: file.write_bytes(b"no database at all" * 500)])
def test_a_damaged_registry_is_said_in_a_sentence(home: Path, harm: object) -> None:
    assert callable(harm)
    harm(home / "registry.sqlite3")
    with pytest.raises(LibraryError, match="Restore it from a backup"):
        library = library_at(home)
        for revision in library.published:
            library.document(revision.document_id, clearance=3)
        library.troubles()


def test_many_may_open_a_new_library_at_the_same_moment(tmp_path: Path) -> None:
    faults: list[BaseException] = []
    start = threading.Barrier(8)

    def work() -> None:
        start.wait()
        try:
            Registry(tmp_path / "home" / "registry.sqlite3").close()
        except BaseException as error:  # noqa: BLE001
            faults.append(error)

    threads = [threading.Thread(target=work) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert faults == []


# ---------------------------------------------------------------- two processes


def test_a_reader_sees_what_another_process_publishes(tmp_path: Path) -> None:
    reader = library_at(tmp_path / "home")
    publish(reader, [document("old", "Travel is booked by the office.")])
    assert found(reader, "travel office") == ["old"]
    code = f"""
from pathlib import Path
from tests.small import document, library_at, publish
publish(library_at(Path({str(tmp_path / "home")!r})), [document("new", "Travel is booked at the counter.")])
"""
    subprocess.run([sys.executable, "-c", code], check=True, cwd=REPOSITORY, timeout=60)
    assert sorted(found(reader, "travel")) == ["new", "old"]
    assert {name for hit in find(reader, "travel counter") for name in hit.found_by} == {"keyword", "vector"}


def test_a_search_during_which_somebody_publishes_sees_one_moment(tmp_path: Path) -> None:
    # The list of what is visible is of one moment and the index of the next: the old revision gone, the new one not yet allowed.
    library, writer = library_at(tmp_path / "home"), library_at(tmp_path / "home")
    publish(writer, [document("rule", "Travel is booked by the office."), document("other", "Parking is free.")])

    class Publishes(FakeEmbedder):
        def readable(self, texts: Sequence[str]) -> list[bool]:
            if versions:
                publish(writer, [document("rule", versions.pop())])
            return super().readable(texts)

    versions = ["Travel is booked on the page.", "Travel is booked at the counter."]  # from the last to the first
    library.embedder = Publishes()
    (hit,) = search(library, "travel booked", clearance=3, as_of=TODAY).hits[:1]
    assert (hit.chunk.text, hit.found_by) == ("Travel is booked on the page.", {"keyword": 1, "vector": 1})
    assert versions == []


@pytest.mark.parametrize("clearance", [1, 2, 3])
def test_a_reader_goes_on_while_another_process_adds_and_removes(home: Path, clearance: int, monkeypatch: pytest.MonkeyPatch) -> None:
    # Two clients of Chroma, as two processes have: one's filters see at once what the other wrote, its graph does not.
    publish(library_at(home), [document(f"more{number}", f"Rule {number}: travelfee", level=1 + number % 3) for number in range(30)])
    reader, writer = library_at(home), library_at(home)
    assert len(reader.published) > NARROW
    before = find(reader, "travelfee lodgingday", clearance=clearance)
    monkeypatch.setattr(writer.registry, "publish", lambda numbers, **_: [])
    publish(writer, [document(f"pending{number}", "travelfee lodgingday", level=1 + number % 3) for number in range(30)])
    assert [hit.chunk for hit in find(reader, "travelfee lodgingday", clearance=clearance)] == [hit.chunk for hit in before]
    pending = [chunk.id for revision in reader.registry.revisions(PENDING) for chunk in reader.registry.chunks_of(revision.number)]
    vectors(writer).remove([*pending, *(hit.chunk.id for hit in before[:3])])
    after = search(reader, "travelfee lodgingday", clearance=clearance, as_of=TODAY, limit=50)
    assert after.lists == ("keyword", "vector")
    assert len(after.hits) == 50


# ---------------------------------------------------------------- what a killed writer leaves


@pytest.fixture
def library(tmp_path: Path) -> Iterator[Library]:
    opened = library_at(tmp_path / "home")
    yield opened
    opened.close()


def test_what_is_pending_is_never_found(library: Library, monkeypatch: pytest.MonkeyPatch) -> None:
    publish(library, [document("old", "Travel is booked by the office.")])

    def die(numbers: Sequence[int], **_: object) -> list[int]:
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr(library.registry, "publish", die)
        with pytest.raises(KeyboardInterrupt):
            publish(library, [document("new", "Travel is booked at the counter."), document("old", "Travel is booked on the page.")])
    # It lies complete in both indexes, and the registry does not know it.
    indexes = library_at(library.home)
    assert (indexes.keyword.count, vectors(indexes).count) == (3, 3)
    for reader in (library, library_at(library.home)):
        assert found(reader, "travel booked counter page") == ["old"]
        assert "office" in find(reader, "travel")[0].chunk.text
        with pytest.raises(UnknownDocument):
            reader.document("new", clearance=3)
        assert "office" in reader.document("old", clearance=3).text
        assert reader.troubles() == []
    publish(library, [document("third", "Parking is free.")])
    assert library.registry.revisions(PENDING) == []
    assert (library.keyword.count, vectors(library).count) == library.registry.counts() == (2, 2)


def test_a_kill_after_publishing_leaves_nothing_behind_for_good(library: Library, monkeypatch: pytest.MonkeyPatch) -> None:
    publish(library, [document("rule", "Travel is booked by the office.")])

    def die(chunks: Sequence[int]) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as patch, Ingester(library, clearance=3) as ingester:
        patch.setattr(ingester.meaning, "remove", die)
        ingester.add(document("rule", "Travel is booked at the counter."))
        with pytest.raises(KeyboardInterrupt):
            ingester.flush()
    assert "counter" in find(library, "travel booked office")[0].chunk.text
    assert len(find(library, "travel booked office")) == 1
    publish(library, [document("other", "Parking is free.")])
    assert (library.keyword.count, vectors(library).count) == library.registry.counts() == (2, 2)


# ---------------------------------------------------------------- revisions


def act(year: int, passage: str, level: int = 1) -> Document:
    return document("act", passage, uri=f"act_{year}.md", effective_from=date(year, 4, 1), level=level)


def test_the_day_picks_the_revision(library: Library) -> None:
    # Given in no order: it is the day in force that counts, not the day of adding.
    publish(
        library,
        [act(2022, "The allowance is 2,000 yen."), act(2026, "The allowance is 3,000 yen."), act(2020, "The allowance is 1,000 yen.")],
    )
    for day, expected in [
        (date(2019, 4, 1), None),
        (date(2020, 3, 31), None),
        (date(2020, 4, 1), "1,000"),
        (date(2022, 3, 31), "1,000"),
        (date(2022, 4, 1), "2,000"),
        (date(2026, 3, 31), "2,000"),
        (date(2026, 4, 1), "3,000"),
    ]:
        hits = find(library, "How much is the allowance?", as_of=day)
        assert len(hits) == (expected is not None), day
        assert expected is None or expected in hits[0].chunk.text
    assert len(library.published) == 3


def test_a_revision_that_ended_is_not_found_after_its_last_day(library: Library) -> None:
    publish(library, [document("rule", "Travel is booked by the office.", effective_to=date(2026, 3, 31))])
    assert found(library, "travel", as_of=date(2026, 3, 31)) == ["rule"]
    assert found(library, "travel", as_of=date(2026, 4, 1)) == []


def test_what_replaces_hides_the_replaced_from_its_first_day(library: Library) -> None:
    new = document("new", "Travel is booked at the counter.", replaces="old", effective_from=date(2026, 4, 1), level=2)
    publish(library, [document("old", "Travel is booked by the office."), new])
    assert found(library, "travel", as_of=date(2026, 3, 31)) == ["old"]
    assert found(library, "travel", as_of=date(2026, 4, 1)) == ["new"]
    assert found(library, "travel", as_of=date(2026, 4, 1), clearance=1) == [], "a rule that was replaced is no answer for anybody"


def test_new_bytes_at_the_same_place_take_the_place_of_the_old(library: Library) -> None:
    publish(library, [document("rule", "Travel is booked by the office."), document("other", "Parking is free.")])
    old = library.document("rule", clearance=3)
    (outcome,) = publish(library, [document("rule", "Journeys are booked at the counter.")])
    assert outcome.result == "revised"
    texts = [hit.chunk.text for hit in find(library, "travel booked office")]
    assert sorted(texts) == ["Journeys are booked at the counter.", "Parking is free."]
    assert (library.keyword.count, vectors(library).count) == library.registry.counts() == (2, 2)
    # An answer that was given before can still be looked up.
    assert library.document("rule", old.revision, clearance=3).text == old.text
    assert len(library.registry.revisions(PUBLISHED)) == 2


# ---------------------------------------------------------------- levels that change


def test_a_raised_level_holds_at_once_for_a_document_that_was_read_before(library: Library) -> None:
    open_ = document("rule", "Travel is booked by the office.", level=1)
    publish(library, [open_])
    assert library.document("rule", open_.revision, clearance=1).text == open_.text  # now it is kept in memory
    publish(library, [document("rule", "Travel is booked by the office.", level=3)])
    with pytest.raises(UnknownDocument):
        library.document("rule", open_.revision, clearance=1)
    assert found(library, "travel", clearance=1) == []
    assert found(library, "travel", clearance=3) == ["rule"]


def test_a_passage_that_one_reader_saw_stays_hidden_from_another(library: Library, monkeypatch: pytest.MonkeyPatch) -> None:
    publish(library, [document("rule", "Travel is booked by the office.", level=3)])
    (hit,) = find(library, "travel")
    revisions = frozenset(revision.number for revision in library.published)
    asked: list[int] = []
    read = library.registry.chunks

    def told(ids: Sequence[int]) -> dict[int, tuple[Chunk, int]]:
        asked.extend(ids)
        return read(ids)

    monkeypatch.setattr(library.registry, "chunks", told)
    assert library.chunks([hit.chunk.id, 999], Scope(clearance=3, revisions=revisions)) == {hit.chunk.id: hit.chunk}
    assert asked == [999], "the other is remembered"
    assert library.chunks([hit.chunk.id], Scope(clearance=2, revisions=revisions)) == {}
    assert library.chunks([hit.chunk.id], Scope(clearance=3, revisions=frozenset())) == {}
    publish(library, [document("other", "Parking is free.")])
    assert library.chunks([hit.chunk.id], Scope(clearance=3, revisions=revisions)) == {hit.chunk.id: hit.chunk}
    assert asked[-1] == hit.chunk.id, "after a publication it is read anew"


def test_a_revision_that_was_replaced_is_as_secret_as_what_replaced_it(library: Library) -> None:
    old = document("rule", "The combination is 1234.", level=1)
    publish(library, [old, document("rule", "The combination is in the safe.", level=3)])
    for revision in ("", old.revision, old.revision[:8]):
        with pytest.raises(UnknownDocument):
            library.document("rule", revision, clearance=2)
    assert library.document("rule", old.revision, clearance=3).text == old.text


# ---------------------------------------------------------------- originals


def test_an_original_comes_back_and_a_changed_one_does_not(library: Library) -> None:
    data = b"# Rule\n\nTravel is booked by the office.\n"
    digest = library.keep_original(data)
    stored = document("rule", "Travel is booked by the office.")
    kept = Document(id="rule", revision=digest, source=stored.source, text=stored.text, blocks=stored.blocks)
    assert library.original(kept) == data
    library.original_file(digest).write_bytes(data.replace(b"office", b"butler"))
    with pytest.raises(UnknownDocument, match="was changed on the disk"):
        library.original(kept)
    library.keep_original(data)  # "or add it again", says the message
    assert library.original(kept) == data
    library.original_file(digest).unlink()
    with pytest.raises(UnknownDocument, match="Add it again"):
        library.original(kept)
    assert list(library.incoming.iterdir()) == []


def test_the_fake_reads_english_and_no_japanese() -> None:
    vectors: Vectors = FakeEmbedder().encode(["one text", "another"])
    assert vectors.dtype == np.float32
    np.testing.assert_allclose(np.linalg.norm(vectors, axis=1), [1.0, 1.0], atol=1e-6)
    assert FakeEmbedder().readable(["Travel is free.", "旅費を請求する。"]) == [True, False]
