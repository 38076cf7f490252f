"""What a question is about: its content words without those that only number provisions. 第十二条の手数料 is about 手数料.

For what people are shown and for likeness: 第 and 条 are alike in every question that names an article, whatever it asks.
"""

from __future__ import annotations

import re

from rag import terms
from rag.text import fold

_N = "[0-9〇一二三四五六七八九十百千]+"
_NAMED = re.compile(
    rf"(?:第{_N}(?:条|項|号|章|節|款|目|編)|{_N}(?:条|項|号)|(?<=別表)第?{_N})(?:の{_N}(?![0-9一-龥]))*"
    r"|\b(?:articles?|sections?|paragraphs?|items?|chapters?|rules?)\s+\(?\d[\d().-]*",
    re.IGNORECASE,
)
_ALONE = frozenset({"第", "条", "項", "号", "章", "節", "款", "articl", "paragraph"})
"""Terms that are left of provisions where a question was kept as its words alone."""


def words(text: str) -> list[str]:
    """The different terms that say what a question is about, in order; all content words where there is nothing but numbers."""
    every = terms.content_words(text)
    left = set(terms.content_words(_NAMED.sub(" ", fold(text)))) - _ALONE
    return [word for word in every if word in left] or every
