"""The thesaurus: what people say -> what regulations write. A TOML file that knowledge managers edit, read line by line.

::

    [ja]
    "有休" = ["年次休暇", "年次有給休暇"]
    [en]
    "sick day" = ["sick leave"]

The starter set is rag/thesaurus.toml; a file thesaurus.toml in the library's home is read after it and wins. A wrong line is
named and left out; the rest works.

Sudachi's dictionary carries groups of synonyms too, under its own licence (Apache 2.0). They are not used: with the words of a group added
at weights of .2, .4 and .6, nDCG@10 of 708 tax questions fell from .603 to .601, .601 and .602. 規程 and 規則, 申請 and 申告 are one group
there, and two things in law.
"""

from __future__ import annotations

import re
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property, lru_cache
from pathlib import Path

from rag import terms
from rag.text import JAPANESE_RUN, fold

STARTER = Path(__file__).with_name("thesaurus.toml")
SHORTEST, HOMOPHONES = 3, 3
"""Kana of a reading that is looked for, and words of one reading that are taken."""
_KANJI, _KANA = re.compile("[\u3400-\u9fff々]"), re.compile("[\u3041-\u30ff]{3}")
_WRITTEN = re.compile("[\u3400-\u9fff々\u30a1-\u30fa]")
"""What is not written as it is read."""
_SECTION = re.compile(r"\s*\[[^\]]*\]\s*(#.*)?$")


@dataclass(frozen=True, slots=True)
class Entry:
    """A word or phrase as people say it, found in a question."""

    said: str
    means: tuple[str, ...]
    """Official terms, the best first."""


@dataclass(frozen=True)
class Thesaurus:
    """Phrases in normal form -> official terms."""

    entries: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    problems: tuple[str, ...] = ()
    """Lines that were left out, each with its file, number and reason."""

    def find(self, question: str) -> list[Entry]:
        """The entries whose phrase stands in ``question``; of overlapping ones the longest."""
        plain = fold(question)
        # A pattern of the few that stand there at all: one of all 2,500 takes longer than the rest of the question together.
        there = frozenset(said for said in self.entries if said in plain)
        return [Entry(match[0], self.entries[match[0]]) for match in _compiled(there).finditer(plain)] if there else []

    def spelled(self, question: str) -> str:
        """A question in kana alone, followed by the words that are read as parts of it: ゆうきゅうはなんにち -> … 有給.

        Any other question stays as it is.
        """
        plain = fold(question)
        if _KANJI.search(plain) or not _KANA.search(plain):
            return question
        sounds = terms.hiragana(plain)
        there = frozenset(reading for reading in self._readings if reading in sounds)
        heard = [word for match in _compiled(there).finditer(sounds) for word in self._readings[match[0]]] if there else []
        words = [word for word in heard if fold(word) not in plain]
        return "\n".join([question, *dict.fromkeys(words)])

    @cached_property
    def _readings(self) -> Mapping[str, tuple[str, ...]]:
        """Reading -> the phrases and official terms that are read so; the first HOMOPHONES. Made when somebody first asks in kana."""
        found: dict[str, tuple[str, ...]] = {}
        for word in dict.fromkeys([*self.entries, *(word for means in self.entries.values() for word in means)]):
            reading = terms.reading(word) if _WRITTEN.search(word) else ""
            if len(reading) >= SHORTEST and len(found.get(reading, ())) < HOMOPHONES and not _KANJI.search(reading):
                found[reading] = (*found.get(reading, ()), word)
        return found

    def joined(self, other: Thesaurus) -> Thesaurus:
        """Both; where both have a phrase, ``other`` wins."""
        return Thesaurus({**self.entries, **other.entries}, self.problems + other.problems)


def load(*files: Path) -> Thesaurus:
    """Read thesaurus files in order; those that are not there are passed over."""
    whole = Thesaurus()
    for file in files:
        if file.is_file():
            whole = whole.joined(read(file.read_text(encoding="utf-8-sig", errors="replace"), file.name))
    return whole


def read(text: str, name: str) -> Thesaurus:
    """Read a thesaurus; ``name`` is for naming wrong lines."""
    entries: dict[str, tuple[str, ...]] = {}
    problems: list[str] = []
    for number, line in enumerate(text.splitlines(), start=1):
        if not line.strip() or line.lstrip().startswith("#") or _SECTION.match(line):
            continue
        try:
            for said, means in _entry(line).items():
                # "usb" stands in both parts: a question in one language may be answered by a document in the other.
                entries[said] = tuple(dict.fromkeys(entries.get(said, ()) + means))
        except (tomllib.TOMLDecodeError, ValueError) as error:
            problems.append(f"{name}, line {number} is left out: {error}")
    return Thesaurus(entries, tuple(problems))


def _entry(line: str) -> dict[str, tuple[str, ...]]:
    ((said, means),) = tomllib.loads(line).items()
    if not isinstance(means, list) or not means or not all(isinstance(word, str) and word.strip() for word in means):
        raise ValueError('a line is written "what people say" = ["official term", ...]')
    if not terms.words(said):
        raise ValueError(f"{said!r} holds no word")
    return {fold(said).strip(): tuple(means)}


@lru_cache(maxsize=1_000)
def _compiled(phrases: frozenset[str]) -> re.Pattern[str]:
    longest_first = sorted(phrases, key=lambda phrase: (-len(phrase), phrase))
    # A Latin phrase ends where its word ends, but for a plural; Japanese has no such borders.
    parts = [re.escape(p) if JAPANESE_RUN.search(p) else rf"(?<![a-z0-9]){re.escape(p)}(?=s?(?![a-z0-9]))" for p in longest_first]
    return re.compile("|".join(parts))
