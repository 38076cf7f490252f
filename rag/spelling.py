"""Old spellings in today's: 國稅 -> 国税, あつた -> あった, スルコトヲ得 -> することを得.

A third of Japanese laws in force write っ large, some hundred write in katakana, and older papers have kanji from before 1946.
Whoever asks writes as today. Every character becomes one character, so places in the text stay where they are.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from functools import cache

import opencc

_LARGE = re.compile(
    r"(?<=[ぁ-ん々一-龯])つ(?=て|た(?![めび]))"  # あつて, 行つた; but 持つため, 立つたび
    r"|(?<=あ)つ(?=せん)|(?<=も)つ(?=ぱら|とも)|(?<=の)つ(?=と[らりるれろ])"
)
"""A っ that is written large: 促音 before て and た, and the words あっせん, もっぱら, もっとも, のっとる."""
_HIRAGANA = re.compile("[ぁ-ん]")
_KATAKANA_LAW = re.compile("[一-龯](?:ヲ|ハ|ノ|ニ|ガ|ト|ス|シ)[一-龯]")
"""Particles and endings between kanji, in katakana."""
_TO_HIRAGANA = {katakana: katakana - 0x60 for katakana in range(ord("ァ"), ord("ヶ"))}
_OLD_KANA = str.maketrans("ゐゑヰヱ", "いえイエ")


def modern(text: str) -> str:
    """``text`` (NFKC) in today's spelling; as long as it was."""
    if text.isascii():
        return text
    plain = text.translate(_characters())
    if _KATAKANA_LAW.search(plain):
        plain = "\n".join(_from_katakana(line) for line in plain.split("\n"))
    return _LARGE.sub("っ", plain)


def _from_katakana(line: str) -> str:
    """A line that is written in kanji and katakana alone, in hiragana. A foreign word in it becomes hiragana too, alike everywhere."""
    if _KATAKANA_LAW.search(line) and not _HIRAGANA.search(line):
        return line.translate(_TO_HIRAGANA)
    return line


@cache
def _characters() -> Mapping[int, int]:
    """Kanji from before 1946 -> those in use, as OpenCC knows them, about 400; and the kana that went with them."""
    kanji = [chr(code) for code in range(0x4E00, 0xA000)]
    today = opencc.OpenCC("t2jp").convert("\n".join(kanji)).split("\n")
    return _OLD_KANA | {ord(old): ord(new) for old, new in zip(kanji, today, strict=True) if old != new}
