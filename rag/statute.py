"""Addresses of provisions: 「個人情報保護法27条1項2号」 and "Article 27(1)(ii)" in a text -> where they point.

``parse`` finds what is written. What 前条 or 第二項 means where it stands is for rag/references.py, which knows the law's provisions.
Drafting rules followed: a list shares what it does not repeat (第一項第二号又は第三号), 同条 is the last article named, the exception in
brackets behind an article belongs to that article (第五条（第二号を除く。）).
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from typing import Literal

from rag.names import BARE, LAW_NUMBER, NUMERAL, Law, Names, name_before, number_key, plain
from rag.records import Span
from rag.text import kanji, number

Unit = Literal["", "条", "項", "号"]


@dataclass(frozen=True, kw_only=True, slots=True)
class Address:
    """Where in a law or document. What is not said is (), None or ""."""

    part: str = ""
    """"" the main provisions; "附則" or "附則（令和六年法律第十号）"; "別表"; "問" questions; "節" numbered headings (3.2); "第" 第六の1."""
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
    step: Step | None = None
    """前条, 次項: counted from where the text stands, before ``address`` is applied."""
    every: Unit = ""
    """第三条各号: all items of what is named."""


# ---------------------------------------------------------------- showing


def show(address: Address, lang: str) -> str:
    """第二十七条第一項第二号 in Japanese, "Article 27, paragraph 1, item 2" in English; "" for the empty address."""
    return _show_ja(address) if lang == "ja" else _show_en(address)


def _branches(value: tuple[int, ...]) -> str:
    return "".join(f"の{kanji(part)}" for part in value[1:])


def _show_ja(at: Address) -> str:
    own = at.article
    if at.part == "問":
        return f"問{'-'.join(map(str, own))}"
    if at.part == "第":
        return f"第{kanji(own[0])}{_branches(own)}" + (f"の{at.paragraph}" if at.paragraph else "") + (f"({at.item[0]})" if at.item else "")
    out = at.part if at.part != "節" else ""
    if own and at.part == "節":
        out += f"{'.'.join(map(str, own))}節"
    elif own:
        out += f"第{kanji(own[0])}{'' if at.part == '別表' else '条'}{_branches(own)}"
    out += f"第{kanji(at.paragraph)}項" if at.paragraph else ""
    out += f"第{kanji(at.item[0])}号{_branches(at.item)}" if at.item else ""
    return out + (f"の{at.subitem}" if at.subitem.endswith("項") else at.subitem)


def _show_en(at: Address) -> str:
    number_ = "-".join(map(str, at.article))
    words = {
        "問": f"Q{number_}",
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
_LATER = "分年月日時人以週万円つ割部個回度倍か箇種類点%"
# 第三条の二分の一 and 第五条の二以上 have no branch; 別表第一の三の項 has a row.
_BRANCH = rf"(?:の(?:(?>{_N})(?![{_LATER}]|の項|条|項|号|節)))*+"
_IROHA = "イロハニホヘトチリヌルヲワカヨタレソツネナラムウヰノオクヤマケフコエテ"
_SUB = rf"[{_IROHA}](?![ァ-ヴー])(?:\((?:[0-9]{{1,2}}|[ivx]+|[ァ-ヴ])\))*"
_UNIT_EN = (
    r"supplementary articles?|articles?|arts?\.|sections?|secs?\.|rules?|paragraphs?|paras?\.?|items?|questions?|appended tables?|§§?"
)
_NUM_EN = r"(?:[0-9]+(?:[.-][0-9]+)*|\((?:[0-9]+(?:-[0-9]+)?|[ivxl]+(?:-[0-9]+)?)\))(?:\([0-9a-z]{1,4}\))*"
_MORE_EN = r"(?:,? (?:and|or|to|through) |, | ?[-–] ?)"
_CIRCLED = "①②③④⑤⑥⑦⑧⑨⑩⑪⑫⑬⑭⑮⑯⑰⑱⑲⑳"
_BARE = "|".join(sorted(BARE, key=len, reverse=True))
_ERA = "明治|大正|昭和|平成|令和"
_BEHIND_LAW = rf"」?の?(?:第 ?{_N} ?条|附則|別表|規定|\((?:{_ERA})|[0-9]+ ?条)"

# One pattern, so that a text is walked once. The look-ahead turns most places away before any alternative is tried.
_TOKEN = re.compile(
    rf"(?=[第0-9〇一二三四五六七八九十百千①-⑳前次同本各附付別こ法令規条告憲要指訓通省施ガ問設質q明大昭平ア-ヴ()「」aeiopqrst§])(?:"
    r"(?P<open>[(「])|(?P<close>[)」])"
    rf"|(?P<lawnumber>{LAW_NUMBER.pattern})"
    rf"|(?P<article>(?:第 ?|(?<![0-9〇一二三四五六七八九十百千第の]))(?P<an>{_N}) ?条(?P<ab>{_BRANCH})(?![件例約理市城]))"
    rf"|(?P<section>第?(?P<sn>[0-9]+(?:\.[0-9]+)+) ?[節項])"
    rf"|(?P<paragraph>(?P<pstrong>第 ?)?(?P<pn>{_N}) ?項(?P<pb>{_BRANCH})(?!目)|(?P<circled>[{_CIRCLED}]))"
    rf"|(?P<item>(?P<istrong>第 ?)?(?P<in>{_N}) ?号(?P<ib>{_BRANCH})(?P<isub>{_SUB})?)"
    rf"|(?P<step>(?P<which>[前次])(?P<many>各|{_N})?(?P<unit>[条項号])(?![件例約目室機車理])(?P<ssub>(?<=号){_SUB})?)"
    rf"|(?P<same>[同本](?P<sunit>[条項号])(?![件例約目室機車文])(?P<samesub>(?<=号){_SUB})?)"
    r"|(?P<every>(?<!次の)(?<!当該)(?<!左の)各(?P<eunit>[号項])(?!列記|目))"
    rf"|(?P<subitem>(?:(?<=又は)|(?<=及び)|(?<=、)|(?<=から)|(?<=しくは)|(?<=びに)){_SUB})"
    rf"|(?P<supplement>(?<!この)[附付]則(?P<amending>\([^()]*第{_N}号\))?)"
    rf"|(?P<annex>別表(?:第?(?P<xn>{_N})(?P<xb>{_BRANCH}))?(?:の(?P<row>{_N}(?:の{_N})*の項))?)"
    r"|(?P<samelaw>同(?P<lawkind>法|令|規則|[省政府訓]令|条例|規程|要綱|要領|通達|告示|指針)(?!人))"
    r"|(?P<thislaw>この(?:法律|[省政府訓]令|規則|要領|要綱|規程|通達|告示|条例|指針)|本(?:法|要綱|要領|訓令|規程|規則)(?=第|附則|別表)|this act\b)"
    rf"|(?P<bare>(?<![一-龥々ァ-ヴー])(?:{_BARE})(?=の?(?:第 ?{_N}|附則|別表|{_N} ?条)))"
    rf"|(?P<unlisted>(?:法律?|令|規則|規程|条例|告示|条約|憲法|要綱|要領|指針|ガイドライン)(?={_BEHIND_LAW}))"
    rf"|(?P<question>(?<![一-龥a-z0-9])(?:問い?|設問|質問|q\.?) ?(?P<qn>[0-9]{{1,3}}(?:[-の][0-9]+)*|{_N})"
    r"(?![0-9a-z人件題年]|\.[0-9]| ?(?:of )?(?:fy ?)?20[0-9]))"
    rf"|(?P<heading>(?<![一-龥々ァ-ヴーa-z0-9])第 ?(?P<hn>{_N})"
    rf"(?:の(?P<hp>{_N})(?![{_LATER}])(?:の?\((?P<hi>[0-9]+)\))?(?=[のにをはがも、。,及又並若と)から]|$)"
    r"|(?=の(?:規定|定め|手続|例外|違反)|に(?:規定|定め|掲げ|より|よる)|から第|及び第|又は第|並びに第)))"
    rf"|(?P<en>(?:\b(?P<euq>q|question )|(?P<eu>(?:\b|(?=§))(?:{_UNIT_EN}))\s*)(?P<enums>{_NUM_EN}(?:{_MORE_EN}{_NUM_EN})*))"
    r"|(?P<enstep>\b(?:the (?P<enwhich>preceding|following|same)|that) (?:(?P<enmany>[a-z]+) )?(?P<enunit>article|section|paragraph|item)s?\b)"
    r"|(?P<enevery>\b(?:each|any|one|the) (?:of the )?items?(?= of\b))"
    r"|(?P<ensupplement>\bsupplementary provisions?(?P<enamending> \([^()]*[0-9]\))?)"
    r")"
)
_COUNTS_EN = {word: i for i, word in enumerate("two three four five six seven eight nine ten".split(), start=2)}
_UNITS_EN: dict[str, Unit] = {"article": "条", "section": "条", "paragraph": "項", "item": "号"}
_ROMAN = {"i": 1, "v": 5, "x": 10, "l": 50}
_ONE_EN = re.compile(_NUM_EN)
_NO_WORDS = re.compile(r"施行(?:令|規則|細則|法)|等?の一部を改正")
_JOIN = re.compile(r"(?:まで)?\s*(?:(?:、|,|・|及び|並びに|又は|若しくは|および|ならびに|または|もしくは|と|や|and|or)\s*){1,3}")
_RANGE = re.compile(r"\s*(?:から|[~〜–-]|to|through)\s*")
_CHAIN = re.compile(r"の? ?|, ?|'s |の「")
_OF = re.compile(r" of (?:the )?| \(")
_WORD = re.compile("[一-龥々ァ-ヴー]")
_EXCEPTION = re.compile(r"[^()]{0,200}(?:除く|限る|限り|部分)")

_LAW, _PART, _ARTICLE, _PARAGRAPH, _ITEM, _SUBITEM, _EVERY = range(7)
_RANK = {"条": _ARTICLE, "項": _PARAGRAPH, "号": _ITEM}


@dataclass(slots=True)
class _Draft:
    """A mention in the making. ``top`` and ``rank``: its highest and its lowest level."""

    start: int
    end: int
    top: int
    rank: int
    law: Law | None = None
    part: str = ""
    article: tuple[int, ...] = ()
    paragraph: int | None = None
    item: tuple[int, ...] | None = None
    subitem: str = ""
    step: Step | None = None
    every: Unit = ""
    until: _Draft | None = None
    weak: bool = False
    """Without 第: counts only behind something else."""
    silent: bool = False
    """同法 or この法律: no mention of its own."""
    joined: _Draft | None = None
    """The one before it in a list."""

    def address(self) -> Address:
        return Address(part=self.part, article=self.article, paragraph=self.paragraph, item=self.item, subitem=self.subitem)

    def down_to(self, rank: int) -> _Draft:
        """A copy of the levels above and at ``rank``."""
        copy = replace(self, every="", until=None, joined=None, weak=False, silent=False, rank=min(self.rank, rank))
        if rank < _SUBITEM:
            copy.subitem = ""
        if rank < _ITEM:
            copy.item = None
        if rank < _PARAGRAPH:
            copy.paragraph = None
        if rank < _ARTICLE:
            copy.article = ()
            copy.part = copy.part if rank >= _PART else ""
        if copy.step and _RANK.get(copy.step.unit, 9) > rank:
            copy.step = None
        return copy

    def take(self, other: _Draft) -> None:
        """The levels that ``other`` says."""
        self.law = other.law or self.law
        self.part = other.part or self.part
        self.article = other.article or self.article
        self.paragraph = other.paragraph or self.paragraph
        self.item = other.item or self.item
        self.subitem = other.subitem or self.subitem
        self.step = other.step or self.step
        self.every = other.every or self.every


def _numbers(first: str, branches: str) -> tuple[int, ...]:
    return (number(first), *(number(part) for part in branches.split("の") if part))


def _roman(text: str) -> int:
    values = [_ROMAN[c] for c in text]
    return sum(-v if i + 1 < len(values) and values[i + 1] > v else v for i, v in enumerate(values))


# ---------------------------------------------------------------- reading


@dataclass(slots=True)
class _Frame:
    """The text outside, or inside one pair of, brackets."""

    mark: int
    """Where the last token ended."""
    opened: int = -1
    extra: str = ""
    """Words since the last token that stood before brackets."""
    last: _Draft | None = None
    outer: _Draft | None = None
    """What the brackets stand behind, where they make an exception of it."""
    quote: bool = False


class Reader:
    """Reads texts that belong together, one after the other: 同条 and 同法 reach back to those before."""

    def __init__(self, names: Names) -> None:
        self.names = names
        self.forget()

    def forget(self) -> None:
        """Begin anew: the next text has nothing to do with those before."""
        self._laws: list[Law] = []
        self._named: dict[int, _Draft] = {}

    def read(self, text: str) -> list[Mention]:
        """Every mention in ``text``, in the order written."""
        words = plain(text)
        self._text, self._words = text, words
        self._drafts: list[_Draft] = []
        self._frames = [_Frame(mark=0)]
        for start, end, found in self._events(words):
            if isinstance(found, Law):
                self._law(_Draft(start, end, _LAW, _LAW, law=found))
            elif found.lastgroup == "open":
                self._open(start)
            elif found.lastgroup == "close":
                self._close(start)
            else:
                for draft in self._tokens(found):
                    self._place(draft)
        kept = [self._mention(d) for d in self._drafts if not (d.weak or (d.rank == _LAW and (d.silent or not d.law)))]
        return sorted(kept, key=lambda mention: mention.span.start)

    def _events(self, words: str) -> Iterator[tuple[int, int, re.Match[str] | Law]]:
        """Tokens and names of laws, in order, none over another. Of two names that overlap, the one that starts first, or is longer."""
        events: list[tuple[int, int, re.Match[str] | Law]] = []
        ends: set[int] = set()
        for start, end, law in self.names.spans(words):
            if _NO_WORDS.match(words, end) or (end - start < 4 and start and _WORD.match(words, start - 1)):
                continue
            if words[max(0, start - 1) : start] == "旧" or words[max(0, start - 4) : start] in ("改正前の", "廃止前の"):
                law = Law(None, f"改正前の{law.name}")
            events.append((start, end, law))
            ends.add(end)
        for match in _TOKEN.finditer(words):
            group = match.lastgroup
            if group == "unlisted":
                name, start = name_before(words, match.end())
                if name and match.end() not in ends:
                    events.append((start, match.end(), self.names.find(name) or Law(None, self._text[start : match.end()])))
            elif group == "bare":
                events.append((match.start(), match.end(), self.names.bare(match[0]) or Law(None, match[0])))
            else:
                events.append((match.start(), match.end(), match))
        if len(ends) or len(events) > 1:
            events.sort(key=lambda event: (event[0], -event[1]))
        reached = 0
        for start, end, found in events:
            if start >= reached:
                reached = end
                yield start, end, found

    # ------------------------------------------------------------ brackets

    def _open(self, at: int) -> None:
        frame = self._frames[-1]
        gap = frame.extra + self._words[frame.mark : at]
        excepted = frame.last if frame.last and not gap and _EXCEPTION.match(self._words, at + 1) else None
        frame.extra = gap
        self._frames.append(_Frame(mark=at + 1, opened=at, outer=excepted, quote=self._words[at] == "「" or frame.quote))

    def _close(self, at: int) -> None:
        if len(self._frames) == 1:
            self._frames[0].last = None  # a bracket that nothing opened: whatever stood before is not continued
            return
        inner = self._frames.pop()
        frame = self._frames[-1]
        frame.mark = at + 1
        quoted = inner.last
        if self._words[at] == "」" and quoted and quoted.rank == _LAW and (quoted.start, quoted.end) == (inner.opened + 1, at):
            # 「公共サービス提供基準法」第十条: the quotes belong to the name.
            quoted.start, quoted.end, frame.last, frame.extra = inner.opened, at + 1, quoted, ""

    # ------------------------------------------------------------ laws

    def _law(self, draft: _Draft) -> None:
        frame = self._frames[-1]
        gap = frame.extra + self._words[frame.mark : draft.start]
        last = frame.last
        if draft.law and draft.law.name:
            self._laws.append(draft.law)
        if last and last.law is None and last.rank > _LAW and _OF.fullmatch(gap):
            while last:  # Articles 3 and 5 of the … Act
                last.law = last.law or draft.law
                last.end = draft.end if last is frame.last else last.end
                last = last.joined
        else:
            self._keep(draft, frame)
        frame.mark, frame.extra = draft.end, ""

    def _numbered(self, match: re.Match[str]) -> Iterator[_Draft]:
        """A law's number: in brackets behind a name it says which law that is; elsewhere it names the law."""
        law = self.names.find(match["lawnumber"])
        before = self._frames[-2].last if len(self._frames) > 1 and self._frames[-1].mark == match.start() else None
        if before and before.rank == _LAW and before.end == self._frames[-1].opened:
            if before.law and before.law.document is None and law and law.document:
                before.law = law
        elif law:
            self._law(_Draft(match.start(), match.end(), _LAW, _LAW, law=law))
        yield from ()

    def _same_law(self, kind: str) -> Law:
        endings = {"法": ("法", "法律"), "省令": ("規則", "令"), "政令": ("令",), "訓令": ("訓令", "規程", "規則")}.get(kind, (kind,))
        for law in reversed(self._laws):
            if law.name.endswith(endings):
                return law
        return Law(None, f"同{kind}")

    # ------------------------------------------------------------ tokens

    def _tokens(self, match: re.Match[str]) -> Iterator[_Draft]:
        start, end, group = match.start(), match.end(), match.lastgroup
        if group == "article":
            yield _Draft(start, end, 2, 2, article=_numbers(match["an"], match["ab"]), weak=match[0][0] != "第")
        elif group == "paragraph":
            value = _CIRCLED.index(match["circled"]) + 1 if match["circled"] else number(match["pn"])
            yield _Draft(start, end, 3, 3, paragraph=value, weak=not match["pstrong"])
        elif group == "item":
            sub = match["isub"] or ""
            item = _numbers(match["in"], match["ib"])
            yield _Draft(start, end, 4, 5 if sub else 4, item=item, subitem=sub, weak=not match["istrong"])
        elif group == "step":
            unit: Unit = match["unit"]  # type: ignore[assignment]
            count = 0 if match["many"] == "各" else number(match["many"] or "一")
            sub, rank = match["ssub"] or "", _RANK[unit]
            step = Step(unit=unit, offset=-1 if match["which"] == "前" else 1, count=count)
            yield _Draft(start, end, rank, 5 if sub else rank, step=step, subitem=sub)
        elif group == "same":
            yield self._same(start, end, match["sunit"], match["samesub"] or "", own=match[0][0] == "本")  # type: ignore[arg-type]
        elif group == "every":
            yield _Draft(start, end, 6, 6, every=match["eunit"])  # type: ignore[arg-type]
        elif group == "subitem":
            yield _Draft(start, end, 5, 5, subitem=match[0], weak=True)
        elif group == "supplement":
            yield _Draft(start, end, 1, 1, part="附則" + (f"（{self._text[start + 3 : end - 1]}）" if match["amending"] else ""))
        elif group == "annex":
            own = _numbers(match["xn"], match["xb"]) if match["xn"] else ()
            yield _Draft(start, end, 1, 2, part="別表", article=own, subitem=match["row"] or "")
        elif group == "samelaw":
            yield _Draft(start, end, 0, 0, law=self._same_law(match["lawkind"]), silent=True)
        elif group == "thislaw":
            yield _Draft(start, end, 0, 0, silent=True)
        elif group == "lawnumber":
            yield from self._numbered(match)
        elif group == "section":
            yield _Draft(start, end, 1, 2, part="節", article=tuple(map(int, match["sn"].split("."))))
        elif group == "question":
            yield _Draft(start, end, 1, 2, part="問", article=tuple(number(n) for n in re.split("[-の]", match["qn"])))
        elif group == "heading":
            item = (number(match["hi"]),) if match["hi"] else None
            paragraph = number(match["hp"]) if match["hp"] else None
            yield _Draft(start, end, 1, 4 if item else 3 if paragraph else 2, part="第", article=(number(match["hn"]),), paragraph=paragraph, item=item)
        else:
            yield from self._english(match)

    def _english(self, match: re.Match[str]) -> Iterator[_Draft]:
        start, end, group = match.start(), match.end(), match.lastgroup
        if group == "ensupplement":
            note = self._text[match.start("enamending") + 2 : end - 1] if match["enamending"] else ""
            yield _Draft(start, end, 1, 1, part=f"附則（{note}）" if note else "附則")
        elif group == "enevery":
            yield _Draft(start, end, 6, 6, every="号")
        elif group == "enstep":
            unit = _UNITS_EN[match["enunit"]]
            if match["enwhich"] not in ("preceding", "following"):
                yield self._same(start, end, unit, "")
            elif not (match["enwhich"] == "following" and unit == "号"):  # "the following items" are the own ones
                many = match["enmany"] or ""
                count = _COUNTS_EN.get(many, 1 if not many and match[0][-1] != "s" else 0)
                step = Step(unit=unit, offset=-1 if match["enwhich"] == "preceding" else 1, count=count)
                yield _Draft(start, end, _RANK[unit], _RANK[unit], step=step)
        else:
            unit_word = (match["eu"] or "question").strip()
            many = unit_word.rstrip(".").endswith("s") or unit_word == "§§"
            for place, found in enumerate(_ONE_EN.finditer(match["enums"])):
                first, last = match.start("enums") + found.start(), match.start("enums") + found.end()
                if place and not many:
                    break  # "section 3, 14 days": one section
                if place and many and self._words[first - 1] == "-":
                    yield _Draft(first, last, 9, 9)
                yield _number_en(unit_word, found[0], start if not place else first, last)

    def _same(self, start: int, end: int, unit: Unit, sub: str, own: bool = False) -> _Draft:
        """同条, 同項: the last one named; where none was, and for 本条, the one in which the text stands."""
        rank = _RANK[unit]
        named = None if own else self._named.get(rank)
        if named:
            draft = named.down_to(rank)
            draft.start, draft.end, draft.top = start, end, rank
        else:
            draft = _Draft(start, end, rank, rank, step=Step(unit=unit, offset=0))
        draft.subitem, draft.rank = sub, 5 if sub else rank
        draft.silent = True  # its upper levels are settled: it takes none from a list
        return draft

    # ------------------------------------------------------------ putting together

    def _place(self, draft: _Draft) -> None:
        """Join a token to what stands before it, or begin a new mention."""
        frame = self._frames[-1]
        if draft.top == _LAW:
            self._law(draft)
            return
        gap = frame.extra + self._words[frame.mark : draft.start]
        last = frame.last
        tail = last.until or last if last else None
        if last is None and frame.outer and not gap and draft.top > frame.outer.rank:
            self._begin(draft, frame, frame.outer)
        elif last and tail and not draft.step and draft.top > tail.rank and (not gap or _CHAIN.fullmatch(gap)) and self._fits(tail, draft):
            if tail.rank == _LAW and tail.silent and not tail.law:
                tail.start = draft.start  # この法律第三条: the words この法律 say nothing more
            tail.take(draft)
            tail.end = last.end = draft.end
            tail.rank, tail.silent = draft.rank, False
            self._remember(tail, frame)
        elif last and not last.every and draft.top > _LAW and last.rank >= draft.top and not draft.step and _RANGE.fullmatch(gap):
            last.until = self._filled(draft, last)
            last.end = draft.end
            self._remember(last.until, frame)
        elif last and draft.rank < last.top and _OF.fullmatch(gap) and gap != " (":
            self._upward(draft, last)
        elif last and last.rank >= draft.top and not draft.silent and not (draft.step and draft.top) and len(gap) < 16 and _JOIN.fullmatch(gap):
            self._begin(draft, frame, last)
        elif last and len(gap) < 16 and (_JOIN.fullmatch(gap) or _RANGE.fullmatch(gap)):
            draft.joined = last
            self._begin(draft, frame, None)
        else:
            self._begin(draft, frame, None)
        frame.mark, frame.extra = draft.end, ""

    @staticmethod
    def _fits(tail: _Draft, draft: _Draft) -> bool:
        if tail.every or (tail.part == "問"):
            return False
        if draft.subitem and draft.weak:
            return False
        if draft.silent or draft.top == _PART:
            return tail.rank == _LAW
        return not (draft.top == _PARAGRAPH and tail.part == "別表")

    def _begin(self, draft: _Draft, frame: _Frame, upper: _Draft | None) -> None:
        """A new mention; ``upper``: it takes from there the levels above its own."""
        if upper and not (draft.subitem and draft.weak and not upper.subitem):
            inner = self._filled(draft, upper)
            inner.joined = upper if upper is frame.last else None
            draft = inner
        elif draft.weak and not draft.article:
            frame.last = None
            return
        draft.weak = draft.silent = False
        self._keep(draft, frame)

    @staticmethod
    def _filled(draft: _Draft, upper: _Draft) -> _Draft:
        source = upper.until or upper
        filled = source.down_to(draft.top - 1)
        top, rank = filled.top, draft.rank
        filled.take(draft)
        filled.start, filled.end, filled.top, filled.rank = draft.start, draft.end, min(top, draft.top), rank
        return filled

    def _upward(self, draft: _Draft, last: _Draft) -> None:
        """item (ii) of paragraph (1): the higher level comes behind, for the whole list."""
        end = draft.end
        each: _Draft | None = last
        while each and each.top > draft.rank:
            for one in (each, each.until):
                if one:
                    upper = draft.down_to(draft.rank)
                    upper.take(one)
                    one.take(upper)
                    one.top = draft.top
            each = each.joined
        last.end = end

    def _keep(self, draft: _Draft, frame: _Frame) -> None:
        self._drafts.append(draft)
        frame.last = draft
        self._remember(draft, frame)

    def _remember(self, draft: _Draft, frame: _Frame) -> None:
        if frame.quote or draft.rank == _LAW:
            return
        for rank, said in ((_ARTICLE, draft.article), (_PARAGRAPH, draft.paragraph), (_ITEM, draft.item)):
            if said or (draft.step and _RANK[draft.step.unit] == rank):
                self._named[rank] = draft

    def _mention(self, draft: _Draft) -> Mention:
        end = draft.end + 2 if draft.until and self._words.startswith("まで", draft.end) else draft.end
        return Mention(
            span=Span(start=draft.start, end=end),
            document=draft.law.document if draft.law else None,
            name=draft.law.name if draft.law else "",
            address=draft.address(),
            until=draft.until.address() if draft.until else None,
            step=draft.step,
            every=draft.every,
        )


def _number_en(unit: str, text: str, start: int, end: int) -> _Draft:
    """One of the numbers behind an English unit: 27(1)(ii), 12-2, 3.2.1."""
    levels = [part for part in re.split(r"[()]+", text) if part]
    first = levels[0]
    numbers = (_roman(first),) if first[0] in _ROMAN else tuple(map(int, re.split("[-.]", first)))
    below = levels[1:]
    if unit.startswith(("item",)):
        return _Draft(start, end, 4, 4, item=numbers)
    if unit.startswith("para") and "." not in first:
        item = _item_en(below[0]) if below else None
        return _Draft(start, end, 3, 4 if item else 3, paragraph=numbers[0], item=item)
    part = ""
    if unit.startswith(("sec", "rule", "§", "para")):
        part = "節"
    elif unit.startswith(("question", "q")):
        part = "問"
    elif unit.startswith("appended"):
        part = "別表"
    elif unit.startswith("suppl"):
        part = "附則"
    elif "." in first:  # Article 3.2 is paragraph 2 of Article 3
        numbers, below = numbers[:1], [*map(str, numbers[1:]), *below]
    paragraph = int(below[0]) if below and below[0].isdigit() else None
    rest = below[1:] if paragraph else below
    item = _item_en(rest[0]) if rest else None
    sub = f"({rest[1]})" if len(rest) > 1 else f"({rest[0]})" if rest and not item else ""
    rank = 5 if sub else 4 if item else 3 if paragraph else 2
    return _Draft(start, end, 1 if part else 2, rank, part=part, article=numbers, paragraph=paragraph, item=item, subitem=sub)


def _item_en(text: str) -> tuple[int, ...] | None:
    if text.isdigit():
        return (int(text),)
    return (_roman(text),) if all(c in _ROMAN for c in text) else None


def parse(text: str, names: Names) -> list[Mention]:
    """Every provision and document that ``text`` names, in the order written; spans are offsets in ``text``."""
    return Reader(names).read(text)
