"""A spreadsheet's value and number format -> what the screen shows: 2600 with #,##0"円" is 2,600円.

The formats of ECMA-376 part 1, 18.8.31, as far as documents of offices use them: sections, digits, thousands, percent, literals, dates and
the eras of Japan. What is not understood is shown as in the format "General".
"""

from __future__ import annotations

import re
from datetime import date, datetime, time, timedelta
from decimal import ROUND_HALF_UP, Decimal, InvalidOperation

from rag.text import era_year

_LITERAL = re.compile(r'"([^"]*)"|\\(.)|_.|\*.|\[\$([^\]-]*)[^\]]*\]|\[[^\]]*\]')
_DIGITS = re.compile(r"[#0?][#0?,]*(?:\.[#0?]+)?,*")
_DATE = re.compile(r"yyyy|yy|ggg|gg|g|ee|e|mmmm|mmm|mm|m|dddd|ddd|dd|d|aaaa|aaa|hh|h|ss|s|AM/PM|.", re.IGNORECASE | re.DOTALL)
_WEEK = "月火水木金土日"


def shown(value: object, code: str = "General") -> str:
    """The words in a cell; "" for an empty one."""
    if value is None:
        return ""
    if isinstance(value, bool):
        return "TRUE" if value else "FALSE"
    if isinstance(value, int | float):
        return _number(value, code)
    if isinstance(value, datetime | date | time):
        return _date(value, code)
    if isinstance(value, timedelta):
        minutes, seconds = divmod(int(value.total_seconds()), 60)
        return f"{minutes // 60}:{minutes % 60:02}" + (f":{seconds:02}" if seconds else "")
    return str(value)


# ---------------------------------------------------------------- numbers


def _general(value: int | float) -> str:
    return str(value) if isinstance(value, int) else f"{value:.11g}"


def _number(value: int | float, code: str) -> str:
    sections = _sections(code)
    if len(sections) > 1 and value < 0:
        section, value = sections[1], -value
    elif len(sections) > 2 and value == 0:
        section = sections[2]
    else:
        section = sections[0]
    if section.strip().lower() in ("general", "@", "") or re.search("[eE][+-]|/", section):
        return _general(value)
    plain, literals = _without_literals(section)
    digits = _DIGITS.search(plain)
    if digits is None:
        return _restored(plain, literals).strip() or _general(value)
    pattern = digits[0]
    try:
        number = Decimal(repr(value)) * (100 if "%" in plain else 1)
    except InvalidOperation:
        return _general(value)
    number /= 1000 ** (len(pattern) - len(pattern.rstrip(",")))
    decimals = len(pattern.rstrip(",").partition(".")[2])
    rounded = number.quantize(Decimal(1).scaleb(-decimals), rounding=ROUND_HALF_UP) if abs(number) < Decimal(10) ** 20 else number
    whole = f"{rounded:{',' if ',' in pattern.rstrip(',') else ''}.{decimals}f}"
    if "#" in pattern.partition(".")[2] or "?" in pattern.partition(".")[2]:
        least = pattern.rstrip(",").partition(".")[2].count("0")
        head, _, tail = whole.partition(".")
        tail = tail[:least] + tail[least:].rstrip("0")
        whole = f"{head}.{tail}" if tail else head
    zeros = pattern.partition(".")[0].replace(",", "").count("0")
    if zeros > 1:  # 0001
        sign, digits_only = ("-", whole[1:]) if whole.startswith("-") else ("", whole)
        whole = sign + digits_only.rjust(zeros + (decimals + 1 if decimals else 0), "0")
    text = plain[: digits.start()] + "\x01" + plain[digits.end() :]
    return " ".join(_restored(text, literals).replace("\x01", whole).split())


def _sections(code: str) -> list[str]:
    """The parts between semicolons that stand in no quotes."""
    return ["".join(part) for part in _split(code)]


def _split(code: str) -> list[list[str]]:
    parts: list[list[str]] = [[]]
    quoted = False
    for character in code:
        if character == '"':
            quoted = not quoted
        if character == ";" and not quoted:
            parts.append([])
        else:
            parts[-1].append(character)
    return parts


def _without_literals(section: str) -> tuple[str, list[str]]:
    """The section with a private character for each of its literals, and these."""
    literals: list[str] = []

    def keep(match: re.Match[str]) -> str:
        literals.append(match[1] or match[2] or match[3] or "")
        return chr(0xE000 + len(literals) - 1)

    return _LITERAL.sub(keep, section[:1_000]), literals


def _restored(text: str, literals: list[str]) -> str:
    return re.sub("[\ue000-\uf8ff]", lambda match: literals[ord(match[0]) - 0xE000], text)


# ---------------------------------------------------------------- dates


def _date(value: datetime | date | time, code: str) -> str:
    code = _sections(code)[0]
    moment = value if isinstance(value, datetime) else None
    day = value.date() if isinstance(value, datetime) else value if isinstance(value, date) else None
    clock = value.time() if isinstance(value, datetime) else value if isinstance(value, time) else time()
    has_clock = bool(re.search("[hs]", re.sub(r'"[^"]*"|\[[^\]]*\]', "", code), re.IGNORECASE))
    if code.lower() in ("general", "mm-dd-yy") or not re.search("[ymdgehs]", code, re.IGNORECASE):
        # 14 is "the short date of this computer": in Japan the year comes first.
        ours = f"{day.year}/{day.month}/{day.day}" if day else ""
        return f"{ours} {clock:%H:%M}".strip() if day is None or (moment and clock != time()) else ours
    out: list[str] = []
    plain, literals = _without_literals(code)
    tokens = _DATE.findall(plain)
    for at, token in enumerate(tokens):
        low = token.lower()
        before = next((t.lower() for t in reversed(tokens[:at]) if t[0].lower() in "ymdghs"), "")
        minutes = low in ("m", "mm") and (before.startswith("h") or (at + 1 < len(tokens) and _seconds_follow(tokens[at + 1 :])))
        out.append(_part(low, token, day, clock, minutes))
    text = _restored("".join(out), literals)
    return text.strip() if day or has_clock else str(value)


def _seconds_follow(tokens: list[str]) -> bool:
    return next((t.lower() for t in tokens if t[0].lower() in "ymdghs"), "").startswith("s")


def _part(low: str, token: str, day: date | None, clock: time, minutes: bool) -> str:
    if minutes:
        return f"{clock.minute:0{len(low)}}"
    if low in ("h", "hh"):
        return f"{clock.hour:0{len(low)}}"
    if low in ("s", "ss"):
        return f"{clock.second:0{len(low)}}"
    if low == "am/pm":
        return "AM" if clock.hour < 12 else "PM"
    if day is None:
        return "" if low[0] in "ymdge" else token
    era = era_year(day)
    known = {
        "yyyy": f"{day.year}",
        "yy": f"{day.year % 100:02}",
        "mm": f"{day.month:02}",
        "m": f"{day.month}",
        "mmm": f"{day:%b}",
        "mmmm": f"{day:%B}",
        "dd": f"{day.day:02}",
        "d": f"{day.day}",
        "ddd": f"{day:%a}",
        "dddd": f"{day:%A}",
        "aaa": _WEEK[day.weekday()],
        "aaaa": _WEEK[day.weekday()] + "曜日",
        "ggg": era[:2],
        "gg": era[:1],
        "g": {"令": "R", "平": "H", "昭": "S", "大": "T", "明": "M"}.get(era[:1], ""),
        "e": _era_number(era, day),
        "ee": _era_number(era, day).rjust(2, "0"),
    }
    return known.get(low, token)


def _era_number(era: str, day: date) -> str:
    match = re.search("[0-9]+", era)
    return match[0] if match else "1" if "元" in era else str(day.year)
