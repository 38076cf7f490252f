"""The Ask page: a question on the left with its answer, the source of the pressed quote on the right."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import date

import streamlit as st

from rag import conversation
from rag.answer.verify import verify
from rag.answer.write import Writer
from rag.ask import ask
from rag.desk.feedback import record_asked
from rag.errors import KonkyoError
from rag.library import Library
from rag.records import Answer
from rag.search import LONGEST_QUESTION, shortened
from rag.ui import answer, frame, panel, safe, scripts, takeaway, trouble
from rag.ui.frame import Reader
from rag.ui.state import Wanted
from rag.ui.texts import Words, examples
from rag.ui.working import Progress, Said, Worked, work

_SHOWN_OF_THREAD = 4
"""Earlier questions of a conversation that are shown."""
_KEPT = 30
"""Answers kept in a session."""


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
            safe.run_script(scripts.WHEN_LOADED)
            _note(who.wanted)
            _thread(who)
            safe.show(safe.tag("h1", who.wanted.question, class_="k-question"))
            _understood(who)
            try:
                worked = _asked(library, who)
            except KonkyoError as error:
                trouble.screen(t, error)
                return
            if worked is None:
                _stopped(who)
            else:
                panel.open_first(worked.answer)
                answer.show(library, who, worked.answer)
                takeaway.show(library, who, worked.answer, seconds=worked.seconds)
                answer.small_print(who, worked.answer, documents=worked.documents, seconds=worked.seconds)
                _go_on(t)
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
                wanted = replace(who.wanted, question=example, understood="")
                st.button(example, key=f"example-{number}", on_click=_take, args=(wanted,), width="stretch")
    _history(who)
    safe.run_script(scripts.AT_ONCE)


def _form(t: Words) -> None:
    if "question" not in st.session_state:
        st.session_state["question"] = st.session_state["wanted"].question
    with st.form("question-form", border=False), st.container(horizontal=True, vertical_alignment="bottom"):
        st.text_input(t("ask.field"), key="question", placeholder=t("ask.placeholder"), autocomplete="off")
        st.form_submit_button(t("ask.button"), key="ask-button", type="primary", on_click=_submitted)
    if st.session_state.pop("asked_nothing", False):
        safe.show(safe.tag("p", t("ask.empty"), class_="k-note", role="alert"))
    if st.session_state.pop("asked_long", False):
        safe.show(safe.tag("p", t("ask.long", n=f"{LONGEST_QUESTION:,}"), class_="k-note", role="status"))


def _submitted(field: str = "question") -> None:
    typed = str(st.session_state[field]).strip()
    wanted: Wanted = st.session_state["wanted"]
    if not typed:
        st.session_state["asked_nothing"] = True
        return
    # A field with a limit of its own would drop what is pasted, without a word.
    st.session_state["asked_long"] = len(typed) > LONGEST_QUESTION
    typed = " ".join(shortened(typed).split("\n"))
    thread = _current_thread()
    # The field at the top holds the last question: mended, it takes its place; anything else may follow it up.
    mended = field == "question" and wanted.question and conversation.mended(typed, wanted.question)
    if mended and thread and thread[-1] == wanted:
        thread.pop()
    before = (thread[-1].asked if thread else "") if mended else wanted.asked
    understood = wanted.understood if typed == wanted.question else conversation.follow_up(typed, before)
    if not mended and not understood and field == "question" and typed != wanted.question:
        _begin()
    if field == "more":
        st.session_state["more"] = ""
    _take(replace(wanted, question=typed, understood=understood))


def _take(wanted: Wanted) -> None:
    """Ask this now: from the field, an example, or the history."""
    frame.take(wanted)
    st.session_state["question"] = wanted.question
    st.session_state.pop("stopped", None)
    panel.forget()


def _revisit(wanted: Wanted) -> None:
    """Ask again what was asked before; a question of another conversation begins one of its own."""
    if wanted not in _current_thread():
        _begin()
    _take(wanted)


def _instead(wanted: Wanted, understood: str) -> None:
    """Ask a follow-up without what came before it, or another question as a follow-up."""
    thread = _current_thread()
    if thread and thread[-1] == wanted:
        thread.pop()
    _take(replace(wanted, understood=understood))


def _new(wanted: Wanted) -> None:
    """A new conversation."""
    _begin()
    _take(replace(wanted, question="", understood=""))


def _begin() -> None:
    st.session_state["thread"] = []


def _stop() -> None:
    st.session_state["stopped"] = st.session_state["wanted"]


def _current_thread() -> list[Wanted]:
    """The questions of this conversation, the present one last."""
    thread: list[Wanted] = st.session_state.setdefault("thread", [])
    return thread


def _asked(library: Library, who: Reader) -> Worked | None:
    """The answer, from this session if it was given before and nothing was published since; None where the reader stopped it."""
    wanted, as_of = who.wanted, who.as_of
    key = (wanted, as_of, library.registry.generation)
    kept: dict[tuple[Wanted, date, int], Worked] = st.session_state.setdefault("answers", {})
    if key in kept and not _stands(library, who, kept[key].answer):
        del kept[key]
    place = st.container(key="answering")  # always there: elements that move up would be drawn anew, and the keyboard would lose its place
    if key not in kept:
        panel.forget()
        if st.session_state.get("stopped") == st.session_state["wanted"]:
            return None
        with place:
            worked = kept[key] = _work(library, who)
        if worked.answer.question != wanted.asked and library.language_model:
            _reworded(wanted, worked, key)
        while len(kept) > _KEPT:
            del kept[next(iter(kept))]
    return kept[key]


def _stands(library: Library, who: Reader, answer: Answer) -> bool:
    """True where every quote of an answer that was given before is still what its document says, and that what was published."""
    shown = [citation for statement in answer.statements for citation in statement.citations]
    try:
        for citation in (*shown, *(answer.refusal.nearest if answer.refusal else ())):
            verify(citation, library.document(citation.document_id, citation.revision, clearance=who.wanted.level))
    except KonkyoError:
        return False
    return True


def _reworded(wanted: Wanted, worked: Worked, key: tuple[Wanted, date, int]) -> None:
    """The language model understood a follow-up in other words: those are shown, and written into the address."""
    better = replace(wanted, understood=worked.answer.question)
    st.session_state["answers"][(better, *key[1:])] = worked
    for listed in (st.session_state["history"], _current_thread()):
        listed[:] = [better if one == wanted else one for one in listed]
    st.session_state["wanted"] = replace(st.session_state["wanted"], understood=worked.answer.question)
    st.rerun()


def _note(wanted: Wanted) -> None:
    history: list[Wanted] = st.session_state.setdefault("history", [])
    if wanted not in history:
        history.append(wanted)
    thread = _current_thread()
    if wanted in thread:
        del thread[thread.index(wanted) + 1 :]
    else:
        thread.append(wanted)


def _work(library: Library, who: Reader) -> Worked:
    wanted, as_of = who.wanted, who.as_of
    history = [one.asked for one in _current_thread() if one != wanted]

    def job(progress: Progress, said: Said) -> Answer:
        question = wanted.asked
        if wanted.understood and library.language_model:
            rewritten = Writer(model=library.language_model).rewrite(wanted.question, history)
            question = rewritten if rewritten != wanted.question else question
        return ask(library, question, clearance=wanted.level, as_of=as_of, filters=wanted.filters, progress=progress, said=said)

    worked = work(job, who.t, _stop)
    record_asked(library, worked.answer, worked.seconds)
    return worked


# ------------------------------------------------------------ the conversation


def _thread(who: Reader) -> None:
    """The questions before this one in the conversation, each a button."""
    earlier = [one for one in _current_thread() if one != who.wanted]
    if not earlier:
        return
    with st.container(key="thread", gap="small"):
        safe.show(safe.tag("p", who.t("ask.thread"), class_="k-label"))
        for number, one in enumerate(earlier[-_SHOWN_OF_THREAD:]):
            st.button(safe.label(one.question, longest=60), key=f"thread-{number}", type="tertiary", on_click=_take, args=(one,))


def _understood(who: Reader) -> None:
    """How a follow-up was understood, and a way to ask it alone; of another question a way to ask it as one."""
    wanted = who.wanted
    earlier = [one for one in _current_thread() if one != wanted]
    whole = conversation.together(wanted.question, earlier[-1].asked) if earlier and not wanted.understood else ""
    if not wanted.understood and not whole:
        return
    with st.container(key="understood", horizontal=True, vertical_alignment="center", gap="small"):
        if wanted.understood:
            safe.show(safe.tag("p", who.t("ask.understood", question=wanted.understood), class_="k-understood", role="status"))
        # One key for both: the keyboard keeps its place when one takes the place of the other.
        st.button(
            who.t("ask.alone" if wanted.understood else "ask.together"),
            key="alone",
            type="tertiary",
            on_click=_instead,
            args=(wanted, whole),
        )


def _go_on(t: Words) -> None:
    with st.form("more-form", border=False), st.container(horizontal=True, vertical_alignment="bottom"):
        st.text_input(t("ask.more"), key="more", placeholder=t("ask.more_placeholder"), autocomplete="off")
        st.form_submit_button(t("ask.more_button"), key="more-button", on_click=_submitted, args=("more",))


def _stopped(who: Reader) -> None:
    with st.container(key="stopped"):
        safe.show(safe.tag("p", who.t("ask.stopped"), class_="k-note", role="status"))
        st.button(who.t("ask.go_on"), key="go-on", on_click=_take, args=(who.wanted,))


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
            st.button(t("ask.again"), key="again", type="tertiary", on_click=_new, args=(wanted,))


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
            st.button(safe.label(wanted.question, longest=60), key=f"history-{number}", type="tertiary", on_click=_revisit, args=(wanted,))
