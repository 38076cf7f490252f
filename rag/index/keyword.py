"""The keyword index: BM25 in Tantivy over terms that rag.terms makes.

Score of a chunk c for a question q, with k1 = 1.2 and b = 0.75 (Robertson and Zaragoza, "The Probabilistic Relevance
Framework: BM25 and Beyond", 2009), summed over the fields f with their weights w_f::

    score(c, q) = sum_f w_f * sum_{t in terms_f(q)} idf_f(t) * tf(t, c) * (k1 + 1) / (tf(t, c) + k1 * (1 - b + b * |c| / avg))

Tantivy's k1 and b are fixed. What that costs the keywords alone, on 400 questions of each set (notebooks/compare_words.py): k1 = 0.6 gives
nDCG@10 +.006 on tax questions, +.021 on captions, +.006 on general questions and on rules in English, -.010 on answers, -.002 on guides;
after the second stage, which counts what a passage has without its frequency, less than .003.

Each term of the question counts once, however often it stands there: a long question repeats its little words. In a large index
a term that more than a quarter of the chunks have is not looked for, in a very large one a bigram that a twentieth has (`COMMON`, `BIG`),
unless all terms of that field are such.
"""

from __future__ import annotations

import json
import math
import shutil
import struct
from collections.abc import Container, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType

import tantivy

from rag import terms
from rag.errors import IndexDamaged
from rag.index.damage import crc, told
from rag.index.forward import Passage, decode, encode
from rag.index.scope import Found, Scope, fill
from rag.question import Question
from rag.records import HIGHEST_LEVEL, Chunk

WEIGHTS: Mapping[str, float] = {"words": 1.0, "bigrams": 0.3, "head": 0.4, "head_bigrams": 0.1}
"""Fields and their weights. Words in dictionary form lead, character bigrams catch what the dictionary does not know. The first two
hold title, path, caption and text, the heads all but the text: a word there says what a passage is about. Measured: with the heads
nDCG@10 rises by .021 on tax questions, .006 on captions, .001 on general questions. With law, number, caption and text as fields apart the
keywords alone find less: .452 in place of .470 on tax questions, .568 in place of .640 on captions (notebooks/compare_words.py)."""

COMMON, MANY = 0.25, 4_000
"""From so many chunks on, a term that more than this share of them has is not looked for: it tells chunks apart least, and takes the
longest to follow. Measured on 400 questions of each set, with the share alone: nDCG@10 +.002 on tax questions, +.002 on rules in English,
+.001 on captions, unchanged on general questions and guides; at a tenth in place of a quarter it falls by .002 to .005."""

BIGRAMS = frozenset({"bigrams", "head_bigrams"})
RARER, BIG = 0.05, 50_000
"""From so many chunks on this is the share for bigrams, of which a question has more than of words; and passages that only vectors found
are scored by their words alone. Both halve the time on 250,000 passages. Measured where they can be, on 6,609 passages and 708 tax
questions: nDCG@10 .6025 and .6026 in place of .6027, Recall@100 .849 and .847 in place of .852."""

TIES = 16
"""Up to so many times the limit is looked at for passages of one score."""

_HEAP = 128_000_000
_RARITIES, _PASSAGES = 100_000, 20_000
"""So many idf and passages are remembered between two changes of the index."""


@dataclass(frozen=True, kw_only=True, slots=True)
class _Known:
    """What the index holds of a chunk beside its terms."""

    revision: int
    level: int
    passage: Passage


def _schema() -> tantivy.Schema:
    builder = tantivy.SchemaBuilder()
    for name in ("chunk", "revision", "level"):
        builder.add_integer_field(name, indexed=True, fast=True)
    for name in WEIGHTS:
        builder.add_text_field(name, tokenizer_name="whitespace", index_option="freq", stored=name == "head")
    builder.add_bytes_field("passage", stored=True)
    return builder.build()


class KeywordIndex:
    """A Tantivy index in one folder. Reading needs no lock; one process writes at a time.

    Raises:
        IndexDamaged: the folder holds an index that cannot be opened, or that other terms were put into.
    """

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        folder.mkdir(parents=True, exist_ok=True)
        self._stamp()
        with told("The keyword index cannot be opened", ValueError, OSError):
            self._index = tantivy.Index(_schema(), path=str(folder))
            self._searcher = self._index.searcher()
        self._rarity: dict[tuple[str, str], float] = {}
        self._known: dict[int, _Known] = {}

    def _stamp(self) -> None:
        """A new index is told by which terms it is made; one that was made by others finds nothing, without saying so."""
        stamp = self._folder / "terms"
        if not (self._folder / "meta.json").exists():
            stamp.write_text(terms.VERSION, encoding="ascii")
        elif not stamp.is_file() or stamp.read_bytes() != terms.VERSION.encode():
            raise IndexDamaged("The keyword index was made by another version of Konkyo. Run: python -m rag rebuild")

    def writer(self) -> KeywordWriter:
        """Start writing. Nothing is found until :meth:`KeywordWriter.commit`."""
        with told("The keyword index cannot be written", ValueError, OSError):
            return KeywordWriter(self._index)

    def refresh(self) -> None:
        """See what was committed since."""
        with told("The keyword index cannot be read", ValueError, OSError):
            self._index.reload()
            self._searcher = self._index.searcher()
            self._rarity, self._known = {}, {}

    @property
    def count(self) -> int:
        """Number of chunks in the index."""
        return self._searcher.num_docs

    @property
    def big(self) -> bool:
        """True where only what tells most is worth its time."""
        return self.count >= BIG

    def search(
        self, question: Question, scope: Scope, limit: int, among: Sequence[int] | None = None, off: Container[str] = ()
    ) -> list[Found]:
        """The best chunks for the terms of ``question`` inside ``scope``, best first; ties by number.

        Args:
            among: look only at these chunks; those that share no term with the question are left out all the same.
            off: fields that do not count.

        Raises:
            IndexDamaged: a file of the index is missing or torn.
        """
        schema = self._index.schema
        optional: list[tantivy.Query] = []
        for field in WEIGHTS:
            if field in off:
                continue
            asked = question.bigrams if field.endswith("bigrams") else question.words
            for term, weight in self._telling(field, asked).items():
                query = tantivy.Query.term_query(schema, field, term, "freq")
                optional.append(tantivy.Query.boost_query(query, weight * WEIGHTS[field]))
        if not optional or not scope.revisions or not limit:
            return []
        should = tantivy.Query.boolean_query([(tantivy.Occur.Should, query) for query in optional])
        must: list[tuple[tantivy.Occur, tantivy.Query]] = []
        if len(scope.levels) < HIGHEST_LEVEL:  # who may read everything asks without: Tantivy then passes over what cannot come first
            must.append((tantivy.Occur.Must, _unscored(tantivy.Query.term_set_query(schema, "level", list(scope.levels)))))
        if scope.narrow:
            must.append((tantivy.Occur.Must, _unscored(tantivy.Query.term_set_query(schema, "revision", sorted(scope.revisions)))))
        if among is not None:
            must.append((tantivy.Occur.Must, _unscored(tantivy.Query.term_set_query(schema, "chunk", list(among)))))
        query = tantivy.Query.boolean_query([(tantivy.Occur.Must, should), *must]) if must else should

        def fetch(wanted: int) -> list[tuple[int, int, float]]:
            hits = self._searcher.search(query, wanted, count=False).hits
            places = [place for _, place in hits]
            chunks = self._searcher.fast_field_values("chunk", places)
            revisions = self._searcher.fast_field_values("revision", places)
            return [
                (int(chunk or 0), int(revision or 0), float(score))
                for (score, _), chunk, revision in zip(hits, chunks, revisions, strict=True)
            ]

        with told("The keyword index cannot be read", ValueError, OSError):
            # Tantivy puts what has one score in the order of its files: where the limit cuts through such, more are fetched.
            wanted, found = limit, fill(fetch, scope, limit + 1)
            while wanted < limit * TIES and len(found) > wanted and found[-1][1] == found[limit - 1][1]:
                wanted *= 2
                found = fill(fetch, scope, wanted + 1)
        return sorted(found, key=lambda entry: (-entry[1], entry[0]))[:limit]

    def parts(self, question: Question, scope: Scope, among: Sequence[int], off: Container[str] = ()) -> dict[str, dict[int, float]]:
        """What each field, and "thesaurus", gave to the scores of :meth:`search`: name -> chunk -> score. Together they make the score."""
        own = question.only(added=False)
        parts = {field: dict(self.search(own, scope, len(among), among, {*WEIGHTS} - {field})) for field in WEIGHTS if field not in off}
        return parts | {"thesaurus": dict(self.search(question.only(added=True), scope, len(among), among, off))}

    def passages(self, chunks: Sequence[int], scope: Scope) -> dict[int, Passage]:
        """Those of the chunks that are inside ``scope``, as terms.

        Raises:
            IndexDamaged: a file of the index is missing or torn.
        """
        with told("The keyword index cannot be read", ValueError, OSError, KeyError, IndexError):
            return {chunk: known.passage for chunk, known in self._inside(chunks, scope)}

    def revisions(self, chunks: Sequence[int], scope: Scope) -> dict[int, int]:
        """Those of the chunks that are inside ``scope``, each with the registry's number of its revision."""
        with told("The keyword index cannot be read", ValueError, OSError, KeyError, IndexError):
            return {chunk: known.revision for chunk, known in self._inside(chunks, scope)}

    def _inside(self, chunks: Sequence[int], scope: Scope) -> Iterator[tuple[int, _Known]]:
        known, levels = self._known, scope.levels
        if lacking := [chunk for chunk in chunks if chunk not in known]:
            known = known | self._read(lacking)
            # Put in place as a whole, not changed: another thread may be reading the old one.
            self._known = known if len(known) <= _PASSAGES else {}
        for chunk in chunks:
            one = known.get(chunk)
            if one is not None and one.revision in scope.revisions and one.level in levels:
                yield chunk, one

    def _read(self, chunks: Sequence[int]) -> dict[int, _Known]:
        query, searcher = tantivy.Query.term_set_query(self._index.schema, "chunk", list(chunks)), self._searcher
        places = [place for _, place in searcher.search(_unscored(query), len(chunks), count=False).hits]
        columns = [searcher.fast_field_values(name, places) for name in ("chunk", "revision", "level")]
        found = {}
        for place, chunk, revision, level in zip(places, *columns, strict=True):
            stored = searcher.doc(place)
            passage = decode(stored["passage"][0], (stored["head"] or [""])[0])
            found[int(chunk or 0)] = _Known(revision=int(revision or 0), level=int(level or 0), passage=passage)
        return found

    def holds(self, chunk: int) -> bool:
        """True where the index has this chunk."""
        query = tantivy.Query.term_query(self._index.schema, "chunk", chunk)
        with told("The keyword index cannot be read", ValueError, OSError):
            return bool(self._searcher.search(query, 1, count=False).hits)

    def verify(self) -> None:
        """Compare every file with the checksum at its end, which Tantivy writes and does not look at.

        Raises:
            IndexDamaged: a file is not what was written.
        """
        before = b""
        while True:
            with told("The keyword index cannot be read", OSError, ValueError, KeyError, TypeError):
                meta = (self._folder / "meta.json").read_bytes()
                segments = {segment["segment_id"].replace("-", "") for segment in json.loads(meta)["segments"]}
                torn = [file.name for file in sorted(self._folder.iterdir()) if file.name.split(".")[0] in segments and not _sound(file)]
            if not torn:
                return
            if meta == before:
                raise IndexDamaged(f"The keyword index's file {torn[0]} was changed or torn. Run: python -m rag rebuild")
            before = meta  # a writer may have removed the file meanwhile: look once more

    def rarity(self, words: Iterable[str], field: str = "words") -> dict[str, float]:
        """Inverse document frequency of each word: ln(1 + (N - n + 0.5) / (n + 0.5)); for one that nothing has, its highest value."""
        total, known = self.count, self._rarity
        if len(known) > _RARITIES:
            known.clear()
        out = {}
        for word in words:
            rare = known.get((field, word))
            if rare is None:
                with told("The keyword index cannot be read", ValueError, OSError):
                    having = self._searcher.doc_freq(field, word)
                rare = known[field, word] = _idf(total, having)
            out[word] = rare
        return out

    def _telling(self, field: str, asked: Mapping[str, float]) -> Mapping[str, float]:
        """The terms that tell chunks apart; all of them where none does."""
        total = self.count
        if total < MANY:
            return asked
        rare, least = self.rarity(asked, field), _idf(total, total * (RARER if self.big and field in BIGRAMS else COMMON))
        return {term: weight for term, weight in asked.items() if rare[term] >= least} or asked

    def known(self, word: str) -> bool:
        """True where some chunk has the word, whoever may read it."""
        return self._searcher.doc_freq("words", word) > 0


class KeywordWriter:
    """Adds and removes chunks. Used as a context manager, it waits for Tantivy's threads at the end."""

    def __init__(self, index: tantivy.Index) -> None:
        # One thread: segments, and so scores, come out the same on every machine.
        self._writer = index.writer(_HEAP, 1)

    def __enter__(self) -> KeywordWriter:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        with told("The keyword index cannot be written", ValueError, OSError):
            self._writer.wait_merging_threads()

    def add(self, chunk: Chunk, revision: int) -> None:
        """Add a chunk under the registry's number of its revision."""
        document = tantivy.Document()
        document.add_integer("chunk", chunk.id)
        document.add_integer("revision", revision)
        document.add_integer("level", chunk.level)
        for prefix, part in (("", f"{chunk.context}\n{chunk.text}"), ("head_", chunk.context)):
            document.add_text(f"{prefix}bigrams", " ".join(terms.bigrams(part)))
        head, body = terms.words(chunk.context), terms.words(chunk.text)
        document.add_text("words", " ".join([*head, *body]))
        document.add_text("head", " ".join(head))
        document.add_bytes("passage", encode(chunk.context, head, body))
        self._writer.add_document(document)

    def remove(self, revision: int) -> None:
        """Remove every chunk of a revision."""
        self._writer.delete_documents_by_term("revision", revision)

    def commit(self) -> None:
        """Make what was added and removed durable and visible to searchers that refresh."""
        with told("The keyword index cannot be written", ValueError, OSError):
            self._writer.commit()


def delete(folder: Path) -> None:
    """Remove the index from the disk."""
    shutil.rmtree(folder, ignore_errors=True)


def _sound(file: Path) -> bool:
    # The end of each file: a JSON object with the CRC-32 of all before it, the object's length, a constant.
    try:
        size = file.stat().st_size
        with file.open("rb") as opened:
            opened.seek(max(0, size - 400))
            data = opened.read()
        length = struct.unpack("<II", data[-8:])[0]
        return bool(json.loads(data[-8 - length : -8])["crc"] == crc(file, size - length - 8))
    except (OSError, ValueError, KeyError, TypeError, struct.error):
        return False


def _idf(total: int, having: float) -> float:
    return math.log(1 + (total - having + 0.5) / (having + 0.5))


def _unscored(query: tantivy.Query) -> tantivy.Query:
    return tantivy.Query.const_score_query(query, 0.0)
