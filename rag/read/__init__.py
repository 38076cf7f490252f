"""Bytes -> Document. What a file is, its content says first and its name second."""

from __future__ import annotations

import hashlib
import re
import zipfile
from collections.abc import Callable, Mapping
from io import BytesIO
from pathlib import PurePosixPath

from rag.errors import DamagedFile, EmptyFile, ReadError, ReadMemory, UnknownFormat
from rag.read.delimited import read_csv
from rag.read.docx import read_docx
from rag.read.egov_html import is_law_page, read_egov_html
from rag.read.html import read_html
from rag.read.law_xml import read_law_xml
from rag.read.markdown import read_markdown
from rag.read.office import converted, for_libreoffice
from rag.read.options import AS_IT_IS, How
from rag.read.pdf import read_pdf
from rag.read.picture import MAGIC, read_picture
from rag.read.plain import read_plain
from rag.read.pptx import read_pptx
from rag.read.reading import READ, Reading
from rag.read.xlsx import read_xlsx
from rag.records import Document, Source

Reader = Callable[[bytes, Source, How], Reading]

FORMATS: Mapping[str, Reader] = {
    ".pdf": read_pdf,
    ".docx": read_docx,
    ".xlsx": read_xlsx,
    ".pptx": read_pptx,
    ".csv": read_csv,
    ".tsv": read_csv,
    ".png": read_picture,
    ".jpg": read_picture,
    ".jpeg": read_picture,
    ".tif": read_picture,
    ".tiff": read_picture,
    ".html": read_html,
    ".htm": read_html,
    ".md": read_markdown,
    ".markdown": read_markdown,
    ".txt": read_plain,
    ".xml": read_law_xml,
}
"""Extension -> reader. A page of e-Gov law search is an .html file that ``read_egov_html`` reads."""

OTHERS = (".doc", ".xls", ".ppt", ".rtf", ".odt", ".ods", ".odp")
"""Endings of files that LibreOffice turns into one of these."""

_NAMES: Mapping[Reader, str] = {
    read_pdf: "pdf",
    read_docx: "docx",
    read_xlsx: "xlsx",
    read_pptx: "pptx",
    read_csv: "csv",
    read_picture: "picture",
    read_html: "html",
    read_egov_html: "egov-html",
    read_markdown: "markdown",
    read_plain: "text",
    read_law_xml: "law-xml",
}
_OTHERS = (
    (b"GIF8", "a GIF picture"),
    (b"BM", "a bitmap picture"),
    (b"\x1f\x8b", "a gzip archive"),
    (b"7z\xbc\xaf", "a 7-Zip archive"),
    (b"Rar!", "a RAR archive"),
    (b"MZ", "a program"),
    (b"\x7fELF", "a program"),
    (b"%!PS", "a PostScript file"),
)
_NEVER_TEXT = frozenset(".pdf .docx .xlsx .pptx .png .jpg .jpeg .tif .tiff .gif .bmp .zip .7z .rar .gz .exe".split())
"""Endings of files that are known by their first bytes. Where those are others, what looks like text was never meant to be read as one.
Old Office files are not among them: many a program writes a page of HTML and names it .xls."""
_OFFICE = {".docx": "Word file", ".xlsx": "Excel file", ".pptx": "PowerPoint file", "": "Word file"}
_MAIL = (".eml", ".msg", ".mbox")
_LINES = rb"(?:[!-9;-~]+:[^\n]*\n(?:[ \t][^\n]*\n)*){0,100}?"
_HEADERS = re.compile(rb"(?=%smime-version:)(?=%s(?:from|subject):)" % (_LINES, _LINES), re.IGNORECASE)
"""An e-mail, whatever its name: its text is in pieces, and coded, so that it would be read as what no person ever saw."""
_HTML = re.compile(rb"<(?:!doctype\s+html|html|head|body)[\s>]", re.IGNORECASE)


def read(data: bytes, *, source: Source, document_id: str, how: How = AS_IT_IS) -> Document:
    """The document in ``data``; ``source.uri`` names the file, ``how`` says what was corrected in it and what may be used to read it.

    Raises:
        ReadError: one of its kinds, with a sentence for the person who added the file.
    """
    given = data
    if PurePosixPath(source.uri).suffix.lower() in _MAIL or _HEADERS.match(data[:20_000]):
        raise UnknownFormat(source.uri, f"it is an e-mail. Save its attachments and add those, or print it to PDF. {READ}")
    if for_libreoffice(data):
        data, ending = converted(data, source.uri, how)
        reader = FORMATS[f".{ending}"]
    else:
        reader = _reader(data, source.uri)
    try:
        reading = reader(data, source, how)
    except ReadError:
        raise
    except MemoryError as error:
        raise ReadMemory(source.uri, "reading it takes more memory than there is.") from error
    except Exception as error:
        # Parsers of other projects fail in ways nobody listed; the person who added the file gets a sentence all the same.
        reason = (
            f"the reader for {_NAMES[reader]} failed ({type(error).__name__}: {error}). Open the file, save it again, and add it once more."
        )
        raise DamagedFile(source.uri, reason) from error
    return Document(
        id=document_id,
        revision=hashlib.sha256(given).hexdigest(),
        source=reading.source,
        text=reading.text,
        blocks=reading.blocks,
        pages=reading.pages,
        format=_NAMES[reader],
        warnings=reading.warnings,
        furniture=reading.furniture,
    )


def _reader(data: bytes, name: str) -> Reader:
    """The reader for this content.

    Raises:
        EmptyFile, UnknownFormat, DamagedFile: nothing reads it, with the reason.
    """
    ending = PurePosixPath(re.split("[?#]", name)[0].replace("\\", "/")).suffix.lower()
    if not data.strip(b"\x00 \t\r\n"):
        raise EmptyFile(name, "the file is empty.")
    if b"%PDF-" in data[:1024]:
        return read_pdf
    if data.startswith((b"PK\x03\x04", b"PK\x05\x06", b"PK\x07\x08")):
        return _zip(data, name, ending)
    if data.startswith(MAGIC):
        return read_picture
    for magic, what in _OTHERS:
        if data.startswith(magic) and (magic != b"BM" and magic != b"MZ" or b"\x00" in data[:64]):
            raise UnknownFormat(name, f"it is {what}. {READ}")
    if ending in _NEVER_TEXT:
        raise DamagedFile(
            name, f"it is named {ending} but is none: cut off, or renamed. Get the file again, or give it the ending of what it is."
        )
    return _text(data, ending)


def _text(data: bytes, ending: str) -> Reader:
    head = data[:4096].lstrip(b"\xef\xbb\xbf \t\r\n")
    if head[:2] in (b"\xff\xfe", b"\xfe\xff"):
        head = head.replace(b"\x00", b"")[2:]
    if ending in (".md", ".markdown"):
        return read_markdown
    if ending in (".csv", ".tsv"):
        return read_csv
    if _HTML.search(head) and (head.startswith(b"<") or ending in (".html", ".htm")):
        return read_egov_html if is_law_page(data) else read_html
    if head.startswith((b"<?xml", b"<Law", b"<DataRoot")) or ending == ".xml":
        return read_law_xml
    if ending in (".html", ".htm"):
        return read_egov_html if is_law_page(data) else read_html
    return read_plain


def _zip(data: bytes, name: str, ending: str) -> Reader:
    try:
        with zipfile.ZipFile(BytesIO(data)) as archive:
            parts = archive.namelist()
    except (zipfile.BadZipFile, ValueError, OSError, NotImplementedError) as error:
        if what := _OFFICE.get(ending):
            raise DamagedFile(name, f"the {what} is cut off or broken ({error}). Get the file again.") from error
        raise UnknownFormat(name, f"it is a broken archive. {READ}") from error
    if "word/document.xml" in parts or (ending == ".docx" and any(part.startswith("word/") for part in parts)):
        return read_docx
    if "xl/workbook.xml" in parts:
        return read_xlsx
    if "ppt/presentation.xml" in parts:
        return read_pptx
    if "xl/workbook.bin" in parts:
        raise UnknownFormat(name, f"it is a binary Excel workbook (.xlsb). Save it as XLSX. {READ}")
    if ending and (what := _OFFICE.get(ending)):
        raise DamagedFile(name, f"it is named {ending} but holds no document of that kind: it is no {what}. Get the file again.")
    raise UnknownFormat(name, f"it is an archive. Unpack it and add the files in it. {READ}")
