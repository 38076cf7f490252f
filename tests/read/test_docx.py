"""Word files, made here with python-docx."""

from __future__ import annotations

import zipfile
from collections.abc import Callable
from io import BytesIO

import docx
import pytest
from docx.document import Document as WordDocument
from docx.oxml import parse_xml
from docx.oxml.ns import nsdecls

import rag.read.office
from rag.errors import DamagedFile, EmptyFile, FileTooLarge, PasswordNeeded
from rag.records import BlockKind
from tests.read.checks import at, find, of, read_text


def word(fill: Callable[[WordDocument], None]) -> bytes:
    document = docx.Document()
    fill(document)
    out = BytesIO()
    document.save(out)
    return out.getvalue()


def sample(document: WordDocument) -> None:
    document.add_paragraph("見本規程", style="Title")
    document.add_heading("第一章　総則", 1)
    document.add_paragraph("（目的）")
    document.add_paragraph("第一条　目的を定める。")
    table = document.add_table(3, 2)
    for cell, text in zip((c for row in table.rows for c in row.cells), ["区分", "額", "本省", "十円", "", "二十円"], strict=True):
        cell.text = text
    table.cell(1, 0).merge(table.cell(2, 0))
    document.add_paragraph("２　表の後の文。")
    document.add_heading("参考", 1)
    document.add_paragraph("点の一", style="List Bullet")
    document.add_paragraph("番号の一", style="List Number")
    document.add_paragraph("前\t中\t後")


def test_structure() -> None:
    document = read_text(word(sample), "rule.docx")
    assert document.format == "docx"
    assert document.source.title == "見本規程"
    assert at(document, "第一章 総則", "第一条", "第一項") == ["目的を定める。", "区分｜額", "本省｜十円", "本省｜二十円"]
    assert at(document, "第一章 総則", "第一条", "第二項") == ["表の後の文。"]
    assert at(document, "参考") == ["参考", "点の一", "番号の一", "前｜中｜後"]
    assert find(document, "点の一").kind is BlockKind.ITEM
    assert document.warnings == ("automatic numbers of 1 paragraphs are not in the text",)


def test_tracked_changes_are_accepted() -> None:
    def fill(document: WordDocument) -> None:
        paragraph = document.add_paragraph("期限は、")
        for name, tag, text in (("del", "delText", "十日"), ("ins", "t", "二十日")):
            paragraph._p.append(
                parse_xml(f'<w:{name} {nsdecls("w")} w:id="1" w:author="a"><w:r><w:{tag}>{text}</w:{tag}></w:r></w:{name}>')
            )
        paragraph.add_run("とする。")

    assert of(read_text(word(fill), "a.docx"), BlockKind.TEXT) == ["期限は、二十日とする。"]


def test_broken_files() -> None:
    data = word(sample)
    with pytest.raises(DamagedFile, match="a.docx"):
        read_text(data[: len(data) // 2], "a.docx")
    with pytest.raises(DamagedFile):
        read_text(b"no archive at all", "a.docx")
    out = BytesIO()
    with zipfile.ZipFile(BytesIO(data)) as old, zipfile.ZipFile(out, "w") as new:
        for part in old.namelist():
            new.writestr(part, old.read(part)[:-40] if part == "word/document.xml" else old.read(part))
    with pytest.raises(DamagedFile):
        read_text(out.getvalue(), "a.docx")


def test_an_encrypted_file_needs_its_password() -> None:
    container = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + bytes(500) + "EncryptedPackage".encode("utf-16-le") + bytes(500)
    with pytest.raises(PasswordNeeded, match="password"):
        read_text(container, "a.docx")


def test_a_zip_bomb_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(rag.read.office, "MAX_UNPACKED", 10_000)
    with pytest.raises(FileTooLarge, match="10,000"):
        read_text(word(sample), "a.docx")


def test_no_text() -> None:
    with pytest.raises(EmptyFile):
        read_text(word(lambda document: None), "a.docx")
