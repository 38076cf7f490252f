"""Small PDF files for tests, written by hand: words at places, ruled lines, Japanese across and down the page."""

from __future__ import annotations

import zlib
from collections.abc import Sequence
from dataclasses import dataclass, field

WIDTH, HEIGHT = 595, 842


@dataclass(frozen=True, kw_only=True)
class Words:
    """One piece of text. Fonts: "latin", "bold", "ja" (across), "down" (vertical; x is the middle of the column, y its top)."""

    text: str
    x: float
    y: float
    size: float = 10
    font: str = "latin"


@dataclass(frozen=True, kw_only=True)
class Sheet:
    """One page."""

    words: Sequence[Words] = ()
    lines: Sequence[tuple[float, float, float, float]] = ()
    """(x0, y0, x1, y1) of each ruled line."""
    raw: bytes = b""
    """More of the content stream."""
    extra: bytes = b""
    """More entries of the page's dictionary."""


def paragraph(*lines: str, x: float = 70, y: float = 760, size: float = 10, font: str = "ja", lead: float = 1.7) -> list[Words]:
    """Lines below one another (vertical ones from right to left)."""
    if font == "down":
        return [Words(text=t, x=x - i * size * lead, y=y, size=size, font=font) for i, t in enumerate(lines)]
    return [Words(text=t, x=x, y=y - i * size * lead, size=size, font=font) for i, t in enumerate(lines)]


@dataclass
class _Objects:
    bodies: list[bytes] = field(default_factory=list)

    def add(self, body: bytes) -> int:
        self.bodies.append(body)
        return len(self.bodies)


_FONTS = {"latin": b"F1", "bold": b"F2", "ja": b"F3", "down": b"F4"}


def make_pdf(*sheets: Sheet, title: str = "") -> bytes:
    """A PDF with these pages."""
    objects = _Objects()
    objects.add(b"<< /Type /Catalog /Pages 2 0 R >>")
    objects.add(b"")  # the page tree, once the pages are known
    latin = objects.add(b"<< /Type /Font /Subtype /Type1 /BaseFont /Helvetica /Encoding /WinAnsiEncoding >>")
    bold = objects.add(b"<< /Type /Font /Subtype /Type1 /BaseFont /Helvetica-Bold /Encoding /WinAnsiEncoding >>")
    across, down = _japanese(objects, b"UniJIS-UTF16-H"), _japanese(objects, b"UniJIS-UTF16-V")
    fonts = b"<< /F1 %d 0 R /F2 %d 0 R /F3 %d 0 R /F4 %d 0 R >>" % (latin, bold, across, down)
    pages = []
    for sheet in sheets:
        body = zlib.compress(_content(sheet))
        stream = objects.add(b"<< /Length %d /Filter /FlateDecode >>\nstream\n%b\nendstream" % (len(body), body))
        page = b"<< /Type /Page /Parent 2 0 R /MediaBox [0 0 %d %d] /Resources << /Font %b >> /Contents %d 0 R %b >>"
        pages.append(objects.add(page % (WIDTH, HEIGHT, fonts, stream, sheet.extra)))
    objects.bodies[1] = b"<< /Type /Pages /Kids [%b] /Count %d >>" % (b" ".join(b"%d 0 R" % page for page in pages), len(pages))
    info = objects.add(b"<< /Title <feff%b> >>" % title.encode("utf-16-be").hex().encode()) if title else 0
    out = bytearray(b"%PDF-1.7\n")
    places = []
    for number, body in enumerate(objects.bodies, 1):
        places.append(len(out))
        out += b"%d 0 obj\n%b\nendobj\n" % (number, body)
    table = len(out)
    out += b"xref\n0 %d\n0000000000 65535 f \n" % (len(places) + 1) + b"".join(b"%010d 00000 n \n" % place for place in places)
    tail = b"/Info %d 0 R " % info if info else b""
    out += b"trailer\n<< /Size %d /Root 1 0 R %b>>\nstartxref\n%d\n%%%%EOF\n" % (len(places) + 1, tail, table)
    return bytes(out)


def _japanese(objects: _Objects, encoding: bytes) -> int:
    """A font that is not embedded: its predefined code map alone says which characters are meant."""
    info = b"/CIDSystemInfo << /Registry (Adobe) /Ordering (Japan1) /Supplement 6 >>"
    box = b"/Flags 4 /FontBBox [0 -120 1000 880] /ItalicAngle 0 /Ascent 880 /Descent -120 /CapHeight 700 /StemV 80"
    about = objects.add(b"<< /Type /FontDescriptor /FontName /HeiseiMin-W3 %b >>" % box)
    cid = b"<< /Type /Font /Subtype /CIDFontType0 /BaseFont /HeiseiMin-W3 %b /FontDescriptor %d 0 R /DW 1000 /W [1 [278] 2 632 500] >>"
    child = objects.add(cid % (info, about))
    font = b"<< /Type /Font /Subtype /Type0 /BaseFont /HeiseiMin-W3 /Encoding /%b /DescendantFonts [%d 0 R] >>"
    return objects.add(font % (encoding, child))


def _content(sheet: Sheet) -> bytes:
    out = []
    for words in sheet.words:
        if words.font in ("ja", "down"):
            text = b"<%b>" % words.text.encode("utf-16-be").hex().encode()
        else:
            text = b"<%b>" % words.text.encode("cp1252").hex().encode()
        out.append(b"BT /%b %f Tf %f %f Td %b Tj ET" % (_FONTS[words.font], words.size, words.x, words.y, text))
    out += [b"%f %f m %f %f l S" % line for line in sheet.lines]
    return b"\n".join([*out, sheet.raw])
