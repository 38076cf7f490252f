"""Nobody changes what he may not read: no draft, id, correction or job takes the place of a document above its person's level, and
nothing that is said about it differs from what is said about a document that is not there."""

from __future__ import annotations

import io
import json
import re
import zipfile
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from rag import cli
from rag.desk import gate, golden, jobs, overview, work
from rag.desk.correct import correct
from rag.desk.publish import check, publish, retire
from rag.errors import GoldenRegressed, KonkyoError, LibraryError, UnknownDocument
from rag.ingest import Ingester, ingest
from rag.library import Library
from rag.read.options import Options
from rag.records import Document, Filters
from rag.registry import DRAFT, PUBLISHED, RETIRED
from rag.registry.jobs import DONE, FAILED, Job
from rag.rights import Rights

from .conftest import TODAY
from .fakes import FakeEmbedder, NoModel
from .small import document, found, library_at
from .small import publish as publish_at_once

SECRET = "The vault is opened at midnight by the director alone."
"""Text of a document of level 3."""
DAYS: dict[str, Any] = {"effective_from": date(2026, 4, 1), "issued": date(2026, 3, 1)}
NOTHING = "aardvark"
"""An id that no document has."""
CLASSED = "classed"


def draft(library: Library, *documents: Document, clearance: int = 3) -> list[int]:
    """Drafts as somebody of this clearance puts them in."""
    before = {revision.number for revision in library.registry.revisions()}
    with Ingester(library, draft=True, user="kato", clearance=clearance) as ingester:
        for one in documents:
            ingester.add(one)
        ingester.flush()
    return [revision.number for revision in library.registry.revisions() if revision.number not in before]


@pytest.fixture
def library(tmp_path: Path) -> Iterator[Library]:
    """With one document of level 3 and one of level 1."""
    opened = library_at(tmp_path / "home")
    with Ingester(opened, clearance=3) as ingester:
        ingester.add(document(CLASSED, SECRET, uri="vault.md", level=3, **DAYS))
        ingester.add(document("open", "Parking is free for visitors.", level=1, **DAYS))
        ingester.flush()
    yield opened
    opened.close()


def classed(library: Library) -> list[tuple[str, str, int | None, str]]:
    """What there is of the document of level 3."""
    return [(r.sha256, r.state, r.source.level, r.source.title) for r in library.registry.revisions() if r.document_id == CLASSED]


def answering(library: Library, clearance: int) -> set[str]:
    """The documents that a person of this clearance is answered from."""
    return {r.document_id for r in library.visible(clearance=clearance, as_of=TODAY, filters=Filters())}


def do(library: Library, number: int) -> Job:
    work.work(library, today=lambda: TODAY)
    job = library.registry.jobs.get(number)
    assert job is not None
    return job


def packed(manifest: str, **files: str) -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as archive:
        archive.writestr("sources.toml", manifest)
        for name, text in files.items():
            archive.writestr(f"{name}.md", text)
    return out.getvalue()


def refused(do_it: Callable[[str], object]) -> None:
    """What ``do_it`` says of the document above and of one that is not there, in the same words."""
    said = []
    for id in (CLASSED, NOTHING):
        with pytest.raises(UnknownDocument) as caught:
            do_it(id)
        said.append(str(caught.value).replace(id, "ID"))
        assert caught.value.__cause__ is None
    assert said[0] == said[1] and "Title" not in said[0]


# ---------------------------------------------------------------- the rule itself


def test_what_a_change_needs(library: Library) -> None:
    publish_at_once(
        library,
        [
            document("fall", "Was closed.", uri="a.md", level=3, effective_from=date(2020, 4, 1)),
            document("fall", "Is open.", uri="b.md", level=1, effective_from=date(2024, 4, 1)),
            document("heir", "Instead of the vault.", level=1, replaces=CLASSED),
            document("none", "Nobody said.", level=None),
        ],
    )
    draft(library, document("waits", "Text.", uri="a.md", level=1), document("waits", "Other text.", uri="b.md", level=2))
    past = publish_at_once(library, [document("past", "Long ago.", level=3)])[0].document_id
    retire(library, past, user="kato", clearance=3, reason="over")
    rights = Rights.of(library.registry.revisions(), 1)
    assert {id: rights.needed[id] for id in ("open", CLASSED, "fall", "heir", "none", "waits", "past")} == {
        "open": 1,
        CLASSED: 3,
        "fall": 3,
        "heir": 3,
        "none": 3,
        "waits": 2,
        "past": 3,
    }
    draft(library, document("past", "Today.", level=1))
    assert Rights.of(library.registry.revisions(), 1).may_change("past"), "what is retired stands in nobody's way beside what waits"


@pytest.mark.parametrize("clearance", [1, 2])
def test_an_own_id_tells_nothing_and_stays(library: Library, clearance: int) -> None:
    rights = Rights.of(library.registry.revisions(), clearance)
    for id in (CLASSED, NOTHING):
        own = rights.own_id(id)
        assert re.fullmatch(rf"{id}-[0-9a-f]{{8}}", own) and rights.own_id(own) == own
        assert not rights.may_change(own)
    assert rights.own_id("open") == "open"
    assert Rights.of(library.registry.revisions(), 3 - clearance).own_id(NOTHING) != rights.own_id(NOTHING), "each level has its own"
    assert Rights.of(library.registry.revisions(), 3).own_id(CLASSED) == CLASSED


def test_an_own_id_that_was_put_above_is_left_alone(library: Library) -> None:
    own = Rights.of(library.registry.revisions(), 1).own_id("rule")
    publish_at_once(library, [document(own, "Since closed.", level=3)])
    again = Rights.of(library.registry.revisions(), 1).own_id("rule")
    assert again != own and again.startswith(own)


# ---------------------------------------------------------------- publishing


@pytest.mark.parametrize("clearance", [1, 2])
@pytest.mark.parametrize("more", [{}, {"uri": "vault.md"}, {"effective_from": date(2026, 11, 1)}, {"effective_from": date(2020, 1, 1)}])
def test_a_draft_does_not_take_the_place_of_a_document_above(library: Library, clearance: int, more: dict[str, Any]) -> None:
    numbers = draft(library, document(CLASSED, "The vault is open to all.", **{"level": 1, **DAYS, **more}))
    before = classed(library)
    with pytest.raises(UnknownDocument, match="There is no document classed that you may change"):
        publish(library, numbers, user="sato", clearance=clearance, today=TODAY, reason="I want it")
    assert classed(library) == before and answering(library, 1) == {"open"}
    publish(library, numbers, user="kato", clearance=3, today=TODAY, reason="It may be known now")
    earlier = more.get("effective_from") == date(2020, 1, 1)
    assert answering(library, 1) == ({"open"} if earlier else {"open", CLASSED})


def test_a_document_below_does_not_replace_one_above(library: Library) -> None:
    numbers = draft(library, document("heir", "The vault is open to all.", level=1, replaces=CLASSED, **DAYS))
    with pytest.raises(UnknownDocument, match="There is no document heir that you may change"):
        publish(library, numbers, user="sato", clearance=2, today=TODAY)
    assert answering(library, 3) == {"open", CLASSED}
    publish(library, numbers, user="kato", clearance=3, today=TODAY)
    heir = [r for r in library.registry.revisions(PUBLISHED) if r.document_id == "heir"]
    for change in (
        lambda: retire(library, "heir", user="sato", clearance=2, reason="x"),
        lambda: correct(library, "heir", {"effective_to": "2026-05-01"}, user="sato", clearance=2),
    ):
        with pytest.raises(UnknownDocument):
            change()
    assert [r for r in library.registry.revisions(PUBLISHED) if r.document_id == "heir"] == heir


@pytest.mark.parametrize("state", [DRAFT, RETIRED])
def test_a_number_above_the_level_is_a_number_that_is_not_there(library: Library, state: str) -> None:
    if state == RETIRED:
        retire(library, CLASSED, user="kato", clearance=3, reason="over")
        (number,) = [r.number for r in library.registry.revisions(RETIRED)]
    else:
        (number,) = draft(library, document("secret-draft", "The vault moves.", level=3, **DAYS))
    mine = draft(library, document("mine", "Tea is at three.", level=1, **DAYS), clearance=1)
    said = []
    for one in (number, 999):
        with pytest.raises(LibraryError) as caught:
            publish(library, [*mine, one], user="sato", clearance=1, today=TODAY, reason="x")
        said.append(str(caught.value))
    assert said[0] == said[1]
    assert check(library, [number], user="sato", clearance=1, today=TODAY, reason="x") == {}
    assert [r.state for r in library.registry.revisions() if r.number in (number, *mine)] == [state, DRAFT], "all at once or none"
    job = do(library, jobs.publish(library, [number], user="sato", clearance=1, reason="x"))
    none = do(library, jobs.publish(library, [999], user="sato", clearance=1, reason="x"))
    assert (job.state, job.code, job.message, job.told) == (none.state, none.code, none.message, none.told)
    assert job.state == FAILED


# ---------------------------------------------------------------- retiring, correcting, reading again


@pytest.mark.parametrize("clearance", [1, 2])
def test_what_is_above_is_not_retired_corrected_or_read_again(library: Library, clearance: int) -> None:
    before = classed(library)
    sha256 = before[0][0]
    refused(lambda name: retire(library, name, user="sato", clearance=clearance, reason="x"))
    for values in (
        {"title": "Mine"},
        {"level": "1"},
        {"level": ""},
        {"replaces": "open"},
        {"effective_to": "2026-05-01"},
        {"review_on": ""},
    ):
        refused(lambda name, values=values: correct(library, name, values, user="sato", clearance=clearance))  # type: ignore[misc]
    refused(lambda name: jobs.read_again(library, name, sha256, Options(), user="sato", clearance=clearance))
    assert classed(library) == before
    assert library.registry.desk.corrections() == {} and library.registry.desk.readings() == {}
    told = []
    for id, number in ((CLASSED, 1), (NOTHING, 999)):
        one = do(library, jobs.correct(library, id, "", {"level": "1"}, user="sato", clearance=clearance))
        two = do(library, jobs.retire(library, [number], user="sato", clearance=clearance, reason="x"))
        told.append([(job.state, job.code, job.message.replace(id, "ID"), job.told) for job in (one, two)])
    assert told[0] == told[1] and classed(library) == before


def test_a_level_is_not_lowered_by_way_of_another_revision(library: Library) -> None:
    """The correction of a level holds for the whole document, so also for a draft above, when that is corrected the next time."""
    draft(library, document("open", SECRET, uri="next.md", level=3, **DAYS))
    with pytest.raises(UnknownDocument):
        correct(library, "open", {"level": "1"}, user="sato", clearance=1)
    assert library.registry.desk.corrections() == {}


def test_a_correction_names_no_document_above(library: Library) -> None:
    mine = draft(library, document("mine", "Tea is at three.", level=1, **DAYS), clearance=1)
    refused(lambda name: correct(library, "mine", {"replaces": name}, user="sato", clearance=1))
    assert library.registry.desk.corrections() == {}
    correct(library, "mine", {"replaces": "open"}, user="sato", clearance=1)
    assert [r.source.replaces for r in library.registry.revisions(DRAFT)] == ["open"] and mine
    correct(library, "mine", {"replaces": NOTHING}, user="kato", clearance=3)


def test_a_level_may_be_raised_above_ones_own(library: Library) -> None:
    correct(library, "open", {"level": "3"}, user="sato", clearance=1)
    assert (answering(library, 2), answering(library, 3)) == (set(), {"open", CLASSED})
    with pytest.raises(UnknownDocument):
        correct(library, "open", {"level": "1"}, user="sato", clearance=1)


# ---------------------------------------------------------------- handing in


@dataclass(frozen=True, kw_only=True)
class Told:
    """What somebody sees of a job and of what came of it."""

    job: tuple[object, ...]
    rows: list[tuple[object, ...]]
    found: list[str]


def told(library: Library, job: Job, clearance: int, *ids: str) -> Told:
    def plain(value: object) -> str:
        text = json.dumps(value, ensure_ascii=False, default=str)
        for id in ids:
            text = re.sub(rf"{id}-[0-9a-f]{{8}}", f"{id}-own", text)
        return text.replace(CLASSED, "ID").replace(NOTHING, "ID")

    every = overview.rows(library, clearance=clearance, today=TODAY)
    mine = [row for row in every if row.revision.document_id != "open"]
    rows: list[tuple[object, ...]] = [
        (
            plain(row.revision.document_id),
            row.revision.state,
            plain([f.stored() for f in row.findings]),
            plain(row.revision.source.replaces),
        )
        for row in mine
    ]
    names = [plain(id) for id in found(library, "vault tea room", clearance=clearance)]
    return Told(job=(job.state, job.code, plain(job.message), plain(list(job.told))), rows=rows, found=names)


def _described(fields: str, words: str) -> list[tuple[str, bytes]]:
    manifest = f"[[document]]\nfile = 'a.md'\nlevel = 1\neffective_from = 2026-04-01\n{fields}\n"
    return [("a.zip", packed(manifest, a=f"# A\n\n{words}\n"))]


HANDED_IN: dict[str, Callable[[str], list[tuple[str, bytes]]]] = {
    "id": lambda name: _described(f"id = '{name}'", "The tea room opens."),
    "replaces": lambda name: _described(f"id = 'mine'\nreplaces = '{name}'", "The tea room opens."),
    "text": lambda name: _described("id = 'mine'", f"The {name} tea room opens."),
}


@pytest.mark.parametrize("clearance", [1, 2])
@pytest.mark.parametrize("how", HANDED_IN)
def test_handing_in_tells_nothing_and_displaces_nothing(tmp_path: Path, how: str, clearance: int) -> None:
    seen = []
    for id in (CLASSED, NOTHING):
        library = library_at(tmp_path / id)
        publish_at_once(
            library, [document(CLASSED, SECRET, uri="vault.md", level=3, **DAYS), document("open", "Parking is free.", level=1)]
        )
        before = classed(library)
        job = do(library, jobs.add(library, HANDED_IN[how](id), user="sato", clearance=clearance, level=1))
        (mine,) = library.registry.revisions(DRAFT)
        first = told(library, job, clearance, id, "mine")
        done = do(library, jobs.publish(library, [mine.number], user="sato", clearance=clearance, reason="x"))
        assert done.state == DONE, done.message
        assert classed(library) == before
        assert CLASSED in answering(library, 3)
        again = do(library, jobs.add(library, HANDED_IN[how](id), user="sato", clearance=clearance, level=1))
        assert [entry["result"] for entry in again.told] == ["unchanged"], "the same file is the same document"
        seen.append((first, told(library, done, clearance, id, "mine"), told(library, again, clearance, id, "mine")))
        library.close()
    assert seen[0] == seen[1]


@pytest.mark.parametrize("name", ["規程.md", "415AC0000000057_20250401_505AC0000000047.md"])
def test_a_file_of_the_name_of_one_above_is_another_document(library: Library, name: str) -> None:
    do(library, jobs.add(library, [(name, f"# Rule\n\n{SECRET}\n".encode())], user="kato", clearance=3, level=3, effective_from=TODAY))
    (above,) = library.registry.revisions(DRAFT)
    job = do(library, jobs.add(library, [(name, b"# Rule\n\nThe tea room opens.\n")], user="sato", clearance=1, level=1))
    assert [(entry["result"], entry["reason"]) for entry in job.told] == [("added", "")], "not revised, and no day of another one is told"
    assert [r.number for r in library.registry.revisions(DRAFT)][0] == above.number, "the draft above is not dropped"
    same = do(
        library, jobs.add(library, [(name, f"# Rule\n\n{SECRET}\n".encode())], user="sato", clearance=1, level=1, effective_from=TODAY)
    )
    assert [(entry["result"], entry["reason"]) for entry in same.told] == [("revised", "")], "of his own; the bytes above are no duplicate"
    assert above.number in [r.number for r in library.registry.revisions(DRAFT)]
    published = do(library, jobs.publish(library, [above.number], user="kato", clearance=3, reason="x"))
    assert published.state == DONE


def test_a_new_revision_on_the_page_of_a_document_above(library: Library) -> None:
    before, said = classed(library), []
    for id in (CLASSED, NOTHING):
        files = [("vault.md", b"# Vault\n\nOpen to all.\n")]
        job = do(library, jobs.add(library, files, user="sato", clearance=2, document_id=id, effective_from=date(2026, 4, 1)))
        said.append((job.state, job.code, job.message.replace(id, "ID"), job.told))
    assert said[0] == said[1] and said[0][0] == FAILED and classed(library) == before
    mine = do(library, jobs.add(library, files, user="sato", clearance=1, document_id="open", effective_from=date(2026, 5, 1)))
    assert [entry["document_id"] for entry in mine.told] == ["open"]


def test_what_is_ingested_at_once_keeps_to_the_level_of_the_machine(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    folder = tmp_path / "folder"
    folder.mkdir()
    (folder / "a.md").write_text("# Vault\n\nThe vault is open to all.\n", encoding="utf-8")
    (folder / "sources.toml").write_text(f"[[document]]\nid = '{CLASSED}'\nfile = 'a.md'\nlevel = 1\n", encoding="utf-8")
    library = library_at(tmp_path / "home", clearance=2)
    publish_at_once(library, [document(CLASSED, SECRET, uri="a.md", level=3)])
    (outcome,) = ingest(library, [folder])
    assert outcome.result == "added" and outcome.document_id.startswith(f"{CLASSED}-")
    assert classed(library)[0][1:3] == (PUBLISHED, 3) and found(library, "vault midnight", clearance=3)[0] == CLASSED


def test_nobody_adds_to_a_document_above_by_way_of_the_writer(library: Library) -> None:
    for one in (document(CLASSED, "x y z", level=1), document("mine", "x y z", level=1, replaces=CLASSED)):
        with pytest.raises(UnknownDocument), Ingester(library, clearance=2) as ingester:
            ingester.add(one)


# ---------------------------------------------------------------- what the gate finds, golden questions


LONG = " ".join(f"The officer of room {n} signs the list of keys and hands it to the guard at the gate." for n in range(60))


@pytest.mark.parametrize("words", [LONG, LONG + " Then the guard leaves."])
def test_a_finding_about_a_document_above_is_told_to_those_who_may_read_it(library: Library, words: str) -> None:
    publish_at_once(library, [document("keys", LONG, level=3)])
    numbers = draft(library, document("mine", words, level=1, replaces="keys", **DAYS), clearance=3)
    codes = {}
    for clearance in (1, 2, 3):
        found_ = gate.look_and_keep(library, numbers, user="sato", clearance=clearance, today=TODAY)[numbers[0]]
        (row,) = [row for row in overview.rows(library, clearance=clearance, today=TODAY) if row.revision.number in numbers]
        assert [f.code for f in row.findings] == [f.code for f in found_]
        codes[clearance] = {f.code for f in found_} & {"same-bytes", "near-duplicate"}
        assert ("keys" in str([f.sentence for f in found_ if f.code != "replaces-unknown"])) == (clearance == 3)
        assert "replaces-unknown" in {f.code for f in found_}, "as for a document that is not there"
    assert codes == {1: set(), 2: set(), 3: {"same-bytes" if words == LONG else "near-duplicate"}}


def test_a_golden_question_about_what_is_above_stops_a_change_without_its_words(library: Library) -> None:
    publish_at_once(library, [document("desk", "The desk opens the vault at noon.", level=1, **DAYS)])
    expect = [{"document": "desk", "path": "", "page": None}, {"document": CLASSED, "path": "", "page": None}]
    library.registry.golden.add("Where is the desk that opens the vault?", language="en", expect=expect, as_of=None, topic="", user="kato")
    results = golden.run(library, user="kato", today=TODAY)
    assert results[0].right
    for clearance, words in ((1, golden.UNREAD), (3, "Where is the desk")):
        going = [r.number for r in library.registry.revisions(PUBLISHED)]
        before = golden.guard(library, user="sato", clearance=clearance, today=TODAY, retiring=True)
        with pytest.raises(GoldenRegressed) as caught:
            before(going)
        assert words in str(caught.value) and words in caught.value.lost[0][0]
        assert clearance == 3 or "vault" not in f"{caught.value} {caught.value.lost}"


# ---------------------------------------------------------------- the command line


@pytest.mark.parametrize("state", [PUBLISHED, DRAFT, RETIRED])
@pytest.mark.parametrize(
    "argv",
    [
        ["correct", "ID", "level=1"],
        ["correct", "ID", "title=Mine", "--revision", "ab"],
        ["correct", "open", "replaces=ID"],
        ["retire", "ID", "--reason", "x"],
        ["publish", "ID", "--reason", "x"],
        ["check", "ID"],
        ["show", "ID"],
        ["diff", "ID"],
        ["reread", "ID", "--heading", "x=1"],
        ["log", "ID"],
        ["text", "ID"],
        ["golden", "add", "Who opens it?", "--expect", "ID:Part 1"],
    ],
    ids=lambda argv: " ".join(argv[:3]),
)
def test_every_command_says_the_same_of_what_is_above_and_of_what_is_not_there(
    tmp_path: Path, library: Library, monkeypatch: pytest.MonkeyPatch, argv: list[str], state: str
) -> None:
    if state == RETIRED:
        retire(library, CLASSED, user="kato", clearance=3, reason="over")
    if state == DRAFT:
        library.registry.desk.retire([1], user="kato", reason="x")
        draft(library, document(CLASSED, "The vault moves.", level=3, **DAYS))
    monkeypatch.setenv("KONKYO_HOME", str(tmp_path / "home"))
    monkeypatch.setenv("KONKYO_CLEARANCE", "2")
    monkeypatch.setattr("rag.library.Embedder", lambda name, download: FakeEmbedder())
    monkeypatch.setattr("rag.library.StaticModel", NoModel)
    before, said = classed(library), []
    for id in (CLASSED, NOTHING):
        result = CliRunner().invoke(cli.app, [part.replace("ID", id) for part in argv])
        error = result.exception
        assert isinstance(error, (KonkyoError, SystemExit)), error
        said.append((result.output + str(error)).replace(id, "ID"))
    assert said[0] == said[1] and "Title" not in said[0]
    assert classed(library) == before


def test_a_job_carries_the_rights_of_whoever_handed_it_in(library: Library) -> None:
    """Not those of the process that does it, whose settings may allow everything."""
    assert library.settings.clearance == 3
    numbers = draft(library, document(CLASSED, "The vault is open to all.", level=1, **DAYS))
    low = jobs.publish(library, numbers, user="sato", clearance=1, reason="x")
    high = jobs.publish(library, numbers, user="kato", clearance=3, reason="x")
    assert (do(library, low).state, do(library, high).state) == (FAILED, DONE)
