"""Was the log touched? Its chain of digests says so for every entry; an anchor kept elsewhere says so for its end."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from rag.records import Event
from rag.registry.events import FIRST, faults


@dataclass(frozen=True, kw_only=True, slots=True)
class Anchor:
    """The end of the log at some moment. Whoever keeps it away from this machine can tell later that nothing before it was cut off."""

    entries: int
    digest: str

    def __str__(self) -> str:
        return f"{self.entries}:{self.digest}"

    @classmethod
    def read(cls, text: str) -> Anchor:
        """The anchor that ``str`` wrote.

        Raises:
            ValueError: it is none.
        """
        entries, _, end = text.strip().partition(":")
        return cls(entries=int(entries), digest=end)


def anchor(events: Sequence[Event]) -> Anchor:
    """The end of the log now."""
    return Anchor(entries=len(events), digest=events[-1].digest if events else FIRST)


def verify(events: Sequence[Event], kept: Anchor | None = None) -> list[str]:
    """What is wrong with the log, a sentence each; empty if nothing is.

    An entry that was changed, removed, added or moved breaks the chain. Entries cut off at the end leave a sound chain:
    that is what an anchor is for.
    """
    wrong: list[str] = []
    last = FIRST
    for number, event in enumerate(events, start=1):
        wrong += faults(number, event, last).values()
        last = event.digest
    if kept is not None and (len(events) < kept.entries or (kept.entries and events[kept.entries - 1].digest != kept.digest)):
        wrong.append(f"The log does not go on from the anchor of {kept.entries} entries: its end was cut off, or it was written anew.")
    return wrong
