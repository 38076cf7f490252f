"""Whether a sentence says must, may, must not, need not, or not: しなければならない, することができる, してはならない, することを要しない.

Modality is read clause by clause, so that 「申請しなければならず、…を求めることができる」 has both.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from enum import StrEnum

from rag.answer.patterns import modal_words, plain
from rag.records import Span


class Modality(StrEnum):
    """What a clause does with its act."""

    EXEMPT = "exempt"
    """It need not be done."""
    FORBID = "forbid"
    OBLIGE = "oblige"
    ADVISE = "advise"
    PERMIT = "permit"
    DENY = "deny"
    """It is not so, it is not done."""
    PLAIN = "plain"


_M = Modality
_PATTERNS = {lang: re.compile(modal_words(lang)) for lang in ("ja", "en")}
_CUTS = {"ja": re.compile(r"[、。；;]"), "en": re.compile(r"[,;.:]\s|\b(?:and|but|or)\b")}


@dataclass(frozen=True, kw_only=True, slots=True)
class Clause:
    """A stretch of a sentence with one modality."""

    modality: Modality
    span: Span
    words: str
    """The words that show it; "" where nothing does."""


def clauses(text: str, language: str) -> list[Clause]:
    """The clauses of ``text``: one for each word that shows a modality, and the whole as PLAIN where none does.

    In Japanese what is done stands before that word, in English on both sides of it: a clause reaches back to the modal word before,
    and in English on to the next one.
    """
    bare = plain(text)
    marks: list[tuple[Modality, int, int]] = []
    for match in _PATTERNS[language].finditer(bare):
        modality = Modality((match.lastgroup or "").partition("_")[0])
        if modality is not Modality.PLAIN:
            marks.append((modality, match.start(), match.end()))
    if not marks:
        return [Clause(modality=Modality.PLAIN, span=Span(start=0, end=len(text)), words="")]
    found: list[Clause] = []
    for at, (modality, start, end) in enumerate(marks):
        begin = marks[at - 1][2] if at else 0
        close = end
        if language == "en":
            after = marks[at + 1][1] if at + 1 < len(marks) else len(text)
            close = after
            if at:
                cuts = [cut.end() for cut in _CUTS["en"].finditer(bare, begin, start)]
                begin = cuts[-1] if cuts else begin
            if at + 1 < len(marks):
                cuts = [cut.start() for cut in _CUTS["en"].finditer(bare, end, after)]
                close = cuts[-1] if cuts else after
        found.append(Clause(modality=modality, span=Span(start=begin, end=max(close, end)), words=text[start:end]))
    if language == "ja" and len(text) - marks[-1][2] > 12:
        # What follows the last modal word has none of its own: 「…することができ、その期間は三年とする。」
        found.append(Clause(modality=Modality.PLAIN, span=Span(start=marks[-1][2], end=len(text)), words=""))
    return found


_TURNED = {
    (_M.OBLIGE, _M.PERMIT), (_M.OBLIGE, _M.EXEMPT), (_M.OBLIGE, _M.FORBID), (_M.OBLIGE, _M.DENY), (_M.OBLIGE, _M.ADVISE),
    (_M.PERMIT, _M.OBLIGE), (_M.PERMIT, _M.FORBID), (_M.PERMIT, _M.DENY),
    (_M.FORBID, _M.OBLIGE), (_M.FORBID, _M.PERMIT), (_M.FORBID, _M.EXEMPT), (_M.FORBID, _M.PLAIN), (_M.FORBID, _M.ADVISE),
    (_M.EXEMPT, _M.OBLIGE), (_M.EXEMPT, _M.FORBID), (_M.EXEMPT, _M.PLAIN), (_M.EXEMPT, _M.ADVISE), (_M.EXEMPT, _M.PERMIT),
    (_M.ADVISE, _M.OBLIGE), (_M.ADVISE, _M.FORBID), (_M.ADVISE, _M.EXEMPT), (_M.ADVISE, _M.DENY),
    (_M.DENY, _M.OBLIGE), (_M.DENY, _M.PERMIT), (_M.DENY, _M.PLAIN), (_M.DENY, _M.ADVISE),
    (_M.PLAIN, _M.FORBID), (_M.PLAIN, _M.EXEMPT), (_M.PLAIN, _M.DENY),
}  # fmt: skip
_WEAKER = {
    (_M.OBLIGE, _M.PLAIN), (_M.PERMIT, _M.EXEMPT), (_M.PERMIT, _M.PLAIN), (_M.PERMIT, _M.ADVISE), (_M.EXEMPT, _M.DENY),
    (_M.DENY, _M.EXEMPT),
    (_M.PLAIN, _M.PERMIT), (_M.PLAIN, _M.ADVISE), (_M.ADVISE, _M.PERMIT), (_M.ADVISE, _M.PLAIN), (_M.FORBID, _M.DENY), (_M.DENY, _M.FORBID),
}  # fmt: skip


def agree(said: Modality, carried: Modality) -> bool | None:
    """Whether a sentence may say ``said`` where its evidence has ``carried``: True, None for not quite, False for turned round."""
    if (said, carried) in _TURNED:
        return False
    # 認めない and 認めることができない, "is not" and "cannot": both deny.
    return None if (said, carried) in _WEAKER and {said, carried} != {Modality.FORBID, Modality.DENY} else True
