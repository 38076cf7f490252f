"""What changed between two revisions of a document, article by article, as a 新旧対照表 shows it: old beside new, the changed words marked.

Articles are matched in this order, each only once: by their address where the words are the same; by their words where only the number
changed (renumbered); by their address; by most of their words (renumbered and changed). What is left was added or removed.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from difflib import SequenceMatcher
from enum import StrEnum

from rag.records import Block, BlockKind, Document, Path
from rag.text import fold

ALIKE = 0.6
"""Share of common words from which a renumbered article counts as the same one."""
LONG_ENOUGH = 15
"""Characters of an article that is recognised by its words alone: 「削除」 is not."""
_TOKEN = re.compile(r"[一-龥々〆ヶ]+|[ぁ-ん]+|[ァ-ヴー]+|[0-9０-９]+|[A-Za-zＡ-Ｚａ-ｚ]+|\s+|.", re.DOTALL)
_SPACE = re.compile(r"\s+")
_APART = ("附則", "別表", "supplementary", "appended", "appendix")
"""Parts in which article numbers begin anew."""


class Kind(StrEnum):
    """What became of an article."""

    SAME = "same"
    CHANGED = "changed"
    ADDED = "added"
    REMOVED = "removed"
    RENUMBERED = "renumbered"


@dataclass(frozen=True, kw_only=True, slots=True)
class Piece:
    """A stretch of words."""

    text: str
    marked: bool
    """True where the other side does not have it."""


Line = tuple[Piece, ...]


@dataclass(frozen=True, kw_only=True, slots=True)
class Change:
    """One article in both revisions."""

    kind: Kind
    old_path: Path = ()
    new_path: Path = ()
    old: tuple[Line, ...] = ()
    """Its lines before; empty where it was added, or where nothing changed."""
    new: tuple[Line, ...] = ()

    @property
    def words_changed(self) -> bool:
        """True where not only the number is another one."""
        return any(piece.marked for line in (*self.old, *self.new) for piece in line)


@dataclass(frozen=True, kw_only=True, slots=True)
class Unit:
    """An article, or what stands under a heading, as far as comparing needs it."""

    key: Path
    path: Path
    lines: tuple[str, ...]

    @property
    def plain(self) -> str:
        """Its words without white space and without its own number, which renumbering changes."""
        return _plain("".join(self.lines))


def compare(old: Document, new: Document) -> list[Change]:
    """Every article of both, in the order of the new one; a removed one stands behind the one that it followed."""
    before, after = units(old), units(new)
    partner = _matched(before, after)
    taken = {old_at: new_at for new_at, old_at in partner.items()}
    changes: list[tuple[float, Change]] = []
    for at, unit in enumerate(after):
        mine = partner.get(at)
        changes.append((at, _change(before[mine] if mine is not None else None, unit)))
    last = -0.5
    for at, unit in enumerate(before):
        if at in taken:
            last = taken[at] + 0.5
        else:
            changes.append((last, _change(unit, None)))
    return [change for _, change in sorted(changes, key=lambda pair: pair[0])]


def changed(changes: Sequence[Change]) -> list[Change]:
    """Those in which something changed."""
    return [change for change in changes if change.kind is not Kind.SAME]


# ------------------------------------------------------------ units


def units(document: Document) -> list[Unit]:
    """The articles of a document, and what stands under headings without articles, in order. Each block is a line of its unit."""
    articles = {block.path for block in document.blocks if block.kind is BlockKind.ARTICLE}
    made: list[tuple[Path, Path, list[Block]]] = []
    for block in document.blocks:
        if block.kind in (BlockKind.HEADING, BlockKind.TITLE):
            continue
        home = next((block.path[:n] for n in range(len(block.path), 0, -1) if block.path[:n] in articles), None)
        path = home if home is not None else _section(document, block.path)
        key = _key(path) if home is not None else path
        if made and made[-1][0] == key:
            made[-1][2].append(block)
        else:
            made.append((key, path, [block]))
    return [Unit(key=key, path=path, lines=tuple(_lines(document, blocks))) for key, path, blocks in _unique(made)]


def _section(document: Document, path: Path) -> Path:
    """The heading above a block that is in no article; paragraphs and items under it belong to it."""
    headings = {block.path for block in document.blocks if block.kind is BlockKind.HEADING}
    return next((path[:n] for n in range(len(path), 0, -1) if path[:n] in headings), path[:1])


def _key(path: Path) -> Path:
    """An article by its number and the part it belongs to: a new chapter around it is no change of it."""
    return (*(element for element in path[:-1] if element.casefold().startswith(_APART)), path[-1])


def _unique(made: Sequence[tuple[Path, Path, list[Block]]]) -> Iterator[tuple[Path, Path, list[Block]]]:
    seen: dict[Path, int] = {}
    for key, path, blocks in made:
        seen[key] = seen.get(key, 0) + 1
        yield ((*key, f"#{seen[key]}") if seen[key] > 1 else key), path, blocks


def _lines(document: Document, blocks: Sequence[Block]) -> Iterator[str]:
    """The words of each line, with the number in front of it, which belongs to the text and to no block."""
    end: int | None = None
    for block in blocks:
        if block.kind is BlockKind.ARTICLE:
            end = block.span.end
            continue
        start = block.span.start if end is None else max(end, document.text.rfind("\n", 0, block.span.start) + 1)
        yield document.text[start : block.span.end].strip()
        end = block.span.end


def _plain(text: str) -> str:
    return _SPACE.sub("", fold(text))


# ------------------------------------------------------------ matching


def _matched(before: Sequence[Unit], after: Sequence[Unit]) -> dict[int, int]:
    """Place in ``after`` -> place in ``before``."""
    partner: dict[int, int] = {}
    old_at = {unit.key: at for at, unit in enumerate(before)}
    old_left, new_left = set(range(len(before))), set(range(len(after)))

    def join(new: int, old: int) -> None:
        partner[new] = old
        new_left.discard(new)
        old_left.discard(old)

    for at, unit in enumerate(after):
        same = old_at.get(unit.key)
        if same is not None and before[same].plain == unit.plain:
            join(at, same)
    by_words: dict[str, list[int]] = {}
    for at in sorted(old_left):
        if len(before[at].plain) >= LONG_ENOUGH:
            by_words.setdefault(before[at].plain, []).append(at)
    for at in sorted(new_left):
        if places := by_words.get(after[at].plain):
            join(at, places.pop(0))
    for at in sorted(new_left):
        same = old_at.get(after[at].key)
        if same is not None and same in old_left and not _elsewhere(after[at], before[same], after, new_left):
            join(at, same)
    for at in sorted(new_left):
        if len(after[at].plain) < LONG_ENOUGH:
            continue
        ranked = [(alike(before[old].plain, after[at].plain), old) for old in old_left if len(before[old].plain) >= LONG_ENOUGH]
        share, old = max(ranked, default=(0.0, -1), key=lambda pair: (pair[0], -pair[1]))
        if share >= ALIKE:
            join(at, old)
    for at in sorted(new_left):  # nothing else is left of either: the article was written anew
        same = old_at.get(after[at].key)
        if same is not None and same in old_left:
            join(at, same)
    return partner


def _elsewhere(new: Unit, old: Unit, after: Sequence[Unit], new_left: set[int]) -> bool:
    """True where the old words live on under another number, better than under this one."""
    here = alike(old.plain, new.plain)
    return here < ALIKE and any(
        after[at].key != new.key and len(after[at].plain) >= LONG_ENOUGH and alike(old.plain, after[at].plain) >= max(ALIKE, here)
        for at in new_left
    )


def alike(one: str, other: str) -> float:
    """Share of common words, 0 to 1 (Ratcliff and Obershelp), with quick upper bounds first."""
    matcher = SequenceMatcher(None, _TOKEN.findall(one), _TOKEN.findall(other), autojunk=False)
    if matcher.real_quick_ratio() < ALIKE or matcher.quick_ratio() < ALIKE:
        return matcher.quick_ratio() * 0.5
    return matcher.ratio()


# ------------------------------------------------------------ one article


def _change(old: Unit | None, new: Unit | None) -> Change:
    if old is None:
        assert new is not None
        return Change(kind=Kind.ADDED, new_path=new.path, new=tuple(_whole(line) for line in new.lines))
    if new is None:
        return Change(kind=Kind.REMOVED, old_path=old.path, old=tuple(_whole(line) for line in old.lines))
    renumbered = old.key != new.key
    if old.plain == new.plain and not renumbered:
        return Change(kind=Kind.SAME, old_path=old.path, new_path=new.path)
    left, right = _marked(old.lines, new.lines)
    kind = Kind.RENUMBERED if renumbered else Kind.CHANGED
    return Change(kind=kind, old_path=old.path, new_path=new.path, old=tuple(left), new=tuple(right))


def _whole(line: str) -> Line:
    return (Piece(text=line, marked=True),)


def _marked(old: Sequence[str], new: Sequence[str]) -> tuple[list[Line], list[Line]]:
    """Both sides, with the words marked that the other does not have: first line by line, then word by word."""
    left: list[Line] = []
    right: list[Line] = []
    matcher = SequenceMatcher(None, [_plain(line) for line in old], [_plain(line) for line in new], autojunk=False)
    for tag, a, b, c, d in matcher.get_opcodes():
        if tag == "equal":
            left += [(Piece(text=line, marked=False),) for line in old[a:b]]
            right += [(Piece(text=line, marked=False),) for line in new[c:d]]
            continue
        pairs = _paired(old[a:b], new[c:d])
        for one, other in pairs:
            if one is None or other is None or alike(_plain(one), _plain(other)) < 0.2:
                left += [_whole(one)] if one is not None else []
                right += [_whole(other)] if other is not None else []
            else:
                words = _words(one, other)
                left.append(words[0])
                right.append(words[1])
    return left, right


def _paired(old: Sequence[str], new: Sequence[str]) -> list[tuple[str | None, str | None]]:
    """Lines that were replaced by lines: each with the most alike one that follows the last, so that an inserted line stands alone."""
    pairs: list[tuple[str | None, str | None]] = []
    at = 0
    for line in old:
        best, share = -1, 0.5
        for place in range(at, len(new)):
            if (here := alike(_plain(line), _plain(new[place]))) > share:
                best, share = place, here
        if best < 0:
            pairs.append((line, None))
            continue
        pairs += [(None, extra) for extra in new[at:best]]
        pairs.append((line, new[best]))
        at = best + 1
    pairs += [(None, extra) for extra in new[at:]]
    if len(old) == len(new) == 1 and len(pairs) == 2:
        return [(old[0], new[0])]
    return pairs


def _words(old: str, new: str) -> tuple[Line, Line]:
    one, other = _TOKEN.findall(old), _TOKEN.findall(new)
    left: list[Piece] = []
    right: list[Piece] = []
    matcher = SequenceMatcher(None, [fold(token) for token in one], [fold(token) for token in other], autojunk=False)
    for tag, a, b, c, d in matcher.get_opcodes():
        _put(left, "".join(one[a:b]), tag != "equal")
        _put(right, "".join(other[c:d]), tag != "equal")
    return tuple(left), tuple(right)


def _put(line: list[Piece], text: str, marked: bool) -> None:
    marked = marked and bool(text.strip())
    if not text:
        return
    if line and line[-1].marked == marked:
        line[-1] = replace(line[-1], text=line[-1].text + text)
    else:
        line.append(Piece(text=text, marked=marked))
