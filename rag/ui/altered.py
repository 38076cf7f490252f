"""At the top of every page: what in the library is not what its log says, and is not shown for that."""

from __future__ import annotations

import streamlit as st

from rag.library import Library
from rag.registry.proof import Mismatch, Part
from rag.trust import told
from rag.ui import opening, reasons, safe
from rag.ui.frame import Reader

COMMAND = "python -m rag status --deep"
_SHOWN = 5
"""So many are named; of more, their number."""


def show(library: Library, who: Reader) -> None:
    """Say it, as far as this reader may know of it; nothing where all is as it was published.

    What is above the reader's level is not told, not even how much: nothing that this reader is shown stands on it.
    """
    named, _ = told(opening.mismatches(library), who.wanted.level)
    if not named:
        return
    t = who.t
    lines = [safe.tag("li", _said(who, one)) for one in named[:_SHOWN]]
    if more := len(named) - _SHOWN if len(named) > _SHOWN else 0:
        lines.append(safe.tag("li", t("altered.more", n=more)))
    parts = [safe.tag("p", safe.tag("strong", t("altered.heading"))), safe.tag("ul", *lines), safe.tag("p", t("altered.rest"))]
    safe.show(safe.tag("div", *parts, class_="k-note", role="alert"))
    st.code(COMMAND, language=None)


def _said(who: Reader, one: Mismatch) -> str:
    if one.part is Part.LOG:
        return reasons.said(who.t, one.detail) or who.t("altered.log")
    return who.t(f"altered.{one.part.value}", what=one.subject)
