"""Terms: what a text is found by. Japanese words in their dictionary form, English stems, and character bigrams.

Words: SudachiPy, split mode A (short units), normalized form, without particles, auxiliaries and symbols; English words
by the Snowball stemmer. Bigrams: every two neighbouring kana or kanji, which find what the dictionary does not know.
Both are made from NFKC text in lower case and in today's spelling (:mod:`rag.spelling`), so that full-width, half-width and capital
forms meet, and old ones with new ones.
"""

from __future__ import annotations

import re
import threading
import zlib
from collections.abc import Iterator
from functools import cache, lru_cache
from typing import Any

import snowballstemmer
from sudachipy import Dictionary, SplitMode

from rag.spelling import modern
from rag.text import JAPANESE_RUN, fold

VERSION = "2"
"""Raised when a text gives other terms than before: an index that was made of the old ones must be made anew."""

_WORD = re.compile(r"[^\W_]+")
_PIECE = 8_000
"""Characters handed to Sudachi at once; it takes up to 49,149 bytes."""
_SKIPPED = frozenset({"助詞", "助動詞", "補助記号", "空白", "記号"})
_local = threading.local()
_HIRAGANA = {katakana: katakana - 0x60 for katakana in range(ord("ァ"), ord("ヶ") + 1)}

STOPWORDS = frozenset(
    "a am an and are as at be been but by can could did do doe does for from had has have he her his how i if in into is it its may me "
    "must my no not of on or our shall she should so such than that the their them then there these they this those to was we "
    "were what when where which whi who whom why will with would you your".split()
)
"""English words, and terms of such words, that say nothing of a subject.

They are indexed all the same; they do not count as what a question is about."""

_GENERAL = frozenset(
    "為る 有る 居る 成る 出来る 事 物 場合 時 此れ 其れ 何れ 何 如何 教える 下さる 言う 私 良い 無い 可能 必要 御 等 "
    "付く 因る 対する 関する 於く 誰 何処 何時 幾ら どう そう 貰う 呉れる 遣る 知る 思う 聞く 欲しい 様 方 為 訳 筈 積り "
    "いつ どこ どれ どちら どなた どんな どのような どういう 何故".split()
)
"""Japanese words of the same sort, as Sudachi normalizes them."""


def words(text: str) -> list[str]:
    """Terms of ``text`` in order, with repetitions."""
    return [term for term, _ in _analysed(text)]


def surfaces(text: str) -> dict[str, str]:
    """Each term of ``text``, with the word as it was written (in NFKC, lower case): for showing terms to people."""
    found: dict[str, str] = {}
    for term, surface in _analysed(text):
        found.setdefault(term, surface)
    return found


def _analysed(text: str) -> Iterator[tuple[str, str]]:
    plain = modern(fold(text))
    if not JAPANESE_RUN.search(plain):
        yield from ((_stem(word), word) for word in _WORD.findall(plain))
        return
    tokenizer = _tokenizer()
    for piece in _pieces(plain):
        for morpheme in tokenizer.tokenize(piece):
            if morpheme.part_of_speech()[0] in _SKIPPED:
                continue
            surface = morpheme.surface()
            if JAPANESE_RUN.search(surface):
                yield morpheme.normalized_form().replace(" ", ""), surface
            else:
                yield from ((_stem(word), word) for word in _WORD.findall(surface))


def reading(text: str) -> str:
    """How Japanese is read, in hiragana, as far as Sudachi knows: 年次休暇 -> ねんじきゅうか."""
    plain = fold(text)
    katakana = "".join(morpheme.reading_form() for piece in _pieces(plain) for morpheme in _tokenizer().tokenize(piece))
    return hiragana(katakana)


def hiragana(text: str) -> str:
    """Katakana as hiragana; everything else as it is."""
    return text.translate(_HIRAGANA)


def bigrams(text: str) -> list[str]:
    """Character bigrams of the Japanese runs of ``text``; a run of one character stands for itself."""
    found: list[str] = []
    for run in JAPANESE_RUN.findall(modern(fold(text))):
        found.extend(run[i : i + 2] for i in range(len(run) - 1)) if len(run) > 1 else found.append(run)
    return found


def number(term: str) -> int:
    """A term as 32 bits (CRC-32). Two terms of a library may share a number; they are few, and little depends on one."""
    return zlib.crc32(term.encode())


def says_little(term: str) -> bool:
    """True for words that stand in questions on any subject."""
    return term in _GENERAL or term in STOPWORDS


def content_words(text: str) -> list[str]:
    """The different terms of a question that say what it is about, in order."""
    return [w for w in dict.fromkeys(words(text)) if not says_little(w)]


def _pieces(text: str) -> Iterator[str]:
    start = 0
    while start < len(text):
        end = min(len(text), start + _PIECE)
        if end < len(text):
            cut = max(text.rfind("\n", start, end), text.rfind("。", start, end))
            end = cut + 1 if cut > start else end
        yield text[start:end]
        start = end


def _tokenizer() -> Any:
    # Sudachi's tokenizer keeps state while it works: one for each thread, over one dictionary.
    if not hasattr(_local, "tokenizer"):
        _local.tokenizer = _dictionary().create(mode=SplitMode.A)
    return _local.tokenizer


@cache
def _dictionary() -> Any:
    return Dictionary(dict="core")


@lru_cache(maxsize=200_000)
def _stem(word: str) -> str:
    return str(_stemmer().stemWord(word)) if word.isascii() and word.isalpha() else word


def _stemmer() -> Any:
    if not hasattr(_local, "stemmer"):
        _local.stemmer = snowballstemmer.stemmer("english")
    return _local.stemmer
