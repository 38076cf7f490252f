"""Writes provisions (編章節款目, 条, 項, 号, 附則, 別表) into a Builder, so that every format yields the same text, kinds and paths.

The text reads as it is printed: captions on a line of their own, 「第一条　この法律は、…」 on one line, one paragraph or item a line.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field

from rag.read.build import Builder
from rag.records import BlockKind, Box, Path
from rag.text import kanji, number

WIDE = "\u3000"
NUMERAL = "[0-9０-９〇一二三四五六七八九十百千]+"
BRANCHES = rf"(?:[のノ]{NUMERAL})*"
_NUMBER = re.compile(rf"(?P<first>{NUMERAL})(?P<branches>{BRANCHES})")
_APPENDIX = re.compile(
    rf"(?P<name>(?:別表|別記様式|別記|別紙様式|別紙|別添様式|別添|別図|様式|付録|付表|附録|附属書|参考様式|参考資料)(?:第?{NUMERAL}号?{BRANCHES})?)(?P<rest>.*)",
    re.DOTALL,
)
DELETED = re.compile(r"削[\s　]*除[\s　。]*")


def ordinal(numeral: str, unit: str) -> str:
    """第十二条 for "12", "１２" or "十二" and the unit 条; branches follow the unit: 第三十八条の三の二.

    What is not a numeral is returned as it is: a path shows what the document shows.
    """
    plain = numeral.strip()
    match = _NUMBER.fullmatch(unicodedata.normalize("NFKC", plain))  # ② and １２ too
    if not match:
        return plain
    try:
        branches = "".join(f"の{kanji(number(part))}" for part in re.split("[のノ]", match["branches"]) if part)
        return f"第{kanji(number(match['first']))}{unit}{branches}"
    except ValueError:  # more than 9,999
        return plain


_ONE_ARTICLE = re.compile(rf"第?({NUMERAL})条({BRANCHES})")


def article_name(title: str) -> str:
    """第十二条 for 第12条; a range of deleted articles keeps its words (第三条及び第四条)."""
    match = _ONE_ARTICLE.fullmatch(title.strip())
    return ordinal(match[1] + match[2], "条") if match else spaced(title)


def spaced(text: str) -> str:
    """``text`` with every run of white space made one ASCII space: the form of headings in paths."""
    return " ".join(text.split())


def _between(left: str, right: str) -> str:
    """The space between a number and its words: ASCII in a Latin text, full width in a Japanese one."""
    return " " if left[-1:].isascii() and right[:1].isascii() else WIDE


def deleted(text: str) -> bool:
    """True for the stub 「削除」 that stands where a provision was."""
    return DELETED.fullmatch(text.strip()) is not None


def appendix_name(title: str) -> tuple[str, str]:
    """別表第一 and the rest of its title; ("", title) if it is no appendix.

    Numerals become kanji, so that 別表第１ and 別表第一 are one address.
    """
    match = _APPENDIX.fullmatch(title.strip())
    if not match:
        return "", title.strip()
    name = re.sub("[0-9０-９]+", lambda m: kanji(int(m[0])) if int(m[0]) < 10_000 else m[0], match["name"])
    return unicodedata.normalize("NFKC", name), match["rest"].strip()


@dataclass(slots=True)
class Provisions:
    """Where we are in a law, and the blocks written so far. Set ``page`` and ``box`` before a call to place what it writes."""

    builder: Builder
    page: int | None = None
    box: Box | None = None
    root: Path = ()
    """("附則",) or ("別表第一",) outside the main provisions."""
    sections: list[tuple[int, str]] = field(default_factory=list)
    """(depth, "第二章 旅費"), outermost first."""
    article_name: str = ""
    paragraph_name: str = ""
    items: list[tuple[int, str]] = field(default_factory=list)
    _inline: bool = False
    """True right behind an article's title: its first paragraph follows on the same line."""

    @property
    def path(self) -> Path:
        """The path of what is written next, unless it opens something new."""
        own = tuple(name for name in (self.article_name, self.paragraph_name) if name)
        return (*self.root, *(name for _, name in self.sections), *own, *(name for _, name in self.items))

    def _add(self, text: str, kind: BlockKind, path: Path | None = None) -> None:
        self.builder.add(text, kind, self.path if path is None else path, self.page, self.box)

    def _line(self) -> None:
        self._inline = False
        self.builder.line()

    def _close(self) -> None:
        self.article_name, self.paragraph_name, self.items = "", "", []
        self._line()

    # ------------------------------------------------------------ headings

    def title(self, text: str) -> None:
        """The document's own title."""
        self._close()
        self._add(text, BlockKind.TITLE, ())

    def aside(self, text: str) -> None:
        """A line that stays in the text but is never quoted: the law's number, a table of contents."""
        if text.strip():
            self._line()
            self.builder.gap(text.strip())
            self.builder.line()

    def preamble(self, name: str) -> None:
        """What follows stands before the first provision: 前文."""
        self.root, self.sections = ((name,) if name else ()), []
        self._close()

    def section(self, depth: int, text: str, name: str = "") -> None:
        """編 (1), 章 (2), 節 (3), 款 (4) or 目 (5), or any other heading of a depth; deeper ones end here.

        ``name`` is its path element where that is not its text.
        """
        self._close()
        self.sections = [(d, n) for d, n in self.sections if d < depth] + [(depth, name or spaced(text))]
        self._add(text, BlockKind.HEADING)

    def supplement(self, label: str, amending: str = "", note: str = "") -> None:
        """附則, with the number of the amending law it came with; ``note`` is what else stands in its heading (抄)."""
        self.root, self.sections = (f"附則（{amending}）" if amending else "附則",), []
        self._close()
        parts = [label, f"（{amending}）" if amending else "", note]
        self._add(WIDE.join(part for part in parts if part), BlockKind.HEADING)

    def appendix(self, title: str, related: str = "") -> None:
        """別表第一 and its like. ``related`` is （第七条関係）."""
        name, _ = appendix_name(title)
        self.root, self.sections = (name or spaced(title) or "別表",), []
        self._close()
        self._add(title, BlockKind.HEADING)
        if related.strip():
            self.builder.gap(WIDE if title.strip() else "")
            self._add(related, BlockKind.CAPTION)

    def behind(self, text: str) -> None:
        """A caption behind an article's title, on its line: 第一条（目的）."""
        self.builder.gap(" " if text.isascii() else "")
        self._add(text, BlockKind.CAPTION)
        self._line()

    def root_heading(self, text: str) -> None:
        """A heading that ends all chapters, by its own words: "Annex A", "Supplementary Provisions"."""
        self.root, self.sections = (spaced(text),), []
        self._close()
        self._add(text, BlockKind.HEADING)

    def leave_root(self) -> None:
        """What follows stands neither in 附則 nor in 別表."""
        self.root = ()

    def stub(self, text: str) -> None:
        """削除 behind an article's title: in the text, in no block."""
        self.builder.gap((WIDE if self._inline else "") + text)
        self._line()

    def marked(self, mark: str, text: str, kind: BlockKind) -> None:
        """A line with a mark that is no address: a bullet, 答."""
        self._line()
        self.builder.gap(mark + (_between(mark, text) if text else ""))
        self._add(text, kind)

    def caption(self, text: str, *below: str, ends: bool = False) -> None:
        """（目的）; ``below`` is the path, inside the section, of the provision that the caption belongs to.

        ``ends``: the article before ends here.
        """
        if ends:
            self._close()
        self._line()
        sections = (*self.root, *(name for _, name in self.sections))
        self._add(text, BlockKind.CAPTION, (*sections, *below))

    # ------------------------------------------------------------ provisions

    def article(self, title: str, name: str = "") -> None:
        """第一条: the title only. ``name`` is its path element where that is not the title."""
        self._close()
        self.article_name = name or spaced(title)
        self._add(title, BlockKind.ARTICLE)
        self._inline = True

    def paragraph(self, numeral: str, text: str, name: str) -> None:
        """One 項. ``numeral`` is printed before it and may be empty; a deleted one leaves its stub outside all blocks."""
        self.paragraph_name, self.items = name, []
        self._numbered(numeral, text, BlockKind.PARAGRAPH)

    def item(self, depth: int, numeral: str, text: str, name: str = "") -> None:
        """One 号 (depth 0) or what is below it (イ 1, （１） 2, ...)."""
        # An item without a number (別表 has such) is cited by what holds it.
        own = name or spaced(numeral)
        self.items = [(d, n) for d, n in self.items if d < depth] + ([(depth, own)] if own else [])
        self._numbered(numeral, text, BlockKind.ITEM)

    @contextmanager
    def remarks(self, label: str) -> Iterator[None]:
        """備考 of a table: its items are 別表第一備考第一号, not items of the paragraph that holds the table."""
        before = self.items
        self.items = [(-1, name) for _, name in before] + [(-1, spaced(label) or "備考")]  # -1: above every item that follows
        self.aside(label)
        yield
        self.items = before

    def _numbered(self, numeral: str, text: str, kind: BlockKind) -> None:
        numeral, text = numeral.strip(), text.strip()
        if not numeral and not text:
            return
        if self._inline:
            self.builder.gap(_between(self.article_name, numeral or text))
        else:
            self._line()
        if numeral:
            self.builder.gap(numeral + (_between(numeral, text) if text else ""))
        if deleted(text):
            self.builder.gap(text)
        else:
            self._add(text, kind)
        self._inline = False

    def row(self, cells: Iterable[str]) -> None:
        """One row of a table; a row without any text is left out."""
        words = [spaced(cell) for cell in cells]
        if any(words):
            self._line()
            self._add("｜".join(words), BlockKind.TABLE_ROW)

    def prose(self, text: str, kind: BlockKind = BlockKind.TEXT) -> None:
        """A line of running text at the present path."""
        if text.strip():
            self._line()
            self._add(text, kind)
