"""The Quality page: golden questions, what came of them each time they were put, and the trend."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import streamlit as st

from rag.desk import jobs
from rag.desk.golden import readable
from rag.desk.overview import rows
from rag.errors import KonkyoError, UnknownPlace
from rag.holder import person
from rag.library import Library
from rag.registry import PUBLISHED
from rag.registry.golden import Kept, Run
from rag.ui import days, golden, plot, progress, reasons, safe
from rag.ui.frame import Reader

_RIGHT = ("hit", "refused rightly")
_OCCASIONS = {"publication": "quality.publication", "retirement": "quality.retirement"}


def page(library: Library, who: Reader) -> None:
    """Draw the questions, their last results, and their history."""
    t = who.t
    st.set_page_config(page_title=t("quality.page_title"), layout="wide", initial_sidebar_state="collapsed")
    with st.container(key="quality"):
        safe.show(safe.tag("h1", t("quality.heading")))
        safe.show(safe.tag("p", t("quality.lead"), class_="k-lead"))
        kept, runs = readable(library, clearance=who.wanted.level), library.registry.golden.runs()
        _add(library, who)
        with st.container(horizontal=True):
            st.button(t("quality.run", n=len(kept)), key="run-golden", disabled=not kept, on_click=_run, args=(library, who))
        progress.show(library, who, kinds=("golden",))
        if not kept:
            safe.show(safe.tag("p", t("quality.none"), class_="k-refusal"))
            return
        _questions(library, who, kept, runs)
        _history(who, kept, runs)


def _run(library: Library, who: Reader) -> None:
    jobs.golden(library, user=person(), clearance=who.clearance)


def _add(library: Library, who: Reader) -> None:
    t, turn = who.t, int(st.session_state.get("golden_turn", 0))
    with st.expander(t("quality.add"), icon=":material/add:", key="add-golden"):
        whole = golden.fields(library, who, f"golden-{turn}")

        def keep() -> None:
            try:
                golden.keep(library, who, f"golden-{turn}")
            except UnknownPlace:
                pass  # typed since the page was drawn: the fields say so when they are drawn again
            except KonkyoError as error:
                st.session_state["golden_said"] = reasons.sentence(t, error)
            else:
                st.session_state["golden_turn"] = turn + 1
                st.session_state["golden_said"] = t("quality.kept")

        st.button(t("quality.keep"), key="keep-golden", type="primary", disabled=not whole, on_click=keep)
    if said := st.session_state.pop("golden_said", ""):
        safe.show(safe.tag("p", str(said), class_="k-note", role="status"))


def _questions(library: Library, who: Reader, kept: Sequence[Kept], runs: Sequence[Run]) -> None:
    t = who.t
    last = runs[-1].verdicts if runs else {}
    before = runs[-2].verdicts if len(runs) > 1 else {}
    every = sorted(
        rows(library, clearance=who.wanted.level, today=who.today), key=lambda row: (row.revision.state == PUBLISHED, row.revision.number)
    )
    titles = {row.revision.document_id: row.revision.source.title for row in every}
    table = [
        {
            t("quality.number"): one.number,
            t("ask.field"): one.question,
            t("quality.expected"): _places(who, one, titles),
            t("quality.topic"): one.topic,
            t("quality.day"): one.as_of,
            t("quality.last"): _verdict(who, last.get(one.number)),
            t("quality.before"): _verdict(who, before.get(one.number)),
        }
        for one in kept
    ]
    event = st.dataframe(
        table,
        key=f"golden-{hash(tuple(one.number for one in kept))}",
        on_select="rerun",
        selection_mode="multi-row",
        hide_index=True,
        placeholder="",
        column_config={
            t("ask.field"): st.column_config.TextColumn(width="large"),
            t("quality.day"): st.column_config.DateColumn(format=days.COLUMN[t.language]),
        },
    )
    chosen = [kept[at] for at in event["selection"]["rows"] if at < len(kept)]
    with st.popover(t("quality.remove", n=len(chosen)), disabled=not chosen):
        reason = st.text_input(t("quality.remove_reason"), key="golden-reason", max_chars=300)
        st.button(t("quality.remove_now"), key="drop-golden", disabled=not reason.strip(), on_click=_remove, args=(library, chosen))


def _remove(library: Library, chosen: Sequence[Kept]) -> None:
    for one in chosen:
        library.registry.golden.remove(one.number, user=person(), reason=str(st.session_state["golden-reason"]).strip())


def _places(who: Reader, one: Kept, titles: Mapping[str, str]) -> str:
    """The provisions by the titles of their documents; by the id where the reader sees no document of it, or it has no title."""
    named = [f"{titles.get(str(place['document'])) or place['document']}　{_where(who, place)}" for place in one.expect]
    return "、".join(named) or who.t("quality.must_refuse")


def _where(who: Reader, place: Mapping[str, object]) -> str:
    return str(place["path"] or (who.t("quality.page_n", n=place["page"]) if place["page"] else ""))


def _verdict(who: Reader, verdict: str | None) -> str:
    return who.t(f"verdicts.{verdict.replace(' ', '_')}") if verdict else who.t("quality.not_yet")


def _history(who: Reader, kept: Sequence[Kept], runs: Sequence[Run]) -> None:
    t = who.t
    safe.show(safe.tag("h2", t("quality.history")))
    if not runs:
        safe.show(safe.tag("p", t("quality.no_runs"), class_="k-small"))
        return
    right, every = t("quality.right"), t("quality.every")
    points = [
        {
            "at": days.moment(run.at, t.language),
            right: sum(verdict in _RIGHT for verdict in run.verdicts.values()),
            every: len(run.verdicts),
        }
        for run in runs
    ]
    if len(points) > 1:  # one point is no line; it stands below
        plot.over_time("line", points, t("quality.questions"))
    names = {one.number: one.question for one in kept}
    table = []
    for earlier, run in zip([None, *runs], runs, strict=False):
        lost = [n for n, verdict in run.verdicts.items() if verdict not in _RIGHT and earlier and earlier.verdicts.get(n) in _RIGHT]
        table.append(
            {
                t("quality.when"): days.local(run.at),
                t("quality.why"): t(_OCCASIONS.get(run.why, "quality.by_hand")),
                right: f"{sum(verdict in _RIGHT for verdict in run.verdicts.values())}/{len(run.verdicts)}",
                t("quality.lost"): "、".join(names.get(n, str(n)) for n in lost),
                t("quality.accepted"): run.accepted,
                t("log.user"): run.user,
            }
        )
    when = {t("quality.when"): st.column_config.DatetimeColumn(format=days.MOMENT[t.language])}
    st.dataframe(table[::-1], hide_index=True, column_config=when)
