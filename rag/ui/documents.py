"""The Documents page: what is in the library and in which state; adding, checking, publishing, retiring; one document in detail."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Sequence
from datetime import date
from functools import partial
from pathlib import PurePosixPath

import streamlit as st
from streamlit.runtime.uploaded_file_manager import UploadedFile

from rag.desk import jobs
from rag.desk.overview import Row, rows
from rag.desk.unpack import hidden
from rag.errors import KonkyoError
from rag.holder import person
from rag.library import Library
from rag.records import HIGHEST_LEVEL, Kind
from rag.registry import CHECKED, DRAFT, PUBLISHED, RETIRED, SUPERSEDED, Revision
from rag.text import show_date
from rag.ui import days, detail, findings, frame, progress, reasons, revisions, safe
from rag.ui.frame import Reader

_STATES = (DRAFT, CHECKED, PUBLISHED, SUPERSEDED, RETIRED)
_AT_FIRST = (DRAFT, CHECKED, PUBLISHED)
_AT_ONCE = 10
"""So many documents are named before a publication that have something to confirm."""


def page(library: Library, who: Reader) -> None:
    """Draw the list, or the document that is open."""
    st.set_page_config(page_title=who.t("documents.page_title"), layout="wide", initial_sidebar_state="collapsed")
    every = rows(library, clearance=who.wanted.level, today=who.today)
    with st.container(key="documents"):
        if frame.chosen("doc"):
            detail.show(library, who, every)
            return
        safe.show(safe.tag("h1", who.t("documents.heading")))
        counts = Counter(row.revision.state for row in every)
        safe.show(
            safe.tag("p", who.t("documents.lead", published=counts[PUBLISHED], waiting=counts[DRAFT] + counts[CHECKED]), class_="k-lead")
        )
        _add(library, who)
        progress.show(library, who)
        shown = _filtered(who, every)
        if shown:
            _actions(library, who, _list(library, who, shown))
        else:
            safe.show(safe.tag("p", who.t("documents.none"), class_="k-note", role="status"))


# ------------------------------------------------------------ adding


def _add(library: Library, who: Reader) -> None:
    t = who.t
    turn = int(st.session_state.get("added", 0))  # a new key empties the fields
    unfolded = bool(_files(turn)) or st.session_state.get("whole_pressed") == turn
    with st.expander(t("documents.add"), icon=":material/add:", key="add", expanded=unfolded):
        safe.show(safe.tag("p", t("documents.add_hint", mb=library.settings.file_megabytes), class_="k-small"))
        if st.toggle(t("documents.whole"), key=f"whole-{turn}", on_change=_stay_unfolded, args=(turn,)):
            safe.show(safe.tag("p", t("documents.whole_hint"), class_="k-small"))
            st.file_uploader(t("documents.folder"), accept_multiple_files="directory", key=f"folder-{turn}")
        else:
            st.file_uploader(t("documents.files"), accept_multiple_files=True, key=f"files-{turn}")
        files = _files(turn)
        with st.container(horizontal=True, vertical_alignment="bottom"):
            level = st.selectbox(
                t("documents.level_of_new"),
                [None, *range(1, who.clearance + 1)],
                format_func=lambda value: t("documents.level_later", level=HIGHEST_LEVEL) if value is None else str(value),
                key=f"new-level-{turn}",
                width=320,
            )
            begins = st.date_input(t("documents.begins"), value=None, key=f"new-begins-{turn}", format=days.FIELD[t.language], width=220)
            st.button(
                t("documents.read"),
                key="read-files",
                type="primary",
                disabled=not files,
                on_click=_hand_in,
                args=(library, who, turn, level, begins if isinstance(begins, date) else None),
            )
        _fetch(library, who, turn)
    if said := st.session_state.pop("not_handed_in", ""):
        safe.show(safe.tag("p", str(said), class_="k-note", role="alert"))


def _fetch(library: Library, who: Reader, turn: int) -> None:
    """A law from e-Gov, where a setting allows that."""
    t = who.t
    if not library.settings.egov_url:
        safe.show(safe.tag("p", t("documents.no_fetch"), class_="k-small"))
        return
    with st.container(horizontal=True, vertical_alignment="bottom"):
        st.text_input(t("documents.law"), key=f"law-{turn}", max_chars=200, placeholder="電波法", width=420)
        st.button(t("documents.fetch"), key="fetch", on_click=_fetch_now, args=(library, who, turn))


def _fetch_now(library: Library, who: Reader, turn: int) -> None:
    if wanted := str(st.session_state[f"law-{turn}"]).strip():
        jobs.fetch(library, wanted, user=person(), clearance=who.clearance, level=st.session_state.get(f"new-level-{turn}"))
        st.session_state["added"] = turn + 1


def _files(turn: int) -> list[UploadedFile]:
    """The files that were chosen; of a folder, with their path in it, those that are not hidden."""
    if st.session_state.get(f"whole-{turn}"):
        return [file for file in st.session_state.get(f"folder-{turn}") or () if not hidden(PurePosixPath(file.name))]
    return list(st.session_state.get(f"files-{turn}") or ())


def _stay_unfolded(turn: int) -> None:
    st.session_state["whole_pressed"] = turn


def _hand_in(library: Library, who: Reader, turn: int, level: int | None, begins: date | None) -> None:
    files = [(file.name, file.getvalue()) for file in _files(turn)]
    try:
        jobs.add(library, files, user=person(), clearance=who.clearance, level=level, effective_from=begins)
    except KonkyoError as error:
        st.session_state["not_handed_in"] = reasons.sentence(who.t, error)
    else:
        st.session_state["added"] = turn + 1


# ------------------------------------------------------------ the list


def _filtered(who: Reader, every: Sequence[Row]) -> list[Row]:
    t = who.t
    with st.container(horizontal=True, vertical_alignment="bottom", key="documents-filters"):
        words = st.text_input(t("documents.search"), key="documents-search", max_chars=200, width=270)
        states = st.multiselect(
            t("documents.states"),
            _STATES,
            default=_AT_FIRST,
            key="documents-states",
            format_func=lambda state: t(f"state.{state}"),
            placeholder=t("ask.all"),
            select_all=False,
        )
        kinds = st.multiselect(
            t("correct.kind"),
            list(Kind),
            key="documents-kinds",
            format_func=lambda kind: t(f"kind.{kind.value}"),
            placeholder=t("ask.all"),
            select_all=False,
            width=200,
        )
        levels = st.multiselect(
            t("documents.level"),
            list(range(1, who.wanted.level + 1)),
            key="documents-levels",
            format_func=str,
            placeholder=t("ask.all"),
            select_all=False,
            width=140,
        )
        only = st.checkbox(t("documents.only_trouble"), key="documents-trouble")
    return [
        row
        for row in every
        if row.holds(words)
        and (not states or row.revision.state in states)
        and (not kinds or row.revision.source.kind in kinds)
        and (not levels or row.level in levels)
        and (not only or row.stops or row.review_due or not row.checked or row.revision.warnings)
    ]


def _list(library: Library, who: Reader, shown: Sequence[Row]) -> list[Row]:
    """The table; returns the rows that are selected."""
    t, current = who.t, revisions.in_force(library, who)
    safe.show(safe.tag("p", t("documents.shown", n=len(shown)), class_="k-small", role="status"))
    st.checkbox(t("documents.select_all", n=len(shown)), key="select-all", on_change=_select_all)
    turn, every = st.session_state.get("select_turn", (0, False))
    # The key is of the rows themselves: when they change, what was selected is not what stands at that place now.
    key = f"table-{turn}-{hash(tuple(row.revision.number for row in shown))}"
    event = st.dataframe(
        [_cells(who, row, current) for row in shown],
        key=key,
        on_select=partial(_selected, key, len(shown)),
        selection_mode="multi-row",
        selection_default={"selection": {"rows": list(range(len(shown))) if every else []}},
        hide_index=True,
        placeholder="",
        height=min(35 * (len(shown) + 1) + 3, 480),
        column_config={
            t("documents.title"): st.column_config.TextColumn(width="large"),  # pinned it is drawn as pale as what cannot be used
            **{
                t(day): st.column_config.DateColumn(format=days.COLUMN[t.language])
                for day in ("documents.in_force", "correct.ends", "correct.issued")
            },
        },
    )
    return [shown[at] for at in event["selection"]["rows"] if at < len(shown)]


def _select_all() -> None:
    """Another table in the place of this one, whose rows are all selected, or none: their own boxes show it."""
    turn, _ = st.session_state.get("select_turn", (0, False))
    st.session_state["select_turn"] = (turn + 1, bool(st.session_state["select-all"]))


def _selected(key: str, rows: int) -> None:
    """The box above the table says what the boxes in it say."""
    st.session_state["select-all"] = len(st.session_state[key]["selection"]["rows"]) == rows


def _cells(who: Reader, row: Row, current: Collection[int]) -> dict[str, object]:
    t, about = who.t, row.revision.source
    return {
        t("documents.title"): about.title or about.uri,
        t("documents.state"): _state(who, row.revision, current),
        t("documents.gate"): _gate(who, row),
        t("documents.in_force"): about.effective_from,
        t("correct.ends"): about.effective_to,
        t("correct.issued"): about.issued,
        t("correct.kind"): t(f"kind.{about.kind.value}"),
        t("documents.level"): str(about.level) if about.level else t("documents.level_unknown", level=HIGHEST_LEVEL),
        t("documents.issuer"): about.issuer,
        t("documents.number"): about.number,
        t("documents.pages"): row.revision.pages or None,
        t("documents.warnings"): len(row.revision.warnings),
        t("documents.golden"): row.golden,
        t("documents.cited"): row.cited,
        t("documents.file"): about.uri,
        t("documents.revision"): row.revision.sha256[:12],
    }


def _state(who: Reader, revision: Revision, current: Collection[int]) -> str:
    """Of two published revisions one is in force: which answers today is told, unless it is the one that does."""
    state = who.t(f"state.{revision.state}")
    published = revision.state == PUBLISHED and revision.number not in current
    return f"{state}（{revisions.standing(who, revision, current)}）" if published else state


def _gate(who: Reader, row: Row) -> str:
    t = who.t
    if row.review_due:
        return t("documents.review_due")
    if row.stops:  # what is published needs no reason any more
        return t("documents.to_look_at" if row.revision.state == PUBLISHED else "documents.stops", n=row.stops)
    if row.findings:
        return t("documents.notes", n=len(row.findings))
    return t("documents.green" if row.checked else "documents.not_checked")


# ------------------------------------------------------------ what to do with them


def _actions(library: Library, who: Reader, selected: Sequence[Row]) -> None:
    t, turn = who.t, int(st.session_state.get("handed_over", 0))  # a new key closes the popovers
    drafts = [row.revision.number for row in selected if row.revision.state in (DRAFT, CHECKED)]
    public = [row.revision.number for row in selected if row.revision.state in (DRAFT, CHECKED, RETIRED)]
    known = [row.revision.number for row in selected if row.revision.state in (DRAFT, CHECKED, PUBLISHED)]
    with st.container(key="actions"):
        said = t("documents.selected", n=len(selected)) if selected else t("documents.select")
        safe.show(safe.tag("p", said, class_="k-label", role="status"))
        with st.container(horizontal=True, vertical_alignment="center"):
            st.button(
                t("documents.check", n=len(drafts)), key="check", disabled=not drafts, on_click=_check, args=(library, who, tuple(drafts))
            )
            with st.popover(t("documents.publish", n=len(public)), key=f"publish-{turn}", disabled=not public):
                _publish_form(library, who, [row for row in selected if row.revision.number in public])
            with st.popover(t("documents.retire", n=len(known)), key=f"retire-{turn}", disabled=not known):
                _retire_form(library, who, known)
        twice = Counter(row.revision.source.title or row.revision.source.uri for row in selected)
        for row in selected[:5]:
            title = row.revision.source.title or row.revision.source.uri
            words = t("documents.open", title=title)
            if twice[title] > 1:
                words = f"{words}　{t(f'state.{row.revision.state}')}・{row.revision.sha256[:12]}"
            st.button(
                safe.label(words),
                key=f"open-{row.revision.number}",
                type="tertiary",
                icon=":material/open_in_new:",
                on_click=frame.choose,
                kwargs={"doc": row.revision.document_id, "rev": row.revision.sha256[:16], "view": "facts"},
            )


def _check(library: Library, who: Reader, numbers: Sequence[int]) -> None:
    jobs.check(library, numbers, user=person(), clearance=who.clearance)


def _publish_form(library: Library, who: Reader, chosen: Sequence[Row]) -> None:
    t = who.t
    open_gates = [row for row in chosen if row.stops]
    begins = [day for row in chosen if (day := row.revision.source.effective_from) and day > who.today]
    safe.show(safe.tag("p", t("documents.publish_hint", n=len(chosen))))
    if begins:
        safe.show(safe.tag("p", t("documents.publish_later", day=show_date(min(begins), t.language)), class_="k-small"))
    if open_gates:
        safe.show(safe.tag("p", t("documents.publish_stops", n=len(open_gates)), class_="k-note"))
        for row in open_gates[:_AT_ONCE]:
            findings.stops(who, row)
        if len(open_gates) > _AT_ONCE:
            safe.show(safe.tag("p", t("related.more", n=len(open_gates) - _AT_ONCE), class_="k-small"))
        st.text_input(t("jobs.reason"), key="publish-reason", max_chars=500)
    # It can be reached without a reason, or the tabulator would pass it by; without one it says so.
    st.button(
        t("documents.publish_now"),
        key="publish-now",
        type="primary",
        on_click=_publish,
        args=(library, who, tuple(row.revision.number for row in chosen), bool(open_gates)),
    )
    _say_what_is_missing(who, "publish")


def _say_what_is_missing(who: Reader, form: str) -> None:
    if st.session_state.get("no_reason") == form:
        del st.session_state["no_reason"]
        safe.show(safe.tag("p", who.t("documents.reason_missing"), class_="k-note", role="alert"))


def _publish(library: Library, who: Reader, numbers: Sequence[int], stopped: bool) -> None:
    reason = str(st.session_state.get("publish-reason") or "").strip() if stopped else ""
    if stopped and not reason:
        st.session_state["no_reason"] = "publish"
        return
    jobs.publish(library, numbers, user=person(), clearance=who.clearance, reason=reason)
    _close()


def _retire_form(library: Library, who: Reader, numbers: Sequence[int]) -> None:
    t = who.t
    safe.show(safe.tag("p", t("documents.retire_hint", n=len(numbers))))
    st.text_input(t("documents.retire_reason"), key="retire-reason", max_chars=500)
    st.button(t("documents.retire_now"), key="retire-now", on_click=_retire, args=(library, who, tuple(numbers)))
    _say_what_is_missing(who, "retire")


def _retire(library: Library, who: Reader, numbers: Sequence[int]) -> None:
    reason = str(st.session_state.get("retire-reason") or "").strip()
    if not reason:
        st.session_state["no_reason"] = "retire"
        return
    jobs.retire(library, numbers, user=person(), clearance=who.clearance, reason=reason)
    _close()


def _close() -> None:
    """What was asked for is handed over: close the popover in which that was done."""
    st.session_state["handed_over"] = int(st.session_state.get("handed_over", 0)) + 1
