"""Who does it, and to whom: a sentence in which somebody else acts says something else with nearly the same words.

Who acts is told by は and が behind a noun, and in English by the place before the verb; whom it is done to by に, へ, から, に対し,
and by to, from, with. Three things are no paraphrase: the two have changed places; another party of the evidence acts; somebody acts
of whom the sentences that carry the rest do not speak.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass

from rag import terms
from rag.answer.passages import Passage, Unit
from rag.answer.patterns import plain, words
from rag.records import Span

_SAYING = frozenset(words("carry_nothing"))
_HAN = "一-龥々ァ-ヴーa-z0-9・"
_NOUN = rf"[{_HAN}]+(?:の[{_HAN}]+)*"
_BRACKETS = re.compile(r"（[^（）]*）|\([^()]*\)")
_ACTS_JA = re.compile(rf"({_NOUN})(?:は|が)(?![一-龥]?(?:いて|おいて))")
_ACTED_ON_JA = re.compile(rf"({_NOUN})(?:に対し|に|へ|から)(?!(?:[一-龥]?(?:い|お)て|よ|つ|お|関|係|当た|限|際|基づ|従|応|伴|代え))")
_EN = r"((?:the |an? |each |every |any )?[a-z][a-z' -]{1,50}?)"
_ACTS_EN = re.compile(
    rf"(?:^|[.;,:] |\bthat ){_EN} "
    r"(?:must|may|shall|can|cannot|will|should|is|are|has|have|needs?|does|do|decides?|makes?|gives?|sends?|pays?|bears?|issues?|keeps?)\b"
)
_ACTED_ON_EN = re.compile(
    r"\b(?:to|from|with|by|for) ((?:the |an? )?[a-z][a-z' -]{2,50}?)"
    r"(?=[,.;]|$| (?:within|before|after|in|on|and|or|if|when|at|by|who|that)\b)"
)
_END = re.compile(r"。|\.\s")
_ARTICLE = re.compile(r"^(?:the|an?|each|every|any) ")
NEAR = 0.7
"""Sentences that have this share of what the best one has of a clause carry it as well."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Party:
    """Somebody or something that acts, or on which is acted."""

    words: str
    span: Span
    head: str
    """Its last noun in plain form, in English without a plural's s: of 各課の職員 it is 職員."""
    terms: frozenset[str]
    """Of that noun, those that say anything."""


def acting(text: str, language: str) -> list[Party]:
    """Who acts in ``text``, in order; words that name nobody (場合は, 必要が) are passed over."""
    return _parties(text, language, _ACTS_JA if language == "ja" else _ACTS_EN)


def acted_on(text: str, language: str) -> list[Party]:
    """Whom it is done to."""
    return _parties(text, language, _ACTED_ON_JA if language == "ja" else _ACTED_ON_EN)


def swapped(carrier: str, said: str, language: str) -> str:
    """Who is wrongly said to act, where that is whom the carrier's own subject acts on; "" where nobody changed places."""
    acts, on = _names(acting(said, language)), _names(acted_on(said, language))
    own_acts, own_on = _names(acting(carrier, language)), _names(acted_on(carrier, language))
    wrong = (acts & own_on) - own_acts
    pushed = (own_acts & on) - acts
    return min(wrong) if wrong and pushed else ""


def replaced(
    said: str, language: str, carriers: Sequence[Unit], known: Sequence[Passage], had: Callable[[set[str], frozenset[str]], set[str]]
) -> list[tuple[str, bool]]:
    """Those who act in ``said`` and of whom its carriers do not speak; True where another party of the evidence took a place.

    Args:
        had: the terms of a set that some terms of the evidence have, by the same or by an official word.
    """
    found: list[tuple[str, bool]] = []
    own = plain(said)
    for party in acting(said, language):
        clause = _content(_END.split(said[party.span.end :])[0])
        shares = [(len(clause & unit.terms), unit) for unit in carriers]
        best = max((share for share, _ in shares), default=0)
        if not best or any(share >= NEAR * best and _speaks(unit.whole, unit.terms, party, had) for share, unit in shares):
            continue
        there = [acting(unit.text, language) for share, unit in shares if share == best]
        passages = [(passage.text, passage.named | {term for unit in passage.units for term in unit.terms}) for passage in known]
        # A sentence that names nobody speaks of whom the one before it, or the heading, names.
        if not any(there) and any(_speaks(text, around, party, had) for text, around in passages):
            continue
        gone = not any(other.head in own for others in there for other in others)
        elsewhere = any(party.head == other.head for passage in known for unit in passage.units for other in acting(unit.text, language))
        found.append((party.words, bool(gone and elsewhere and any(there))))
    return found


def _speaks(text: str, its: frozenset[str], party: Party, had: Callable[[set[str], frozenset[str]], set[str]]) -> bool:
    """True where a text has the party's name, or another word for it."""
    return party.head in plain(text) or (len(party.terms) == 1 and not party.head.isascii() and had(set(party.terms), its) == party.terms)


def _parties(text: str, language: str, pattern: re.Pattern[str]) -> list[Party]:
    bare = _BRACKETS.sub(lambda m: " " * len(m[0]), plain(text)) if language == "ja" else plain(text)
    found = []
    for match in pattern.finditer(bare):
        span = Span(start=match.start(1), end=match.end(1))
        said = _ARTICLE.sub("", match[1].strip())
        head = next((noun for noun in reversed(said.split("の")) if _content(noun)), "") if language == "ja" else said.removesuffix("s")
        if all_ := _content(head):
            found.append(Party(words=text[span.start : span.end], span=span, head=head, terms=frozenset(all_)))
    return found


def _names(parties: Iterable[Party]) -> set[str]:
    return {_ARTICLE.sub("", plain(party.words).strip()) for party in parties}


def _content(text: str) -> set[str]:
    return {term for term in terms.content_words(text) if term not in _SAYING}
