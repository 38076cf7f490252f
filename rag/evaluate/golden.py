"""Golden questions: what staff ask, and which provision answers. Asked through :func:`rag.ask.ask`, like everything else.

golden.toml holds ``[[question]]`` tables {id, text, language, kind?, as_of?, expect = [{document, path | page, words?}, ...]}, of
which any one expected place is enough, and ``[[unanswerable]]`` tables {id, text, language, kind?, why}. ``words`` are those of the
document that decide, verbatim: a statement that quotes another sentence of the right provision does not answer.
"""

from __future__ import annotations

import statistics
import tomllib
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Any

from rag.ask import ask
from rag.errors import EvaluationError
from rag.library import Library
from rag.records import Answer, Citation, Hit, Statement
from rag.registry import PUBLISHED, SUPERSEDED


@dataclass(frozen=True, kw_only=True, slots=True)
class Place:
    """A provision that answers: a path element and all below it, or a page; neither: the document, where it has no parts."""

    document: str
    path: str = ""
    page: int | None = None
    words: str = ""
    """The words of the document that decide the question, as they stand there; white space aside."""

    def decided_by(self, citations: Iterable[Citation]) -> bool:
        """True where one of these citations quotes the words that decide."""
        return any(self._has_words(cited.document_id, cited.quote) for cited in citations)

    def decided_in(self, hit: Hit) -> bool:
        """True where the words that decide stand in the passage found."""
        return self._has_words(hit.chunk.document_id, hit.chunk.text)

    def _has_words(self, document: str, text: str) -> bool:
        return bool(self.words) and document == self.document and _bare(self.words) in _bare(text)

    def holds(self, cited: Citation) -> bool:
        """True where the citation stands in this provision."""
        if cited.document_id != self.document:
            return False
        if self.page is not None:
            return cited.page == self.page
        return not self.path or any(self.names(element) for element in cited.path)

    def names(self, element: str) -> bool:
        """True where this element of a path is the provision."""
        return _same(element, self.path)

    def found(self, hit: Hit) -> bool:
        """True where the passage found belongs to this provision."""
        if hit.chunk.document_id != self.document:
            return False
        if self.page is not None:
            return self.page in hit.chunk.pages
        return not self.path or any(self.names(element) for element in hit.chunk.path)


@dataclass(frozen=True, kw_only=True, slots=True)
class Question:
    """A golden question. Without expected places it must be refused."""

    id: str
    text: str
    language: str
    as_of: date | None = None
    expect: tuple[Place, ...] = ()
    kind: str = ""
    """What it asks for, as its author calls it: "amount", "whether", …; figures are given for each kind."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Words:
    """Where the words that decide a question are. A refusal quotes nothing."""

    first: bool
    """In the first statement."""
    shown: bool
    """In a statement before "more"."""
    quoted: bool
    """In any statement."""
    in_10: bool
    """In one of the first 10 passages found."""
    in_30: bool
    """In one of the first 30."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Result:
    """What became of a question."""

    id: str
    text: str
    language: str
    verdict: str
    """hit, miss, refused (wrongly), refused rightly, answered (wrongly)"""
    right: bool
    cited: tuple[str, ...]
    hit_at_10: bool
    """An expected passage is among the first ten found."""
    first_screen: bool
    """An expected provision is cited before "more"."""
    leads: bool
    """The first statement cites an expected provision."""
    expected: int
    """Statements that cite an expected provision."""
    statements: int
    shown: int
    """Statements before "more"."""
    unresolved: int
    """Citations that are not the stored revision's characters: must be 0."""
    kind: str = ""
    words: Words | None = None
    """Where the words that decide were quoted; None for a question that names none."""
    answered: float | None = None
    """The probability that was given for "the documents answer this"; None where it was not asked."""


@dataclass(frozen=True, kw_only=True)
class Report:
    """All results, and their sums."""

    results: tuple[Result, ...]

    def rate(self, verdict: str, among: tuple[str, ...]) -> float:
        """Share of ``verdict`` among the results that have one of these verdicts."""
        some = [result for result in self.results if result.verdict in among]
        return sum(result.verdict == verdict for result in some) / len(some) if some else 0.0

    def summary(self) -> dict[str, str]:
        """Figures with their names, for printing."""
        answerable = [result for result in self.results if result.verdict in ANSWERABLE]
        unanswerable = [result for result in self.results if result.verdict in UNANSWERABLE]
        lines = {"questions": f"{len(answerable)} answerable, {len(unanswerable)} not"}
        for language in sorted({result.language for result in answerable}):
            some = [result for result in answerable if result.language == language]
            lines[f"golden hit rate ({language})"] = _share(sum(result.right for result in some), len(some))
        lines["golden hit rate"] = _share(sum(result.right for result in answerable), len(answerable))
        lines["first statement cites an expected provision"] = _share(sum(result.leads for result in answerable), len(answerable))
        lines["of these before more"] = _share(sum(result.first_screen for result in answerable), len(answerable))
        expected, statements = (sum(getattr(result, name) for result in answerable) for name in ("expected", "statements"))
        lines["statements that cite an expected provision"] = _share(expected, statements)
        lines["expected passage in the first 10"] = _share(sum(result.hit_at_10 for result in answerable), len(answerable))
        lines["wrongly refused"] = _share(sum(result.verdict == "refused" for result in answerable), len(answerable))
        lines["unanswerable, refused"] = _share(sum(result.right for result in unanswerable), len(unanswerable))
        if answered := [result for result in answerable if result.statements]:
            shown = statistics.fmean(result.shown for result in answered)
            lines["statements of an answer"] = f"{statements / len(answered):.1f}, of which {shown:.1f} before more (mean)"
        lines["citations that do not resolve"] = str(sum(result.unresolved for result in self.results))
        return lines


ANSWERABLE = ("hit", "miss", "refused")
UNANSWERABLE = ("refused rightly", "answered")


def load(file: Path) -> list[Question]:
    """Read a golden.toml.

    Raises:
        EvaluationError: it cannot be read, or a question has a wrong field; the message names it.
    """
    try:
        data = tomllib.loads(file.read_text(encoding="utf-8"))
    except (OSError, tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise EvaluationError(f"{file} cannot be read: {error}.") from error
    for name in ("question", "unanswerable"):
        tables = data.get(name, [])
        if not isinstance(tables, list) or not all(isinstance(entry, dict) for entry in tables):
            raise EvaluationError(f"{file}: every question needs a table of its own that opens with [[{name}]], in double brackets.")
    questions = [_question(file, entry, expected=True) for entry in data.get("question", [])]
    return questions + [_question(file, entry, expected=False) for entry in data.get("unanswerable", [])]


def evaluate(library: Library, questions: list[Question], *, clearance: int, today: date) -> Report:
    """Ask every question; each citation is resolved anew against the stored revision."""
    return Report(results=tuple(_result(library, question, clearance, today) for question in questions))


def _result(library: Library, question: Question, clearance: int, today: date) -> Result:
    answer = ask(library, question.text, clearance=clearance, as_of=question.as_of or today)
    citations = [citation for statement in answer.statements for citation in statement.citations]
    expected = [statement for statement in answer.statements if _cites(statement, question.expect)]
    if question.expect:
        verdict = "refused" if answer.refusal else "hit" if expected else "miss"
    else:
        verdict = "refused rightly" if answer.refusal else "answered"
    return Result(
        id=question.id,
        text=question.text,
        language=question.language,
        verdict=verdict,
        right=verdict in ("hit", "refused rightly"),
        cited=tuple(f"{citation.document_id} {' '.join(citation.path)}: {citation.quote[:80]}" for citation in citations),
        hit_at_10=any(place.found(found) for found in answer.hits[:10] for place in question.expect),
        first_screen=any(not statement.folded for statement in expected),
        leads=expected[:1] == list(answer.statements[:1]) and bool(expected),
        expected=len(expected),
        statements=len(answer.statements),
        shown=sum(not statement.folded for statement in answer.statements),
        unresolved=_unresolved(library, answer, clearance),
        kind=question.kind,
        words=_words(answer, [place for place in question.expect if place.words]),
        answered=answer.answered,
    )


def _words(answer: Answer, places: Sequence[Place]) -> Words | None:
    if not places:
        return None
    quoted = [any(place.decided_by(statement.citations) for place in places) for statement in answer.statements]
    found = [any(place.decided_in(hit) for place in places) for hit in answer.hits]
    return Words(
        first=any(quoted[:1]),
        shown=any(has and not statement.folded for has, statement in zip(quoted, answer.statements, strict=True)),
        quoted=any(quoted),
        in_10=any(found[:10]),
        in_30=any(found[:30]),
    )


def _cites(statement: Statement, places: tuple[Place, ...]) -> bool:
    return any(place.holds(citation) for citation in statement.citations for place in places)


def _unresolved(library: Library, answer: Answer, clearance: int) -> int:
    nearest = answer.refusal.nearest if answer.refusal else ()
    citations = [citation for statement in answer.statements for citation in statement.citations] + list(nearest)
    texts = [library.document(citation.document_id, citation.revision, clearance=clearance).text for citation in citations]
    return sum(text[citation.span.start : citation.span.end] != citation.quote for citation, text in zip(citations, texts, strict=True))


def _question(file: Path, entry: dict[str, Any], *, expected: bool) -> Question:
    try:
        expect = tuple(Place(**place) for place in entry["expect"]) if expected else ()
        return Question(
            id=entry["id"],
            text=entry["text"],
            language=entry["language"],
            as_of=entry.get("as_of"),
            expect=expect,
            kind=entry.get("kind", ""),
        )
    except (KeyError, TypeError) as error:
        raise EvaluationError(f"{file}, question {entry.get('id', 'without an id')}: wrong or missing field {error}.") from error


def unknown_words(library: Library, questions: Iterable[Question], *, clearance: int) -> list[str]:
    """The questions of which the deciding words do not stand in the document named, each with those words; none where all do.

    Every revision counts: a question may be about an earlier day.
    """
    texts: dict[str, list[str]] = {}
    for revision in library.registry.revisions(PUBLISHED, SUPERSEDED):
        document = library.document(revision.document_id, revision.sha256, clearance=clearance)
        texts.setdefault(revision.document_id, []).append(_bare(document.text))
    return [
        f"{question.id}: {place.document} does not hold {place.words!r}"
        for question in questions
        for place in question.expect
        if place.words and not any(_bare(place.words) in text for text in texts.get(place.document, ()))
    ]


def _bare(text: str) -> str:
    """Without white space, which a table or a line end may put anywhere."""
    return "".join(text.split())


def _same(element: str, wanted: str) -> bool:
    """第十二条 is 第十二条; "3.2" is "3.2 Rail"; 「端数の処理」 is 「５ 端数の処理」; 別表 is 別表第一; but 3.2 is not 3.21."""
    if element == wanted or element.partition(" ")[2] == wanted:
        return True
    rest = element.removeprefix(wanted)
    return rest != element and not (rest[0].isdigit() or rest[0] in ".-の" and rest[1:2].isalnum())


def _share(part: int, whole: int) -> str:
    return f"{part}/{whole} ({part / whole:.1%})" if whole else "none"
