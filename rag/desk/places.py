"""Is a place that a golden question expects there? A document or a provision that does not exist can never be cited, so the question
would be wrong for ever and guard nothing."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from difflib import SequenceMatcher

from rag.errors import UnknownPlace
from rag.evaluate.golden import Place
from rag.library import Library
from rag.provisions import address_of
from rag.records import HIGHEST_LEVEL, Document
from rag.registry import CHECKED, DRAFT, PUBLISHED, Revision

NEAR = 5
"""So many that exist are named."""
_ALIKE = 0.5
"""Resemblance from which a name is near; see :class:`difflib.SequenceMatcher`."""


def check(library: Library, places: Iterable[Place], *, clearance: int) -> None:
    """Every place must be in a revision that is published or waits to be.

    Raises:
        UnknownPlace: one is not there, or this person may not see it; with what is near it.
    """
    seen = _seen(library, clearance)
    for place in places:
        mine = [revision for revision in seen if revision.document_id == place.document]
        if not mine:
            titles = {revision.document_id: revision.source.title for revision in seen}
            raise UnknownPlace(place.document, near=_near_documents(place.document, titles))
        texts = library.registry.documents([revision.number for revision in mine]).values()
        if place.page is not None:
            pages = max(document.pages for document in texts)
            if not any(block.page == place.page for document in texts for block in document.blocks):
                raise UnknownPlace(place.document, f"p{place.page}", near=[f"p1–p{pages}"] if pages else [])
        elif place.path and not any(place.names(element) for document in texts for block in document.blocks for element in block.path):
            raise UnknownPlace(place.document, place.path, near=_near_elements(place.path, texts))


def _seen(library: Library, clearance: int) -> list[Revision]:
    every = library.registry.revisions(PUBLISHED, DRAFT, CHECKED)
    return [revision for revision in every if (revision.source.level or HIGHEST_LEVEL) <= clearance]


def _near_documents(wanted: str, titles: Mapping[str, str]) -> list[str]:
    """Ids that are spelled like it, or whose titles are; the nearest first."""
    shares = {id: max(_share(wanted, id), _share(wanted, title)) for id, title in titles.items()}
    return [id for id in sorted(shares, key=lambda one: (-shares[one], one)) if shares[id] >= _ALIKE][:NEAR]


def _near_elements(wanted: str, texts: Iterable[Document]) -> list[str]:
    """Provisions of the same number in other writing (第12条, 第十二条), then those that are spelled like it."""
    elements = dict.fromkeys(element for document in texts for block in document.blocks for element in block.path)
    meant = address_of((wanted,))
    same = [one for one in elements if meant.article and address_of((one,)).article == meant.article]
    digits = re.findall(r"\d+", wanted)
    same += [one for one in elements if digits and re.findall(r"\d+", one) == digits]
    alike = sorted((one for one in elements if _share(wanted, one) >= _ALIKE), key=lambda one: -_share(wanted, one))
    return list(dict.fromkeys([*same, *alike]))[:NEAR]


def _share(one: str, other: str) -> float:
    return SequenceMatcher(None, one.casefold(), other.casefold()).ratio()
