"""Lines of plain text -> blocks with paths: chapters, articles, paragraphs, items, questions, numbered headings.

Used by every format that carries no structure of its own: plain text, DOCX, PDF, simple HTML, Markdown. A number opens something only
where it fits the numbers before it: 三 is an item behind 二, and prose anywhere else.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass, field

from rag.read import shapes
from rag.read.build import Builder
from rag.read.markers import Marker, markers
from rag.read.provision import Provisions, article_name, deleted, ordinal, spaced
from rag.records import BlockKind, Box


@dataclass(frozen=True, kw_only=True, slots=True)
class Line:
    """One logical line: a paragraph, a heading, a table row. Wrapped lines are joined before (``rag.read.plain.join_wrapped``)."""

    text: str
    page: int | None = None
    """1-based page of a paged document."""
    box: Box | None = None
    """Where the line stands on its page."""
    heading: int = 0
    """1..6 where the format itself says that this is a heading of that depth."""
    table: bool = False
    """True for a row of a table, cells joined by ｜: it is never searched for articles or items."""
    first: bool = False
    """True for the first row of a table, so that two tables behind one another stay two."""
    plain: bool = False
    """True where a person said that this is no heading."""
    former: bool = False
    """True for wording that an amendment replaced (改正前): kept beside what replaced it, never quoted."""


def add_lines(builder: Builder, lines: Sequence[Line]) -> str:
    """Append ``lines`` to ``builder`` as blocks with paths, one line of text each. No character but white space is lost.

    Returns:
        The document's number (令和七年規程第十二号), where it stands below the title; "" elsewhere.
    """
    kept = [line for line in lines if line.text.strip()]
    reader = _Reader(Provisions(builder), kept)
    reader.run()
    builder.line()
    return reader.law_number


@dataclass(slots=True)
class _Level:
    """One open numbered list or row of numbered headings."""

    style: str
    value: tuple[int, ...]
    headings: bool = False


# Depths of headings, outermost first. What the format says is a heading (1..6) has 10..60, and a chapter that it marks lies right behind.
_GUESSED = 100
_QUESTION = 200
_BELOW_TITLE = 3
"""Lines below the title among which the document's number stands."""


@dataclass(slots=True)
class _Reader:
    write: Provisions
    lines: list[Line]
    at: int = 0
    levels: list[_Level] = field(default_factory=list)
    contents: set[str] | None = None
    """The entries of the table of contents that we are in."""
    counted: int = 0
    """Paragraphs of the present article or supplementary provision."""
    question: bool = False
    english: bool = False
    """The present article is written "Article 12": its (1) are paragraphs and its (i) items."""
    marked: bool = False
    """The format marks headings itself, so that none need be guessed from short numbered lines."""
    title_at: int = -1
    law_number: str = ""
    root_level: int = 0
    """The level of the heading that opened 附則 or 別表; 0 where the format did not mark it."""

    def run(self) -> None:
        self.marked = sum(1 for line in self.lines if line.heading) > 1
        self.title_at = shapes.find_title([(line.text, line.heading, line.table) for line in self.lines])
        for at, line in enumerate(self.lines):
            self.at = at
            self.write.page, self.write.box = line.page, line.box
            # One line stays one line, whatever line ends it came with.
            self.one(line, " ".join(line.text.split("\n")).strip())

    def one(self, line: Line, text: str) -> None:
        """Writes one line: the first shape that fits decides."""
        if line.former:
            self.write.prose(text, BlockKind.FORMER)
        elif line.table:
            self.row(line, text)
        elif line.plain:
            self.plain(text)
        elif self.at == self.title_at:
            self.write.title(text)
        elif not (
            self.in_contents(line, text)
            or self.supplement(line, text)
            or self.appendix(line, text)
            or self.chapter(line, text)
            or self.article(line, text)
            or self.ask(line, text)
            or self.reply(text)
            or self.number(text)
            or self.caption(text)
            or self.heading(line, text)
            or self.numbered(text)
            or self.bullet(text)
        ):
            self.plain(text)

    def row(self, line: Line, text: str) -> None:
        if line.first and self.write.builder.blocks and self.write.builder.blocks[-1].kind is BlockKind.TABLE_ROW:
            self.write.builder.line()
            self.write.builder.gap("\n")
        self.write.prose(text, BlockKind.TABLE_ROW)

    def next_text(self, ahead: int = 1) -> str:
        return self.lines[self.at + ahead].text.strip() if self.at + ahead < len(self.lines) else ""

    @property
    def in_provisions(self) -> bool:
        """True inside an article, or in supplementary provisions without articles: numbers are paragraphs there."""
        return bool(self.write.article_name) or (bool(self.write.root) and shapes.is_supplement(self.write.root[0]))

    # ------------------------------------------------------------ what stands outside the provisions

    def in_contents(self, line: Line, text: str) -> bool:
        if shapes.CONTENTS.fullmatch(text):
            self.contents = set()
            self.write.aside(text)
            return True
        if shapes.has_leader(text):
            self.write.aside(text)
            return True
        if self.contents is None:
            return False
        entry = shapes.contents_entry(text)
        if entry and entry not in self.contents and not (line.heading and self.marked):
            self.contents.add(entry)
            self.write.aside(text)
            return True
        self.contents = None
        return False

    def reset(self, root_level: int | None = None) -> None:
        """Closes all lists. ``root_level`` is the level of a heading that opens 附則 or 別表."""
        self.levels, self.counted, self.question, self.english = [], 0, False, False
        if root_level is not None:
            self.root_level = root_level

    def supplement(self, line: Line, text: str) -> bool:
        match = shapes.SUPPLEMENT.fullmatch(text)
        if match:
            self.reset(line.heading)
            self.write.supplement(match["label"], match["amending"] or "", match["note"] or "")
            return True
        match = shapes.SUPPLEMENT_LINE.fullmatch(text)
        if match and "。" in match["words"]:
            self.reset(line.heading)
            self.write.supplement(match["label"], match["amending"] or "")
            if not self.numbered(match["words"]):
                self.plain(match["words"])
            return True
        if shapes.SUPPLEMENT_EN.fullmatch(text):
            self.reset(line.heading)
            self.write.root_heading(text)
            return True
        return False

    def appendix(self, line: Line, text: str) -> bool:
        title, related = shapes.appendix(text, bool(line.heading))
        if title:
            self.reset(line.heading)
            self.write.appendix(title, related)
        elif shapes.APPENDIX_EN.fullmatch(text) and (line.heading or len(text) < 80):
            self.reset(line.heading)
            self.write.root_heading(text)
            title = text
        return bool(title)

    def chapter(self, line: Line, text: str) -> bool:
        rank = shapes.chapter_rank(text)
        if not rank:
            return False
        self.reset()
        # A chapter that the format marks at level 2 ends with the next heading of level 2.
        self.write.section(line.heading * 10 + rank, text)
        return True

    # ------------------------------------------------------------ articles

    def article(self, line: Line, text: str) -> bool:
        found = shapes.article(text, bool(line.heading))
        if not found:
            return False
        title, caption, rest = found
        self.reset()
        self.english = title.isascii()
        self.write.article(title, spaced(title) if self.english else article_name(title))
        if caption:
            self.write.behind(caption)
        opening = next((m for m in markers(rest) if m.style in ("arabic", "(arabic)", "circled") and m.value == (1,)), None)
        if deleted(rest):
            self.write.stub(rest)
        elif opening and (self.english or opening.style != "(arabic)"):
            self.paragraph(opening.written, opening.rest, 1)
        elif rest:
            self.paragraph("", rest, 1)
        return True

    def paragraph(self, numeral: str, text: str, count: int) -> None:
        self.levels, self.counted = [], count
        self.write.paragraph(numeral, text, f"paragraph ({count})" if self.english else ordinal(str(count), "項"))

    def number(self, text: str) -> bool:
        """The document's number right below its title: the first article has its caption behind it, or none."""
        match = shapes.LAW_NUMBER.fullmatch(text)
        if not match or self.law_number or not 0 < self.at - self.title_at <= _BELOW_TITLE or self.title_at < 0 or self.write.path:
            return False
        self.law_number = "".join(match["number"].split())
        self.write.aside(text)
        return True

    def caption(self, text: str) -> bool:
        if not shapes.CAPTION.fullmatch(text):
            return False
        following = self.next_text()
        found = shapes.article(following, False)
        if found:
            self.write.caption(text, spaced(found[0]) if found[0].isascii() else article_name(found[0]), ends=True)
            return True
        if self.write.article_name and not self.counted:  # a caption on the line below the article's title
            self.write.caption(text, self.write.article_name)
            return True
        number = self.next_paragraph(following) if self.in_provisions else None
        if number:
            article = (self.write.article_name,) if self.write.article_name else ()
            self.write.caption(text, *article, ordinal(str(number.value[0]), "項"))
        return number is not None

    def next_paragraph(self, text: str) -> Marker | None:
        """The number that opens the next paragraph of this article, if ``text`` opens with it."""
        wanted = ("(arabic)",) if self.english else ("arabic", "circled")
        found = [m for m in markers(text) if m.style in wanted and m.value == (self.counted + 1,)]
        # The first paragraph has a number only where nothing stands before it.
        return found[0] if found and (self.counted or not self.levels) else None

    # ------------------------------------------------------------ questions

    def ask(self, line: Line, text: str) -> bool:
        name = shapes.question(text)
        if not name:
            return False
        self.levels = [level for level in self.levels if level.headings]
        self.question = True
        self.counted = 0
        self.write.section(line.heading * 10 + 9 if line.heading else _QUESTION, text, name)
        return True

    def reply(self, text: str) -> bool:
        match = shapes.ANSWER.match(text) if self.question else None
        if not match:
            return False
        words = text[match.end() :].strip()
        self.levels = [level for level in self.levels if level.headings]
        self.write.marked(match[0].strip(), words, BlockKind.TEXT)
        return True

    # ------------------------------------------------------------ headings, lists, prose

    def heading(self, line: Line, text: str) -> bool:
        bracketed = shapes.BRACKETED.fullmatch(text)
        if not line.heading and not bracketed:
            return False
        self.reset()
        depth = line.heading * 10 if line.heading else max((d for d, _ in self.write.sections if d < _GUESSED), default=0) or _GUESSED - 1
        if line.heading and line.heading <= (self.root_level or 2):
            self.write.leave_root()
        self.write.section(depth, text)
        return True

    def numbered(self, text: str) -> bool:
        found = markers(text)
        if not found:
            return False
        if self.in_provisions:
            inner = next((m for m in found for level in self.levels if level.style == m.style and m.follows(level.value)), None)
            number = self.next_paragraph(text)
            if number and not inner:
                self.paragraph(number.written, number.rest, number.value[0])
                return True
        return any(self.place(marker, text) for marker in self.preferred(found))

    def preferred(self, found: list[Marker]) -> list[Marker]:
        """What continues an open list first: (i) behind (h) is a letter, ア's イ is not イロハ's."""
        return sorted(found, key=lambda m: not any(level.style == m.style and m.follows(level.value) for level in self.levels))

    def place(self, marker: Marker, text: str) -> bool:
        for index in reversed(range(len(self.levels))):
            level = self.levels[index]
            if level.style == marker.style and (marker.follows(level.value) or self.skips(level, marker)):
                break
            if level.style == marker.style and marker.first:  # a second list of the kind, at the same depth
                level.headings = level.headings and self.looks_like_heading(marker)
                break
        else:
            opens = (
                marker.first or (marker.style == "dotted" and len(marker.value) > 1) or (marker.style == "dai" and not self.in_provisions)
            )
            if not opens or (marker.style == "dotted" and not self.dotted_fits(marker)):
                return False
            index = self.depth_of_new(marker)
            del self.levels[index:]
            self.levels.append(_Level(marker.style, marker.value, self.looks_like_heading(marker)))
        del self.levels[index + 1 :]
        level = self.levels[index]
        level.value = marker.value
        if level.headings and self.looks_like_heading(marker):
            self.question = False
            self.write.section(_GUESSED + index, text)
        else:
            self.item(index, marker)
        return True

    def skips(self, level: _Level, marker: Marker) -> bool:
        """True for a heading whose forerunner was taken out: 4 behind 2."""
        same = len(level.value) == len(marker.value) and level.value[:-1] == marker.value[:-1]
        return level.headings and same and 1 < marker.value[-1] - level.value[-1] <= 3 and self.looks_like_heading(marker)

    def dotted_fits(self, marker: Marker) -> bool:
        """3.2 needs words that begin like a sentence or a heading: "3.5 km" is none."""
        return not marker.rest or not marker.rest[0].islower()

    def depth_of_new(self, marker: Marker) -> int:
        """A new list lies inside what is open; 3.2 lies right inside 3 and beside nothing deeper."""
        if marker.style == "dotted":
            return next(
                (i for i, level in enumerate(self.levels) if level.style == "dotted" and len(level.value) >= len(marker.value)),
                len(self.levels),
            )
        return len(self.levels)

    def looks_like_heading(self, marker: Marker) -> bool:
        """A short numbered line without a full stop that something other than its own list follows."""
        if (
            self.in_provisions
            or self.marked
            or self.question
            or marker.style in ("kana", "iroha", "(kana)", "(iroha)", "alpha", "(alpha)", "(roman)", "kanji")
        ):
            return False
        if not marker.rest or len(marker.rest) > (90 if marker.rest.isascii() else 45) or marker.rest[-1] in "。．.;；:：,、，":
            return False
        following = self.next_text()
        siblings = any(m.style == marker.style and m.follows(marker.value) for m in markers(following))
        outer = any(m.follows(level.value) and m.style == level.style for m in markers(following) for level in self.levels)
        return bool(following) and not siblings and not (outer and not any(m.first for m in markers(following)))

    def item(self, depth: int, marker: Marker) -> None:
        inside = sum(1 for level in self.levels[:depth] if not level.headings)
        name = marker.written
        if (
            inside == 0
            and self.in_provisions
            and not self.english
            and marker.style in ("kanji", "(kanji)", "(arabic)", "arabic", "arabic)")
        ):
            bare = "の".join(str(part) for part in marker.value)
            name = ordinal(bare, "号")
        elif inside == 0 and self.english and self.in_provisions:
            name = f"item {marker.written}"
        self.write.item(depth, marker.written, marker.rest, unicodedata.normalize("NFC", name))

    def bullet(self, text: str) -> bool:
        match = shapes.BULLET.match(text)
        if not match or not text[match.end() :].strip():
            return False
        self.write.marked(match[0].strip(), text[match.end() :].strip(), BlockKind.ITEM)
        return True

    def plain(self, text: str) -> None:
        if self.in_provisions and not self.counted:
            self.english = self.write.path[0].isascii() or self.english
            self.paragraph("", text, 1)
            return
        self.write.items = []
        if not any(character.isalnum() for character in text):  # a row of dashes
            self.write.aside(text)
        else:
            self.write.prose(text)
