"""Which reader gets a file, and what a person is told when none does."""

from __future__ import annotations

import hashlib
import zipfile
from datetime import date
from io import BytesIO
from pathlib import Path

import pytest

from rag.errors import DamagedFile, EmptyFile, ReadError, UnknownFormat
from rag.read import FORMATS, read
from rag.read.reading import fill, kind_of, revision_date
from rag.records import Kind, Source
from tests.read.checks import holds_together, read_text


def archive(*names: str) -> bytes:
    out = BytesIO()
    with zipfile.ZipFile(out, "w") as file:
        for name in names:
            file.writestr(name, "x")
    return out.getvalue()


def test_content_comes_before_the_name() -> None:
    page = "<!DOCTYPE html><html><body><h1>見本</h1><p>文。</p></body></html>"
    assert read_text(page, "page.txt").format == "html"
    assert read_text(page, "page").format == "html"
    assert read_text("# 見本\n\n文。", "a.md").format == "markdown"
    assert read_text("見本\n文。", "a").format == "text"
    assert read_text("見本\n文。", "https://x/a.txt?v=2").format == "text"


def test_revision_is_the_digest_of_the_bytes() -> None:
    data = "見本\n文。".encode()
    document = read(data, source=Source(uri="a.txt"), document_id="d")
    assert document.revision == hashlib.sha256(data).hexdigest()
    assert document.id == "d"


@pytest.mark.parametrize(
    ("data", "name", "words"),
    [
        (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + bytes(600), "old.doc", "old Office file"),
        (archive("xl/workbook.bin"), "a.xlsb", "binary Excel"),
        (archive("a.txt"), "a.zip", "archive"),
        (b"\x89PNG\r\n\x1a\n" + bytes(100), "a.png", "a picture, and reading by OCR is switched off"),
        (b"\xff\xd8\xff\xe0" + bytes(100), "a.jpg", "a picture, and reading by OCR"),
        (b"GIF89a" + bytes(100), "a.gif", "it is a GIF picture"),
        (bytes(range(256)), "a.bin", "not text"),
    ],
)
def test_what_nothing_reads(data: bytes, name: str, words: str) -> None:
    with pytest.raises(UnknownFormat, match=words) as caught:
        read_text(data, name)
    assert "PDF, DOCX, XLSX, PPTX, CSV, HTML, Markdown, plain text and law XML" in str(caught.value)
    assert str(caught.value).startswith(name)


MAIL = b"Received: by mail.example.jp\r\n\tfor <a@example.jp>\r\nSubject: =?utf-8?B?44GK55+l44KJ44Gb?=\r\nMIME-Version: 1.0\r\n\r\n44GT\r\n"


@pytest.mark.parametrize(("data", "name"), [(MAIL, "notice.eml"), (MAIL, "notice.txt"), (b"Subject: x\n\nwords", "a.EML")])
def test_a_mail_is_not_read_as_a_document(data: bytes, name: str) -> None:
    with pytest.raises(UnknownFormat, match="it is an e-mail. Save its attachments"):
        read_text(data, name)


def test_a_text_that_begins_like_a_mail_is_read() -> None:
    assert read_text("Subject: Parking\nFrom: the office\n\nParking is free.\n", "a.txt").format == "text"


@pytest.mark.parametrize("name", ["a.pdf", "a.docx", "a.html", "a.md", "a.txt", "a.xml"])
def test_empty_files(name: str) -> None:
    with pytest.raises(EmptyFile):
        read_text(b"", name)


@pytest.mark.parametrize("name", ["a.pdf", "a.docx", "a.png", "scan.JPG", "a.tiff", "a.gif", "a.zip"])
@pytest.mark.parametrize("text", ["ただの文", "<html><body><p>A page.</p></body></html>"])
def test_not_what_the_name_says(name: str, text: str) -> None:
    with pytest.raises(DamagedFile, match="is none") as caught:
        read_text(text, name)
    assert str(caught.value).startswith(f"{name}: it is named {name[name.index('.') :].lower()} but") and "Get the file again" in str(
        caught.value
    )


@pytest.mark.parametrize("name", [f"a{ending}" for ending in FORMATS])
def test_garbage_raises_only_what_is_promised(name: str) -> None:
    for seed in range(40):
        data = hashlib.shake_256(bytes([seed])).digest(300)
        with pytest.raises(ReadError):
            read(data, source=Source(uri=name), document_id="d")


def test_fill_keeps_what_was_given() -> None:
    given = Source(uri="a", title="題", kind=Kind.QA)
    filled = fill(given, title="別", number="一号", kind=Kind.ACT, issued=None, language="ja")
    assert (filled.title, filled.number, filled.kind, filled.issued, filled.language) == ("題", "一号", Kind.QA, None, "ja")


def test_names_and_numbers() -> None:
    assert revision_date("x/405AC0000000088_20240926_506AC0000000065.xml") == date(2024, 9, 26)
    assert revision_date("405AC0000000088_20241399_506AC0000000065.xml") is None
    assert kind_of("令和七年公共サービス省訓令第三号") is Kind.DIRECTIVE
    assert kind_of("") is Kind.OTHER


CORPUS = Path(__file__).resolve().parents[2] / "corpus"
SAMPLES = sorted(p for p in CORPUS.rglob("*") if p.suffix in FORMATS and p.suffix != ".pdf" and "make" not in p.parts)


@pytest.mark.parametrize("path", SAMPLES, ids=lambda path: path.name)
def test_the_sample_library(path: Path) -> None:
    document = read(path.read_bytes(), source=Source(uri=path.name), document_id=path.stem)
    holds_together(document)
    assert document.source.title and document.source.language in ("ja", "en")
    assert len(document.blocks) > 20
    assert sum(1 for block in document.blocks if block.path) > len(document.blocks) * 0.7
