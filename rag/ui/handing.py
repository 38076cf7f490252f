"""A file handed in as a new revision of a document, with the day from which it applies."""

from __future__ import annotations

from datetime import date

import streamlit as st

from rag.desk import jobs
from rag.errors import KonkyoError
from rag.holder import person
from rag.library import Library
from rag.ui import days, reasons, safe
from rag.ui.frame import Reader


def new_revision(library: Library, who: Reader, document_id: str) -> None:
    """Draw the fields for a new revision."""
    t, turn = who.t, int(st.session_state.get("revision_turn", 0))
    begun = st.session_state.get(f"revision-{turn}") is not None
    with st.expander(t("revisions.add"), icon=":material/add:", key="add-revision", expanded=begun):
        safe.show(safe.tag("p", t("revisions.add_hint"), class_="k-small"))
        file = st.file_uploader(t("revisions.file"), key=f"revision-{turn}")
        begins = st.date_input(t("correct.begins"), value=None, key=f"revision-begins-{turn}", format=days.FIELD[t.language], width=220)
        st.button(
            t("documents.read"),
            key="read-revision",
            type="primary",
            disabled=file is None or not begins,
            on_click=_hand_in,
            args=(library, who, document_id, turn),
        )
    if said := st.session_state.pop("not_handed_in", ""):
        safe.show(safe.tag("p", str(said), class_="k-note", role="alert"))


def _hand_in(library: Library, who: Reader, document_id: str, turn: int) -> None:
    file, begins = st.session_state[f"revision-{turn}"], st.session_state[f"revision-begins-{turn}"]
    try:
        jobs.add(
            library,
            [(file.name, file.getvalue())],
            user=person(),
            clearance=who.clearance,
            document_id=document_id,
            effective_from=begins if isinstance(begins, date) else None,
        )
    except KonkyoError as error:
        st.session_state["not_handed_in"] = reasons.sentence(who.t, error)
    else:
        st.session_state["revision_turn"] = turn + 1
