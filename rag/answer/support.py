"""Is a written sentence carried by the evidence that it names? The check that a statement must pass before it is shown as supported.

Nothing that a model says of itself counts. In order:

1. the evidence exists, and the sentence is in a language of the evidence;
2. what it quotes are characters of the evidence;
3. the sentences of the evidence that carry it are looked for: those that together have most of its terms;
4. its terms are theirs; its figures are theirs, with their limits (以内, at least), in the same surroundings; must, may, must not and need
   not stand where they stand there; nobody else does it; provisions that it names are theirs;
5. what limits the evidence (ただし…, unless) is said, or the sentence is carried in part.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field

from rag import terms
from rag.answer.figures import Figure, compatible, figures
from rag.answer.harmless import visible
from rag.answer.modality import Modality, agree, clauses
from rag.answer.passages import PROVISO, Passage, Unit
from rag.answer.patterns import words
from rag.answer.subject import replaced, swapped
from rag.answer.verify import cite
from rag.errors import CitationError
from rag.names import Names
from rag.provisions import address_of
from rag.records import Citation, Document, Flaw, Lack, Span, Status
from rag.statute import Address, parse
from rag.text import fold, language, normalize

WHOLE = 0.8
"""A sentence is carried where the evidence has at least this share of its terms,"""
PART = 0.67
"""and carried in part where it has this share."""
LEAST = 2
"""Terms and figures without which a sentence says nothing that could be checked: 「確認しました。」,"""
FEW = 3
"""and terms that the evidence has of one that is carried in part."""
CARRIERS = 4
"""Sentences of the evidence that may carry one written sentence together."""
SAID = 0.4
"""A proviso counts as said where the answer has this share of its terms."""
CONTRADICTED = 0.5
"""Probability of contradiction from which the entailment model's word counts."""
ENTAILED = 0.8

Entails = Callable[[str, str], Mapping[str, float]]
"""(evidence, sentence) -> probabilities of "entailment", "neutral", "contradiction"."""

_SAYING = frozenset(words("carry_nothing"))
_LIMITS = re.compile("|".join(words("limits")), re.IGNORECASE)
_QUOTED = re.compile(r"「([^「」]+)」|『([^『』]+)』|“([^“”]+)”|\"([^\"]+)\"|‘([^‘’]{4,})’")
_EXCEPTION_JA = re.compile(r"（([^（）]{2,80}?(?:を除く|に限る))。?）")
_EXCEPTION_EN = re.compile(r"\b(?:unless|except|other than|excluding)\b[^.;]{3,160}", re.IGNORECASE)


@dataclass(frozen=True, kw_only=True, slots=True)
class Verdict:
    """What became of a sentence."""

    text: str
    """The sentence, with its quotes in the evidence's own characters."""
    status: Status | None
    """None: not carried."""
    lacks: tuple[Lack, ...] = ()
    citations: tuple[Citation, ...] = ()
    """Numbered from 1; empty where it is not carried."""
    provisos: tuple[Unit, ...] = ()
    """Provisos that the sentence does not say: another sentence may."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Checker:
    """Checks sentences against numbered passages."""

    passages: Mapping[int, Passage]
    names: Names
    meant: Mapping[str, tuple[frozenset[str], ...]] = field(default_factory=dict)
    """Term of the question -> sets of official terms, each of which says the same."""
    entails: Entails | None = None

    def check(self, sentence: str, numbers: Sequence[int]) -> Verdict:
        """The verdict on ``sentence``, which names the evidence ``numbers``."""
        known = [self.passages[number] for number in numbers if number in self.passages]
        if not known:
            flaw = Flaw.UNKNOWN_EVIDENCE if numbers else Flaw.NO_EVIDENCE
            return _none(sentence, Lack(flaw=flaw, words="".join(f"[{number}]" for number in numbers)))
        if not re.search(r"\w{2}", sentence):
            return _none(sentence, Lack(flaw=Flaw.FORM, words=sentence[:40]))
        spoken = language(sentence)
        known = [passage for passage in known if language(passage.text) == spoken]
        if not known:
            return _none(sentence, Lack(flaw=Flaw.LANGUAGE))
        said, invented = _quotes(sentence, known)
        if invented:
            return _none(sentence, Lack(flaw=Flaw.QUOTE, words=invented))
        carriers, missing, share = self._carriers(said, known)
        rule = content(self._without_provisions(said))
        held = len(rule) - len(set(missing) & set(rule))
        little = held < PART * len(rule) or held + len(figures(said)) < LEAST or (share < WHOLE and held < FEW)
        if not carriers or share < PART or little:
            return _none(said, Lack(flaw=Flaw.WORDS, words=_listed(missing, said) or said[:40]))
        lacks, turned = self._differences(said, spoken, carriers, known)
        if turned:
            return _none(said, *turned)
        strange = missing if share < WHOLE else _things(missing, said, spoken)
        if strange:
            lacks.append(Lack(flaw=Flaw.WORDS, words=_listed(strange, said)))
        provisos = _unsaid(said, carriers, known)
        lacks += [Lack(flaw=Flaw.PROVISO, words=words) for words, _ in provisos]
        if self.entails is not None:
            vote = self.entails("\n".join(unit.whole for unit in carriers), said)
            if vote["contradiction"] >= CONTRADICTED:
                return _none(said, Lack(flaw=Flaw.CONTRADICTED))
            if vote["entailment"] >= ENTAILED:
                # It may vouch for other words; figures, modality and provisos are not its to decide.
                lacks = [lack for lack in lacks if lack.flaw is not Flaw.WORDS]
        units = [unit for _, unit in provisos if unit is not None]
        return Verdict(
            text=said,
            status=Status.PARTLY if lacks else Status.SUPPORTED,
            lacks=tuple(lacks),
            citations=_citations([*carriers, *units]),
            provisos=tuple(units),
        )

    # ------------------------------------------------------------ terms

    def _without_provisions(self, said: str) -> str:
        """A sentence without the provisions that it names: a name says nothing of what it rules."""
        for mention in reversed(list(parse(said, self.names))):
            if mention.address != Address():
                start = re.search(r"[一-龥々ァ-ヴー]*$", said[: mention.span.start])
                said = said[: start.start() if start else mention.span.start] + " " + said[mention.span.end :]
        return said

    def _carriers(self, said: str, known: Sequence[Passage]) -> tuple[list[Unit], list[str], float]:
        """The sentences that carry ``said``, its terms that they do not have, and the share that they have."""
        wanted = content(said)
        units = [unit for passage in known for unit in passage.units]
        named = frozenset[str]().union(*(passage.named for passage in known))
        open_ = set(wanted)
        chosen: list[Unit] = []
        own = figures(said)
        while len(chosen) < CARRIERS and units:
            blocks = {(unit.document.id, unit.block) for unit in chosen}
            gains = [(len(self._had(open_, unit.terms)) + (0 if chosen else _shared(own, unit)), unit) for unit in units]
            best = max(gains, key=lambda gain: (gain[0], -gain[1].is_proviso, -len(gain[1].terms)))[1]
            gain = self._had(open_, best.terms)
            # A single further word is found anywhere; a sentence more must bring more, or stand beside the others.
            if chosen and len(gain) < 2 and len(open_) < len(wanted) * (1 - WHOLE):
                beside = [unit for unit in units if (unit.document.id, unit.block) in blocks and self._had(open_, unit.terms)]
                if not beside:
                    break
                best = beside[0]
                gain = self._had(open_, best.terms)
            if not gain:
                break
            chosen.append(best)
            units = [unit for unit in units if unit is not best]
            open_ -= gain
        chosen += _beside(chosen, own, units)
        missing = open_ - self._had(open_, named) if chosen else open_
        return chosen, [term for term in wanted if term in missing], 1 - len(missing) / max(1, len(wanted))

    def _had(self, wanted: set[str], found: frozenset[str]) -> set[str]:
        return {term for term in wanted if term in found or any(official <= found for official in self.meant.get(term, ()))}

    # ------------------------------------------------------------ what may not differ

    def _differences(self, said: str, spoken: str, carriers: Sequence[Unit], known: Sequence[Passage]) -> tuple[list[Lack], list[Lack]]:
        """(what is carried in part, what is not carried at all)."""
        partly: list[Lack] = []
        turned: list[Lack] = []
        found = [*_figures(said, carriers), *_modality(said, spoken, carriers), *self._provisions(said, carriers, known)]
        found += [(Lack(flaw=Flaw.SUBJECT, words=words), whole) for words, whole in replaced(said, spoken, carriers, known, self._had)]
        if words := swapped("\n".join(unit.whole for unit in carriers), said, spoken):
            found.append((Lack(flaw=Flaw.SUBJECT, words=words), True))
        for lack, whole in found:
            (turned if whole else partly).append(lack)
        return partly, turned

    def _provisions(self, said: str, carriers: Sequence[Unit], known: Sequence[Passage]) -> list[tuple[Lack, bool]]:
        found: list[tuple[Lack, bool]] = []
        documents = {passage.document.id: passage.document for passage in known}
        own: set[tuple[str | None, Address]] = set()
        titles: set[str | None] = set(documents)
        for passage in known:
            for unit in passage.units:
                own.add((unit.document.id, address_of(unit.path)))
            for mention in parse(visible(passage.text), self.names):
                own.add((mention.document or passage.document.id, mention.address))
                own |= {(mention.document or passage.document.id, mention.until)} if mention.until else set()
                titles |= {mention.document, mention.name}
        for mention in parse(said, self.names):
            words = mention.span.cut(said)
            if mention.address == Address():
                strange = (mention.document or mention.name) not in titles and fold(words) not in fold(
                    visible("\n".join(p.text for p in known))
                )
            elif mention.step is not None:
                strange = fold(words) not in fold(visible("\n".join(unit.whole for unit in carriers)))
            else:
                ids = [mention.document] if mention.document else list(documents)
                strange = not any(
                    (document == id or (mention.name and not mention.document)) and _inside(address, mention.address)
                    for document, address in own
                    for id in ids
                )
            if strange:
                found.append((Lack(flaw=Flaw.PROVISION, words=words), True))
        return found


def _shared(own: Sequence[Figure], unit: Unit) -> int:
    """How many figures of a sentence a unit has."""
    inside = {key for figure in figures(unit.whole) for key in figure.keys}
    return sum(bool(figure.keys & inside) for figure in own)


def _beside(chosen: Sequence[Unit], own: Sequence[Figure], rest: Sequence[Unit]) -> list[Unit]:
    """Neighbours of the carriers that have figures of the sentence which the carriers have not: the rule of a proviso, and back."""
    there = {key for unit in chosen for figure in figures(unit.whole) for key in figure.keys}
    wanted = [figure for figure in own if not figure.keys & there]
    blocks = {(unit.document.id, unit.block) for unit in chosen}
    return [unit for unit in rest if wanted and (unit.document.id, unit.block) in blocks and _shared(wanted, unit)]


def content(said: str) -> dict[str, None]:
    """The terms of a sentence that say something of a matter, in order."""
    return {term: None for term in terms.content_words(said) if term not in _SAYING and not term.isdigit() and not _NUMERIC.fullmatch(term)}


_THING_JA = re.compile(r"[一-龥々ァ-ヴー]{2,}")
_THING_EN = re.compile(r"\b(?:the|an?|any|each|every|all|no|your|their|its|his|her|by|of|to) ((?:[a-z-]+ ){0,2}[a-z-]+)")


def _things(missing: Sequence[str], said: str, spoken: str) -> list[str]:
    """Of the terms that the evidence lacks, those that name something: one other noun and the rule is another rule."""
    if spoken == "ja":
        return [term for term in missing if _THING_JA.fullmatch(term)]
    named = {term for phrase in _THING_EN.findall(said.lower()) for term in content(phrase)}
    return [term for term in missing if term in named]


_NUMERIC = re.compile(r"[\d.,%〇一二三四五六七八九十百千万億兆元第]+")


def _inside(address: Address, named: Address) -> bool:
    """True where ``address`` is what is named, or a part of it."""
    return (
        (address.part == named.part or not named.part)
        and address.article == named.article
        and (
            named.paragraph is None or address.paragraph in (named.paragraph, None) or (named.paragraph == 1 and address.paragraph is None)
        )
        and (named.item is None or address.item == named.item)
    ) or (not named.article and named.paragraph is not None and address.paragraph == named.paragraph)


def _quotes(sentence: str, known: Sequence[Passage]) -> tuple[str, str]:
    """The sentence with its quotes as the evidence writes them, and the first quote that is not there ("" if all are)."""
    said = sentence
    for match in _QUOTED.finditer(sentence):
        quote = next(group for group in match.groups() if group)
        own = next((found for passage in known if (found := _find(quote, passage))), "")
        if not own:
            return sentence, quote
        said = said.replace(quote, own)
    return said, ""


def _find(quote: str, passage: Passage) -> str:
    """The characters of the passage, or of its title, that the quote repeats; "" where there are none."""
    for text in (passage.text, passage.title, *passage.hit.chunk.path):
        if quote in text:
            return quote
        normal = normalize(text)
        at = normal.text.find(fold(quote))
        if at >= 0:
            return normal.original(Span(start=at, end=at + len(fold(quote)))).cut(text)
    return ""


# ---------------------------------------------------------------- figures


def _figures(said: str, carriers: Sequence[Unit]) -> list[tuple[Lack, bool]]:
    found: list[tuple[Lack, bool]] = []
    own = figures(said)
    there = [(figure, unit.whole) for unit in carriers for figure in figures(unit.whole)]
    taken = _paired(said, own, there)
    free = [pair for at, pair in enumerate(there) if at not in taken.values()]
    for at, figure in enumerate(own):
        equal = [(other, text) for other, text in there if figure.same(other) or _bare(said, figure, other)]
        if not equal:
            found.append((Lack(flaw=Flaw.FIGURE, words=figure.words), True))
            continue
        bounds = [compatible(figure, other) for other, _ in equal]
        if True not in bounds:
            found.append((Lack(flaw=Flaw.FIGURE, words=_with_bound(said, figure)), None not in bounds))
        elif _took_a_place(figure, said, there[taken[at]] if at in taken else None, free) or _swapped(figure, said, equal, there):
            found.append((Lack(flaw=Flaw.FIGURE, words=_with_bound(said, figure)), True))
    return found


def _paired(said: str, own: Sequence[Figure], there: Sequence[tuple[Figure, str]]) -> dict[int, int]:
    """Figure of the sentence -> the same figure of the evidence, with its limit and in its surroundings, each taken once."""
    pairs: list[tuple[int, int, int]] = []
    around = [_around(text, other) for other, text in there]
    for at, figure in enumerate(own):
        near = _around(said, figure)
        for place, (other, _) in enumerate(there):
            if (figure.same(other) or _bare(said, figure, other)) and compatible(figure, other):
                pairs.append((-len(near & around[place]), at, place))
    taken: dict[int, int] = {}
    for _, at, place in sorted(pairs):
        if at not in taken and place not in taken.values():
            taken[at] = place
    return taken


def _took_a_place(figure: Figure, said: str, own: tuple[Figure, str] | None, free: Sequence[tuple[Figure, str]]) -> bool:
    """True where a figure stands in the place of one that the evidence has and the sentence does not say.

    It has no counterpart of its own, and one in its surroundings is free; or its limit is turned beside one that is nearer.
    """
    near = _around(said, figure)
    common = len(near & _around(own[1], own[0])) if own else 0
    for other, text in free:
        if figure.same(other) and compatible(figure, other) is False:
            if own is None or len(near & _around(text, other)) > common:
                return True
        elif own is None and near & _around(text, other):
            return True
    return False


def _bare(said: str, figure: Figure, other: Figure) -> bool:
    """A number without a unit is any with this value."""
    return "number" in figure.kinds() and bool({value for _, value in figure.keys} & {value for _, value in other.keys})


def _with_bound(said: str, figure: Figure) -> str:
    return said[figure.span.start : figure.span.end + 4].strip()


def _swapped(figure: Figure, said: str, equal: Sequence[tuple[Figure, str]], there: Sequence[tuple[Figure, str]]) -> bool:
    """True where the evidence has this figure, but another of its kind stands in these surroundings."""
    others = [(other, text) for other, text in there if other.kinds() & figure.kinds() and not figure.same(other)]
    if not others:
        return False
    around = _around(said, figure)
    own = max(len(around & _around(text, other)) for other, text in equal)
    rival = max(len(around & _around(text, other)) for other, text in others)
    return rival >= own + 2


def _around(text: str, figure: Figure) -> set[str]:
    """Terms of the clause in which a figure stands, and of what it says of it."""
    start = max((text.rfind(mark, 0, figure.span.start) for mark in "、。\n,;"), default=-1) + 1
    start = max(start, figure.span.start - 40)
    end = min((at for mark in "、。\n,;" if (at := text.find(mark, figure.span.end)) >= 0), default=len(text))
    return set(content(text[start : min(end, figure.span.end + 40)]))


# ---------------------------------------------------------------- modality


def _modality(said: str, spoken: str, carriers: Sequence[Unit]) -> list[tuple[Lack, bool]]:
    found: list[tuple[Lack, bool]] = []
    if words := _exchanged(said, spoken, carriers):
        return [(Lack(flaw=Flaw.MODALITY, words=words), True)]
    there: list[tuple[Modality, set[str]]] = []
    for unit in carriers:
        for clause in clauses(unit.whole, spoken):
            there.append((clause.modality, set(content(clause.span.cut(unit.whole)))))
    for clause in clauses(said, spoken):
        own = set(content(clause.span.cut(said)))
        if not own:
            continue
        overlap = [len(own & other) for _, other in there]
        best = max(overlap, default=0)
        if not best:
            continue
        near = [modality for (modality, _), common in zip(there, overlap, strict=True) if common == best]
        votes = [agree(clause.modality, modality) for modality in near]
        if True in votes:
            continue
        found.append((Lack(flaw=Flaw.MODALITY, words=clause.words or said[-12:]), None not in votes))
    return found


def _exchanged(said: str, spoken: str, carriers: Sequence[Unit]) -> str:
    """The word where a modality that the carriers have is gone and one that turns it round stands there; "" where none is."""
    own = [clause for clause in clauses(said, spoken) if clause.words]
    there = [clause.modality for unit in carriers for clause in clauses(unit.whole, spoken) if clause.words]
    extra: list[tuple[Modality, str]] = []
    for clause in own:
        if clause.modality in there:
            there.remove(clause.modality)
        else:
            extra.append((clause.modality, clause.words))
    return next((words for modality, words in extra if there and all(agree(modality, other) is False for other in there)), "")


# ---------------------------------------------------------------- provisos


def _unsaid(said: str, carriers: Sequence[Unit], known: Sequence[Passage]) -> list[tuple[str, Unit | None]]:
    """What limits the carriers and is not said: the words, and the sentence where it is one of its own."""
    found: list[tuple[str, Unit | None]] = []
    own = set(content(said))
    units = [unit for passage in known for unit in passage.units]
    first = carriers[0]
    if first.is_proviso:
        return []
    for unit in units:
        if unit.is_proviso and unit.document is first.document and unit.block == first.block and unit.span.start > first.span.start:
            # What it shares with the rule says nothing of the exception.
            if any(unit is carrier for carrier in carriers) or _says(own - set(content(first.text)), unit.text, first.text):
                continue
            found.append((unit.text, unit))
    if not found and not _LIMITS.search(said):
        for pattern in (_EXCEPTION_JA, _EXCEPTION_EN):
            for match in pattern.finditer(first.text):
                words = match[1] if match.groups() else match[0]
                rule = first.text[: match.start()] + first.text[match.end() :]
                if not _says(own - set(content(rule)), words, rule):
                    found.append((words, None))
    return found


def _says(own: set[str], words: str, rule: str = "") -> bool:
    there = set(content(words)) - set(content(rule))
    return bool(there) and len(own & there) / len(there) >= SAID


def said_by(proviso: Unit, others: Sequence[str]) -> bool:
    """True where one of the other sentences of an answer says the proviso."""
    return any(PROVISO.match(other) is not None and _says(set(content(other)), proviso.text) for other in others)


# ---------------------------------------------------------------- putting together


def _citations(units: Sequence[Unit]) -> tuple[Citation, ...]:
    """The units as citations, in the order of the documents; what stands together is one quote."""
    spans: list[tuple[Document, Span]] = []
    for unit in sorted(units, key=lambda unit: (unit.document.id, unit.span.start)):
        for span in ([unit.opening] if unit.opening else []) + [unit.span]:
            if any(document is unit.document and other.holds(span) for document, other in spans):
                continue
            before = spans[-1] if spans else None
            gap = unit.document.text[before[1].end : span.start] if before and before[0] is unit.document else "x"
            if before and not gap.strip() and "\n" not in gap and span.start >= before[1].end:
                spans[-1] = (unit.document, Span(start=before[1].start, end=span.end))
            else:
                spans.append((unit.document, span))
    made: list[Citation] = []
    for document, span in spans:
        try:
            made.append(cite(document, span, len(made) + 1))
        except CitationError:
            continue  # a heading that opens a table: it helps to read, and is no text to quote
    return tuple(made)


def _none(text: str, *lacks: Lack) -> Verdict:
    return Verdict(text=text, status=None, lacks=lacks)


def _listed(missing: Sequence[str], said: str) -> str:
    written = terms.surfaces(said)
    return " ".join(written.get(term, term) for term in missing)
