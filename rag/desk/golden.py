"""Golden questions at every publication and retirement: put to the library as it would be, before the change takes effect.

A question that was answered rightly and would no longer be blocks the change, until somebody accepts that with a reason.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from datetime import date

from rag.desk import places
from rag.desk.preview import Preview
from rag.errors import GoldenRegressed, LibraryError
from rag.evaluate.golden import Place, Question, Result, evaluate
from rag.library import Library
from rag.records import HIGHEST_LEVEL, Answer, Path
from rag.registry.golden import Kept
from rag.rights import level_of
from rag.text import fold, language

UNREAD = "a question about documents above your level"
"""Stands for the words of a question that a person may not read."""
_ARTICLE = re.compile(r"第.+条|Article \d+")


def questions(library: Library) -> list[Question]:
    """The library's golden questions."""
    return [_question(kept) for kept in library.registry.golden.all()]


def add(library: Library, question: str, expect: Sequence[Place], *, as_of: date | None, topic: str = "", user: str, clearance: int) -> int:
    """Keep a golden question of which any one of these places must be cited; none: it must be refused. Returns its number.

    Raises:
        UnknownPlace: a document, a provision or a page is not there, or above what this person may see; nothing is kept.
        LibraryError: the same question is kept already, for the same day.
    """
    places.check(library, expect, clearance=clearance)
    _check_new(library, question, as_of)
    stored = [{"document": place.document, "path": place.path, "page": place.page} for place in expect]
    return library.registry.golden.add(question, language=language(question), expect=stored, as_of=as_of, topic=topic, user=user)


def from_answer(library: Library, answer: Answer, *, user: str, topic: str = "") -> int:
    """Make a golden question of a real one: the provisions of its first statement are expected, or a refusal. Returns its number.

    Any one expected place is enough, so those of the statements behind the first, which only add to it, would hide a loss.

    Raises:
        LibraryError: the same question is kept already.
    """
    _check_new(library, answer.question, None)
    expect = [{"document": place.document, "path": place.path, "page": place.page} for place in sorted(cited_places(answer, 1), key=str)]
    return library.registry.golden.add(
        answer.question, language=language(answer.question), expect=expect, as_of=None, topic=topic, user=user
    )


def _check_new(library: Library, question: str, as_of: date | None) -> None:
    """One question kept twice would count twice, and whoever mends one leaves the other."""
    plain = "".join(fold(question).split())
    same = next((one for one in library.registry.golden.all() if "".join(fold(one.question).split()) == plain and one.as_of == as_of), None)
    if same:
        raise LibraryError(f"The golden question {question!r} is kept already, as number {same.number}.")


def cited_places(answer: Answer, most: int | None = None) -> list[Place]:
    """The provisions that the first ``most`` statements cite, each once: articles, or pages where there are none."""
    citations = [citation for statement in answer.statements[:most] for citation in statement.citations]
    return list(
        dict.fromkeys(
            Place(
                document=citation.document_id,
                path=_article(citation.path),
                page=None if citation.path else citation.page,
            )
            for citation in citations
        )
    )


def run(library: Library, *, user: str, today: date) -> list[Result]:
    """Put all golden questions to the library and keep what comes of it."""
    results = _put(library, today)
    library.registry.golden.keep_run({int(r.id): r.verdict for r in results}, user=user, why="by hand")
    return results


def readable(library: Library, *, clearance: int) -> list[Kept]:
    """The golden questions that a person of this clearance may read: a question tells of every document that it expects."""
    every = library.registry.revisions()
    unseen = {r.document_id for r in every} - {r.document_id for r in every if level_of(r) <= clearance}
    return [kept for kept in library.registry.golden.all() if unseen.isdisjoint(str(place["document"]) for place in kept.expect)]


def guard(
    library: Library, *, user: str, clearance: int, today: date, accept: str = "", retiring: bool = False
) -> Callable[[Sequence[int]], None]:
    """What :func:`rag.desk.publish.publish` and :func:`rag.desk.publish.retire` call before a change takes effect.

    The questions are put to the library as it is and as it would be, and the difference counts: nothing else is blamed on the change.
    They are put for today, and for the first day of each text that is to come.

    Args:
        clearance: of the person who wants the change. A question that would be lost stops him too where he may not read what it expects,
            but its words are not told.
        accept: why a loss is accepted; kept.
        retiring: the numbers that it is called with are of revisions that go, not of those that come.
    """

    def before(numbers: Sequence[int]) -> None:
        if not library.registry.golden.all():
            return
        mine = {str(kept.number) for kept in readable(library, clearance=clearance)}
        preview = Preview(library, without=numbers) if retiring else Preview(library, numbers)
        verdicts: dict[int, str] = {}
        lost: dict[str, tuple[str, str, str]] = {}
        try:
            for day in _days(library, numbers, today):
                now, then = ({result.id: result for result in _put(some, day)} for some in (library, preview))
                verdicts = verdicts or {int(id): result.verdict for id, result in then.items()}
                for id, result in then.items():
                    if now[id].right and not result.right and id not in lost:
                        text = result.text if id in mine else UNREAD
                        text = text if day == today else f"{text} ({day.isoformat()})"
                        lost[id] = (text, now[id].verdict, result.verdict)
        finally:
            preview.close()
        if lost and not accept.strip():
            done = "retired" if retiring else "published"
            said = "; ".join(f"“{text}” ({was} -> {would})" for text, was, would in lost.values())
            raise GoldenRegressed(
                f"{len(lost)} of {len(verdicts)} golden questions would be lost: {said}. Nothing was {done}. "
                "Mend the document or the question, or accept the loss with a reason.",
                [*lost.values()],
            )
        why = "retirement" if retiring else "publication"
        library.registry.golden.keep_run(verdicts, user=user, why=why, accepted=accept.strip() if lost else "")

    return before


def _days(library: Library, numbers: Sequence[int], today: date) -> list[date]:
    """Today, and the first days of those of these revisions that are to come."""
    starts = {r.source.effective_from for r in library.registry.revisions() if r.number in set(numbers)}
    return [today, *sorted(day for day in starts if day is not None and day > today)]


def _put(library: Library, today: date) -> list[Result]:
    return list(evaluate(library, questions(library), clearance=HIGHEST_LEVEL, today=today).results)


def _article(path: Path) -> str:
    """The article of a path, or its last element: an item's number alone would fit every article."""
    return next((element for element in reversed(path) if _ARTICLE.match(element)), path[-1] if path else "")


def _question(kept: Kept) -> Question:
    expect = tuple(_place(place) for place in kept.expect)
    return Question(id=str(kept.number), text=kept.question, language=kept.language, as_of=kept.as_of, expect=expect)


def _place(stored: Mapping[str, object]) -> Place:
    page = stored.get("page")
    return Place(document=str(stored["document"]), path=str(stored.get("path") or ""), page=page if isinstance(page, int) else None)
