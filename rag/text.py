"""Text: normal forms that remember where they came from, ends of sentences, numerals, dates of eras.

Everything is searched in a normal form and quoted in its original form; ``Normal.offsets`` is the way back.
"""

from __future__ import annotations

import csv
import io
import re
import unicodedata
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import date

from rag.records import Span

# ---------------------------------------------------------------- normal form

_HALF_WIDTH_MARKS = "\uff9e\uff9f"


@dataclass(frozen=True, slots=True)
class Normal:
    """NFKC text in lower case, and for each of its characters the offset of the original it came from.

    ``offsets`` has one entry more than ``text``: the length of the original.
    """

    text: str
    offsets: tuple[int, ...]

    def original(self, span: Span) -> Span:
        """The span of the original text that a span of the normal text came from."""
        if span.start == span.end:
            return Span(start=self.offsets[span.start], end=self.offsets[span.start])
        end = span.end
        # Several normal characters may come from one original (㍿ -> 株式会社): end after that original.
        while end < len(self.text) and self.offsets[end] == self.offsets[span.end - 1]:
            end += 1
        return Span(start=self.offsets[span.start], end=self.offsets[end])


def normalize(text: str) -> Normal:
    """NFKC and lower case, with the map back. ``len(offsets) == len(text) + 1``."""
    parts: list[str] = []
    offsets: list[int] = []
    start = 0
    while start < len(text):
        end = start + 1
        # What melts together is normalised together: a base and its marks (ｶﾞ -> ガ), the parts of a Hangul syllable.
        while end < len(text) and _joins(text[start:end], text[end]):
            end += 1
        normal = fold(text[start:end])
        parts.append(normal)
        offsets.extend([start] * len(normal))
        start = end
    return Normal("".join(parts), (*offsets, len(text)))


def fold(text: str) -> str:
    """The normal form alone, for where no way back is needed."""
    # lower() writes σ as ς at the end of a word, which depends on what follows.
    return unicodedata.normalize("NFKC", text).lower().replace("ς", "σ")


def _joins(before: str, character: str) -> bool:
    if character.isascii():
        return False
    if unicodedata.combining(character) or character in _HALF_WIDTH_MARKS:
        return True
    apart = unicodedata.normalize("NFKC", before) + unicodedata.normalize("NFKC", character)
    return apart != unicodedata.normalize("NFKC", before + character)


_HALVES = re.compile("[\ud800-\udfff]")


def storable(text: str) -> str:
    """``text`` with halves of surrogate pairs as \ufffd: they are no characters, and no file, hash or engine takes them."""
    return _HALVES.sub("\ufffd", text)


def short(text: str, most: int = 100) -> str:
    """``text``, or its first ``most`` characters and an ellipsis: a message must not become as long as a name that somebody made up."""
    return text if len(text) <= most else f"{text[:most]}…"


# ---------------------------------------------------------------- scripts

_JAPANESE = r"\u3005-\u3007\u3040-\u30ff\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff\uff66-\uff9f\U00020000-\U0003347f"
JAPANESE_RUN = re.compile(f"[{_JAPANESE}]+")
_LATIN = re.compile(r"[A-Za-z]")


def language(text: str) -> str:
    """ "ja" where a tenth or more of the letters are kana or kanji, "en" where there are Latin letters, else ""."""
    japanese = sum(map(len, JAPANESE_RUN.findall(text)))
    latin = len(_LATIN.findall(text))
    if japanese and japanese * 9 >= latin:
        return "ja"
    return "en" if latin else ""


# ---------------------------------------------------------------- sentences

_OPENING = "（(「『【［[｛{〔"
_CLOSING = "）)」』】］]｝}〕"
_ABBREVIATIONS = frozenset(
    "mr mrs ms dr prof st no nos art arts sec secs para paras ch chap fig vol pp p e.g i.e cf etc vs approx inc ltd co dept".split()
)


def sentences(text: str, span: Span | None = None) -> list[Span]:
    """Sentences of ``text`` (or of a part of it), without the white space around them.

    A sentence ends at 。！？ outside brackets, at . ! ? before white space and a capital, digit or quote (unless an
    abbreviation or a numeral like "3." stands there), and at the end of a line.
    """
    whole = span or Span(start=0, end=len(text))
    found: list[Span] = []
    start, depth = whole.start, 0
    for position in range(whole.start, whole.end):
        character = text[position]
        if character in _OPENING:
            depth += 1
        elif character in _CLOSING:
            depth = max(0, depth - 1)
        if character == "\n" or (depth == 0 and _ends_sentence(text, position, start, whole.end)):
            _keep(text, start, position + 1, found)
            start, depth = position + 1, 0
    _keep(text, start, whole.end, found)
    return found


def _ends_sentence(text: str, position: int, start: int, limit: int) -> bool:
    character = text[position]
    if character in "。！？":
        # A closing bracket right behind belongs to the sentence: 「…。」
        return not (position + 1 < limit and text[position + 1] in _CLOSING)
    if character not in ".!?":
        return False
    if position + 1 < limit and not text[position + 1].isspace():
        return False
    following = text[position + 1 : min(limit, position + 40)].lstrip()
    if following and not (following[0].isupper() or following[0].isdigit() or following[0] in "\"'“‘(["):
        return False
    if character == ".":
        word = text[start:position].split()[-1:] or [""]
        bare = word[0].lower().lstrip("([\"'“")
        if bare in _ABBREVIATIONS or (len(bare) == 1 and bare.isalpha()):
            return False
        if bare.isdigit() and text[start:position].strip() == word[0]:  # "3." that opens a line is its number
            return False
    return True


def _keep(text: str, start: int, end: int, found: list[Span]) -> None:
    while start < end and text[start].isspace():
        start += 1
    while end > start and text[end - 1].isspace():
        end -= 1
    if start < end:
        found.append(Span(start=start, end=end))


# ---------------------------------------------------------------- numerals

_DIGITS = {c: i for i, c in enumerate("〇一二三四五六七八九")} | {"零": 0, "元": 1}
_UNITS = {"十": 10, "百": 100, "千": 1000}
_BIG_UNITS = {"万": 10**4, "億": 10**8, "兆": 10**12}


def number(numeral: str) -> int:
    """The value of a kanji, full-width or ASCII numeral: 三十八, ３８, 38, 二〇二六, 元.

    Raises:
        ValueError: it is not a numeral.
    """
    plain = unicodedata.normalize("NFKC", numeral).replace(",", "")
    if plain.isascii() and plain.isdigit():
        return int(plain)
    if plain and all(c in _DIGITS for c in plain):
        return int("".join(str(_DIGITS[c]) for c in plain))
    total = section = digit = 0
    seen = False
    for character in plain:
        if character in _DIGITS:
            digit, seen = digit * 10 + _DIGITS[character], True
        elif character.isascii() and character.isdigit():
            digit, seen = digit * 10 + int(character), True
        elif character in _UNITS:
            section += (digit if seen else 1) * _UNITS[character]
            digit, seen = 0, False
        elif character in _BIG_UNITS:
            total += (section + digit if seen or section else 1) * _BIG_UNITS[character]
            section, digit, seen = 0, 0, False
        else:
            raise ValueError(f"not a numeral: {numeral!r}")
    if not plain:
        raise ValueError("not a numeral: ''")
    return total + section + digit


def kanji(value: int) -> str:
    """The kanji numeral of 0 <= value < 10,000, as articles are numbered: 38 -> 三十八."""
    if not 0 <= value < 10_000:
        raise ValueError(f"no kanji numeral for {value}")
    if value == 0:
        return "〇"
    out = ""
    for unit, size in (("千", 1000), ("百", 100), ("十", 10)):
        digit, value = divmod(value, size)
        if digit:
            out += ("" if digit == 1 else "〇一二三四五六七八九"[digit]) + unit
    return out + ("〇一二三四五六七八九"[value] if value else "")


# ---------------------------------------------------------------- dates

_ERAS = (
    ("令和", "R", date(2019, 5, 1)),
    ("平成", "H", date(1989, 1, 8)),
    ("昭和", "S", date(1926, 12, 25)),
    ("大正", "T", date(1912, 7, 30)),
    ("明治", "M", date(1868, 1, 25)),
)
_NUMERAL = r"[0-9〇一二三四五六七八九十元]{1,4}"
_ERA_DATE = re.compile(rf"(令和|平成|昭和|大正|明治)\s*({_NUMERAL})\s*年\s*({_NUMERAL})\s*月\s*({_NUMERAL})\s*日")
_SHORT_ERA_DATE = re.compile(r"(?<![A-Za-z0-9])([RHSTM])\s*(\d{1,2})[./](\d{1,2})[./](\d{1,2})(?!\d)")
_PLAIN_DATE = re.compile(r"(?<!\d)(\d{4})\s*(?:年|[-/.])\s*(\d{1,2})\s*(?:月|[-/.])\s*(\d{1,2})(?!\d)")


def dates(text: str) -> Iterator[date]:
    """Every date in ``text``, in the order written: 令和7年4月1日, R7.4.1, 平成三十一年…, 2026-04-01. Impossible ones are passed over."""
    plain = unicodedata.normalize("NFKC", text)
    found: list[tuple[int, int, int, int]] = []
    for match in _ERA_DATE.finditer(plain):
        begin = next(start for name, _, start in _ERAS if name == match[1])
        found.append((match.start(), begin.year - 1 + number(match[2]), number(match[3]), number(match[4])))
    for match in _SHORT_ERA_DATE.finditer(plain):
        begin = next(start for _, letter, start in _ERAS if letter == match[1])
        found.append((match.start(), begin.year - 1 + int(match[2]), int(match[3]), int(match[4])))
    for match in _PLAIN_DATE.finditer(plain):
        found.append((match.start(), int(match[1]), int(match[2]), int(match[3])))
    for _, year, month, day in sorted(found):
        try:
            yield date(year, month, day)
        except ValueError:
            continue


def era_year(day: date) -> str:
    """令和8年 for a day of 2026; empty before 1868."""
    for name, _, begin in _ERAS:
        if day >= begin:
            year = day.year - begin.year + 1
            return f"{name}{'元' if year == 1 else year}年"
    return ""


def show_date(day: date, lang: str) -> str:
    """2026年4月1日（令和8年） in Japanese, 1 April 2026 in English."""
    if lang == "ja":
        era = era_year(day)
        return f"{day.year}年{day.month}月{day.day}日" + (f"（{era}）" if era else "")
    months = "January February March April May June July August September October November December".split()
    return f"{day.day} {months[day.month - 1]} {day.year}"


# ---------------------------------------------------------------- tables for other programs


def csv_of(rows: Iterable[Sequence[object]]) -> str:
    """Rows as CSV. Text that a spreadsheet would take for a formula begins with an apostrophe."""
    out = io.StringIO()
    csv.writer(out, lineterminator="\n").writerows([[_inert(cell) for cell in row] for row in rows])
    return out.getvalue()


def _inert(cell: object) -> object:
    return f"'{cell}" if isinstance(cell, str) and cell[:1] in ("=", "+", "-", "@", "\t", "\r") else cell


def width(text: str) -> float:
    """How much room a text takes: a full-width character counts 1, an ASCII one half."""
    return sum(0.5 if character.isascii() else 1.0 for character in text)
