"""Above what is done with an answer: what it stands on will read otherwise soon."""

from __future__ import annotations

from rag.desk.coming import coming_changes
from rag.errors import KonkyoError
from rag.library import Library
from rag.records import Answer
from rag.text import show_date
from rag.ui import safe
from rag.ui.frame import Reader


def show(library: Library, who: Reader, answer: Answer) -> None:
    """Draw a line for each cited document that another text follows within the next weeks."""
    t = who.t
    citations = [citation for statement in answer.statements for citation in statement.citations]
    try:
        found = coming_changes(library, citations, answer.as_of, clearance=who.wanted.level)
    except KonkyoError:
        return  # the answer stands without it
    lines = []
    for one in found:
        if one.change or one.revision.document_id != one.citation.document_id:
            place = "　".join(one.change.old_path) if one.change else ""
            title = one.revision.source.title or one.revision.source.uri
            lines.append(t("coming.changed", title=title, place=place, day=show_date(one.day, t.language)))
    if lines:
        safe.show(safe.tag("div", *(safe.tag("p", line) for line in dict.fromkeys(lines)), class_="k-note", role="status"))
