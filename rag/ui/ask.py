"""The Ask page: a question on the left with its answer, the source of the pressed quote on the right."""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import date

import streamlit as st
from streamlit.delta_generator import DeltaGenerator

from rag.ask import ask
from rag.errors import KonkyoError
from rag.library import Library
from rag.records import Answer
from rag.search import LONGEST_QUESTION
from rag.ui import answer, frame, panel, safe, trouble
from rag.ui.frame import Reader
from rag.ui.state import Wanted
from rag.ui.texts import Words, examples

_KEPT = 30
"""Answers kept in a session."""
_TO_FIELD = """
const toField = (tries) => {
  const field = document.querySelector('.st-key-question input');
  if (field && document.activeElement === document.body) field.focus();
  else if (!field && tries) setTimeout(() => toField(tries - 1), 100);
};
toField(50);
"""
"""So that one can type at once."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Asked:
    """An answer, and what it took."""

    answer: Answer
    documents: int
    seconds: float


def page(library: Library, who: Reader) -> None:
    """Draw the page."""
    t = who.t
    if not library.published:
        trouble.empty(t)
        return
    if not who.wanted.question:
        with st.container(key="start"):
            _start(library, who)
        return
    with st.container(key="ask"):
        left, right = st.columns([58, 42], gap="large")
        with left:
            with st.container(key="asking"):
                _form(t)
                _filters(library, who)
            safe.show(safe.tag("h1", who.wanted.question, class_="k-question"))
            try:
                asked = _asked(library, who)
            except KonkyoError as error:
                trouble.screen(t, error)
                return
            panel.open_first(asked.answer)
            answer.show(library, who, asked.answer, documents=asked.documents, seconds=asked.seconds)
            _history(who)
        with right:
            panel.show(library, who)


# ------------------------------------------------------------ asking


def _start(library: Library, who: Reader) -> None:
    t = who.t
    safe.show(safe.tag("h1", t("ask.heading")))
    documents = frame.visible(library, who)
    safe.show(safe.tag("p", t("ask.lead", n=documents), class_="k-lead"))
    _form(t)
    _filters(library, who)
    if documents:
        safe.show(safe.tag("p", t("ask.examples"), class_="k-label"))
        with st.container(key="examples", gap="small"):
            for number, example in enumerate(examples(t.language)):
                st.button(example, key=f"example-{number}", on_click=_take, args=(replace(who.wanted, question=example),), width="stretch")
    _history(who)
    safe.run_script(_TO_FIELD)


def _form(t: Words) -> None:
    if "question" not in st.session_state:
        st.session_state["question"] = st.session_state["wanted"].question
    with st.form("question-form", border=False), st.container(horizontal=True, vertical_alignment="bottom"):
        st.text_input(t("ask.field"), key="question", max_chars=LONGEST_QUESTION, placeholder=t("ask.placeholder"), autocomplete="off")
        st.form_submit_button(t("ask.button"), key="ask-button", type="primary", on_click=_submitted)
    if st.session_state.pop("asked_nothing", False):
        safe.show(safe.tag("p", t("ask.empty"), class_="k-note", role="alert"))


def _submitted() -> None:
    question = str(st.session_state["question"]).strip()
    if question:
        _take(replace(st.session_state["wanted"], question=question))
    else:
        st.session_state["asked_nothing"] = True


def _take(wanted: Wanted) -> None:
    """Ask this now: from the field, an example, or the history."""
    st.session_state["wanted"] = wanted
    st.session_state["question"] = wanted.question
    panel.forget()


def _asked(library: Library, who: Reader) -> Asked:
    """The answer, from this session if it was given before and nothing was published since."""
    wanted, as_of = who.wanted, who.as_of
    place = st.empty()  # always there: elements that move up would be drawn anew, and the keyboard would lose its place
    key = (wanted, as_of, library.registry.generation)
    kept: dict[tuple[Wanted, date, int], Asked] = st.session_state.setdefault("answers", {})
    if key not in kept:
        panel.forget()
        kept[key] = _ask(library, who, place)
        while len(kept) > _KEPT:
            del kept[next(iter(kept))]
    history: list[Wanted] = st.session_state.setdefault("history", [])
    if wanted not in history:
        history.append(wanted)
    return kept[key]


def _ask(library: Library, who: Reader, place: DeltaGenerator) -> Asked:
    started, counts = time.perf_counter(), {"searching": 0}

    def progress(stage: str, count: int) -> None:
        counts[stage] = count
        words = {"searching": "ask.searching", "reading": "ask.reading"}.get(stage)
        if words:
            with place:
                safe.show(safe.tag("p", who.t(words, n=count), "…", class_="k-busy", role="status", aria_live="polite"))

    wanted = who.wanted
    try:
        given = ask(library, wanted.question, clearance=wanted.level, as_of=who.as_of, filters=wanted.filters, progress=progress)
    finally:
        place.empty()
    return Asked(answer=given, documents=counts["searching"], seconds=time.perf_counter() - started)


# ------------------------------------------------------------ narrowing, history


def _filters(library: Library, who: Reader) -> None:
    t, wanted = who.t, who.wanted
    issuers = sorted({*library.issuers(clearance=wanted.level, as_of=who.as_of), *wanted.issuers})
    kinds = sorted({*library.kinds(clearance=wanted.level, as_of=who.as_of), *wanted.kinds}, key=lambda kind: kind.authority)
    with st.container(horizontal=True, vertical_alignment="center"):
        with st.popover(t("ask.filters_set") if wanted.narrowed else t("ask.filters"), key="filters", icon=":material/tune:"):
            st.session_state["issuers"] = list(wanted.issuers)
            st.multiselect(t("ask.issuers"), issuers, key="issuers", placeholder=t("ask.all"), on_change=_narrowed, select_all=False)
            st.session_state["kinds"] = list(wanted.kinds)
            st.multiselect(
                t("ask.kinds"),
                kinds,
                key="kinds",
                placeholder=t("ask.all"),
                format_func=lambda kind: t(f"kind.{kind.value}"),
                on_change=_narrowed,
                select_all=False,
            )
        if wanted.narrowed:
            st.button(t("ask.clear"), key="widen", type="tertiary", on_click=frame.want, kwargs={"issuers": (), "kinds": ()})
        if wanted.question:
            st.button(t("ask.again"), key="again", type="tertiary", on_click=_take, args=(replace(wanted, question=""),))


def _narrowed() -> None:
    kinds: Sequence[str] = st.session_state["kinds"]
    frame.want(issuers=tuple(sorted(st.session_state["issuers"])), kinds=tuple(kinds))


def _history(who: Reader) -> None:
    history: list[Wanted] = st.session_state.get("history", [])
    others = [wanted for wanted in reversed(history) if wanted != who.wanted]
    if not others:
        return
    with st.expander(who.t("ask.history", n=len(others)), key="history-list"):
        for number, wanted in enumerate(others[:_KEPT]):
            st.button(safe.label(wanted.question, longest=60), key=f"history-{number}", type="tertiary", on_click=_take, args=(wanted,))
