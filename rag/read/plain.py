"""Plain text -> blocks: which encoding it is in, and which line ends are only the width of a page."""

from __future__ import annotations

import codecs
import re
import unicodedata
from collections.abc import Sequence

from charset_normalizer import from_bytes

from rag.errors import EmptyFile, UnknownFormat
from rag.read import shapes
from rag.read.build import Builder
from rag.read.markers import markers
from rag.read.options import AS_IT_IS, How
from rag.read.reading import READ, Reading, fill
from rag.read.structure import Line, add_lines
from rag.records import BlockKind, Source
from rag.text import JAPANESE_RUN, language

_BOMS = (
    (codecs.BOM_UTF8, "utf-8-sig"),
    (codecs.BOM_UTF32_LE, "utf-32"),
    (codecs.BOM_UTF32_BE, "utf-32"),
    (codecs.BOM_UTF16_LE, "utf-16"),
    (codecs.BOM_UTF16_BE, "utf-16"),
)
_CONTROL = re.compile(r"[\x00-\x08\x0b\x0e-\x1a\x1c-\x1f\x7f]")
_NOT_TEXT = f"this is not text. {READ}"


def read_plain(data: bytes, source: Source, how: How = AS_IT_IS) -> Reading:
    """Plain text in UTF-8, UTF-16, cp932, EUC-JP or ISO-2022-JP.

    Raises:
        UnknownFormat: the bytes are no text.
        EmptyFile: there is nothing but white space.
    """
    text, encoding = decode(data, source.uri)
    builder = Builder()
    number = add_lines(
        builder, how.options.corrected([_line(line) for line in join_wrapped(re.split(r"\r\n|[\n\r\f\v\x85\u2028\u2029]", text))])
    )
    if not builder.blocks:
        raise EmptyFile(source.uri, "there is no text in it.")
    title = next((b.span.cut(builder.text) for b in builder.blocks if b.kind is BlockKind.TITLE), "")
    warnings = () if encoding in ("utf-8", "utf-8-sig", "utf-16", "utf-32") else (f"encoding guessed: {encoding}",)
    return Reading.of(builder, fill(source, title=title, number=number, language=language(builder.text[:20_000])), warnings=warnings)


def _line(text: str) -> Line:
    cells = [cell.strip() for cell in text.strip().split("\t")]
    return Line(text="｜".join(cells), table=True) if len(cells) > 2 else Line(text=text)


# ---------------------------------------------------------------- encodings


def decode(data: bytes, name: str) -> tuple[str, str]:
    """The text and the Python name of its encoding.

    A byte order mark decides, then the escapes of ISO-2022-JP, then UTF-8 if it fits without an error. cp932 and EUC-JP often
    both fit: the one in which the text looks more like Japanese is taken.

    Raises:
        UnknownFormat: the bytes are no text.
    """
    for bom, encoding in _BOMS:
        if data.startswith(bom):
            return _printable(_strict(data, encoding) or "", encoding, name)
    if b"\x1b$" in data and (text := _strict(data, "iso2022_jp_2")) is not None:
        return _printable(text, "iso2022_jp", name)
    if (text := _strict(data, "utf-8")) is not None:
        return _printable(text, "utf-8", name)
    if b"\x00" in data:
        raise UnknownFormat(name, _NOT_TEXT)
    fitting = [(text, encoding) for encoding in ("cp932", "euc_jp") if (text := _strict(data, encoding)) is not None]
    if fitting:
        text, encoding = max(fitting, key=lambda pair: _japaneseness(pair[0], pair[1]))
        if _japaneseness(text, encoding) > 0:
            return _printable(text, encoding, name)
    guess = from_bytes(data).best()
    if guess is None:
        raise UnknownFormat(name, _NOT_TEXT)
    return _printable(str(guess), guess.encoding, name)


def _strict(data: bytes, encoding: str) -> str | None:
    try:
        return data.decode(encoding)
    except (UnicodeDecodeError, UnicodeError):
        return None


def _printable(text: str, encoding: str, name: str) -> tuple[str, str]:
    if len(_CONTROL.findall(text)) > len(text) // 200:
        raise UnknownFormat(name, _NOT_TEXT)
    return _CONTROL.sub("", text), encoding


_LEVEL_2 = 0x5021
"""JIS X 0208 writes the kanji of daily use below row 48, and the rare ones from there on."""


def _japaneseness(text: str, encoding: str) -> float:
    """How much ``text`` looks like Japanese, a point for each byte of a likely character and less than none for an unlikely one.

    EUC-JP read as cp932 is full of half-width katakana and of rare kanji; cp932 read as EUC-JP of rare kanji and symbols.
    """
    total = 0.0
    for character in text:
        code = ord(character)
        if code < 0x80:
            continue
        if 0x3041 <= code <= 0x3093 or character in "、。（）「」・ー　":
            total += 2.2
        elif 0x30A1 <= code <= 0x30F6:
            total += 1.6
        elif 0xFF61 <= code <= 0xFF9F:
            total -= 1.0
        elif 0x4E00 <= code <= 0x9FFF:
            total += 1.8 if _common(character) else -2.0
        elif 0xFF01 <= code <= 0xFF5E:
            total += 1.2
        else:
            total -= 1.0
    return total


def _common(kanji: str) -> bool:
    try:
        row = kanji.encode("euc_jp")
    except UnicodeEncodeError:
        return False
    return len(row) == 2 and row[0] < 0xD0


# ---------------------------------------------------------------- wrapped lines


def join_wrapped(lines: Sequence[str], width: int | None = None) -> list[str]:
    """The paragraphs of ``lines``: where the text was broken at a fixed width, its lines are joined.

    Japanese is joined without a space, Latin text with one. Blank lines, numbers and headings always begin a new paragraph.
    ``width`` is the ``page_width`` of the whole text where ``lines`` are a part of it.
    """
    width = page_width(lines) if width is None else width
    joined: list[str] = []
    last = ""
    for line in lines:
        bare = line.strip()
        if bare and last and width and _runs_on(last, line, width):
            joined[-1] = glue(joined[-1], bare)
        elif bare:
            joined.append(line.rstrip())
        last = line.rstrip()
    return joined


def glue(left: str, right: str) -> str:
    """Two halves of one line: a space between Latin words, nothing between Japanese characters."""
    latin = left[-1:].isascii() and right[:1].isascii()
    return left + (" " if latin and not left.endswith("-") else "") + right


def page_width(lines: Sequence[str]) -> int:
    """The columns at which the text was broken; 0 where it was not. A Japanese character takes two."""
    widths = sorted((_columns(line.rstrip()) for line in lines if line.strip()), reverse=True)
    if len(widths) < 3 or widths[0] > 160:
        return 0
    full = sum(1 for width in widths if width >= widths[0] - 12)
    return widths[0] if widths[0] >= 50 and full >= max(2, len(widths) // 10) else 0


def _columns(text: str) -> int:
    return sum(2 if unicodedata.east_asian_width(character) in "WFA" else 1 for character in text)


def _runs_on(line: str, following: str, width: int) -> bool:
    """True where ``following`` goes on with the paragraph of ``line``: its first word had no room any more."""
    if opens(following.strip()) or opens_only(line.strip()):
        return False
    if following.startswith("\u3000") and line[-1] in "。）」":
        return False
    first = following.split()[0]
    # Japanese breaks anywhere, but a full stop or a bracket may not begin a line: allow three characters of slack.
    room = 6 if JAPANESE_RUN.match(first) else _columns(first)
    return _columns(line) + room >= width


def opens(text: str) -> bool:
    """True where ``text`` begins something of its own: a number, a heading, an article, a question, a bullet."""
    return bool(
        markers(text)
        or opens_only(text)
        or shapes.SUPPLEMENT_LINE.fullmatch(text)
        or shapes.article(text, False)
        or shapes.question(text)
        or shapes.ANSWER.match(text)
        or shapes.BULLET.match(text)
    )


def opens_only(text: str) -> bool:
    """True for a line that is complete in itself: a chapter's heading, a caption, 附則, 別表第一."""
    return bool(
        shapes.chapter_rank(text)
        or shapes.CAPTION.fullmatch(text)
        or shapes.SUPPLEMENT.fullmatch(text)
        or shapes.CONTENTS.fullmatch(text)
        or shapes.appendix(text, False)[0]
        or shapes.has_leader(text)
    )
