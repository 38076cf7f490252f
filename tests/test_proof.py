"""What somebody changes by hand in the registry or among the originals is named, and not shown; honest work leaves no finding."""

from __future__ import annotations

import json
import shutil
import sqlite3
import zlib
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from rag.ask import ask
from rag.desk import golden
from rag.desk.archive import bring_in, export
from rag.desk.correct import correct
from rag.desk.publish import check, publish, retire
from rag.errors import CitationError, NotAsPublished, UnknownDocument
from rag.evaluate.golden import Place
from rag.export.check import InLibrary, What
from rag.export.check import check as compare
from rag.export.pack import circumstances, pack
from rag.ingest import Ingester, ingest, rebuild
from rag.library import Library
from rag.records import Answer, Filters
from rag.registry import DRAFT, PUBLISHED, RETIRED, SUPERSEDED
from rag.registry.proof import Part
from rag.search import search

from .conftest import TODAY
from .small import found, library_at

SOURCES = """
[[document]]
id = "travel"
file = "travel.md"
title = "Travel Rules"
issuer = "Ministry of Examples"
effective_from = 2025-04-01
issued = 2025-03-01
level = 1

[[document]]
id = "safe"
file = "safe.md"
title = "The Safe"
issuer = "Bureau of Locks"
issued = 2025-03-01
effective_from = 2025-04-01
level = 3

[[document]]
id = "parking"
file = "parking.md"
title = "Parking Rules"
issuer = "Ministry of Examples"
issued = 2025-03-01
effective_from = 2025-04-01
level = 1
"""
FILES = {
    "travel.md": "# Travel Rules\n\n## Article 4 Booking\n\nTravel is booked by the office within five days.\n",
    "safe.md": "# The Safe\n\n## Article 1 Numbers\n\nThe combination of the safe is 4711.\n",
    "parking.md": "# Parking Rules\n\n## Article 2 Places\n\nParking behind the house is free for guests.\n",
}
QUESTION = "Who books travel?"
OTHER = "Is parking behind the house free?"


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with a library and its files, made once and copied for each test."""
    place = tmp_path_factory.mktemp("made")
    folder = place / "files"
    folder.mkdir()
    for name, text in FILES.items():
        (folder / name).write_text(text)
    (folder / "sources.toml").write_text(SOURCES)
    opened = library_at(place / "home")
    assert [outcome.reason for outcome in ingest(opened, [folder])] == ["", "", ""]
    golden.add(opened, QUESTION, [Place(document="travel", path="", page=None)], as_of=None, user="kato", clearance=3)
    opened.close()
    return place


@pytest.fixture
def folder(tmp_path: Path, made: Path) -> Path:
    return shutil.copytree(made / "files", tmp_path / "files")


@pytest.fixture
def library(tmp_path: Path, made: Path) -> Iterator[Library]:
    opened = library_at(shutil.copytree(made / "home", tmp_path / "home"))
    assert opened.mismatches(deep=True) == []
    yield opened
    opened.close()


def by_hand(library: Library, sql: str, *values: object) -> None:
    """What somebody with the file and a copy of sqlite3 does."""
    connection = sqlite3.connect(library.home / "registry.sqlite3")
    with connection:
        assert connection.execute(sql, values).rowcount >= 1, "nothing was changed"
    connection.close()


def asked(library: Library, question: str = QUESTION, clearance: int = 3) -> Answer:
    return ask(library, question, clearance=clearance, as_of=TODAY)


def cited(answer: Answer) -> set[str]:
    nearest = answer.refusal.nearest if answer.refusal else ()
    return {c.document_id for c in (*(c for s in answer.statements for c in s.citations), *nearest)}


def of(library: Library, *, deep: bool = True) -> dict[str, set[str]]:
    """Subject -> parts that are named."""
    named: dict[str, set[str]] = {}
    for one in library.mismatches(deep=deep):
        named.setdefault(one.subject, set()).add(one.part.value)
        assert one.subject in one.sentence
    return named


def blocks_by_hand(library: Library) -> None:
    connection = sqlite3.connect(library.home / "registry.sqlite3")
    (packed,) = connection.execute("SELECT blocks FROM revisions WHERE document_id = 'travel'").fetchone()
    changed = zlib.compress(zlib.decompress(packed).replace(b"Article 4", b"Article 7"))
    connection.close()
    by_hand(library, "UPDATE revisions SET blocks = ? WHERE document_id = 'travel'", changed)


def source_by_hand(field: str, value: object) -> Callable[[Library], None]:
    def change(library: Library) -> None:
        by_hand(library, f"UPDATE revisions SET source = json_set(source, '$.{field}', ?) WHERE document_id = 'travel'", value)

    return change


def sql(statement: str) -> Callable[[Library], None]:
    return lambda library: by_hand(library, statement)


CHANGES: dict[str, tuple[Callable[[Library], None], str]] = {
    "a word": (sql("UPDATE revisions SET text = replace(text, 'five', 'nine') WHERE document_id = 'travel'"), "text"),
    "a path": (blocks_by_hand, "blocks"),
    "a passage": (sql("UPDATE chunks SET text = replace(text, 'five', 'nine') WHERE text LIKE '%five%'"), "passages"),
    "a passage's place": (sql("UPDATE chunks SET path = '[\"Article 9\"]' WHERE text LIKE '%five%'"), "passages"),
    "the notes of reading": (sql("UPDATE revisions SET pages = 7 WHERE document_id = 'travel'"), "reading"),
    "the title": (source_by_hand("title", "Rules of Travel"), "source"),
    "the first day": (source_by_hand("effective_from", "2020-04-01"), "source"),
    "the level up": (source_by_hand("level", 2), "source"),
    "retired": (sql("UPDATE revisions SET state = 'retired' WHERE document_id = 'travel'"), "state"),
    "superseded": (sql("UPDATE revisions SET state = 'superseded' WHERE document_id = 'travel'"), "state"),
    "another document": (sql("UPDATE revisions SET document_id = 'parking' WHERE document_id = 'travel'"), "state"),
    "gone": (sql("DELETE FROM revisions WHERE document_id = 'travel'"), "state"),
}


@pytest.mark.parametrize("running", [True, False], ids=["while it runs", "before it is opened"])
@pytest.mark.parametrize("change", CHANGES)
def test_what_is_changed_by_hand_is_named_and_not_shown(library: Library, change: str, running: bool) -> None:
    assert cited(asked(library)) == {"travel"}
    alter, part = CHANGES[change]
    alter(library)
    opened = library if running else library_at(library.home)
    answer = asked(opened)
    assert "travel" not in cited(answer) and "travel" not in {hit.chunk.document_id for hit in answer.hits}
    assert "travel" not in found(opened, QUESTION)
    with pytest.raises((NotAsPublished, UnknownDocument)):
        opened.document("travel", clearance=3)
    assert cited(asked(opened, OTHER)) == {"parking"}, "the answer is made from the rest"
    assert part in of(opened, deep=False)["travel"], "told with the answer, too"
    assert part in of(opened)["travel"]


def test_a_level_that_is_lowered_by_hand_opens_nothing(library: Library) -> None:
    sha256 = next(r.sha256 for r in library.published if r.document_id == "safe")
    by_hand(library, "UPDATE revisions SET source = json_set(source, '$.level', 1) WHERE document_id = 'safe'")
    by_hand(library, "UPDATE chunks SET level = 1")
    opened = library_at(library.home)
    for reader in (library, opened):
        assert "safe" not in cited(asked(reader, "What is the combination of the safe?", clearance=1))
        with pytest.raises(UnknownDocument):  # and not that it is another one than was published: that would tell of it
            reader.document("safe", sha256, clearance=1)
    (listed,) = [r for r in opened.registry.revisions(PUBLISHED) if r.document_id == "safe"]
    assert (listed.source.level, listed.source.title) == (3, ""), "no list tells its title to those whom the hand let in"
    named = [one for one in opened.mismatches(deep=True) if one.subject == "safe"]
    assert {one.part for one in named} == {Part.SOURCE, Part.PASSAGES} and {one.level for one in named} == {3}


def test_a_draft_that_is_published_by_hand(library: Library, folder: Path) -> None:
    (folder / "extra.md").write_text("# Extra\n\n## Article 1\n\nTravel is booked by nobody at all.\n")
    list(ingest(library, [folder / "extra.md"], level=1, draft=True))
    by_hand(library, "UPDATE revisions SET state = 'published' WHERE state = 'draft'")
    opened = library_at(library.home)
    assert opened.troubles() == [], "no index is blamed"
    rebuild(opened)
    assert cited(asked(opened)) == {"travel"} and len(opened.published) == 3
    (named,) = opened.mismatches()
    assert (named.part, named.detail) == (Part.STATE, "published, and the log says draft")


def test_a_draft_that_is_changed_by_hand_is_not_published(library: Library, folder: Path) -> None:
    (folder / "travel.md").write_text(FILES["travel.md"].replace("five", "six"))
    list(ingest(library, [folder], draft=True))
    (number,) = [r.number for r in library.registry.revisions(DRAFT)]
    by_hand(library, "UPDATE revisions SET text = replace(text, 'six', 'ten') WHERE number = ?", number)
    with pytest.raises(NotAsPublished):
        publish(library, [number], user="kato", clearance=3, today=TODAY)
    assert "five days" in asked(library).statements[0].text


def test_a_retired_text_that_is_changed_by_hand_does_not_come_back(library: Library) -> None:
    (gone,) = retire(library, "travel", user="kato", clearance=3, reason="old")
    by_hand(library, "UPDATE revisions SET text = replace(text, 'five', 'nine') WHERE document_id = 'travel'")
    with pytest.raises(NotAsPublished):
        publish(library, [gone.number], user="kato", clearance=3, today=TODAY)
    with pytest.raises(NotAsPublished):
        library.document("travel", gone.sha256, clearance=3)


@pytest.mark.parametrize("what", ["correct", "raise", "read again"])
def test_what_was_changed_by_hand_is_not_vouched_for_afterwards(library: Library, what: str) -> None:
    change = "source = json_set(source, '$.title', 'Rules')" if what == "read again" else "text = replace(text, 'five', 'nine')"
    by_hand(library, f"UPDATE revisions SET {change} WHERE document_id = 'travel'")
    (revision,) = [r for r in library.registry.revisions(PUBLISHED) if r.document_id == "travel"]
    with pytest.raises(NotAsPublished):
        if what == "read again":
            with Ingester(library, clearance=3, draft=True) as ingester:
                ingester.read_again(revision)
        else:
            correct(library, "travel", {"title": "Travel"} if what == "correct" else {"level": "2"}, user="kato", clearance=3)
    assert "travel" not in cited(asked(library))


def test_an_altered_text_is_read_anew_from_its_original(library: Library) -> None:
    by_hand(library, "UPDATE revisions SET text = replace(text, 'five', 'nine') WHERE document_id = 'travel'")
    (revision,) = [r for r in library.registry.revisions(PUBLISHED) if r.document_id == "travel"]
    with Ingester(library, clearance=3, draft=True, user="kato") as ingester:
        ingester.add(ingester.read_again(revision))
        ingester.flush()
    publish(library, [r.number for r in library.registry.revisions(DRAFT)], user="kato", clearance=3, today=TODAY)
    assert "five days" in asked(library).statements[0].text


def test_the_text_in_force_before_does_not_step_in_for_an_altered_one(library: Library, folder: Path) -> None:
    (folder / "travel2.md").write_text(FILES["travel.md"].replace("five", "six"))
    (folder / "sources.toml").write_text(
        SOURCES + '\n[[document]]\nid = "travel"\nfile = "travel2.md"\ntitle = "Travel Rules"\neffective_from = 2026-04-01\nlevel = 1\n'
    )
    list(ingest(library, [folder]))
    assert "six days" in asked(library).statements[0].text
    by_hand(library, "UPDATE revisions SET text = replace(text, 'six', 'ten') WHERE document_id = 'travel'")
    assert "travel" not in cited(asked(library)), "that it was five days is no more so"


def test_the_golden_question_that_is_changed_by_hand_is_not_asked(library: Library) -> None:
    for change in (
        "UPDATE golden SET expect = '[]'",
        "UPDATE golden SET question = 'Who?'",
        "INSERT INTO golden (question, language, as_of, expect, topic) VALUES ('Who pays?', 'en', '', '[]', '')",
    ):
        by_hand(library, change)
        opened = library_at(library.home)
        assert [one.part for one in opened.mismatches()][-1] is Part.GOLDEN
    assert opened.registry.golden.all() == [] and len(of(opened)) == 2
    by_hand(library, "DELETE FROM golden")
    (named,) = library_at(library.home).mismatches()
    assert named.detail == "gone, and the log does not say so"


def test_a_correction_that_nobody_made(library: Library) -> None:
    correct(library, "travel", {"title": "Travel"}, user="kato", clearance=3)
    assert library.mismatches(deep=True) == []
    by_hand(library, "UPDATE corrections SET value = 'Trips'")
    assert of(library) == {"travel": {"correction"}}
    by_hand(library, "DELETE FROM corrections")
    assert of(library) == {"travel": {"correction"}}


@pytest.mark.parametrize("which", ["(SELECT min(number) FROM events)", "2", "(SELECT max(number) FROM events)"])
def test_an_entry_that_is_removed(library: Library, which: str) -> None:
    by_hand(library, f"DELETE FROM events WHERE number = {which}")
    named = library_at(library.home).mismatches()
    assert Part.LOG in {one.part for one in named}
    assert named == library.mismatches()


def test_an_entry_that_is_changed_vouches_for_nothing(library: Library) -> None:
    by_hand(library, "UPDATE events SET user = 'sato' WHERE action = 'publish' AND subject = 'travel'")
    opened = library_at(library.home)
    assert "travel" not in cited(asked(opened))
    assert of(opened)["travel"] == {"state"}


def test_a_log_that_is_emptied_is_not_begun_anew(library: Library) -> None:
    by_hand(library, "DELETE FROM events")
    opened = library_at(library.home)
    assert opened.registry.events.count() == 0 and opened.published == []
    assert {"travel", "safe", "parking"} <= set(of(opened))


def test_an_original_with_other_bytes_is_not_offered(library: Library) -> None:
    document = library.document("travel", clearance=3)
    file = library.original_file(document.revision)
    file.write_bytes(file.read_bytes().replace(b"five", b"nine"))
    assert of(library) == of(library, deep=False) == {"travel": {"original"}}
    with pytest.raises(UnknownDocument, match="changed on the disk"):
        library.original(document)
    assert cited(asked(library)) == {"travel"}, "its text is the one that was published"
    file.unlink()
    assert of(library) == {"travel": {"original"}}
    assert "not there" in library.mismatches()[0].sentence


def test_what_is_put_right_again_is_shown_again(library: Library) -> None:
    by_hand(library, "UPDATE revisions SET text = replace(text, 'five', 'nine') WHERE document_id = 'travel'")
    assert cited(asked(library)) != {"travel"}
    by_hand(library, "UPDATE revisions SET text = replace(text, 'nine', 'five') WHERE document_id = 'travel'")
    assert cited(asked(library)) == {"travel"} and library.mismatches(deep=True) == []


def test_a_pack_of_an_altered_document_differs(library: Library) -> None:
    from datetime import UTC, datetime

    about = circumstances(library, made=datetime.now(UTC), clearance=3, filters=Filters(), seconds=0.1)
    answer = asked(library)
    made = pack(answer, lambda id_, revision: library.document(id_, revision, clearance=3), about)
    by_hand(library, "UPDATE revisions SET text = replace(text, 'five', 'nine') WHERE document_id = 'travel'")
    (difference,) = compare(made, InLibrary(library, clearance=3)).differences
    assert difference.what is What.NOT_AS_PUBLISHED
    with pytest.raises(NotAsPublished):
        pack(answer, lambda id_, revision: library.document(id_, revision, clearance=3), about)
    altered = library.registry.unproven([1, 2, 3])
    with pytest.raises(CitationError):
        pack(answer, lambda id_, revision: next(one for one in altered.values() if one.id == id_), about)


# ------------------------------------------------------------ honest work


def test_honest_work_leaves_no_finding(library: Library, folder: Path, tmp_path: Path) -> None:
    def sound() -> None:
        assert library.mismatches(deep=True) == [] and library_at(library.home).mismatches(deep=True) == []

    correct(library, "parking", {"title": "Parking"}, user="kato", clearance=3)
    sound()
    correct(library, "parking", {"level": "2"}, user="kato", clearance=3)
    sound()
    (folder / "travel.md").write_text(FILES["travel.md"].replace("five", "six"))
    list(ingest(library, [folder]))
    assert {r.state for r in library.registry.revisions() if r.document_id == "travel"} == {PUBLISHED, SUPERSEDED}
    sound()
    (gone,) = retire(library, "travel", user="kato", clearance=3, reason="old")
    sound()
    correct(library, "parking", {"level": "1"}, user="kato", clearance=3)
    publish(library, [gone.number], user="kato", clearance=3, today=TODAY)
    sound()
    retire(library, "travel", user="kato", clearance=3, reason="old")
    correct(library, "safe", {"title": "Safe"}, user="kato", clearance=3)
    (folder / "extra.md").write_text("# Extra\n\n## Article 1\n\nLunch is at noon.\n")
    list(ingest(library, [folder / "extra.md"], level=1, draft=True))
    (draft,) = [r.number for r in library.registry.revisions(DRAFT)]
    check(library, [draft], user="kato", clearance=3, today=TODAY, reason="fine")
    sound()
    library.registry.desk.retire([draft], user="kato", reason="no")
    sound()
    library.registry.golden.remove(1, user="kato", reason="old")
    golden.add(library, OTHER, [Place(document="parking", path="", page=None)], as_of=None, user="kato", clearance=3)
    sound()
    rebuild(library)
    sound()
    export(library, tmp_path / "library.zip")
    bring_in(tmp_path / "library.zip", tmp_path / "elsewhere")
    there = library_at(tmp_path / "elsewhere")
    rebuild(there)
    assert there.mismatches(deep=True) == [] and len(there.published) == len(library.published)


def test_a_level_raised_on_what_is_retired_is_vouched_for(library: Library, folder: Path) -> None:
    (folder / "travel2.md").write_text(FILES["travel.md"].replace("five", "six"))
    (folder / "sources.toml").write_text(
        SOURCES + '\n[[document]]\nid = "travel"\nfile = "travel2.md"\ntitle = "Travel Rules"\neffective_from = 2026-04-01\nlevel = 1\n'
    )
    list(ingest(library, [folder]))
    old = next(r for r in library.published if r.document_id == "travel")
    retire(library, "travel", user="kato", clearance=3, reason="old", sha256=old.sha256)
    correct(library, "travel", {"level": "3"}, user="kato", clearance=3)
    (gone,) = library.registry.revisions(RETIRED)
    assert gone.source.level == 3 and library.mismatches(deep=True) == []
    publish(library, [gone.number], user="kato", clearance=3, today=TODAY)
    assert library.mismatches(deep=True) == []


# ------------------------------------------------------------ libraries from before


def before_digests(library: Library) -> Library:
    """The library as it was before entries had digests, opened."""
    library.close()
    events = []
    connection = sqlite3.connect(library.home / "registry.sqlite3")
    for row in connection.execute("SELECT number, at, user, action, subject, detail FROM events ORDER BY number").fetchall():
        detail = {name: value for name, value in json.loads(row[5]).items() if name != "proof"}
        events.append((*row[:5], json.dumps(detail, ensure_ascii=False, sort_keys=True)))
    from rag.registry.events import FIRST, digest

    last = FIRST
    with connection:
        for number, at, user, action, subject, said in events:
            made = digest(at, user, action, subject, said, last)
            connection.execute("UPDATE events SET detail = ?, previous = ?, digest = ? WHERE number = ?", (said, last, made, number))
            last = made
    connection.close()
    return library_at(library.home)


def test_a_library_from_before_is_vouched_for_from_now_on(library: Library, folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("KONKYO_USER", "sato")
    correct(library, "parking", {"title": "Parking"}, user="kato", clearance=3)
    (folder / "extra.md").write_text("# Extra\n\n## Article 1\n\nLunch is at noon.\n")
    (id_,) = [outcome.document_id for outcome in ingest(library, [folder / "extra.md"], level=1, draft=True)]
    old = [(event.at, event.action, event.subject) for event in library.registry.events.all()]
    opened = before_digests(library)
    events = opened.registry.events.all()
    assert [(event.at, event.action, event.subject) for event in events[: len(old)]] == old, "what was there stays"
    new = events[len(old) :]
    assert {(event.action, event.user) for event in new} == {("record digests", "sato")}
    assert sorted(event.subject for event in new) == ["", id_, "parking", "parking", "safe", "travel"]
    since = opened.registry.checker.look().expected.since
    assert since == (new[0].at, "sato", len(new) - 1)
    assert opened.mismatches(deep=True) == [] and cited(asked(opened)) == {"travel"}
    opened.close()

    again = library_at(library.home)
    assert len(again.registry.events.all()) == len(events), "once"
    publish(again, [r.number for r in again.registry.revisions(DRAFT)], user="kato", clearance=3, today=TODAY, reason="fine")
    assert again.mismatches(deep=True) == []
    by_hand(again, "UPDATE revisions SET text = replace(text, 'five', 'nine') WHERE document_id = 'travel'")
    assert of(again) == {"travel": {"text"}}
    assert of(library_at(library.home)) == {"travel": {"text"}}


def test_an_empty_library_has_nothing_to_record(tmp_path: Path) -> None:
    for _ in range(2):
        opened = library_at(tmp_path / "home")
        assert opened.registry.events.count() == 0 and opened.mismatches(deep=True) == []
        opened.close()


def test_search_finds_nothing_that_was_changed(library: Library) -> None:
    by_hand(library, "UPDATE chunks SET text = replace(text, 'five', 'nine') WHERE text LIKE '%five%'")
    result = search(library, QUESTION, clearance=3, as_of=TODAY, limit=20)
    assert "travel" not in {hit.chunk.document_id for hit in result.hits}
