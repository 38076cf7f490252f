"""How far the desk's long work is: each piece with its stage, what became of its files, and a button that stops it."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from datetime import date
from typing import Any

import streamlit as st

from rag.desk import jobs
from rag.desk.gate import read
from rag.desk.golden import UNREAD
from rag.desk.work import forget, locked, unlock
from rag.errors import (
    DiskFull,
    FetchFailed,
    IndexDamaged,
    LibraryError,
    LibraryLocked,
    ModelError,
    PasswordNeeded,
    UnknownDocument,
)
from rag.holder import person
from rag.library import Library
from rag.registry import Revision
from rag.registry.jobs import CANCELLED, DONE, FAILED, RUNNING, Job
from rag.registry.questions import Changed, Questions, since
from rag.text import show_date
from rag.ui import background, findings, notes, reasons, safe
from rag.ui.frame import Reader

GAP = "gap"
"""A kind of its own: files that were handed in to answer what was asked in vain."""
_LOOK_SECONDS = 1.0
_SHOWN = 4
_AT_ONCE = 3
"""So many files or documents are told of without anybody unfolding them."""
_STAGES = (
    ("waiting: ", "jobs.waiting_for"),
    ("fetching ", "jobs.fetching"),
    ("unpacking", "jobs.unpacking"),
    ("reading for meaning", "jobs.meaning"),
    ("writing down the words", "jobs.words"),
    ("following references", "jobs.references"),
    ("making the indexes anew", "jobs.mending"),
    ("checking", "jobs.checking"),
    ("reading ", "jobs.reading"),
)
"""How the writer's words begin, and what the screen says."""
_STOPPED = ("GateClosed", "GoldenRegressed")
_KNOWN = tuple(kind.__name__ for kind in (FetchFailed, DiskFull, UnknownDocument, IndexDamaged, ModelError))
"""Errors that the screens have a sentence for."""


def show(library: Library, who: Reader, of: Revision | None = None, kinds: tuple[str, ...] | None = None) -> None:
    """Draw the jobs that are open, and the last ones that ended; again and again while something is open.

    Args:
        of: only those that concern this revision's document.
        kinds: of those that ended only these kinds.
    """
    background.see_to_it(library)
    listed = _listed(library, who, of, kinds)
    every = _LOOK_SECONDS if any(job.open for job in listed) else None
    if listed:
        st.fragment(_panel, run_every=every)(library, who, of, kinds, tuple(job.number for job in listed if job.open))


def _listed(library: Library, who: Reader, of: Revision | None, kinds: tuple[str, ...] | None) -> list[Job]:
    hidden: set[int] = st.session_state.setdefault("jobs_hidden", set())
    every = library.registry.jobs.all(clearance=who.clearance, limit=20)
    if of is not None:
        every = [job for job in every if job.what.get("document_id") == of.document_id or of.number in job.what.get("numbers", ())]
    return [job for job in every if job.open] + [job for job in every if _told(job, hidden, kinds)][: 1 if of else _SHOWN]


def _told(job: Job, hidden: set[int], kinds: tuple[str, ...] | None) -> bool:
    """True for one that ended and is still to be told of."""
    mine = kinds is None or job.kind in kinds or GAP in kinds and bool(job.what.get("gap"))
    return not job.open and job.number not in hidden and mine


def _panel(library: Library, who: Reader, of: Revision | None, kinds: tuple[str, ...] | None, was_open: tuple[int, ...]) -> None:
    listed = _listed(library, who, of, kinds)
    background.see_to_it(library)
    if tuple(job.number for job in listed if job.open) != was_open:
        st.rerun()  # something ended: the whole page shows what came of it
    with st.container(key="jobs"):
        safe.show(safe.tag("h2", who.t("jobs.heading")))
        for job in listed:
            with st.container(border=True, key=f"job-{job.number}"):
                _job(library, who, job)


def _job(library: Library, who: Reader, job: Job) -> None:
    t = who.t
    with st.container(horizontal=True, vertical_alignment="center", horizontal_alignment="distribute"):
        kind = safe.tag("strong", t(f"jobkind.{job.kind}", n=_size(job)))
        state = _state(job)
        said = [safe.tag("span", kind, "　", t(f"jobs.{state}"), class_=f"k-job-{state}")]
        if job.open:
            said.append(safe.tag("p", _stage(who, job), class_="k-small"))
        safe.show(safe.tag("div", *said, role="status", aria_live="polite"))
        if job.open:
            st.button(
                t("jobs.cancel"), key=f"cancel-{job.number}", disabled=job.cancel, on_click=library.registry.jobs.cancel, args=(job.number,)
            )
        else:
            st.button(t("jobs.hide"), key=f"hide-{job.number}", type="tertiary", on_click=_close, args=(library, job))
    if job.state == RUNNING and job.total:
        st.progress(min(job.done / job.total, 1.0), text=t("jobs.far", done=min(job.done, job.total), total=job.total))
    if not job.open:
        _ended(library, who, job)


def _state(job: Job) -> str:
    """What became of it in a word. Work that went through although none of its files, or not each, could be read is not called done."""
    if job.open:
        return "stopping" if job.cancel else job.state
    failed = sum(entry.get("result") == "failed" for entry in job.told)
    if job.state != DONE or not failed:
        return job.state  # a job that failed as a whole tells of other things: of the questions that stopped it
    return "none" if failed == len(job.told) else "partly"


def _size(job: Job) -> int:
    what = job.what
    return job.total or len(what.get("names") or what.get("numbers") or [1])


def _stage(who: Reader, job: Job) -> str:
    for begin, key in _STAGES:
        if job.stage.startswith(begin):
            return who.t(key, what=job.stage.removeprefix(begin))
    return who.t("jobs.starting") if job.state == RUNNING else who.t("jobs.in_line")


def _close(library: Library, job: Job) -> None:
    forget(library, job)
    _hide(job.number)


def _hide(number: int) -> None:
    st.session_state.setdefault("jobs_hidden", set()).add(number)


# ------------------------------------------------------------ what came of it


def _ended(library: Library, who: Reader, job: Job) -> None:
    t = who.t
    if job.state == FAILED:
        _failed(library, who, job)
        return
    counts: Counter[str] = Counter()
    for entry in job.told:
        counts[str(entry["result"])] += int(entry.get("n", 1))
    if counts:
        safe.show(safe.tag("p", "・".join(t(f"jobresult.{result}", n=n) for result, n in counts.items()), class_="k-small"))
    wrong = [entry for entry in job.told if entry.get("reason")]
    noted = [entry for entry in job.told if entry.get("warnings") and not entry.get("reason")]
    if wrong:
        unfolded = len(wrong) <= _AT_ONCE or _state(job) == "none"
        with st.expander(t("jobs.left_out", n=len(wrong)), expanded=unfolded, key=f"wrong-{job.number}"):
            if job.kind == "read":
                safe.show(safe.tag("p", t("jobs.as_before"), class_="k-small"))
            kept = locked(library, job)
            safe.show(safe.join(_left_out(who, entry) for entry in wrong if entry["name"] not in kept))
            for entry in (entry for entry in wrong if entry["name"] in kept):
                safe.show(_left_out(who, entry, asked=True))
                _ask_password(library, who, job, str(entry["name"]))
    if job.state == CANCELLED:
        _cut_short(who, job, counts)
    if checked := [entry for entry in job.told if "findings" in entry]:
        _checked(who, job, checked)
    if counts["affected"]:
        _changed(library, who, job)
    if noted:
        with st.expander(t("jobs.noted", n=len(noted)), key=f"noted-{job.number}"):
            for entry in noted:
                name = safe.tag("p", str(entry["name"]), class_="k-label")
                safe.show(safe.join([name, notes.listed(who, [str(note) for note in entry["warnings"]])]))


def _cut_short(who: Reader, job: Job, counts: Mapping[str, int]) -> None:
    """What somebody stopped: of the files, which were not read."""
    left = _size(job) - len(job.told)
    if job.kind == "add" and left > 0:
        kept = counts.get("added", 0) + counts.get("revised", 0)
        said = who.t("jobs.not_read_kept", n=left, kept=kept) if kept else who.t("jobs.not_read", n=left)
        safe.show(safe.tag("p", said, class_="k-small"))


def _checked(who: Reader, job: Job, checked: Sequence[Mapping[str, Any]]) -> None:
    """What was checked, by name, and what was found in it."""
    with st.expander(who.t("jobs.what_was_found"), expanded=len(checked) <= _AT_ONCE, key=f"checked-{job.number}"):
        for entry in checked:
            safe.show(safe.tag("p", str(entry["name"]), class_="k-label"))
            findings.show(who, read(entry["findings"], who.clearance), checked=True)


def _changed(library: Library, who: Reader, job: Job) -> None:
    """The questions that are answered otherwise now; those that have had their time are gone."""
    with Questions(library.home) as questions:
        questions.delete_before(since(library.settings.keep_days))
        changed = questions.changed_by(job.number)
    if changed:
        with st.expander(who.t("jobs.affected", n=len(changed)), key=f"affected-{job.number}"):
            day = next((date.fromisoformat(entry["as_of"]) for entry in job.told if entry.get("as_of")), who.today)
            safe.show(safe.join(_affected(who, entry, day) for entry in changed))


def _affected(who: Reader, entry: Changed, day: date) -> safe.Html:
    """A question whose answer changed: old beside new, with the day from which that is answered where it is still to come."""
    t = who.t
    new = [safe.tag("p", text) for text in entry.new[:3]] or [safe.tag("p", t("jobs.now_refused"))]
    coming = day > who.today
    named = (
        t("jobs.is_cited" if coming else "jobs.was_cited"),
        t("jobs.answered_from", day=show_date(day, t.language)) if coming else t("jobs.is_answered"),
    )
    heads = safe.tag("tr", *(safe.tag("td", safe.tag("strong", name)) for name in named))
    row = safe.tag("tr", safe.tag("td", *(safe.tag("p", text) for text in entry.old)), safe.tag("td", *new))
    return safe.join([safe.tag("p", entry.question, class_="k-label"), safe.tag("table", safe.tag("tbody", heads, row), class_="k-diff")])


def _ask_password(library: Library, who: Reader, job: Job, name: str) -> None:
    """A field for the password of a PDF. What is typed into it is used once, by this program, and kept nowhere."""
    t, told = who.t, f"unlock-{job.number}-{name}"
    with (
        st.form(f"password-{job.number}-{name}", border=False, clear_on_submit=True),
        st.container(horizontal=True, vertical_alignment="bottom"),
    ):
        typed = st.text_input(t("refused.password_field"), type="password", autocomplete="off", width=320)
        pressed = st.form_submit_button(t("refused.password_read"))
    safe.show(safe.tag("p", t("refused.password_hint"), class_="k-small"))
    if not (pressed and typed):
        if said := st.session_state.get(told):
            safe.show(safe.tag("p", str(said), class_="k-note", role="alert"))
        return
    st.session_state[told] = ""
    with st.spinner(t("jobs.reading", what=name)):
        try:
            outcome = unlock(library, job.number, name, typed, today=who.today)
        except LibraryLocked:
            st.session_state[told] = t("refused.busy")
        except LibraryError as error:
            st.session_state[told] = reasons.sentence(t, error)
        else:
            if outcome.code == PasswordNeeded.code:
                st.session_state[told] = t("refused.password_wrong")
    st.rerun()


def _left_out(who: Reader, entry: Mapping[str, Any], *, asked: bool = False) -> safe.Html:
    """Why a file was left out, in one sentence: the closest that there is. ``asked``: a field for its password follows."""
    t, code, reason = who.t, str(entry.get("code") or entry["result"]), str(entry["reason"])
    locked = code == PasswordNeeded.code and not asked
    why = "" if locked else reasons.said(t, reason)
    said = safe.tag("p", safe.tag("strong", str(entry["name"])), "　", why or t(f"refused.{code}"))
    return said if why or locked else safe.join([said, reasons.detail(t, reason)])


def _failed(library: Library, who: Reader, job: Job) -> None:
    t = who.t
    if job.code not in _STOPPED:
        known = job.code if job.code in _KNOWN else "other"
        why = reasons.said(t, job.message)
        safe.show(safe.tag("p", why or t(f"failed.{known}"), class_="k-note", role="alert"))
        if not why:
            safe.show(reasons.detail(t, job.message))
        return
    golden = job.code == "GoldenRegressed"
    retiring = job.kind == "retire"
    said = t("jobs.golden_lost_retire" if retiring else "jobs.golden_lost", n=len(job.told)) if golden else t("jobs.gate_closed")
    safe.show(safe.tag("p", said, class_="k-note", role="alert"))
    if golden:
        lost = [
            safe.tag(
                "li",
                str(one["question"]).replace(UNREAD, t("jobs.golden_unread")),
                "　",
                safe.tag("small", f"{_verdict(who, one['now'])} → {_verdict(who, one['then'])}"),
            )
            for one in job.told
        ]
        safe.show(safe.tag("ul", *lost))
        if "numbers" not in job.what:
            safe.show(safe.tag("p", t("jobs.correction_waits")))
            if "level" in job.what["values"]:
                safe.show(safe.tag("p", t("jobs.level_raised")))
            return
    else:
        findings.of_revisions(library, who, [int(number) for number in job.what["numbers"]])
    st.text_input(t("jobs.accept" if golden else "jobs.reason"), key=f"reason-{job.number}", max_chars=500)
    label = t("jobs.retire_anyway" if retiring else "jobs.publish_anyway")
    st.button(label, key=f"anyway-{job.number}", on_click=_anyway, args=(library, who, job, golden))
    if st.session_state.get("no_reason") == job.number:
        del st.session_state["no_reason"]
        safe.show(safe.tag("p", t("documents.reason_missing"), class_="k-note", role="alert"))


def _verdict(who: Reader, verdict: object) -> str:
    return who.t(f"verdicts.{str(verdict).replace(' ', '_')}")


def _anyway(library: Library, who: Reader, job: Job, golden: bool) -> None:
    """Publish or retire with the reason that was typed in; it is kept."""
    reason = str(st.session_state.get(f"reason-{job.number}") or "").strip()
    if not reason:
        st.session_state["no_reason"] = job.number
        return
    what = {"reason": job.what["reason"], "accept": job.what["accept"], "accept" if golden else "reason": reason}
    do = jobs.retire if job.kind == "retire" else jobs.publish
    do(library, job.what["numbers"], user=person(), clearance=who.clearance, **what)
    _hide(job.number)
