"""An answer as a memo: what Word and Markdown files of it say, already in the reader's language, without any layout.

The screens word it (:func:`rag.ui.footnotes.memo`), ``word`` and ``markdown`` write it to a file.
"""

from __future__ import annotations

from dataclasses import dataclass

from rag.records import Span


@dataclass(frozen=True, kw_only=True, slots=True)
class Link:
    """Where something can be opened."""

    label: str
    address: str
    """http: or https:, nothing else."""

    def __post_init__(self) -> None:
        if not self.address.startswith(("http://", "https://")):
            raise ValueError(f"a link needs an address of http or https, got {self.address[:40]!r}")


@dataclass(frozen=True, kw_only=True, slots=True)
class Note:
    """A footnote: where a quote stands."""

    number: int
    """1 for the first that the memo refers to. The same place has the same number."""
    text: str
    """Document, number, provision, page, revision, in force from."""
    quote: str = ""
    """The document's own words, where the sentence that bears the note is not them."""
    links: tuple[Link, ...] = ()


@dataclass(frozen=True, kw_only=True, slots=True)
class Said:
    """A statement."""

    text: str
    notes: tuple[Note, ...]
    decides: Span | None = None
    """Characters of ``text`` that decide the question: printed bold."""
    remark: str = ""
    """What staff must check, where the grounds carry only a part."""
    question: str = ""
    """The question of a Q&A that it answers: printed above, since 「減りません。」 alone says nothing, or something else."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Section:
    """Statements of one role under a heading, or those that the screen folds away."""

    heading: str
    said: tuple[Said, ...]


@dataclass(frozen=True, kw_only=True, slots=True)
class Memo:
    """Everything that is printed, from the top down."""

    language: str
    """"ja" or "en"."""
    notice: str
    """What kind of answer this is: words of the documents, or written by an AI and to be checked."""
    warns: bool
    """True where the notice is a warning: an AI wrote it."""
    title: str
    """The question."""
    facts: tuple[tuple[str, str], ...]
    """As of which day, up to which level, made when and by which version."""
    premises: tuple[str, ...]
    """What the question takes for granted and is not so."""
    sections: tuple[Section, ...]
    notes_heading: str
    """The heading of the notes, for files that have no footnotes of their own."""

    @property
    def notes(self) -> tuple[Note, ...]:
        """Every note once, in the order of first use."""
        found = {note.number: note for section in self.sections for said in section.said for note in said.notes}
        return tuple(found.values())
