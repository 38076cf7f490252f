"""The language in which rules are written, from patterns.toml: how must and may are said, what is counted, how limits are said."""

from __future__ import annotations

import re
import tomllib
import unicodedata
from collections.abc import Mapping
from fractions import Fraction
from functools import cache
from pathlib import Path
from typing import Any

FILE = Path(__file__).with_name("patterns.toml")


@cache
def _read() -> Mapping[str, Any]:
    return tomllib.loads(FILE.read_text(encoding="utf-8"))


def plain(text: str) -> str:
    """``text`` with the same number of characters, full-width forms as ASCII and in lower case: offsets stay."""
    return "".join(folded if len(folded := unicodedata.normalize("NFKC", c).lower()) == 1 else c for c in text)


def modal_words(language: str) -> str:
    """One pattern of all words that show a modality, with a group "exempt_3" for each; "plain" groups only look like one."""
    table: Mapping[str, list[str]] = _read()["modality"][language]
    return "|".join(f"(?P<{name}_{at}>{pattern})" for name, patterns in table.items() for at, pattern in enumerate(patterns))


def units(language: str) -> dict[str, tuple[str, Fraction]]:
    """{"週間": ("day", 7), ...}: unit as written -> what it counts, and how many of it."""
    table: Mapping[str, str] = _read()["units"][language]
    found: dict[str, tuple[str, Fraction]] = {}
    for name, written in table.items():
        kind, factor = name.split()
        found |= dict.fromkeys(written.split(), (kind, Fraction(factor)))
    return found


def bounds(side: str, end: str) -> list[tuple[str, re.Pattern[str]]]:
    """(limit, pattern) of the words before or behind a number, in the order in which they are tried."""
    return [(entry["bound"], re.compile(f"(?:{'|'.join(entry['words'])}){end}")) for entry in _read()["bounds"][side]]


def words(name: str) -> list[str]:
    """A list of words or patterns."""
    listed = _read()["words"][name]
    return listed.split() if isinstance(listed, str) else list(listed)
