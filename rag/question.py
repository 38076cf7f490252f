"""What a question looks for: its own words, and those that regulations use for them."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from functools import lru_cache

from rag import terms
from rag.text import sentences
from rag.thesaurus import Thesaurus

MEANS = 0.6
"""Weight of a word from the thesaurus, where one of the question itself has 1."""
LITTLE = 0.3
"""Weight of an English stop word: a story is full of them, and they still hold phrases together."""
LONG = 120
"""Characters. A longer question is taken apart into story and asking."""
STORY = 0.7
"""Weight of a term that stands only outside the sentences that ask."""

_ASKS = re.compile(r"(か|の|でしょう|ですか|ますか|ください|下さい)[。？?！!\s]*$|\?\s*$")


@dataclass(frozen=True, kw_only=True, slots=True)
class Question:
    """A question as weighted terms."""

    text: str
    words: Mapping[str, float]
    """Term -> weight, for the field of words."""
    bigrams: Mapping[str, float]
    """Term -> weight, for the field of bigrams."""
    content: tuple[str, ...] = ()
    """Its own words that say what it is about."""
    asked: frozenset[str] = frozenset()
    """The words of the sentences that ask; of the last one where none does."""
    added: frozenset[str] = frozenset()
    """Those terms that only the thesaurus put there."""
    meant: Mapping[str, tuple[frozenset[str], ...]] = field(default_factory=dict)
    """Term of the question -> sets of terms, each of which as a whole stands for it."""

    def only(self, *, added: bool) -> Question:
        """The same question with only the terms of the thesaurus, or only those of its own."""
        words = {term: weight for term, weight in self.words.items() if (term in self.added) is added}
        bigrams = {term: weight for term, weight in self.bigrams.items() if (term in self.added) is added}
        return replace(self, words=words, bigrams=bigrams)


def understand(text: str, thesaurus: Thesaurus | None = None) -> Question:
    """The terms of a question and those that the thesaurus adds. Every term counts once, however often it stands there.

    A long question tells a story before it asks: what stands only in the story counts less.
    """
    words = {term: LITTLE if term in terms.STOPWORDS else 1.0 for term in terms.words(text)}
    bigrams = dict.fromkeys(terms.bigrams(text), 1.0)
    asking = _asking(text)
    asked = frozenset(terms.words(asking))
    if len(text) > LONG and asking:
        pairs = set(terms.bigrams(asking))
        words = {term: weight if term in asked else STORY * weight for term, weight in words.items()}
        bigrams = {term: weight if term in pairs else STORY * weight for term, weight in bigrams.items()}
    own = {*words, *bigrams}
    meant: dict[str, tuple[frozenset[str], ...]] = {}
    for entry in thesaurus.find(text) if thesaurus else ():
        official = [_words(word) for word in entry.means]
        for said in _words(entry.said):
            meant[said] = meant.get(said, ()) + tuple(frozenset(some) for some in official if some)
        for word in entry.means:
            for term in _words(word):
                words.setdefault(term, MEANS)
            for term in terms.bigrams(word):
                bigrams.setdefault(term, MEANS)
    return Question(
        text=text,
        words=words,
        bigrams=bigrams,
        content=tuple(term for term in words if term in own and not terms.says_little(term)),
        asked=asked,
        added=frozenset({*words, *bigrams} - own),
        meant=meant,
    )


@lru_cache(maxsize=20_000)
def _words(entry: str) -> tuple[str, ...]:
    """The terms of a word of the thesaurus, which come again and again."""
    return tuple(terms.words(entry))


def _asking(text: str) -> str:
    """The sentences that ask; the last one where none does."""
    parts = [span.cut(text) for span in sentences(text)]
    return "\n".join(part for part in parts if _ASKS.search(part)) or (parts[-1] if parts else "")
