"""A model's reply, piece by piece -> sentences with evidence numbers, each as soon as it is complete.

Two shapes are read: the JSON that was asked for, and plain sentences with marks: [1], ［1］, 【1】, (1), （1）, [1, 2], [1][2], before or
behind the full stop. What a model thinks aloud (<think>…</think>) is passed over, and so are ``` fences.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from dataclasses import dataclass

from rag import text
from rag.text import fold

LONGEST = 20_000
"""Characters of a reply that are read; what comes after is no answer."""
_THOUGHT = re.compile(r"<think>.*?(?:</think>|\Z)", re.DOTALL | re.IGNORECASE)
_FENCE = re.compile(r"```[a-z]*[ \t]*\n?|```", re.IGNORECASE)
_NUMBERS = r"(?:根拠|evidence)?\s*\d{1,3}(?:\s*[,、，]\s*\d{1,3})*"
_MARK = re.compile(rf"\s*(?:\[{_NUMBERS}\]|［{_NUMBERS}］|【{_NUMBERS}】|〔{_NUMBERS}〕|\({_NUMBERS}\)|（{_NUMBERS}）)", re.IGNORECASE)
_MARKS = re.compile(rf"(?:{_MARK.pattern})+", re.IGNORECASE)
_HALF = re.compile(r"\s*[\[［【〔(（][^\]］】〕)）]{0,30}$")
_BULLET = re.compile(r"^\s*(?:[-*・•]|\d{1,2}[.)．）])\s+")


@dataclass(frozen=True, kw_only=True, slots=True)
class Written:
    """A sentence as a model wrote it."""

    text: str
    numbers: tuple[int, ...]
    """Evidence that it names, in order; may name some that there is not."""


class Reader:
    """Takes pieces, gives sentences. ``feed`` as they come, ``end`` when no more do."""

    def __init__(self) -> None:
        self._raw = ""
        self._given = 0
        self.malformed = False
        """True at the end where the reply began as JSON and is none."""

    def feed(self, piece: str) -> Iterator[Written]:
        """Sentences that ``piece`` completes."""
        self._raw = (self._raw + piece)[:LONGEST]
        yield from self._new(whole=False)

    def end(self) -> Iterator[Written]:
        """The rest."""
        yield from self._new(whole=True)

    @property
    def empty(self) -> bool:
        """True where nothing came but white space and thoughts."""
        return not self._said(whole=True)

    def _said(self, *, whole: bool) -> str:
        said = _FENCE.sub("", _THOUGHT.sub("", self._raw)).lstrip()
        # "<thi" may become a thought.
        return "" if not whole and said and "<think>".startswith(said[:7].lower()) else said

    def _new(self, *, whole: bool) -> Iterator[Written]:
        said = self._said(whole=whole)
        if not said:
            return
        found = self._json(said, whole=whole) if said[0] in "{[" and not _MARK.match(said) else _marked(said, whole=whole)
        for at in range(self._given, len(found)):
            yield found[at]
        self._given = max(self._given, len(found))

    def _json(self, said: str, *, whole: bool) -> list[Written]:
        """Every complete {"text", "evidence"} in the array, whether the object around it is complete or not."""
        found: list[Written] = []
        decoder, at = json.JSONDecoder(), said.find("[") if said[0] == "{" else 0
        while at >= 0 and (at := said.find("{", at)) >= 0:
            try:
                entry, at = decoder.raw_decode(said, at)
            except ValueError:
                break
            if sentence := _entry(entry):
                found.append(sentence)
        if whole:
            try:
                json.loads(said)
            except ValueError:
                self.malformed = True
        return found


def _entry(entry: object) -> Written | None:
    if not isinstance(entry, dict) or not isinstance(entry.get("text"), str) or not entry["text"].strip():
        return None
    said, marks = _without_marks(entry["text"])
    given = entry.get("evidence", [])
    numbers = [number for one in (given if isinstance(given, list) else [given]) for number in _numbers(one)]
    return Written(text=said, numbers=tuple(dict.fromkeys([*numbers, *marks])))


def _numbers(one: object) -> list[int]:
    if isinstance(one, bool):
        return []
    if isinstance(one, int):
        return [one]
    return [int(digits) for digits in re.findall(r"\d{1,3}", fold(one))] if isinstance(one, str) else []


def _without_marks(said: str) -> tuple[str, list[int]]:
    """The sentence without the marks at its end or before its full stop, and their numbers.

    Brackets with a number elsewhere are the sentence's own: 「第3条(1)の申請」.
    """
    numbers: list[int] = []
    said = said.strip()
    while True:
        stop = re.search(r"[。．.！!？?]\s*$", said)
        body, end = (said[: stop.start()], said[stop.start() :].strip()) if stop else (said, "")
        match = next((m for m in _MARKS.finditer(body) if m.end() == len(body.rstrip()) and m.start() > 0), None)
        if match is None:
            return said, numbers
        numbers = [int(digits) for digits in re.findall(r"\d{1,3}", fold(match[0]))] + numbers
        said = body[: match.start()].rstrip() + end


def _marked(said: str, *, whole: bool) -> list[Written]:
    """Sentences with marks. One without takes those of the next sentence on its line: 「…する。ただし、…。[1]」."""
    found: list[Written] = []
    for line in said.splitlines(keepends=True):
        complete = whole or line.endswith("\n")
        open_: list[str] = []
        for piece in _pieces(_BULLET.sub("", line), complete=complete):
            sentence, numbers = _without_marks(piece)
            open_ += [sentence] if sentence else []
            if numbers:
                found += [Written(text=each, numbers=tuple(dict.fromkeys(numbers))) for each in open_]
                open_ = []
        if complete:
            found += [Written(text=each, numbers=()) for each in open_]
    return found


def _pieces(line: str, *, complete: bool) -> list[str]:
    """The sentences of a line, each with the marks behind its full stop. Of an incomplete line without what may still grow."""
    joined: list[str] = []
    for span in text.sentences(line):
        piece = span.cut(line)
        # Marks behind a full stop begin the next piece, or are one.
        marks = _MARKS.match(piece)
        if marks and joined:
            joined[-1] += marks[0]
            piece = piece[marks.end() :].strip()
        if piece:
            joined.append(piece)
    # The last is complete only once something else follows: its marks may still come, or are half there.
    if not complete and joined and _HALF.match(joined.pop()) and joined:
        joined.pop()
    return joined
