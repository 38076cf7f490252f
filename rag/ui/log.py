"""The Log page, for auditors: who did what to which document, when and why, and whether the log is whole."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from datetime import datetime

import streamlit as st

from rag import audit
from rag.desk.golden import readable
from rag.desk.overview import rows
from rag.library import Library
from rag.records import HIGHEST_LEVEL, Event, Kind
from rag.text import csv_of
from rag.ui import days, reasons, safe
from rag.ui.frame import Reader

_SHOWN = 2_000
_FIELDS = {
    "revision": "documents.revision",
    "reason": "log.reason",
    "replaces": "log.replaces",
    "question": "ask.field",
    "means": "log.means",
    "title": "documents.title",
    "issuer": "documents.issuer",
    "number": "documents.number",
    "kind": "correct.kind",
    "level": "documents.level",
    "issued": "correct.issued",
    "effective_from": "correct.begins",
    "effective_to": "correct.ends",
    "review_on": "correct.review",
    "tables": "log.tables",
    "ocr": "log.ocr",
    "headings": "log.headings",
}
"""What the details of an entry are called on the screens and in the CSV."""


def page(library: Library, who: Reader) -> None:
    """Draw the entries, the newest first, and the result of checking their chain."""
    t = who.t
    st.set_page_config(page_title=t("log.page_title"), layout="wide", initial_sidebar_state="collapsed")
    with st.container(key="log"):
        safe.show(safe.tag("h1", t("log.heading")))
        safe.show(safe.tag("p", t("log.lead"), class_="k-lead"))
        every = library.registry.events.all()
        _chain(who, every)
        hidden, titles = _hidden(library, who), _titles(library, who)
        seen = [event for event in every if event.subject not in hidden]
        words = st.text_input(t("log.search"), key="log-search", max_chars=200, width=420).casefold().split()
        shown = [event for event in reversed(seen) if all(word in _line(who, event, titles) for word in words)]
        safe.show(safe.tag("p", t("log.shown", n=len(shown), all=len(every)), class_="k-small", role="status"))
        if not shown:
            safe.show(safe.tag("p", t("log.none"), class_="k-note", role="status"))
            return
        at = t("log.at", zone=days.zone())
        st.dataframe(
            [
                {
                    at: days.local(datetime.fromisoformat(event.at)),
                    t("log.user"): event.user,
                    t("log.action"): _action(who, event.action),
                    t("log.subject"): _subject(who, event),
                    t("documents.title"): titles.get(event.subject, ""),
                    t("log.detail"): _detail(who, event),
                }
                for event in shown[:_SHOWN]
            ],
            hide_index=True,
            height=min(35 * (len(shown) + 1) + 3, 480),
            column_config={
                at: st.column_config.DatetimeColumn(format=days.MOMENT[t.language]),
                t("log.action"): st.column_config.TextColumn(width="medium"),
                t("log.detail"): st.column_config.TextColumn(width="large"),
            },
        )
        st.download_button(
            t("log.csv"),
            _csv(who, shown, titles).encode("utf-8-sig"),
            "log.csv",
            "text/csv",
            key="log-csv",
            on_click="ignore",
            icon=":material/download:",
        )


def _hidden(library: Library, who: Reader) -> set[str]:
    """Documents of which this reader may see no revision, and golden questions about them."""
    every = {row.revision.document_id for row in rows(library, clearance=HIGHEST_LEVEL, today=who.today)}
    unseen = every - {row.revision.document_id for row in rows(library, clearance=who.wanted.level, today=who.today)}
    mine = {kept.number for kept in readable(library, clearance=who.wanted.level)}
    return unseen | {f"golden {kept.number}" for kept in library.registry.golden.all() if kept.number not in mine}


def _titles(library: Library, who: Reader) -> dict[str, str]:
    """What the subjects of entries are called: the newest titles of documents that this reader may see, and golden questions."""
    seen = sorted(rows(library, clearance=who.wanted.level, today=who.today), key=lambda row: row.revision.number)
    titles = {row.revision.document_id: row.revision.source.title or row.revision.source.uri for row in seen}
    return titles | {f"golden {kept.number}": kept.question for kept in readable(library, clearance=who.wanted.level)}


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
        safe.show(safe.tag("ul", *(safe.tag("li", reasons.said(t, sentence)) for sentence in wrong[:20])))
    else:
        safe.show(safe.tag("p", safe.tag("strong", t("log.sound", n=len(every))), class_="k-checked", role="status"))
    safe.show(safe.tag("p", t("log.keep"), class_="k-small"))
    st.code(str(audit.anchor(every)), language=None)


def _line(who: Reader, event: Event, titles: Mapping[str, str]) -> str:
    """What is searched: the entry as it is kept, and as it is shown."""
    shown = f"{_action(who, event.action)} {titles.get(event.subject, '')} {_detail(who, event)}"
    return f"{event.at} {event.user} {event.action} {event.subject} {event.detail} {shown}".casefold()


def _action(who: Reader, action: str) -> str:
    try:
        return who.t(f"action.{action.replace(' ', '_')}")
    except KeyError:
        return action


def _subject(who: Reader, event: Event) -> str:
    word, _, number = event.subject.partition(" ")
    return who.t("log.golden", n=number) if event.action.endswith("golden") and word == "golden" else event.subject


def _detail(who: Reader, event: Event) -> str:
    try:
        detail = json.loads(event.detail)
    except ValueError:
        return event.detail
    if not isinstance(detail, dict):
        return event.detail
    detail.pop("proof", None)  # digests, for the program; the CSV has them as they are kept
    before = detail.pop("before", {})
    # A correction that says nothing takes a value away; anything else without a value has nothing to tell.
    said = {name: value for name, value in detail.items() if value or (event.action == "correct" and name != "revision")}
    return "　".join(
        f"{who.t(_FIELDS[name]) if name in _FIELDS else name}: {_changed(who, name, before.get(name), value)}"
        for name, value in said.items()
    )


def _changed(who: Reader, name: str, old: object, new: object) -> str:
    """旧 → 新; what was there before is known of corrections only, and not of those from before this was kept."""
    value = _value(who, name, new) if new else who.t("log.emptied")
    return f"{_value(who, name, old)} → {value}" if old else value


def _value(who: Reader, name: str, value: object) -> str:
    """One value in short: of revisions the first characters, as everywhere on the screens."""
    if isinstance(value, list):
        return "、".join(_value(who, "revision" if name == "replaces" else name, one) for one in value)
    if name == "kind" and str(value) in {*Kind}:
        return who.t(f"kind.{value}")
    return str(value)[:12] if name == "revision" else str(days.said(value, who.t.language))


def _csv(who: Reader, events: Sequence[Event], titles: Mapping[str, str]) -> str:
    """The entries as the page shows them, by the clock of this machine; behind that as they are kept: over that their digests are made."""
    t = who.t
    words = (t("log.csv_at"), t("log.user"), t("log.action"), t("log.subject"), t("documents.title"), t("log.detail"))
    kept = [t("log.csv_kept", what=words[n]) for n in (0, 2, 3, 5)]
    heads = (*words, *kept, t("log.csv_previous"), t("log.csv_digest"))
    made = []
    for one in events:
        at = datetime.fromisoformat(one.at).astimezone().isoformat(sep=" ", timespec="seconds")
        shown = (at, one.user, _action(who, one.action), _subject(who, one), titles.get(one.subject, ""), _detail(who, one))
        made.append((*shown, one.at, one.action, one.subject, one.detail, one.previous, one.digest))
    return csv_of([heads, *made])
