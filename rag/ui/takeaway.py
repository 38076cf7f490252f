"""What a reader does with an answer: copy it, download it, and say whether it was right."""

from __future__ import annotations

import re
import urllib.parse
from collections.abc import Callable, Mapping, Sequence
from datetime import datetime

import streamlit as st

from rag.desk import golden
from rag.desk.feedback import record
from rag.errors import KonkyoError
from rag.evaluate.golden import Place
from rag.export.markdown import markdown
from rag.export.memo import Memo
from rag.export.pack import circumstances, dumps, pack
from rag.export.word import word
from rag.holder import person
from rag.library import Library
from rag.records import Answer, Citation, Document
from rag.ui import coming, footnotes, panel, reasons, safe, state
from rag.ui.frame import Reader
from rag.ui.texts import Words

_WORD = "application/vnd.openxmlformats-officedocument.wordprocessingml.document"


def show(library: Library, who: Reader, answer: Answer, *, seconds: float) -> None:
    """Draw what can be done with an answer or a refusal."""
    t, level = who.t, who.wanted.level  # files are made later, where the session is out of reach

    def load(citation: Citation) -> Document:
        return library.document(citation.document_id, citation.revision, clearance=level)

    coming.show(library, who, answer)
    if answer.statements:
        with st.expander(t("answer.copy"), key="copy"):
            safe.show(safe.tag("p", t("answer.copy_hint"), class_="k-small"))
            st.code(footnotes.plain(answer, load, t), language=None, wrap_lines=True)
    _downloads(library, who, answer, load, seconds)
    _verdict(library, who, answer)
    _golden(library, who, answer)


def _downloads(library: Library, who: Reader, answer: Answer, load: Callable[[Citation], Document], seconds: float) -> None:
    t, wanted = who.t, who.wanted
    made = datetime.now().astimezone()
    base, asked = st.context.url or "", state.write(wanted, who.clearance, t.language) | {"on": who.as_of.isoformat()}

    def memo() -> Memo:
        return footnotes.memo(answer, load, t, made=made, link=lambda citation: _address(base, asked, citation))

    def evidence() -> str:
        about = circumstances(library, made=made, clearance=wanted.level, filters=wanted.filters, seconds=seconds, typed=wanted.question)
        return dumps(pack(answer, lambda id_, revision: library.document(id_, revision, clearance=wanted.level), about))

    files: list[tuple[str, str, str, Callable[[], str | bytes]]] = [("evidence", "json", "application/json", evidence)]
    if answer.statements:
        files = [
            ("word", "docx", _WORD, lambda: word(memo(), made)),
            ("markdown", "md", "text/markdown", lambda: markdown(memo())),
            *files,
        ]
    labels = {"word": t("take.word"), "markdown": t("take.markdown"), "evidence": t("take.evidence")}
    with st.container(horizontal=True, gap="small", key="take"):
        for name, ending, kind, make in files:
            st.download_button(
                labels[name],
                data=make,
                file_name=f"{file_name(answer, t)}.{ending}",
                mime=kind,
                key=f"take-{name}",
                on_click="ignore",
                icon=":material/download:",
            )


def file_name(answer: Answer, t: Words) -> str:
    """Konkyo_2026-11-23_手数料の免除: what a file is called, without signs that a file system could misread."""
    words = re.sub(r"[^\w]+", "-", answer.question).strip("-_")[:40]
    return f"Konkyo_{answer.as_of.isoformat()}_{words or t('answer.heading')}"


def _address(base: str, asked: Mapping[str, str | list[str]], citation: Citation) -> str:
    """The address that asks this question again, as of this day, and opens this source; empty where the page does not know its own."""
    if not base.startswith(("http://", "https://")):
        return ""
    return f"{base.partition('?')[0]}?{urllib.parse.urlencode({**asked, 'at': panel.name_of(citation)}, doseq=True)}"


# ------------------------------------------------------------ right or wrong


def _verdict(library: Library, who: Reader, answer: Answer) -> None:
    t = who.t
    said: dict[str, str] = st.session_state.setdefault("verdicts", {})
    if answer.id in said:
        safe.show(safe.tag("p", t("verdict.thanks" if said[answer.id] == "kept" else "verdict.lost"), class_="k-small", role="status"))
        return
    with st.container(horizontal=True, vertical_alignment="center", gap="small", key="verdict"):
        safe.show(safe.tag("p", t("verdict.ask"), class_="k-small"))
        st.button(t("verdict.right"), key="right", icon=":material/thumb_up:", on_click=_say, args=(library, answer, "right"))
        with st.popover(t("verdict.wrong"), icon=":material/thumb_down:", key="wrong"):
            st.text_area(t("verdict.reason"), key="reason", max_chars=1_000, placeholder=t("verdict.placeholder"))
            safe.show(safe.tag("p", t(_KEPT[library.settings.keep_questions]), class_="k-small"))
            st.button(t("verdict.send"), key="send-wrong", type="primary", on_click=_say, args=(library, answer, "wrong"))


_KEPT = {"off": "verdict.kept_off", "terms": "verdict.kept_terms", "text": "verdict.kept_text"}


def _say(library: Library, answer: Answer, verdict: str) -> None:
    reason = str(st.session_state.get("reason") or "") if verdict == "wrong" else ""
    kept = record(library, answer, "right" if verdict == "right" else "wrong", reason)
    st.session_state["verdicts"][answer.id] = "kept" if kept else "lost"


def _golden(library: Library, who: Reader, answer: Answer) -> None:
    """Make a golden question of this one: which of the provisions that are cited now must be cited after every change is asked first."""
    kept: set[str] = st.session_state.setdefault("goldens", set())
    if answer.id in kept:
        safe.show(safe.tag("p", who.t("take.golden_kept"), class_="k-small", role="status"))
        return
    t = who.t
    if why := st.session_state.pop("golden_lost", {}).get(answer.id):
        safe.show(safe.tag("p", why, class_="k-note", role="alert"))
    with st.popover(t("take.golden"), key="make-golden", type="tertiary", icon=":material/rule:"):
        places = golden.cited_places(answer)
        chosen: list[Place] = []
        if places:
            titles = {c.document_id: c.title for statement in answer.statements for c in statement.citations}
            chosen = st.multiselect(
                t("take.golden_places"),
                places,
                default=golden.cited_places(answer, 1),  # the others only add to it, and would hide a loss
                format_func=lambda place: "　".join(filter(None, (titles[place.document], place.path, _page(t, place)))),
                key="golden-places",
                select_all=False,
            )
        safe.show(safe.tag("p", t("take.golden_hint" if places else "take.golden_refused"), class_="k-small"))
        st.button(
            t("quality.keep"),
            key="keep-as-golden",
            type="primary",
            disabled=bool(places) and not chosen,
            on_click=_keep_golden,
            args=(library, who, answer, tuple(chosen)),
        )


def _page(t: Words, place: Place) -> str:
    return t("quality.page_n", n=place.page) if place.page else ""


def _keep_golden(library: Library, who: Reader, answer: Answer, chosen: Sequence[Place]) -> None:
    try:
        golden.add(library, answer.question, chosen, as_of=None, user=person(), clearance=who.clearance)
    except KonkyoError as error:  # it is kept already, a document was retired meanwhile, or nothing can be written
        st.session_state["golden_lost"] = {answer.id: reasons.sentence(who.t, error)}
    else:
        st.session_state["goldens"].add(answer.id)
