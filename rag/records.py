"""The nouns of Konkyo. Frozen, keyword-only, and dependent on nothing of ours.

What the data looks like at each stage::

    bytes + Source  -> Document -> Chunk -> Hit -> Citation -> Statement -> Answer
    (a file)           (read)      (cut)   (found) (verified)  (one sentence) (the reply)

Offsets count Unicode code points in ``Document.text``; ``span.cut(text)`` is the quoted text, always.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date
from enum import StrEnum

HIGHEST_LEVEL = 3
"""機密性3, the most restricted. Whatever has no level counts as this."""

Path = tuple[str, ...]
"""Where a passage stands: ("第二章 旅費", "第十二条", "第一項", "第二号") or ("3 Booking", "3.2 Rail")."""


class Kind(StrEnum):
    """What a document is, in order of authority: the first binds the most."""

    ACT = "act"
    ORDER = "order"
    ORDINANCE = "ordinance"
    DIRECTIVE = "directive"
    GUIDELINE = "guideline"
    CIRCULAR = "circular"
    MANUAL = "manual"
    QA = "qa"
    OTHER = "other"

    @property
    def authority(self) -> int:
        """0 for an act, rising as the force of the text falls."""
        return list(Kind).index(self)


class BlockKind(StrEnum):
    """What a block of text is. Only ``QUOTABLE`` kinds are ever quoted in an answer."""

    TITLE = "title"
    HEADING = "heading"
    CAPTION = "caption"
    ARTICLE = "article"
    PARAGRAPH = "paragraph"
    ITEM = "item"
    TEXT = "text"
    TABLE_ROW = "table_row"
    FORMER = "former"
    """What an amendment replaced (the column 改正前): shown beside what is in force, never found or quoted."""


QUOTABLE = frozenset({BlockKind.PARAGRAPH, BlockKind.ITEM, BlockKind.TEXT, BlockKind.TABLE_ROW})


@dataclass(frozen=True, kw_only=True, slots=True, order=True)
class Span:
    """A half-open range of characters, ``start <= i < end``."""

    start: int
    end: int

    def __post_init__(self) -> None:
        if not 0 <= self.start <= self.end:
            raise ValueError(f"a span needs 0 <= start <= end, got {self.start}..{self.end}")

    def cut(self, text: str) -> str:
        """The characters of ``text`` that this span names."""
        return text[self.start : self.end]

    def holds(self, other: Span) -> bool:
        """True where ``other`` lies inside this span."""
        return self.start <= other.start and other.end <= self.end


@dataclass(frozen=True, kw_only=True, slots=True)
class Box:
    """A rectangle on a page, in PDF points, origin at the bottom left."""

    left: float
    bottom: float
    right: float
    top: float


@dataclass(frozen=True, kw_only=True, slots=True)
class Source:
    """What is known of a file before it is read: who issued it, when it applies, who may read it."""

    uri: str
    """Where the file came from: a path relative to the folder that was added, or an address."""
    title: str = ""
    issuer: str = ""
    number: str = ""
    """令和七年公共サービス省訓令第三号"""
    kind: Kind = Kind.OTHER
    issued: date | None = None
    effective_from: date | None = None
    """First day on which the text applies (施行日). None: it has always applied."""
    effective_to: date | None = None
    """Last day on which the text applies. None: no end is known."""
    level: int | None = None
    """機密性 1, 2 or 3. None counts as the highest."""
    licence: str = ""
    language: str = ""
    """"ja", "en"; empty where nobody said."""
    replaces: str = ""
    """Id of the document that this one replaces."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Block:
    """A stretch of text of one kind, in reading order. Blocks do not overlap.

    Characters between blocks (numbers of paragraphs, line ends) belong to the text but are never quoted.
    """

    kind: BlockKind
    span: Span
    path: Path = ()
    page: int | None = None
    """1-based page of a paged document."""
    box: Box | None = None


@dataclass(frozen=True, kw_only=True, slots=True)
class Furniture:
    """Page furniture: a line that is no part of the text. A running head, a foot, a page number."""

    page: int
    """Counted from 1."""
    text: str


@dataclass(frozen=True, kw_only=True, slots=True)
class Document:
    """A file as read: its text once, and blocks that point into it."""

    id: str
    """Stable over revisions."""
    revision: str
    """sha256 of the file's bytes, in hex."""
    source: Source
    text: str
    blocks: tuple[Block, ...]
    pages: int = 0
    """Number of pages; 0 for formats without pages."""
    format: str = ""
    """Name of the reader: "pdf", "law-xml", "html", ..."""
    warnings: tuple[str, ...] = ()
    """What a person should look at: "page 3 has no text: a scan?"."""
    furniture: tuple[Furniture, ...] = ()
    """Lines of pages that are not in the text, in the order of the pages."""

    def head_rows(self, index: int) -> list[Block]:
        """The rows that name the columns of the table that block ``index``, a row, belongs to: as a rule the first; with it the next
        ones where its first cell reaches down over them, which is written again in each (職務の区分｜宿泊料, 職務の区分｜甲地方).

        A table is a run of rows at one path; an empty line between two rows ends it. A table of rows that all begin alike has one.
        """
        first = last = index
        while first and self.same_table(first - 1, first):
            first -= 1
        while last + 1 < len(self.blocks) and self.same_table(last, last + 1):
            last += 1
        names = [self.blocks[at].span.cut(self.text).partition("｜")[0] for at in range(first, last + 1)]
        alike = next((at for at, name in enumerate(names) if name != names[0]), len(names))
        return list(self.blocks[first : first + (alike if names[0] and alike < len(names) else 1)])

    def headings(self) -> dict[Path, str]:
        """Path -> heading, where its words say more than the last element of the path does: 問7 is only the number of a question,
        別表第一 that of a table."""
        found: dict[Path, str] = {}
        for block in self.blocks:
            if block.kind is BlockKind.HEADING and block.path:
                words = " ".join(block.span.cut(self.text).split())
                if len(words) > len(block.path[-1]):
                    found.setdefault(block.path, words)
        return found

    def same_table(self, one: int, other: int) -> bool:
        """True where two neighbouring blocks are rows of one table."""
        above, below = self.blocks[one], self.blocks[other]
        rows = above.kind is below.kind is BlockKind.TABLE_ROW
        return rows and above.path == below.path and self.text.count("\n", above.span.end, below.span.start) < 2


@dataclass(frozen=True, kw_only=True, slots=True)
class Chunk:
    """What is indexed and found: ``document.text[span.start:span.end] == text``."""

    id: int
    """The registry's number; 0 until it is registered."""
    document_id: str
    revision: str
    ordinal: int
    """0-based place in the document."""
    span: Span
    path: Path
    pages: tuple[int, ...]
    level: int
    text: str
    context: str = ""
    """Title, chapter and caption: indexed with the text, never quoted."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Hit:
    """A chunk that was found."""

    chunk: Chunk
    score: float
    """The fused score; only its order has a meaning."""
    rank: int
    """1 for the best."""
    found_by: Mapping[str, int]
    """Rank in each list that found it: {"keyword": 1, "vector-ja": 4}."""
    parts: Mapping[str, float] = field(default_factory=dict)
    """What each part of search gave to the score, which is their sum: {"keyword": 0.3, "vector-ja": 0.2, "graph": 0.1}; where asked for, by
    field of the keyword index in place of "keyword"."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Citation:
    """A quote that was verified against the stored revision."""

    number: int
    """1-based, as printed in the answer."""
    document_id: str
    revision: str
    span: Span
    quote: str
    path: Path
    page: int | None
    title: str
    uri: str


class Status(StrEnum):
    """How a statement is carried by its citations."""

    QUOTED = "quoted"
    SUPPORTED = "supported"
    PARTLY = "partly"


class Flaw(StrEnum):
    """What keeps a written sentence from being carried by its evidence."""

    NO_EVIDENCE = "no_evidence"
    """It names none."""
    UNKNOWN_EVIDENCE = "unknown_evidence"
    """It names a number that no evidence has."""
    WORDS = "words"
    """It says things that the evidence does not."""
    FIGURE = "figure"
    """A number, date, amount or its limit (以内, 以上, "at least") is another one, or is missing there."""
    MODALITY = "modality"
    """It says must where the evidence says may, or not where it does not."""
    SUBJECT = "subject"
    """Somebody else is to do it."""
    PROVISO = "proviso"
    """The exception that stands in the evidence is not said."""
    PROVISION = "provision"
    """It names a provision that is not the evidence's, and that the evidence does not name."""
    QUOTE = "quote"
    """What it puts in quotation marks is not in the evidence."""
    CONTRADICTED = "contradicted"
    """The entailment model says that the evidence contradicts it."""
    LANGUAGE = "language"
    """It is in a language in which the evidence is not, so it cannot be checked."""
    FORM = "form"
    """It is not a sentence: a link, a picture, code."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Lack:
    """Something that a written sentence says and its evidence does not, or the other way round."""

    flaw: Flaw
    words: str = ""
    """The words concerned: of the sentence, and for a proviso those of the evidence."""


@dataclass(frozen=True, kw_only=True, slots=True)
class LeftOut:
    """A sentence that the model wrote and that is not part of the answer."""

    text: str
    """Without links, pictures and markup."""
    lacks: tuple[Lack, ...]
    """Why: at least one."""


class Role(StrEnum):
    """What a statement does in an answer. An answer is in this order."""

    ANSWER = "answer"
    CONDITION = "condition"
    """Limits the answer or says when it applies: exceptions, conditions, definitions."""
    RELATED = "related"
    """Another provision on the same matter."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Statement:
    """One sentence of an answer, with the citations that carry it: at least one."""

    text: str
    citations: tuple[Citation, ...]
    status: Status = Status.QUOTED
    role: Role = Role.ANSWER
    decides: Span | None = None
    """Characters of ``text`` that decide a yes/no question, or the amount, number or date that was asked for."""
    folded: bool = False
    """True where it stands behind "more": the statements before it fill a screen."""
    missing: tuple[Lack, ...] = ()
    """Of a written sentence that is carried in part: what it does not say, or says without grounds."""

    def __post_init__(self) -> None:
        if not self.citations:
            raise ValueError("a statement needs at least one citation")
        if self.decides is not None and self.decides.end > len(self.text):
            raise ValueError("what decides must be characters of the statement")


class RefusalReason(StrEnum):
    """Why there is no answer."""

    EMPTY_QUESTION = "empty_question"
    EMPTY_LIBRARY = "empty_library"
    NOTHING_FOUND = "nothing_found"
    NOT_ANSWERED = "not_answered"
    NO_SUCH_PROVISION = "no_such_provision"


@dataclass(frozen=True, kw_only=True, slots=True)
class Refusal:
    """No answer: why, what was searched, and what stood nearest (never an answer)."""

    reason: RefusalReason
    documents: int
    """How many documents were searched."""
    terms: tuple[str, ...] = ()
    """The words that were looked for."""
    missing: tuple[str, ...] = ()
    """Those of them that no passage had."""
    nearest: tuple[Citation, ...] = ()
    suggestions: tuple[str, ...] = ()
    """Words of the library that stand near the question's: what else to ask for."""
    where: tuple[str, ...] = ()
    """Issuers of the documents that were searched."""


class PremiseKind(StrEnum):
    """What is wrong with what a question takes for granted."""

    NO_SUCH_PROVISION = "no_such_provision"
    DELETED_PROVISION = "deleted_provision"
    """Its number is kept (削除), its words are gone."""
    NOT_YET_IN_FORCE = "not_yet_in_force"
    NO_LONGER_IN_FORCE = "no_longer_in_force"
    REPLACED = "replaced"
    """Another document took its place."""
    NOT_IN_LIBRARY = "not_in_library"
    """A law that the question names is not among what the reader may see. Absent, or above the reader's level: it is said in one way."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Premise:
    """Something that a question takes for granted and that is not so: said before anything else."""

    kind: PremiseKind
    what: str
    """The document or provision, as the library calls it: 「職員旅費取扱規程 第九十九条」."""
    day: date | None = None
    """First day in force, last day in force, or the day from which another document took its place."""
    instead: str = ""
    """What took its place, or the last provision there is; empty where nothing is known."""


class StoodIn(StrEnum):
    """Why an answer is quoted although a language model was to write it."""

    UNREACHABLE = "unreachable"
    TIMEOUT = "timeout"
    KEY = "key"
    """The endpoint does not accept the key."""
    BUSY = "busy"
    """Too many requests, also after waiting."""
    FAILED = "failed"
    """The endpoint reports an error."""
    CUT = "cut"
    """The stream ended in the middle."""
    MALFORMED = "malformed"
    """What came is neither sentences with numbers nor JSON."""
    EMPTY = "empty"
    LANGUAGE = "language"
    """It wrote in another language than the documents'."""
    UNSUPPORTED = "unsupported"
    """No sentence that it wrote is carried by the evidence."""
    TOO_LONG = "too_long"
    """Not even the best passage fits into the model's context."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Usage:
    """What a language model was given and gave, over all attempts at one answer."""

    requests: int = 0
    prompt_tokens: int = 0
    """As the endpoint counts them; 0 where it does not say."""
    completion_tokens: int = 0


@dataclass(frozen=True, kw_only=True, slots=True)
class Answer:
    """The reply to a question: statements, or a refusal; never both, never neither."""

    id: str
    question: str
    as_of: date
    statements: tuple[Statement, ...] = ()
    refusal: Refusal | None = None
    premises: tuple[Premise, ...] = ()
    """What the question takes for granted and is not so; shown first, with statements and refusals alike."""
    answered: float | None = None
    """Estimated probability that the documents answer the question, 0 to 1; None where it was not asked."""
    hits: tuple[Hit, ...] = ()
    mode: str = "quote"
    """"quote", or "write" where a language model worded it."""
    model: str = ""
    """The language model that was asked, also where the quoted answer stands in."""
    prompts: str = ""
    """Version of the prompts that it was given."""
    usage: Usage | None = None
    stood_in: StoodIn | None = None
    """Why the answer is quoted although a model was asked."""
    left_out: tuple[LeftOut, ...] = ()
    """What the model wrote and the evidence does not carry: never part of the answer."""
    passages_left_out: int = 0
    """Passages that were found and did not fit into the model's context."""

    def __post_init__(self) -> None:
        if bool(self.statements) == (self.refusal is not None):
            raise ValueError("an answer is a list of statements or a refusal")


@dataclass(frozen=True, kw_only=True, slots=True)
class User:
    """Who is asking, and what that person may read."""

    id: str
    name: str
    clearance: int
    groups: tuple[str, ...] = ()
    roles: tuple[str, ...] = ()


@dataclass(frozen=True, kw_only=True, slots=True)
class Event:
    """An entry of the log."""

    at: str
    """UTC, in ISO form, as it was hashed."""
    user: str
    action: str
    """"publish", "retire", "correct", ..."""
    subject: str
    """Id of the document, or what else it was done to."""
    detail: str
    """JSON: the revision, the reason, what was found."""
    previous: str
    """Digest of the entry before."""
    digest: str


@dataclass(frozen=True, kw_only=True, slots=True)
class Filters:
    """Narrows a search to what the reader chose. Empty means no narrowing."""

    issuers: frozenset[str] = field(default_factory=frozenset)
    kinds: frozenset[Kind] = field(default_factory=frozenset)
    documents: frozenset[str] = field(default_factory=frozenset)
