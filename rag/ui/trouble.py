"""The screens for when something is broken or missing: what it is, and what to do. Never a traceback."""

from __future__ import annotations

import streamlit as st

from rag.errors import CitationError, IndexDamaged, KonkyoError, ModelError, SettingsError
from rag.library import Trouble
from rag.ui import opening, safe
from rag.ui.texts import Words

REBUILD = "python -m rag rebuild"
INGEST = "python -m rag ingest FOLDER"


def screen(t: Words, *found: KonkyoError | Trouble) -> None:
    """Says what is wrong, why nothing is answered, and which command mends it."""
    with st.container(key="start"):
        what = [safe.tag("p", text) for text in dict.fromkeys(_what(t, one) for one in found)]
        safe.show(safe.tag("h1", t("trouble.heading")))
        safe.show(safe.tag("div", *what, class_="k-refusal", role="alert"))
        if any(_mended_by_rebuild(one) for one in found):
            safe.show(safe.join([safe.tag("p", t("trouble.why")), safe.tag("p", t("trouble.do"))]))
            st.code(REBUILD, language=None)
            safe.show(safe.tag("p", t("trouble.then")))
        else:
            safe.show(safe.tag("p", t("trouble.tell")))
        safe.show(safe.tag("p", t("trouble.details"), class_="k-label"))
        st.code("\n".join(one.message if isinstance(one, Trouble) else str(one) for one in found), language=None, wrap_lines=True)
        st.button(t("trouble.again"), key="check-again", type="primary", on_click=opening.check_again)


def empty(t: Words) -> None:
    """The first thing that a new installation shows."""
    with st.container(key="start"):
        safe.show(safe.tag("h1", t("empty.heading")))
        safe.show(safe.tag("p", t("empty.lead")))
        st.code(INGEST, language=None)
        safe.show(safe.tag("p", t("empty.after")))


def _mended_by_rebuild(one: KonkyoError | Trouble) -> bool:
    return one.part in ("keyword", "vector") if isinstance(one, Trouble) else isinstance(one, IndexDamaged)


def _what(t: Words, one: KonkyoError | Trouble) -> str:
    if isinstance(one, Trouble):
        return t({"keyword": "trouble.keyword", "vector": "trouble.vector"}.get(one.part, "trouble.model"))
    if isinstance(one, IndexDamaged):
        return t("trouble.index")
    if isinstance(one, ModelError):
        return t("trouble.model")
    if isinstance(one, CitationError):
        return t("trouble.citation")
    return t("trouble.settings") if isinstance(one, SettingsError) else t("trouble.library")
