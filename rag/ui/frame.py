"""What stands around every page: the look, the language, who is asking and as of which day."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import date
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import streamlit as st

from rag.library import Library
from rag.records import Filters
from rag.text import show_date
from rag.ui import days, safe, scripts, state
from rag.ui.state import Wanted
from rag.ui.texts import LANGUAGES, Language, Words, preferred

_NAMES: Mapping[Language, str] = {"ja": "日本語", "en": "English"}
_STYLE = Path(__file__).with_name("style.css")
CHOICES = ("doc", "rev", "view", "page", "old")
"""Names in the addresses of the desk's pages: a document, its revision, what of it is shown, the page of it, the older revision."""
_EARLIEST, _LATEST = date(1868, 1, 25), date(2199, 12, 31)


@dataclass(frozen=True, kw_only=True)
class Reader:
    """Who is asking, and how the screens speak to them."""

    t: Words
    clearance: int
    """What this person may read at most."""
    today: date

    @property
    def wanted(self) -> Wanted:
        """What is asked at the moment. Its level never exceeds the clearance."""
        wanted = st.session_state["wanted"]
        assert isinstance(wanted, Wanted)
        return replace(wanted, level=min(wanted.level, self.clearance))

    @property
    def as_of(self) -> date:
        """The day whose law counts."""
        return self.wanted.as_of or self.today


def reader(clearance: int) -> Reader:
    """The reader of this session; what the address asks for is taken over when the session begins, and when it was changed by hand."""
    address = _address()
    path = urlsplit(st.context.url or "").path
    # Streamlit empties the address when a reader turns to another page: what was asked stays asked.
    turned = not address and path != st.session_state.get("path", path)
    st.session_state["path"] = path
    # An address that is not the one written last comes from the browser: its back button, a bookmark. One that comes with something
    # pressed is only late: the browser had not received the last one yet.
    changed = not turned and not st.session_state.get("pressed") and address != st.session_state.get("address", address)
    if "wanted" not in st.session_state or changed:
        wanted = state.read(address, clearance)
        st.session_state["wanted"] = wanted
        st.session_state["question"] = wanted.question
        st.session_state["language"] = state.language(address, st.session_state.get("language") or preferred(st.context.locale))
        st.session_state["chosen"] = {name: address[name][0] for name in CHOICES if address.get(name)}
        st.session_state["at"] = next(iter(address.get("at", ())), "")
        st.session_state.pop("place", None)
    return Reader(t=Words(st.session_state["language"]), clearance=clearance, today=date.today())


def chosen(name: str) -> str:
    """What is chosen on the desk's pages: one of CHOICES; empty where nothing is."""
    return str(st.session_state["chosen"].get(name, ""))


def choose(**values: str) -> None:
    """Choose something on the desk's pages; for the work of buttons and fields."""
    st.session_state["pressed"] = True
    st.session_state["chosen"] = {name: value for name, value in {**st.session_state["chosen"], **values}.items() if value}


def remember(who: Reader, *, desk: bool = False) -> None:
    """Write what is asked into the address of the page, so that a reload and a bookmark ask the same; for the desk, what is chosen."""
    address = state.write(who.wanted, who.clearance, who.t.language)
    if desk:
        address = {name: value for name, value in address.items() if name in ("lang", "on", "level")} | st.session_state["chosen"]
    if _address() != {name: value if isinstance(value, list) else [value] for name, value in address.items()}:
        st.query_params.from_dict(address)
    st.session_state["address"] = _address()
    st.session_state.pop("pressed", None)


def _address() -> dict[str, list[str]]:
    return {name: st.query_params.get_all(name) for name in st.query_params}


def want(**changes: Any) -> None:
    """Change what is asked; for the work of buttons and fields."""
    take(replace(st.session_state["wanted"], **changes))


def take(wanted: Wanted) -> None:
    """Ask this from now on; for the work of buttons and fields."""
    st.session_state["pressed"] = True
    st.session_state["wanted"] = wanted


def stylesheet(t: Words) -> str:
    """The look, with the words that it puts in the place of Streamlit's own, which are English on every page."""
    words = {"files": t("documents.choose_files"), "folder": t("documents.choose_folder")}
    said = " ".join(f"--k-choose-{name}: {safe.css_string(text)};" for name, text in words.items())
    said += f" --k-skip: {safe.css_string(t('frame.skip'))};"
    return f"{_STYLE.read_text(encoding='utf-8')}:root {{ {said} }}\n"


def style(who: Reader) -> None:
    """The stylesheet, and the language of the page for screen readers and the choice of glyphs."""
    safe.show_style(stylesheet(who.t))
    safe.run_script(scripts.LANGUAGE[who.t.language])


def skip_link() -> None:
    """A way for the keyboard past what stands around every page."""
    safe.run_script(scripts.SKIP)


def header(who: Reader) -> None:
    """The name, who is asking, and the choices that hold for every page."""
    t = who.t
    with st.container(key="frame", horizontal=True, vertical_alignment="bottom", horizontal_alignment="distribute"):
        with st.container(width="stretch"):
            brand = safe.tag("div", t("frame.brand"), safe.tag("small", t("frame.brand_more")), class_="k-brand")
            person = safe.tag("p", t("frame.who", level=who.clearance, day=day(who)), class_="k-small")
            safe.show(safe.join([brand, person]))
        with st.container(horizontal=True, vertical_alignment="bottom", width="content"):
            st.session_state["as_of"] = who.as_of
            st.date_input(
                t("frame.as_of"),
                key="as_of",
                min_value=_EARLIEST,
                max_value=_LATEST,
                format=days.FIELD[t.language],
                help=t("frame.as_of_help"),
                on_change=_day_chosen,
                args=(who.today,),
                width=170,
            )
            st.session_state["level"] = who.wanted.level
            st.selectbox(
                t("frame.level"),
                range(1, who.clearance + 1),
                key="level",
                format_func=lambda level: t("frame.level_value", level=level),
                help=t("frame.level_help"),
                on_change=_level_chosen,
                width=170,
            )
            st.session_state["language_chosen"] = t.language
            st.segmented_control(
                t("frame.language"),
                LANGUAGES,
                key="language_chosen",
                format_func=lambda language: _NAMES[language],
                required=True,
                on_change=_language_chosen,
            )


def day(who: Reader) -> str:
    """The day whose law counts, as it is written."""
    return show_date(who.as_of, who.t.language)


def visible(opened: Library, who: Reader, filters: Filters | None = None) -> int:
    """How many documents this reader sees."""
    return len(opened.visible(clearance=who.wanted.level, as_of=who.as_of, filters=filters or Filters()))


def _day_chosen(today: date) -> None:
    chosen = st.session_state["as_of"]
    if isinstance(chosen, date):
        want(as_of=None if chosen == today else chosen)


def _level_chosen() -> None:
    want(level=st.session_state["level"])


def _language_chosen() -> None:
    if st.session_state["language_chosen"]:
        st.session_state["pressed"] = True
        st.session_state["language"] = st.session_state["language_chosen"]
