"""Characters in a frame in which every page reads alike, however it is written.

``start`` grows in the direction of reading, ``low`` and ``high`` fall from line to line. For horizontal writing that is x and y; for
vertical writing (and text turned by 90 degrees) it is -y and x.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from statistics import median

from rag.read.pdfium import Glyph
from rag.text import JAPANESE_RUN

Turn = int
"""0, 90, 180 or 270: how far clockwise the direction of reading is turned. Vertical Japanese reads as 90."""


@dataclass(frozen=True, slots=True)
class Mark:
    """A character in the frame: ``start``..``end`` along the line, ``low``..``high`` across it."""

    text: str
    start: float
    end: float
    low: float
    high: float
    glyph: Glyph

    @property
    def size(self) -> float:
        """The em in points."""
        return max(self.high - self.low, 0.1)

    @property
    def middle(self) -> float:
        return (self.low + self.high) / 2


def is_vertical(glyphs: Sequence[Glyph]) -> bool:
    """True where more steps from character to character lead down a column than along a line."""
    down = along = 0
    for one, other in zip(glyphs, glyphs[1:], strict=False):
        size = one.top - one.bottom
        if one.angle or other.angle or size <= 0 or one.text.isspace() or other.text.isspace():
            continue
        right = (other.left + other.right - one.left - one.right) / 2 / size
        up = (other.bottom + other.top - one.bottom - one.top) / 2 / size
        if abs(right) < 0.35 and -1.6 < up < -0.5:
            down += 1
        elif abs(up) < 0.35 and 0.1 < right < 1.6:
            along += 1
    return down >= 4 and down > along


def in_margin(glyphs: Sequence[Glyph]) -> set[int]:
    """Ids of the few characters above and below the columns of a vertical page: its page number stands horizontally."""
    inked = [glyph for glyph in glyphs if not glyph.text.isspace()]
    em = median(glyph.top - glyph.bottom for glyph in inked)
    found: set[int] = set()
    for edges in (
        sorted((glyph.bottom, glyph.top, id(glyph)) for glyph in inked),
        sorted((-glyph.top, -glyph.bottom, id(glyph)) for glyph in inked),
    ):
        reach = edges[0][1]
        for count, (near, far, _) in enumerate(edges[: min(40, len(edges) // 3)]):
            # A band that is empty over the whole width parts them from the columns.
            if near > reach + 0.8 * em:
                found.update(name for _, _, name in edges[:count])
                break
            reach = max(reach, far)
    return found


def turned(left: float, bottom: float, right: float, top: float, turn: Turn) -> tuple[float, float, float, float]:
    """(start, end, low, high) of a box in the frame."""
    if turn == 90:
        return -top, -bottom, left, right
    if turn == 180:
        return -right, -left, -top, -bottom
    if turn == 270:
        return bottom, top, -right, -left
    return left, right, bottom, top


def mark_of(glyph: Glyph, turn: Turn) -> Mark:
    return Mark(glyph.text, *turned(glyph.left, glyph.bottom, glyph.right, glyph.top, turn), glyph)


def once(marks: list[Mark]) -> list[Mark]:
    """Without characters drawn twice a hair apart, as bold is sometimes made.

    The letters of one ligature (ff) come with one box for both, one behind the other: they stay.
    """
    kept: list[Mark] = []
    drawn: dict[tuple[str, int, int], Mark] = {}
    for mark in marks:
        step = max(0.12 * mark.size, 0.3)
        row, place = round(mark.middle / step), round((mark.start + mark.end) / 2 / step)
        near = (drawn.get((mark.text, row + i, place + j)) for i in (0, -1, 1) for j in (0, -1, 1))
        twin = next((o for o in near if o and abs(o.start - mark.start) < step and abs(o.middle - mark.middle) < step), None)
        if twin is not None and not (kept and kept[-1] is twin and (twin.start, twin.end) == (mark.start, mark.end)):
            continue
        drawn[mark.text, row, place] = mark
        kept.append(mark)
    return kept


_OPENERS = "（「『【〈《［｛〔"
_CLOSERS = "）」』】〉》］｝〕、。，．"


def whole_cells(marks: list[Mark]) -> list[Mark]:
    """Vertical forms of some fonts come with the box of their ink alone (一, 、, brackets): give them their whole em back."""
    full = [mark for mark in marks if is_wide(mark.text) and 0.8 < mark.size / max(mark.end - mark.start, 0.1) < 1.25]
    if not full:
        return marks
    usual = median(mark.size for mark in full)
    whole, out = full[0], []
    for mark in marks:
        em = whole.size
        beside = mark.low > whole.low - 0.3 * em and mark.high < whole.high + 0.3 * em
        narrow = max(mark.end - mark.start, mark.size) < 0.9 * (em if beside else usual) or mark.end - mark.start < 0.8 * mark.size
        if is_wide(mark.text) and mark.glyph.angle == 0 and narrow and beside:
            if mark.text in _OPENERS:
                start = mark.end - em
            elif mark.text in _CLOSERS:
                start = mark.start
            else:
                start = (mark.start + mark.end - em) / 2
            mark = replace(mark, start=start, end=start + em, low=whole.low, high=whole.high)
        elif is_wide(mark.text) and 0.8 < mark.size / max(mark.end - mark.start, 0.1) < 1.25:
            whole = mark
        out.append(mark)
    return out


def side_by_side(marks: list[Mark]) -> list[Mark]:
    """Half-width characters set side by side inside a vertical column, (ii) or 12, brought to the middle of that column."""
    beside: dict[tuple[int, int], list[Mark]] = {}
    for mark in marks:
        if not mark.text.isspace() and mark.glyph.angle == 0 and mark.size < 0.8 * (mark.end - mark.start):
            beside.setdefault((round(mark.start), round(mark.end)), []).append(mark)
    moved: dict[int, Mark] = {}
    for group in beside.values():
        group.sort(key=lambda mark: mark.low)
        em = group[0].end - group[0].start
        chain: list[Mark] = []
        for index, mark in enumerate(group):
            chain.append(mark)
            after = group[index + 1] if index + 1 < len(group) else None
            if after is None or after.low - mark.high >= 0.2 * em or after.high - chain[0].low >= 2.6 * em:
                if len(chain) > 1:
                    middle = (chain[0].low + mark.high) / 2
                    moved.update((id(m), replace(m, low=middle - em / 2, high=middle + em / 2)) for m in chain)
                chain = []
    return [moved.get(id(mark), mark) for mark in marks]


def is_wide(character: str) -> bool:
    """True for kana, kanji and full-width signs: they stand together without spaces."""
    return bool(JAPANESE_RUN.match(character)) or "\u3000" <= character <= "\u303f" or "\uff01" <= character <= "\uff60"
