"""Golden questions: what staff ask, and which provision answers. Asked through :func:`rag.ask.ask`, like everything else.

golden.toml holds ``[[question]]`` tables {id, text, language, as_of?, expect = [{document, path | page}, ...]}, of which any
one expected place is enough, and ``[[unanswerable]]`` tables {id, text, language, why}.
"""

from __future__ import annotations

import statistics
import tomllib
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Any

from rag.ask import ask
from rag.errors import EvaluationError
from rag.library import Library
from rag.records import Answer, Citation, Hit, Statement


@dataclass(frozen=True, kw_only=True, slots=True)
class Place:
    """A provision that answers: a path element and all below it, or a page; neither: the document, where it has no parts."""

    document: str
    path: str = ""
    page: int | None = None

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
        return Question(id=entry["id"], text=entry["text"], language=entry["language"], as_of=entry.get("as_of"), expect=expect)
    except (KeyError, TypeError) as error:
        raise EvaluationError(f"{file}, question {entry.get('id', 'without an id')}: wrong or missing field {error}.") from error


def _same(element: str, wanted: str) -> bool:
    """第十二条 is 第十二条; "3.2" is "3.2 Rail"; 「端数の処理」 is 「５ 端数の処理」; 別表 is 別表第一; but 3.2 is not 3.21."""
    if element == wanted or element.partition(" ")[2] == wanted:
        return True
    rest = element.removeprefix(wanted)
    return rest != element and not (rest[0].isdigit() or rest[0] in ".-の" and rest[1:2].isalnum())


def _share(part: int, whole: int) -> str:
    return f"{part}/{whole} ({part / whole:.1%})" if whole else "none"
