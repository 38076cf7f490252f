"""The graph of references: what every published revision points to -> links between passages, stored in the registry.

Derived data. It is brought up to date after documents were published: what is new is read, and so is whatever names a document that
came, changed or went, so that a reference leads somewhere from the day on which its target is in the library. Each step is one
transaction that also notes which revisions are done: a killed run is finished by the next.
"""

from __future__ import annotations

import hashlib
import re
from bisect import bisect_right
from collections import OrderedDict
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import date

from rag import works
from rag.address import Address, Mention, show
from rag.library import Library
from rag.names import Names, plain
from rag.provisions import Provisions, address_of
from rag.records import HIGHEST_LEVEL, Path, Source, Span
from rag.references import ReferenceKind, pointing, resolve
from rag.registry import Revision
from rag.registry.references import Link, Written
from rag.text import language
from rag.works import Part, Work

_READS = 2
"""Raised when more is read from a text than before: then every text is read anew."""
_READ_AT_ONCE = 200
_STORE_AT_ONCE = 5_000
"""References that are stored in one transaction, or a few more."""
_KEPT = 300
"""Works whose provisions are kept while others point to them."""
_PASSAGES = 6
"""A reference to a long article leads to so many of its passages at most,"""
_PROVISIONS = 60
"""and one to a range to so many provisions."""
_POINTS = re.compile(
    r"第\s?[0-9０-９〇一二三四五六七八九十百千]|[0-9０-９一二三四五六七八九十百千]\s?条|[前次同本各二三四五六七八九十][条項号]"
    r"|別表|附則|付則|[0-9０-９][-－−‐.][0-9０-９]|[問QＱ]\s?[0-9０-９一二三四五六七八九十]|§"
    r"|(?i:\b(?:articles?|arts?\.|sections?|secs?\.|rules?|paragraphs?|paras?\.?|items?|questions?|appended tables?)\s*[(0-9])"
    r"|(?i:\b(?:preceding|following|same|that) (?:article|section|paragraph|item))|(?i:supplementary provision)"
)
"""A text without any of these has no address in it."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Linked:
    """What a run did."""

    revisions: int = 0
    """Revisions that were read."""
    references: int = 0
    """References found in them."""


def link(library: Library, progress: Callable[[int, int], None] = lambda done, total: None) -> Linked:
    """Bring the graph up to date with what is published. Call it while holding the write lock, as :class:`rag.ingest.Ingester` does.

    Args:
        progress: called with how many works are done, and of how many.
    """
    return _Linker(library).run(progress)


@dataclass(frozen=True, kw_only=True, slots=True)
class _Plan:
    """A work that is not loaded yet: a revision, or the pages of a work."""

    id: str
    revisions: tuple[Revision, ...]
    elements: tuple[str, ...] = ()
    """For pages: the element of each."""

    @property
    def source(self) -> Source:
        about = self.revisions[-1].source
        return replace(about, title=self.id, number="") if self.elements else about


@dataclass(frozen=True, kw_only=True, slots=True)
class _Loaded:
    work: Work
    provisions: Provisions
    places: dict[int, list[tuple[int, int, int]]]
    """Revision -> (start, end, id) of its chunks, in order."""

    def passage(self, place: int) -> tuple[Part, int] | None:
        """The part and the chunk that holds the character at ``place``; the next one, where it stands between two."""
        part = self.work.part_at(place)
        chunks = self.places[part.revision]
        after = bisect_right(chunks, place - part.start, key=lambda chunk: chunk[1])
        return (part, chunks[min(after, len(chunks) - 1)][2]) if chunks else None

    def targets(self, address: Address) -> Iterator[tuple[Part, int | None, Span]]:
        """Part, chunk and span in the part of the provision at ``address``."""
        provision = self.provisions.find(address)
        if provision is None:
            yield self.work.parts[0], None, Span(start=0, end=0)
            return
        if provision.span.start == provision.span.end:  # deleted: its place is kept
            part = self.work.part_at(provision.span.start)
            at = provision.span.start - part.start
            yield part, None, Span(start=at, end=at)
            return
        for part, span in self.work.cut(provision.span):
            inside = [chunk for start, end, chunk in self.places[part.revision] if start < span.end and span.start < end]
            yield from ((part, chunk, span) for chunk in inside[:_PASSAGES])


class _Linker:
    def __init__(self, library: Library) -> None:
        self._registry = library.registry
        self._store = library.registry.references
        self._published = library.published
        self._shelf = _plans(self._published)
        abbreviations = library.abbreviations.names
        self._names = Names.of({id: _newest(plans).source for id, plans in self._shelf.items()}, abbreviations)
        self._stamp = hashlib.sha256(repr((_READS, sorted(abbreviations.items()))).encode()).hexdigest()[:16]
        self._kept: OrderedDict[int, _Loaded] = OrderedDict()

    def run(self, progress: Callable[[int, int], None]) -> Linked:
        """See :func:`link`."""
        numbers = {revision.number for revision in self._published}
        done = self._store.linked()
        fresh, gone, rest = numbers - done, done - numbers, numbers & done
        stale = rest if self._store.stamp() != self._stamp else self._stale(fresh, gone, rest)
        if gone:
            self._store.forget(sorted(gone))
        todo = [
            plan for plans in self._shelf.values() for plan in plans if not (fresh | stale).isdisjoint(r.number for r in plan.revisions)
        ]
        linked = Linked()
        pile: list[Written] = []
        defined: list[tuple[int, str, str]] = []
        ready: list[int] = []
        for at, plan in enumerate(todo):
            if at % _READ_AT_ONCE == 0:
                progress(at, len(todo))
                some = todo[at : at + _READ_AT_ONCE]
                texts = dict(self._store.texts([revision.number for each in some for revision in each.revisions]))
            if any(self._points(texts[revision.number]) for revision in plan.revisions):
                pile += self._read(plan)
                defined += self._defined(plan)
            ready += [revision.number for revision in plan.revisions]
            if len(pile) >= _STORE_AT_ONCE or at + 1 == len(todo):
                self._store.replace(ready, pile, defined=defined)
                linked = Linked(revisions=linked.revisions + len(ready), references=linked.references + len(pile))
                pile, ready, defined = [], [], []
        if self._store.stamp() != self._stamp:
            self._store.replace([], [], stamp=self._stamp)
        if todo or gone:
            self._registry.bump()  # readers look again
        progress(len(todo), len(todo))
        return linked

    def _stale(self, fresh: set[int], gone: set[int], rest: set[int]) -> set[int]:
        """Of the revisions ``rest``, which were read before, those that name a document that came or went."""
        if not rest or not (fresh or gone):
            return set()
        came = {id: plans for id, plans in self._shelf.items() if any(r.number in fresh for plan in plans for r in plan.revisions)}
        titles = {_newest(plans).source.title for plans in came.values()}
        titles |= {revision.source.title for revision in self._registry.revisions() if revision.number in gone}
        pattern = Names.of({id: _newest(plans).source for id, plans in came.items()}).pattern
        found = {number for number, text in self._store.texts(sorted(rest)) if pattern and pattern.search(plain(text))}
        return found | (self._store.naming(titles) & rest)

    def _points(self, text: str) -> bool:
        return bool(_POINTS.search(text)) or bool(self._names.pattern and self._names.pattern.search(plain(text)))

    # ------------------------------------------------------------ reading one work

    def _load(self, plan: _Plan) -> _Loaded:
        key = plan.revisions[0].number
        if key in self._kept:
            self._kept.move_to_end(key)
            return self._kept[key]
        numbers = [revision.number for revision in plan.revisions]
        documents = self._registry.unproven(numbers)
        levels = [revision.source.level or HIGHEST_LEVEL for revision in plan.revisions]
        if plan.elements:
            pages = zip(plan.elements, (documents[number] for number in numbers), numbers, levels, strict=True)
            work = works.together(plan.id, pages)
        else:
            work = works.single(documents[numbers[0]], numbers[0], levels[0])
        loaded = self._kept[key] = _Loaded(work=work, provisions=Provisions.of(work.document), places=self._store.places(numbers))
        while len(self._kept) > _KEPT:
            self._kept.popitem(last=False)
        return loaded

    def _read(self, plan: _Plan) -> Iterator[Written]:
        """Every reference in a work."""
        here = self._load(plan)
        lang = "en" if language(here.work.document.text[:2_000]) == "en" else "ja"
        for block, mention, kind in pointing(here.work.document, self._names):
            from_ = here.passage(mention.span.start)
            if from_ is None:
                continue
            part, chunk = from_
            found = self._found(plan, here, block.path, mention)
            if found is None:
                continue
            name, addresses, targets = found
            span = Span(start=mention.span.start - part.start, end=mention.span.end - part.start)
            yield Written(
                revision=part.revision,
                chunk=chunk,
                span=span,
                place=_place(block.path, lang),
                kind=kind,
                name=name,
                address=_shown(addresses, lang) or ("" if name else mention.span.cut(here.work.document.text)),
                links=tuple(self._links(plan, part, block.path, kind, targets)),
            )

    def _defined(self, plan: _Plan) -> Iterator[tuple[int, str, str]]:
        """What a work calls other documents: (revision, short name, title)."""
        for short, title in self._names.within(self._load(plan).work.document).shorts().items():
            yield plan.revisions[0].number, short, title

    def _found(
        self, plan: _Plan, here: _Loaded, path: Path, mention: Mention
    ) -> tuple[str, tuple[Address, ...], list[tuple[_Plan, _Loaded, Address]]] | None:
        """What the target's document is called, the provisions, and where they are; None for a document that names itself."""
        home, standing = here.work.document.id, address_of(path)
        if mention.document == home or (mention.document is None and not mention.name):
            to = resolve(mention, standing, here.provisions)
            if to.exists:
                addresses = to.addresses[:_PROVISIONS]
                return ("", addresses, [(plan, here, address) for address in addresses]) if addresses else None
            inner = not (mention.address.part or mention.address.article or (mention.step and mention.step.unit == "条"))
            if inner and to.document and (around := here.provisions.undivided(standing)):
                return "", (around,), [(plan, here, around)]
            looks_like_a_heading = mention.address.part in ("第", "節", "通") and not mention.name
            return None if looks_like_a_heading else (to.name if to.document is None else "", to.addresses, [])
        ids = self._names.called(mention.name) or ((mention.document,) if mention.document else ())
        written = tuple(end for end in (mention.address, mention.until) if end and end != Address())
        found: list[tuple[_Plan, _Loaded, Address]] = []
        for other in [other for id in ids if id != home for other in self._shelf[id]]:
            there = self._load(other)
            to = resolve(replace(mention, document=other.id), standing, here.provisions, {other.id: there.provisions})
            if to.exists:
                found += [(other, there, address) for address in to.addresses[:_PROVISIONS] or (Address(),)]
        if home in ids and not found:
            return None
        addresses = tuple(dict.fromkeys(address for _, _, address in found if address != Address())) or written
        return mention.name, addresses, found

    def _links(
        self, plan: _Plan, part: Part, path: Path, kind: ReferenceKind, targets: Iterable[tuple[_Plan, _Loaded, Address]]
    ) -> Iterator[Link]:
        kinds: dict[str, str] = {}
        for other, there, address in targets:
            for to, chunk, span in there.targets(address):
                if other is plan:
                    means: str = kind
                elif (means := kinds.get(other.id, "")) == "":
                    means = kinds[other.id] = _kind(
                        plan.source, path, kind, other.source, there.work.document.text[to.start + span.start : to.start + span.end]
                    )
                yield Link(revision=to.revision, chunk=chunk, span=span, level=max(part.level, to.level), kind=means)


def _kind(lower: Source, path: Path, kind: ReferenceKind, upper: Source, text: str) -> str:
    """What a link to another document means: an order carries out what an act leaves to it, a circular explains."""
    if works.explains(lower, upper):
        return "explains"
    leaves = works.DELEGATES.get(works.kind_of(lower))
    transitional = bool(path) and path[0].startswith("附則")
    if kind == "cites" and leaves and not transitional and works.carries_out(lower, upper) and leaves.search(text):
        return "carries_out"
    return kind


def _shown(addresses: Sequence[Address], lang: str) -> str:
    """第三条; of several the first and the last."""
    if not addresses:
        return ""
    first, last = show(addresses[0], lang), show(addresses[-1], lang)
    return first if first == last else f"{first}{'、' if lang == 'ja' and len(addresses) == 2 else '～' if lang == 'ja' else ' – '}{last}"


_NOTES = "備考"


def _place(path: Path, lang: str) -> str:
    """Where a reference stands, in one line: 第三条第二項, 別表第三備考5."""
    if _NOTES in path:  # for its address they are paragraphs and items of the table, as one refers to them; nobody calls them so
        at = path.index(_NOTES)
        return show(address_of(path[:at]), lang) + _NOTES + "".join(element.strip(".．()（） ") for element in path[at + 1 :])
    return show(address_of(path), lang) or (path[-1] if path else "")


def _plans(published: Sequence[Revision]) -> dict[str, list[_Plan]]:
    """Id -> its revisions, oldest first; pages of one work together under the name of the work."""
    shelf: dict[str, list[_Plan]] = {}
    pages: dict[str, dict[str, tuple[str, Revision]]] = {}
    for revision in published:
        page = works.page(revision.source.title)
        if page is None:
            shelf.setdefault(revision.document_id, []).append(_Plan(id=revision.document_id, revisions=(revision,)))
            continue
        rival = pages.setdefault(page.work, {}).get(revision.document_id)
        if rival is None or _begins(rival[1]) <= _begins(revision):
            pages[page.work][revision.document_id] = (page.element, revision)
    for work, found in pages.items():
        elements, revisions = zip(*found.values(), strict=True)
        shelf.setdefault(work, []).append(_Plan(id=work, revisions=tuple(revisions), elements=tuple(elements)))
    return shelf


def _newest(plans: Sequence[_Plan]) -> _Plan:
    return max(plans, key=lambda plan: (_begins(plan.revisions[-1]), plan.revisions[-1].number))


def _begins(revision: Revision) -> date:
    return revision.source.effective_from or date.min
