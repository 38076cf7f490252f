"""Evidence packs: what is in them is enough to check an answer again, and every kind of change is named."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from copy import deepcopy
from dataclasses import fields
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

import jsonschema
import pytest
from typer.testing import CliRunner

from rag.ask import ask
from rag.cli import app
from rag.errors import PackError
from rag.export.check import Difference, InFiles, InLibrary, Result, What, check, load, schema
from rag.export.pack import SHOWN, Circumstances, circumstances, digest, dumps, pack
from rag.ingest import ingest
from rag.library import Library
from rag.read.sandbox import Sandbox
from rag.records import Answer, Document, Filters
from rag.settings import Settings
from tests.conftest import TODAY
from tests.small import library_at

RULES = """# 旅費規程

第一条　この規程は、旅費について定める。

第二条　旅費は、出張が終わった日から十日以内に請求しなければならない。

２　車賃は、実費による。
"""
LEAVE = "# 休暇規程\n\n第一条　年次休暇は、二十日とする。\n"
MADE = datetime(2026, 11, 23, 0, 30, tzinfo=UTC)


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with documents/ and home/, a library of them."""
    folder = tmp_path_factory.mktemp("packs")
    documents = folder / "documents"
    documents.mkdir()
    (documents / "旅費.md").write_text(RULES, encoding="utf-8")
    (documents / "休暇.md").write_text(LEAVE, encoding="utf-8")
    library = library_at(folder / "home")
    assert {outcome.result.value for outcome in ingest(library, [documents], level=1)} == {"added"}
    library.close()
    return folder


@pytest.fixture(scope="module")
def library(place: Path) -> Iterator[Library]:
    opened = library_at(place / "home")
    yield opened
    opened.close()


@pytest.fixture(scope="module")
def answer(library: Library) -> Answer:
    given = ask(library, "旅費は出張が終わった日から何日以内に請求しますか", clearance=2, as_of=TODAY)
    assert given.statements
    return given


@pytest.fixture(scope="module")
def made(library: Library, answer: Answer) -> dict[str, Any]:
    about = circumstances(library, made=MADE, clearance=2, filters=Filters(), seconds=0.1234)
    return pack(answer, lambda id_, revision: library.document(id_, revision, clearance=2), about)


@pytest.fixture
def read(made: dict[str, Any], tmp_path: Path) -> dict[str, Any]:
    """The pack, written and read again."""
    file = tmp_path / "pack.json"
    file.write_text(dumps(made), encoding="utf-8")
    return load(file)


def changed(pack: Mapping[str, Any], *, sealed: bool = True, **fields: Any) -> dict[str, Any]:
    """A pack with other fields; ``sealed``: with a digest that fits."""
    other = deepcopy({**pack, **fields})
    return {**other, "digest": digest(other)} if sealed else other


def kinds(result: Result) -> list[What]:
    return [difference.what for difference in result.differences]


class Given:
    """Originals from a dictionary."""

    def __init__(self, document: Document | None) -> None:
        self.document = document

    def find(self, revision: Mapping[str, Any]) -> tuple[Document | None, Difference | None]:
        return self.document, None

    def note(self, revision: Mapping[str, Any]) -> str:
        return ""


# ------------------------------------------------------------ what is in it


def test_a_pack_is_what_its_schema_says(read: dict[str, Any], answer: Answer, library: Library) -> None:
    jsonschema.Draft202012Validator.check_schema(schema())
    jsonschema.Draft202012Validator(schema()).validate(read)
    assert (read["question"], read["as_of"], read["made"], read["seconds"]) == (
        answer.question,
        "2026-11-23",
        "2026-11-23T00:30:00Z",
        0.123,
    )
    assert [hit["rank"] for hit in read["hits"]] == [hit.rank for hit in answer.hits]
    assert read["hits"][0]["found_by"] == dict(answer.hits[0].found_by)
    for citation in read["citations"]:
        text = library.document(citation["document_id"], citation["revision"], clearance=3).text
        assert text[citation["start"] : citation["end"]] == citation["quote"]
    assert {revision["sha256"] for revision in read["revisions"]} == {citation["revision"] for citation in read["citations"]}
    assert read["models"] == {"embedding_1": "fake", "embedding_2": "none"}


def test_every_field_is_explained() -> None:
    def walk(part: Any, at: str) -> Iterator[str]:
        for name, field in part.get("properties", {}).items():
            obvious = {"format", "version", "issuers", "kinds", "documents", "title", "issuer", "licence", "revision", "document_id"}
            if "description" not in field and name not in obvious:
                yield f"{at}.{name}"
            yield from walk(field, f"{at}.{name}")
            yield from walk(field.get("items", {}), f"{at}.{name}[]")

    assert list(walk(schema(), "")) == []


def test_a_refusal_is_packed_too(library: Library, tmp_path: Path) -> None:
    refused = ask(library, "ズワイガニの漁獲枠", clearance=2, as_of=TODAY)
    assert refused.refusal
    about = circumstances(library, made=MADE, clearance=2, filters=Filters(issuers=frozenset({"会計課"})), seconds=1.0)
    file = tmp_path / "pack.json"
    file.write_text(dumps(pack(refused, lambda id_, revision: library.document(id_, revision, clearance=2), about)), encoding="utf-8")
    assert load(file)["answer"]["refusal"]["reason"] == refused.refusal.reason.value
    assert kinds(check(load(file), InLibrary(library, clearance=2))) == []


def test_no_secret_and_no_path_of_the_machine(answer: Answer, library: Library, tmp_path: Path) -> None:
    """A setting goes into a pack only by name; whatever is new stays out until somebody decides."""
    settings = {field.name: f"secret-{field.name}" for field in fields(Settings)}
    settings |= {
        "llm_url": "https://user:secret-password@llm.example:8443/v1?key=secret-key",
        "llm_key": "secret-key",
        "model": str(tmp_path / "m"),
    }
    about = Circumstances(made=MADE, clearance=2, settings=settings)
    text = dumps(pack(answer, lambda id_, revision: library.document(id_, revision, clearance=2), about))
    shown = json.loads(text)["settings"]
    assert shown["llm_url"] == "https://llm.example:8443/v1" and shown["model"] == "m"
    assert "secret-key" not in text and "secret-password" not in text and str(tmp_path) not in text
    assert not any("key" in name or "home" in name or "token" in name for name in SHOWN)


# ------------------------------------------------------------ what changed


def test_nothing_changed(read: dict[str, Any], library: Library, place: Path) -> None:
    assert check(read, InLibrary(library, clearance=2)).differences == ()
    with Sandbox() as sandbox:
        result = check(read, InFiles(place / "documents", sandbox))
    assert (result.differences, result.quotes) == ((), len(read["citations"]))


def test_an_edited_pack(read: dict[str, Any], library: Library) -> None:
    assert kinds(check(changed(read, sealed=False, question="別の質問"), InLibrary(library, clearance=2))) == [What.PACK_EDITED]


def test_an_edited_quote_is_found_even_with_a_new_digest(read: dict[str, Any], library: Library) -> None:
    forged = deepcopy(read)
    forged["citations"][0]["quote"] = forged["citations"][0]["quote"].replace("旅費", "宿泊料")
    found = kinds(check(changed(forged), InLibrary(library, clearance=2)))
    assert found == [What.STATEMENT_CHANGED, What.QUOTE_GONE]


def test_a_quoted_statement_that_is_not_its_quotes(read: dict[str, Any], library: Library) -> None:
    forged = deepcopy(read)
    forged["answer"]["statements"][0]["text"] += "ただし、不要とする。"
    assert kinds(check(changed(forged), InLibrary(library, clearance=2))) == [What.STATEMENT_CHANGED]


def test_a_moved_quote(read: dict[str, Any], library: Library) -> None:
    forged = deepcopy(read)
    citation = forged["citations"][0]
    citation["start"], citation["end"] = citation["start"] - 3, citation["end"] - 3
    result = check(changed(forged), InLibrary(library, clearance=2))
    assert kinds(result) == [What.QUOTE_MOVED]
    assert f"{citation['start'] + 3} to {citation['end'] + 3} now" in result.differences[0].detail


def test_another_place(read: dict[str, Any], library: Library) -> None:
    forged = deepcopy(read)
    forged["citations"][0]["path"] = ["第九条"]
    assert kinds(check(changed(forged), InLibrary(library, clearance=2))) == [What.PLACE_CHANGED]


def test_a_revision_that_is_gone_or_above_the_reader(read: dict[str, Any], library: Library, tmp_path: Path) -> None:
    empty = library_at(tmp_path / "empty")
    assert set(kinds(check(read, InLibrary(empty, clearance=3)))) == {What.REVISION_GONE}
    empty.close()
    assert set(kinds(check(read, InLibrary(library, clearance=0)))) == {What.REVISION_GONE}
    with Sandbox() as sandbox:
        assert set(kinds(check(read, InFiles(tmp_path, sandbox)))) == {What.REVISION_GONE}


def test_a_file_that_was_changed(read: dict[str, Any], tmp_path: Path) -> None:
    """The quotes are looked for in the file as it is now."""
    (tmp_path / "旅費.md").write_text(RULES.replace("# 旅費規程", "# 旅費規程（改正）"), encoding="utf-8")
    (tmp_path / "休暇.md").write_text(LEAVE, encoding="utf-8")
    with Sandbox() as sandbox:
        found = kinds(check(read, InFiles(tmp_path, sandbox)))
        assert found[0] is What.FILE_CHANGED and set(found[1:]) == {What.QUOTE_MOVED}
        (tmp_path / "旅費.md").write_text(RULES.replace("十日以内", "七日以内"), encoding="utf-8")
        assert What.QUOTE_GONE in kinds(check(read, InFiles(tmp_path, sandbox)))


def test_a_text_that_is_read_otherwise(read: dict[str, Any], library: Library) -> None:
    one = changed(read, revisions=[{**read["revisions"][0], "text_sha256": "0" * 64}, *read["revisions"][1:]])
    assert What.TEXT_CHANGED in kinds(check(one, InLibrary(library, clearance=2)))


def test_a_newer_revision_is_a_note(read: dict[str, Any], place: Path, tmp_path: Path) -> None:
    import shutil

    shutil.copytree(place / "home", tmp_path / "home")
    newer = library_at(tmp_path / "home")
    file = place / "documents" / "旅費.md"
    file.write_text(RULES + "\n第三条　補則は別に定める。\n", encoding="utf-8")
    try:
        list(ingest(newer, [file.parent], level=1))
    finally:
        file.write_text(RULES, encoding="utf-8")
    result = check(read, InLibrary(newer, clearance=2))
    newer.close()
    assert result.differences == () and "another revision took its place" in result.notes[0]


@pytest.mark.parametrize(
    "text", ["", "[]", "{}", '{"format": "konkyo-evidence-pack"}', '{"format": "konkyo-evidence-pack", "version": 1}', "[" * 9999]
)
def test_what_is_no_pack(text: str, tmp_path: Path) -> None:
    file = tmp_path / "pack.json"
    file.write_text(text, encoding="utf-8")
    with pytest.raises(PackError, match=r"pack\.json"):
        load(file)


# ------------------------------------------------------------ on the command line


def test_the_command(made: dict[str, Any], place: Path, tmp_path: Path) -> None:
    file = tmp_path / "pack.json"
    file.write_text(dumps(made), encoding="utf-8")
    environment = {"KONKYO_HOME": str(place / "home"), "KONKYO_CLEARANCE": "2"}
    sound = CliRunner().invoke(app, ["verify", str(file)], env=environment)
    assert (sound.exit_code, sound.stdout.strip()[-20:]) == (0, "all as the pack says")
    anew = CliRunner().invoke(app, ["verify", str(file), "--files", str(place / "documents")], env=environment)
    assert anew.exit_code == 0
    file.write_text(dumps({**made, "question": "別の質問"}), encoding="utf-8")
    edited = CliRunner().invoke(app, ["verify", str(file), "--json"], env=environment)
    assert edited.exit_code == 1
    assert [difference["what"] for difference in json.loads(edited.stdout)["differences"]] == ["pack edited"]


def test_as_of_is_a_day(made: dict[str, Any]) -> None:
    assert date.fromisoformat(made["as_of"]) == TODAY
