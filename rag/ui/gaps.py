"""The Gaps page: what staff asked in vain, grouped, and what is done about it."""

from __future__ import annotations

from collections.abc import Callable

import streamlit as st

from rag.desk import jobs, words
from rag.desk.gaps import Gap, close, close_when_read, gaps
from rag.errors import KonkyoError
from rag.holder import person
from rag.library import Library
from rag.text import show_date
from rag.ui import golden, progress, reasons, safe
from rag.ui.frame import Reader

_SHOWN = 30
_WAYS = ("document", "thesaurus", "golden", "note")


def page(library: Library, who: Reader) -> None:
    """Draw the groups, the most frequent first."""
    t = who.t
    st.set_page_config(page_title=t("gaps.page_title"), layout="wide", initial_sidebar_state="collapsed")
    with st.container(key="gaps"):
        safe.show(safe.tag("h1", t("gaps.heading")))
        kept = library.settings.keep_questions
        safe.show(safe.tag("p", t("gaps.lead"), class_="k-lead"))
        safe.show(safe.tag("p", t(f"kept.{kept}", days=library.settings.keep_days), class_="k-small"))
        if said := st.session_state.pop("gap_said", ""):
            safe.show(safe.tag("p", str(said), class_="k-note", role="status"))
        progress.show(library, who, kinds=(progress.GAP,))
        found = gaps(library)
        if not found:
            safe.show(safe.tag("p", t("gaps.none"), class_="k-refusal"))
            return
        safe.show(safe.tag("p", t("gaps.groups", n=len(found)), class_="k-small", role="status"))
        for gap in found[:_SHOWN]:
            # by when it was asked first, not by its place: what somebody is typing stays with its group when others come and go
            _group(library, who, f"{gap.first:%Y%m%d%H%M%S%f}", gap)
        if len(found) > _SHOWN:
            safe.show(safe.tag("p", t("gaps.more", n=len(found) - _SHOWN), class_="k-small"))


def _group(library: Library, who: Reader, key: str, gap: Gap) -> None:
    t = who.t
    with st.expander(f"{t('gaps.times', n=gap.count)}　{safe.label(gap.question, longest=80)}", key=f"gap-{key}"):
        counts = [
            (t("gaps.refused"), str(gap.refused or "")),
            (t("gaps.partly"), str(gap.partly or "")),
            (t("gaps.wrong"), str(gap.wrong or "")),
            (t("gaps.last"), show_date(gap.last.astimezone().date(), t.language)),
        ]
        safe.show(safe.pairs(counts, class_="k-pairs"))
        if gap.reasons:
            lines = [safe.tag("li", reason) for reason in gap.reasons]
            safe.show(safe.join([safe.tag("p", t("gaps.reasons"), class_="k-label"), safe.tag("ul", *lines)]))
        way = st.segmented_control(t("gaps.what"), _WAYS, key=f"way-{key}", format_func=lambda name: t(f"way.{name}"))
        forms: dict[str | None, Callable[[Library, Reader, str, Gap], None]] = {
            "document": _document,
            "thesaurus": _thesaurus,
            "golden": _golden,
            "note": _note,
        }
        if way in forms:
            forms[way](library, who, key, gap)


def _button(who: Reader, key: str, label: str, *, off: bool, do: Callable[[], None]) -> None:
    st.button(who.t(label), key=f"do-{key}", type="primary", disabled=off, on_click=do)


def _document(library: Library, who: Reader, key: str, gap: Gap) -> None:
    t = who.t
    safe.show(safe.tag("p", t("gaps.document_hint"), class_="k-small"))
    files = st.file_uploader(t("documents.files"), accept_multiple_files=True, key=f"gap-files-{key}")

    def do() -> None:
        given = [(file.name, file.getvalue()) for file in st.session_state[f"gap-files-{key}"]]
        names = ", ".join(name for name, _ in given)
        try:
            job = jobs.add(library, given, user=person(), clearance=who.clearance, gap=True)
            close_when_read(library, gap.question, job, note=names, user=person(), language=gap.language)
        except KonkyoError as error:
            st.session_state["gap_said"] = reasons.sentence(t, error)
        else:
            st.session_state["gap_said"] = t("gaps.when_read")

    _button(who, key, "gaps.hand_in", off=not files, do=do)


def _thesaurus(library: Library, who: Reader, key: str, gap: Gap) -> None:
    t = who.t
    safe.show(safe.tag("p", t("gaps.thesaurus_hint"), class_="k-small"))
    said = st.text_input(t("gaps.said"), key=f"gap-said-{key}", max_chars=100)
    means = st.text_input(t("gaps.means"), key=f"gap-means-{key}", max_chars=300)

    def do() -> None:
        word, meant = _typed(f"gap-said-{key}"), _typed(f"gap-means-{key}")
        official = [part for part in meant.replace("、", ",").split(",") if part.strip()]
        _done(who, gap, library, "thesaurus", f"{word} = {meant}", lambda: words.add(library, word, official, user=person()))

    _button(who, key, "gaps.add_entry", off=not (said.strip() and means.strip()), do=do)


def _golden(library: Library, who: Reader, key: str, gap: Gap) -> None:
    if gap.in_words:  # a heap of words is no question that anybody asks
        safe.show(safe.tag("p", who.t("quality.in_a_sentence", words=gap.question), class_="k-small"))
    whole = golden.fields(library, who, f"gap-{key}", "" if gap.in_words else gap.question)

    def do() -> None:
        _done(who, gap, library, "golden", _typed(f"question-gap-{key}"), lambda: golden.keep(library, who, f"gap-{key}"))

    _button(who, key, "quality.keep", off=not whole, do=do)


def _note(library: Library, who: Reader, key: str, gap: Gap) -> None:
    note = st.text_input(who.t("gaps.note"), key=f"gap-note-{key}", max_chars=500)
    _button(
        who,
        key,
        "gaps.close",
        off=not note.strip(),
        do=lambda: _done(who, gap, library, "note", _typed(f"gap-note-{key}"), lambda: None),
    )


def _done(who: Reader, gap: Gap, library: Library, how: str, note: str, do: Callable[[], object]) -> None:
    """Do it, and count the questions of this group as dealt with; where it fails they stay."""
    try:
        do()
        close(library, gap.question, how=how, note=note, user=person(), language=gap.language)
    except KonkyoError as error:
        st.session_state["gap_said"] = reasons.sentence(who.t, error)
    else:
        st.session_state["gap_said"] = who.t("gaps.dealt_with")


def _typed(key: str) -> str:
    return str(st.session_state.get(key) or "").strip()
