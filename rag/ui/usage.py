"""The Usage page: questions a day, refusals, what is cited and what never, how long answers take."""

from __future__ import annotations

from collections.abc import Mapping

import streamlit as st

from rag.desk.gaps import Usage, usage
from rag.desk.overview import rows
from rag.library import Library
from rag.registry import PUBLISHED
from rag.text import csv_of
from rag.ui import days, plot, safe
from rag.ui.frame import Reader
from rag.ui.texts import Words


def page(library: Library, who: Reader) -> None:
    """Draw what is known from the questions that are kept."""
    t = who.t
    st.set_page_config(page_title=t("usage.page_title"), layout="wide", initial_sidebar_state="collapsed")
    with st.container(key="usage"):
        safe.show(safe.tag("h1", t("usage.heading")))
        safe.show(safe.tag("p", t("usage.lead", days=library.settings.keep_days), class_="k-lead"))
        used = usage(library)
        titles = {
            row.revision.document_id: row.revision.source.title or row.revision.source.uri
            for row in rows(library, clearance=who.wanted.level, today=who.today)
            if row.revision.state == PUBLISHED
        }
        asked, refused = sum(one.asked for one in used.days), sum(one.refused for one in used.days)
        facts = [
            (t("usage.asked"), str(asked)),
            (t("usage.refused"), t("usage.share", n=refused, percent=f"{100 * refused / asked:.0f}") if asked else ""),
            (t("usage.median"), t("usage.seconds", n=f"{used.seconds_median:.1f}") if asked else ""),
            (t("usage.slowest"), t("usage.seconds", n=f"{used.seconds_slowest:.1f}") if asked else ""),
        ]
        safe.show(safe.pairs(facts, class_="k-pairs k-searched"))
        if asked:
            bars = [
                {"at": days.plain(one.day, t.language), t("usage.answered"): one.asked - one.refused, t("usage.refused"): one.refused}
                for one in used.days
            ]
            safe.show(safe.tag("h2", t("usage.a_day")))
            plot.over_time("bar", bars, t("usage.asked"))
        if len(used.days) > 1:  # one point is no line; it stands above
            times = [{"at": days.plain(one.day, t.language), "seconds": one.seconds_median} for one in used.days]
            safe.show(safe.tag("h2", t("usage.time_a_day")))
            plot.over_time("line", times, t("usage.in_seconds"), whole=False)
        with st.container(horizontal=True):
            for name, table in (("usage", _days(t, used)), ("cited", _cited(t, used, titles))):
                file = csv_of(table).encode("utf-8-sig")  # with the mark by which Excel knows that it is UTF-8
                st.download_button(
                    t(f"csv.{name}"), file, f"{name}.csv", "text/csv", key=f"{name}-csv", on_click="ignore", icon=":material/download:"
                )
        left, right = st.columns(2, gap="large")
        with left:
            safe.show(safe.tag("h2", t("usage.most")))
            cited = [{t("documents.title"): titles[id], t("documents.cited"): n} for id, n in used.most_cited if id in titles]
            if cited:
                st.dataframe(cited, hide_index=True)
            else:
                safe.show(safe.tag("p", t("usage.nothing"), class_="k-small"))
        with right:
            safe.show(safe.tag("h2", t("usage.never")))
            never = [{t("documents.title"): titles[id]} for id in used.never_cited if id in titles]
            if never:
                st.dataframe(never, hide_index=True)
            else:
                safe.show(safe.tag("p", t("usage.every"), class_="k-small"))


def _days(t: Words, used: Usage) -> list[tuple[object, ...]]:
    """The days as a table in the words of the reader; days in ISO form, as spreadsheets read them in every language."""
    heads = (t("usage.day"), t("usage.asked"), t("usage.refused"), *(t("usage.csv_seconds", what=t(f"usage.{n}")) for n in _TIMES))
    return [heads, *((one.day, one.asked, one.refused, f"{one.seconds_median:.2f}", f"{one.seconds_slowest:.2f}") for one in used.days)]


_TIMES = ("median", "slowest")


def _cited(t: Words, used: Usage, titles: Mapping[str, str]) -> list[tuple[object, ...]]:
    """The documents of ``titles`` (id -> title) with how many answers cite them, the most first."""
    times = dict(used.most_cited)
    cited = sorted(((id, title, times.get(id, 0)) for id, title in titles.items()), key=lambda row: (-row[2], row[0]))
    return [(t("usage.document"), t("documents.title"), t("documents.cited")), *cited]
