"""An answer to take away, in words: as text to paste, and as the memo that becomes a Word or Markdown file.

Every quote says where it stands and which revision that is; every answer says first whether the words are the documents' or an AI's.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime

from rag import __version__
from rag.export.memo import Link, Memo, Note, Said, Section
from rag.records import HIGHEST_LEVEL, Answer, Citation, Document, Premise, PremiseKind, Role, Statement, Status
from rag.text import show_date
from rag.ui.source import provision
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
    """The question, each statement with the numbers of its citations, and one footnote a citation."""
    day = show_date(answer.as_of, t.language)
    written = answer.mode == "write"
    parts = [t("copy.question", question=" ".join(answer.question.split())), t("copy.as_of_written" if written else "copy.as_of", day=day)]
    parts += [premise_said(premise, t) for premise in answer.premises] + [""]
    for statement in answer.statements:
        numbers = "".join(f"[{citation.number}]" for citation in statement.citations)
        text = f"{statement.text}{' ' if statement.text.isascii() else ''}{numbers}"
        parts += [f"{text}{t('copy.partly') if statement.status is Status.PARTLY else ''}", ""]
    cited = {citation.number: citation for statement in answer.statements for citation in statement.citations}
    parts += [footnote(citation, load(citation), t) for citation in cited.values()]
    return "\n".join(parts)


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
    sections = []
    for role in Role:
        said = [_said(statement, load, t, link) for statement in answer.statements if statement.role is role]
        if said:
            sections.append(Section(heading=t(_HEADINGS[role]), said=tuple(said)))
    return Memo(
        language=t.language,
        notice=t("memo.written" if written else "memo.quoted"),
        warns=written,
        title=" ".join(answer.question.split()),
        facts=tuple((name, value) for name, value in facts if value),
        premises=tuple(premise_said(premise, t) for premise in answer.premises),
        sections=tuple(sections),
        notes_heading=t("source.heading"),
    )


def premise_said(premise: Premise, t: Words) -> str:
    """What the question takes for granted, and what is so."""
    dated, undated, more = _PREMISES[premise.kind]
    day = show_date(premise.day, t.language) if premise.day else ""
    said = t(dated, what=premise.what, **({"day": day} if dated != undated else {})) if day else t(undated, what=premise.what)
    rest = [t(more, instead=premise.instead)] if premise.instead else []
    return ("" if t.language == "ja" else " ").join([said, *rest])


def footnote(citation: Citation, document: Document, t: Words) -> str:
    """[1] title, number, provision, page, revision, in force from."""
    return f"[{citation.number}] {place(citation, document, t)}"


def place(citation: Citation, document: Document, t: Words) -> str:
    """Title, number, provision, page, revision, in force from."""
    source = document.source
    said = [
        citation.title,
        source.number,
        provision(document, citation.path),
        t("source.page", page=citation.page) if citation.page else "",
        t("copy.revision", revision=citation.revision[:REVISION_SHOWN]),
        t("copy.in_force", day=show_date(source.effective_from, t.language)) if source.effective_from else "",
    ]
    return t("copy.comma").join(part for part in said if part)


def is_quote(statement: Statement) -> bool:
    """True where a statement is its citations' own words and nothing else."""
    return statement.text == "\n".join(citation.quote for citation in statement.citations)


def _said(statement: Statement, load: Load, t: Words, link: Callable[[Citation], str]) -> Said:
    notes = []
    for citation in statement.citations:
        document = load(citation)
        links = [Link(label=t("memo.open"), address=address)] if (address := link(citation)) else []
        if document.source.uri.startswith(("https://", "http://")):
            links.append(Link(label=t("memo.original"), address=document.source.uri))
        quote = "" if is_quote(statement) else citation.quote
        notes.append(Note(number=citation.number, text=place(citation, document, t), quote=quote, links=tuple(links)))
    remark = t("answer.partly") if statement.status is Status.PARTLY else ""
    return Said(text=statement.text, notes=tuple(notes), decides=statement.decides, remark=remark)
