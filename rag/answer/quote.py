"""Answering by quoting: which sentences of the hits answer, in which order. No model is needed, nothing is invented.

Each sentence s of a hit h is weighed, for a question q::

    relevance(s) = FOUND * score(h) / best score + COSINE * cos(q, caption and s)
        + COVERED * coverage(s) + KIN * kinship(s) + CAPTION * spoken of(caption) + DECIDES * decides(s)

(coverage, kinship and how much of the caption is spoken of: :mod:`rag.answer.relevance`; decides: :mod:`rag.answer.asks`). They are
taken greedily, each time the one with the highest relevance and what it newly covers of the question; one that repeats what was taken
is passed over. The answer leads with what answers most directly, then what limits it or explains its terms, then other provisions on
the matter.
"""

from __future__ import annotations

import re
from bisect import bisect_left
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace

from rag.answer.asks import Asks, asks, decides, deciding, for_all, for_meaning, for_the_text, lays_down
from rag.answer.candidates import (
    LONGEST_QUOTE,
    Candidate,
    candidates,
    complete,
    provision,
    whole_answer,
    whole_list,
    whole_table,
)
from rag.answer.definitions import definitions
from rag.answer.relevance import Kinship, Question
from rag.answer.verify import block_at, cite
from rag.records import QUOTABLE, Citation, Document, Hit, Role, Span, Statement
from rag.spelling import modern
from rag.terms import content_words, words
from rag.text import fold, language, number, sentences, width

HITS = 30
"""How many hits are looked at."""
MOST = 12
"""Pieces of evidence in an answer that the question finds, those behind "more" included."""
SCREEN = 1_000
"""Characters of an answer that are shown at once (a Latin letter counts half); the rest stands behind "more"."""
FIRST = 5
"""Statements that are shown at once, at most, but for what limits the first of them."""
DIRECT = 0.95
"""Evidence with less than this share of the best relevance is related, not an answer."""
ANSWERS = 3
"""Statements that answer; what comes after them is related."""
RELATED = 0.6
"""Evidence with less than this share of the best relevance is not quoted."""
AT_ONCE = 0.7
"""Related evidence with less than this share of the best relevance stands behind "more". Measured on the golden questions: of 4.7
statements before it .5 fewer, and an expected provision among them as often."""
LEAST = 3
"""Statements that are shown at once although they are no more than weakly related."""
COMPARED = 32
"""So many sentences, the most relevant by everything else, are compared as wholes: a transformer takes milliseconds for each."""
FOUND, COSINE, COVERED, KIN, CAPTION, DECIDES = 2.0, 1.0, 0.5, 1.0, 0.5, 0.1
"""CAPTION: without it 136 of 215 golden questions are answered with an expected provision first, with it 143; hit 196, and 198
(`python -m rag evaluate golden`)."""
NEW = 0.1
"""What it counts that a sentence covers all of the question that nothing before it covered."""
ANOTHER = 0.2
"""A second sentence of a passage must newly cover at least this share of the question: as a rule another provision says more."""
MARKED = 0.2
"""Words that decide are marked where their sentence covers at least this share of the question: a mark says that this is the answer."""
BESIDE = 3
"""Other provisions that are quoted beside one whose text was asked for."""
DEFINED = 2
"""Definitions added to an answer, at most."""

_LIMITS = re.compile(
    r"ただし、|に限り|に限る|を除く|を除き|の規定にかかわらず|この限りでない|適用しない|場合(?:には|は)?、[^。]*(?:ない|できません)。"
    r"|\b(?:unless|except|only if|however|notwithstanding|does not apply|do not apply)\b",
    re.IGNORECASE,
)
_DEFINES = re.compile(r"をいう。?[)）]?$|[\"”] means\b", re.IGNORECASE)
"""A definition explains what answers; alone it answers only who asks what a term means."""
_ANY = re.compile(r"のいずれか|\bany (?:one )?of the following\b", re.IGNORECASE)
_ALL = re.compile(r"のいずれにも|の(?:全て|すべて)に|\b(?:all|each) of the following\b", re.IGNORECASE)
_TAKES_UP = re.compile(r"前([二三四五六])?項")
_ON_THE_ONE_BEFORE = re.compile(r"\s*(?:前項|前二項|前各項|前条|the preceding|paragraph \(\d+\) does not)", re.IGNORECASE)


Places = Sequence[tuple[str, Span]]
"""Ids of documents, and characters of each."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Evidence:
    """A sentence that was chosen, and what it does in the answer."""

    document: Document
    spans: tuple[Span, ...]
    """What is quoted: usually one span; an item has that of its announcement first."""
    relevance: float
    role: Role = Role.ANSWER
    decides: Span | None = None
    """Characters of the quotes, joined by line ends, that decide what was asked."""

    @property
    def text(self) -> str:
        """What is quoted, a line for each span."""
        return "\n".join(span.cut(self.document.text) for span in self.spans)


@dataclass(frozen=True, kw_only=True, slots=True)
class Weighed:
    """A candidate with its relevance and the parts of it, which also tell whether there is an answer at all."""

    candidate: Candidate
    relevance: float
    coverage: float
    """Of the sentence alone."""
    kinship: float
    """Of the sentence with its title and headings."""
    cosine: float
    """Of the sentence with the last of its headings."""
    decides: bool


def weigh(question: Question, hits: Sequence[Hit], load: Callable[[Hit], Document]) -> list[Weighed]:
    """Every sentence of the first HITS hits with its relevance, in the order of the hits and of the text."""
    found = [_with_written(question, each) for each in candidates(hits[:HITS], load)]
    if not found:
        return []
    wanted = asks(question.text)
    headings = {hit.chunk.id: frozenset(words(hit.chunk.context)) for hit in hits[:HITS]}
    captions = {hit.chunk.id: frozenset(content_words(_caption(hit))) for hit in hits[:HITS]}
    kin = Kinship(question, (word for each in found for word in each.words | headings[each.hit.chunk.id]))
    best = max((hit.score for hit in hits), default=0.0) or 1.0
    weighed = []
    for each in found:
        coverage, kinship = question.coverage(each.words), kin(each.words | headings[each.hit.chunk.id])
        met = decides(wanted, each.text)
        caption = question.speaks_of(captions[each.hit.chunk.id])
        relevance = FOUND * each.hit.score / best + COVERED * coverage + KIN * kinship + CAPTION * caption + DECIDES * met
        weighed.append(Weighed(candidate=each, relevance=relevance, coverage=coverage, kinship=kinship, cosine=0.0, decides=met))
    compared = sorted(range(len(weighed)), key=lambda at: -weighed[at].relevance)[:COMPARED]
    for at, cosine in zip(compared, question.cosines([_with_heading(weighed[at].candidate) for at in compared]), strict=True):
        weighed[at] = replace(weighed[at], cosine=cosine, relevance=weighed[at].relevance + COSINE * cosine)
    return weighed


def _with_written(question: Question, each: Candidate) -> Candidate:
    return replace(each, words=each.words | _written(question, each.text))


def _written(question: Question, text: str) -> set[str]:
    """Those terms of the question that stand there as they were written: Sudachi cuts 係長 in 又は係長の in two, and 祖父母 is no 祖父
    to it."""
    plain = modern(fold(text))
    return {term for term, surface in question.written if surface in plain}


def choose(question: Question, weighed: Sequence[Weighed], named: Places = (), beside: str = "") -> list[Evidence]:
    """The sentences that answer, what limits or explains them, and what is related: in this order. Empty where there are none.

    The provisions that the question names answer before all others; whole, where it asks for nothing but their text.

    Args:
        named: where the provisions stand that the question names.
        beside: the question without the words that name them.
    """
    taken = _taken(question, weighed)
    if not taken:
        return []
    inside = sorted((each for each in weighed if _stands_in(each.candidate, named)), key=lambda each: -each.relevance)
    taken = [*(each for each in inside[:1] if each not in taken), *taken]
    documents = {each.candidate.document.id: each.candidate.document for each in weighed}
    if text := _text_of(named, beside, documents):
        others = [each for each in taken if not _stands_in(each.candidate, named)][:BESIDE]
        return _distinct([*text, *(_evidence(question, each, Role.RELATED, ()) for each in others)])
    rules = [each for each in taken if each in inside] or [each for each in taken if not _DEFINES.search(each.candidate.text)] or taken
    best = max(each.relevance for each in rules)
    direct = [each for each in rules if each.relevance >= DIRECT * best][:ANSWERS]
    wanted = asks(question.text)
    direct.sort(
        key=lambda each: (
            each.candidate.document.source.kind.authority,
            not lays_down(wanted, each.candidate.text),
            -each.relevance,
        )
    )
    meanings = _meanings(question, weighed)
    direct = [*meanings, *(each for each in direct if each not in meanings)][:ANSWERS]
    laid_down = [(each, _taken_up(each, weighed)) for each in direct]
    direct = [one for each, before in laid_down for one in before or [each]]
    whole = for_all(question.text)
    answers = [_evidence(question, each, Role.ANSWER, wanted, whole=whole and each not in meanings) for each in direct]
    conditions = [_evidence(question, each, Role.CONDITION, wanted) for each, before in laid_down if before]
    related: list[Evidence] = []
    homes = {(each.candidate.document.id, each.candidate.hit.chunk.path) for each in direct}
    for each in taken:
        if each not in direct:
            limits = (each.candidate.document.id, each.candidate.hit.chunk.path) in homes and bool(_LIMITS.search(each.candidate.text))
            (conditions if limits else related).append(_evidence(question, each, Role.CONDITION if limits else Role.RELATED, wanted))
    for each in direct:
        conditions += _limits_of(each)
    conditions += _definitions_for(question, answers)
    return _distinct([*answers, *conditions, *related])


def _text_of(named: Places, beside: str, documents: Mapping[str, Document]) -> list[Evidence]:
    """The provisions whose text is asked for, paragraph by paragraph; nothing where something else is asked for."""
    places = [(documents[id_], span) for id_, span in named if id_ in documents]
    if not places or not for_the_text(beside, [document.source.title for document, _ in places]):
        return []
    pieces = [(document, spans) for document, span in places for spans in provision(document, span)][:MOST]
    return [
        Evidence(document=document, spans=spans, relevance=float(len(pieces) - at), role=Role.ANSWER)
        for at, (document, spans) in enumerate(pieces)
    ]


def statements(chosen: Sequence[Evidence]) -> list[Statement]:
    """Each piece of evidence as a statement; citations are numbered through the answer. What fills more than a screen is folded, and
    stands behind what is not."""
    shown = _shown(chosen)
    made: list[Statement] = []
    number = 0
    for evidence in (*shown, *(evidence for evidence in chosen if evidence not in shown)):
        citations: list[Citation] = []
        for span in evidence.spans:
            number += 1
            citations.append(cite(evidence.document, span, number))
        text = "\n".join(citation.quote for citation in citations)
        folded = len(made) >= len(shown)
        made.append(Statement(text=text, citations=tuple(citations), role=evidence.role, decides=evidence.decides, folded=folded))
    return made


def _shown(chosen: Sequence[Evidence]) -> list[Evidence]:
    """What fits on a screen: what answers, one piece that limits it, then what is most relevant; in the order of the answer."""
    limit = next((evidence for evidence in chosen if evidence.role is Role.CONDITION and evidence.relevance > 0), None)
    rest = sorted(chosen, key=lambda evidence: (evidence.role is not Role.ANSWER, -evidence.relevance))
    shown: list[Evidence] = []
    filled = 0.0
    best = max((evidence.relevance for evidence in chosen), default=0.0)
    rest = [one for at, one in enumerate(rest) if at < LEAST or one.role is not Role.RELATED or one.relevance >= AT_ONCE * best]
    for evidence in sorted(rest, key=lambda evidence: evidence.role is not Role.ANSWER and evidence is not limit):
        size = width(evidence.text)
        if shown and filled + size > SCREEN:
            continue
        if len(shown) - (limit in shown) < FIRST or evidence is limit:
            shown.append(evidence)
            filled += size
    return [evidence for evidence in chosen if evidence in shown]


def nearest(weighed: Sequence[Weighed], limit: int) -> list[Citation]:
    """What comes nearest in each of the first passages, to be shown as not an answer."""
    best: dict[int, Weighed] = {}
    for each in weighed:
        id_ = each.candidate.hit.chunk.id
        if id_ not in best or each.relevance > best[id_].relevance:
            best[id_] = each
    found = list(best.values())[:limit]
    return [cite(each.candidate.document, each.candidate.spans[-1], number) for number, each in enumerate(found, 1)]


def _taken(question: Question, weighed: Sequence[Weighed]) -> list[Weighed]:
    """Greedily the most relevant that add something, at most MOST."""
    total = sum(question.weights.values()) or 1.0
    left = sorted((each for each in weighed if each.kinship > 0 or each.cosine > 0), key=lambda each: -each.relevance)
    least = RELATED * left[0].relevance if left else 0.0
    left = [each for each in left if each.relevance >= least]
    taken: list[Weighed] = []
    covered: set[str] = set()
    passages: set[int] = set()
    while left and len(taken) < MOST:
        new = [sum(weight for term, weight in question.weights.items() if term in each.candidate.words - covered) / total for each in left]
        gains = [each.relevance + NEW * share for each, share in zip(left, new, strict=True)]
        best = gains.index(max(gains))
        each, adds = left.pop(best), new[best]
        again = each.candidate.hit.chunk.id in passages
        if again and adds < ANOTHER or any(_repeats(each.candidate, other.candidate) for other in taken):
            continue
        taken.append(each)
        covered |= each.candidate.words
        passages.add(each.candidate.hit.chunk.id)
    return taken


def _stands_in(candidate: Candidate, named: Places) -> bool:
    return any(id_ == candidate.document.id and span.holds(candidate.spans[-1]) for id_, span in named)


def _evidence(question: Question, each: Weighed, role: Role, wanted: tuple[Asks, ...], *, whole: bool = False) -> Evidence:
    candidate = replace(each.candidate, spans=_in_full(question, each.candidate, role, whole=whole))
    decisive = deciding(wanted, candidate.text, tuple(question.surfaces)) if role is Role.ANSWER else None
    if decisive is not None and question.coverage(words(_sentence_at(candidate.text, decisive))) < MARKED:
        decisive = None
    spans = whole_answer(candidate)
    if decisive is not None:
        moved = candidate.spans[0].start - spans[0].start
        decisive = Span(start=decisive.start + moved, end=decisive.end + moved)
    return Evidence(document=candidate.document, spans=spans, relevance=each.relevance, role=role, decides=decisive)


def _sentence_at(text: str, inside: Span) -> str:
    """The sentence of a text that some characters stand in; of a table all of it, since a cell says nothing alone."""
    if "｜" in text:
        return text
    found = sentences(text, Span(start=0, end=len(text)))
    return next((span.cut(text) for span in found if span.start <= inside.start < span.end), text)


def _in_full(question: Question, candidate: Candidate, role: Role, *, whole: bool) -> tuple[Span, ...]:
    """With the other items of a list that must all be met: one of them is not the condition. What answers, with the others of a list of
    which any one is enough, or it reads as the only case. An item that answers, and a row, of which the question says nothing, with all.

    Args:
        whole: so are the items of every list that answers.
    """
    if len(candidate.spans) < 2:
        return candidate.spans
    above = candidate.spans[0].cut(candidate.document.text)
    if _ALL.search(above):
        return whole_list(candidate, LONGEST_QUOTE, flat=False)
    named = _names_it(question, candidate)
    if role is Role.ANSWER and (whole or not named or _ANY.search(above)):
        return whole_list(candidate) if named else whole_table(replace(candidate, spans=whole_list(candidate)))
    return candidate.spans if named else whole_table(candidate)


def _names_it(question: Question, candidate: Candidate) -> bool:
    """True where a term of the question stands in an item or a row, and neither in what announces it nor in the headings."""
    *above, own = (span.cut(candidate.document.text) for span in candidate.spans)
    beside = {word for text in (*above, candidate.hit.chunk.context) for word in (*words(text), *_written(question, text))}
    said = {*words(own), *_written(question, own)} - beside
    return any(question.has(term, said) for term in question.weights)


def _with_heading(candidate: Candidate) -> str:
    return f"{_caption(candidate.hit)}\n{candidate.text}"


def _caption(hit: Hit) -> str:
    """The last of the headings above a passage."""
    return hit.chunk.context.rpartition("\n")[2]


def _meanings(question: Question, weighed: Sequence[Weighed]) -> list[Weighed]:
    """The definitions of terms that the question asks the meaning of, the longest term first."""
    if not for_meaning(question.text):
        return []
    found: list[tuple[int, Weighed]] = []
    for each in weighed:
        here = [term for term, span in definitions(each.candidate.document).items() if span.holds(each.candidate.spans[-1])]
        found += [(len(term), each) for term in here if _has(question.text, term)]
    return [each for _, each in sorted(found, key=lambda pair: -pair[0])][:1]


def _taken_up(each: Weighed, weighed: Sequence[Weighed]) -> list[Weighed]:
    """What decides in the paragraphs that a sentence takes up without deciding anything itself: 前二項の期間内に請求をしないときは、…."""
    taken = _TAKES_UP.search(each.candidate.text)
    block = block_at(each.candidate.document, each.candidate.spans[-1])
    if taken is None or block is None or each.decides:
        return []
    home, document = block.path[:-1], each.candidate.document
    above = [
        other.path for other in document.blocks if other.kind in QUOTABLE and other.path[:-1] == home and other.span.end <= block.span.start
    ]
    meant = set(list(dict.fromkeys(above))[-(number(taken[1]) if taken[1] else 1) :])

    def stands_there(other: Candidate) -> bool:
        place = block_at(document, other.spans[-1]) if other.document.id == document.id else None
        return place is not None and place.path in meant

    return [other for other in weighed if other.decides and stands_there(other.candidate)]


def _limits_of(each: Weighed) -> list[Evidence]:
    """The paragraphs right behind a quoted one that only speak of it: 前項の規定は、…には適用しない。"""
    document, quoted = each.candidate.document, each.candidate.spans[-1]
    block = block_at(document, quoted)
    if block is None:
        return []
    home = block.path[:-1]
    for other in document.blocks[bisect_left(document.blocks, quoted.end, key=lambda block: block.span.start) :]:
        if other.kind not in QUOTABLE:
            continue
        text = other.span.cut(document.text)
        if other.path[: len(home)] != home:
            return []
        if _ON_THE_ONE_BEFORE.match(text) and _LIMITS.search(text):
            span = next(iter(sentences(document.text, other.span)), other.span)
            return [Evidence(document=document, spans=(span,), relevance=each.relevance, role=Role.CONDITION)]
        if other.path != block.path:
            return []
    return []


def _definitions_for(question: Question, answers: Sequence[Evidence]) -> list[Evidence]:
    """What the terms of the answer mean that their document defines; those that the question uses first."""
    found: dict[tuple[str, str], tuple[bool, Evidence]] = {}
    for answer in answers:
        for term, span in definitions(answer.document).items():
            said = _has(answer.text, term) and not any(span.holds(quoted) or quoted.holds(span) for quoted in answer.spans)
            if said and (answer.document.id, term) not in found:
                spans = (complete(answer.document, span),)
                evidence = Evidence(document=answer.document, spans=spans, relevance=0.0, role=Role.CONDITION)
                found[answer.document.id, term] = (_has(question.text, term), evidence)
    return [evidence for _, evidence in sorted(found.values(), key=lambda pair: not pair[0])[:DEFINED]]


def _has(text: str, term: str) -> bool:
    """True where the term stands there as a word: 情報 not in 情報システム, 窓口 not in 移動窓口事業."""
    if term.lower() not in text.lower():
        return False
    border = r"[々一-龯ァ-ヴー]" if language(term) == "ja" else r"\w"
    return re.search(rf"(?<!{border}){re.escape(term)}(?!{border})", text, re.IGNORECASE) is not None


def _distinct(chosen: Sequence[Evidence]) -> list[Evidence]:
    """Without what is quoted already."""
    kept: list[Evidence] = []
    for evidence in chosen:
        if not any(other.document.id == evidence.document.id and any(a.holds(evidence.spans[-1]) for a in other.spans) for other in kept):
            kept.append(evidence)
    return kept


def _repeats(one: Candidate, other: Candidate) -> bool:
    """True where both quote the same place, or nearly the same words."""
    if one.document.id == other.document.id and any(a.start < b.end and b.start < a.end for a in one.spans[-1:] for b in other.spans):
        return True
    common, all_ = len(one.words & other.words), len(one.words | other.words)
    return all_ > 0 and common / all_ > 0.8
