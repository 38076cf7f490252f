"""What laws and documents are called: titles, numbers, abbreviations, and 「…（以下「法」という。）」 -> document id.

Three layers, the nearest wins: what a document defines for itself (``Names.within``), what knowledge managers wrote down
(``read_abbreviations``), and what follows from the titles in the library. A name that could mean two documents means none.
"""

from __future__ import annotations

import re
import tomllib
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path as FilePath

from rag.records import Document, Kind, Source
from rag.text import number

NUMERAL = "[0-9〇一二三四五六七八九十百千]{1,9}"
"""Bounded: no provision has more, and a line of ten thousand digits is no number."""
_PLAIN = {ord("\u3000"): " "} | {0xFF01 + i: chr(0x21 + i).lower() for i in range(94)} | {c: chr(c + 32) for c in range(65, 91)}


def plain(text: str) -> str:
    """``text`` in half-width lower case, character for character: offsets in it are offsets in ``text``."""
    return text.translate(_PLAIN)


@dataclass(frozen=True, slots=True)
class Law:
    """A law or document that a text names."""

    document: str | None
    """Its id; None where the library does not hold it (or not this version of it: 旧法)."""
    name: str
    """Its title, or what the text calls it."""


# ---------------------------------------------------------------- shapes of names

LAW_WORD = re.compile(
    r"(?:(?<![方手司立用製療文寸工違適不合技作])法律?|(?<![命指政省府法辞発号])令|規則|規程|条例|訓令|告示|条約|憲章|議定書|要綱|要領|指針|ガイドライン)$"
)
"""How the name of a law that nobody listed ends. 方法 and 命令 are no laws."""
LAW_NUMBER = re.compile(
    rf"(明治|大正|昭和|平成|令和)({NUMERAL}|元)年(?:{NUMERAL}月{NUMERAL}日)?(?:付け)?([^\s、。()「」第年]{{1,24}})第({NUMERAL})号"
)
"""令和三年法律第九百一号, 令和六年六月一四日法律第九五二号."""
_LONG_FORM = re.compile(r"(?:関する|ための|する|等の|図る)(?:法律|訓令|規則|規程|政令|省令|要綱|要領|条例|指針)$")
_LEAD = re.compile(
    r".*(?:、|について(?:の)?|における|において|により|に基づき|に基づく|による改正[後前]の|よる廃止前の|改正[後前]の|又は|若しくは|並びに|(?:法|令|則|律|程)及び|\))"
)
_LEAD_WORDS = re.compile(r"(?:及び|その他の|当該|現に|この法律の|は|の|に|を)+")
_STEM = re.compile(r"[一-龥々〆ァ-ヴーa-z0-9・]+$")
_CHANGED_IN = re.compile(rf"(?:第?{NUMERAL}[条項号](?:の{NUMERAL})*|規定|附則|別表)+中")
NO_NAME = re.compile(
    r"(同|当|当該|本|この|その|各|両|他の?|旧|新|前の?|次の?|現行|改正)*"
    r"(法|法律|令|政令|省令|府令|規則|規程|訓令|条例|通達|要[領綱]|法?施行令|法?施行規則)"
)
"""Names that name no law by themselves."""
LONGEST_NAME = 90


def name_before(text: str, end: int) -> tuple[str, int]:
    """The name of an unlisted law that ends at ``end`` of plain ``text``, and where it starts; ("", end) where none does.

    個人情報の保護に関する法律 reaches back to a comma or conjunction, 国家公務員法 to the last hiragana.
    """
    floor = max(0, end - LONGEST_NAME)
    start = max(floor, *(text.rfind(c, floor, end) + 1 for c in "。()「」|\n"))
    part = text[start:end]
    if not LAW_WORD.search(part):
        return "", end
    if _LONG_FORM.search(part):
        lead = _LEAD.match(part)
        begin = lead.end() if lead and lead.end() < len(part) else 0
        words = _LEAD_WORDS.match(part, begin)
        begin = words.end() if words else begin
    else:
        stem = _STEM.search(part)
        begin = stem.start() if stem else len(part)
        if stem and (within := _CHANGED_IN.match(part, begin)):
            begin = within.end()
    name = part[begin:]
    return (name, start + begin) if len(name) > 1 else ("", end)


def number_key(text: str) -> str:
    """The same words for a law's number however it is written: "令和3年法律901"; "" where there is none."""
    found = LAW_NUMBER.search(plain(text))
    try:
        return f"{found[1]}{number(found[2])}年{found[3]}{number(found[4])}" if found else ""
    except ValueError:
        return ""


# ---------------------------------------------------------------- derived names

_MINISTRY = re.compile(r"^[一-龥ァ-ヴー]+?(?:省|庁|府|院|委員会)(?=.{4})")
_KIND_WORD = r"(?:法律?|令|規則|規程|訓令|要綱|要領|通達|基準|指針|ガイドライン)"
_RULES: tuple[tuple[str, str], ...] = (
    (r"^職員の?(?=.{4})", ""),
    (r"(?:事務)?(?:取扱い?|処理)(?=(?:規程|要領|要綱|規則)$)", ""),
    (r"(?:実施|交付|運用)(?=(?:規程|要領|要綱|規則)$)", ""),
    (rf"^([^の]{{2,}})の([^の]+?)(?:等)?に関する({_KIND_WORD})$", r"\1\2\3"),
    (rf"^(.{{3,}}?)(?:の取扱い|の業務利用)?に関する({_KIND_WORD})$", r"\1\2"),
    (rf"^[^の]+の([^の]{{2,}}?)(?:及び[^の]+)?に関する({_KIND_WORD})$", r"\1\2"),
    (rf"^.+の([^の]{{3,}}{_KIND_WORD})$", r"\1"),
    (rf"^([^の]{{2,}})の.+に関する({_KIND_WORD})$", r"\1\2"),
    (r"法律$", "法"),
    (r"^\w+ (\w+ (?:guide|guidelines?|handbook|policy|rules|directive|manual))$", r"\1"),
    (r"^(.+ (?:guide|handbook|policy|act|rules|directive|manual)) (?:for|on|of) .+$", r"\1"),
    (r"^the ", ""),
)


_TAIL = re.compile("に(?:関|対|係|お|つ|よ|基)|[のを等]")
"""How what is left of a title begins where its name was cut off: 「職員に関する法律」 is not 「に関する法律」."""


def derived(title: str) -> set[str]:
    """Short forms that people make of a plain title: 職員旅費取扱規程 -> 旅費規程, 個人情報の保護に関する法律 -> 個人情報保護法."""
    known: set[str] = set()
    fresh, shorter = {title}, {_MINISTRY.sub("", title)}
    while fresh:
        known |= fresh
        shorter |= {re.sub(rule, into, name) for name in fresh for rule, into in _RULES}
        fresh = {short for short in shorter if len(short) >= 4 and not _TAIL.match(short)} - known
    return known - {title}


COMMON: Mapping[str, str] = {
    short: title
    for title, shorts in {
        "個人情報の保護に関する法律": "個人情報保護法 個情法",
        "行政機関の保有する情報の公開に関する法律": "情報公開法 行政機関情報公開法",
        "公文書等の管理に関する法律": "公文書管理法",
        "行政手続における特定の個人を識別するための番号の利用等に関する法律": "番号法 マイナンバー法",
        "医薬品、医療機器等の品質、有効性及び安全性の確保等に関する法律": "薬機法 医薬品医療機器等法",
        "租税特別措置法": "措置法 租特法",
        "私的独占の禁止及び公正取引の確保に関する法律": "独占禁止法 独禁法",
        "不当景品類及び不当表示防止法": "景品表示法 景表法",
        "出入国管理及び難民認定法": "入管法",
        "外国為替及び外国貿易法": "外為法",
        "補助金等に係る予算の執行の適正化に関する法律": "補助金適正化法 補助金等適正化法",
        "核原料物質、核燃料物質及び原子炉の規制に関する法律": "原子炉等規制法 炉規法",
        "国家公務員等の旅費に関する法律": "旅費法",
        "一般職の職員の勤務時間、休暇等に関する法律": "勤務時間法",
        "行政手続法": "行手法",
        "行政不服審査法": "行審法",
        "国家公務員法": "国公法",
        "地方公務員法": "地公法",
        "労働基準法": "労基法",
        "金融商品取引法": "金商法",
    }.items()
    for short in shorts.split()
}
"""Abbreviations in general use. The file of the knowledge managers goes before them."""


def read_abbreviations(text: str) -> tuple[dict[str, str], tuple[str, ...]]:
    """The table ``[names]`` of an abbreviations file: {"個情法": "個人情報の保護に関する法律"}; and a sentence for each wrong line.

    One entry a line, so that a slip costs only its own line. The right side is a title, a number or an id.
    """
    table: dict[str, str] = {}
    problems: list[str] = []
    inside = False
    for place, line in enumerate(text.splitlines(), start=1):
        words = line.strip()
        if not words or words.startswith("#"):
            continue
        if words.startswith("["):
            inside = words.split("#")[0].strip() == "[names]"
            if not inside:
                problems.append(f"line {place}: only the table [names] is read, not {words}")
            continue
        try:
            entry = tomllib.loads(words)
        except tomllib.TOMLDecodeError as error:
            problems.append(f'line {place}: not of the form "short" = "title" ({error})')
            continue
        for short, title in entry.items():
            if not inside:
                problems.append(f"line {place}: stands before [names]")
            elif not isinstance(title, str) or not title.strip() or not short.strip():
                problems.append(f"line {place}: both sides must be words in quotes")
            elif short in table and table[short] != title:
                problems.append(f"line {place}: {short} is already {table[short]}")
            else:
                table[short] = title.strip()
    return table, tuple(problems)


@dataclass(frozen=True, slots=True)
class Abbreviations:
    """What knowledge managers wrote down: short names of laws and documents."""

    names: Mapping[str, str] = field(default_factory=dict)
    """Short name -> title, number or id."""
    problems: tuple[str, ...] = ()
    """Lines that were left out, each with its file, number and reason."""

    @classmethod
    def load(cls, file: FilePath) -> Abbreviations:
        """The file, or nothing where there is none."""
        if not file.is_file():
            return cls()
        names, problems = read_abbreviations(file.read_text(encoding="utf-8-sig", errors="replace"))
        return cls(names, tuple(f"{file.name}, {problem}" for problem in problems))


# ---------------------------------------------------------------- the table

BARE = frozenset("法 令 規則 省令 訓令 規程 要綱 要領 通達 告示 指針 施行令 施行規則 法施行令 法施行規則".split())
"""Names so short that they count only right before an address, and never as the end of a longer word: 法第三条."""
_DEFINITION = re.compile(r"」?\(([^()「」]{0,80}?)(?:「([^「」()]{1,24})」)(?:と(?:いう|いい|総称)|とします)")
_DEFINITION_EN = re.compile(r"""\((?:[^()"“]{0,60})["“](?:the )?([a-z][^"”()]{1,40})["”][^()]{0,40}\)""")
_ENGLISH_LAW = re.compile(r"\b(?:act|order|rules|regulations?)$")
_ONLY_HERE = re.compile("新|旧|同|当該|本|改正")
"""How a short name begins that means another law in the next text."""
_OLD = re.compile(r"(?:改正前|廃止前|旧)の?$")


@dataclass(frozen=True, slots=True)
class Names:
    """Names of laws in plain form -> the laws. Make one with ``Names.of``; for the text of a document, use ``within``."""

    table: Mapping[str, Law]
    sources: Mapping[str, Source]
    """The documents of the library, by id."""
    local: Mapping[str, Law] = field(default_factory=dict)
    """What one document defines for itself."""
    home: str = ""
    """The id of that document."""
    titled: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    """Plain title or number -> ids of all documents that have it."""
    pattern: re.Pattern[str] | None = None
    """Finds the names of the table in plain text, except the bare ones."""
    _local_pattern: re.Pattern[str] | None = None

    @classmethod
    def of(
        cls, sources: Mapping[str, Source], abbreviations: Mapping[str, str] | None = None, defined: Mapping[str, str] | None = None
    ) -> Names:
        """Names of the documents with these ids. Where one document replaces another of the same name, the name means the newer.

        Args:
            abbreviations: what knowledge managers wrote down, short -> title, number or id; they go before everything else.
            defined: what the texts define for themselves and agree on, short -> title; everything else goes before them.
        """
        meant: dict[str, set[str]] = {}
        for id, source in sources.items():
            for name in (source.title, source.number):
                if name.strip():
                    meant.setdefault(plain(name.strip()), set()).add(id)
        exact = {name: newest for name, ids in meant.items() if (newest := _newest(ids, sources))}
        # Several documents of one name: the name is known, and which of them is meant is left open.
        shared = {name: Law(None, sources[min(ids)].title) for name, ids in meant.items() if name not in exact}
        short: dict[str, set[str]] = {}
        for name in [name for name in exact if not LAW_NUMBER.search(name)]:
            for form in derived(name):
                short.setdefault(form, set()).add(exact[name])
        table = {name: Law(id, sources[id].title) for name, ids in short.items() if len(ids) == 1 and name not in meant for id in ids}
        table |= shared | {name: Law(id, sources[id].title or name) for name, id in exact.items()}
        table |= {key: Law(id, source.title) for id, source in sources.items() if (key := number_key(source.number))}
        table |= _sole(sources)
        for key, title in {**(defined or {}), **COMMON, **(abbreviations or {})}.items():
            target = sources[title].title if title in sources else title
            found = title if title in sources else exact.get(plain(title))
            # What a title in the library says goes before general use, but not before what a knowledge manager says.
            if (abbreviations and key in abbreviations) or plain(key) not in table:
                table[plain(key)] = Law(found, target)
        for title in COMMON.values():
            table.setdefault(plain(title), Law(None, title))
        titled = {name: tuple(sorted(ids)) for name, ids in meant.items()}
        return cls(table, sources, titled=titled, pattern=_trie(name for name in table if _findable(name)))

    def find(self, name: str) -> Law | None:
        """The law that ``name`` means: a title, an abbreviation or a law's number, in any width and case."""
        key = plain(name.strip())
        return self.local.get(key) or self.table.get(key) or self.table.get(number_key(name))

    def called(self, name: str) -> tuple[str, ...]:
        """Ids of every document with this title or number; several, where one replaced the other."""
        return self.titled.get(plain(name.strip()), ())

    def spans(self, text: str) -> Iterator[tuple[int, int, Law]]:
        """(start, end, law) of the known names in plain ``text``, except the bare ones; they may overlap."""
        for pattern, table in ((self._local_pattern, self.local), (self.pattern, self.table)):
            if pattern:
                for match in pattern.finditer(text):
                    yield match.start(), match.end(), table[match[0]]

    def bare(self, name: str) -> Law | None:
        """法, 令, 規則 and their like: what they mean in this document, or in a library that has only one."""
        return self.local.get(name) or (None if self.home else self.table.get(name))

    def ending(self, text: str, end: int) -> Law | None:
        """The known law whose name ends at ``end`` of plain ``text``: the longest."""
        for start in range(max(0, end - LONGEST_NAME), end - 1):
            name = text[start:end]
            law = self.local.get(name) or self.table.get(name)
            if law:
                return law
        return None

    def shorts(self) -> dict[str, str]:
        """What the document for which these names are made calls others, as far as that is a name of a law: 通則法 -> 国税通則法."""
        return {
            short: law.name
            for short, law in self.local.items()
            if law.document not in (None, self.home)
            and short not in BARE
            and len(short) > 2
            and not _ONLY_HERE.match(short)
            and (LAW_WORD.search(short) or _ENGLISH_LAW.search(short))
        }

    def within(self, document: Document, part: str = "") -> Names:
        """The names as they are used in ``document``: with 法 and 令 of its family and what its text defines.

        ``part``: the 附則 of an amending law is a text of its own, with its own 新法 and 旧法; it sees only its own definitions.
        """
        family = self._family(document)
        # A long title may be cut short where a definition is read: 特定工場における公害防止組織の整備に関する法律（以下「法」という。）.
        defined = {
            name: law
            for name, law in self._defined(document, part).items()
            if name not in family or not family[name].name.endswith(law.name)
        }
        local = family | defined
        return Names(self.table, self.sources, local, document.id, self.titled, self.pattern, _trie(n for n in local if _findable(n)))

    def _family(self, document: Document) -> dict[str, Law]:
        title = plain(document.source.title or (self.sources[document.id].title if document.id in self.sources else ""))
        stem = self._about(title)
        if not LAW_WORD.search(stem):
            return {}
        kin = {"法": stem, "令": f"{stem}施行令", "規則": f"{stem}施行規則"}
        family = {bare: law for bare, name in kin.items() if name != title and (law := self.table.get(name))}
        if stem != title:
            family.setdefault("法", Law(None, stem))
        return family

    def _about(self, title: str) -> str:
        """The law to whose family a document belongs: 所得税法 for 所得税法施行令, 所得税基本通達 and 所得税法第九条の運用について."""
        stem = re.sub(r"(?:施行令|施行規則|施行細則)$", "", title)
        if LAW_WORD.search(stem):
            return stem
        for shape in (r"[(（]([^()（）]{2,20})編[)）]$", r"^(.{2,30}?)法?(?:基本|関係|個別)?通達"):
            found = re.search(shape, title)
            if found and f"{found[1]}法" in self.table:
                return f"{found[1]}法"
        starts = (title[:end] for end in range(min(len(title), LONGEST_NAME), 3, -1) if title[end - 1] in "法律")
        return next((start for start in starts if start in self.table), stem)

    def _defined(self, document: Document, part: str) -> dict[str, Law]:
        found: dict[str, Law] = {}
        for block in document.blocks:
            root = block.path[0] if block.path and block.path[0].startswith("附則") else ""
            # 附則 and 別表 of the law itself belong to its text; those of amending laws do not.
            if root != part and not (part in ("", "附則") and root in ("", "附則")):
                continue
            text = plain(block.span.cut(document.text))
            for match in _DEFINITION.finditer(text):
                law = self._meaning(text, match, found, document)
                if law:
                    found.setdefault(match[2], law)
            for match in _DEFINITION_EN.finditer(text):
                law = self.ending(text, match.start() - 1) or self.ending(text, text.rfind(" as ", 0, match.start()))
                if law:
                    found.setdefault(match[1], law)
        return found

    def _meaning(self, text: str, match: re.Match[str], found: Mapping[str, Law], document: Document) -> Law | None:
        """Which law the alias of a definition stands for; None where it stands for no law."""
        written, start = name_before(text, match.start())
        law = Names(self.table, self.sources, found).ending(text, match.start()) or self.table.get(number_key(match[1]))
        if law is None and plain(document.source.title) == written and written:
            law = Law(document.id, written)
        if law is None and written and (LAW_NUMBER.search(match[1]) or LAW_WORD.search(match[2])):
            law = Law(None, written)
        if law is None:
            return None
        old = _OLD.search(text[: match.start() - len(law.name)]) or "改正前の" in text[max(0, start - 8) : match.start()]
        return (
            Law(None, f"改正前の{law.name.removeprefix('改正前の')}") if old or match[2].startswith("旧") or "改正前" in match[2] else law
        )


def _findable(name: str) -> bool:
    """False for what is found in another way: 法 before an address, "the Act" behind one, a law's number."""
    return name not in BARE and 1 < len(name) <= 2 * LONGEST_NAME and not LAW_NUMBER.search(name) and (not name.isascii() or " " in name)


def _newest(ids: set[str], sources: Mapping[str, Source]) -> str:
    """The one of ``ids`` that none of them replaces; "" where several remain."""
    replaced = {sources[id].replaces for id in ids}
    left = [id for id in ids if id not in replaced]
    return left[0] if len(left) == 1 else ""


def _sole(sources: Mapping[str, Source]) -> dict[str, Law]:
    """法, 令 and 規則 in a library with one act, one order, one ordinance of Japanese law."""
    table: dict[str, Law] = {}
    for bare, kind, ending in (("法", Kind.ACT, "法"), ("令", Kind.ORDER, "令"), ("規則", Kind.ORDINANCE, "規則")):
        laws = [id for id, source in sources.items() if source.kind is kind and re.search(f"{ending}律?$", source.title)]
        if len(laws) == 1:
            table |= {bare: Law(laws[0], sources[laws[0]].title)}
            if bare != "法":
                table |= {f"施行{bare}": table[bare], f"法施行{bare}": table[bare]}
    acts = [id for id, source in sources.items() if source.kind is Kind.ACT and source.title.endswith(" Act")]
    return table | ({"act": Law(acts[0], sources[acts[0]].title)} if len(acts) == 1 else {})


def _trie(names: Iterable[str]) -> re.Pattern[str] | None:
    """A pattern that finds the longest of ``names`` at each place without trying every one of them."""
    root: dict[str, dict[str, object]] = {}
    for name in names:
        node: dict[str, object] = root  # type: ignore[assignment]
        for character in name:
            node = node.setdefault(character, {})  # type: ignore[assignment]
        node[""] = {}
    return re.compile(_branches(root)) if root else None


def _branches(node: Mapping[str, object]) -> str:
    written: list[str] = []
    for character, below in node.items():
        if not character:
            continue
        text = re.escape(character)
        assert isinstance(below, dict)
        # A run without a fork is written flat: nesting is as deep as there are forks, not letters.
        while len(below) == 1 and "" not in below:
            character, below = next(iter(below.items()))
            text += re.escape(character)
            assert isinstance(below, dict)
        written.append(text + (_branches(below) if any(below) else ""))
    one = written[0] if len(written) == 1 else f"(?:{'|'.join(written)})"
    return f"(?:{one})?" if "" in node else one
