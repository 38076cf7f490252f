"""What staff ask and what they say of the answers, kept as the settings allow: off, only terms, or the text; deleted after its time.

Nothing here may keep an answer from being given: where it cannot be written down, the functions say so by returning False.
"""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Literal

from rag import about, terms
from rag.errors import KonkyoError
from rag.library import Library
from rag.records import Answer, Status
from rag.registry.questions import Asked, Cited, Questions, Verdict, since
from rag.text import language, storable

Said = Literal["right", "wrong"]
LONGEST_REASON = 1_000
"""Characters of a reason that are kept."""


def record_asked(library: Library, answer: Answer, seconds: float) -> bool:
    """Keep that a question was asked, what became of it, and how long that took. Call it once for each answer worked out.

    What has had its time (``KONKYO_KEEP_DAYS``) is deleted on the way. Returns False where it could not be written.
    """
    form, question = kept(library.settings.keep_questions, answer.question)
    entry = Asked(
        at=datetime.now(UTC),
        answer=answer.id,
        form=form,
        question=question,
        language=language(answer.question),
        outcome=outcome(answer),
        reason=answer.refusal.reason.value if answer.refusal else "",
        seconds=seconds,
        cited=cited(answer),
    )
    try:
        with Questions(library.home) as questions:
            questions.delete_before(since(library.settings.keep_days))
            questions.asked(entry)
    except KonkyoError:
        return False
    return True


def record(library: Library, answer: Answer, verdict: Said, reason: str = "") -> bool:
    """Keep what a reader said of an answer: "right" or "wrong", and why. Returns False where it could not be written.

    Where the settings say "off", that somebody said so is kept, and neither the question nor the reason.
    """
    form, question = kept(library.settings.keep_questions, answer.question)
    entry = Verdict(
        at=datetime.now(UTC),
        answer=answer.id,
        form=form,
        question=question,
        language=language(answer.question),
        verdict=verdict,
        reason="" if form == "off" else storable(reason.strip())[:LONGEST_REASON],
    )
    try:
        with Questions(library.home) as questions:
            questions.judged(entry)
    except KonkyoError:
        return False
    return True


def kept(setting: str, question: str) -> tuple[str, str]:
    """(form, what is kept) of a question.

    "terms" keeps its content words, each once, sorted, so that no sentence can be read from them; words with digits, which may be
    somebody's number, are left out.
    """
    if setting == "text":
        return "text", storable(question.strip())
    if setting == "terms":
        written = terms.surfaces(storable(question))
        words = {written[word] for word in about.words(storable(question)) if word in written}
        return "terms", " ".join(sorted(word for word in words if not any(character.isdigit() for character in word)))
    return "off", ""


def outcome(answer: Answer) -> str:
    """ "refused", "partly" where a statement is only partly carried, else "answered"."""
    if answer.refusal:
        return "refused"
    return "partly" if any(statement.status is Status.PARTLY for statement in answer.statements) else "answered"


def cited(answer: Answer) -> tuple[Cited, ...]:
    """Where the statements stand, in their order."""
    return tuple(
        Cited(document_id=citation.document_id, revision=citation.revision, start=citation.span.start, end=citation.span.end)
        for statement in answer.statements
        for citation in statement.citations
    )
