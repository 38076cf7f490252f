"""Follow-up questions without a model: 「その場合の期限は?」 is asked with the subject of the question before it.

A question is a follow-up where it points back (その, それ, 同じく; that, it, and the ...?), where it only names a case or an aspect
(「妊娠中なら?」, 「提出先は?」), or where it has no subject of its own (「誰が決めますか」, 「誰の承認が要りますか」). Then the nouns of
the question before are carried over, but for those that a new one takes the place of::

    補助金の実績報告書の提出期限はいつですか   その場合の提出先は?   ->  （補助金の実績報告書）その場合の提出先は?
    兼業の許可の申請はいつまでですか          では、テレワークは?    ->  テレワークの許可の申請はいつまでですか

The reader is shown what was asked, and can ask the question alone. Nouns are told by their script: runs of kanji, katakana, letters
and digits, joined by の.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from difflib import SequenceMatcher

from rag import terms
from rag.text import language

LONGEST_SUBJECT = 60
"""Characters that are carried over."""
ALIKE = 0.6
"""A question that shares so much with the one before (difflib's ratio) is that one, mended."""

_HAN = r"[\u3005\u3007\u4e00-\u9fff]"
_SOLID = r"[\u3005\u3007\u4e00-\u9fff\u30a1-\u30fa\u30fcA-Za-zＡ-Ｚａ-ｚ0-9０-９＆&]"
_WORD = rf"{_SOLID}+(?:[りけきいえしちげみ]{_HAN}+)*"
_PHRASE = re.compile(rf"{_WORD}(?:(?:の|・|及び|又は|と){_WORD})*")
_JOINED = re.compile(r"の|・|及び|又は|と")
_EMPTY = re.compile(
    r"何.*|誰|者|方|時|際|場合|必要|可能|今|人|他|以外|一方|次|前|後|上記|前者|後者|理由|教|例|同様|同|所|中|内|間|日|度|本人|自分|私|回答|質問"
)
"""Words that say nothing of a subject."""
_POINTS = re.compile(
    r"^(?:(?:では|じゃあ|それでは|それなら|ちなみに|また|さらに)[、,]?\s*)?(?:その(?!他)|それ(?!ぞれ)|この|これ(?!まで|から)|そこ|そちら|同じ|同様|上記|前者|後者)"
)
_SWITCHES = re.compile(r"^(?:では|じゃあ|それでは|それなら|一方)[、,]?\s*(?P<topic>.{1,30}?)は(?:どう(?:です|なります)か)?[。?？]*$")
_NAMES_ONLY = re.compile(r"^(?P<topic>.{1,20}?)(?:は|について(?:は)?)(?:どう(?:です|なります)か)?[。?？]*$")
_CASE = re.compile(r"(?:の場合|のとき|の時|なら|であれば)$")
_CASE_ONLY = re.compile(
    r"^(?:では、?|じゃあ、?|もし、?)?(?P<topic>[^、。はがを]{1,14}?)(?:なら(?:ば)?|だと|だったら|であれば|(?:の|した|する|い)?(?:場合|とき|時)(?:は|には)?|からは?|"
    r"では|でも(?:いい|良い|よい|大丈夫|可能)?(?:です)?か?|には|へは)[。?？]*$"
)
"""It names a case, and asks nothing of it: 係長なら？ What has a subject of its own (領収書はコピーでもいい？) stands by itself."""
_ASPECT = re.compile(
    r"(?:期限|期間|期日|時期|金額|額|上限|下限|限度|単価|日数|回数|頻度|割合|率|手続|手続き|手順|方法|様式|書類|書式|提出先|届出先|申請先|窓口|連絡先|"
    r"宛先|条件|要件|基準|対象|対象者|例外|罰則|担当|担当者|責任者|決裁者|承認者|権限|場所|根拠|理由|目的|定義|効果|費用|単位|順序|有効期間|保存期間|開始日|"
    r"終了日)$"
)
_CONSENT = re.compile(r"(?:承認|許可|届出|届け出|同意|決裁|協議|申請)$")
"""Aspects, too, where somebody asks whose they are, or whether they are needed."""
_BARE = 24
"""Characters: a longer question without nouns tells a story."""

_EN_WORD = re.compile(r"[A-Za-z0-9][A-Za-z0-9'’-]*")
_EN_EMPTY = terms.STOPWORDS | frozenset(
    "long much many often soon about also any case does instead same please tell ok okay there here let's".split()
)
_EN_CASE = re.compile(r"\bin (?:that|this|such a) case\b", re.IGNORECASE)
_EN_BACK = re.compile(r"\b(?:it|they|them|that|this|those|these)\b", re.IGNORECASE)
_EN_OPENS = re.compile(r"^(?:and|but|so|then|also|what if)\b", re.IGNORECASE)
_EN_CASE_ONLY = re.compile(
    r"^(?:if|when|for|from|in|at|on|with|without|as|by|to|during|after|before)(?: [A-Za-z'’-]+){1,4}\?*$", re.IGNORECASE
)
"""It names a case, and asks nothing of it: from abroad?"""
_EN_SWITCHES = re.compile(r"^(?:and |but |so |then )?(?:what|how) about (?P<topic>(?!the\b).{1,60}?)[.?]*$", re.IGNORECASE)
_EN_ASKS_OF = re.compile(r"^(?:and |but |so |then )?(?:what|how) about the\b", re.IGNORECASE)
_EN_FEW = 2
"""Content words beside a pronoun; with more of them the question stands by itself."""


def follow_up(question: str, before: str) -> str:
    """What a question asks after ``before``, made whole; empty where it stands by itself.

    Args:
        before: the question before it, as it was understood.
    """
    question = question.strip()
    if not question or not before.strip():
        return ""
    return _english(question, before) if language(question) == "en" else _japanese(question, before)


def together(question: str, before: str) -> str:
    """A question with the subject of the one before it; empty where that has none."""
    english = language(question) == "en"
    own = [word for phrase in (_en_phrases if english else _phrases)(question) for word in phrase]
    about = subject(before, without=own)
    return (f"({about}) {question}" if english else f"（{about}）{question}") if about else ""


def mended(question: str, before: str) -> bool:
    """True where a question is the one before in other words: edited, not followed up."""
    return question.strip() != before.strip() and SequenceMatcher(None, question, before, autojunk=False).ratio() >= ALIKE


def subject(question: str, without: Sequence[str] = ()) -> str:
    """The nouns of a question that say what it is about, as they were written, up to ``LONGEST_SUBJECT`` characters.

    Args:
        without: words whose place is taken: those that share two characters with one of these are left out.
    """
    kept = ""
    english = language(question) == "en"
    for phrase in _en_phrases(question) if english else _phrases(question):
        parts = [word for word in phrase if not any(_same(word, other) for other in without)]
        said = (" " if english else "の").join(parts)
        longer = f"{kept}{', ' if english else '、'}{said}" if kept and said else kept or said
        if len(longer) > LONGEST_SUBJECT:
            break
        kept = longer
    return kept


def _japanese(question: str, before: str) -> str:
    switched = _SWITCHES.match(question)
    if switched and not _POINTS.match(question) and not _CASE.search(switched["topic"]) and not _ASPECT.search(switched["topic"]):
        return _switched(before, switched["topic"])
    named = _NAMES_ONLY.match(question)
    nouns = [word for phrase in _phrases(question) for word in phrase]
    back = bool(_POINTS.match(question) or switched)
    aspect = bool(named and (_ASPECT.search(named["topic"]) and len(nouns) == 1 or _CASE.search(named["topic"])))
    bare = len(question) <= _BARE and all(_ASPECT.search(noun) or _CONSENT.search(noun) for noun in nouns)
    if not (back or aspect or bare or _CASE_ONLY.match(question)):
        return ""
    return together(question, before)


def _switched(before: str, topic: str) -> str:
    """``before`` with its first noun replaced: what was asked of one thing is asked of another."""
    for found in _PHRASE.finditer(before):
        first = _JOINED.split(found[0])[0]
        if _has_subject(first, before, found.start() + len(first)):
            return f"{before[: found.start()]}{topic}{before[found.start() + len(first) :]}"
    return ""


def _phrases(question: str) -> list[list[str]]:
    """Nouns joined by の, phrase by phrase, without words that say nothing of a subject."""
    phrases = []
    for found in _PHRASE.finditer(question):
        words, at = [], found.start()
        for word in _JOINED.split(found[0]):
            at = question.index(word, at) + len(word)
            if _has_subject(word, question, at):
                words.append(word)
        if words:
            phrases.append(words)
    return phrases


def _has_subject(word: str, question: str, end: int) -> bool:
    if _EMPTY.fullmatch(word):
        return False
    # One kanji with its ending in kana is a verb or an adjective: 受けられる, 出します, 長い.
    following = question[end : end + 1]
    return not (len(word) == 1 and re.match(_HAN, word) and re.match(r"[ぁ-ん]", following) and following not in "はがをにのとでへもやか")


def _english(question: str, before: str) -> str:
    words = [word for phrase in _en_phrases(question) for word in phrase]
    switched = _EN_SWITCHES.match(question)
    if switched and language(before) == "en" and not re.match(r"(?:for|if|when|in)\b", switched["topic"], re.IGNORECASE):
        return _en_switched(before, switched["topic"])
    back = bool(
        _EN_OPENS.match(question) or _EN_CASE.search(question) or _EN_CASE_ONLY.match(question) or _EN_ASKS_OF.match(question) or switched
    )
    pointing = bool(_EN_BACK.search(question)) and len(words) <= _EN_FEW
    bare = not words
    if not (back or pointing or bare):
        return ""
    return together(question, before)


def _en_switched(before: str, topic: str) -> str:
    """``before`` with its last nouns replaced, and the article before them."""
    phrases = _en_phrases(before)
    if not phrases:
        return ""
    last = " ".join(phrases[-1])
    return re.sub(rf"(?:\b(?:an?|the|my|our|your)\s+)?{re.escape(last)}", lambda found: topic, before, count=1, flags=re.IGNORECASE)


def _en_phrases(question: str) -> list[list[str]]:
    """Runs of words that are no stop words."""
    phrases: list[list[str]] = []
    end = None
    for found in _EN_WORD.finditer(question):
        if found[0].lower() in _EN_EMPTY:
            end = None
            continue
        if end is not None and question[end : found.start()] == " ":
            phrases[-1].append(found[0])
        else:
            phrases.append([found[0]])
        end = found.end()
    return phrases


def _same(word: str, other: str) -> bool:
    """True where two words share what they are about: 提出期限, 提出先, 期限."""
    if word.isascii():
        return word.lower() == other.lower()
    return any(word[at : at + 2] in other for at in range(len(word) - 1)) or word == other
