"""Files and questions as they come: each bad one gets a sentence of its own, the others go on, nothing is lost."""

from __future__ import annotations

import io
import os
import random
import shutil
import tempfile
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import NamedTuple

import docx
import pypdf
import pytest

from rag import sources
from rag.ask import ask
from rag.errors import FileUnreadable, SettingsError
from rag.ingest import Ingester, Outcome, Result, ingest
from rag.library import Library
from rag.read.sandbox import Sandbox
from rag.records import Document, Source

from .conftest import TODAY, add
from .read.make_pdf import Sheet, make_pdf, paragraph
from .rig import Rig
from .small import document, found, library_at, publish, vectors

GOOD = "# Travel\n\nTravel is booked by the office.\n"
NOT_UTF8 = os.fsdecode(b"caf\xe9 latin-1.md")
LONGEST_NAME = "長" * 84 + ".md"
assert len(LONGEST_NAME.encode()) == 255


def pdf(text: str = "Parking is free for staff.") -> bytes:
    return make_pdf(Sheet(words=paragraph(text, font="latin")))


def password_pdf() -> bytes:
    writer = pypdf.PdfWriter(clone_from=io.BytesIO(pdf()))
    writer.encrypt("secret", algorithm="RC4-128")
    out = io.BytesIO()
    writer.write(out)
    return out.getvalue()


def pdf_without_pages() -> bytes:
    out = io.BytesIO()
    pypdf.PdfWriter().write(out)
    return out.getvalue()


def word() -> bytes:
    made = docx.Document()
    for number in range(40):
        made.add_paragraph(f"Rule {number}: staff wear a badge on floor {number}.")
    out = io.BytesIO()
    made.save(out)
    return out.getvalue()


class Bad(NamedTuple):
    """A file that cannot become a document, and words of the reason that is given."""

    name: str
    make: Callable[[Path], object]
    reason: str


def half(data: bytes) -> bytes:
    return data[: len(data) // 2]


def sparse(file: Path) -> None:
    file.touch()
    os.truncate(file, 5 * 2**30)


BAD = [
    Bad("empty.md", lambda file: file.touch(), "is empty"),
    Bad("blank.md", lambda file: file.write_text(" \n\n\u3000\n"), ""),
    Bad("text-inside.docx", lambda file: file.write_text(GOOD), ""),
    Bad("program.exe", lambda file: file.write_bytes(b"MZ\x90\x00" + bytes(range(256)) * 8), ""),
    Bad("password.pdf", lambda file: file.write_bytes(password_pdf()), "password"),
    Bad("half.pdf", lambda file: file.write_bytes(half(pdf())), ""),
    Bad("half.docx", lambda file: file.write_bytes(half(word())), ""),
    Bad("no-pages.pdf", lambda file: file.write_bytes(pdf_without_pages()), "page"),
    Bad("5-gigabytes.md", sparse, "has 5,120 MB; the limit is 200 MB"),
    Bad("pipe.md", os.mkfifo, "not a regular file"),
    Bad("dangling.md", lambda file: file.symlink_to("nowhere.md"), "is a link"),
    Bad("sub/up", lambda file: file.symlink_to(file.parent.parent, target_is_directory=True), "is a link"),  # round and round
    Bad("loop.md", lambda file: file.symlink_to(file.name), "is a link"),
]
FINE = ["good.md", "travel 🚆 旅費.md", LONGEST_NAME, "two\nlines.md", NOT_UTF8, "sub/good.pdf", "word-inside.pdf"]
"""The last is read as what it is, not as what it is called."""


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Every bad file, among good ones."""
    folder = tmp_path_factory.mktemp("bad")
    (folder / "sub").mkdir()
    for bad in BAD:
        bad.make(folder / bad.name)
    made = {"sub/good.pdf": pdf(), "word-inside.pdf": word()}
    for number, name in enumerate(FINE):
        (folder / name).write_bytes(made.get(name) or f"{GOOD}\nThe number is {number}.\n".encode())
    (folder / "twin.md").write_bytes((folder / "good.md").read_bytes())
    return folder


@pytest.fixture
def library(tmp_path: Path) -> Iterator[Library]:
    opened = library_at(tmp_path / "home")
    yield opened
    opened.close()


def a_sentence(reason: str) -> bool:
    return reason.strip() == reason and reason.endswith((".", ")", "twice")) and "\n" not in reason and "Traceback" not in reason


def test_every_bad_file_gets_a_reason_and_the_others_go_on(folder: Path, library: Library) -> None:
    outcomes = add(library, folder)
    assert len(outcomes) == len(BAD) + len(FINE) + 1
    for bad in BAD:
        outcome = outcomes[bad.name]
        assert outcome.result is Result.FAILED, bad.name
        assert a_sentence(outcome.reason), outcome.reason
        assert bad.reason in outcome.reason
        assert str(folder) not in outcome.reason, "the name says enough; where it lies on the machine is nobody's business"
    fine = [outcome for name, outcome in outcomes.items() if name not in {bad.name for bad in BAD}]
    assert sorted(outcome.result for outcome in fine) == ["added"] * len(FINE) + ["duplicate"]
    assert outcomes["twin.md"].result is Result.DUPLICATE
    assert "has the same bytes as good.md" in outcomes["twin.md"].reason
    assert len(library.published) == len(FINE)
    assert library.troubles() == []
    for revision in library.published:
        assert library.original(library.document(revision.document_id, clearance=3))
    again = add(library, folder)
    assert sorted(outcome.result for outcome in again.values()) == ["duplicate"] + ["failed"] * len(BAD) + ["unchanged"] * len(FINE)


def run(rig: Rig, home: Path, *argv: str) -> tuple[int, str]:
    command = rig.start(argv, {"KONKYO_HOME": str(home)})
    status = command.wait()
    assert "Traceback" not in command.printed, command.printed
    return status, command.printed


@pytest.mark.slow
@pytest.mark.xdist_group("rig")
def test_the_command_line_counts_them_and_ends_with_status_1(folder: Path, tmp_path: Path, rig: Rig) -> None:
    status, printed = run(rig, tmp_path / "home", "ingest", str(folder), str(folder / "no-such-file.md"), str(tmp_path / ("x" * 300)))
    assert status == 1
    assert printed.splitlines()[-1] == f"{len(FINE)} added, 1 duplicate, {len(BAD) + 2} failed"
    assert printed.count("left out: ") == len(BAD) + 3
    for bad in BAD:
        assert f"left out: {bad.name}: " in printed
    assert "no-such-file.md: there is no such file or folder. Check the name." in printed
    assert "added: two\ufffdlines.md (1 passages)" in printed.splitlines(), "a name makes no line of its own"
    status, printed = run(rig, tmp_path / "home", "read", str(folder))
    assert (status, printed.splitlines()[-1]) == (1, f"{len(FINE) + 1} read, {len(BAD)} left out")
    status, printed = run(rig, tmp_path / "home", "ingest", str(folder / "good.md"))
    assert (status, printed.splitlines()[-1].split(" ", 1)[1]) == (0, "unchanged")


@pytest.mark.parametrize(
    ("toml", "where"),
    [
        ('[[document]]\nid = "a"\nfile = "a.md\n', "line 3"),
        ('[[document]]\nid = "a"\nfile = "a.md"\nlevel = 4\n', "entry 1 (a.md): 'level' must be 1, 2 or 3"),
        ('[[document]]\nid = "a"\nfile = "a.md"\nlevl = 1\n', "entry 1 (a.md): unknown field 'levl'"),
        ("[[document]]\nid = 'a'\nfile = 'a.md'\n[[document]]\nid = 'b'\nfile = 'a.md'\n", "entry 2: the file a.md is described twice"),
    ],
)
def test_a_broken_sources_toml_names_the_place_and_nothing_is_written(tmp_path: Path, library: Library, toml: str, where: str) -> None:
    folder = tmp_path / "folder"
    folder.mkdir()
    (folder / "a.md").write_text(GOOD)
    (folder / "sources.toml").write_text(toml)
    with pytest.raises(SettingsError) as caught:
        add(library, folder)
    assert where in str(caught.value)
    assert str(folder / "sources.toml") in str(caught.value)
    assert library.published == []
    (folder / "sources.toml").unlink()
    assert add(library, folder)["a.md"].result is Result.ADDED, "the lock was given back"


# ---------------------------------------------------------------- rights, change, twins


@contextmanager
def as_nobody() -> Iterator[None]:
    """As a user without rights; root may read everything."""
    if os.geteuid() != 0:
        yield
        return
    os.seteuid(65_534)
    try:
        yield
    finally:
        os.seteuid(0)


@pytest.fixture
def common() -> Iterator[Path]:
    """A folder that anybody may enter."""
    folder = Path(tempfile.mkdtemp(dir="/tmp"))
    folder.chmod(0o755)
    yield folder
    for inside in folder.rglob("*"):
        inside.chmod(0o700)
    shutil.rmtree(folder)


def test_a_folder_without_rights_is_named_not_passed_over(common: Path, library: Library) -> None:
    for name in ("open", "shut"):
        (common / name).mkdir(mode=0o755)
        (common / name / "file.md").write_text(f"{GOOD}\n{name}\n")
    (common / "shut").chmod(0)
    with as_nobody():
        items = list(sources.find([common]))
        assert [item.source.uri for item in items] == ["open/file.md", "shut"]
        (alone,) = sources.find([common / "shut"])
        assert alone.source.uri == "shut"
        assert [item.source.uri for item in sources.find([common / "shut" / "file.md"])] == ["file.md"]
    with Ingester(library, clearance=3) as ingester:
        outcomes = {outcome.name: outcome for outcome in ingester.add_files(items)}
    assert outcomes["open/file.md"].result is Result.ADDED
    reason = "is a folder that may not be read: ask for permission."
    assert outcomes["shut"] == Outcome(name="shut", result=Result.FAILED, document_id=items[1].document_id, reason=reason, code="no-access")


def test_a_file_without_rights_is_named(common: Path) -> None:
    (common / "file.md").write_text(GOOD)
    (common / "file.md").chmod(0)
    with Sandbox() as sandbox, as_nobody(), pytest.raises(FileUnreadable, match="may not be read: ask for permission"):
        sandbox.load(common / "file.md", "file.md")


def test_a_file_that_changes_while_it_is_read_is_left_out_and_taken_in_the_next_time(tmp_path: Path, library: Library) -> None:
    file = tmp_path / "log.md"
    file.write_text(GOOD)
    over = threading.Event()

    def write() -> None:
        with file.open("a") as out:
            while not over.is_set() and out.tell() < 30_000_000:
                out.write("Travel is booked by the office.\n" * 5_000)
                out.flush()

    thread = threading.Thread(target=write)
    thread.start()
    try:
        with Sandbox() as sandbox, pytest.raises(FileUnreadable, match="changed while it was read: try again"):
            for _ in range(10_000):
                sandbox.load(file, "log.md")
    finally:
        over.set()
        thread.join()
    file.write_text(GOOD)
    assert add(library, tmp_path / "log.md")["log.md"].result is Result.ADDED


def test_twins_that_are_described_are_two_documents(tmp_path: Path, library: Library) -> None:
    folder = tmp_path / "folder"
    folder.mkdir()
    for name in ("a.md", "b.md", "c.md"):
        (folder / name).write_text(GOOD)
    (folder / "sources.toml").write_text(
        "[[document]]\nid = 'a'\nfile = 'a.md'\nlevel = 1\n[[document]]\nid = 'b'\nfile = 'b.md'\nlevel = 2\n"
    )
    expected = {"a.md": "added", "b.md": "added", "c.md": "duplicate"}
    assert {name: outcome.result for name, outcome in add(library, folder).items()} == expected
    assert sorted(found(library, "travel", clearance=1)) == ["a"]
    assert sorted(found(library, "travel", clearance=2)) == ["a", "b"]


def test_a_change_of_what_is_known_of_a_file_is_taken_in(tmp_path: Path, library: Library) -> None:
    folder = tmp_path / "folder"
    folder.mkdir()
    for name in ("a.md", "twin.md"):
        (folder / name).write_text(GOOD)

    def described(rest: str) -> tuple[str, list[int]]:
        entry = f"[[document]]\nid = 'a'\nfile = 'a.md'\n{rest}\n"
        (folder / "sources.toml").write_text(f"{entry}[[document]]\nid = 'twin'\nfile = 'twin.md'\nlevel = 3\n")
        result = add(library, folder)["a.md"].result
        return result.value, [clearance for clearance in (1, 2, 3) if "a" in found(library, "travel", clearance=clearance)]

    assert described("level = 1") == ("added", [1, 2, 3])
    assert described("level = 1") == ("unchanged", [1, 2, 3])
    assert described("level = 2") == ("revised", [2, 3])
    assert described("level = 2\ntitle = 'Journeys'") == ("revised", [2, 3])
    assert described("level = 1\ntitle = 'Journeys'") == ("revised", [1, 2, 3])
    # What is no longer said no longer holds: without a level it is the highest.
    assert described("title = 'Journeys'") == ("revised", [3])
    assert described("level = 1\neffective_to = 2026-01-01") == ("revised", [])
    assert described("level = 1") == ("revised", [1, 2, 3])
    assert described("level = 1\nreplaces = 'twin'") == ("revised", [1, 2, 3])
    assert "twin" not in found(library, "travel")
    assert described("level = 1") == ("revised", [1, 2, 3])
    assert "twin" in found(library, "travel")
    assert library.registry.counts() == (library.keyword.count, vectors(library).count)


def test_an_undescribed_twin_does_not_keep_a_file_from_getting_another_level(tmp_path: Path, library: Library) -> None:
    (tmp_path / "a").mkdir()
    (tmp_path / "b").mkdir()
    for name in ("a", "b"):
        (tmp_path / name / "rule.md").write_text(GOOD)
    (tmp_path / "a" / "sources.toml").write_text("[[document]]\nid = 'a'\nfile = 'rule.md'\nlevel = 3\n")
    assert add(library, tmp_path / "b", level=1)["rule.md"].result is Result.ADDED
    assert add(library, tmp_path / "a")["rule.md"].result is Result.ADDED
    assert add(library, tmp_path / "b", level=2)["rule.md"].result is Result.REVISED
    assert found(library, "travel", clearance=1) == []
    assert add(library, tmp_path / "b", level=3)["rule.md"].result is Result.REVISED
    assert found(library, "travel", clearance=2) == []


def test_an_original_that_was_lost_comes_back_with_its_file(tmp_path: Path, library: Library) -> None:
    (tmp_path / "rule.md").write_text(GOOD)
    add(library, tmp_path / "rule.md")
    (revision,) = library.published
    library.original_file(revision.sha256).unlink()
    assert add(library, tmp_path / "rule.md")["rule.md"].result is Result.UNCHANGED
    assert library.original(library.document(revision.document_id, clearance=3)) == GOOD.encode()


def test_a_text_with_half_a_character_stops_only_itself(tmp_path: Path, library: Library, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("a.md", "b.md"):
        (tmp_path / name).write_text(f"{GOOD}{name}\n")
    read = Sandbox.read_bytes

    def broken(self: Sandbox, data: bytes, *, source: Source, document_id: str, **_: object) -> Document:
        made = read(self, data, source=source, document_id=document_id)
        return document(made.id, "half \ud83d of one", uri=source.uri) if source.uri == "a.md" else made

    monkeypatch.setattr("tests.small.sha256", lambda text: "0" * 64)
    monkeypatch.setattr(Sandbox, "read_bytes", broken)
    outcomes = {outcome.name: outcome for outcome in ingest(library, [tmp_path / "a.md", tmp_path / "b.md"])}
    assert (outcomes["a.md"].result, outcomes["b.md"].result) == (Result.FAILED, Result.ADDED)
    assert "halves of surrogate pairs" in outcomes["a.md"].reason


# ---------------------------------------------------------------- questions

QUESTIONS = {
    "nothing": "",
    "blank": " \t\n\u3000\u200b",
    "100,000 characters": "How is travel booked? 旅費はどう請求しますか。" * 2_800,
    "one long word": "x" * 100_000,
    "one long Japanese word": "旅" * 100_000,
    "only symbols": "!?#$%&()=~|`{}*+<>_-^\\[]@;:,./「」『』（）【】〜※",
    "emoji": "🚆🏨💴👩‍👩‍👧‍👦",
    "control characters": "travel\x00\x01\x07\x08\x1b[31m\x7f\x85 booked\r\n",
    "only control characters": "\x00\x01\x02\x1b",
    "half a character": "travel \ud83d booked",
    "only half a character": "\udcff",
    "bytes that are not UTF-8": os.fsdecode(b"travel \xff\xfe booked"),
    "right to left": "\u202etravel\u202c \u05d0\u05d1 \u0627\u0644\u0633\u0641\u0631",
    "combining": "t\u0301\u0302\u0303r\u0300avel" + "\u0301" * 500,
    "query language": 'travel AND (booked OR "office") NOT level:3 chunk:[0 TO 9] ^2 ~3 *',
    "SQL and markup": "'; DROP TABLE revisions; -- <script>alert(1)</script> [bold]x[/bold]",
    "not a character": "\ufffe\uffff\U0010ffff travel",
}


@pytest.fixture(scope="module")
def asked(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Library]:
    opened = library_at(tmp_path_factory.mktemp("asked") / "home")
    japanese = "旅費は、出張が終わった日から十日以内に請求しなければならない。"
    publish(opened, [document("travel", "Travel is booked by the office.", "Lodging is paid."), document("旅費", japanese)])
    yield opened
    opened.close()


@pytest.mark.parametrize("question", QUESTIONS.values(), ids=QUESTIONS)
def test_any_question_gets_an_answer_or_a_refusal(asked: Library, question: str) -> None:
    answer = ask(asked, question, clearance=3, as_of=TODAY)
    assert bool(answer.statements) != bool(answer.refusal)
    str(answer).encode()
    for statement in answer.statements:
        for citation in statement.citations:
            stored = asked.document(citation.document_id, citation.revision, clearance=3)
            assert citation.span.cut(stored.text) == citation.quote
    assert ask(asked, question, clearance=3, as_of=TODAY) == answer


def test_random_characters_get_an_answer_or_a_refusal(asked: Library) -> None:
    chance = random.Random(31)
    planes = [(0, 0x250), (0x2000, 0x2100), (0x3000, 0x30FF), (0x4E00, 0x9FFF), (0xD800, 0xDFFF), (0xFE00, 0xFFFF), (0x1F300, 0x1FAFF)]
    for _ in range(300):
        question = "".join(chr(chance.randint(*chance.choice(planes))) for _ in range(chance.randint(1, 60)))
        answer = ask(asked, question, clearance=3, as_of=TODAY)
        assert bool(answer.statements) != bool(answer.refusal), question


@pytest.mark.slow
@pytest.mark.xdist_group("rig")
def test_the_command_line_takes_any_question(tmp_path: Path, rig: Rig) -> None:
    (tmp_path / "rule.md").write_text(GOOD)
    assert run(rig, tmp_path / "home", "ingest", str(tmp_path / "rule.md"))[0] == 0
    for name, question in QUESTIONS.items():
        if "\x00" in question:  # no system hands a program such an argument
            continue
        for options in ([], ["--json"]):
            status, printed = run(rig, tmp_path / "home", "ask", *options, "--", question)
            assert status == 0, (name, printed)
            assert printed.strip()
    status, printed = run(rig, tmp_path / "home", "ask", "travel", "--as-of", "2026-13-01")
    assert (status, "Write it as 2026-04-01" in printed) == (2, True)
