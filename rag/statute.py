"""Addresses of provisions: 「個人情報保護法27条1項2号」 and "Article 27(1)(ii)" in a text -> where they point.

``parse`` finds what is written. What 前条 or 第二項 means where it stands is for rag/references.py, which knows the law's provisions.
Drafting rules followed: a list shares what it does not repeat (第一項第二号又は第三号), 同条 is the last article named, the exception in
brackets behind an article belongs to that article (第五条（第二号を除く。）).
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, replace

from rag.address import (
    CHAIN,
    CIRCLED,
    COUNTS_EN,
    EXCEPTION,
    JOIN,
    LAW_EN,
    LETTER,
    NO_WORDS,
    OF,
    ONE_EN,
    PROVISO,
    RANGE,
    TOKEN,
    UNITS_EN,
    WITHIN,
    Address,
    Mention,
    Step,
    Unit,
    english,
    numbers,
    show,
)
from rag.names import Law, Names, name_before, plain
from rag.records import Span
from rag.text import number

__all__ = ["Address", "Mention", "Reader", "Step", "parse", "show"]

_LAW, _PART, _ARTICLE, _PARAGRAPH, _ITEM, _SUBITEM, _EVERY = range(7)
_RANK = {"条": _ARTICLE, "項": _PARAGRAPH, "号": _ITEM}


@dataclass(slots=True)
class _Draft:
    """A mention in the making. ``top`` and ``rank``: its highest and its lowest level."""

    start: int
    end: int
    top: int
    rank: int
    part: str = ""
    article: tuple[int, ...] = ()
    paragraph: int | None = None
    item: tuple[int, ...] | None = None
    subitem: str = ""
    law: Law | None = None
    step: Step | None = None
    every: Unit = ""
    until: _Draft | None = None
    weak: bool = False
    """Without 第: counts only behind something else."""
    silent: bool = False
    """同法 or この法律: no mention of its own."""
    joined: _Draft | None = None
    """The one before it in a list."""

    behind: int = 0
    """Lowest of the levels that came behind: the items of Article 9, paragraph (1)."""

    def address(self) -> Address:
        return Address(part=self.part, article=self.article, paragraph=self.paragraph, item=self.item, subitem=self.subitem)

    def list(self) -> Iterator[_Draft]:
        """Itself and those before it in its list, the nearest first; longer lists than laws have are not followed to their end."""
        each: _Draft | None = self
        for _ in range(60):
            if each is None:
                return
            yield each
            each = each.joined

    def down_to(self, rank: int) -> _Draft:
        """A copy of the levels above and at ``rank``."""
        copy = replace(self, every="", until=None, joined=None, weak=False, silent=False, rank=min(self.rank, rank))
        if rank < _SUBITEM:
            copy.subitem = ""
        if rank < _ITEM:
            copy.item = None
        if rank < _PARAGRAPH:
            copy.paragraph = None
        if rank < _ARTICLE:
            copy.article = ()
            copy.part = copy.part if rank >= _PART else ""
        if copy.step and _RANK.get(copy.step.unit, 9) > rank:
            copy.step = None
        return copy

    def take(self, other: _Draft) -> None:
        """The levels that ``other`` says."""
        self.law = other.law or self.law
        self.part = other.part or self.part
        self.article = other.article or self.article
        self.paragraph = other.paragraph or self.paragraph
        self.item = other.item or self.item
        self.subitem = other.subitem or self.subitem
        self.step = other.step or self.step
        self.every = other.every or self.every


# ---------------------------------------------------------------- reading


@dataclass(slots=True)
class _Frame:
    """The text outside, or inside one pair of, brackets."""

    mark: int
    """Where the last token ended."""
    opened: int = -1
    extra: str = ""
    """Words since the last token that stood before brackets."""
    last: _Draft | None = None
    outer: _Draft | None = None
    """What the brackets stand behind, where they make an exception of it."""
    quote: bool = False


class Reader:
    """Reads texts that belong together, one after the other: 同条 and 同法 reach back to those before."""

    def __init__(self, names: Names) -> None:
        self.names = names
        self.forget()

    def forget(self) -> None:
        """Begin anew: the next text has nothing to do with those before."""
        self._laws: list[Law] = []
        self._named: dict[int, _Draft] = {}

    def read(self, text: str) -> list[Mention]:
        """Every mention in ``text``, in the order written."""
        words = plain(text)
        self._text, self._words = text, words
        self._drafts: list[_Draft] = []
        self._frames = [_Frame(mark=0)]
        for start, end, found in self._events(words):
            if isinstance(found, Law):
                self._law(_Draft(start, end, _LAW, _LAW, law=found))
            elif found.lastgroup == "open":
                self._open(start)
            elif found.lastgroup == "close":
                self._close(start)
            else:
                for draft in self._tokens(found):
                    self._place(draft)
        if " of the " in words:
            self._name_behind()
        kept = [self._mention(d) for d in self._drafts if not (d.weak or (d.rank == _LAW and (d.silent or not d.law)))]
        return sorted(kept, key=lambda mention: mention.span.start)

    def _events(self, words: str) -> Iterator[tuple[int, int, re.Match[str] | Law]]:
        """Tokens and names of laws, in order, none over another. Of two names that overlap, the one that starts first, or is longer."""
        events: list[tuple[int, int, re.Match[str] | Law]] = []
        ends: set[int] = set()
        for start, end, law in self.names.spans(words):
            inside_a_word = (
                end - start < 4 and start and LETTER.match(words, start - 1) and not WITHIN.search(words, max(0, start - 4), start)
            )
            if NO_WORDS.match(words, end) or inside_a_word:
                continue
            if words[max(0, start - 1) : start] == "旧" or words[max(0, start - 4) : start] in ("改正前の", "廃止前の"):
                law = Law(None, f"改正前の{law.name.removeprefix('改正前の')}")
            events.append((start, end, law))
            ends.add(end)
        for match in TOKEN.finditer(words):
            group = match.lastgroup
            if group == "unlisted":
                name, start = name_before(words, match.end())
                if name and match.end() not in ends:
                    events.append((start, match.end(), self.names.find(name) or Law(None, self._text[start : match.end()])))
            elif group == "bare":
                events.append((match.start(), match.end(), self.names.bare(match[0]) or Law(None, match[0])))
            else:
                events.append((match.start(), match.end(), match))
        if len(ends) or len(events) > 1:
            events.sort(key=lambda event: (event[0], -event[1]))
        reached = 0
        for start, end, found in events:
            if start >= reached:
                reached = end
                yield start, end, found

    # ------------------------------------------------------------ brackets

    def _open(self, at: int) -> None:
        frame = self._frames[-1]
        gap = frame.extra + self._words[frame.mark : at]
        excepted = frame.last if frame.last and not gap and EXCEPTION.match(self._words, at + 1) else None
        frame.extra = gap
        self._frames.append(_Frame(mark=at + 1, opened=at, outer=excepted, quote=self._words[at] == "「" or frame.quote))

    def _close(self, at: int) -> None:
        if len(self._frames) == 1:
            self._frames[0].last = None  # a bracket that nothing opened: whatever stood before is not continued
            return
        inner = self._frames.pop()
        frame = self._frames[-1]
        frame.mark = at + 1
        quoted = inner.last
        if self._words[at] == "」" and quoted and quoted.rank == _LAW and (quoted.start, quoted.end) == (inner.opened + 1, at):
            # 「公共サービス提供基準法」第十条: the quotes belong to the name.
            quoted.start, quoted.end, frame.last, frame.extra = inner.opened, at + 1, quoted, ""
            if quoted.law:
                self._laws.append(quoted.law)
            quoted.silent = self._words.startswith(("とい", "と総称"), at + 1)  # 以下「法」という。: a definition

    # ------------------------------------------------------------ laws

    def _law(self, draft: _Draft) -> None:
        frame = self._frames[-1]
        gap = frame.extra + self._words[frame.mark : draft.start]
        last = frame.last
        if draft.law and draft.law.name and not frame.quote:
            self._laws.append(draft.law)
        if last and last.law is None and last.rank > _LAW and OF.fullmatch(gap):
            last.end = draft.end
            for each in last.list():  # Articles 3 and 5 of the … Act
                each.law = each.law or draft.law
        else:
            self._keep(draft, frame)
        frame.mark, frame.extra = draft.end, ""

    def _numbered(self, match: re.Match[str]) -> Iterator[_Draft]:
        """A law's number: in brackets behind a name it says which law that is; elsewhere it names the law."""
        law = self.names.find(match["lawnumber"])
        before = self._frames[-2].last if len(self._frames) > 1 else None
        if before and before.rank == _LAW and before.end == self._frames[-1].opened:
            if law and law.document:
                before.law = law
        elif law:
            self._law(_Draft(match.start(), match.end(), _LAW, _LAW, law=law))
        yield from ()

    def _same_law(self, kind: str) -> Law:
        endings = {"法": ("法", "法律"), "省令": ("規則", "令"), "政令": ("令",), "訓令": ("訓令", "規程", "規則")}.get(kind, (kind,))
        for law in reversed(self._laws):
            if law.name.endswith(endings):
                return law
        return Law(None, f"同{kind}")

    def _name_behind(self) -> None:
        """Article 5 of the Act on …: an English law that nobody listed."""
        for draft in self._drafts:
            match = LAW_EN.match(self._text, draft.end) if not draft.law else None
            if match:
                for each in draft.list():
                    each.law = each.law or self.names.find(match[1]) or Law(None, match[1])

    # ------------------------------------------------------------ tokens

    def _tokens(self, match: re.Match[str]) -> Iterator[_Draft]:
        start, end, group = match.start(), match.end(), match.lastgroup
        if group == "article":
            yield _Draft(start, end, 2, 2, article=numbers(match["an"], match["ab"]), weak=match[0][0] != "第")
        elif group == "paragraph":
            value = CIRCLED.index(match["circled"]) + 1 if match["circled"] else number(match["pn"])
            yield _Draft(start, end, 3, 3, paragraph=value, weak=not match["pstrong"])
        elif group == "item":
            sub = match["isub"] or ""
            own = numbers(match["in"], match["ib"])
            yield _Draft(start, end, 4, 5 if sub else 4, item=own, subitem=sub, weak=not match["istrong"])
        elif group == "step":
            unit: Unit = match["unit"]  # type: ignore[assignment]
            count = 0 if match["many"] == "各" else number(match["many"] or "一")
            sub, rank = match["ssub"] or "", _RANK[unit]
            step = Step(unit=unit, offset=-1 if match["which"] == "前" else 1, count=count)
            yield _Draft(start, end, rank, 5 if sub else rank, step=step, subitem=sub)
        elif group == "same":
            yield self._same(start, end, match["sunit"], match["samesub"] or "", own=match[0][0] == "本")  # type: ignore[arg-type]
        elif group == "every":
            yield _Draft(start, end, 6, 6, every=match["eunit"])  # type: ignore[arg-type]
        elif group == "subitem":
            yield _Draft(start, end, 5, 5, subitem=match[0], weak=True)
        elif group == "supplement":
            yield _Draft(start, end, 1, 1, part="附則" + (f"（{self._text[start + 3 : end - 1]}）" if match["amending"] else ""))
        elif group == "annex":
            own = numbers(match["xn"], match["xb"]) if match["xn"] else ()
            yield _Draft(start, end, 1, 2, part="別表", article=own, subitem=match["row"] or "")
        elif group == "samelaw":
            yield _Draft(start, end, 0, 0, law=self._same_law(match["lawkind"]), silent=True)
        elif group == "thislaw":
            yield _Draft(start, end, 0, 0, silent=True)
        elif group == "lawnumber":
            yield from self._numbered(match)
        elif group == "section":
            yield _Draft(start, end, 1, 2, part="節", article=tuple(map(int, match["sn"].split("."))))
        elif group == "question":
            yield _Draft(start, end, 1, 2, part="問", article=tuple(number(n) for n in re.split("[-の]", match["qn"])))
        elif group == "heading":
            item = (number(match["hi"]),) if match["hi"] else None
            paragraph = number(match["hp"]) if match["hp"] else None
            yield _Draft(
                start,
                end,
                1,
                4 if item else 3 if paragraph else 2,
                part="第",
                article=(number(match["hn"]),),
                paragraph=paragraph,
                item=item,
            )
        else:
            yield from self._english(match)

    def _english(self, match: re.Match[str]) -> Iterator[_Draft]:
        start, end, group = match.start(), match.end(), match.lastgroup
        if group == "ensupplement":
            note = self._text[match.start("enamending") + 2 : end - 1] if match["enamending"] else ""
            yield _Draft(start, end, 1, 1, part=f"附則（{note}）" if note else "附則")
        elif group == "enevery":
            yield _Draft(start, end, 6, 6, every="号")
        elif group == "enstep":
            unit = UNITS_EN[match["enunit"]]
            if match["enwhich"] not in ("preceding", "following"):
                if match["enwhich"] or _RANK[unit] in self._named:  # "that item" of items still to come names none
                    yield self._same(start, end, unit, "")
            elif not (match["enwhich"] == "following" and unit == "号"):  # "the following items" are the own ones
                many = match["enmany"] or ""
                count = COUNTS_EN.get(many, 1 if not many and match[0][-1] != "s" else 0)
                step = Step(unit=unit, offset=-1 if match["enwhich"] == "preceding" else 1, count=count)
                yield _Draft(start, end, _RANK[unit], _RANK[unit], step=step)
        else:
            unit_word = match["eu"].strip()
            many = unit_word.rstrip(".").endswith("s") or unit_word == "§§"
            for place, found in enumerate(ONE_EN.finditer(match["enums"])):
                first, last = match.start("enums") + found.start(), match.start("enums") + found.end()
                if place and not many:
                    break  # "section 3, 14 days": one section
                at = english(unit_word, found[0])
                rank = 5 if at.subitem else 4 if at.item else 3 if at.paragraph else 2
                top = 1 if at.part else 2 if at.article else 3 if at.paragraph else 4
                yield _Draft(start if not place else first, last, top, rank, at.part, at.article, at.paragraph, at.item, at.subitem)

    def _same(self, start: int, end: int, unit: Unit, sub: str, own: bool = False) -> _Draft:
        """同条, 同項: the last one named; where none was, and for 本条, the one in which the text stands."""
        rank = _RANK[unit]
        named = None if own else self._named.get(rank)
        if named:
            draft = named.down_to(rank)
            draft.start, draft.end, draft.top = start, end, rank
        else:
            draft = _Draft(start, end, rank, rank, step=Step(unit=unit, offset=0))
        draft.subitem, draft.rank = sub, 5 if sub else rank
        draft.silent = True  # its upper levels are settled: it takes none from a list
        return draft

    # ------------------------------------------------------------ putting together

    def _place(self, draft: _Draft) -> None:
        """Join a token to what stands before it, or begin a new mention."""
        frame = self._frames[-1]
        if draft.top == _LAW:
            self._law(draft)
            return
        gap = frame.extra + self._words[frame.mark : draft.start]
        last = frame.last
        tail = last.until or last if last else None
        if last and last.behind and draft.top == last.behind + 1 and draft.rank < last.rank and CHAIN.fullmatch(gap):
            self._upward(draft, last)
        elif (
            last is None and frame.outer and not gap and not draft.silent and draft.top > (frame.outer.rank if not frame.outer.every else 3)
        ):
            self._begin(draft, frame, frame.outer)
        elif last and tail and not draft.step and draft.top > tail.rank and (not gap or CHAIN.fullmatch(gap)) and self._fits(tail, draft):
            if tail.rank == _LAW and tail.silent and not tail.law:
                tail.start = draft.start  # この法律第三条: the words この法律 say nothing more
            tail.take(draft)
            tail.end = last.end = draft.end
            tail.rank, tail.silent = draft.rank, False
            self._remember(tail, frame)
        elif last and not last.every and last.rank >= draft.top and not draft.silent and RANGE.fullmatch(gap):
            last.until = draft if draft.step else self._filled(draft, last)
            last.end = draft.end
            self._remember(last.until, frame)
        elif last and draft.rank < last.top and OF.fullmatch(gap) and gap != " (":
            self._upward(draft, last)
        elif (
            last
            and last.rank >= draft.top
            and not draft.silent
            and not (draft.step and draft.top)
            and len(gap) < 16
            and JOIN.fullmatch(gap)
        ):
            self._begin(draft, frame, last)
        elif last and len(gap) < 16 and (JOIN.fullmatch(gap) or RANGE.fullmatch(gap)):
            draft.joined = last
            self._begin(draft, frame, None)
        else:
            self._begin(draft, frame, None)
        end = draft.end
        if (behind := PROVISO.match(self._words, end)) and frame.last and frame.last.end == end:
            # 前項ただし書: no level of its own, but part of what is named.
            end = frame.last.end = behind.end()
        frame.mark, frame.extra = end, ""

    @staticmethod
    def _fits(tail: _Draft, draft: _Draft) -> bool:
        if tail.every or (tail.part == "問"):
            return False
        if draft.top == _SUBITEM:
            return False
        if draft.silent or draft.top == _PART:
            return tail.rank == _LAW
        return not (draft.top == _PARAGRAPH and tail.part == "別表")

    def _begin(self, draft: _Draft, frame: _Frame, upper: _Draft | None) -> None:
        """A new mention; ``upper``: it takes from there the levels above its own."""
        if upper and not (draft.top == _SUBITEM and not upper.subitem):
            inner = self._filled(draft, upper)
            inner.joined = upper if upper is frame.last else None
            draft = inner
        elif draft.weak and not draft.article:
            frame.last = None
            return
        draft.weak = draft.silent = False
        self._keep(draft, frame)

    @staticmethod
    def _filled(draft: _Draft, upper: _Draft) -> _Draft:
        source = upper.until or upper
        filled = source.down_to(draft.top - 1)
        top, rank = filled.top, draft.rank
        filled.take(draft)
        filled.start, filled.end, filled.top, filled.rank = draft.start, draft.end, min(top, draft.top), rank
        return filled

    def _upward(self, draft: _Draft, last: _Draft) -> None:
        """item (ii) of paragraph (1): the higher level comes behind, for the whole list."""
        end = draft.end
        for each in last.list():
            if each.top <= draft.rank and not each.behind:
                break
            for one in (each, each.until):
                if one:
                    upper = draft.down_to(draft.rank)
                    upper.take(one)
                    one.take(upper)
                    one.top = min(one.top, draft.top)
        last.end, last.behind = end, draft.rank

    def _keep(self, draft: _Draft, frame: _Frame) -> None:
        self._drafts.append(draft)
        frame.last = draft
        self._remember(draft, frame)

    def _remember(self, draft: _Draft, frame: _Frame) -> None:
        if frame.quote or draft.rank == _LAW:
            return
        for rank, said in ((_ARTICLE, draft.article), (_PARAGRAPH, draft.paragraph), (_ITEM, draft.item)):
            if said or (draft.step and _RANK[draft.step.unit] == rank):
                self._named[rank] = draft

    def _mention(self, draft: _Draft) -> Mention:
        end = draft.end + 2 if draft.until and self._words.startswith("まで", draft.end) else draft.end
        return Mention(
            span=Span(start=draft.start, end=end),
            document=draft.law.document if draft.law else None,
            name=draft.law.name if draft.law else "",
            address=draft.address(),
            until=draft.until.address() if draft.until else None,
            until_step=draft.until.step if draft.until else None,
            step=draft.step,
            every=draft.every,
        )


def parse(text: str, names: Names) -> list[Mention]:
    """Every provision and document that ``text`` names, in the order written; spans are offsets in ``text``."""
    return Reader(names).read(text)
