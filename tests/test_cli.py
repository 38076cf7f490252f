"""Every command, as it is typed: what it prints, the shape of its JSON, its exit status, and errors in one sentence."""

from __future__ import annotations

import json
import re
import shutil
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any, NamedTuple

import pytest
from typer.main import get_command

from rag import __version__, cli

from .conftest import REPOSITORY, TODAY
from .rig import Rig

pytestmark = [pytest.mark.slow, pytest.mark.xdist_group("rig")]

SOURCES = """
[[document]]
id = "rules"
file = "rules.md"
title = "Travel Rules"
issuer = "Ministry of Examples"
number = "Directive 3"
kind = "directive"
effective_from = 2025-04-01
level = 1

[[document]]
id = "safe"
file = "safe.md"
title = "The Safe"
issuer = "Bureau of Locks"
kind = "manual"
level = 3

[[document]]
id = "旅費規程"
file = "旅費.md"
title = "旅費規程"
issuer = "例示省"
kind = "directive"
level = 1
"""
FILES = {
    "rules.md": "# Travel Rules\n\n## Article 4 Booking\n\nTravel is booked by the office. Rail tickets are kept for five years.\n\n"
    "## Article 5 Lodging\n\nThe following are paid:\n\n- lodging in a hotel\n- breakfast\n",
    "safe.md": "# The Safe\n\nThe combination of the safe is 4711.\n",
    "旅費.md": "# 旅費規程\n\n第一条　旅費は、出張が終わった日から十日以内に請求しなければならない。\n",
}
CITATION = {"number", "document_id", "title", "revision", "path", "page", "start", "end", "quote", "uri"}


class Ended(NamedTuple):
    """A command that ended."""

    status: int
    printed: str

    @property
    def lines(self) -> list[str]:
        return self.printed.splitlines()


class Machine:
    """A home, a folder of documents, and the command line."""

    def __init__(self, rig: Rig, folder: Path) -> None:
        self._rig = rig
        self.home, self.folder = folder / "home", folder / "documents"
        self.folder.mkdir()
        for name, text in FILES.items():
            (self.folder / name).write_text(text, encoding="utf-8")
        (self.folder / "sources.toml").write_text(SOURCES, encoding="utf-8")

    def __call__(self, *argv: str, **environment: str) -> Ended:
        command = self._rig.start(argv, {"KONKYO_HOME": str(self.home), **environment})
        ended = Ended(command.wait(), command.printed)
        assert "Traceback" not in ended.printed, ended.printed
        return ended


@pytest.fixture(scope="module")
def machine(rig: Rig, tmp_path_factory: pytest.TempPathFactory) -> Machine:
    """With the documents added. Not to be changed."""
    made = Machine(rig, tmp_path_factory.mktemp("machine"))
    ended = made("ingest", str(made.folder))
    assert (ended.status, ended.lines[-1]) == (0, "3 added"), ended.printed
    assert "added: rules.md (2 passages)" in ended.lines
    return made


@pytest.fixture
def fresh(rig: Rig, tmp_path: Path) -> Machine:
    """With nothing added."""
    return Machine(rig, tmp_path)


# ---------------------------------------------------------------- ask


def citations(told: dict[str, Any]) -> list[dict[str, Any]]:
    return [citation for statement in told["statements"] for citation in statement["citations"]]


@pytest.mark.parametrize("question", ["Who books travel?", "What is paid for lodging?", "旅費はいつまでに請求しますか。"])
def test_an_answer_as_json_has_exactly_this_shape(machine: Machine, question: str) -> None:
    told = json.loads(machine("ask", question, "--json", "--as-of", TODAY.isoformat()).printed)
    assert list(told) == ("id question as_of mode model stood_in usage refusal premises answered statements left_out hits".split())
    assert (told["question"], told["as_of"], told["mode"], told["refusal"]) == (question, TODAY.isoformat(), "quote", None)
    assert re.fullmatch(r"[0-9a-f]{16}", told["id"])
    assert told["statements"]
    for statement in told["statements"]:
        assert set(statement) == {"text", "status", "role", "decides", "folded", "missing", "citations"}
        assert statement["status"] == "quoted"
        assert statement["citations"]
    assert all(set(citation) == CITATION for citation in citations(told))
    assert [citation["number"] for citation in citations(told)] == list(range(1, len(citations(told)) + 1))
    for citation in citations(told):
        assert isinstance(citation["path"], list)
        assert (citation["page"], citation["uri"]) == (None, f"{'旅費' if citation['document_id'] == '旅費規程' else 'rules'}.md")
        assert re.fullmatch(r"[0-9a-f]{64}", citation["revision"])
    assert told["hits"]
    for hit in told["hits"]:
        assert set(hit) == {"document_id", "path", "score", "found_by"}
        assert hit["found_by"] and set(hit["found_by"]) <= {"keyword", "vector", "vector-ja"}
    assert [hit["score"] for hit in told["hits"]] == sorted((hit["score"] for hit in told["hits"]), reverse=True)


def test_the_stored_text_cut_at_the_offsets_is_the_quote(machine: Machine) -> None:
    cited = 0
    for question in ("Who books travel?", "What is paid for lodging?", "旅費はいつまでに請求しますか。", "combination of the safe"):
        told = json.loads(machine("ask", question, "--json").printed)
        for citation in citations(told):
            for revision in (citation["revision"], citation["revision"][:8], ""):
                stored = machine("text", citation["document_id"], *(["--revision", revision] if revision else []))
                assert stored.status == 0
                assert stored.printed[citation["start"] : citation["end"]] == citation["quote"]
                cited += 1
    assert cited >= 12


def test_a_refusal_as_json_says_why_and_what_was_near(machine: Machine) -> None:
    told = json.loads(machine("ask", "zebra quantum 宇宙船", "--json").printed)
    assert told["statements"] == []
    assert set(told["refusal"]) == {"reason", "documents", "terms", "missing", "nearest", "suggestions", "where"}
    assert (told["refusal"]["reason"], told["refusal"]["documents"]) in [("not_answered", 3), ("nothing_found", 3)]
    assert all(set(citation) == CITATION for citation in told["refusal"]["nearest"])
    told = json.loads(machine("ask", "?!", "--json").printed)
    assert (told["refusal"]["reason"], told["refusal"]["nearest"], told["hits"]) == ("empty_question", [], [])


def test_an_answer_for_people_names_the_place_of_each_sentence(machine: Machine) -> None:
    ended = machine("ask", "Who books travel?")
    assert ended.status == 0
    assert ended.lines[0].startswith("Travel is booked by the office.")
    assert ended.lines[0].endswith("[1]")
    place = next(line for line in ended.lines if line.startswith("[1] "))
    assert "Travel Rules" in place and "Article 4" in place and "(rules " in place
    refused = machine("ask", "zebra quantum 宇宙船")
    assert refused.status == 0, "a refusal is an answer"
    assert refused.lines[0].startswith("The documents do not answer this (")


def test_the_clearance_the_day_and_the_issuer_narrow_the_answer(machine: Machine) -> None:
    def ids(*options: str, **environment: str) -> set[str]:
        told = json.loads(machine("ask", "combination safe travel booked office", "--json", *options, **environment).printed)
        return {hit["document_id"] for hit in told["hits"]}

    assert ids() == {"rules", "safe"}
    assert ids("--clearance", "2") == {"rules"}
    assert ids("--clearance", "3", KONKYO_CLEARANCE="1") == {"rules"}, "the option lowers what the setting allows, and never raises it"
    assert ids("--as-of", "2025-03-31") == {"safe"}
    assert ids("--issuer", "Bureau of Locks") == {"safe"}
    assert ids("--issuer", "Bureau of Locks", "--issuer", "Ministry of Examples") == {"rules", "safe"}
    assert ids("--issuer", "Nobody") == set()


# ---------------------------------------------------------------- the other commands


def test_ingest_says_what_became_of_each_file(fresh: Machine) -> None:
    (fresh.folder / "sources.toml").unlink()
    assert fresh("ingest", str(fresh.folder / "rules.md"), "--quiet", "--level", "1").lines == ["1 added"]
    (fresh.folder / "rules.md").write_text(FILES["rules.md"].replace("five", "seven"), encoding="utf-8")
    (fresh.folder / "empty.md").touch()
    ended = fresh("ingest", str(fresh.folder), "--level", "2")
    assert (ended.status, ended.lines[-1]) == (1, "2 added, 1 revised, 1 failed")
    assert "left out: empty.md: is empty." in ended.lines
    assert "revised: rules.md (2 passages)" in ended.lines
    assert [path.name for path in fresh.home.iterdir() if path.name == "writer.json"] == []
    assert "seven years" in fresh("ask", "How long are rail tickets kept?").printed
    assert fresh("ask", "How long are rail tickets kept?", "--clearance", "1").printed.count("tickets") == 0, "now it is of level 2"
    (fresh.folder / "empty.md").unlink()
    ended = fresh("ingest", str(fresh.folder), "--level", "2")
    assert (ended.status, ended.lines) == (0, ["3 unchanged"])
    (fresh.folder / "nothing").mkdir()
    assert fresh("ingest", str(fresh.folder / "nothing")).lines == ["Nothing to add."]


def test_read_shows_what_is_read_and_adds_nothing(fresh: Machine) -> None:
    (fresh.folder / "empty.md").touch()
    ended = fresh("read", str(fresh.folder), str(fresh.folder / "missing.md"))
    assert (ended.status, ended.lines[-1]) == (1, "3 read, 2 left out")
    assert any(re.match(r"rules\.md +markdown ", line) for line in ended.lines)
    assert any(re.match(r"empty\.md +empty .*is empty", line) for line in ended.lines)
    assert not fresh.home.exists()


def test_status_counts_and_names_troubles(machine: Machine, fresh: Machine) -> None:
    facts = json.loads(machine("status", "--json").printed)
    assert facts == {
        "version": __version__,
        "home": str(machine.home),
        "documents": 3,
        "revisions": 3,
        "passages": 4,
        "passages_with_a_vector": 4,
        "passages_in_a_language_the_model_cannot_read": 0,
        "model": "packaged",
        "references": 0,
        "references_resolved": 0,
        "references_unresolved": 0,
        "references_unresolved_by_target": {},
        "revisions_whose_references_were_not_read": 0,
        "log": {"checked": "a sample", "mismatches": [], "mismatches_above_this_level": 0, "digests_recorded_later": None},
        "troubles": [],
    }
    assert "Indexes       sound" in machine("status").lines
    listed = machine("status", "--documents").printed
    assert "Travel Rules" in listed and "The Safe" in listed and "2025-04-01" in listed
    listed = machine("status", "--documents", KONKYO_CLEARANCE="2").printed
    assert "Travel Rules" in listed and "The Safe" not in listed
    empty = fresh("status")
    assert (empty.status, "Documents     0 in 0 revisions" in empty.lines) == (0, True)


def test_damage_is_told_by_status_and_mended_by_rebuild(machine: Machine, fresh: Machine) -> None:
    shutil.copytree(machine.home, fresh.home)
    before = fresh("ask", "Who books travel?", "--json").printed
    shutil.rmtree(fresh.home / "index")
    ended = fresh("status")
    assert ended.status == 1
    assert "  keyword: The keyword index has 0 of 4 passages. Run: python -m rag rebuild" in ended.lines
    assert "  vector: The vector index has 0 of 4 vectors. Run: python -m rag rebuild" in ended.lines
    assert len(json.loads(fresh("status", "--json").printed)["troubles"]) == 2
    assert fresh("rebuild").lines[-1] == "4 passages indexed anew."
    assert fresh("status").status == 0
    after = fresh("ask", "Who books travel?", "--json").printed
    assert {**json.loads(after), "id": ""} == {**json.loads(before), "id": ""}, "only the library's state, and so the id, is another"


def test_evaluate_prints_its_measures(machine: Machine, tmp_path: Path) -> None:
    golden = tmp_path / "golden.toml"
    golden.write_text(
        '[[question]]\nid = "q1"\nlanguage = "en"\ntext = "Who books travel?"\n'
        'expect = [{ document = "rules", path = "Article 4" }]\n'
        '[[unanswerable]]\nid = "u1"\nlanguage = "en"\ntext = "zebra quantum spaceship?"\nwhy = "nothing about it"\n'
    )
    ended = machine("evaluate", "golden", str(golden), "--misses", "--json", str(tmp_path / "results.json"))
    assert ended.status == 0
    assert {result["id"]: result["right"] for result in json.loads((tmp_path / "results.json").read_text())} == {"q1": True, "u1": True}
    (tmp_path / "corpus.jsonl").write_text('{"_id": "p1", "title": "", "text": "Travel is booked by the office."}\n')
    (tmp_path / "queries.jsonl").write_text('{"_id": "q1", "text": "Who books travel?"}\n')
    (tmp_path / "qrels.tsv").write_text("query-id\tcorpus-id\tscore\nq1\tp1\t1\n")
    ended = machine("evaluate", "retrieval", str(tmp_path), "--json", str(tmp_path / "figures.json"))
    assert ended.status == 0
    assert any(re.fullmatch(r"  nDCG@10 +1\.0000", line) for line in ended.lines)
    assert json.loads((tmp_path / "figures.json").read_text())["measures"]["MRR@10"] == 1.0


def test_evaluate_measures_citations_and_refusals(machine: Machine, tmp_path: Path) -> None:
    (tmp_path / "corpus.jsonl").write_text(
        '{"_id": "p1", "title": "Rules", "text": "Travel is booked by the office."}\n'
        '{"_id": "p2", "title": "Rules", "text": "Leave is granted by the head."}\n'
    )
    (tmp_path / "queries.jsonl").write_text('{"_id": "q1", "text": "Who books travel?"}\n')
    (tmp_path / "qrels.tsv").write_text("query-id\tcorpus-id\tscore\nq1\tp1\t1\n")
    asked = tmp_path / "asked.jsonl"
    asked.write_text('{"id": "1", "question": "Who books travel?", "gold_docs": ["p1"]}\n')
    kept = ["--corpus", str(tmp_path), "--home", str(tmp_path / "kept")]
    ended = machine("evaluate", "answers", str(asked), *kept)
    assert ended.status == 0, ended.printed
    assert any(re.match(r"citation recall +1\.000 \[1\.000, 1\.000\], BM25 1\.000", line) for line in ended.lines)
    assert any(re.fullmatch(r"citations that do not resolve +0", line) for line in ended.lines)
    other = tmp_path / "other.jsonl"
    other.write_text('{"question": "zebra quantum spaceship?"}\n')
    picture = tmp_path / "errors.png"
    ended = machine("evaluate", "refusal", "--answerable", str(asked), "--unanswerable", str(other), *kept, "--picture", str(picture))
    assert ended.status == 0, ended.printed
    assert any(re.fullmatch(r"AUROC +1\.000 \[1\.000, 1\.000\]", line) for line in ended.lines)
    assert sum("<- in force" in line for line in ended.lines) == 1
    assert picture.stat().st_size > 10_000


def test_evaluate_explains_turns_parts_off_and_compares(machine: Machine, tmp_path: Path) -> None:
    (tmp_path / "corpus.jsonl").write_text(
        '{"_id": "p1", "title": "Rules", "text": "Travel is booked by the office."}\n'
        '{"_id": "p2", "title": "Rules", "text": "Leave is granted by the head."}\n'
    )
    (tmp_path / "queries.jsonl").write_text('{"_id": "q1", "text": "Who books travel?"}\n{"_id": "q2", "text": "Who grants leave?"}\n')
    (tmp_path / "qrels.tsv").write_text("query-id\tcorpus-id\tscore\nq1\tp1\t1\nq2\tp2\t1\n")
    kept, run = ["--home", str(tmp_path / "kept")], str(tmp_path / "run.json")
    ended = machine("evaluate", "retrieval", str(tmp_path), *kept, "--ablate", "--json", run)
    assert ended.status == 0, ended.printed
    assert {line.split()[0] for line in ended.lines if line[:1].isalpha()} >= {"words", "bigrams", "thesaurus", "vectors", "named"}
    assert "n = 2 questions; paired randomisation test, two-sided; Holm's correction for 9 parts." in ended.lines
    ended = machine("evaluate", "retrieval", str(tmp_path), *kept, "--explain", "q1")
    assert ended.status == 0, ended.printed
    assert "p1 Rules: found at place 1" in ended.lines
    assert any(line.split()[0] == "1" and "* p1" in line for line in ended.lines if line.strip())
    ended = machine("evaluate", "compare", run, "KONKYO_OFF=vectors,words", "--on", str(tmp_path), *kept)
    assert ended.status == 0, ended.printed
    assert any(line.startswith("B: ") and "without vectors, words" in line for line in ended.lines)
    assert ended.lines[-1] == "n = 2 questions; paired randomisation test, two-sided."


# ---------------------------------------------------------------- errors

MISTAKES: list[tuple[Sequence[str], dict[str, str], int, str]] = [
    (["text", "nobody"], {}, 1, "The library has no document nobody. List them with: python -m rag status --documents"),
    (["text", "rules", "--revision", "ffff"], {}, 1, "The library has no document rules in revision ffff. List them with"),
    (["text", "safe", "--clearance", "2"], {}, 1, "The library has no document safe. List them with: python -m rag status --documents"),
    (["show", "nobody"], {}, 1, "There is no document nobody. List them with: python -m rag list --all"),
    (["show", "safe"], {"KONKYO_CLEARANCE": "2"}, 1, "There is no document safe. List them with: python -m rag list --all"),
    (["show", "rules", "--revision", "ffff"], {}, 1, "rules has no revision ffff. List them with"),
    (["check", "rules"], {}, 1, "rules is published; this is only for what is draft or checked."),
    (["publish", "rules"], {}, 1, "rules is published; this is only for what is draft, checked or retired."),
    (["diff", "nobody"], {}, 1, "There is no document nobody."),
    (["retire", "rules"], {}, 2, "say why: whoever misses the document finds the reason in the log"),
    (["retire", "nobody", "--reason", "old"], {}, 1, "There is no document nobody."),
    (["log", "nobody"], {}, 1, "The log has nothing on nobody."),
    (["list", "--state", "gone"], {}, 2, "'gone' is no state; the states are draft, checked, published, superseded, retired"),
    (["ask", ""], {}, 0, "The question has no words to look for. Say what you want to know"),
    (["ask", "travel", "--as-of", "yesterday"], {}, 2, "'yesterday' is not a date. Write it as 2026-04-01."),
    (["ask", "travel", "--clearance", "4"], {}, 2, "less than or equal to 3"),
    (["ask", "travel"], {"KONKYO_CLEARANCE": "high"}, 1, "KONKYO_CLEARANCE is 'high'; it must be a number."),
    (["ask", "travel"], {"KONKYO_HOME": "/dev/null/home"}, 1, "The folder /dev/null/home cannot be used"),
    (["status"], {"KONKYO_MODEL": "/no/such/model"}, 1, "cannot be loaded"),
    (["ask", "travel"], {"KONKYO_MODEL": "/no/such/model"}, 1, "The embedding model '/no/such/model' cannot be loaded"),
    (["evaluate", "golden", "/no/such/golden.toml"], {}, 1, "/no/such/golden.toml"),
    (["evaluate", "retrieval", "/no/such/folder"], {}, 1, "/no/such/folder"),
    (["evaluate", "compare", "/no/such/run.json", "/no/such/run.json"], {}, 1, "/no/such/run.json is not a saved run"),
    (["evaluate", "compare", "default", "KONKYO_OFF=words"], {}, 1, "name its folder with --on DIR"),
    (["evaluate", "compare", "default", "off=words"], {}, 1, "'off' is no setting. Write them as KONKYO_OFF=head,named"),
    (["ingest", "/no/such/file.md"], {}, 1, "left out: /no/such/file.md: there is no such file or folder. Check the name."),
    (["ingest"], {}, 2, "Missing argument"),
    (["frobnicate"], {}, 2, "No such command"),
]


@pytest.mark.parametrize(
    ("argv", "environment", "status", "message"), MISTAKES, ids=[" ".join([*e.values(), *a]) for a, e, _, _ in MISTAKES]
)
def test_a_mistake_is_told_in_a_sentence(
    machine: Machine, argv: Sequence[str], environment: dict[str, str], status: int, message: str
) -> None:
    ended = machine(*argv, **environment)
    assert ended.status == status, ended.printed
    assert message in (ended.printed if status == 1 else " ".join(ended.printed.split()))
    if status == 1 and argv[0] not in ("ingest", "status"):
        assert len(ended.lines) == 1, "one sentence, on one line"


def test_python_m_rag_is_the_command_line(tmp_path: Path) -> None:
    def run(*argv: str) -> subprocess.CompletedProcess[str]:
        command = [sys.executable, "-m", "rag", *argv]
        environment = {"KONKYO_HOME": str(tmp_path / "home"), "PATH": ""}
        return subprocess.run(command, cwd=REPOSITORY, env=environment, capture_output=True, text=True, timeout=60, check=False)

    shown = run("--help")
    assert shown.returncode == 0
    for name in get_command(cli.app).commands:  # type: ignore[attr-defined]
        assert re.search(rf"^\s*{name} ", shown.stdout, re.MULTILINE), name
    wrong = run("text", "nobody")
    assert (wrong.returncode, wrong.stdout, wrong.stderr.count("\n")) == (1, "", 1)
    assert wrong.stderr.startswith("The library has no document nobody.")
