"""An answer to take away, in words: as text to paste, and as the memo that becomes a Word or Markdown file.

Every quote says where it stands and which revision that is; every answer says first whether the words are the documents' or an AI's.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import datetime

from rag import __version__
from rag.answer.verify import verify
from rag.export.memo import Link, Memo, Note, Said, Section
from rag.records import HIGHEST_LEVEL, Answer, Citation, Document, Premise, PremiseKind, Role, Statement, Status
from rag.text import show_date
from rag.ui.source import asked, deciding, provisions, together
from rag.ui.texts import Words

REVISION_SHOWN = 12
"""Characters of a revision's sha256 that are shown: enough to tell two files apart."""

Load = Callable[[Citation], Document]
"""Gives the stored revision of a citation."""

_HEADINGS = {Role.ANSWER: "answer.heading", Role.CONDITION: "answer.conditions", Role.RELATED: "answer.related"}
_PREMISES = {
    PremiseKind.NO_SUCH_PROVISION: ("premise.no_such_provision", "premise.no_such_provision", "premise.last_is"),
    PremiseKind.DELETED_PROVISION: ("premise.deleted_provision", "premise.deleted_provision", "premise.instead"),
    PremiseKind.NOT_YET_IN_FORCE: ("premise.not_yet_in_force", "premise.not_yet_in_force_undated", "premise.instead"),
    PremiseKind.NO_LONGER_IN_FORCE: ("premise.no_longer_in_force", "premise.no_longer_in_force_undated", "premise.instead"),
    PremiseKind.REPLACED: ("premise.replaced", "premise.replaced_undated", "premise.instead"),
    PremiseKind.NOT_IN_LIBRARY: ("premise.not_in_library", "premise.not_in_library", "premise.instead"),
}
"""How it is said with a day, without one, and what to look at instead."""


def plain(answer: Answer, load: Load, t: Words) -> str:
    """What is shown of an answer: the question, under their headings the statements with the numbers of their notes, and the notes.

    What is folded away is left out: pasted elsewhere, nobody could tell it from the answer.
    """
    day = show_date(answer.as_of, t.language)
    written = answer.mode == "write"
    parts = [t("copy.question", question=" ".join(answer.question.split())), t("copy.as_of_written" if written else "copy.as_of", day=day)]
    parts += [premise_said(premise, t) for premise in answer.premises] + [""]
    sections = _sections([one for one in answer.statements if not one.folded], load, t, lambda citation: "")
    for section in sections:
        parts += [t("copy.section", heading=section.heading), ""]
        for said in section.said:
            numbers = "".join(f"[{note.number}]" for note in said.notes)
            text = f"{said.text}{' ' if said.text.isascii() else ''}{numbers}"
            parts += [said.question] if said.question else []
            parts += [f"{text}{t('copy.partly') if said.remark else ''}", ""]
    notes = {note.number: note for section in sections for said in section.said for note in said.notes}
    return "\n".join([*parts, *(f"[{note.number}] {note.text}" for note in notes.values())])


def memo(answer: Answer, load: Load, t: Words, *, made: datetime, link: Callable[[Citation], str] = lambda citation: "") -> Memo:
    """An answer as a memo.

    Args:
        made: when, by the clock of the office.
        link: the address that opens a citation in Konkyo; empty where there is none.
    """
    written = answer.mode == "write"
    levels = [load(citation).source.level or HIGHEST_LEVEL for s in answer.statements for citation in s.citations]
    facts = [
        (t("frame.as_of"), show_date(answer.as_of, t.language)),
        (t("source.level"), str(max(levels, default=HIGHEST_LEVEL))),
        (t("memo.model"), answer.model if written else ""),
        (t("memo.made"), f"{show_date(made.date(), t.language)} {made:%H:%M}"),
        (t("memo.by"), f"Konkyo {__version__}"),
    ]
    return Memo(
        language=t.language,
        notice=t("memo.written" if written else "memo.quoted"),
        warns=written,
        title=" ".join(answer.question.split()),
        facts=tuple((name, value) for name, value in facts if value),
        premises=tuple(premise_said(premise, t) for premise in answer.premises),
        sections=tuple(_sections(answer.statements, load, t, link)),
        notes_heading=t("source.heading"),
    )


def premise_said(premise: Premise, t: Words) -> str:
    """What the question takes for granted, and what is so."""
    dated, undated, more = _PREMISES[premise.kind]
    day = show_date(premise.day, t.language) if premise.day else ""
    said = t(dated, what=premise.what, **({"day": day} if dated != undated else {})) if day else t(undated, what=premise.what)
    rest = [t(more, instead=premise.instead)] if premise.instead else []
    return ("" if t.language == "ja" else " ").join([said, *rest])


def place(citations: Sequence[Citation], document: Document, t: Words) -> str:
    """Of citations in one provision: title, number, provision, page, revision, in force from."""
    source, page = document.source, citations[-1].page
    said = [
        citations[-1].title,
        source.number,
        provisions(document, [citation.path for citation in citations]),
        t("source.page", page=page) if page else "",
        t("copy.revision", revision=document.revision[:REVISION_SHOWN]),
        t("copy.in_force", day=show_date(source.effective_from, t.language)) if source.effective_from else "",
    ]
    return t("copy.comma").join(part for part in said if part)


def is_quote(statement: Statement) -> bool:
    """True where a statement is its citations' own words and nothing else."""
    return statement.text == "\n".join(citation.quote for citation in statement.citations)


def _sections(statements: Sequence[Statement], load: Load, t: Words, link: Callable[[Citation], str]) -> list[Section]:
    """Statements by their role, and behind them those that are folded away. Notes are numbered as they come."""
    numbers: dict[tuple[str, str], int] = {}
    parts = [(t(_HEADINGS[role]), [one for one in statements if one.role is role and not one.folded]) for role in Role]
    parts.append((t("answer.more_heading"), [one for one in statements if one.folded]))
    return [Section(heading=head, said=tuple(_said(one, load, t, link, numbers) for one in said)) for head, said in parts if said]


def _said(statement: Statement, load: Load, t: Words, link: Callable[[Citation], str], numbers: dict[tuple[str, str], int]) -> Said:
    quoted, decides = is_quote(statement), deciding(statement)
    notes = []
    for citations in together(statement):
        document = load(citations[0])
        for citation in citations:
            verify(citation, document)
        opened = decides if decides in citations else citations[-1]
        links = [Link(label=t("memo.open"), address=address)] if (address := link(opened)) else []
        if document.source.uri.startswith(("https://", "http://")):
            links.append(Link(label=t("memo.original"), address=document.source.uri))
        words = "" if quoted else "\n".join(citation.quote for citation in citations)
        text = place(citations, document, t)
        number = numbers.setdefault((text, words), len(numbers) + 1)
        notes.append(Note(number=number, text=text, quote=words, links=tuple(links)))
    return Said(
        text=statement.text,
        notes=tuple(notes),
        decides=statement.decides,
        remark=t("answer.partly") if statement.status is Status.PARTLY else "",
        question=asked(load(decides), decides.path) if quoted else "",
    )
