"""An answer as plain text with footnotes, to be pasted into a memo: every quote says where it stands and which revision that is."""

from __future__ import annotations

from collections.abc import Callable

from rag.records import Answer, Citation, Document
from rag.text import show_date
from rag.ui.source import provision
from rag.ui.texts import Words

REVISION_SHOWN = 12
"""Characters of a revision's sha256 that are shown: enough to tell two files apart."""


def plain(answer: Answer, load: Callable[[Citation], Document], t: Words) -> str:
    """The question, each statement with the numbers of its citations, and one footnote a citation.

    Args:
        load: gives the stored revision of a citation.
    """
    parts = [t("copy.question", question=" ".join(answer.question.split())), t("copy.as_of", day=show_date(answer.as_of, t.language)), ""]
    for statement in answer.statements:
        numbers = "".join(f"[{citation.number}]" for citation in statement.citations)
        parts += [f"{statement.text}{' ' if statement.text.isascii() else ''}{numbers}", ""]
    for statement in answer.statements:
        parts += [footnote(citation, load(citation), t) for citation in statement.citations]
    return "\n".join(parts)


def footnote(citation: Citation, document: Document, t: Words) -> str:
    """[1] title, number, provision, page, revision, in force from."""
    source = document.source
    said = [
        citation.title,
        source.number,
        provision(document, citation.path),
        t("source.page", page=citation.page) if citation.page else "",
        t("copy.revision", revision=citation.revision[:REVISION_SHOWN]),
        t("copy.in_force", day=show_date(source.effective_from, t.language)) if source.effective_from else "",
    ]
    return f"[{citation.number}] " + t("copy.comma").join(part for part in said if part)
