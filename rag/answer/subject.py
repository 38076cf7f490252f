"""Who does it to whom: a sentence in which the two have changed places says something else with the same words."""

from __future__ import annotations

import re

from rag.answer.patterns import plain

_JA = re.compile(r"([一-龥々ァ-ヴー]{2,20}?)(は|が|に対し|に|へ|から)(?![一-龥々]{0,1}(?:い|お)て|よ|つ|お|関|係|当た|限|際)")
_SUBJECT_EN = re.compile(
    r"(?:^|[.;,] |\bthat )((?:the |an? )?[a-z][a-z' -]{2,40}?) "
    r"(?:must|may|shall|can|will|should|is|are|has|have|need|does|do)\b"
)
_TARGET_EN = re.compile(
    r"\b(?:to|from|with|by|for) ((?:the |an? )?[a-z][a-z' -]{2,40}?)"
    r"(?=[,.;]|$| (?:within|before|after|in|on|and|or|if|when|at|by|who|that)\b)"
)


def swapped(carrier: str, said: str, language: str) -> str:
    """Who is wrongly said to act, where that is whom the carrier's own subject acts on; "" where nobody changed places."""
    acts, acted_on = _roles(said, language)
    own_acts, own_acted_on = _roles(carrier, language)
    wrong = (acts & own_acted_on) - own_acts
    pushed = (own_acts & acted_on) - acts
    return min(wrong) if wrong and pushed else ""


def _roles(text: str, language: str) -> tuple[set[str], set[str]]:
    """(who acts, on whom), by the particles behind a noun in Japanese and by the place before a verb in English."""
    bare = plain(text)
    acts: set[str] = set()
    acted_on: set[str] = set()
    if language == "ja":
        for noun, particle in _JA.findall(re.sub(r"（[^（）]*）|\([^()]*\)", "", bare)):
            (acts if particle in ("は", "が") else acted_on).add(noun)
        return acts, acted_on
    acts |= {_noun(phrase) for phrase in _SUBJECT_EN.findall(bare)}
    acted_on |= {_noun(phrase) for phrase in _TARGET_EN.findall(bare)}
    return acts, acted_on


def _noun(phrase: str) -> str:
    return re.sub(r"^(?:the|an?) ", "", phrase.strip())
