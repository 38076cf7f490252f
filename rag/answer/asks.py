"""What a question asks for: whether, how much, how long, when, who; and the words of a sentence that decide it.

Only shapes of words are looked at. Where none fits, the question asks for something that no shape tells, and nothing is marked.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from enum import StrEnum
from functools import cache

from rag.records import Span
from rag.terms import content_words, words
from rag.text import fold


class Asks(StrEnum):
    """What is asked for."""

    MONEY = "money"
    SHARE = "share"
    LENGTH = "length"
    """Days, months, years, hours, minutes."""
    COUNT = "count"
    WHEN = "when"
    WHO = "who"
    WHERE = "where"
    NAME = "name"
    """What something is called, or which one of several it is."""
    WHETHER = "whether"
    OTHER = "other"


_START = r"(?:^|[.?!,;:] |\band |\bor )"
"""Where an English word asks; elsewhere "who" and "when" only join sentences."""

_QUESTIONS: tuple[tuple[Asks, str], ...] = (
    (
        Asks.MONEY,
        r"いくら(?!でも)|何円|何万|金額|額は|料金は|限度額|上限額|how much|what (?:is|are) the (?:fee|fine|price|cost|amount|charge)",
    ),
    (Asks.SHARE, r"何割|何(?:パーセント|%)|何分の|割合は|what (?:share|percentage)|what per ?cent"),
    (
        Asks.LENGTH,
        r"何(?:業務|開庁|営業|勤務)?日(?!に|の)|何(?:日前|日以内|日間|か月|ヶ月|カ月|ヵ月|箇月|週間|年間?|時間|"
        r"分間?|秒)|どのくらいの期間|期間は|how (?:long|soon|quickly|many (?:\w+ )?(?:days?|weeks?|months?|years?|"
        r"hours?|minutes?))",
    ),
    (
        Asks.COUNT,
        r"何(?:回|人|名|件|部|通|枚|個|台|本|冊|社|者|文字|字|ページ|メガ|ミリ|センチ|メートル|度|キロ)|いくつ|"
        r"how many(?! (?:\w+ )?(?:days?|weeks?|months?|years?|hours?|minutes?)\b)|how often|how (?:big|large|far|warm|high|wide)",
    ),
    (
        Asks.WHEN,
        rf"いつ(?!も|で)|何月|何日(?=に|の)|何時(?!間)|期限は|締切|締め切り|{_START}when\b|what time|by what date|deadline|until when",
    ),
    (
        Asks.WHO,
        rf"誰[がにへのをと?？]|だれ[がにへの]|どなた|どの(?:課|室|係|部署|人)|何課|担当は|{_START}(?:to )?(?:who|"
        rf"whom|whose)\b|which (?:office|division|person|officer)",
    ),
    (Asks.WHERE, rf"どこ(?!まで|か[がをに]|に?も)|窓口は|{_START}where\b|which (?:building|room|counter|hospital)"),
    (
        Asks.NAME,
        r"(?:名前|名称|名)(?:は|を(?:全部|すべて)?教え)|何という|おすすめ|メーカー|一覧|what is the name|"
        r"which (?:countries|ones|assistants|products?)",
    ),
)
_WHETHER = re.compile(
    r"(?:ます|です|でしょう|ました|ません|ない|よい|良い|いい|大丈夫|可能|必要|だめ|駄目|問題ない|の|る|"
    r"た)(?:ん|の|もの)?(?:です|でしょう)?か?[。？?！!\s]*$"
    r"|^(?:can|could|may|must|should|is|are|was|were|do|does|did|will|would|has|have|am)\b|[.!?] (?:can|could|"
    r"may|must|should|is|are|do|does|did|will|would|has|have|am) ",
)
_ASKING_WORD = re.compile(
    r"何|なに|なん(?=で|の|と)|どう|どの|どれ|どこ|どん|どなた|どちら|なぜ|いつ|いくら|誰|だれ|教えて|知りたい|\b(?:what|which|who|when|where|how|why)\b"
)
_FOR_ALL = re.compile(r"何(?:が|を|に|の|で|か)|なに|誰|だれ|どなた|ど(?:の|ん|うい)|どれ|一覧|\b(?:what|which|who|whom|whose)\b")

LAID_DOWN = ("とする", "とします", "以内とする", "以下とする")
"""What stands behind a figure that is laid down, where another sentence may only mention one."""
FIGURES = {Asks.MONEY, Asks.SHARE, Asks.LENGTH, Asks.COUNT}
_READING = (
    "書く 書いてある 内容 規定 定める 条文 全文 本文 原文 文言 見る 見せる 読む 示す 載る 載せる 記載 確認 参照 引用 全部 全体 "
    "say state require provide show read quote text full whole wording content contain rule tell give please written laid down"
)
"""What is said of a provision whose text is asked for."""
_MEANING = re.compile(r"とは|意味|定義|何を(?:いう|言う|指す|さす)|何のこと|\b(?:mean|means|meaning|definition|defined|what is an?)\b")
_ASKS_OF = re.compile(r"何|いくら|いくつ|いつ|誰|だれ|どなた|どこ|どちら|どの|どれ|どう|なぜ|教えて|知りたい")

_LIMIT = re.compile(r"(?:以内|まで|以上|以下|未満|前)$")
_N = r"[0-9〇一二三四五六七八九十百千][0-9〇一二三四五六七八九十百千万億,.]*"
_ABOUT = r"(?:以内|以上|以下|未満|前|後|まで|を(?:超えない|限度))?"
_EN_N = r"(?:\d[\d,.]*|one|two|three|four|five|six|seven|eight|nine|ten|twelve|fifteen|twenty|thirty|sixty|ninety)"
_TIME = r"(?:業務日|開庁日|営業日|勤務日|日間?|週間?|か月|箇月|ヶ月|カ月|月|年度|年間?|時間?|分間?)"
_DECIDING: dict[Asks, str] = {
    Asks.MONEY: (
        rf"(?:[¥￥£$€]\s?[\d,.]+|{_N}(?:円|ドル|ユーロ|ポンド)|{_N}分の{_N}|{_N}(?:割|パーセント|%)|"
        rf"{_EN_N}\s?(?:yen|pounds?|dollars?|euros?|per ?cent|%)|無料|free of charge)"
    ),
    Asks.SHARE: rf"(?:{_N}分の{_N}|{_N}(?:割|パーセント|%)|半分|全額|{_EN_N}\s?(?:per ?cent|%)|half|two thirds)",
    Asks.LENGTH: (
        rf"(?:{_N}{_TIME}{_ABOUT}|直ちに|速やかに|遅滞なく|{_EN_N}(?: calendar| working| business)? (?:days?|weeks?|"
        rf"months?|years?|hours?|minutes?)|immediately|without delay)"
    ),
    Asks.COUNT: (
        rf"(?:{_N}(?:回|人|名|件|部|通|枚|個|台|本|冊|社|者|文字|字|ページ|メガバイト|ギガバイト|ミリ|センチ|"
        rf"メートル|キロ|度|日|以上|以下)|{_EN_N} \w+|once|twice)"
    ),
    Asks.WHEN: (
        rf"(?:{_N}月{_N}日{_ABOUT}|{_N}{_TIME}{_ABOUT}|(?:前日|翌日|当日|翌月|月末|年度末|始業|終業)(?:[^、。]{{0,8}}まで)?|直ちに|速やかに|"
        rf"遅滞なく|あらかじめ|事前に|\d{{1,2}}[:.]\d{{2}}|{_EN_N}(?: calendar| working| business)? (?:days?|weeks?|"
        rf"months?|years?|hours?|minutes?)|(?:january|february|march|april|may|june|july|august|september|october|"
        rf"november|december)\s\d+|\d+\s(?:january|february|march|april|may|june|july|august|september|october|"
        rf"november|december)|immediately|without delay|in advance)"
    ),
    Asks.WHO: (
        r"(?:[一-龥ァ-ヴー]{0,12}(?:大臣|長官?|局|課|室|係|部|官|者|委員会?|審査会|機関|員|人)(?=に|が|は|へ|の|、|"
        r"を|と)|\b(?:the )?[a-z]*\s?(?:officer|office|division|manager|supervisor|coordinator|head|minister|board|"
        r"provider|secretary|desk|section|committee|person|staff)\b)"
    ),
    Asks.WHERE: (
        r"(?:[一-龥ァ-ヴー]{0,12}(?:窓口|課|室|局|庁舎|官署|場所|ポータル|画面|システム|サイト)|"
        r"\b[a-z]{0,20}\s?(?:office|counter|desk|room|building|portal|intranet|website|page)\b)"
    ),
    Asks.NAME: r"「[^」]{2,30}」",
    Asks.WHETHER: (
        r"(?:[一-龥ァ-ヴー]{0,8}[ぁ-ん]{0,3}?(?:ることができない|することができる|ることができる|てはならない|"
        r"なければならない|必要はない|必要がない|要しない|を要する|適用しない|妨げない"
        r"|支給しない|支給する|認めない|認める|含まない|含む|該当しない|ものとする|できません|できます|ありません|"
        r"必要です|不要です?|いけません|構いません|受けられません)"
        r"|(?:^|(?<=[。\n]))(?:はい|いいえ|yes|no)\b|\b(?:must not|may not|cannot|can not|need not|must|may|can|"
        r"is not|are not|do not|does not|not required|required|allowed|permitted|prohibited|never)\b)"
    ),
}


def asks(question: str) -> tuple[Asks, ...]:
    """What a question asks for, the most definite first; OTHER where nothing tells. Every sentence of it counts."""
    plain = fold(question)
    found = [kind for kind, pattern in _QUESTIONS if _compiled(pattern).search(plain)]
    parts = [part for part in re.split(r"(?<=[。？?！!\n])", plain) if part.strip()]
    if any(_WHETHER.search(part.strip()) and not _ASKING_WORD.search(part) for part in parts):
        found.append(Asks.WHETHER)
    return tuple(found) or (Asks.OTHER,)


def for_all(question: str) -> bool:
    """True where a question asks for all that something holds for: who, which, in what cases. One item of a list is half an answer."""
    return {Asks.WHO, Asks.NAME, Asks.OTHER}.issuperset(asks(question)) and _FOR_ALL.search(fold(question)) is not None


def for_the_text(beside: str, titles: Sequence[str]) -> bool:
    """True where a question asks of what it names only what stands there: 第十二条には何が書いてありますか.

    Args:
        beside: the question without the words that name.
        titles: of the documents that are named; their words ask for nothing else.
    """
    said = {term for title in titles for term in words(title)}
    return said.union(_reading()).issuperset(content_words(beside))


@cache
def _reading() -> frozenset[str]:
    return frozenset(words(_READING))


def for_meaning(question: str) -> bool:
    """True where a question asks what a term means."""
    return _MEANING.search(fold(question)) is not None


def deciding(wanted: tuple[Asks, ...], text: str, near: tuple[str, ...] = ()) -> Span | None:
    """The characters of ``text`` that decide the first thing asked for that it decides at all.

    Args:
        near: words of the question as they may stand in ``text``; of several places the one nearest to them is taken.
    """
    plain = _plain(text)
    anchors = [match.start() for word in near if len(word) > 1 for match in re.finditer(re.escape(word), plain)]
    for kind in wanted:
        places = list(_places(kind, plain))
        if places:
            # 「(一月一日から…)につき二十日とする」: what is laid down decides, wherever the words of the question stand;
            # 「三月に終えた旅行は、四月十日までに」: so does a limit before a mere time.
            start, end = min(
                places,
                key=lambda place: (
                    not plain.startswith(LAID_DOWN, place[1]),
                    not _LIMIT.search(plain[place[0] : place[1]]),
                    min((abs(place[0] - anchor) for anchor in anchors), default=0),
                ),
            )
            return Span(start=start, end=end)
    return None


def decides(wanted: tuple[Asks, ...], text: str) -> bool:
    """True where ``text`` holds something of the kind that is asked for."""
    plain = _plain(text)
    return any(next(_places(kind, plain), None) is not None for kind in wanted)


def lays_down(wanted: tuple[Asks, ...], text: str) -> bool:
    """True where ``text`` lays down a figure that is asked for: 二十日とする."""
    plain = _plain(text)
    return any(plain.startswith(LAID_DOWN, end) for kind in wanted if kind in FIGURES for _, end in _places(kind, plain))


def _places(kind: Asks, plain: str) -> Iterator[tuple[int, int]]:
    pattern = _DECIDING.get(kind)
    for match in _compiled(pattern).finditer(plain) if pattern else ():
        if match.end() > match.start():
            yield match.start(), match.end()


def _plain(text: str) -> str:
    """Half-width and lower case, character for character: places in it are places in ``text``."""
    whole = fold(text)
    return whole if len(whole) == len(text) else "".join(one if len(one := fold(character)) == 1 else character for character in text)


@cache
def _compiled(pattern: str) -> re.Pattern[str]:
    return re.compile(pattern)


def focus(question: str) -> str:
    """What a Japanese question asks of: the words right before the last asking word, 「受付印は、直径何ミリですか」 -> 「直径」.

    Those behind it where nothing stands before; "" where no word asks, or in another language.
    """
    found = ""
    for part in re.split(r"(?<=[。？?！!\n])", question):
        if match := _ASKS_OF.search(part):
            before = re.split(r"[、。,，「」]", part[: match.start()])[-1].strip()
            found = before or ("" if match[0] in ("教えて", "知りたい") else part[match.end() :])
    return found
