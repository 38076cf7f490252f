"""What staff asked in vain, grouped by likeness, and how the library is used. Both from what the settings allow to be kept."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime
from statistics import median

from rag import about
from rag.library import Library
from rag.registry.questions import Asked, Closed, Questions, since
from rag.text import csv_of

ALIKE = 0.5
"""Share of common content words from which two questions count as alike."""


_Vain = tuple[datetime, str, str, str, str, str]
"""When, the question, its language, the form in which it is kept, what became of it, what was said of that."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Gap:
    """Questions like each other that were not answered well."""

    question: str
    """One of them, or its words: the latest."""
    language: str
    in_words: bool
    """True where the settings keep words alone: ``question`` is no sentence."""
    count: int
    refused: int
    partly: int
    wrong: int
    """Answers that somebody found wrong."""
    reasons: tuple[str, ...]
    """What those people wrote."""
    first: datetime
    """When it was asked first. No later question of the group changes this."""
    last: datetime


@dataclass(frozen=True, kw_only=True, slots=True)
class Day:
    """How the library was used on one day."""

    day: date
    asked: int
    refused: int
    """Of those that were asked."""
    seconds_median: float
    """Time to the answer, refusals too."""
    seconds_slowest: float


@dataclass(frozen=True, kw_only=True, slots=True)
class Usage:
    """How the library was used since retention began."""

    days: tuple[Day, ...]
    """Those on which something was asked, oldest first."""
    most_cited: tuple[tuple[str, int], ...]
    """(id of a document, answers that cite it), the most first."""
    never_cited: tuple[str, ...]
    seconds_median: float
    seconds_slowest: float

    def csv(self) -> str:
        """The days, as a table for other programs."""
        heads = ("day", "questions", "refused", "seconds_median", "seconds_slowest")
        rows = [(one.day, one.asked, one.refused, f"{one.seconds_median:.2f}", f"{one.seconds_slowest:.2f}") for one in self.days]
        return csv_of([heads, *rows])

    def cited_csv(self, titles: Mapping[str, str]) -> str:
        """The documents of ``titles`` (id -> title) with how many answers cite them, the most first; 0 is never."""
        times = dict(self.most_cited)
        rows = [(id, title, times.get(id, 0)) for id, title in titles.items()]
        return csv_of([("document", "title", "times_cited"), *sorted(rows, key=lambda row: (-row[2], row[0]))])


def gaps(library: Library) -> list[Gap]:
    """Groups of questions that were refused, only partly answered or found wrong, and that nobody has dealt with since; the most first."""
    with Questions(library.home) as questions:
        questions.delete_before(since(library.settings.keep_days))
        asked = [a for a in questions.all_asked() if a.outcome != "answered" and a.question]
        wrong = [v for v in questions.all_verdicts() if v.verdict == "wrong" and v.question]
        vain = [(a.at, a.question, a.language, a.form, a.outcome, "") for a in asked]
        vain += [(v.at, v.question, v.language, v.form, "wrong", v.reason) for v in wrong]
        closed = [(entry.at, _words(entry.question)) for entry in questions.all_closed()]
    groups: list[tuple[frozenset[str], list[_Vain]]] = []
    for entry in sorted(vain):
        words = _words(entry[1])
        if any(entry[0] <= at and _alike(words, done) for at, done in closed):
            continue
        group = max(groups, key=lambda group: _share(words, group[0]), default=None)
        if group is not None and _alike(words, group[0]):
            group[1].append(entry)
        else:
            groups.append((words, [entry]))
    found = [_gap(group) for _, group in groups]
    return sorted(found, key=lambda gap: (-gap.count, gap.question))


def close(library: Library, question: str, *, how: str, note: str, user: str, language: str = "") -> None:
    """Questions like this one have been dealt with: by a "document", the "thesaurus", a "golden" question or a "note"."""
    with Questions(library.home) as questions:
        questions.close(Closed(at=datetime.now(UTC), question=question, language=language, how=how, note=note, by=user))


def close_when_read(library: Library, question: str, job: int, *, note: str, user: str, language: str = "") -> None:
    """Questions like this one have been dealt with as soon as the work of this number has read every file that was handed in."""
    with Questions(library.home) as questions:
        questions.close_later(Closed(at=datetime.now(UTC), question=question, language=language, how="document", note=note, by=user), job)


def usage(library: Library) -> Usage:
    """Questions a day, what is cited and what is not, and how long answers took."""
    with Questions(library.home) as questions:
        questions.delete_before(since(library.settings.keep_days))
        asked = questions.all_asked()
    cited = Counter(document for entry in asked for document in {place.document_id for place in entry.cited})
    seconds = [entry.seconds for entry in asked]
    return Usage(
        days=tuple(_days(asked)),
        most_cited=tuple(cited.most_common()),
        never_cited=tuple(sorted({revision.document_id for revision in library.published} - set(cited))),
        seconds_median=median(seconds) if seconds else 0.0,
        seconds_slowest=max(seconds, default=0.0),
    )


def _days(asked: Sequence[Asked]) -> list[Day]:
    every: dict[date, list[Asked]] = {}
    for entry in asked:
        every.setdefault(entry.at.astimezone().date(), []).append(entry)
    return [
        Day(
            day=day,
            asked=len(entries),
            refused=sum(entry.outcome == "refused" for entry in entries),
            seconds_median=median(entry.seconds for entry in entries),
            seconds_slowest=max(entry.seconds for entry in entries),
        )
        for day, entries in sorted(every.items())
    ]


def _gap(entries: Sequence[_Vain]) -> Gap:
    outcomes = Counter(outcome for *_, outcome, _ in entries)
    at, question, language, form, *_ = entries[-1]
    return Gap(
        question=question,
        language=language,
        in_words=form == "terms",
        count=len(entries),
        refused=outcomes["refused"],
        partly=outcomes["partly"],
        wrong=outcomes["wrong"],
        reasons=tuple(dict.fromkeys(reason for *_, reason in entries if reason)),
        first=entries[0][0],
        last=at,
    )


def _words(question: str) -> frozenset[str]:
    return frozenset(about.words(question))


def _share(one: frozenset[str], other: frozenset[str]) -> float:
    return len(one & other) / len(one | other) if one | other else 0.0


def _alike(one: frozenset[str], other: frozenset[str]) -> bool:
    return one == other or _share(one, other) >= ALIKE
