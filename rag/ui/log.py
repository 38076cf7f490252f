"""The Log page, for auditors: who did what to which document, when and why, and whether the log is whole."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Sequence

import streamlit as st

from rag import audit
from rag.desk.overview import rows
from rag.library import Library
from rag.records import HIGHEST_LEVEL, Event
from rag.ui import safe
from rag.ui.frame import Reader

_SHOWN = 2_000


def page(library: Library, who: Reader) -> None:
    """Draw the entries, the newest first, and the result of checking their chain."""
    t = who.t
    st.set_page_config(page_title=t("log.page_title"), layout="wide", initial_sidebar_state="collapsed")
    with st.container(key="log"):
        safe.show(safe.tag("h1", t("log.heading")))
        safe.show(safe.tag("p", t("log.lead"), class_="k-lead"))
        every = library.registry.events.all()
        _chain(who, every)
        hidden = _hidden(library, who)
        seen = [event for event in every if event.subject not in hidden]
        words = st.text_input(t("log.search"), key="log-search", max_chars=200, width=420).casefold().split()
        shown = [event for event in reversed(seen) if all(word in _line(event) for word in words)]
        safe.show(safe.tag("p", t("log.shown", n=len(shown), all=len(every)), class_="k-small", role="status"))
        if not shown:
            safe.show(safe.tag("p", t("log.none"), class_="k-note", role="status"))
            return
        st.dataframe(
            [
                {
                    t("log.at"): event.at[:19].replace("T", " "),  # the heading says that it is UTC; the CSV has it whole
                    t("log.user"): event.user,
                    t("log.action"): _action(who, event.action),
                    t("log.subject"): event.subject,
                    t("log.detail"): _detail(event),
                }
                for event in shown[:_SHOWN]
            ],
            hide_index=True,
            height=480,
            column_config={t("log.detail"): st.column_config.TextColumn(width="large")},
        )
        st.download_button(t("log.csv"), _csv(shown), "log.csv", "text/csv", key="log-csv", on_click="ignore", icon=":material/download:")


def _hidden(library: Library, who: Reader) -> set[str]:
    """Documents of which this reader may see no revision."""
    every = {row.revision.document_id for row in rows(library, clearance=HIGHEST_LEVEL, today=who.today)}
    return every - {row.revision.document_id for row in rows(library, clearance=who.wanted.level, today=who.today)}


def _chain(who: Reader, every: Sequence[Event]) -> None:
    t = who.t
    anchor = st.text_input(t("log.anchor"), key="log-anchor", max_chars=100, help=t("log.anchor_help"), width=620).strip()
    try:
        wrong = audit.verify(every, audit.Anchor.read(anchor) if anchor else None)
    except ValueError:
        safe.show(safe.tag("p", t("log.no_anchor"), class_="k-note", role="alert"))
        return
    if wrong:
        safe.show(safe.tag("p", t("log.touched"), class_="k-note", role="alert"))
        safe.show(safe.tag("ul", *(safe.tag("li", sentence) for sentence in wrong[:20]), lang="en"))
    else:
        safe.show(safe.tag("p", safe.tag("strong", t("log.sound", n=len(every))), class_="k-checked", role="status"))
    safe.show(safe.tag("p", t("log.keep"), class_="k-small"))
    st.code(str(audit.anchor(every)), language=None)


def _line(event: Event) -> str:
    return f"{event.at} {event.user} {event.action} {event.subject} {event.detail}".casefold()


def _action(who: Reader, action: str) -> str:
    try:
        return who.t(f"action.{action.replace(' ', '_')}")
    except KeyError:
        return action


def _detail(event: Event) -> str:
    try:
        detail = json.loads(event.detail)
    except ValueError:
        return event.detail
    said = {name: value for name, value in detail.items() if value} if isinstance(detail, dict) else {}
    return "　".join(f"{name}: {str(value)[:12] if name == 'revision' else value}" for name, value in said.items())


def _csv(events: Sequence[Event]) -> str:
    out = io.StringIO()
    writer = csv.writer(out, lineterminator="\n")
    writer.writerow(("at", "user", "action", "subject", "detail", "previous", "digest"))
    for event in events:
        cells = (event.at, event.user, event.action, event.subject, event.detail, event.previous, event.digest)
        # A spreadsheet takes a cell that begins so for a formula.
        writer.writerow([f"'{cell}" if cell[:1] in ("=", "+", "-", "@", "\t") else cell for cell in cells])
    return out.getvalue()
