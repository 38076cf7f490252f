"""Addresses of provisions: what they are, how they are shown, and the patterns of all the ways to write them."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Literal

from rag.names import BARE, LAW_NUMBER, NUMERAL
from rag.records import Span
from rag.text import kanji, number

Unit = Literal["", "条", "項", "号"]


@dataclass(frozen=True, kw_only=True, slots=True)
class Address:
    """Where in a law or document. What is not said is (), None or ""."""

    part: str = ""
    """"" the main provisions; "附則", "附則（令和六年法律第十号）"; "別表"; "問" questions; "節" headings (3.2); "第" 第六の1;
    "通" items of a circular that are numbered 36-1 or 2-1-5."""
    article: tuple[int, ...] = ()
    """第三十八条の三の二 is (38, 3, 2); also the number of a 別表, a question or a heading."""
    paragraph: int | None = None
    item: tuple[int, ...] | None = None
    subitem: str = ""
    """イ, イ(1); 三の項 of a 別表."""

    def within(self, other: Address) -> bool:
        """True where this address is ``other`` or lies inside it."""
        return all(not wide or wide == own for wide, own in zip(_levels(other), _levels(self), strict=True)) and self.part == other.part


def _levels(address: Address) -> tuple[object, ...]:
    return (address.article, address.paragraph, address.item, address.subitem)


@dataclass(frozen=True, kw_only=True, slots=True)
class Step:
    """A provision named by its distance: 前二項 is two 項 back."""

    unit: Unit
    offset: int
    """-1 before, 0 the same, 1 behind."""
    count: int = 1
    """How many; 0 for all of them (前各号)."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Mention:
    """A provision, or a document as a whole, that a text names."""

    span: Span
    """Its words in the original text, the law's name included where it stands right before."""
    document: str | None = None
    """Id of the law or document; None for "this one", and for what the library does not hold."""
    name: str = ""
    """The law's title or, if nobody knows it, what the text calls it; "" where none is named: this law."""
    address: Address = Address()
    until: Address | None = None
    """End of a range: 第三条から第五条まで."""
    until_step: Step | None = None
    """第三条から前条まで: the end is counted."""
    step: Step | None = None
    """前条, 次項: counted from where the text stands, before ``address`` is applied."""
    every: Unit = ""
    """第三条各号: all items of what is named."""


# ---------------------------------------------------------------- showing


def show(address: Address, lang: str) -> str:
    """第二十七条第一項第二号 in Japanese, "Article 27, paragraph 1, item 2" in English; "" for the empty address."""
    return _show_ja(address) if lang == "ja" else _show_en(address)


def _kanji(value: int) -> str:
    return kanji(value) if value < 10_000 else str(value)


def _branches(value: tuple[int, ...]) -> str:
    return "".join(f"の{_kanji(part)}" for part in value[1:])


def _show_ja(at: Address) -> str:
    own = at.article
    if at.part == "問":
        return f"問{'-'.join(map(str, own))}"
    if at.part == "通":
        return "-".join(map(str, own))
    if at.part == "第":
        return (
            f"第{_kanji(own[0])}{_branches(own)}" + (f"の{at.paragraph}" if at.paragraph else "") + (f"({at.item[0]})" if at.item else "")
        )
    out = at.part if at.part != "節" else ""
    if own and at.part == "節":
        out += f"{'.'.join(map(str, own))}節"
    elif own:
        out += f"第{_kanji(own[0])}{'' if at.part == '別表' else '条'}{_branches(own)}"
    out += f"第{_kanji(at.paragraph)}項" if at.paragraph else ""
    out += f"第{_kanji(at.item[0])}号{_branches(at.item)}" if at.item else ""
    return out + (f"の{at.subitem}" if at.subitem.endswith("項") else at.subitem)


def _show_en(at: Address) -> str:
    number_ = "-".join(map(str, at.article))
    words = {
        "問": f"Q{number_}",
        "通": number_,
        "節": f"section {'.'.join(map(str, at.article))}",
        "第": f"section {number_}",
        "別表": f"Appended Table {number_}".strip(),
    }
    parts = [words[at.part]] if at.part in words else []
    if at.part.startswith("附則"):
        parts.append("Supplementary Provisions" + at.part.removeprefix("附則").replace("（", " (").replace("）", ")"))
    if at.article and not words.get(at.part):
        parts.append(f"Article {number_}")
    parts += [f"paragraph {at.paragraph}"] if at.paragraph else []
    parts += [f"item {'-'.join(map(str, at.item))}"] if at.item else []
    return ", ".join(parts) + (f" ({at.subitem})" if at.subitem else "")


# ---------------------------------------------------------------- tokens, in plain text

_N = NUMERAL
_LATER = "(?:[分年月日時人以週万円つ割部個回度倍種類点%]|[かヵ箇][月年国所])"
# 第三条の二分の一 and 第五条の二以上 have no branch; 別表第一の三の項 has a row.
_BRANCH = rf"(?:の(?:(?>{_N})(?!{_LATER}|の項|条|項|号|節)))*+"
_IROHA = "イロハニホヘトチリヌルヲワカヨタレソツネナラムウヰノオクヤマケフコエテ"
_SUB = rf"[{_IROHA}](?![ァ-ヴー])(?:\((?:[0-9]{{1,2}}|[ivx]+|[ァ-ヴ])\))*"
_UNIT_EN = (
    r"supplementary articles?|articles?|arts?\.|sections?|secs?\.|rules?|paragraphs?|paras?\.?|items?|questions?|appended tables?|§§?"
)
_NUM_EN = r"(?:[0-9]{1,5}(?:[.-][0-9]{1,5}){0,5}|\((?:[0-9]{1,5}(?:-[0-9]{1,5})?|[ivxl]{1,9}(?:-[0-9]{1,5})?)\))(?:\([0-9a-z]{1,4}\)){0,4}"
_MORE_EN = r"(?:,? (?:and|or|to|through) |, | ?[-–] ?)"
CIRCLED = "①②③④⑤⑥⑦⑧⑨⑩⑪⑫⑬⑭⑮⑯⑰⑱⑲⑳"
_BARE = "|".join(sorted(BARE, key=len, reverse=True))
_ERA = "明治|大正|昭和|平成|令和"
_BEHIND_LAW = rf"」?の?(?:第 ?{_N} ?条|附則|別表|規定|\((?:{_ERA})|[0-9]+ ?条)"

# 第三号事業 is a word that was made of an item.
_NO_WORD = "(?!(?![及又若並中以本但前後柱該列括違関第各])[一-龥々])"

# One pattern, so that a text is walked once. The look-ahead turns most places away before any alternative is tried.
TOKEN = re.compile(
    rf"(?=[第0-9〇一二三四五六七八九十百千①-⑳前次同本各附付別こ法令規条告憲要指訓通省施ガ問設質q明大昭平ア-ヴ()「」aeiopqrst§])(?:"
    r"(?P<open>[(「])|(?P<close>[)」])"
    rf"|(?P<lawnumber>{LAW_NUMBER.pattern})"
    rf"|(?P<article>(?:第 ?|(?<![0-9〇一二三四五六七八九十百千第]))(?P<an>{_N}) ?条(?P<ab>{_BRANCH})(?![件例約理市城]|を加え))"
    rf"|(?P<section>(?<![0-9.])第?(?P<sn>[0-9]{{1,4}}(?:\.[0-9]{{1,4}}){{1,5}}) ?[節項])"
    rf"|(?P<paragraph>(?P<pstrong>第 ?)?(?P<pn>{_N}) ?項(?P<pb>{_BRANCH})(?!目)|(?P<circled>[{CIRCLED}]))"
    rf"|(?P<item>(?P<istrong>(?<![式律令示達程知報記図録紙綱領])(?<![^附付]則)(?<!欄)第 ?)?"
    rf"(?P<in>{_N}) ?号(?P<ib>{_BRANCH})(?P<isub>{_SUB})?{_NO_WORD})"
    rf"|(?P<step>(?P<which>[前次])(?P<many>各|{_N})?(?P<unit>[条項号])(?![件例約目室機車理])(?P<ssub>(?<=号){_SUB})?)"
    rf"|(?P<same>(?<!各)[同本](?P<sunit>[条項号])(?![件例約目室機車文])(?P<samesub>(?<=号){_SUB})?)"
    r"|(?P<every>(?<!次の)(?<!当該)(?<!左の)各(?P<eunit>[号項])(?!列記|目))"
    rf"|(?P<subitem>(?:(?<=又は)|(?<=及び)|(?<=、)|(?<=から)|(?<=しくは)|(?<=びに)){_SUB})"
    rf"|(?P<supplement>(?<!この)[附付]則(?P<amending>\([^()]*第{_N}号\))?)"
    rf"|(?P<annex>別表(?:第?(?P<xn>(?>{_N})(?!号))(?P<xb>{_BRANCH}))?(?:の(?P<row>{_N}(?:の{_N})*の項))?)"
    r"|(?P<samelaw>同(?P<lawkind>法|令|規則|[省政府訓]令|条例|規程|要綱|要領|通達|告示|指針)(?!人))"
    r"|(?P<thislaw>この(?:法律|[省政府訓]令|規則|要領|要綱|規程|通達|告示|条例|指針)|"
    r"本(?:法|要綱|要領|訓令|規程|規則)(?=第|附則|別表)|this act\b)"
    rf"|(?P<bare>(?<![一-龥々ァ-ヴー])(?:{_BARE})(?=の?(?:第 ?{_N}|附則|別表|{_N} ?条)))"
    rf"|(?P<unlisted>(?:法律?|令|規則|規程|条例|告示|条約|憲法|要綱|要領|指針|ガイドライン)(?={_BEHIND_LAW}))"
    rf"|(?P<question>(?<![一-龥a-z0-9])(?:問い?|設問|質問|q\.?) ?(?P<qn>[0-9]{{1,3}}(?:[-の][0-9]+)*|{_N})"
    r"(?![0-9a-z人件題年]|\.[0-9]| ?(?:of )?(?:fy ?)?20[0-9]))"
    rf"|(?P<heading>(?:(?<![一-龥々ァ-ヴーa-z0-9])|(?<=[綱領針令程則達]))第 ?(?P<hn>{_N})"
    rf"(?:の(?P<hp>{_N})(?!{_LATER})(?:の?\((?P<hi>[0-9]+)\))?(?=[のにをはがも、。,及又並若と)から]|$)"
    r"|(?=の(?:規定|定め|手続|例外|違反)|に(?:規定|定め|掲げ|より|よる)|から第|及び第|又は第|並びに第)))"
    rf"|(?P<en>(?P<eu>(?:\b|(?=§))(?:{_UNIT_EN}))\s*(?P<enums>{_NUM_EN}(?:{_MORE_EN}{_NUM_EN})*))"
    r"|(?P<enstep>\b(?:the (?P<enwhich>preceding|following|same)|that) (?:(?P<enmany>[a-z]+) )?"
    r"(?P<enunit>article|section|paragraph|item)s?\b)"
    r"|(?P<enevery>\b(?:(?:each|any|one|every) (?:of the )?items?|the items)(?= of\b))"
    r"|(?P<ensupplement>\bsupplementary provisions?(?P<enamending> \([^()]*[0-9]\))?)"
    r")"
)
COUNTS_EN = {word: i for i, word in enumerate("two three four five six seven eight nine ten".split(), start=2)}
UNITS_EN: dict[str, Unit] = {"article": "条", "section": "条", "paragraph": "項", "item": "号"}
ONE_EN = re.compile(_NUM_EN)
NO_WORDS = re.compile(r"施行(?:令|規則|細則|法)|令(?!和)|等?の一部を改正")
_KIND_EN = r"(?:Act|Code|Order|Ordinance|Regulations?|Directive|Convention)\b"
LAW_EN = re.compile(
    rf" of the ((?:[A-Z][\w'-]* )?{_KIND_EN}(?: (?:on|for|concerning) [^.;()\n]{{3,80}}?(?= \(|[.;,]))?"
    rf"|[A-Z][\w'-]*(?: (?:[A-Z][\w'-]*|of|on|and|for))* {_KIND_EN})"
)
"""A law's English name behind an address, in the original text: of the Act on National Holidays."""
PROVISO = re.compile(r"本文|ただし書き?|但書|[前後]段(?!階)|柱書き?")
JOIN = re.compile(r"(?:まで)?\s*(?:(?:、|,|・|及び|並びに|又は|若しくは|および|ならびに|または|もしくは|と|や|and|or)\s*){1,3}")
RANGE = re.compile(r"\s*(?:から|[~〜–-]|to|through)\s*")
CHAIN = re.compile(r"の? ?|, ?|'s |の「")
OF = re.compile(r" of (?:the )?| \(")
BARE_SECTION_BEFORE = re.compile(r"(?<![\w.,])(?P<n>[0-9]{1,3}(?:\.[0-9]{1,3}){1,4}) (?:of|in)(?: the)? \Z")
BARE_SECTION_BEHIND = re.compile(
    r"(?:,| at|の)? ?(?P<n>[0-9]{1,3}(?:\.[0-9]{1,3}){1,4})(?![\w.,]?[0-9]|[%％]| ?(?:percent|per cent|million|yen|hours?|days?))"
)
"""A section by its number alone, beside the name of a document in a question: 8.1 of the handbook, the handbook 8.1."""
LETTER = re.compile("[一-龥々ァ-ヴー]")
WITHIN = re.compile("(?:[条項号表]|規定|附則|[0-9〇一二三四五六七八九十])中$")
"""第三条中特許法第十条: what an amending law changes where."""
EXCEPTION = re.compile(r"[^()]{0,200}(?:除く|限る|限り|部分)")


# ---------------------------------------------------------------- numbers

_ROMAN = {"i": 1, "v": 5, "x": 10, "l": 50}


def numbers(first: str, branches: str = "") -> tuple[int, ...]:
    """(38, 3, 2) for 三十八 and の三の二."""
    return (number(first), *(number(part) for part in branches.split("の") if part))


def is_roman(text: str) -> bool:
    """True for i, ii, iv."""
    return bool(text) and all(c in _ROMAN for c in text)


def roman(text: str) -> int:
    """4 for iv."""
    values = [_ROMAN[c] for c in text]
    return sum(-v if i + 1 < len(values) and values[i + 1] > v else v for i, v in enumerate(values))


def english(unit: str, text: str) -> Address:
    """The address of one number behind an English unit, both in lower case: ("article", "27(1)(ii)"), ("section", "3.2.1")."""
    levels = [part for part in re.split(r"[()]+", text) if part]
    first, below = levels[0], levels[1:]
    own = (roman(first),) if is_roman(first) else tuple(map(int, re.split("[-.]", first)))
    if unit.startswith("item"):
        return Address(item=own)
    if unit.startswith("para") and "." not in first:
        return Address(paragraph=own[0], item=_item(below[0]) if below else None)
    named = {"sec": "節", "rul": "節", "par": "節", "que": "問", "q": "問", "app": "別表", "sup": "附則"}
    part = "節" if unit[0] == "§" else named.get(unit[:3], "")
    if not part and "." in first:  # Article 3.2 is paragraph 2 of Article 3
        own, below = own[:1], [*map(str, own[1:]), *below]
    paragraph = int(below[0]) if below and below[0].isdigit() else None
    rest = below[1:] if paragraph else below
    item = _item(rest[0]) if rest else None
    sub = "".join(f"({level})" for level in (rest[1:] if item else rest))
    return Address(part=part, article=own, paragraph=paragraph, item=item, subitem=sub)


def _item(text: str) -> tuple[int, ...] | None:
    return (int(text),) if text.isdigit() else (roman(text),) if is_roman(text) else None
