"""The left side: the statements of an answer with the buttons of their citations, or what was searched in vain."""

from __future__ import annotations

import math
from collections.abc import Sequence

import streamlit as st

from rag.library import Library
from rag.records import Answer, Citation, Document, Refusal, RefusalReason, Statement, Status
from rag.text import show_date
from rag.ui import footnotes, panel, safe
from rag.ui.frame import Reader
from rag.ui.source import provision

_REASONS = {
    RefusalReason.NOT_ANSWERED: "refusal.not_answered",
    RefusalReason.NOTHING_FOUND: "refusal.nothing_found",
    RefusalReason.NO_SUCH_PROVISION: "refusal.no_such_provision",
    RefusalReason.EMPTY_QUESTION: "refusal.no_words",
    RefusalReason.EMPTY_LIBRARY: "refusal.none_visible",
}


def show(library: Library, who: Reader, answer: Answer, *, documents: int, seconds: float) -> None:
    """Draw an answer. ``documents`` is how many were searched."""
    t = who.t

    def load(citation: Citation) -> Document:
        return library.document(citation.document_id, citation.revision, clearance=who.wanted.level)

    if answer.refusal:
        _refusal(who, answer, answer.refusal)
        _nearest(who, answer.refusal.nearest, load_all(answer.refusal.nearest, library, who))
    else:
        _status(who, answer)
        for number, statement in enumerate(answer.statements):
            _statement(who, number, statement, load_all(statement.citations, library, who))
        with st.expander(t("answer.copy"), key="copy"):
            safe.show(safe.tag("p", t("answer.copy_hint"), class_="k-small"))
            st.code(footnotes.plain(answer, load, t), language=None, wrap_lines=True)
    day = show_date(answer.as_of, t.language)
    tenths = math.ceil(seconds * 10) / 10
    safe.show(safe.tag("p", t("answer.small", n=documents, day=day, seconds=f"{tenths:.1f}"), class_="k-small"))


def load_all(citations: Sequence[Citation], library: Library, who: Reader) -> list[Document]:
    """The stored revision of each citation."""
    return [library.document(citation.document_id, citation.revision, clearance=who.wanted.level) for citation in citations]


def _status(who: Reader, answer: Answer) -> None:
    t = who.t
    count = sum(len(statement.citations) for statement in answer.statements)
    said = t("answer.quoted", n=count) if answer.mode == "quote" else t("answer.written")
    heading = safe.tag("h2", t("answer.heading"))
    safe.show(safe.join([heading, safe.tag("p", safe.tag("strong", said), class_="k-checked", role="status")]))


def _statement(who: Reader, number: int, statement: Statement, documents: Sequence[Document]) -> None:
    t = who.t
    with st.container(key=f"said-{number}", border=True):
        # A quoted statement is its quotes, each with its own button; a worded one stands above the buttons of all its sources.
        quoted = statement.text == "\n".join(citation.quote for citation in statement.citations)
        if not quoted:
            _words(statement.text, is_open=any(panel.is_open(citation) for citation in statement.citations))
        if statement.status is Status.PARTLY:
            safe.show(safe.tag("p", t("answer.partly"), class_="k-note"))
        for citation, document in zip(statement.citations, documents, strict=True):
            if quoted:
                _words(citation.quote, is_open=panel.is_open(citation))
            _button(who, citation, document, ("answer.open", "answer.opened"))


def _nearest(who: Reader, citations: Sequence[Citation], documents: Sequence[Document]) -> None:
    if not citations:
        return
    safe.show(safe.tag("h3", who.t("refusal.nearest")))
    for citation, document in zip(citations, documents, strict=True):
        with st.container(key=f"near-{citation.number}", border=True):
            _words(citation.quote, is_open=panel.is_open(citation))
            _button(who, citation, document, ("refusal.open", "refusal.opened"))


def _words(text: str, *, is_open: bool) -> None:
    words = safe.lines(text)
    safe.show(safe.tag("p", safe.tag("mark", words) if is_open else words, class_="k-said k-open" if is_open else "k-said"))


def _button(who: Reader, citation: Citation, document: Document, keys: tuple[str, str]) -> None:
    is_open = panel.is_open(citation)
    with st.container(horizontal=True, vertical_alignment="center", gap="small"):
        # Key and type stay, whatever the words are, so that the keyboard keeps its place; style.css shows which one is open.
        st.button(
            who.t(keys[is_open], number=citation.number),
            key=f"open-{citation.number}",
            on_click=panel.open_citation,
            args=(citation,),
        )
        page = who.t("source.page", page=citation.page) if citation.page else ""
        where = [citation.title, provision(document, citation.path), page]
        safe.show(safe.tag("p", "　".join(part for part in where if part), class_="k-where"))


def _refusal(who: Reader, answer: Answer, refusal: Refusal) -> None:
    t = who.t
    count = t("refusal.narrowed" if who.wanted.narrowed else "refusal.documents", n=refusal.documents)
    rows = [
        (t("refusal.searched"), count),
        (t("frame.as_of"), show_date(answer.as_of, t.language)),
        (t("frame.level"), t("frame.level_value", level=who.wanted.level)),
        (t("refusal.terms"), t("refusal.comma").join(refusal.terms)),
        (t("refusal.missing"), t("refusal.comma").join(refusal.missing)),
    ]
    todo = [safe.tag("li", t(key)) for key in ("refusal.next_words", "refusal.next_day", "refusal.next_ask")]
    safe.show(
        safe.tag(
            "div",
            safe.tag("h2", t("refusal.heading")),
            safe.tag("p", t(_REASONS[refusal.reason])),
            class_="k-refusal",
            role="status",
        )
    )
    safe.show(safe.pairs(rows, class_="k-pairs k-searched"))
    safe.show(safe.join([safe.tag("h3", t("refusal.next")), safe.tag("ul", *todo)]))
