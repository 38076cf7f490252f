"""Lines of a page -> paragraphs: a line that fills its column and whose next line opens nothing new goes on in it."""

from __future__ import annotations

import re
from collections import Counter, defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, replace
from statistics import median

from rag.read.pdf_marks import is_wide
from rag.read.pdf_rows import Row
from rag.read.pdfium import around
from rag.records import Box


@dataclass(frozen=True, slots=True)
class Placed:
    """A row, or a paragraph made of several, with its page."""

    row: Row
    """The first row: its size, column and place."""
    page: int
    """1-based; the first page of a paragraph that runs over its end."""
    alone: bool = False
    """The file itself says that this row is a heading."""
    joined: str = ""
    area: Box | None = None

    @property
    def text(self) -> str:
        return self.joined or self.row.text

    @property
    def box(self) -> Box | None:
        """On the first page."""
        return self.area or self.row.box


_NUMERAL = "[0-9０-９一二三四五六七八九十百千]"
_OPENS = re.compile(
    rf"""\s*(?:
      第{_NUMERAL}+[条章節款目編項号表](?:の{_NUMERAL}+)*(?:[\s\u3000（(]|$)
    | (?:附\s*則|別[表記紙]|様式)(?:第?{_NUMERAL}+)?(?:[\s\u3000（(]|$)
    | [（(](?:{_NUMERAL}{{1,3}}|[a-zA-Zア-ン]|[ivxⅰ-ⅹ]{{1,5}})[)）]
    | [①-⑳ⅰ-ⅹ⑴-⒇]
    | [0-9０-９]{{1,2}}(?:[.．][0-9０-９]{{1,2}})*[.．、]?(?:\u3000|\s(?!\s*[0-9０-９a-z]))
    | [0-9０-９]{{1,2}}[.．)）](?![0-9０-９])
    | [ア-ン][\s\u3000.．)）]
    | [一二三四五六七八九十百]{{1,3}}[\s\u3000.．]
    | [・･•●○◆◇■□※➢✓▪–—-][\s\u3000]?(?=\S)
    | [a-z][.)][\s\u3000]
    | [問答]\s*{_NUMERAL}* (?:[\s\u3000.．:：]|$) | [QAＱＡ](?:\s*{_NUMERAL}+[.．:：\s\u3000]|[.．:：\u3000])
    | (?:Article|Section|Chapter|Part|Rule|Annex|Appendix|Table|Schedule)\s+[0-9IVX]+[0-9.]*(?:\s*$|[.:]?\s+(?![a-z]))
    | [（(【〔][^）)】〕]{{1,40}}[）)】〕]\s*$
    )""",
    re.VERBOSE,
)
_NUMBERED = re.compile(r"\s*\S\u3000\S")
"""One character set off by a wide space: the number of an item, also where OCR took 五 for another character."""
_LEADER = re.compile(r"[.．・…‥⋯·]{4,}[\s\u3000]*[-―(（]?[0-9０-９ivx]{1,4}[-―)）]?$")
"""The end of a line of a table of contents."""
_ENDS = tuple("。．.!?！？：:；;」』")


def join(rows: Sequence[Placed]) -> list[Placed]:
    """Rows in reading order -> paragraphs, table rows and headings; text keeps no line ends.

    Japanese lines meet without a space, Latin ones with one; a word divided at a line's end is whole again.
    """
    edges = _edges(rows)
    pitch = _pitch(rows)
    hyphened = Counter(re.findall(r"[a-z]+-[a-z]+", "\n".join(placed.row.text for placed in rows).replace("-\n", "\0")))
    out: list[Placed] = []
    texts: list[str] = []
    boxes: list[Box] = []
    first: Placed | None = None

    def close() -> None:
        nonlocal first
        if first is not None:
            out.append(replace(first, joined="".join(texts), area=around(boxes) if boxes else None))
        first = None
        texts.clear()
        boxes.clear()

    for index, placed in enumerate(rows):
        last = rows[index - 1] if index else None
        if first is not None and last is not None and _goes_on(rows, index, first, edges, pitch):
            _append(texts, placed.row.text, hyphened)
        else:
            close()
            first = placed
            texts.append(placed.row.text)
        if placed.page == first.page and placed.row.box is not None:
            boxes.append(placed.row.box)
    close()
    return out


def _append(texts: list[str], text: str, hyphened: Counter[str]) -> None:
    so_far = texts[-1]
    divided = re.search(r"([a-z]+)-$", so_far)
    following = re.match(r"[a-z]+", text)
    if divided and following:
        # 'long-' + 'term' keeps its hyphen only if the document writes long-term inside a line.
        if not hyphened[f"{divided[1]}-{following[0]}"]:
            texts[-1] = so_far[:-1]
        texts.append(text)
    else:
        texts.append(text if is_wide(so_far[-1:]) or is_wide(text[:1]) or so_far.endswith("-") else " " + text)


def _edges(rows: Sequence[Placed]) -> dict[tuple[int, int, bool], float]:
    """Where the lines of each column end, over all pages: the furthest end that at least three lines share, or the furthest."""
    ends: dict[tuple[int, int, bool], list[float]] = defaultdict(list)
    for placed in rows:
        if not placed.row.table:
            ends[_column(placed.row)].append(placed.row.end)
    edges = {}
    for column, values in ends.items():
        values.sort(reverse=True)
        shared = (value for i, value in enumerate(values) if i + 2 < len(values) and value - values[i + 2] < 6)
        edges[column] = next(shared, values[0])
    return edges


def _column(row: Row) -> tuple[int, int, bool]:
    return (*row.column, row.vertical)


def _pitch(rows: Sequence[Placed]) -> float:
    """The usual distance from line to line, in ems."""
    steps = [
        (one.row.low - other.row.low) / one.row.size
        for one, other in zip(rows, rows[1:], strict=False)
        if one.page == other.page and one.row.column == other.row.column and not one.row.table and not other.row.table and one.row.size
    ]
    usual = [step for step in steps if 0.8 < step < 4]
    return median(usual) if usual else 1.5


def _goes_on(rows: Sequence[Placed], index: int, first: Placed, edges: dict[tuple[int, int, bool], float], pitch: float) -> bool:
    last, here = rows[index - 1].row, rows[index].row
    if rows[index - 1].alone or rows[index].alone:
        return False
    if last.table or here.table or not last.size or not here.size or _OPENS.match(here.text) or _LEADER.search(last.text):
        return False
    if _NUMBERED.match(here.text) and last.text.endswith(_ENDS):
        return False
    if not 0.87 < here.size / last.size < 1.15 or here.vertical != last.vertical or here.bold != last.bold:
        return False
    same_column = rows[index - 1].page == rows[index].page and last.column == here.column
    size = last.size
    if same_column:
        if not 0.3 < (last.low - here.low) / size <= max(1.45 * pitch, pitch + 0.6):
            return False
        # The second line of an item hangs, and so do those behind it; otherwise a line that is further in opens a paragraph.
        further = here.start - last.start
        after = rows[index + 1].row if index + 1 < len(rows) else here
        opens = bool(_OPENS.match(last.text) or _NUMBERED.match(last.text))
        hangs = last is first.row and (opens or abs(after.start - here.start) < 0.3 * size)
        if further > (5 if hangs else 0.5) * size:
            return False
        if further < -2.5 * size or (last is not first.row and abs(further) > 0.6 * size):
            return False
    elif last.text.endswith(_ENDS) or here.start - here.left > 0.5 * size + (first.row.start - first.row.left) + 4 * size:
        return False
    room = _first_word(here) + 0.3 * size
    # The longest of some short lines is not a full one.
    if edges[_column(last)] - last.end < room and last.end - last.start >= 10 * size:
        return True
    # Inside a frame or a narrow block the lines end together, short of the column's edge.
    near = [p.row.end for p in rows[max(0, index - 4) : index + 4] if p.page == rows[index].page and _column(p.row) == _column(last)]
    wide = last.end - last.start >= 0.5 * (edges[_column(last)] - last.left)
    return wide and not last.text.endswith(_ENDS) and max(near, default=0.0) - last.end < room and here.end <= last.end + size


def _first_word(row: Row) -> float:
    """Points that the first word of ``row`` would have needed on the line before; a Japanese 'word' is a character and its stop."""
    if is_wide(row.text[:1]):
        return 1.2 * row.size
    word = re.match(r"\S+?(?=[\s\u3000-\u9fff]|$)", row.text)
    share = len(word[0]) / max(len(row.text), 1) if word else 0.0
    return 1.35 * share * (row.end - row.start) + 0.3 * row.size
