"""What a reader wants to know, and how it is written in the address of the page, so that a reload asks the same again."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date

from rag.records import HIGHEST_LEVEL, Filters, Kind
from rag.search import LONGEST_QUESTION
from rag.ui.texts import LANGUAGES, Language

_LONGEST_VALUE = 200


@dataclass(frozen=True, kw_only=True, slots=True)
class Wanted:
    """A question with everything that decides its answer."""

    question: str = ""
    """As it was typed."""
    understood: str = ""
    """The question made whole from the conversation before it; empty where it stands by itself."""
    level: int
    """Show as this level: 1 to the reader's clearance."""
    as_of: date | None = None
    """The day whose law counts; None: today, whenever that is."""
    issuers: tuple[str, ...] = ()
    kinds: tuple[Kind, ...] = ()

    @property
    def asked(self) -> str:
        """What is searched for."""
        return self.understood or self.question

    @property
    def filters(self) -> Filters:
        """What the search is narrowed to."""
        return Filters(issuers=frozenset(self.issuers), kinds=frozenset(self.kinds))

    @property
    def narrowed(self) -> bool:
        """True where some documents are left out by choice."""
        return bool(self.issuers or self.kinds)


def read(address: Mapping[str, Sequence[str]], clearance: int) -> Wanted:
    """What an address asks for. Values that make no sense are passed over; a level above ``clearance`` becomes ``clearance``."""

    def first(name: str) -> str:
        return next(iter(address.get(name, ())), "")

    level = int(first("level")) if first("level") in map(str, range(1, HIGHEST_LEVEL + 1)) else clearance
    return Wanted(
        question=first("q")[:LONGEST_QUESTION].strip(),
        understood=first("as")[:LONGEST_QUESTION].strip() if first("q").strip() else "",
        level=min(level, clearance),
        as_of=_day(first("on")),
        issuers=tuple(sorted({value[:_LONGEST_VALUE] for value in address.get("issuer", ()) if value})),
        kinds=_kinds(address.get("kind", ())),
    )


def write(wanted: Wanted, clearance: int, language: Language) -> dict[str, str | list[str]]:
    """The address of what is wanted; what goes without saying is left out."""
    address: dict[str, str | list[str]] = {"lang": language}
    if wanted.question:
        address["q"] = wanted.question
        if wanted.understood:
            address["as"] = wanted.understood
    if wanted.as_of:
        address["on"] = wanted.as_of.isoformat()
    if wanted.level != clearance:
        address["level"] = str(wanted.level)
    if wanted.issuers:
        address["issuer"] = list(wanted.issuers)
    if wanted.kinds:
        address["kind"] = [kind.value for kind in wanted.kinds]
    return address


def language(address: Mapping[str, Sequence[str]], otherwise: Language) -> Language:
    """The language that an address names."""
    named = next(iter(address.get("lang", ())), "")
    return next((known for known in LANGUAGES if known == named), otherwise)


def _day(value: str) -> date | None:
    try:
        return date.fromisoformat(value)
    except ValueError:
        return None


def _kinds(values: Iterable[str]) -> tuple[Kind, ...]:
    return tuple(kind for kind in Kind if kind.value in set(values))
