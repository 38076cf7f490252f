"""No file stops the program: whatever it does, the next one is read."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from datetime import date
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rag.errors import DamagedFile, EmptyFile, FileTooLarge, FileUnreadable, KonkyoError, PasswordNeeded, ReadError, ReadMemory, ReadTimeout
from rag.read import ocr, wire
from rag.read.sandbox import Sandbox
from rag.records import Block, BlockKind, Box, Document, Kind, Source, Span
from rag.ui.notes import pages_of
from tests.read.make_pdf import Sheet, make_pdf
from tests.read.test_pdf import ARTICLES, encrypted

SHARED = Path(__file__).parents[3] / "shared" / "corpora"
SOURCE = Source(uri="a.txt", title="旅費規程", level=2, effective_from=date(2025, 4, 1))


@pytest.fixture(scope="module")
def sandbox() -> Iterator[Sandbox]:
    with Sandbox(seconds=20, megabytes=512, file_megabytes=5) as box:
        yield box


def reads(box: Sandbox) -> bool:
    return "旅費" in box.read_bytes("旅費を支給する。".encode(), source=SOURCE, document_id="d").text


# ---------------------------------------------------------------- what it does


def test_a_file_is_read_as_without_the_sandbox(sandbox: Sandbox, tmp_path: Path) -> None:
    from rag.read import read

    path = tmp_path / "a.pdf"
    path.write_bytes(make_pdf(Sheet(words=ARTICLES)))
    source = Source(uri="a.pdf", level=1)
    assert sandbox.read_file(path, source=source, document_id="travel") == read(path.read_bytes(), source=source, document_id="travel")


def test_a_picture_is_drawn_in_the_child(sandbox: Sandbox) -> None:
    data = make_pdf(Sheet(words=ARTICLES))
    drawn = sandbox.picture(data, 1, ["第一条"], name="a.pdf", width=300)
    assert (drawn.marked, drawn.width) == (1, 300)
    with pytest.raises(DamagedFile, match="not in the file"):
        sandbox.picture(data, 9, [], name="a.pdf")


def test_errors_keep_their_class_and_their_words(sandbox: Sandbox) -> None:
    with pytest.raises(PasswordNeeded, match=r"a\.pdf: is encrypted"):
        sandbox.read_bytes(encrypted("user", "owner", "RC4-128"), source=Source(uri="a.pdf"), document_id="d")
    with pytest.raises(EmptyFile, match="is empty"):
        sandbox.read_bytes(b"", source=SOURCE, document_id="d")


def test_one_child_serves_many_files(sandbox: Sandbox) -> None:
    assert reads(sandbox)
    child = sandbox._child
    assert all(reads(sandbox) for _ in range(20))
    assert sandbox._child is child


def test_the_child_imports_nothing_heavy() -> None:
    code = "import sys, rag.read.worker; print([m for m in ('torch', 'streamlit', 'chromadb', 'tantivy', 'sudachipy') if m in sys.modules])"
    assert subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout.strip() == "[]"


def test_threads_may_share_one(sandbox: Sandbox) -> None:
    done: list[bool] = []
    threads = [threading.Thread(target=lambda: done.append(reads(sandbox))) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert done == [True] * 8


# ---------------------------------------------------------------- files that cannot be had


def test_a_missing_file_a_folder_and_a_pipe(sandbox: Sandbox, tmp_path: Path) -> None:
    with pytest.raises(FileUnreadable, match="not there"):
        sandbox.read_file(tmp_path / "none.pdf", source=SOURCE, document_id="d")
    with pytest.raises(FileUnreadable, match="folder"):
        sandbox.read_file(tmp_path, source=SOURCE, document_id="d")
    os.mkfifo(tmp_path / "pipe")
    with pytest.raises(FileUnreadable, match="not a regular file"):
        sandbox.read_file(tmp_path / "pipe", source=SOURCE, document_id="d")


@pytest.mark.skipif(not hasattr(os, "geteuid") or os.geteuid() == 0, reason="root may read everything")
def test_a_file_without_permission(sandbox: Sandbox, tmp_path: Path) -> None:
    path = tmp_path / "secret.txt"
    path.write_text("x")
    path.chmod(0)
    with pytest.raises(FileUnreadable, match="permission"):
        sandbox.read_file(path, source=SOURCE, document_id="d")


def test_five_gigabytes_of_nothing_cost_nothing(sandbox: Sandbox, tmp_path: Path) -> None:
    path = tmp_path / "huge.pdf"
    with path.open("wb") as file:
        file.truncate(5 * 2**30)
    begun = time.monotonic()
    with pytest.raises(FileTooLarge, match="5,120 MB; the limit is 5 MB"):
        sandbox.read_file(path, source=SOURCE, document_id="d")
    assert time.monotonic() - begun < 0.5


@pytest.mark.parametrize(("mode", "more"), [("a", "を支給する。"), ("w", "宿泊")])
def test_a_file_that_changes_while_it_is_read_is_refused(
    mode: str, more: str, sandbox: Sandbox, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "log.txt"
    path.write_text("旅費")
    os.utime(path, (1, 1))
    fstat, seen = os.fstat, []

    def grow(handle: int) -> os.stat_result:
        about = fstat(handle)
        seen.append(handle)
        if len(seen) == 1:
            with path.open(mode) as file:
                file.write(more)
        return about

    monkeypatch.setattr(os, "fstat", grow)
    with pytest.raises(FileUnreadable, match="changed while it was read: try again"):
        sandbox.load(path, "log.txt")


# ---------------------------------------------------------------- children that misbehave

WORKER = """
import json, os, signal, struct, sys, time
sys.path.insert(0, {root!r})
from rag.read.frames import receive, send
out = os.fdopen(os.dup(1), "wb"); inp = os.fdopen(os.dup(0), "rb")
send(out, b"{{}}")
while True:
    receive(inp, 10**9); data = receive(inp, 10**9)
    {act}
"""
HONEST = "from rag.read.worker import answer"


def misbehaving(act: str, tmp_path: Path, **limits: float) -> Sandbox:
    """A sandbox whose child does ``act`` with every file."""
    script = tmp_path / "worker.py"
    script.write_text(WORKER.format(root=str(Path(__file__).parents[2]), act=act), "utf-8")
    return Sandbox(seconds=limits.get("seconds", 5), megabytes=64, file_megabytes=5, command=[sys.executable, str(script)])


def test_a_child_that_sleeps_is_ended_in_time(tmp_path: Path) -> None:
    with misbehaving("time.sleep(60)", tmp_path, seconds=0.5) as box:
        begun = time.monotonic()
        with pytest.raises(ReadTimeout, match="more than 0.5 s"):
            reads(box)
        assert time.monotonic() - begun < 5


def test_a_child_that_does_not_even_take_the_file_is_ended_in_time(tmp_path: Path) -> None:
    script = tmp_path / "worker.py"
    script.write_text("import sys, time\nsys.stdout.buffer.write(bytes(8)); sys.stdout.flush()\ntime.sleep(60)")
    with Sandbox(seconds=0.5, file_megabytes=9, command=[sys.executable, str(script)]) as box, pytest.raises(ReadTimeout):
        box.read_bytes(b"x" * 5_000_000, source=SOURCE, document_id="d")


@pytest.mark.parametrize(
    ("act", "error", "words"),
    [
        ("os.kill(os.getpid(), signal.SIGSEGV)", DamagedFile, "crash (SIGSEGV)"),
        ("os.kill(os.getpid(), signal.SIGKILL)", ReadMemory, "SIGKILL"),
        ("os.kill(os.getpid(), signal.SIGABRT)", ReadMemory, "SIGABRT"),
        ("os.kill(os.getpid(), signal.SIGXCPU)", ReadTimeout, "more than 5 s"),
        ("os._exit(3)", DamagedFile, "exit 3"),
        ("send(out, b'not json')", DamagedFile, "no document"),
        ("send(out, b'[1, 2]')", DamagedFile, "no document"),
        ('send(out, b\'{"document": {"text": 7}}\')', DamagedFile, "no document"),
        ("send(out, b'[' * 100000)", DamagedFile, "no document"),
        ("out.write(struct.pack('>Q', 2**62)); out.flush(); time.sleep(9)", ReadMemory, "more than can be taken"),
        ("send(out, json.dumps({'error': 'Exception', 'reason': 'x'}).encode())", DamagedFile, "x"),
    ],
)
def test_a_child_that_dies_or_lies_is_an_error_of_that_file_only(act: str, error: type[ReadError], words: str, tmp_path: Path) -> None:
    with misbehaving(act, tmp_path) as box:
        for _ in range(2):
            with pytest.raises(error) as caught:
                reads(box)
            assert words in str(caught.value)


def test_a_child_cannot_lower_the_level_or_change_what_was_given(tmp_path: Path) -> None:
    from rag.read import read

    stolen = read("旅費".encode(), source=Source(uri="b.txt", title="別", level=1, number="第一号"), document_id="other")
    act = f"send(out, {json.dumps({'document': wire.to_json(stolen)}).encode()!r})"
    with misbehaving(act, tmp_path) as box:
        document = box.read_bytes(b"abc", source=SOURCE, document_id="d")
    assert (document.id, document.source.level, document.source.title, document.source.uri) == ("d", 2, "旅費規程", "a.txt")
    assert document.source.number == "第一号"  # it was empty, so the file may say it
    assert document.revision != stolen.revision


def test_a_child_that_does_not_start_says_why(tmp_path: Path) -> None:
    box = Sandbox(command=[sys.executable, "-c", "raise SystemExit('no such module: lxml')"])
    with pytest.raises(KonkyoError, match="no such module: lxml"):
        reads(box)


def test_a_child_that_was_killed_between_files_is_replaced() -> None:
    with Sandbox(seconds=20, megabytes=256) as box:
        assert reads(box)
        child = box._child
        assert child
        child.kill()
        child.wait()
        assert reads(box)


# ---------------------------------------------------------------- files that are meant to do harm


def heavy(content: bytes) -> bytes:
    return make_pdf(Sheet(words=ARTICLES, raw=content))


@pytest.mark.skipif(sys.platform != "linux", reason="memory limits are Linux's")
def test_a_file_that_unpacks_to_gigabytes_is_stopped_and_the_next_is_read() -> None:
    with Sandbox(seconds=30, megabytes=150) as box:
        with pytest.raises(ReadMemory):
            box.read_bytes(heavy(b" " * 400_000_000), source=Source(uri="bomb.pdf"), document_id="d")
        assert reads(box)


@pytest.mark.skipif(sys.platform != "linux", reason="memory limits are Linux's")
def test_a_file_of_millions_of_characters_is_stopped_in_time() -> None:
    with Sandbox(seconds=3, megabytes=200) as box:
        begun = time.monotonic()
        with pytest.raises((ReadMemory, ReadTimeout)):
            box.read_bytes(heavy(b"BT /F1 1 Tf " + b"(aaaa) Tj 1 1 Td " * 2_000_000 + b"ET"), source=Source(uri="a.pdf"), document_id="d")
        assert time.monotonic() - begun < 10
        assert reads(box)


@pytest.mark.skipif(sys.platform != "linux", reason="limits are Linux's")
def test_the_child_may_write_no_file_and_does_not_see_the_keys(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("KONKYO_MODEL_KEY", "secret")
    with Sandbox(seconds=20, megabytes=256) as box:
        assert reads(box)
        assert box._child
        process = Path("/proc") / str(box._child.pid)
        assert "secret" not in (process / "environ").read_text()
        limits = {line[:25].strip(): line[26:].split() for line in (process / "limits").read_text().splitlines()}
        assert os.getsid(box._child.pid) != os.getsid(0)  # Ctrl-C in the terminal does not reach it
        assert limits["Max file size"][:2] == ["0", "0"]
        assert limits["Max core file size"][:2] == ["0", "0"]
        assert int(limits["Max address space"][0]) < 2 * 2**30


PDFS = sorted((SHARED / "pdf_ja").glob("*.pdf")) + sorted((SHARED / "pdf_torture").rglob("*.pdf"))


@pytest.mark.slow
@pytest.mark.skipif(not PDFS, reason=f"the data folder {SHARED} is not on this machine")
def test_every_pdf_we_have_is_a_document_or_a_reason() -> None:
    documents: dict[str, Document] = {}
    with Sandbox(seconds=20, megabytes=1024, ocr_seconds=0) as box:
        for path in PDFS:
            try:
                documents[path.name] = box.read_file(path, source=Source(uri=path.name), document_id="d")
            except ReadError as error:
                assert str(error).startswith(path.name)
            else:
                assert documents[path.name].text.strip()
        assert reads(box)
    # What was measured of the treaties: scanned, vertical or horizontal.
    for line in (SHARED / "pdf_ja" / "manifest.csv").read_text("utf-8").splitlines()[1:]:
        _, name, kind, *_ = line.split(",")
        assert (name in documents) == (kind != "scanned"), name
        if name in documents and "2012-en-jp" not in name:  # the two of 2012 have fonts without a Unicode map
            document = documents[name]
            assert any("written vertically" in warning for warning in document.warnings) == (kind == "vertical"), name
            assert any("第二条" in block.path for block in document.blocks) or document.pages <= 5, name
        if name in documents:
            _every_page_has_text_or_a_reason(documents[name])


@pytest.mark.slow
@pytest.mark.skipif(not PDFS or bool(ocr.missing()), reason=ocr.missing() or f"the data folder {SHARED} is not on this machine")
def test_every_page_of_a_scan_has_text_or_a_reason() -> None:
    with Sandbox(seconds=60, megabytes=2048, ocr_seconds=60) as box:
        for name in ("finland--finland1972-en-jp-en.pdf", "south-africa--sourhafrica1997-en-jp-en.pdf"):
            document = box.read_file(SHARED / "pdf_ja" / name, source=Source(uri=name), document_id="d")
            assert document.pages == 2
            _every_page_has_text_or_a_reason(document)


def _every_page_has_text_or_a_reason(document: Document) -> None:
    read = {block.page for block in document.blocks}
    named = {page for warning in document.warnings for page in pages_of(warning) or ()}
    assert set(range(1, document.pages + 1)) <= read | named, document.source.uri


# ---------------------------------------------------------------- the wire

texts = st.text(st.characters(exclude_categories=["Cs"]), max_size=20)
days = st.none() | st.dates()
sources = st.builds(
    Source,
    uri=texts,
    title=texts,
    issuer=texts,
    number=texts,
    kind=st.sampled_from(Kind),
    issued=days,
    effective_from=days,
    effective_to=days,
    level=st.none() | st.integers(1, 3),
    licence=texts,
    language=texts,
    replaces=texts,
)
sides = st.floats(-1e5, 1e5)
boxes = st.none() | st.builds(Box, left=sides, bottom=sides, right=sides, top=sides)


@st.composite
def documents(draw: st.DrawFn) -> Document:
    text = draw(texts)
    cuts = sorted(draw(st.lists(st.integers(0, len(text)), max_size=6)))
    blocks = tuple(
        Block(
            kind=draw(st.sampled_from(BlockKind)),
            span=Span(start=start, end=end),
            path=tuple(draw(st.lists(texts, max_size=3))),
            page=draw(st.none() | st.integers(1, 999)),
            box=draw(boxes),
        )
        for start, end in zip(cuts[::2], cuts[1::2], strict=False)
    )
    return Document(
        id=draw(texts),
        revision=draw(texts),
        source=draw(sources),
        text=text,
        blocks=blocks,
        pages=draw(st.integers(0, 999)),
        format=draw(texts),
        warnings=tuple(draw(st.lists(texts, max_size=3))),
    )


@given(documents())
def test_a_document_comes_over_the_wire_as_it_went_in(document: Document) -> None:
    assert wire.from_json(json.loads(json.dumps(wire.to_json(document)))) == document


anything = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.sampled_from(["id", "text", "blocks", "source", "pages"]), inner),
    max_leaves=8,
)


@given(documents(), st.sampled_from(["id", "text", "blocks", "source", "pages", "warnings", "format"]), anything)
def test_nonsense_on_the_wire_is_an_error_and_never_a_broken_document(document: Document, field: str, value: wire.Json) -> None:
    sent = {**wire.to_json(document), field: value}
    try:
        got = wire.from_json(sent)
    except wire.WireError:
        return
    assert all(block.span.end <= len(got.text) for block in got.blocks)


def test_blocks_that_overlap_or_leave_the_text_are_refused() -> None:
    def document(*spans: tuple[int, int]) -> dict[str, wire.Json]:
        whole = Document(id="d", revision="r", source=SOURCE, text="0123456789", blocks=())
        return {**wire.to_json(whole), "blocks": [["text", start, end, [], None, None] for start, end in spans]}

    assert len(wire.from_json(document((0, 3), (3, 10))).blocks) == 2
    for spans in ([(0, 4), (3, 5)], [(5, 11)], [(3, 2)], [(-1, 2)]):
        with pytest.raises(wire.WireError):
            wire.from_json(document(*spans))
