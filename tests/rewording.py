"""A sentence of a rule in other words that mean the same: other numerals, politer endings, another order, other joining words."""

from __future__ import annotations

import random
import re
from collections.abc import Callable

from rag.text import number

_KANJI = "〇一二三四五六七八九十百千万"
_COUNTED = "日|執務日|営業日|開庁日|週間|月|か月|箇月|年|時間|分|円|人|名|件|回|部|枚|倍|歳|割|メートル|キロメートル|パーセント"
_NUMERAL = re.compile(rf"(?<![第{_KANJI}])([{_KANJI}]{{1,9}})(?={_COUNTED})(?!月[{_KANJI}\d])(?<!一(?=部[^、。数]))")
_DIGITS_EN = {word: str(at) for at, word in enumerate("zero one two three four five six seven eight nine ten eleven twelve".split())}
_POLITE = (
    (r"しなければならない。$", "しなければなりません。"),
    (r"なければならない。$", "なければなりません。"),
    (r"してはならない。$", "してはなりません。"),
    (r"てはならない。$", "てはなりません。"),
    (r"することができる。$", "することができます。"),
    (r"ことができる。$", "ことができます。"),
    (r"ことができない。$", "ことができません。"),
    (r"を要しない。$", "を要しません。"),
    (r"するものとする。$", "するものとします。"),
    (r"ものとする。$", "ものとします。"),
    (r"とする。$", "とします。"),
    (r"である。$", "です。"),
    (r"による。$", "によります。"),
    (r"行う。$", "行います。"),
    (r"定める。$", "定めます。"),
    (r"できる。$", "できます。"),
    (r"いう。$", "いいます。"),
    (r"この限りでない。$", "この限りではありません。"),
    (r"しない。$", "しません。"),
    (r"する。$", "します。"),
    (r"受ける。$", "受けます。"),
    (r"足りる。$", "足ります。"),
)
_FREER = (
    (r"することができる。$", "できます。"),
    (r"しなければならない。$", "する必要があります。"),
    (r"してはならない。$", "することはできません。"),
    (r"することを要しない。$", "する必要はありません。"),
    (r"するものとする。$", "することとされています。"),
    (r"しなければならない。$", "しなければならないとされています。"),
)
_JOINING = (("及び", "と"), ("並びに", "および"), ("又は", "または"), ("若しくは", "もしくは"), ("当該", "その"), ("ついては", "関しては"))
_EN = (
    (r"\bshall not\b", "must not"),
    (r"\bshall\b", "must"),
    (r"\bmust\b(?! not)", "is required to"),
    (r"\bmay\b(?! not)", "can"),
    (r"\bmust not\b", "is not allowed to"),
    (r"\bwithin (\w+) (days|working days|hours|weeks|months)\b", r"no later than \1 \2"),
    (r"\bhowever,? ", "But "),
    (r"\bdoes not need to\b", "need not"),
    (r"\bneed not\b", "does not have to"),
    (r"\bat least\b", "no less than"),
    (r"\bmore than\b", "over"),
    (r"\bbefore\b", "prior to"),
)


def digits(text: str) -> str:
    """十四日 -> 14日."""
    return _NUMERAL.sub(lambda m: f"{number(m[1]):,}" if "円" in text[m.end() : m.end() + 1] else str(number(m[1])), text)


def full_width(text: str) -> str:
    """十四日 -> １４日."""
    return _NUMERAL.sub(lambda m: "".join(chr(ord(c) + 0xFEE0) for c in str(number(m[1]))), text)


def polite(text: str) -> str:
    """しなければならない。 -> しなければなりません。"""
    for pattern, instead in _POLITE:
        if re.search(pattern, text):
            return re.sub(pattern, instead, text)
    return text


def freer(text: str) -> str:
    """しなければならない。 -> する必要があります。"""
    for pattern, instead in _FREER:
        if re.search(pattern, text):
            return re.sub(pattern, instead, text)
    return polite(text)


def joined(text: str) -> str:
    """及び -> と."""
    for one, instead in _JOINING:
        text = text.replace(one, instead)
    return polite(text)


def turned(text: str) -> str:
    """「職員は、十日前までに、届け出る。」 -> 「十日前までに、職員は届け出る。」"""
    match = re.match(r"^([^、（）]{1,20}は)、([^、（）]{3,40}(?:までに|以内に|ときは|場合は|には))、(.+)$", text)
    return polite(f"{match[2]}、{match[1]}、{match[3]}" if match else text)


def introduced(text: str) -> str:
    """With words that say where it stands."""
    return "文書によると、" + polite(digits(text))


def undefined(text: str) -> str:
    """Without 「（以下「…」という。）」, which says nothing of the matter."""
    return polite(digits(re.sub(r"（以下[^（）]{1,30}という。）", "", text)))


def english(text: str) -> str:
    """shall -> must, within ten days -> no later than 10 days."""
    for word, digit in _DIGITS_EN.items():
        text = re.sub(rf"\b{word} (?=(?:working )?(?:days|hours|weeks|months|years))", f"{digit} ", text)
    return text


def english_freer(text: str) -> str:
    """Other words for must, may and limits."""
    for pattern, instead in _EN:
        text = re.sub(pattern, instead, text)
    return text


def english_turned(text: str) -> str:
    """ "If A, B." -> "B if A."."""
    match = re.match(r"^(If|When|Where) ([^,]{5,80}), ([^,]+)\.$", text)
    return f"{match[3][0].upper()}{match[3][1:]} {match[1].lower()} {match[2]}." if match else english(text)


JAPANESE: tuple[Callable[[str], str], ...] = (digits, full_width, polite, freer, joined, turned, introduced, undefined)
ENGLISH: tuple[Callable[[str], str], ...] = (english, english_freer, english_turned)


def reworded(text: str, language: str, chance: random.Random) -> str:
    """``text`` in other words, by one or two of the rules."""
    rules = JAPANESE if language == "ja" else ENGLISH
    for rule in chance.sample(rules, k=min(len(rules), chance.choice((1, 1, 2)))):
        text = rule(text)
    return text
