"""Old Office files, rich text and OpenDocument, through LibreOffice. Skipped where it is not installed; what is said then is tested too."""

from __future__ import annotations

import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from rag.errors import DamagedFile, PasswordNeeded, UnknownFormat
from rag.read import read
from rag.read.sandbox import Sandbox
from rag.records import BlockKind, Source
from tests.read.checks import of
from tests.read.make_sheets import slides, workbook

libreoffice = pytest.mark.skipif(shutil.which("soffice") is None, reason="LibreOffice is not installed (hundreds of megabytes)")
RTF = rb"{\rtf1\ansi\ansicpg932 {\b Travel rules}\par Claims are paid within thirty days.\par}"


@pytest.fixture(scope="module")
def sandbox() -> Iterator[Sandbox]:
    with Sandbox(seconds=120, megabytes=2048) as box:
        yield box


def old(data: bytes, ending: str, target: str, folder: Path) -> bytes:
    """A new Office file in the old format."""
    given = folder / f"a.{ending}"
    given.write_bytes(data)
    profile = f"-env:UserInstallation={(folder / 'profile').as_uri()}"
    subprocess.run(["soffice", "--headless", profile, "--convert-to", target, "--outdir", folder, given], check=True, capture_output=True)
    return (folder / f"a.{target}").read_bytes()


@libreoffice
def test_rich_text_is_read_whatever_its_name_says(sandbox: Sandbox) -> None:
    document = sandbox.read_bytes(RTF, source=Source(uri="a.doc"), document_id="d")
    assert document.text.splitlines() == ["Travel rules", "Claims are paid within thirty days."]
    assert document.format == "docx"


@libreoffice
@pytest.mark.slow
def test_an_old_workbook_and_an_old_presentation(sandbox: Sandbox, tmp_path: Path) -> None:
    table = old(workbook(("国内", (("区分", "日当"), ("指定職", 3000)))), "xlsx", "xls", tmp_path)
    document = sandbox.read_bytes(table, source=Source(uri="旅費.xls"), document_id="d")
    assert of(document, BlockKind.TABLE_ROW) == ["区分｜日当", "指定職｜3000"]
    show = old(slides(("旅費の改正", ("日当を改める。",), "")), "pptx", "ppt", tmp_path)
    document = sandbox.read_bytes(show, source=Source(uri="a.ppt"), document_id="d")
    assert "日当を改める。" in document.text and document.pages == 1


@libreoffice
def test_what_libreoffice_writes_is_gone_afterwards(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TMPDIR", str(tmp_path))
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    with Sandbox(seconds=120, megabytes=2048) as box:
        box.read_bytes(RTF, source=Source(uri="a.rtf"), document_id="d")
    assert list(tmp_path.glob("konkyo*")) == []


def test_without_libreoffice_the_command_that_installs_it_is_said() -> None:
    with pytest.raises(UnknownFormat, match="apt-get install libreoffice-writer-nogui"):
        read(RTF, source=Source(uri="a.rtf"), document_id="d")


def test_a_container_with_a_password_and_one_with_nothing() -> None:
    container = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + bytes(500)
    with pytest.raises(PasswordNeeded, match="password"):
        read(container + "EncryptedPackage\0".encode("utf-16-le"), source=Source(uri="a.xlsx"), document_id="d")
    with pytest.raises(UnknownFormat, match="holds no document"):
        read(container, source=Source(uri="a.doc"), document_id="d")


@libreoffice
def test_a_broken_old_file_is_a_sentence(sandbox: Sandbox) -> None:
    container = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + bytes(500) + "WordDocument\0".encode("utf-16-le") + bytes(500)
    with pytest.raises(DamagedFile, match="LibreOffice does not open it|the Word file is broken"):
        sandbox.read_bytes(container, source=Source(uri="a.doc"), document_id="d")
