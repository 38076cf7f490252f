"""Scans and pictures: what Tesseract sees becomes the same document as a text layer would. Skipped where Tesseract is not installed."""

from __future__ import annotations

import html
import io
import re
from pathlib import Path

import pypdfium2
import pytest
from PIL import Image
from pypdf import PdfReader, PdfWriter, Transformation
from rapidfuzz.distance import Levenshtein

from rag.errors import DamagedFile, EmptyFile, PasswordNeeded, UnknownFormat
from rag.read import ocr, read
from rag.read.options import HeadingAt, How, Options
from rag.read.page_picture import picture
from rag.read.sandbox import Sandbox
from rag.records import BlockKind, Document, Source
from tests.conftest import CORPUS
from tests.read.checks import holds_together, of
from tests.read.make_pdf import Sheet, Words, make_pdf, paragraph
from tests.read.test_pdf import encrypted

WITH_OCR = How(ocr_seconds=120)
tesseract = pytest.mark.skipif(bool(ocr.missing()), reason=ocr.missing() or "never")

ENGLISH = [
    Words(text=line, x=70, y=700 - 24 * at, size=14) for at, line in enumerate(("Claims are paid within", "thirty days of receipt."))
]


def as_image(pdf: bytes, page: int = 1, dpi: int = 200) -> Image.Image:
    """A page as a scanner would give it."""
    opened = pypdfium2.PdfDocument(pdf)
    drawn: Image.Image = opened[page - 1].render(scale=dpi / 72).to_pil().convert("L")
    return drawn


def scanned(*pages: Image.Image) -> bytes:
    """A PDF that is nothing but pictures."""
    out = io.BytesIO()
    pages[0].save(out, "PDF", save_all=True, append_images=pages[1:], resolution=200)
    return out.getvalue()


def as_file(image: Image.Image, kind: str, **more: object) -> bytes:
    out = io.BytesIO()
    image.save(out, kind, **more)
    return out.getvalue()


def of_scan(data: bytes, name: str = "a.pdf", how: How = WITH_OCR) -> Document:
    document = read(data, source=Source(uri=name), document_id="d", how=how)
    holds_together(document)
    return document


def error_rate(truth: str, got: str) -> float:
    """Character error rate without white space: insertions, deletions and substitutions over the characters of the truth."""
    truth, got = re.sub(r"\s", "", truth), re.sub(r"\s", "", got)
    return Levenshtein.distance(truth, got) / len(truth)


def test_without_ocr_the_reason_and_what_to_do_are_said() -> None:
    with pytest.raises(EmptyFile, match="It needs OCR, but it is switched off"):
        of_scan(scanned(as_image(make_pdf(Sheet(words=ENGLISH)))), how=How())
    mixed = make_pdf(Sheet(words=ENGLISH), Sheet(raw=b"0 0 300 300 re f"))
    assert of_scan(mixed, how=How()).warnings == (
        "page 2 has no text: a scan?",
        "page 2: not read by OCR: it is switched off",
    )


def pasted(image: Image.Image) -> bytes:
    """A page with a running head as text and a picture over a third of it."""
    page = PdfWriter(clone_from=io.BytesIO(make_pdf(Sheet(words=[Words(text="Handbook of the counter", x=70, y=790, size=9)]))))
    small = Transformation().scale(0.6).translate(60, 150)
    page.pages[0].merge_transformed_page(PdfReader(io.BytesIO(scanned(image))).pages[0], small)
    out = io.BytesIO()
    page.write(out)
    return out.getvalue()


@tesseract
def test_words_that_were_pasted_in_as_a_picture_are_read() -> None:
    document = of_scan(pasted(as_image(make_pdf(Sheet(words=ENGLISH)))))
    assert "Claims are paid within thirty days of receipt." in document.text
    assert any(note.startswith("page 1: read by OCR") for note in document.warnings)


@pytest.mark.parametrize("how", [How(), pytest.param(WITH_OCR, marks=tesseract)])
def test_a_photograph_beside_few_words_leaves_them_as_they_are(how: How) -> None:
    document = of_scan(pasted(Image.radial_gradient("L").resize((1653, 2339))), how=how)
    assert (document.text, document.warnings) == ("Handbook of the counter\n", ())


@tesseract
def test_an_english_scan_and_a_straight_text_are_the_same_document() -> None:
    pdf = make_pdf(Sheet(words=ENGLISH))
    read_by_eye = of_scan(scanned(as_image(pdf)))
    assert read_by_eye.text == of_scan(pdf).text == "Claims are paid within thirty days of receipt.\n"
    assert re.fullmatch(r"page 1: read by OCR, confidence \d\d%", read_by_eye.warnings[0])
    box, own = read_by_eye.blocks[0].box, of_scan(pdf).blocks[0].box
    assert box and own and max(abs(box.left - own.left), abs(box.bottom - own.bottom), abs(box.right - own.right)) < 8


@tesseract
@pytest.mark.parametrize("kind", ["PNG", "JPEG"])
def test_a_picture_is_a_page(kind: str) -> None:
    document = of_scan(as_file(as_image(make_pdf(Sheet(words=ENGLISH))), kind, dpi=(200, 200)), f"a.{kind.lower()}")
    assert (document.format, document.pages) == ("picture", 1)
    assert document.text == "Claims are paid within thirty days of receipt.\n"


@tesseract
def test_a_tiff_has_pages_and_an_empty_one_is_named() -> None:
    page = as_image(make_pdf(Sheet(words=ENGLISH)))
    data = as_file(page, "TIFF", save_all=True, append_images=[Image.new("L", page.size, 255), page], dpi=(200, 200))
    document = of_scan(data, "a.tif")
    assert document.pages == 3
    assert {block.page for block in document.blocks} == {1, 3}
    assert "page 2: OCR found no words" in document.warnings


@tesseract
def test_a_broken_picture_and_an_empty_one() -> None:
    page = as_image(make_pdf(Sheet(words=ENGLISH)))
    with pytest.raises(DamagedFile, match="cut off or broken"):
        of_scan(as_file(page, "PNG")[:2000], "a.png")
    with pytest.raises(EmptyFile, match="OCR found no words"):
        of_scan(as_file(Image.new("L", page.size, 255), "PNG"), "a.png")


@tesseract
def test_a_page_turned_by_half_is_read() -> None:
    page = as_image(make_pdf(Sheet(words=[*ENGLISH, *(Words(text=f"Rule {n} applies to staff.", x=70, y=600 - 20 * n) for n in range(9))])))
    assert "thirty days of receipt" in of_scan(scanned(page.rotate(180, fillcolor=255))).text


@tesseract
def test_a_page_that_has_text_is_read_by_ocr_if_somebody_asks() -> None:
    pdf = make_pdf(Sheet(words=ENGLISH))
    asked = of_scan(pdf, how=How(ocr_seconds=60, options=Options(ocr=frozenset({1}))))
    assert asked.text == of_scan(pdf).text
    assert asked.warnings[0].startswith("page 1: read by OCR")
    assert of_scan(pdf).warnings == ()


# ---------------------------------------------------------------- Japanese

NOTICE = CORPUS / "make" / "notice-1998-scan.html"


def truth(path: Path) -> str:
    """The words of a page of our own, from which a PDF was made."""
    text = path.read_text(encoding="utf-8")
    return html.unescape(re.sub("<[^>]+>", "", text[text.index("<body") :]))


@tesseract
def test_the_sample_ministrys_scan() -> None:
    with Sandbox(seconds=60, megabytes=512, ocr_seconds=120) as box:
        told: list[tuple[int, int]] = []
        document = box.read_file(
            CORPUS / "ja" / "notice-1998-scan.pdf",
            source=Source(uri="notice-1998-scan.pdf"),
            document_id="d",
            progress=lambda page, pages: told.append((page, pages)),
        )
    assert told == [(0, 1), (1, 1)]
    assert error_rate(truth(NOTICE), document.text) < 0.15
    for words in ("公共サービス省大臣官房総務課", "午後六時三十分まで", "受付を中断しないこと", "架空"):
        assert words in document.text, words
    assert all(block.page == 1 and block.box for block in document.blocks)


@tesseract
def test_vertical_japanese_is_read_from_the_right() -> None:
    lines = (
        "この規程は職員の旅費について",
        "必要な事項を定めるものとする",
        "旅費は職員の請求により支給し",
        "その額は別表に定めるとおりと",
    )
    pdf = make_pdf(Sheet(words=paragraph(*lines, x=500, y=780, size=16, font="down")))
    if not of_scan(pdf).text.strip():
        pytest.skip("no Japanese font on this machine")
    document = of_scan(scanned(as_image(pdf)))
    assert "page 1 is written vertically" in document.warnings
    assert error_rate("".join(lines), document.text) < 0.2


# ---------------------------------------------------------------- what a person corrects


def test_a_heading_is_what_a_person_says() -> None:
    pdf = make_pdf(Sheet(words=[Words(text="Travel rules", x=70, y=760, size=20), Words(text="Scope", x=70, y=720), *ENGLISH]))
    corrected = Options(headings=(HeadingAt(text="Ｓｃｏｐｅ", depth=2, page=1), HeadingAt(text="Claims are paid within", depth=0)))
    document = of_scan(pdf, how=How(options=corrected))
    assert of(document, BlockKind.HEADING) == ["Scope"]
    assert of(of_scan(pdf), BlockKind.HEADING) != ["Scope"]


def test_a_page_is_a_table_if_a_person_says_so() -> None:
    words = [Words(text=text, x=x, y=y) for y, row in ((700, "ab"), (650, "cd")) for x, text in zip((70, 300), row, strict=True)]
    pdf = make_pdf(Sheet(words=words))
    table = of_scan(pdf, how=How(options=Options(tables=frozenset({1}))))
    assert of(table, BlockKind.TABLE_ROW) == ["a｜b", "c｜d"]
    assert of(of_scan(pdf), BlockKind.TABLE_ROW) == []


def test_a_password_opens_a_pdf_and_is_kept_nowhere() -> None:
    data = encrypted("user", "owner", "AES-256")
    with Sandbox(seconds=60, megabytes=512) as box:
        opened = box.read_bytes(data, source=Source(uri="a.pdf"), document_id="d", options=Options(password="user"))
        assert "第一条" in opened.text
        with pytest.raises(PasswordNeeded, match="needs a password"):
            box.read_bytes(data, source=Source(uri="a.pdf"), document_id="d")
        with pytest.raises(PasswordNeeded, match="does not open with this password"):
            box.read_bytes(data, source=Source(uri="a.pdf"), document_id="d", options=Options(password="wrong"))
    assert "user" not in repr(opened)


@pytest.mark.skipif(not ocr.missing(), reason="Tesseract is installed")
def test_a_picture_without_tesseract_says_how_to_install_it() -> None:
    with pytest.raises(UnknownFormat, match="apt-get install tesseract-ocr"):
        of_scan(as_file(Image.new("L", (100, 100)), "PNG"), "a.png")


def test_what_is_drawn_of_a_password_file_needs_no_words() -> None:
    with pytest.raises(PasswordNeeded):
        picture(encrypted("user", "owner", "AES-256"), 1, [])
