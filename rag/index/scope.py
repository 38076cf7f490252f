"""What a search may see. Both indexes take it as a required argument; there is no default and no way around it."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from rag.records import HIGHEST_LEVEL

NARROW = 64
"""Up to so many revisions the index itself looks only at them; a longer list is checked on what it finds."""

Found = tuple[int, float]
"""Number of a chunk, score."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Scope:
    """An allow-list: levels up to ``clearance``, and of those only ``revisions``."""

    clearance: int
    """1 to 3. A chunk without a level is stored as the highest."""
    revisions: frozenset[int]
    """The registry's numbers of the revisions that are published and apply on the day asked for."""

    @property
    def levels(self) -> tuple[int, ...]:
        """The levels that may be read."""
        return tuple(range(1, min(self.clearance, HIGHEST_LEVEL) + 1))

    @property
    def narrow(self) -> bool:
        """True where the revisions are few enough to be named in a query."""
        return len(self.revisions) <= NARROW


def fill(fetch: Callable[[int], Sequence[tuple[int, int, float]]], scope: Scope, limit: int) -> list[Found]:
    """The first ``limit`` entries inside ``scope``, by fetching more until there are enough or no more.

    Args:
        fetch: given k, the best k entries as (chunk, revision, score), best first.
    """
    wanted = limit
    while True:
        entries = fetch(wanted)
        kept = [(chunk, score) for chunk, revision, score in entries if revision in scope.revisions]
        if len(kept) >= limit or len(entries) < wanted:
            return kept[:limit]
        wanted *= 4
