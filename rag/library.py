"""The library: registry, original files and both indexes, opened together from Settings.

It knows what may be seen on a given day and whether the indexes still find what the registry says they must. It writes
nothing but originals; :mod:`rag.ingest` is the only writer.
"""

from __future__ import annotations

import threading
from collections import OrderedDict
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from pathlib import Path

from rag.cross_encoder import Judge, Reader
from rag.embed import Embedder
from rag.errors import IndexDamaged, ModelError, NotAsPublished, SettingsError
from rag.index.forward import family
from rag.index.keyword import KeywordIndex
from rag.index.scope import Scope
from rag.meaning import Meaning, Model
from rag.model import Endpoint, LanguageModel
from rag.names import Abbreviations, Names
from rag.originals import Originals
from rag.provisions import Provisions
from rag.question import understand
from rag.records import HIGHEST_LEVEL, Chunk, Document, Filters, Kind, Source
from rag.registry import PUBLISHED, Registry, Revision, unknown
from rag.registry.proof import Mismatch
from rag.settings import Settings
from rag.static import StaticModel
from rag.text import fold
from rag.thesaurus import STARTER, Thesaurus, load
from rag.trust import Trust

CANARIES = 32
"""How many entries of each index are asked for when the library is opened."""
_KEPT_DOCUMENTS = 64
_KEPT_CHUNKS = 20_000
"""So many passages are remembered with their text between two publications."""
SHORTEST_TITLE = 3
"""Characters: a shorter title, as 民法, stands in too many other words to be taken for one."""
_KEPT_VIEWS = 16


@dataclass(frozen=True, kw_only=True, slots=True)
class Trouble:
    """Something that keeps the library from answering fully."""

    part: str
    """"keyword", "vector" or "model"."""
    message: str
    """What happened and what to do."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Sources:
    """Revisions as search needs them."""

    numbers: frozenset[int]
    """The registry's numbers of the revisions."""
    by_number: Mapping[int, tuple[str, Source]]
    """Number -> document id, and what is known of it."""
    families: Mapping[int, str] = field(default_factory=dict)
    """Number -> the title in normal form, without the address where a law is held article by article."""
    titles: Mapping[str, frozenset[int]] = field(default_factory=dict)
    """The other way about, of what has articles, the longest title first; without those too short to be told from other words."""


def _sources(visible: Sequence[Revision]) -> Sources:
    families = {revision.number: fold(family(revision.source.title)) for revision in visible}
    titles: dict[str, set[int]] = {}
    for revision in visible:
        # The title of a note without articles may be no more than its subject: 相続税 in a question is not its name.
        if revision.articles or fold(revision.source.title) != families[revision.number]:
            titles.setdefault(families[revision.number], set()).add(revision.number)
    ordered = sorted((name for name in titles if len(name) >= SHORTEST_TITLE), key=lambda name: (-len(name), name))
    return Sources(
        numbers=frozenset(families),
        by_number={revision.number: (revision.document_id, revision.source) for revision in visible},
        families=families,
        titles={name: frozenset(titles[name]) for name in ordered},
    )


class Library:
    """A library in ``settings.home``. Opening it makes an empty one where there is none.

    Safe to use from several threads. What another process publishes is seen at the next call.
    """

    def __init__(self, settings: Settings) -> None:
        self.settings = settings
        self.home = settings.home
        self.registry = Registry(self.home / "registry.sqlite3")
        self.originals = Originals(self.home)
        self.embedder = Embedder(settings.model, settings.model_download)
        self.japanese: Model = StaticModel()
        self.reader = Reader(settings.reranker, settings.model_download) if settings.reranker else None
        self.judge = Judge(settings.entailment, settings.model_download) if settings.entailment else None
        self.language_model = _language_model(settings)
        self._thesaurus: tuple[int, Thesaurus] | None = None
        self._abbreviations: tuple[int, Abbreviations] = (0, Abbreviations())
        self._names: dict[int, tuple[Sequence[Revision], Names]] = {}
        self._sources: dict[int, tuple[Sequence[Revision], Sources]] = {}
        self._visible: dict[tuple[int, date, Filters], list[Revision]] = {}
        self._provisions: dict[tuple[str, str], Provisions] = {}
        self._lock = threading.RLock()
        self._generation = -1
        self._version = -1
        self._trust = Trust(self.registry)
        self._every: list[Revision] = []
        self._published: list[Revision] = []
        self._of_document: dict[str, list[Revision]] = {}
        self._chunks: dict[int, tuple[Chunk, int]] = {}
        self._keyword: KeywordIndex | None = None
        self._meaning: Meaning | None = None
        self._documents: OrderedDict[tuple[str, str], tuple[int, Document]] = OrderedDict()

    def close(self) -> None:
        """Give the files back."""
        self.registry.close()
        self._keyword = self._meaning = None

    # ------------------------------------------------------------ what is there

    @property
    def keyword_folder(self) -> Path:
        """Where the keyword index lies."""
        return self.home / "index" / "keyword"

    @property
    def models(self) -> tuple[tuple[Model, Path], ...]:
        """The embedding models, each with the folder of its vectors. A text goes to the first that can read it."""
        index = self.home / "index"
        return (self.embedder, index / "vector"), (self.japanese, index / "vector-ja")

    @property
    def keyword(self) -> KeywordIndex:
        """The keyword index as of the last publication.

        Raises:
            IndexDamaged: it cannot be opened.
        """
        with self._lock:
            self.refresh()
            if self._keyword is None:
                self._keyword = KeywordIndex(self.keyword_folder)
            return self._keyword

    @property
    def meaning(self) -> Meaning:
        """The vector indexes as of the last publication.

        Raises:
            IndexDamaged: one cannot be opened.
        """
        with self._lock:
            self.refresh()
            if self._meaning is None:
                self._meaning = Meaning(self.models, self.registry.places)
            return self._meaning

    def names(self, visible: Sequence[Revision]) -> Names:
        """The names by which these documents are called; what a reader may not see has no name for that reader."""
        with self._lock:
            abbreviations = self.abbreviations.names  # forgets all names where the file has changed
            kept = self._names.get(id(visible))
            if kept is None or kept[0] is not visible:
                if len(self._names) >= _KEPT_VIEWS:
                    self._names.clear()
                sources = {revision.document_id: revision.source for revision in visible}
                defined = self.registry.references.defined({revision.number for revision in visible})
                kept = self._names[id(visible)] = visible, Names.of(sources, abbreviations, defined)
            return kept[1]

    def sources(self, visible: Sequence[Revision]) -> Sources:
        """What is known of these revisions, by number and by document."""
        with self._lock:
            kept = self._sources.get(id(visible))
            if kept is None or kept[0] is not visible:
                if len(self._sources) >= _KEPT_VIEWS:
                    self._sources.clear()
                kept = self._sources[id(visible)] = visible, _sources(visible)
            return kept[1]

    def provisions(self, document: Document) -> Provisions:
        """The addresses of a document, kept as long as the document itself."""
        key = (document.id, document.revision)
        with self._lock:
            kept = self._provisions.get(key)
            if kept is None or kept.document is not document:
                self._provisions = {k: v for k, v in self._provisions.items() if k in self._documents}
                kept = self._provisions[key] = Provisions.of(document)
            return kept

    @property
    def abbreviations(self) -> Abbreviations:
        """What people call laws and documents: abbreviations.toml in the library's home."""
        own = self.home / "abbreviations.toml"
        changed = own.stat().st_mtime_ns if own.is_file() else 0
        with self._lock:
            if self._abbreviations[0] != changed:
                self._abbreviations = (changed, Abbreviations.load(own))
                self._names.clear()
            return self._abbreviations[1]

    @property
    def thesaurus(self) -> Thesaurus:
        """What people say and what regulations write: the starter set, and thesaurus.toml in the library's home."""
        own = self.home / "thesaurus.toml"
        changed = own.stat().st_mtime_ns if own.is_file() else 0
        with self._lock:
            if self._thesaurus is None or self._thesaurus[0] != changed:
                self._thesaurus = (changed, load(STARTER, own))
            return self._thesaurus[1]

    def refresh(self) -> None:
        """Look again where somebody has written since: published, or changed by hand what stands there."""
        with self._lock:
            version = self.registry.checker.version
            if version == self._version:
                return
            generation = self.registry.generation
            changed = self._trust.refresh()
            self._version = version
            if generation != self._generation:
                self._every = self._look()
                # The same bytes may have got another level.
                self._documents.clear()
                self._chunks = {}
                # Chroma does not see what another process wrote until it is opened anew.
                self._keyword = self._meaning = None
                self._generation = generation
            elif not changed:
                return
            self._settle()

    def _settle(self) -> None:
        """What is published follows from what there is and what of it is trusted."""
        self._published = [revision for revision in self._every if revision.number not in self._trust.bad]
        self._of_document = {}
        for revision in self._published:
            self._of_document.setdefault(revision.document_id, []).append(revision)
        self._names.clear()
        self._sources.clear()
        self._visible.clear()

    def _look(self) -> list[Revision]:
        """What is published at the moment."""
        return self.registry.revisions(PUBLISHED)

    @property
    def published(self) -> list[Revision]:
        """Every published revision, oldest first, whatever its level and day; without those that are not what the log says."""
        with self._lock:
            self.refresh()
            return self._published

    def visible(self, *, clearance: int, as_of: date, filters: Filters) -> list[Revision]:
        """The revisions that a reader of this clearance sees on this day: of each document the one then in force.

        A document that another one in force replaces is not seen. A revision without a level counts as the highest.
        """
        with self._lock:
            self.refresh()
            key = (clearance, as_of, filters)
            if key not in self._visible:
                if len(self._visible) >= _KEPT_VIEWS:
                    self._visible.clear()
                self._visible[key] = self._in_force(clearance, as_of, filters)
            return self._visible[key]

    def _in_force(self, clearance: int, as_of: date, filters: Filters) -> list[Revision]:
        in_force: dict[str, Revision] = {}
        # What is not shown keeps its place all the same: the text that it replaced is in force no more.
        for revision in sorted([*self._trust.held, *self._published], key=lambda revision: revision.number):
            source = revision.source
            if source.effective_from and as_of < source.effective_from or source.effective_to and as_of > source.effective_to:
                continue
            rival = in_force.get(revision.document_id)
            if rival is None or (rival.source.effective_from or date.min) <= (source.effective_from or date.min):
                in_force[revision.document_id] = revision
        replaced = {revision.source.replaces for revision in in_force.values()}
        return [
            revision
            for revision in in_force.values()
            if revision.number not in self._trust.bad
            and revision.document_id not in replaced
            and (revision.source.level or HIGHEST_LEVEL) <= clearance
            and _chosen(revision, filters)
        ]

    def issuers(self, *, clearance: int, as_of: date) -> list[str]:
        """Issuers of the visible documents, sorted."""
        visible = self.visible(clearance=clearance, as_of=as_of, filters=Filters())
        return sorted({revision.source.issuer for revision in visible if revision.source.issuer})

    def kinds(self, *, clearance: int, as_of: date) -> list[Kind]:
        """Kinds of the visible documents, by authority."""
        visible = self.visible(clearance=clearance, as_of=as_of, filters=Filters())
        return sorted({revision.source.kind for revision in visible}, key=lambda kind: kind.authority)

    def chunks(self, ids: Sequence[int], scope: Scope) -> dict[int, Chunk]:
        """Chunks by id, only those inside ``scope``: whatever an index says, the registry decides."""
        with self._lock:
            self.refresh()
            kept = self._chunks
        rows = {id_: row for id_ in ids if (row := kept.get(id_)) is not None}
        if lacking := [id_ for id_ in ids if id_ not in rows]:
            read = self.registry.chunks(lacking)
            rows = {id_: row for id_ in ids if (row := rows.get(id_) or read.get(id_)) is not None}
            if len(kept) + len(read) > _KEPT_CHUNKS:
                kept.clear()
            kept.update(read)  # into what was current before they were read: after a publication nobody looks there
        inside = {id_: row for id_, row in rows.items() if row[1] in scope.revisions and row[0].level <= scope.clearance}
        bad = self._proven({revision for _, revision in inside.values()})
        return {id_: chunk for id_, (chunk, revision) in inside.items() if revision not in bad}

    def _proven(self, numbers: Collection[int]) -> frozenset[int]:
        """Those of these revisions that are not what the log says; from now on nobody finds them."""
        with self._lock:
            changes = self._trust.changes
            bad = self._trust.prove(numbers)
            if self._trust.changes != changes:
                self._settle()
            return bad

    def document(self, document_id: str, revision: str = "", *, clearance: int) -> Document:
        """A stored revision with its text and blocks; the newest, if no revision is named.

        Raises:
            UnknownDocument: there is none, or the reader may not see it (the same words for both).
            NotAsPublished: it is not what the log says was published.
        """
        with self._lock:
            self.refresh()
            kept = self._documents.get((document_id, revision)) if revision else None
            try:
                if kept is None:
                    kept = self._read(document_id, revision)
                    self._documents[(document_id, kept[1].revision)] = kept
                    while len(self._documents) > _KEPT_DOCUMENTS:
                        self._documents.popitem(last=False)
                elif self._proven([kept[0]]):
                    raise NotAsPublished(document_id, kept[0])
                if not revision and (odd := self._trust.of_document(document_id)):  # which one is the newest cannot be told
                    raise NotAsPublished(document_id, odd[0].number)
            except NotAsPublished as error:
                self._proven([error.number])
                own = max((one.level for one in self._trust.of(error.number)), default=HIGHEST_LEVEL)
                if self._level(document_id, revision, own) > clearance:
                    raise unknown(document_id, revision) from None
                raise
            if self._level(document_id, kept[1].revision, kept[1].source.level or HIGHEST_LEVEL) > clearance:
                raise unknown(document_id, revision)
            return kept[1]

    def _read(self, document_id: str, revision: str) -> tuple[int, Document]:
        return self.registry.numbered(document_id, revision)

    def _level(self, document_id: str, sha256: str, own: int) -> int:
        """What a reader needs. A revision that is no longer published is as secret as what took its place."""
        held = [one for one in self._trust.held if one.document_id == document_id]
        published = [*self._of_document.get(document_id, []), *held]
        if any(sha256 == revision.sha256 for revision in published):
            return own
        return max([own, *(revision.source.level or HIGHEST_LEVEL for revision in published)])

    # ------------------------------------------------------------ originals

    def original_file(self, sha256: str) -> Path:
        """Where the bytes with this sha256 are kept."""
        return self.originals.file(sha256)

    def original(self, document: Document) -> bytes:
        """The bytes that a document was read from. See :meth:`rag.originals.Originals.read`."""
        return self.originals.read(document.id, document.revision)

    def keep_original(self, data: bytes) -> str:
        """Store bytes under their sha256. See :meth:`rag.originals.Originals.keep`."""
        return self.originals.keep(data)

    @property
    def incoming(self) -> Path:
        """Where an original lies until it is complete."""
        return self.originals.incoming

    # ------------------------------------------------------------ health

    @property
    def changes(self) -> int:
        """Raised whenever other revisions are not to be trusted: an answer that was given before may stand on one of them."""
        with self._lock:
            self.refresh()
            return self._trust.changes

    def mismatches(self, *, sample: bool = False, deep: bool = False) -> list[Mismatch]:
        """What in the library is not what its log says, as far as it was looked at.

        Args:
            sample: hash some of the contents and originals, in bounded time.
            deep: hash all of them, and read the whole log anew.
        """
        with self._lock:
            self.refresh()
            if sample or deep:
                self._trust.check(self.originals, deep=deep)
                self._settle()
            return self._trust.known

    def troubles(self) -> list[Trouble]:
        """What is wrong with the indexes or the model; empty if all is well.

        Counts both indexes against the registry, and asks each for up to CANARIES entries that it must find.
        """
        chunks, embedded = self.registry.counts()
        found = []
        for part, check in (("keyword", self._check_keyword), ("vector", self._check_vector)):
            try:
                check(chunks, embedded)
            except IndexDamaged as error:
                found.append(Trouble(part=part, message=str(error)))
            except ModelError as error:
                found.append(Trouble(part="model", message=str(error)))
        return found

    def _check_keyword(self, chunks: int, _embedded: int) -> None:
        if chunks > self.keyword.count:
            raise IndexDamaged(f"The keyword index has {self.keyword.count} of {chunks} passages. Run: python -m rag rebuild")
        self.keyword.verify()
        asked = self.registry.sample(CANARIES)
        lost = [id_ for id_ in asked if not self.keyword.holds(id_)]
        if lost:
            raise IndexDamaged(
                f"The keyword index does not find {len(lost)} of {len(asked)} passages asked for. Run: python -m rag rebuild"
            )
        scope = Scope(clearance=HIGHEST_LEVEL, revisions=frozenset(revision.number for revision in self.published))
        for chunk, _ in self.registry.chunks(self.registry.sample(2)).values():
            # Reads the posting lists and the scores too, not only the identifiers.
            self.keyword.search(understand(chunk.text[:200]), scope, 5)

    def _check_vector(self, _chunks: int, embedded: int) -> None:
        if not embedded and not any(folder.exists() for _, folder in self.models):
            return
        if embedded > self.meaning.count:
            raise IndexDamaged(f"The vector index has {self.meaning.count} of {embedded} vectors. Run: python -m rag rebuild")
        scope = Scope(clearance=HIGHEST_LEVEL, revisions=frozenset(revision.number for revision in self.published))
        canaries = self.registry.canaries(CANARIES)
        lost = sum(not self.meaning.finds(chunk, vector, scope) for chunk, (_, vector) in canaries.items())
        if lost:
            raise IndexDamaged(f"The vector index does not find {lost} of {len(canaries)} passages asked for. Run: python -m rag rebuild")


def _chosen(revision: Revision, filters: Filters) -> bool:
    return (
        (not filters.issuers or revision.source.issuer in filters.issuers)
        and (not filters.kinds or revision.source.kind in filters.kinds)
        and (not filters.documents or revision.document_id in filters.documents)
    )


def _language_model(settings: Settings) -> LanguageModel | None:
    """The model that words answers; None where no endpoint is set, and answers are quoted."""
    if not settings.llm_url:
        return None
    if not settings.llm_url.startswith(("http://", "https://")):
        raise SettingsError("KONKYO_LLM_URL must begin with http:// or https://, as in http://127.0.0.1:8000/v1.")
    if not settings.llm_model:
        raise SettingsError("KONKYO_LLM_URL is set and KONKYO_LLM_MODEL is not. Name the model that the endpoint is to use.")
    return LanguageModel(
        Endpoint(
            url=settings.llm_url,
            model=settings.llm_model,
            key=settings.llm_key,
            azure_version=settings.llm_azure_version,
            proxy=settings.llm_proxy,
            seconds=settings.llm_seconds,
            attempts=settings.llm_attempts,
            context=settings.llm_context,
            output=settings.llm_output,
            stream=settings.llm_stream,
        )
    )
