"""A passage as the second stage sees it: the terms of its head, those of its text in their order, and the family it is of.

Stored beside the posting lists, so that a few hundred candidates can be looked at closely without being taken apart anew.
Terms are stored as numbers (:func:`rag.terms.number`), little endian, four bytes each::

    family, how many different terms there are, these, rising ..., terms of the head ..., GAP, terms of the text ...
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from rag import terms

GAP = terms.number("")
"""Stands between head and text, so that nothing is side by side across it."""

Numbers = NDArray[np.uint32]

_PLACE = re.compile(
    r"""(第[〇一二三四五六七八九十百千0-9０-９]+[編章条款節項号].*     # 法人税法 第一条（趣旨）
      |附則.*|別表.*|様式.*
      |\s\d+(?:[-.－]\d+)+.*                                           # 法人税基本通達 15-1-24 通信業の範囲
      |\s(?i:article|section|rule|part|chapter|schedule|annex|appendix)\b.*      # Fees Act Article 12
      |\s\S*\d[\d.()（）\\-]*\S*)$                                      # Document 1 3.2.1.(a)
    """,
    re.VERBOSE,
)


@dataclass(frozen=True, slots=True)
class Passage:
    """A passage as terms."""

    family: int
    """The number of the name that the passages of one law, rulebook or guide share."""
    head: tuple[str, ...]
    """The different terms of title, path and caption."""
    different: Numbers
    """The different terms of head and text, rising."""
    order: Numbers
    """The terms of head and text in their order, with GAP between the two."""


def family(context: str) -> str:
    """What a passage is part of: its title without the address at the end, for libraries that hold a law article by article."""
    title = context.partition("\n")[0]
    return _PLACE.sub("", title).strip() or title


def encode(context: str, head: Sequence[str], body: Sequence[str]) -> bytes:
    """The stored form of a passage with this context, whose context and text have these terms."""
    order = [*map(terms.number, head), GAP, *map(terms.number, body)]
    different = sorted({*order} - {GAP})
    return np.array([terms.number(family(context)), len(different), *different, *order], dtype="<u4").tobytes()


def decode(stored: bytes, head: str) -> Passage:
    """A passage from its stored form and the terms of its head, with blanks between."""
    numbers = np.frombuffer(stored, dtype="<u4").astype(np.uint32, copy=False)
    start = 2 + int(numbers[1])
    words = tuple(dict.fromkeys(head.split()))
    return Passage(family=int(numbers[0]), head=words, different=numbers[2:start], order=numbers[start:])
