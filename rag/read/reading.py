"""What every reader hands back, and how what a file says of itself fills what its giver left empty."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import date
from typing import TypedDict, Unpack

from rag.read.build import Builder
from rag.records import Block, Furniture, Kind, Source

READ = (
    "Read are: PDF, DOCX, XLSX, PPTX, CSV, HTML, Markdown, plain text and law XML of e-Gov; "
    "with Tesseract also pictures, with LibreOffice also DOC, XLS, PPT, RTF and OpenDocument."
)


@dataclass(frozen=True, kw_only=True, slots=True)
class Reading:
    """One file as one reader understood it."""

    text: str
    blocks: tuple[Block, ...]
    source: Source
    """The given source, with its empty fields filled from the file."""
    pages: int = 0
    """Number of pages; 0 for formats without pages."""
    warnings: tuple[str, ...] = ()
    """Short English sentences: what a person should look at."""
    furniture: tuple[Furniture, ...] = ()
    """Running heads, feet and page numbers."""

    @classmethod
    def of(
        cls, builder: Builder, source: Source, *, pages: int = 0, warnings: tuple[str, ...] = (), furniture: tuple[Furniture, ...] = ()
    ) -> Reading:
        """What ``builder`` holds, as a reading."""
        return cls(text=builder.text, blocks=tuple(builder.blocks), source=source, pages=pages, warnings=warnings, furniture=furniture)


class Found(TypedDict, total=False):
    """What a file may say of itself. None and "" mean that it does not say."""

    title: str
    issuer: str
    number: str
    kind: Kind
    issued: date | None
    effective_from: date | None
    language: str


def fill(source: Source, **found: Unpack[Found]) -> Source:
    """``source`` with its empty fields taken from ``found``; a value that was given always wins.

    ``Kind.OTHER`` counts as empty: it is what nobody has said yet.
    """
    values: Mapping[str, object] = found
    empty = {name: value for name, value in values.items() if value and getattr(source, name) in ("", None, Kind.OTHER)}
    return replace(source, **empty)  # type: ignore[arg-type]


# ---------------------------------------------------------------- what a number or a name says

_NUMBERED = (
    (re.compile("憲法|法律|太政官布告"), Kind.ACT),
    (re.compile("政令|勅令"), Kind.ORDER),
    (re.compile("省令|府令|庁令|規則"), Kind.ORDINANCE),
    (re.compile("訓令|規程"), Kind.DIRECTIVE),
    (re.compile("通達|通知|事務連絡"), Kind.CIRCULAR),
)


def kind_of(law_number: str) -> Kind:
    """What a document is, by its number: 令和三年法律第九百一号 is an act. ``Kind.OTHER`` where it does not say."""
    return next((kind for pattern, kind in _NUMBERED if pattern.search(law_number)), Kind.OTHER)


_REVISION = re.compile(r"[0-9]{3}[0-9A-Z]{12}_([0-9]{4})([0-9]{2})([0-9]{2})_[0-9A-Z]{15}(?![0-9A-Z])")


def revision_date(uri: str) -> date | None:
    """The day in force that e-Gov writes into a file's name, <law id>_<YYYYMMDD>_<amending law id>. None where there is none."""
    match = _REVISION.search(uri)
    try:
        return date(int(match[1]), int(match[2]), int(match[3])) if match else None
    except ValueError:
        return None
