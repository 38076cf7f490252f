"""Beside a source: the provisions that it refers to, and those that refer to it, each a button that opens it."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import streamlit as st

from rag import graph
from rag.graph import Reference
from rag.index.scope import Scope
from rag.library import Library
from rag.records import Document, Filters, Span
from rag.ui import safe
from rag.ui.frame import Reader

_SHOWN = 6
"""So many of a list are shown at once; the rest is folded."""


def show(library: Library, who: Reader, document: Document, span: Span, follow: Callable[[Reference], None]) -> None:
    """Draw both lists for the words in ``span``; nothing where there is neither.

    Args:
        follow: called with the reference whose button was pressed.
    """
    visible = library.visible(clearance=who.wanted.level, as_of=who.as_of, filters=Filters())
    scope = Scope(clearance=who.wanted.level, revisions=frozenset(revision.number for revision in visible))
    number = next((r.number for r in library.published if (r.document_id, r.sha256) == (document.id, document.revision)), None)
    if number is None:  # a newer revision took its place
        return
    outgoing = graph.outgoing(library, document, number, span, scope)
    incoming = graph.incoming(library, number, span, scope)
    with st.container(key="related", gap="small"):
        _list(who, "outgoing", outgoing, follow)
        _list(who, "incoming", incoming, follow)


def _list(who: Reader, name: str, found: Sequence[Reference], follow: Callable[[Reference], None]) -> None:
    if not found:
        return
    known = [one for one in found if one.revision is not None]
    missing = [one for one in found if one.revision is None]
    safe.show(safe.tag("h4", who.t(f"related.{name}"), class_="k-label"))
    for place, one in enumerate(known[:_SHOWN]):
        _button(who, f"{name}-{place}", name, one, follow)
    if more := known[_SHOWN:]:
        with st.expander(who.t("related.more", n=len(more)), key=f"{name}-more"):
            for place, one in enumerate(more, start=_SHOWN):
                _button(who, f"{name}-{place}", name, one, follow)
    if missing:
        items = [safe.tag("li", who.t("related.missing", words=one.words)) for one in missing]
        safe.show(safe.tag("ul", *items, class_="k-small k-missing"))


def _button(who: Reader, key: str, name: str, one: Reference, follow: Callable[[Reference], None]) -> None:
    where = " ".join(part for part in (one.title, one.place) if part)
    said = where or who.t("related.beginning")
    why = "" if one.kind == "refers" else who.t(f"related.{name}_{one.kind}")
    st.button(
        safe.label(who.t("related.why", where=said, why=why) if why else said), key=key, type="tertiary", on_click=follow, args=(one,)
    )
