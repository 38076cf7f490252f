"""Numbers, amounts, dates and periods in a sentence, in one form however they are written.

十四日 = 14日 = １４日 = fourteen days; 令和7年 = 2025年; 1,000円 = 千円 = 1,000 yen; 三割 = 30%; 一週間 = 7日. Numbers of provisions
(第十条, Article 10) are no figures.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from fractions import Fraction

from rag.answer.patterns import bounds, plain, units, words
from rag.records import Span
from rag.text import number

Key = tuple[str, tuple[Fraction, ...]]
"""A kind and its value: ("day", (14,)), ("date", (2025, 4, 1)), ("yen", (1000,))."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Figure:
    """A number with what it counts."""

    keys: frozenset[Key]
    """What it may mean: 三月 is three months or March."""
    bound: str
    """"le" at most, "lt" less than, "ge" at least, "gt" more than, "before", "after", "from", or "" for none."""
    side: str
    """"before" or "after" where the period lies on that side of something, "" where that is not said."""
    span: Span
    """In the text it was read from."""
    words: str
    """As written."""

    def same(self, other: Figure) -> bool:
        """True where both may mean the same value."""
        return bool(self.keys & other.keys)

    def kinds(self) -> frozenset[str]:
        """What it may count."""
        return frozenset(kind for kind, _ in self.keys)


_KANJI = "〇一二三四五六七八九十百千万億兆"
_NUMERAL = rf"(?:\d[\d,]*(?:\.\d+)?[万億兆千百]*(?:\d[\d,]*[万千百]?)*|[{_KANJI}]+)"
_ERAS = {"令和": 2018, "平成": 1988, "昭和": 1925, "大正": 1911, "明治": 1867}

_UNITS_JA, _UNITS_EN = units("ja"), units("en")
_UNIT_JA = "|".join(map(re.escape, sorted(_UNITS_JA, key=len, reverse=True)))

_SMALL = "zero one two three four five six seven eight nine ten eleven twelve thirteen fourteen fifteen sixteen seventeen eighteen nineteen"
_TENS = "twenty thirty forty fifty sixty seventy eighty ninety"
_WORDS_EN = {word: at for at, word in enumerate(_SMALL.split())} | {word: 20 + 10 * at for at, word in enumerate(_TENS.split())}
_MANY_EN = {"hundred": 100, "thousand": 1_000, "million": 1_000_000, "billion": 1_000_000_000}
_WORD_EN = "|".join(sorted([*_WORDS_EN, *_MANY_EN], key=len, reverse=True))
_NUMERAL_EN = rf"(?:\d[\d,]*(?:\.\d+)?(?:\s+(?:thousand|million|billion))?|(?:{_WORD_EN})(?:[\s-]+(?:and\s+)?(?:{_WORD_EN}))*)"
_UNIT_EN = "|".join(re.escape(name).replace(r"\-", r"[\s-]") for name in sorted(_UNITS_EN, key=len, reverse=True))
_MONTHS = "january february march april may june july august september october november december".split()
_MONTH_EN = "|".join(_MONTHS)

_PROVISION = re.compile(
    rf"第?{_NUMERAL}(?:条|項|号|章|節|款|編|目)(?:の{_NUMERAL})*|第{_NUMERAL}|様式第?{_NUMERAL}(?:号)?|別表第?{_NUMERAL}|附則第?{_NUMERAL}|問{_NUMERAL}(?:の{_NUMERAL})*"
    r"|(?:articles?|sections?|paragraphs?|items?|chapters?|parts?|annex(?:es)?|schedules?|forms?|notes?|tables?|q)\s*\d+(?:[-.]\d+)*(?:\s*\([^)\s]{1,4}\))*"
    r"(?:(?:\s*,\s*|\s+and\s+|\s+or\s+|\s+to\s+)\d+(?:[-.]\d+)*(?:\([^)\s]{1,4}\))*)*"
    r"|(?:no|nos)\.\s*\d+|機密性\s*[123]|^\s*\d+(?:(?:\.\d+)+|[.)])\s+(?=\D)"
)
_SINGLE_WORDS = re.compile("|".join(words("no_numbers")))
_DATE = re.compile(
    rf"(?P<era>令和|平成|昭和|大正|明治)\s*(?P<ey>元|{_NUMERAL})\s*年(?P<efy>度)?(?:\s*(?P<em>{_NUMERAL})\s*月(?:\s*(?P<ed>{_NUMERAL})\s*日)?)?"
    rf"|(?<![\d,.])(?P<y>\d{{4}})\s*年(?P<fy>度)?(?!間|以)(?:\s*(?P<m>\d{{1,2}})\s*月(?:\s*(?P<d>\d{{1,2}})\s*日)?)?"
    rf"|(?<![\d.])(?P<iy>\d{{4}})[-/](?P<im>\d{{1,2}})[-/](?P<id>\d{{1,2}})(?![\d])"
    rf"|(?P<bm>{_NUMERAL})\s*月\s*(?P<bd>{_NUMERAL})\s*日"
    rf"|(?:(?P<ed1>\d{{1,2}})(?:st|nd|rd|th)?\s+(?P<mn1>{_MONTH_EN})|(?P<mn2>{_MONTH_EN})\s+(?P<ed2>\d{{1,2}})(?:st|nd|rd|th)?(?!\d))(?:,?\s+(?P<ny>\d{{4}}))?"
    rf"|(?P<mn3>{_MONTH_EN})\s+(?P<ny3>\d{{4}})"
)
_CLOCK = re.compile(
    rf"(?P<half>午前|午後)?(?P<h>{_NUMERAL})時(?!間)(?:(?P<half_hour>半)|(?P<min>{_NUMERAL})分)?|(?<!\d)(?P<h2>\d{{1,2}}):(?P<m2>\d{{2}})(?!\d)(?:\s*(?P<pm2>[ap])\.?m\b\.?)?"
    r"|(?<!\d)(?P<h3>\d{1,2})\s*(?P<pm3>[ap])\.?m\b\.?|\b(?P<noon>noon|midnight)\b"
)
_QUANTITY = re.compile(
    rf"(?P<a>{_NUMERAL})分の(?P<b>{_NUMERAL})"
    rf"|(?P<n>{_NUMERAL})\s*(?P<u>{_UNIT_JA})(?P<each>当たり|あたり|につき)?"
    rf"|(?P<month>{_NUMERAL})月"
    rf"|(?:¥|jpy\s*)(?P<yen>\d[\d,]*(?:\.\d+)?)"
    rf"|\b(?P<en>{_NUMERAL_EN})[\s-]*(?:(?!(?:of|or|and|to|per|in|a|the)\b)[a-z]+\s+)?(?P<eu>{_UNIT_EN})(?![a-z])"
    rf"|\b(?P<word>{_NUMERAL_EN})(?=\s+or\s+(?:more|less|fewer|longer)\b)"
    rf"|(?:(?<=at least )|(?<=at most )|(?<=more than )|(?<=less than )|(?<=fewer than )|(?<=up to ))(?P<limited>{_NUMERAL_EN})\b"
    rf"|(?P<bare>\d[\d,]*(?:\.\d+)?[万億]?)"
)

_BEHIND = bounds("after_ja", "") + bounds("after_en", "")
_BEFORE = bounds("before_ja", r"\s*$") + bounds("before_en", r"(?: the| a| an| a period of| a total of| the end of)?\s*$")
_WITHIN = re.compile(r"(?:within|at most|up to|no more than|not more than)\s*$")


def figures(text: str) -> list[Figure]:
    """Every figure of ``text``, in order. Numbers of provisions are passed over."""
    bare = plain(text)
    found: list[Figure] = []
    hidden = bytearray(len(bare))
    for pattern in (_PROVISION, _SINGLE_WORDS):
        for match in pattern.finditer(bare):
            hidden[match.start() : match.end()] = b"\1" * (match.end() - match.start())
    for pattern, read in ((_DATE, _date), (_CLOCK, _clock), (_QUANTITY, _quantity)):
        for match in pattern.finditer(bare):
            if any(hidden[match.start() : match.end()]):
                continue
            keys = frozenset(read(match))
            if keys:
                span = Span(start=match.start(), end=match.end())
                hidden[span.start : span.end] = b"\1" * (span.end - span.start)
                bound, side = _bound(bare, span)
                found.append(Figure(keys=keys, bound=bound, side=side, span=span, words=span.cut(text)))
    return sorted(found, key=lambda figure: figure.span)


def _value(numeral: str) -> Fraction:
    bare = numeral.replace(",", "")
    match = re.fullmatch(r"(\d+\.\d+)([万億兆千百]?)", bare)
    if match:
        return Fraction(match[1]) * {"": 1, "百": 100, "千": 1000, "万": 10**4, "億": 10**8, "兆": 10**12}[match[2]]
    return Fraction(number(bare))


def _value_en(numeral: str) -> Fraction:
    total: Fraction = Fraction(0)
    section: Fraction = Fraction(0)
    for word in re.split(r"[\s-]+", numeral):
        if word in _WORDS_EN:
            section += _WORDS_EN[word]
        elif word in _MANY_EN:
            section = (section or Fraction(1)) * _MANY_EN[word]
            if _MANY_EN[word] > 100:
                total, section = total + section, Fraction(0)
        elif word != "and":
            section += Fraction(word.replace(",", ""))
    return total + section


def _date(match: re.Match[str]) -> Iterator[Key]:
    def parts(*values: str | int | None) -> tuple[Fraction, ...]:
        return tuple(Fraction(value) if isinstance(value, int) else _value(value) for value in values if value)

    if match["era"]:
        year = _ERAS[match["era"]] + number(match["ey"])
        yield from _calendar(year, match["efy"], parts(match["em"], match["ed"]))
    elif match["y"]:
        yield from _calendar(int(match["y"]), match["fy"], parts(match["m"], match["d"]))
    elif match["iy"]:
        yield from _calendar(int(match["iy"]), None, parts(match["im"], match["id"]))
    elif match["bm"]:
        yield "monthday", parts(match["bm"], match["bd"])
    elif match["mn3"]:
        yield from _calendar(int(match["ny3"]), None, (Fraction(_MONTHS.index(match["mn3"]) + 1),))
    else:
        month = Fraction(_MONTHS.index(match["mn1"] or match["mn2"]) + 1)
        day = Fraction(match["ed1"] or match["ed2"])
        if match["ny"]:
            yield from _calendar(int(match["ny"]), None, (month, day))
        else:
            yield "monthday", (month, day)


def _calendar(year: int, fiscal: str | None, rest: tuple[Fraction, ...]) -> Iterator[Key]:
    kind = "fiscal" if fiscal else ("year", "yearmonth", "date")[len(rest)]
    yield kind, (Fraction(year), *rest)


def _clock(match: re.Match[str]) -> Iterator[Key]:
    if match["noon"]:
        yield "clock", (Fraction(720 if match["noon"] == "noon" else 0),)
        return
    hour = _value(match["h"] or match["h2"] or match["h3"])
    minutes = Fraction(30) if match["half_hour"] else _value(match["min"]) if match["min"] else Fraction(match["m2"] or 0)
    afternoon = match["half"] == "午後" or "p" in (match["pm2"], match["pm3"])
    if afternoon and hour < 12:
        hour += 12
    yield "clock", (hour * 60 + minutes,)


def _quantity(match: re.Match[str]) -> Iterator[Key]:
    if match["a"]:
        below = _value(match["a"])
        if below:
            yield "ratio", (_value(match["b"]) / below,)
    elif match["n"]:
        kind, factor = _UNITS_JA[match["u"]]
        counted = _value(match["n"]) * factor
        yield kind, (counted,)
        if match["each"]:
            yield f"for each {kind}", (counted,)
        if kind == "time":
            yield "case", (_value(match["n"]),)
    elif match["month"]:
        value = _value(match["month"])
        yield "month", (value,)
        if 1 <= value <= 12:
            yield "monthname", (value,)
    elif match["yen"]:
        yield "yen", (Fraction(match["yen"].replace(",", "")),)
    elif match["en"]:
        kind, factor = _UNITS_EN[re.sub(r"\s", "-", match["eu"])]
        yield kind, (_value_en(match["en"]) * factor,)
    elif numeral := match["word"] or match["limited"]:
        yield "number", (_value_en(numeral),)
    else:
        yield "number", (_value(match["bare"]),)


def _bound(bare: str, span: Span) -> tuple[str, str]:
    """(limit, side of something)."""
    before, after = bare[max(0, span.start - 40) : span.start], bare[span.end : span.end + 30]
    behind = next((name for name, pattern in _BEHIND if pattern.match(after)), "")
    ahead = next((name for name, pattern in _BEFORE if pattern.search(before)), "")
    side = behind if behind in ("before", "after") else ahead if ahead in ("before", "after") else ""
    if ahead in ("le", "ge") and (behind == "after" or (behind == "before" and _WITHIN.search(before))):
        return ahead, side  # within ten days after, at least ten days after; at least ten days before is ten days before
    return behind or ahead, side


_LOOSE = [frozenset(pair) for pair in ({"le", "before"}, {"ge", "from"}, {"after", "from"}, {"after", "gt"})]


def compatible(said: Figure, carried: Figure) -> bool | None:
    """Whether a sentence may give the limit of ``said`` where its evidence has ``carried``: True, None for in part, False for turned."""
    if said.side and carried.side and said.side != carried.side:
        return False
    if said.bound == carried.bound:
        return True
    if frozenset({said.bound, carried.bound}) in _LOOSE:
        # At most ten days before is not: ten days before, or earlier.
        return not any(one.bound == "le" and one.side == "before" for one in (said, carried))
    if not said.bound or not carried.bound:
        return None
    return False
