"""The fields for a golden question: what is asked, as of which day, and the provisions of which one must answer."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date

import streamlit as st

from rag.desk import golden, places
from rag.desk.overview import rows
from rag.errors import UnknownPlace
from rag.evaluate.golden import Place
from rag.holder import person
from rag.library import Library
from rag.registry import PUBLISHED
from rag.ui import days, safe
from rag.ui.frame import Reader

_NO_DOCUMENT = ""
"""In the first field: the question must be refused; in another: nothing more."""


def fields(library: Library, who: Reader, key: str, question: str = "") -> bool:
    """Draw the fields. Returns False where the question is not complete: it has no words, nobody chose what must answer it,
    or a document is chosen without a provision of it."""
    t = who.t
    st.text_input(t("ask.field"), question, key=f"question-{key}", max_chars=500)
    titles: dict[str, str] = {
        row.revision.document_id: row.revision.source.title or row.revision.source.uri
        for row in rows(library, clearance=who.wanted.level, today=who.today)
        if row.revision.state == PUBLISHED
    }
    choices = [_NO_DOCUMENT, *sorted(titles, key=lambda one: titles[one])]
    for number in range(_places(key)):
        names = {**titles, _NO_DOCUMENT: t("quality.no_more" if number else "quality.must_refuse")}
        with st.container(horizontal=True):
            document = st.selectbox(
                t("quality.document"),
                choices,
                index=0 if number else None,  # what must answer is asked, and never taken for granted
                placeholder=t("quality.choose"),
                format_func=names.__getitem__,
                key=f"expect-{key}-{number}",
            )
            st.text_input(t("quality.place"), key=f"place-{key}-{number}", max_chars=100, disabled=not document, placeholder="第十二条")
        if number == 0 and not document:
            break
    else:
        st.button(t("quality.another"), key=f"another-{key}", type="tertiary", icon=":material/add:", on_click=_another, args=(key,))
    with st.container(horizontal=True):
        st.text_input(t("quality.topic_optional"), key=f"topic-{key}", max_chars=100)
        st.date_input(
            t("quality.as_of"),
            value=None,
            key=f"as-of-{key}",
            format=days.FIELD[t.language],
            min_value=date(1868, 1, 25),
            max_value=date(2199, 12, 31),
            width=220,
        )
    expected = _expected(key)
    chosen = st.session_state.get(f"expect-{key}-0") is not None
    whole = bool(_typed(f"question-{key}")) and chosen and all(place.path or place.page for place in expected)
    return whole and _all_there(library, who, expected, titles)


def _all_there(library: Library, who: Reader, expected: Sequence[Place], titles: Mapping[str, str]) -> bool:
    """False, and what is near it, where a provision is not in its document."""
    try:
        places.check(library, expected, clearance=who.clearance)
    except UnknownPlace as error:
        said = [who.t("quality.not_there", title=titles.get(error.document, error.document), where=error.where)]
        said += [who.t("quality.near", near=who.t("refusal.comma").join(error.near))] if error.near else []
        safe.show(safe.tag("p", " ".join(said), class_="k-note", role="alert"))
        return False
    return True


def keep(library: Library, who: Reader, key: str) -> str:
    """Keep what stands in the fields, also what was typed since the page was drawn. Returns the question.

    Raises:
        UnknownPlace: a provision that was typed since is not there.
    """
    question, day = _typed(f"question-{key}"), st.session_state.get(f"as-of-{key}")
    golden.add(
        library,
        question,
        _expected(key),
        as_of=day if isinstance(day, date) else None,
        topic=_typed(f"topic-{key}"),
        user=person(),
        clearance=who.clearance,
    )
    return question


def _places(key: str) -> int:
    return int(st.session_state.get(f"places-{key}", 1))


def _another(key: str) -> None:
    st.session_state[f"places-{key}"] = _places(key) + 1


def _expected(key: str) -> list[Place]:
    """The provisions in the fields, each once; none where the first field says that the question must be refused."""
    found: list[Place] = []
    for number in range(_places(key)):
        document, place = st.session_state.get(f"expect-{key}-{number}"), _typed(f"place-{key}-{number}")
        if not document:
            if number == 0:
                return []
            continue
        page = int(place[1:]) if place[:1] == "p" and place[1:].isdigit() else None
        one = Place(document=document, path="" if page else place, page=page)
        found += [one] if one not in found else []
    return found


def _typed(key: str) -> str:
    return str(st.session_state.get(key) or "").strip()
