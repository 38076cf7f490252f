"""Adding documents: the only writer of a library.

What is acknowledged (an Outcome handed out) survives a kill at any moment. A batch goes through in this order::

    registry: pending  ->  vectors in Chroma, terms in Tantivy side by side  ->  Tantivy: committed  ->  registry: published, all at once

A revision that was pending when the program died is dropped at the next start and read again. Whatever an index still
holds of it is never found, since the registry does not know it. A draft stops after "registry" and waits for a person;
publishing it later goes through the rest of the order.
"""

from __future__ import annotations

import hashlib
import json
import shutil
import time
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from types import TracebackType
from typing import Any

from filelock import FileLock, Timeout

from rag import holder, meaning, scratch, sources
from rag.chunk import chunk
from rag.errors import (
    DamagedFile,
    DiskFull,
    IndexDamaged,
    KonkyoError,
    LibraryError,
    LibraryLocked,
    NotAsPublished,
    ReadError,
    UnknownDocument,
)
from rag.index import keyword
from rag.index.keyword import KeywordWriter
from rag.known import Known
from rag.known import Outcome as Outcome
from rag.known import Result as Result
from rag.library import Library
from rag.link import link
from rag.meaning import Meaning
from rag.read.sandbox import Sandbox
from rag.read.wire import options_from_json
from rag.records import HIGHEST_LEVEL, Chunk, Document, Source
from rag.registry import CHECKED, DRAFT, PENDING, PUBLISHED, RETIRED, SUPERSEDED, Revision
from rag.registry.desk import Corrections, corrected
from rag.rights import level_of

BATCH_SECONDS = 10.0
SPARE_BYTES = 200 * 2**20
"""Room on the disk that must be left."""
_CANARY_EVERY = 50


@dataclass(frozen=True, slots=True)
class _Waiting:
    """A document that is read, waiting for its batch."""

    document: Document
    chunks: list[Chunk]
    result: Result


class Ingester:
    """Holds the write lock of a library and takes documents in. Use as a context manager.

    Args:
        clearance: what the person may read for whom this is done. What he may not change keeps its place; see :mod:`rag.rights`.
        draft: what is added waits for a person to check and publish it.
        user: who does this, for the log; the name of the account, if left out.

    Raises:
        LibraryLocked: another process is writing; the message says which.
    """

    def __init__(
        self,
        library: Library,
        *,
        clearance: int,
        progress: Callable[[str], None] = lambda stage: None,
        draft: bool = False,
        user: str = "",
    ) -> None:
        self._library = library
        self._progress = progress
        self._draft, self._clearance = draft, clearance
        self._by = user or holder.account()
        self._waiting: list[_Waiting] = []
        self._since = time.monotonic()
        # Not bound to a thread: a generator that is given up may be closed by another one.
        self._lock = FileLock(library.home / "writer.lock", thread_local=False)
        self._holder = library.home / "writer.json"
        self._writer: KeywordWriter | None = None
        self._meaning: Meaning | None = None
        self._known = Known((), clearance=clearance, drafts=draft)
        self._made: set[int] = set()
        """Numbers of revisions that this run registered. Its person may publish them even where he raised their level above his own."""
        self._corrections: Corrections = {}
        self._readings: Mapping[tuple[str, str], dict[str, Any]] = {}

    def __enter__(self) -> Ingester:
        try:
            self._lock.acquire(timeout=0.2)
        except Timeout:
            raise LibraryLocked(holder.said(self._holder)) from None
        except OSError as error:
            raise LibraryError(f"The folder {self._library.home} cannot be written ({error.strerror}). Check its rights.") from error
        try:
            _check_room(self._library.home, 0)
            self._holder.write_text(json.dumps(holder.me()), encoding="utf-8")
            shutil.rmtree(self._library.incoming, ignore_errors=True)  # left by one that was killed
            scratch.clear(self._library.home)
            self._corrections = self._library.registry.desk.corrections()
            self._readings = self._library.registry.desk.readings()
            self._known = Known(self._library.registry.revisions(), clearance=self._clearance, drafts=self._draft)
        except BaseException:
            self._lock.release()
            raise
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        try:
            if self._writer is not None:
                self._writer.__exit__(kind, error, trace)
        finally:
            self._holder.unlink(missing_ok=True)
            self._lock.release()

    @property
    def writer(self) -> KeywordWriter:
        """The keyword index's writer. What a run that died left half done is forgotten before the first use."""
        if self._writer is None:
            self._recover()
            self._writer = self._library.keyword.writer()
        return self._writer

    @property
    def meaning(self) -> Meaning:
        """The vector indexes, opened once for the whole run; the library's own are opened anew after each publication."""
        if self._meaning is None:
            self._meaning = self._library.meaning
        return self._meaning

    def _recover(self) -> None:
        registry = self._library.registry
        left = [revision.number for revision in registry.revisions(PENDING)]
        chunks, embedded = registry.counts()
        if left:
            self._forget(left)
            registry.drop(left)
        if self._library.keyword.count > chunks or self.meaning.count > embedded:
            # Killed after it published and before the indexes forgot what was replaced, or before it published what they had taken in.
            self._forget([revision.number for revision in registry.revisions(SUPERSEDED, RETIRED, DRAFT, CHECKED)])

    def _forget(self, numbers: Sequence[int]) -> None:
        """Take revisions out of both indexes."""
        with self._library.keyword.writer() as writer:
            for number in numbers:
                writer.remove(number)
            writer.commit()
        self._library.keyword.refresh()
        self.meaning.remove([chunk.id for number in numbers for chunk in self._library.registry.chunks_of(number)])

    # ------------------------------------------------------------ documents

    def add(self, document: Document) -> list[Outcome]:
        """Take a document in. Returns the outcomes that became durable: of this one and of those before it, or none yet.

        Raises:
            UnknownDocument: this person may not change the document of this id, or what it replaces.
            DiskFull: too little room to go on; what was acknowledged is safe.
        """
        self._known.rights.must_add(document.id, document.source.replaces)
        self._waiting.append(_Waiting(document, chunk(document), self._known.result(document.id)))
        self._known.note(document.revision, document.id, document.source)
        full = sum(len(waiting.chunks) for waiting in self._waiting) >= self._library.settings.batch
        return self.flush() if full or time.monotonic() - self._since > BATCH_SECONDS else []

    def flush(self) -> list[Outcome]:
        """Publish everything that waits, and return its outcomes."""
        self._since = time.monotonic()
        if not self._waiting:
            if self._writer is None and self._library.registry.revisions(PENDING):
                self._recover()
            return []
        _check_room(self._library.home, sum(len(waiting.document.text) for waiting in self._waiting) * 12)
        if not self._draft:
            _ = self.writer  # forgets what a run that died left half done
        batch, self._waiting = self._waiting, []
        state = DRAFT if self._draft else PENDING
        registered = self._library.registry.begin([(one.document, one.chunks) for one in batch], state, user=self._by)
        numbers = [number for number, _ in registered]
        if self._draft:
            self._made |= set(numbers)
        else:
            self._take_in([(item, number) for number, chunks in registered for item in chunks])
            self._unlist(self._library.registry.publish(numbers, user=self._by))
        self._library.registry.desk.drop_older_drafts(numbers)
        return _outcomes(batch)

    def _take_in(self, items: Sequence[tuple[Chunk, int]]) -> None:
        try:
            self._index(items)
        except IndexDamaged:
            _check_room(self._library.home, 0)  # a full disk is told as such
            raise

    def _unlist(self, numbers: Sequence[int]) -> None:
        """Revisions that are not published any more are not found any more, so a kill before or within this does no harm."""
        if not numbers:
            return
        for number in numbers:
            self.writer.remove(number)
        self.writer.commit()
        self.meaning.remove([item.id for number in numbers for item in self._library.registry.chunks_of(number)])

    def publish(
        self, numbers: Sequence[int], *, reasons: Mapping[int, str] | None = None, before: Callable[[], None] = lambda: None
    ) -> None:
        """Make drafts visible, all at once, through the same order as new documents. Killed anywhere, they are drafts or published.

        Args:
            reasons: number -> why, where something speaks against it.
            before: called when both indexes have them and nobody sees them yet; what it raises leaves them drafts.

        Raises:
            LibraryError: one of them is no draft any more, or this person may not read it.
            UnknownDocument: he may not change its document.
        """
        registry, writer = self._library.registry, self.writer
        if set(numbers) - self._may_read(numbers, DRAFT, CHECKED, RETIRED):
            raise LibraryError("Not all of these are drafts any more: somebody else published or dropped one meanwhile. Look again.")
        items = [(chunk, number) for number in numbers for chunk in registry.chunks_of(number)]
        _check_room(self._library.home, sum(len(chunk.text) for chunk, _ in items) * 12)
        registry.desk.unembed(numbers)
        for number in numbers:
            writer.remove(number)  # left by a publication that died
        try:
            self._take_in(items)
            before()
            gone = registry.publish(numbers, user=self._by, reasons=reasons)
        except KonkyoError:
            self._unlist(numbers)
            registry.desk.unembed(numbers)
            raise
        self._unlist(gone)
        registry.desk.drop_older_drafts(numbers)
        self.link()

    def retire(self, numbers: Sequence[int], *, reason: str, before: Callable[[], None] = lambda: None) -> None:
        """Take revisions back: from now on nobody finds them, and adding the same file again does not bring them in.

        Args:
            before: called while everybody still finds them; what it raises leaves them as they are.

        Raises:
            LibraryError: one of them is gone, or this person may not read it.
            UnknownDocument: he may not change its document.
        """
        if set(numbers) - self._may_read(numbers, PUBLISHED, DRAFT, CHECKED):
            raise LibraryError("Not all of these are there any more: somebody else retired or dropped one meanwhile. Look again.")
        before()
        self._unlist(self._library.registry.desk.retire(numbers, user=self._by, reason=reason))

    def _may_read(self, numbers: Sequence[int], *states: str) -> set[int]:
        """Those of these revisions that are in one of the states and that this person may read; he must be able to change them.

        Raises:
            UnknownDocument: he may not change one's document.
        """
        made, wanted = self._made, set(numbers)
        every = [r for r in self._library.registry.revisions(*states) if r.number in wanted]
        readable = [r for r in every if r.number in made or level_of(r) <= self._clearance]
        for revision in readable:
            self._known.rights.must_add(revision.document_id, revision.source.replaces)
        return {revision.number for revision in readable}

    def _index(self, items: Sequence[tuple[Chunk, int]]) -> None:
        """Chunks, each with the number of its revision, into both indexes, durably."""
        writer = self.writer
        with ThreadPoolExecutor(1, "words") as beside:  # words are written down while the models work
            words = beside.submit(_write_down, writer, items)
            vectors = self.meaning.add(items, lambda done, total: self._progress(f"reading for meaning: passage {done} of {total}"))
            self._library.registry.embedded(vectors, [chunk for n, chunk in enumerate(sorted(vectors)) if n % _CANARY_EVERY == 0])
            self._progress(f"writing down the words of {len(items)} passages")
            words.result()
        writer.commit()

    def rebuild(self, progress: Callable[[int, int], None]) -> int:
        """Make both indexes and the graph of references anew from the registry. Returns the number of passages.

        What is searched beside a passage, its title and headings, is taken from its document anew: a newer version may take more.
        Meanwhile the library answers from what is rebuilt so far. If it is stopped, run it again.
        """
        registry = self._library.registry
        registry.drop([revision.number for revision in registry.revisions(PENDING)])
        registry.forget_vectors()
        keyword.delete(self._library.keyword_folder)
        meaning.delete(self._library.models)
        registry.bump()
        total, done = registry.counts()[0], 0
        pile: list[tuple[Chunk, int]] = []
        for revision in registry.revisions(PUBLISHED):
            pile += [(item, revision.number) for item in self._with_context(revision)]
            if len(pile) >= self._library.settings.batch:
                self._index(pile)
                done, pile = done + len(pile), []
                progress(done, total)
        if pile:
            self._index(pile)
        progress(total, total)
        registry.bump()
        registry.references.clear()
        self.link()
        return total

    def _with_context(self, revision: Revision) -> list[Chunk]:
        """The passages of a revision with their context as it is made today; where they are cut otherwise today, as they were."""
        kept = self._library.registry.chunks_of(revision.number)
        try:
            document = self._library.registry.documents([revision.number])[revision.number]
        except NotAsPublished:
            return kept
        contexts = {piece.span: piece.context for piece in chunk(document)}
        renewed = [replace(item, context=contexts.get(item.span, item.context)) for item in kept]
        self._library.registry.renew_contexts({new.id: new.context for new, old in zip(renewed, kept, strict=True) if new != old})
        return renewed

    def mend(self) -> None:
        """Make the indexes anew where they are damaged: the registry has everything that they had.

        A kill while the vector index saves its graph leaves one; whoever adds documents next need not know.
        """
        if damaged := [trouble for trouble in self._library.troubles() if trouble.part != "model"]:
            self._progress(damaged[0].message)
            self.rebuild(lambda done, total: self._progress(f"making the indexes anew: passage {done} of {total}"))

    # ------------------------------------------------------------ files

    def add_files(self, found: Iterable[sources.Found], *, password: str = "") -> Iterator[Outcome]:
        """Read files in a child process each under limits, and take them in. Outcomes come as they become durable.

        A file that cannot be read is an outcome with its reason; the others go on. ``password`` opens encrypted ones; it is kept nowhere.
        """
        with self._sandbox() as sandbox:
            for item in map(self._known.own, found):
                self._progress(f"reading {item.source.uri}")
                try:
                    outcome = self._add_file(item, sandbox, password)
                except UnknownDocument as error:  # a correction says that it replaces what this person may not change
                    yield Outcome(name=item.source.uri, result=Result.FAILED, document_id=item.document_id, reason=str(error))
                    continue
                except ReadError as error:
                    yield Outcome(
                        name=item.source.uri, result=Result.FAILED, document_id=item.document_id, reason=error.reason, code=error.code
                    )
                    continue
                yield from outcome
        yield from self.flush()
        self.link()

    def _sandbox(self) -> Sandbox:
        settings = self._library.settings
        return Sandbox(
            seconds=settings.read_seconds,
            megabytes=settings.read_megabytes,
            file_megabytes=settings.file_megabytes,
            ocr_seconds=settings.ocr_seconds if settings.ocr else 0,
        )

    def link(self) -> None:
        """Work out what the passages point to, in everything that was published since the last time."""
        link(self._library, lambda done, total: self._progress(f"following references: document {done} of {total}"))

    def _add_file(self, item: sources.Found, sandbox: Sandbox, password: str = "") -> list[Outcome]:
        data = sandbox.load(item.file, name=item.source.uri)
        sha256 = hashlib.sha256(data).hexdigest()
        item = replace(item, source=corrected(item.source, item.document_id, sha256, self._corrections))
        if unchanged := self._known.unchanged(item, sha256):
            if unchanged.result is Result.UNCHANGED:
                self._library.keep_original(data)  # mends one that was lost or damaged
            return [unchanged]
        document = self._read(data, item.source, item.document_id, sandbox, password)
        self._library.keep_original(data)
        return self.add(document)

    def read_again(self, revision: Revision, password: str = "") -> Document:
        """The document in the kept bytes of a revision, read as people corrected it by now.

        Raises:
            ReadError: it cannot be read any more.
            UnknownDocument: its bytes are gone.
            NotAsPublished: what is known of it was changed by hand.
        """
        if revision.number in self._library.registry.checker.look().revisions:  # what is known of it would be taken from there
            raise NotAsPublished(revision.document_id, revision.number)
        data = self._library.originals.read(revision.document_id, revision.sha256)
        source = corrected(revision.source, revision.document_id, revision.sha256, self._corrections)
        with self._sandbox() as sandbox:
            return self._read(data, source, revision.document_id, sandbox, password)

    def _read(self, data: bytes, source: Source, document_id: str, sandbox: Sandbox, password: str = "") -> Document:
        sha256 = hashlib.sha256(data).hexdigest()
        document = sandbox.read_bytes(
            data,
            source=source,
            document_id=document_id,
            options=options_from_json(self._readings.get((document_id, sha256), {}), password),
            progress=lambda page, pages: self._progress(f"reading {source.uri}, page {page} of {pages}"),
        )
        if not _storable(document):
            raise DamagedFile(source.uri, "holds characters that are none (halves of surrogate pairs). Save it anew as UTF-8.")
        _check_room(self._library.home, len(data))
        return document


def _outcomes(batch: Sequence[_Waiting]) -> list[Outcome]:
    return [
        Outcome(
            name=waiting.document.source.uri,
            result=waiting.result,
            document_id=waiting.document.id,
            chunks=len(waiting.chunks),
            warnings=waiting.document.warnings,
        )
        for waiting in batch
    ]


def _write_down(writer: KeywordWriter, items: Sequence[tuple[Chunk, int]]) -> None:
    for item, number in items:
        writer.add(item, number)


def _storable(document: Document) -> bool:
    """False where a text holds halves of surrogate pairs, which no file or database takes."""
    try:
        json.dumps(
            [asdict(document.source), document.text, [block.path for block in document.blocks]], ensure_ascii=False, default=str
        ).encode()
    except UnicodeEncodeError:
        return False
    return True


def ingest(
    library: Library,
    paths: Sequence[Path],
    *,
    level: int | None = None,
    progress: Callable[[str], None] = lambda stage: None,
    draft: bool = False,
) -> Iterator[Outcome]:
    """Add files and folders for the person at this machine. See :meth:`Ingester.add_files`."""
    with Ingester(library, clearance=library.settings.clearance, progress=progress, draft=draft) as ingester:
        ingester.mend()
        yield from ingester.add_files(sources.find(paths, level))


def rebuild(library: Library, progress: Callable[[int, int], None] = lambda done, total: None) -> int:
    """Make both indexes anew from the registry. See :meth:`Ingester.rebuild`."""
    with Ingester(library, clearance=HIGHEST_LEVEL) as ingester:  # nothing of any document is changed
        return ingester.rebuild(progress)


def _check_room(home: Path, needed: int) -> None:
    free, wanted = shutil.disk_usage(home).free, needed + SPARE_BYTES
    if free < wanted:
        raise DiskFull(
            f"The disk of {home} has {free // 2**20} MB left and {wanted // 2**20} MB are needed. "
            "Make room and run again: it goes on where it stopped."
        )
