"""The revisions of a document, a way to add one, and what changed between two of them, as a 新旧対照表 shows it."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from datetime import date, timedelta

import streamlit as st

from rag.desk.diff import Change, Kind, Line, changed, compare
from rag.desk.overview import revisions_of
from rag.errors import NotAsPublished
from rag.library import Library
from rag.records import Document, Filters
from rag.registry import PUBLISHED, Revision
from rag.text import show_date
from rag.ui import days, frame, handing, safe
from rag.ui.frame import Reader

_AT_ONCE = 40
"""Changed articles on one screen."""


def show(library: Library, who: Reader, revision: Revision) -> None:
    """Draw the revisions, and what changed between the open one and an older one."""
    t = who.t
    every = revisions_of(library, revision.document_id, clearance=who.wanted.level)
    current = in_force(library, who)
    safe.show(safe.tag("h2", t("revisions.heading")))
    st.dataframe(
        [
            {
                t("documents.revision"): one.sha256[:12],
                t("documents.state"): t(f"state.{one.state}"),
                t("revisions.today"): standing(who, one, current),
                t("documents.in_force"): one.source.effective_from,
                t("correct.ends"): _until(who, one, every),
                t("documents.file"): one.source.uri,
                t("detail.added"): one.added.astimezone().date(),
            }
            for one in reversed(every)
        ],
        hide_index=True,
        placeholder="",
        column_config={
            t(day): st.column_config.DateColumn(format=days.COLUMN[t.language]) for day in ("documents.in_force", "detail.added")
        },
    )
    handing.new_revision(library, who, revision.document_id)
    if len(every) < 2:
        safe.show(safe.tag("p", t("revisions.only"), class_="k-small"))
        return
    _difference(library, who, revision, every)


def in_force(library: Library, who: Reader) -> set[int]:
    """Numbers of the revisions that answer today."""
    return {one.number for one in library.visible(clearance=who.wanted.level, as_of=who.today, filters=Filters())}


def standing(who: Reader, one: Revision, current: Collection[int]) -> str:
    """What a published revision is today: in force, to come, or past; empty for what is not published."""
    if one.state != PUBLISHED:
        return ""
    coming = one.source.effective_from is not None and one.source.effective_from > who.today
    return who.t("revisions.current" if one.number in current else "revisions.coming" if coming else "revisions.past")


def _until(who: Reader, one: Revision, every: Sequence[Revision]) -> str:
    """The last day on which a revision answers; and that the next one ends it, where it does."""
    begins, ends = one.source.effective_from or date.min, one.source.effective_to
    others = [other.source.effective_from for other in every if other.state == PUBLISHED and other.source.effective_from]
    following = min((day for day in others if day > begins), default=None) if one.state == PUBLISHED else None
    if following and (ends is None or following <= ends):
        return who.t("revisions.until_next", day=days.plain(following - timedelta(days=1), who.t.language))
    return days.plain(ends, who.t.language) if ends else ""


def _difference(library: Library, who: Reader, revision: Revision, every: Sequence[Revision]) -> None:
    t = who.t
    safe.show(safe.tag("h2", t("revisions.difference")))
    names = {one.number: _name(who, one) for one in every}
    at = next((n for n, one in enumerate(every) if one.number == revision.number), len(every) - 1)
    before = next((n for n, one in enumerate(every) if one.sha256[:16] == frame.chosen("old")), max(at - 1, 0))
    # The keys are of the revisions themselves: when one more stands among them, the fields must not go on naming those before it.
    key = f"{revision.number}-{hash(tuple(names))}"
    with st.container(horizontal=True):
        old, new = (
            st.selectbox(t(f"revisions.{side}"), list(names), index=place, format_func=names.__getitem__, key=f"diff-{side}-{key}")
            for side, place in (("old", before), ("new", max(at, 1)))
        )
    if old == new:
        safe.show(safe.tag("p", t("revisions.same_one"), class_="k-small", role="status"))
        return
    try:
        texts = library.registry.documents([old, new])
    except NotAsPublished:
        safe.show(safe.tag("p", t("altered.not_shown"), class_="k-note", role="alert"))
        return
    found = _changes(old, new, texts[old], texts[new])
    if not found:
        safe.show(safe.tag("p", t("revisions.no_change"), role="status"))
        return
    counts = {kind: sum(change.kind is kind for change in found) for kind in Kind}
    said = "・".join(t(f"changes.{kind.value}", n=n) for kind, n in counts.items() if n and kind is not Kind.SAME)
    safe.show(safe.tag("p", said, role="status"))
    safe.show(safe.tag("p", t("revisions.key"), class_="k-small"))
    screens = -(-len(found) // _AT_ONCE)
    screen = st.number_input(t("revisions.screen", n=screens), 1, screens, key="diff-screen") if screens > 1 else 1
    some = found[(screen - 1) * _AT_ONCE : screen * _AT_ONCE]
    heads = [
        safe.tag("td", safe.tag("strong", t(f"revisions.{side}")), "　", safe.tag("small", names[number]))
        for side, number in (("old", old), ("new", new))
    ]
    body = [safe.tag("tr", *heads), *(row for change in some for row in _rows(who, change))]
    safe.show(safe.tag("table", safe.tag("tbody", *body), class_="k-diff"))


@st.cache_data(show_spinner=False, max_entries=8)
def _changes(old: int, new: int, _old: Document, _new: Document) -> list[Change]:
    return changed(compare(_old, _new))


def _name(who: Reader, one: Revision) -> str:
    begins = one.source.effective_from
    day = show_date(begins, who.t.language) if begins and begins > date.min else who.t("revisions.no_day")
    return f"{day}（{who.t(f'state.{one.state}')}・{one.sha256[:8]}）"


def _rows(who: Reader, change: Change) -> list[safe.Html]:
    t = who.t
    heads = []
    sides = ((change.old_path, change.new_path, Kind.ADDED), (change.new_path, change.old_path, Kind.REMOVED))
    for path, other, not_there in sides:
        there = change.kind is not not_there  # what stands before the first heading has no path either
        words = "　".join(path) or t("revisions.preamble" if there else "revisions.not_there")
        mark = t(f"revisions.{change.kind.value}") if there and (path != other or change.kind is not Kind.RENUMBERED) else ""
        heads.append(safe.tag("td", safe.tag("strong", words), " ", safe.tag("small", mark), class_="k-where"))
    words_of = [safe.tag("td", _side(change.old, "k-gone")), safe.tag("td", _side(change.new, "k-come"))]
    return [safe.tag("tr", *heads), safe.tag("tr", *words_of)]


def _side(lines: Sequence[Line], mark: str) -> safe.Html:
    made = []
    for line in lines:
        pieces = [safe.tag("mark", piece.text, class_=mark) if piece.marked and piece.text.strip() else piece.text for piece in line]
        made.append(safe.tag("p", *pieces))
    return safe.join(made)
