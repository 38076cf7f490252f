"""Days and times as the reader writes them, in the time zone of this machine. Files for other programs keep ISO 8601."""

from __future__ import annotations

import re
from datetime import date, datetime
from typing import Literal

from rag.text import show_date
from rag.ui.texts import Language

FIELD: dict[Language, Literal["YYYY/MM/DD", "DD/MM/YYYY"]] = {"ja": "YYYY/MM/DD", "en": "DD/MM/YYYY"}
"""How a day is typed: Streamlit's fields take figures only."""
COLUMN: dict[Language, str] = {"ja": "YYYY年M月D日", "en": "D MMMM YYYY"}
"""A day in a table, which can still be sorted."""
MOMENT: dict[Language, str] = {"ja": "YYYY年M月D日 HH:mm:ss", "en": "D MMMM YYYY, HH:mm:ss"}
_ISO = re.compile(r"\d{4}-\d\d-\d\d")


def local(at: datetime) -> datetime:
    """A moment by the clock of this machine, for a column with the format ``MOMENT``: tables take the time as it is given."""
    return at.astimezone().replace(tzinfo=None)


def zone() -> str:
    """What this machine calls its time zone: JST."""
    return datetime.now().astimezone().tzname() or "UTC"


def moment(at: datetime, language: Language) -> str:
    """2026年11月25日 22:26:35, or 25 November 2026, 22:26:35, by the clock of this machine."""
    there = at.astimezone()
    return f"{plain(there.date(), language)}{' ' if language == 'ja' else ', '}{there:%H:%M:%S}"


def plain(day: date, language: Language) -> str:
    """A day without the year of its era, where there is little room."""
    return show_date(day, language).partition("（")[0]


def said(value: object, language: Language, *, era: bool = True) -> object:
    """A value in a sentence: a day in ISO form as the reader writes it, anything else as it is. In brackets it has no era."""
    if isinstance(value, str) and _ISO.fullmatch(value):
        try:
            day = date.fromisoformat(value)
            return show_date(day, language) if era else plain(day, language)
        except ValueError:
            return value
    return value
