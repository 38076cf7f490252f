"""One document: what is known of it and what the gate found, what was read from its file, corrections, its revisions."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Mapping, Sequence
from datetime import date

import streamlit as st

from rag.desk import jobs
from rag.desk.overview import Row
from rag.holder import person
from rag.library import Library
from rag.records import HIGHEST_LEVEL, Kind
from rag.registry import CHECKED, DRAFT, PUBLISHED, Revision
from rag.text import show_date
from rag.ui import days, findings, frame, notes, progress, reading, revisions, safe, scripts
from rag.ui.frame import Reader
from rag.ui.texts import Words

_VIEWS = ("facts", "reading", "revisions")


def show(library: Library, who: Reader, every: Sequence[Row]) -> None:
    """Draw the document that is open; whoever may not see it is told the same as where there is none."""
    t = who.t
    of_it = [row for row in every if row.revision.document_id == frame.chosen("doc")]
    current = revisions.in_force(library, who)
    row = next((row for row in of_it if _meant(row.revision, current)), next(iter(of_it), None))
    st.button(t("detail.back"), key="to-list", type="tertiary", icon=":material/arrow_back:", on_click=_back)
    if row is None:
        safe.show(safe.join([safe.tag("h1", t("documents.heading")), safe.tag("p", t("detail.gone"), class_="k-note")]))
        return
    about = row.revision.source
    today = revisions.standing(who, row.revision, current)
    state = safe.tag(
        "p",
        t(f"state.{row.revision.state}"),
        f"（{today}）" if today else "",
        "　",
        t("detail.revision", sha=row.revision.sha256[:12]),
        class_="k-small",
    )
    safe.show(safe.join([safe.tag("h1", about.title or about.uri), state]))
    safe.run_script(scripts.TO_TOP)
    progress.show(library, who, row.revision)
    st.session_state["view"] = frame.chosen("view") if frame.chosen("view") in _VIEWS else "facts"
    view = st.segmented_control(
        t("detail.view"), _VIEWS, key="view", format_func=lambda name: t(f"view.{name}"), required=True, on_change=_view_chosen
    )
    if view == "reading":
        reading.show(library, who, row.revision)
    elif view == "revisions":
        revisions.show(library, who, row.revision)
    else:
        _facts(library, who, row, every)


def _meant(revision: Revision, current: Collection[int]) -> bool:
    """The one that the address names; where it names none, the one in force and not the one that was added last."""
    return revision.sha256.startswith(frame.chosen("rev")) if frame.chosen("rev") else revision.number in current


def _back() -> None:
    frame.choose(doc="", rev="", view="", page="", old="")


def _view_chosen() -> None:
    frame.choose(view=str(st.session_state["view"]))


# ------------------------------------------------------------ what is known


def _facts(library: Library, who: Reader, row: Row, every: Sequence[Row]) -> None:
    t, revision = who.t, row.revision
    left, right = st.columns([1, 1], gap="large")
    with left:
        safe.show(safe.tag("h2", t("detail.gate")))
        findings.show(who, row.findings, checked=row.checked)
        safe.show(safe.tag("h2", t("detail.read")))
        facts = [
            (t("documents.file"), revision.source.uri),
            (t("detail.format"), notes.kind_of_file(t, revision.format)),
            (t("documents.pages"), str(revision.pages or "")),
            (t("detail.size"), t("detail.characters", n=f"{revision.characters:,}", articles=revision.articles)),
            (t("detail.added"), show_date(revision.added.astimezone().date(), t.language)),
            (t("documents.golden"), str(row.golden)),
            (t("documents.cited"), str(row.cited)),
        ]
        safe.show(safe.pairs(facts, class_="k-pairs"))
        if revision.warnings:
            safe.show(safe.tag("p", t("detail.warnings", n=len(revision.warnings)), class_="k-label"))
            safe.show(notes.listed(who, revision.warnings))
    with right:
        safe.show(safe.tag("h2", t("correct.heading")))
        if revision.state in (DRAFT, CHECKED, PUBLISHED):
            _correct(library, who, row, every)
        else:
            safe.show(safe.tag("p", t("correct.closed"), class_="k-small"))


_FIELDS = ("title", "issuer", "number", "kind", "level", "issued", "effective_from", "effective_to", "replaces", "review_on")


def _correct(library: Library, who: Reader, row: Row, every: Sequence[Row]) -> None:
    t, about = who.t, row.revision.source
    review = library.registry.desk.corrections().get((row.revision.document_id, ""), {}).get("review_on", "")
    key = f"{row.revision.number}"
    with st.form(f"correct-{key}", border=True):
        safe.show(safe.tag("p", t("correct.hint"), class_="k-small"))
        values: dict[str, object] = {
            "title": st.text_input(t("documents.title"), about.title, key=f"title-{key}", max_chars=300),
            "issuer": st.text_input(t("documents.issuer"), about.issuer, key=f"issuer-{key}", max_chars=200),
            "number": st.text_input(t("documents.number"), about.number, key=f"number-{key}", max_chars=200),
        }
        kinds, levels = list(Kind), [None, *range(1, who.clearance + 1)]
        one, two = st.columns(2)  # a row each: on a narrow screen they stand in this order, one below the other
        with one:
            values["kind"] = st.selectbox(
                t("correct.kind"), kinds, index=kinds.index(about.kind), format_func=lambda kind: t(f"kind.{kind.value}"), key=f"kind-{key}"
            )
        with two:
            values["level"] = st.selectbox(
                t("documents.level"),
                levels,
                index=levels.index(about.level) if about.level in levels else 0,
                format_func=lambda level: t("documents.level_unknown", level=HIGHEST_LEVEL) if level is None else str(level),
                key=f"level-{key}",
            )
        one, two = st.columns(2)
        with one:
            values["issued"] = _day(t, t("correct.issued"), about.issued, f"issued-{key}")
        with two:
            values["effective_from"] = _day(t, t("correct.begins"), about.effective_from, f"begins-{key}")
        one, two = st.columns(2)
        with one:
            values["effective_to"] = _day(t, t("correct.ends"), about.effective_to, f"ends-{key}")
        with two:
            values["review_on"] = _day(t, t("correct.review"), date.fromisoformat(review) if review else None, f"review-{key}")
        values["replaces"] = _replaced(t, row.revision, every, f"replaces-{key}")
        if row.revision.state == PUBLISHED:
            safe.show(safe.tag("p", t("correct.published"), class_="k-small"))
        sure = _asked_to_end(who, key)
        sent = st.form_submit_button(t("correct.save"), key=f"save-{key}", type="primary")
    if sent:
        before = {name: str(getattr(about, name) or "") for name in _FIELDS if name != "review_on"} | {"review_on": review}
        changed = {name: text for name, value in values.items() if (text := str(value or "").strip()) != before[name]}
        _save(library, who, row, key, values, changed, sure=sure)


def _replaced(t: Words, revision: Revision, every: Sequence[Row], key: str) -> str:
    """The field for the document that this one replaces: an id that somebody typed wrong would replace nothing, and nobody would see it."""
    titles = {row.revision.document_id: row.revision.source.title or row.revision.source.uri for row in reversed(every)}
    titles.pop(revision.document_id, None)
    now = revision.source.replaces
    titles.setdefault(now, now)  # not in the library, or above what this reader may see: it stays until somebody chooses another
    twice = Counter(titles.values())
    names = {id: f"{title}（{id}）" if twice[title] > 1 else title for id, title in titles.items()} | {"": t("correct.replaces_none")}
    ids = ["", *sorted(names.keys() - {""}, key=names.__getitem__)]
    return str(st.selectbox(t("correct.replaces"), ids, index=ids.index(now), format_func=names.__getitem__, key=key))


def _asked_to_end(who: Reader, key: str) -> bool:
    """The question whether what is published is to end, where a day was saved that ends it. Returns the answer."""
    if not (day := st.session_state.get(f"ending-{key}")):
        return False
    safe.show(safe.tag("p", who.t("correct.ends_now", day=show_date(day, who.t.language)), class_="k-note", role="alert"))
    return st.checkbox(who.t("correct.ends_sure"), key=f"sure-{key}")


def _save(
    library: Library, who: Reader, row: Row, key: str, values: Mapping[str, object], changed: Mapping[str, str], *, sure: bool
) -> None:
    """Hand the correction over, or say why not."""
    t, begins, ends = who.t, values["effective_from"], values["effective_to"]
    if not changed:
        safe.show(safe.tag("p", t("correct.same"), class_="k-small", role="status"))
        return
    if isinstance(begins, date) and isinstance(ends, date) and ends < begins and changed.keys() & {"effective_from", "effective_to"}:
        said = t("correct.ends_before", ends=days.plain(ends, t.language), begins=days.plain(begins, t.language))
        safe.show(safe.tag("p", said, class_="k-note", role="alert"))
        return
    asked = st.session_state.pop(f"ending-{key}", None)
    ending = row.revision.state == PUBLISHED and "effective_to" in changed and isinstance(ends, date) and ends <= who.today
    if ending and not (sure and asked == ends):
        st.session_state[f"ending-{key}"] = ends
    else:
        jobs.correct(library, row.revision.document_id, row.revision.sha256, changed, user=person(), clearance=who.clearance)
    st.rerun()


def _day(t: Words, label: str, value: date | None, key: str) -> object:
    # Streamlit lets a field be emptied only where it was made empty: what is known is put into it, and is not its first value.
    st.session_state.setdefault(key, value)
    return st.date_input(label, None, key=key, format=days.FIELD[t.language], min_value=date(1868, 1, 25), max_value=date(2199, 12, 31))
