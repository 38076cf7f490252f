"""The numbers that open a line: 一, （１）, 1., 3.2, ア, (a), ①, 第１. What each could mean, and whether one follows another."""

from __future__ import annotations

import re
import unicodedata
from dataclasses import dataclass

from rag.read.provision import BRANCHES, NUMERAL
from rag.text import number

_SPACE = r"[\s\u3000]"
_KANA = "アイウエオカキクケコサシスセソタチツテトナニヌネノハヒフヘホマミムメモヤユヨラリルレロワヲン"
_IROHA = "イロハニホヘトチリヌルヲワカヨタレソツネナラムウヰノオクヤマケフコエテアサキユメミシヱヒモセス"
_CIRCLED = "①②③④⑤⑥⑦⑧⑨⑩⑪⑫⑬⑭⑮⑯⑰⑱⑲⑳"
_ROMAN = {"i": 1, "v": 5, "x": 10, "l": 50, "c": 100}


@dataclass(frozen=True, slots=True)
class Marker:
    """One reading of the number that opens a line."""

    style: str
    """"kanji", "arabic", "(arabic)", "dotted", "kana", "iroha", "(alpha)", "(roman)", "circled", "dai", ..."""
    value: tuple[int, ...]
    """(2,) for 二, (2, 2) for 二の二, (3, 2, 1) for 3.2.1."""
    written: str
    """As it stands in the line, with its point or bracket."""
    rest: str
    """The words behind it."""

    @property
    def first(self) -> bool:
        """True for a number that can open a list: 一, (1), ア, 1.1."""
        return self.value[-1] == 1 and (len(self.value) == 1 or self.style == "dotted")

    def follows(self, before: tuple[int, ...]) -> bool:
        """True where this number comes right behind ``before`` in one list: 三 or 二の二 behind 二."""
        if self.style == "dotted":
            return len(self.value) == len(before) and self.value[:-1] == before[:-1] and self.value[-1] == before[-1] + 1
        if len(self.value) == 1:
            return self.value[0] == before[0] + 1
        # 二の二 behind 二, 二の三 behind 二の二.
        return self.value == (*before, 2) or (self.value[:-1] == before[:-1] and self.value[-1] == before[-1] + 1)


_PATTERNS: tuple[tuple[str, re.Pattern[str]], ...] = tuple(
    (style, re.compile(pattern + r"(?P<rest>.*)", re.DOTALL))
    for style, pattern in (
        ("dai", rf"(?P<written>第(?P<n>{NUMERAL}))(?:{_SPACE}+|$)"),
        ("dotted", rf"(?P<written>(?P<n>[0-9０-９]{{1,3}}(?:[.．][0-9０-９]{{1,3}})+)[.．]?)(?:{_SPACE}+|$)"),
        ("dotted", rf"(?P<written>(?P<n>[0-9０-９]{{1,2}}(?:[-－‐–―][0-9０-９]{{1,2}})+))(?:{_SPACE}+)"),
        ("(arabic)", r"(?P<written>[(（](?P<n>[0-9０-９]{1,3})[)）])" + rf"{_SPACE}*"),
        ("arabic)", rf"(?P<written>(?P<n>[0-9０-９]{{1,2}})[)）])(?:{_SPACE}*)"),
        ("arabic", rf"(?P<written>(?P<n>[0-9０-９]{{1,3}})(?:[.．、](?![0-9０-９])|(?={_SPACE}|$)))(?:{_SPACE}*)"),
        ("circled", rf"(?P<written>(?P<n>[{_CIRCLED}]))(?:{_SPACE}*)"),
        ("kanji", rf"(?P<written>(?P<n>[一二三四五六七八九十百]+{BRANCHES})[、．]?)(?:{_SPACE}+|$)"),
        ("(kanji)", rf"(?P<written>[(（](?P<n>[一二三四五六七八九十]+)[)）])(?:{_SPACE}*)"),
        ("(kana)", rf"(?P<written>[(（](?P<n>[{_IROHA}ンヴァ-ヶ])[)）])(?:{_SPACE}*)"),
        ("kana", rf"(?P<written>(?P<n>[{_KANA}])[．.、)）]?)(?:{_SPACE}+)"),
        ("(alpha)", rf"(?P<written>[(（](?P<n>[a-zａ-ｚ]{{1,5}})[)）])(?:{_SPACE}*)"),
        ("alpha", rf"(?P<written>(?P<n>[a-z])[.)])(?:{_SPACE}+)"),
        ("alpha", "(?P<written>(?P<n>[ａ-ｚ])[．.）]?)\u3000+"),
        ("ROMAN", rf"(?P<written>(?P<n>[Ⅰ-Ⅻ])[.．、]?)(?:{_SPACE}+)"),
        ("ROMAN", rf"(?P<written>(?P<n>[IVX]{{1,5}})\.)(?:{_SPACE}+)"),
    )
)


def markers(text: str) -> list[Marker]:
    """Every reading of the number that opens ``text``: none, one, or two (イ opens イロハ and follows ア; (i) is one and the letter i)."""
    found: list[Marker] = []
    for style, pattern in _PATTERNS:
        match = pattern.match(text)
        if match:
            for name, value in _values(style, match["n"]):
                found.append(Marker(name, value, match["written"], match["rest"].strip()))
    return found


def _values(style: str, written: str) -> list[tuple[str, tuple[int, ...]]]:
    plain = unicodedata.normalize("NFKC", written)
    if style == "dotted":
        return [(style, tuple(int(part) for part in re.split("[.‐–―-]", plain)))]
    if style in ("kana", "(kana)"):
        orders = ((style, _KANA), (style.replace("kana", "iroha"), _IROHA))
        return [(name, (order.index(plain) + 1,)) for name, order in orders if plain in order]
    if style in ("alpha", "(alpha)"):
        roman, letter = _roman(plain), ord(plain[0]) - ord("a") + 1
        both = ((style.replace("alpha", "roman"), roman), (style, letter if len(plain) == 1 else 0))
        return [(name, (value,)) for name, value in both if value]
    if style == "ROMAN":
        value = _roman(plain.lower())
        return [(style, (value,))] if value else []
    try:
        return [(style, tuple(number(part) for part in re.split("[のノ]", plain)))]
    except ValueError:
        return []


def _roman(letters: str) -> int:
    """The value of a small Roman numeral up to 89; 0 if it is none."""
    total = 0
    for position, letter in enumerate(letters):
        value = _ROMAN.get(letter, 0)
        if not value:
            return 0
        following = _ROMAN.get(letters[position + 1], 0) if position + 1 < len(letters) else 0
        total += -value if value < following else value
    return total if letters == _roman_of(total) else 0


def _roman_of(value: int) -> str:
    if not 0 < value < 90:
        return ""
    tens = ["", "x", "xx", "xxx", "xl", "l", "lx", "lxx", "lxxx"][value // 10]
    return tens + ["", "i", "ii", "iii", "iv", "v", "vi", "vii", "viii", "ix"][value % 10]
