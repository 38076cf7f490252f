"""What publishing or retiring does to answers: kept questions and golden ones whose cited words changed, asked again, old beside new."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date

from rag.ask import ask
from rag.errors import KonkyoError
from rag.library import Library
from rag.records import HIGHEST_LEVEL, Answer
from rag.registry import Revision
from rag.registry.questions import Questions

MOST = 20
"""Questions that are asked again; the latest first."""
_SPACE = re.compile(r"\s+")


@dataclass(frozen=True, kw_only=True, slots=True)
class Cited:
    """A question with the words that its answer cited from documents that are about to change."""

    question: str
    words: tuple[str, ...]
    """The quotes, in their order."""
    documents: frozenset[str]


@dataclass(frozen=True, kw_only=True, slots=True)
class Affected:
    """A question that is answered otherwise now."""

    question: str
    old: tuple[str, ...]
    """What was cited and is not there any more."""
    new: tuple[str, ...]
    """What is answered now in place of it, or all of it where nothing came in its place; empty: it is refused."""
    as_of: date
    """The day for which that is answered: today, or one to come."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Before:
    """Who cites what is about to change."""

    cited: tuple[Cited, ...]
    more: int
    """So many questions beyond ``MOST`` are not asked again."""


def cited(library: Library, drafts: Iterable[Revision], *, clearance: int, today: date) -> Before:
    """Before a change: who cites the documents of these drafts, or those that they replace? Or of these revisions, which are to go?

    Kept questions are known only where the settings keep their text.
    """
    documents = {id for draft in drafts for id in (draft.document_id, draft.source.replaces) if id}
    found: dict[str, Cited] = {}
    with Questions(library.home) as questions:
        for entry in reversed(questions.all_asked()):
            mine = [place for place in entry.cited if place.document_id in documents]
            if entry.form == "text" and mine and entry.question not in found:
                words = [_words(library, place.document_id, place.revision, place.start, place.end, clearance) for place in mine]
                found[entry.question] = _cited(entry.question, filter(None, words), {place.document_id for place in mine})
    for kept in library.registry.golden.all():
        if any(place["document"] in documents for place in kept.expect) and kept.question not in found:
            answer = ask(library, kept.question, clearance=clearance, as_of=kept.as_of or today, write=False)
            places = [c for statement in answer.statements for c in statement.citations if c.document_id in documents]
            found[kept.question] = _cited(kept.question, (place.quote for place in places), {place.document_id for place in places})
    every = [one for one in found.values() if one.words]
    return Before(cited=tuple(every[:MOST]), more=max(len(every) - MOST, 0))


def affected(library: Library, before: Before, published: Iterable[Revision], *, clearance: int, today: date) -> list[Affected]:
    """After the change: those whose cited words are not there any more, with what is answered now.

    They are asked for today, or for the first day of the last text that is to come: before it nothing changed.
    """
    came = [*published]
    as_of = max([today, *(r.source.effective_from for r in came if r.source.effective_from)])
    found = []
    for one in before.cited:
        texts = [_plain(text) for id in one.documents for text in _in_force(library, id, clearance, as_of)]
        gone = tuple(words for words in one.words if not any(_plain(words) in text for text in texts))
        if not gone:
            continue
        answer: Answer = ask(library, one.question, clearance=clearance, as_of=as_of, write=False)
        said = tuple(statement.text for statement in answer.statements)
        touched = one.documents | {revision.document_id for revision in came}
        known = {_plain(words) for words in one.words}
        new = tuple(
            statement.text
            for statement in answer.statements
            if _plain(statement.text) not in known and any(citation.document_id in touched for citation in statement.citations)
        )
        found.append(Affected(question=one.question, old=gone, new=new or said, as_of=as_of))
    return found


def _cited(question: str, words: Iterable[str], documents: Iterable[str]) -> Cited:
    return Cited(question=question, words=tuple(dict.fromkeys(words)), documents=frozenset(documents))


def _words(library: Library, document: str, revision: str, start: int, end: int, clearance: int) -> str:
    try:
        return library.document(document, revision, clearance=clearance).text[start:end]
    except KonkyoError:
        return ""  # retired, or above what this person may read


def _in_force(library: Library, document: str, clearance: int, as_of: date) -> list[str]:
    """The text of a document on a day."""
    replaced = {r.source.replaces for r in library.published if r.source.effective_from is None or r.source.effective_from <= as_of}
    if document in replaced:
        return []  # another document has taken its place
    rivals = [
        r
        for r in library.published
        if r.document_id == document
        and (r.source.level or HIGHEST_LEVEL) <= clearance
        and (r.source.effective_from is None or r.source.effective_from <= as_of)
        and (r.source.effective_to is None or as_of <= r.source.effective_to)
    ]
    if not rivals:
        return []
    latest = max(rivals, key=lambda r: (r.source.effective_from or date.min, r.number))
    return [library.document(document, latest.sha256, clearance=clearance).text]


def _plain(text: str) -> str:
    return _SPACE.sub("", text)
