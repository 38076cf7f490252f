"""The library behind the screens: opened once, checked once for each state that it is in."""

from __future__ import annotations

import threading
from datetime import date

import streamlit as st

from rag.errors import KonkyoError, PasswordNeeded
from rag.library import Library, Trouble
from rag.read.page_picture import Area, PagePicture
from rag.read.sandbox import Sandbox
from rag.records import Document
from rag.registry.proof import Mismatch
from rag.search import search
from rag.settings import Settings

_RECHECK_SECONDS = 300
_PICTURE_SECONDS = 20.0


@st.cache_resource(show_spinner=False)
def _library(home: str, _settings: Settings) -> Library:
    opened = Library(_settings)
    if st.runtime.exists():
        threading.Thread(target=_warm, args=(opened,), daemon=True).start()
    return opened


def _warm(opened: Library) -> None:
    """Load the model and the dictionary while the first reader is still typing: that takes seconds, an answer does not."""
    try:
        search(opened, "Ready? 準備", clearance=1, as_of=date.today(), limit=1)
    except KonkyoError:
        return  # whoever asks is told


@st.cache_resource(show_spinner=False)
def _sandbox(_settings: Settings) -> Sandbox:
    return Sandbox(seconds=_PICTURE_SECONDS, megabytes=_settings.read_megabytes, file_megabytes=_settings.file_megabytes)


@st.cache_data(show_spinner=False, max_entries=2, ttl=_RECHECK_SECONDS)
def _troubles(home: str, generation: int, _library: Library) -> list[Trouble]:
    return _library.troubles()


@st.cache_data(show_spinner=False, max_entries=2, ttl=_RECHECK_SECONDS)
def _sampled(home: str, generation: int, _library: Library) -> int:
    return len(_library.mismatches(sample=True))


@st.cache_data(show_spinner=False, max_entries=64)
def _picture(
    revision: str, page: int, quotes: tuple[str, ...], areas: tuple[Area, ...], _library: Library, _document: Document, _password: str
) -> PagePicture:
    data = _library.original(_document)
    return _sandbox(_library.settings).picture(data, page, quotes, name=_document.source.uri, areas=areas, password=_password)


def library(settings: Settings) -> Library:
    """The library of these settings, one for the whole process.

    Raises:
        KonkyoError: it cannot be opened.
    """
    return _library(str(settings.home), settings)


def troubles(opened: Library) -> list[Trouble]:
    """What is wrong with the library in its present state; looked at anew when something was published.

    Raises:
        KonkyoError: not even this could be found out.
    """
    return _troubles(str(opened.home), opened.registry.generation, opened)


def mismatches(opened: Library) -> list[Mismatch]:
    """What in the library is not what its log says: a sample is hashed for each state that it is in, and the rest when it is shown."""
    _sampled(str(opened.home), opened.registry.generation, opened)
    return opened.mismatches()


def check_again() -> None:
    """Forget what was found out, so that the next look is a fresh one."""
    _troubles.clear()
    _sampled.clear()
    _library.clear()


def picture(
    opened: Library, document: Document, page: int, quotes: tuple[str, ...] = (), areas: tuple[Area, ...] = (), password: str = ""
) -> PagePicture | None:
    """A page of a PDF or a scan with the quotes marked, or else the areas; None where it cannot be drawn, or the original is not the bytes
    that were read.

    Raises:
        PasswordNeeded: it is encrypted, and the password does not open it.
    """
    if opened.originals.damage(document.revision):  # a picture that was drawn before would hide it
        return None
    try:
        return _picture(document.revision, page, quotes, areas, opened, document, password)
    except PasswordNeeded:
        raise
    except KonkyoError:
        return None
