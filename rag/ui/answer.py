"""The left side: the statements of an answer with the buttons of their citations, or what was searched in vain."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence

import streamlit as st

from rag.library import Library
from rag.records import Answer, Citation, Document, Flaw, Lack, Refusal, RefusalReason, Role, Span, Statement, Status, StoodIn
from rag.text import language, show_date
from rag.ui import footnotes, panel, safe, tables
from rag.ui.frame import Reader
from rag.ui.source import asked, begins_of, deciding, provisions, together
from rag.ui.texts import Words

_REASONS = {
    RefusalReason.NOT_ANSWERED: "refusal.not_answered",
    RefusalReason.NOTHING_FOUND: "refusal.nothing_found",
    RefusalReason.NO_SUCH_PROVISION: "refusal.no_such_provision",
    RefusalReason.EMPTY_QUESTION: "refusal.no_words",
    RefusalReason.EMPTY_LIBRARY: "refusal.none_visible",
}


OFFICES = 4
"""Offices that are named where nothing was found; of more, their number."""
_ROLES = {Role.CONDITION: "answer.conditions", Role.RELATED: "answer.related"}
"""Headings; what answers directly needs none."""
_FLAWS = {
    Flaw.NO_EVIDENCE: "flaw.no_evidence",
    Flaw.UNKNOWN_EVIDENCE: "flaw.unknown_evidence",
    Flaw.WORDS: "flaw.words",
    Flaw.FIGURE: "flaw.figure",
    Flaw.MODALITY: "flaw.modality",
    Flaw.SUBJECT: "flaw.subject",
    Flaw.PROVISO: "flaw.proviso",
    Flaw.PROVISION: "flaw.provision",
    Flaw.QUOTE: "flaw.quote",
    Flaw.CONTRADICTED: "flaw.contradicted",
    Flaw.LANGUAGE: "flaw.language",
    Flaw.FORM: "flaw.form",
}
_STOOD_IN = {
    StoodIn.UNREACHABLE: "instead.unreachable",
    StoodIn.TIMEOUT: "instead.timeout",
    StoodIn.KEY: "instead.key",
    StoodIn.BUSY: "instead.busy",
    StoodIn.FAILED: "instead.failed",
    StoodIn.CUT: "instead.cut",
    StoodIn.MALFORMED: "instead.malformed",
    StoodIn.EMPTY: "instead.empty",
    StoodIn.LANGUAGE: "instead.language",
    StoodIn.UNSUPPORTED: "instead.unsupported",
    StoodIn.TOO_LONG: "instead.too_long",
}


def show(library: Library, who: Reader, answer: Answer) -> None:
    """Draw an answer or a refusal; what a question wrongly takes for granted comes first."""
    _premises(who, answer)
    if answer.refusal:
        _refusal(who, answer, answer.refusal)
        _nearest(who, answer.refusal.nearest, load_all(answer.refusal.nearest, library, who))
        return
    _status(who, answer)
    numbered = list(enumerate(answer.statements))
    sources = _sources(answer)
    _statements(library, who, [(number, one) for number, one in numbered if not one.folded], sources)
    if folded := [(number, one) for number, one in numbered if one.folded]:
        with st.expander(who.t("answer.more", n=len(folded)), key="more-statements"):
            _statements(library, who, folded, sources)
    _left_out(who, answer)


def small_print(who: Reader, answer: Answer, *, documents: int, seconds: float) -> None:
    """What was searched and how long it took; of a written answer, which model and how much it read and wrote."""
    t = who.t
    tenths = math.ceil(seconds * 10) / 10
    said = t("answer.small", n=documents, day=show_date(answer.as_of, t.language), seconds=f"{tenths:.1f}")
    if answer.usage and answer.usage.requests:
        tokens = answer.usage.prompt_tokens + answer.usage.completion_tokens
        said += "　" + t("answer.small_model", model=answer.model, tokens=f"{tokens:,}")
    safe.show(safe.tag("p", said, class_="k-small"))


def _premises(who: Reader, answer: Answer) -> None:
    if not answer.premises:
        return
    said = [safe.tag("p", footnotes.premise_said(premise, who.t)) for premise in answer.premises]
    safe.show(safe.tag("div", safe.tag("h2", who.t("premise.heading")), *said, class_="k-premise", role="status"))


def _sources(answer: Answer) -> dict[int, int]:
    """Number of a citation -> that of its source on the screen: what stands in one provision is one source of a statement."""
    groups = [group for statement in answer.statements for group in together(statement)]
    return {citation.number: number for number, group in enumerate(groups, 1) for citation in group}


def _statements(library: Library, who: Reader, numbered: Sequence[tuple[int, Statement]], sources: Mapping[int, int]) -> None:
    role = Role.ANSWER
    for number, statement in numbered:
        if statement.role is not role and statement.role in _ROLES:
            safe.show(safe.tag("h3", who.t(_ROLES[statement.role]), class_="k-role"))
        role = statement.role
        _statement(who, number, statement, load_all(statement.citations, library, who), sources)


def _left_out(who: Reader, answer: Answer) -> None:
    """What the model wrote and the documents do not carry: folded away, with the reason, and never part of the answer."""
    if not answer.left_out:
        return
    t = who.t
    with st.expander(t("answer.left_out", n=len(answer.left_out)), key="left-out"):
        safe.show(safe.tag("p", t("answer.left_out_hint"), class_="k-small"))
        rows = []
        for left in answer.left_out:
            why = safe.tag("p", t("answer.because", why=_lacks(left.lacks, t)), class_="k-small")
            rows.append(safe.tag("li", safe.tag("p", left.text or t("answer.no_text"), class_="k-left"), why))
        safe.show(safe.tag("ul", *rows))


def _lacks(lacks: Sequence[Lack], t: Words) -> str:
    """What is missing, in words."""
    said = [f"{t(_FLAWS[lack.flaw])}{t('flaw.words_are', words=lack.words) if lack.words else ''}" for lack in lacks]
    return t("flaw.between").join(dict.fromkeys(said))


def load_all(citations: Sequence[Citation], library: Library, who: Reader) -> list[Document]:
    """The stored revision of each citation."""
    return [library.document(citation.document_id, citation.revision, clearance=who.wanted.level) for citation in citations]


def _status(who: Reader, answer: Answer) -> None:
    """The heading, and whose words these are: that is never folded away."""
    t = who.t
    parts = [safe.tag("h2", t("answer.heading"))]
    if answer.mode == "write":
        parts.append(safe.tag("p", safe.tag("strong", t("answer.written")), class_="k-note k-written", role="status"))
        partly = sum(one.status is Status.PARTLY for one in answer.statements)
        checked = t("answer.checked", n=len(answer.statements) - partly)
        parts.append(safe.tag("p", checked + (t("answer.checked_partly", n=partly) if partly else ""), class_="k-checked"))
    else:
        if answer.stood_in:
            parts.append(safe.tag("p", t(_STOOD_IN[answer.stood_in]), " ", t("instead.quoted"), class_="k-note", role="status"))
        # As many as are shown: what is folded says its own number, and the head of a table is no quote beside its row.
        count = sum(len(together(statement)) for statement in answer.statements if not statement.folded)
        said = safe.join([safe.tag("strong", t("answer.quoted", n=count)), safe.tag("br"), t("answer.for_you")])
        parts.append(safe.tag("p", said, class_="k-checked", role="status"))
    safe.show(safe.join(parts))


def _statement(who: Reader, number: int, statement: Statement, documents: Sequence[Document], sources: Mapping[int, int]) -> None:
    t = who.t
    with st.container(key=f"said-{number}", border=True):
        # A quoted statement is its quotes, those of a provision with one button; a worded one stands above the buttons of its sources.
        quoted = footnotes.is_quote(statement)
        if not quoted:
            _words(statement.text, is_open=any(panel.is_open(citation) for citation in statement.citations), decides=statement.decides)
        if statement.status is Status.PARTLY:
            missing = t("answer.partly_why", why=_lacks(statement.missing, t)) if statement.missing else t("answer.partly")
            safe.show(safe.tag("p", missing, class_="k-note"))
        elif statement.status is Status.SUPPORTED:
            safe.show(safe.tag("p", t("answer.is_supported"), class_="k-small"))
        in_table = quoted and all(tables.CELLS in citation.quote for citation in statement.citations)
        if in_table:
            _table(statement, is_open=any(panel.is_open(citation) for citation in statement.citations))
        decides = deciding(statement)
        drawn = dict(zip((citation.number for citation in statement.citations), documents, strict=True))
        for group in together(statement):
            if quoted and not in_table:
                _quotes(statement, group, drawn[group[0].number])
            opens = decides if decides in group else group[-1]
            words = ("answer.opened" if panel.is_open(opens) else "answer.open", sources[opens.number])
            _button(who, opens, drawn[opens.number], words, group)


def _quotes(statement: Statement, group: Sequence[Citation], document: Document) -> None:
    """The quotes of one provision: items beneath what announces them, an answer of a Q&A beneath its question, without which it
    misleads (「減りません。」)."""
    if question := asked(document, group[0].path):
        safe.show(safe.tag("p", question, class_="k-label"))
    begins, first = begins_of(statement), len(group[0].path)
    for citation in group:
        deep = len(citation.path) - first
        number = citation.path[-1] if deep > 0 else ""
        decides = _within(statement.decides, begins[citation.number], len(citation.quote))
        _words(citation.quote, is_open=panel.is_open(citation), decides=decides, number=number, deep=deep)


def _table(statement: Statement, *, is_open: bool) -> None:
    """Rows of a table beneath the names of its columns, cell by cell."""
    rows = statement.text.split("\n")
    begins = [sum(len(row) + 1 for row in rows[:at]) for at in range(len(rows))]
    drawn = []
    for table in tables.tables(rows):
        lines = []
        for at, cells in table:
            place, parts = begins[at], []
            for cell in cells:
                place = statement.text.index(cell.text, place)
                decides = statement.decides and _within(statement.decides, place, len(cell.text))
                words = safe.tag("strong", cell.text, class_="k-decides") if decides else safe.escape(cell.text)
                parts.append(safe.tag("td", safe.tag("mark", words) if is_open and cell.text else words, **tables.look(cell)))
            lines.append(safe.tag("tr", *parts, **({"class_": "k-head"} if at < len(statement.citations) - 1 else {})))
        drawn.append(safe.tag("div", safe.tag("table", safe.tag("tbody", *lines)), class_="k-table"))
    safe.show(safe.tag("div", *drawn, class_="k-said k-open" if is_open else "k-said"))


def _within(span: Span | None, start: int, length: int) -> Span | None:
    """The part of a span that lies in one of several quotes joined by line ends, counted from that quote's beginning."""
    if span is None or span.end <= start or span.start >= start + length:
        return None
    return Span(start=max(0, span.start - start), end=min(length, span.end - start))


def _nearest(who: Reader, citations: Sequence[Citation], documents: Sequence[Document]) -> None:
    if not citations:
        return
    safe.show(safe.tag("h3", who.t("refusal.nearest")))
    for citation, document in zip(citations, documents, strict=True):
        with st.container(key=f"near-{citation.number}", border=True):
            _words(citation.quote, is_open=panel.is_open(citation))
            words = ("refusal.opened" if panel.is_open(citation) else "refusal.open", citation.number)
            _button(who, citation, document, words, (citation,))


def _words(text: str, *, is_open: bool, decides: Span | None = None, number: str = "", deep: int = 0) -> None:
    parts: list[str] = [safe.lines(text)]
    if decides:
        decided = safe.tag("strong", safe.lines(decides.cut(text)), class_="k-decides")
        parts = [safe.lines(text[: decides.start]), decided, safe.lines(text[decides.end :])]
    label = [safe.tag("span", number, class_="k-small"), "　"] if number else []
    words = safe.tag("mark", *parts) if is_open else safe.join(parts)
    look = [*(["k-open"] if is_open else []), *([f"k-deep{min(deep, 3)}"] if deep > 0 else [])]
    safe.show(safe.tag("p", *label, words, class_=" ".join(["k-said", *look])))


def _button(who: Reader, citation: Citation, document: Document, words: tuple[str, int], said_of: Sequence[Citation]) -> None:
    """The button of a citation; beside it where those in ``said_of`` stand, which are shown with it.

    Args:
        words: name of what it says, and the number in it.
    """
    with st.container(horizontal=True, vertical_alignment="center", gap="small"):
        # Key and type stay, whatever the words are, so that the keyboard keeps its place; style.css shows which one is open.
        st.button(
            who.t(words[0], number=words[1]),
            key=f"open-{citation.number}",
            on_click=panel.open_citation,
            args=(citation,),
        )
        page = who.t("source.page", page=citation.page) if citation.page else ""
        # The question of a Q&A stands above: its number is enough here.
        place = citation.path[-1] if asked(document, citation.path) else provisions(document, [one.path for one in said_of])
        where = "　".join(part for part in (citation.title, place, page) if part)
        safe.show(safe.tag("p", where, safe.tag("br"), safe.tag("span", _force(who, document), class_="k-force"), class_="k-where"))


def _force(who: Reader, document: Document) -> str:
    """How much a document binds, and since when."""
    t, source = who.t, document.source
    day = t("answer.since", day=show_date(source.effective_from, t.language)) if source.effective_from else ""
    return t("copy.comma").join(part for part in (t(f"kind.{source.kind.value}"), day) if part)


def _refusal(who: Reader, answer: Answer, refusal: Refusal) -> None:
    t = who.t
    count = t("refusal.narrowed" if who.wanted.narrowed else "refusal.documents", n=refusal.documents)
    rows = [
        (t("refusal.searched"), count),
        (t("refusal.where"), _offices(who, refusal.where)),
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
    if refusal.suggestions:
        safe.show(safe.tag("p", t("refusal.suggestions"), class_="k-label"))
        with st.container(horizontal=True, gap="small", key="suggestions"):
            for number, word in enumerate(refusal.suggestions):
                st.button(safe.label(word, longest=40), key=f"suggestion-{number}", on_click=_suggest, args=(word,))


def _offices(who: Reader, names: Sequence[str]) -> str:
    """The first OFFICES of them, those in the reader's language before others, and how many more there are."""
    mine = sorted(names, key=lambda name: language(name) != who.t.language)
    more = [who.t("refusal.more_offices", n=len(mine) - OFFICES)] if len(mine) > OFFICES + 1 else []
    # The name of an office may have commas in it: Accounts Division, Minister's Secretariat.
    return who.t("refusal.between").join([*mine[: OFFICES if more else None], *more])


def _suggest(word: str) -> None:
    """Put a word of the documents into the field: the reader completes the question."""
    st.session_state["question"] = word
