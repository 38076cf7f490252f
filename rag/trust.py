"""Which of a library's revisions may be shown: those that are what the log says was published.

Light faults (states, sources) are known as soon as somebody has written to the registry. Contents are hashed before a passage is found and
when a text is loaded, once for each state of the registry's file; what does not match is remembered, so that it is not found again.
"""

from __future__ import annotations

import random
from collections.abc import Collection, Iterable

from rag.originals import Originals
from rag.registry import PUBLISHED, Registry, Revision
from rag.registry.proof import Mismatch, Part
from rag.registry.rows import placeholder

SAMPLE = 32
"""Revisions whose contents are hashed when a library is opened; others are when somebody asks for them."""
SAMPLE_BYTES = 32 * 2**20
"""Of their originals, no more than these."""


class Trust:
    """What of one registry does not follow from its log. Not safe to use from several threads: the library holds its lock."""

    def __init__(self, registry: Registry) -> None:
        self._registry = registry
        self._light: tuple[Mismatch, ...] = ()
        self._deep: dict[int, tuple[Mismatch, ...]] = {}
        """Number of a revision -> what of its contents does not match."""
        self._originals: tuple[Mismatch, ...] = ()
        self._sound: set[int] = set()
        """Numbers of revisions whose contents matched in the present state of the file."""
        self._bad: frozenset[int] = frozenset()
        self._held: list[Revision] = []
        self.changes = 0
        """Raised whenever other revisions are not to be trusted."""

    @property
    def bad(self) -> frozenset[int]:
        """Numbers of the revisions that are not shown."""
        return self._bad

    @property
    def held(self) -> list[Revision]:
        """Of these, what the log says is published: nothing else takes its place, and who may not see it may not see what it replaced."""
        return self._held

    def of(self, number: int) -> tuple[Mismatch, ...]:
        """What was found in a revision."""
        return tuple(one for one in self.known if one.number == number and one.part not in (Part.ORIGINAL, Part.GOLDEN))

    def of_document(self, document_id: str) -> tuple[Mismatch, ...]:
        """What was found in those revisions of a document that are published, by the log or in the table."""
        numbers = {one.number for one in self._held if one.document_id == document_id}
        return tuple(one for one in self.known if one.number in numbers and one.subject == document_id)

    @property
    def known(self) -> list[Mismatch]:
        """Everything found so far."""
        deep = [one for number in sorted(self._deep) for one in self._deep[number]]
        return list(dict.fromkeys([*self._light, *deep, *self._originals]))

    def refresh(self) -> bool:
        """Look again after somebody has written. True where other revisions are trusted now."""
        self._sound.clear()
        self._light = self._registry.checker.look().mismatches
        self._deep = {number: tuple(found) for number, found in self._registry.checker.prove(list(self._deep)).items()}
        return self._settled()

    def prove(self, numbers: Iterable[int]) -> frozenset[int]:
        """Those of these revisions that are not what the log says; each is hashed once for each state of the file."""
        asked = frozenset(numbers)
        if new := sorted(asked - self._sound - self._bad):
            found = self._registry.checker.prove(new)
            self._deep |= {number: tuple(some) for number, some in found.items()}
            self._sound |= {number for number in new if number not in found}
            if found:
                self._settled()
        return asked & self._bad

    def check(self, originals: Originals, *, deep: bool) -> None:
        """Hash the contents and originals of a sample of what is published, in bounded time; with ``deep`` of everything."""
        look = self._registry.checker.look(anew=deep)
        self._light = look.mismatches
        there = list(look.expected.revisions.values())
        if deep:
            found_in = self._registry.checker.prove([one.number for one in there])
            self._deep = {number: tuple(some) for number, some in found_in.items()}
        else:
            published = [one for one in there if one.state == PUBLISHED]
            there = random.sample(published, min(SAMPLE, len(published)))
            self.prove(one.number for one in there)
        self._settled()
        left = SAMPLE_BYTES
        found: dict[str, str] = {}
        for sha256 in dict.fromkeys(one.revision for one in there):
            if not deep and not 0 < originals.size(sha256) <= left:
                continue  # one that is gone is told by the deep check, and where somebody opens it
            left -= originals.size(sha256)
            found[sha256] = originals.damage(sha256)
        self._originals = tuple(
            Mismatch(part=Part.ORIGINAL, subject=one.document_id, number=one.number, revision=one.revision, level=one.level, detail=detail)
            for one in there
            if (detail := found.get(one.revision, ""))
        )

    def _settled(self) -> bool:
        bad = frozenset(one.number for one in self._light if one.part in (Part.STATE, Part.SOURCE)) | self._deep.keys()
        changed, self._bad = bad != self._bad, bad
        revisions = self._registry.checker.look().expected.revisions
        published = [one for number in sorted(bad) if (one := revisions.get(number)) is not None and one.state == PUBLISHED]
        self._held = [placeholder(one) for one in published]
        self.changes += changed
        return changed


def told(mismatches: Collection[Mismatch], clearance: int) -> tuple[list[Mismatch], int]:
    """Those that a reader may be told of by name, and how many others there are."""
    named = [one for one in mismatches if one.level <= clearance]
    return named, len(mismatches) - len(named)
