"""The provisions of a document in the order of the law: address -> characters and path, and back.

Only the paths of blocks are read, so it works for whatever format a document came from.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field, replace
from functools import lru_cache

from rag.address import Address, Unit, is_roman, numbers, roman
from rag.names import NUMERAL, plain
from rag.records import QUOTABLE, Block, BlockKind, Document, Path, Span
from rag.text import number

# ---------------------------------------------------------------- path -> address

_N = NUMERAL.replace("0-9", "0-9０-９")
_ONE = rf"第(?P<n>{_N})%s(?P<b>(?:の{_N})*)"
_ARTICLE = re.compile(_ONE % "条")
_PARAGRAPH = re.compile(_ONE % "項")
_ITEM = re.compile(_ONE % "号")
_SEVERAL = re.compile(rf"第?{_N}(?P<unit>[条項号])?(?:の{_N})*(?:(?:から|及び|、|～|~|・)第?{_N}[条項号]?(?:の{_N})*)+(?:まで)?")
_ANNEX = re.compile(rf"別表(?:第(?P<n>{_N})(?P<b>(?:の{_N})*))?(?:[\s（].*)?")
_QUESTION = re.compile(rf"(?:問い?|Q|質問|設問)(?P<n>{_N}(?:[-の]{_N})*)")
_HEADING = re.compile(rf"第(?P<n>{_N})(?: .*)?")
_NUMBERED = re.compile(r"(?:(?:Section|Rule) )?(?P<n>[0-9０-９]+(?:\.[0-9０-９]+)*)\.?(?: .*)?")
_CIRCULAR_ITEM = re.compile(rf"(?P<n>[0-9０-９]+(?:の{_N})*(?:[-－−‐][0-9０-９]+(?:の{_N})*)+)(?:[ \u3000].*)?")
_ENGLISH = re.compile(r"(?:Supplementary )?Article (?P<n>[0-9]+(?:-[0-9]+)*)\b.*")
_BELOW = re.compile(r"(?:(?P<word>paragraph|item) )?\(?(?P<n>[0-9０-９]+|[ivxl]+)\)?\.?")
_SUPPLEMENT = re.compile(r"附則|Supplementary Provisions?(?!\w)", re.IGNORECASE)
_SUBITEM = re.compile(r"[ァ-ヴ]|[（(][^（）()]{1,4}[）)]|[a-z]")


def _several(element: str) -> list[tuple[int, ...]]:
    """The numbers that one element of a path stands for: 第三条から第五条まで, 一及び二."""
    found = [numbers(m[1], m[2]) for m in re.finditer(rf"第?({_N})[条項号]?((?:の{_N})*)", element)]
    if len(found) == 2 and re.search("から|～|~", element):
        first, last = found
        if len(first) == len(last) and first[:-1] == last[:-1] and first[-1] < last[-1] < first[-1] + 1_000:
            return [(*first[:-1], n) for n in range(first[-1], last[-1] + 1)]
    return found


def address_of(path: Path) -> Address:
    """The address that a path of a block stands for; chapters do not count. The first one, where an element stands for several."""
    return _addresses(path)[0]


@lru_cache(maxsize=100_000)
def _addresses(path: Path) -> tuple[Address, ...]:
    """Addresses of the last element: more than one where 第三条から第五条まで were deleted together."""
    if not path:
        return (Address(),)
    above = _addresses(path[:-1])[0]
    element = path[-1]
    if len(path) == 1 and (match := _SUPPLEMENT.match(element)):
        return (Address(part="附則" + element[match.end() :].replace(" (", "（").replace(")", "）")),)
    if match := _ANNEX.fullmatch(element) if len(path) == 1 else None:
        return (Address(part="別表", article=numbers(match["n"], match["b"]) if match["n"] else ()),)
    if len(path) == 1 and (match := re.match(r"Appended Table(?: (\d+))?", element)):
        return (Address(part="別表", article=(int(match[1]),) if match[1] else ()),)
    if match := _ARTICLE.fullmatch(element) or _ENGLISH.fullmatch(element):
        own = numbers(match["n"], match["b"]) if "b" in match.groupdict() else tuple(map(int, match["n"].split("-")))
        return (Address(part=above.part, article=own),)
    if match := _PARAGRAPH.fullmatch(element):
        return (replace(above, paragraph=number(match["n"]), item=None, subitem=""),)
    if match := _ITEM.fullmatch(element):
        return (replace(above, item=numbers(match["n"], match["b"]), subitem=""),)
    if match := _SEVERAL.fullmatch(element):
        return tuple(_one_of(above, own, match["unit"] or "号") for own in _several(element)) or (above,)
    if match := _QUESTION.fullmatch(element):
        return (Address(part="問", article=tuple(number(n) for n in re.split("[-の]", match["n"]))),)
    return (_below(above, element),)


def _one_of(above: Address, own: tuple[int, ...], unit: str) -> Address:
    if unit == "条":
        return Address(part=above.part, article=own)
    return replace(above, paragraph=own[0], item=None) if unit == "項" else replace(above, item=own)


def _below(above: Address, element: str) -> Address:
    """Headings with numbers, and the levels below articles and headings in the ways of guidelines and English texts."""
    inside = bool(above.article) or above.paragraph is not None
    match = _BELOW.fullmatch(element)
    if match and (inside or above.part):
        word, text = match["word"], match["n"]
        value = roman(text) if is_roman(text) else number(text)
        if word == "paragraph" or (
            not word and above.paragraph is None and above.item is None and element[0] not in "(（" and above.article
        ):
            return replace(above, paragraph=value)
        if word == "item" or (above.item is None and above.subitem == ""):
            return replace(above, item=(value,))
    if match := _HEADING.fullmatch(element):
        return Address(part="第", article=(number(match["n"]),))
    if match := _CIRCULAR_ITEM.fullmatch(element):
        return Address(part="通", article=tuple(number(n) for n in re.split("[-－−‐の]", match["n"])))
    if match := _NUMBERED.fullmatch(element):
        return Address(part="節", article=tuple(number(n) for n in match["n"].split(".")))
    if inside and _SUBITEM.fullmatch(element):
        return replace(above, subitem=above.subitem + plain(element))
    return above


# ---------------------------------------------------------------- the provisions of a document


@dataclass(frozen=True, kw_only=True, slots=True)
class Provision:
    """One article, paragraph, item, table, question or numbered heading."""

    address: Address
    span: Span
    """From its first to its last character, captions and everything inside included."""
    path: Path
    deleted: bool = False
    """Its place is kept (削除), its words are gone."""


_ROW = re.compile(rf"({_N}(?:の{_N})*)(?=[ \u3000｜])")


def _row(block: Block, text: str) -> Address | None:
    """別表第一の三の項: a row of a 別表 that begins with its number."""
    table = _addresses(block.path[:1])[0]
    match = _ROW.match(text, block.span.start, block.span.end) if table.part == "別表" else None
    return replace(table, subitem=f"{match[1]}の項") if match else None


_Parent = tuple[str, tuple[int, ...], int | None, str]


def _parent(address: Address, unit: Unit) -> _Parent:
    """What the provisions of one unit that stand beside each other share."""
    return (
        address.part,
        address.article if unit != "条" else (),
        address.paragraph if unit == "号" else None,
        unit,
    )


def _unit(address: Address) -> Unit:
    if address.subitem:
        return ""
    return "号" if address.item else "項" if address.paragraph is not None else "条"


@dataclass(frozen=True, slots=True)
class Provisions:
    """The provisions of one document, in its order. Make them with ``Provisions.of``."""

    document: Document
    order: tuple[Provision, ...]
    _places: dict[Address, int] = field(repr=False)
    _beside: dict[_Parent, list[Address]] = field(repr=False)

    @classmethod
    def of(cls, document: Document) -> Provisions:
        """Every address that the paths of ``document`` name. Items and paragraphs that were deleted one by one are counted in."""
        seen: dict[Address, tuple[int, int, Path]] = {}
        live: set[Address] = set()
        for block in document.blocks:
            if block.kind is BlockKind.TABLE_ROW and (row := _row(block, document.text)):
                seen.setdefault(row, (block.span.start, block.span.end, block.path))
                live.add(row)
            for depth in range(1, len(block.path) + 1):
                path = block.path[:depth]
                for address in _addresses(path):
                    if address == Address():
                        continue
                    start, _, first = seen.get(address, (block.span.start, 0, path))
                    seen[address] = (start, block.span.end, first)
                    if block.kind in QUOTABLE:
                        live.add(address)
        found: dict[Address, Provision] = {}
        beside: dict[_Parent, list[Address]] = {}
        for address, (start, end, path) in seen.items():
            unit = _unit(address)
            neighbours = beside.setdefault(_parent(address, unit), [])
            if unit in ("項", "号") and neighbours:
                for stub in _gap(neighbours[-1], address):
                    before = found[neighbours[-1]].span.end
                    found[stub] = Provision(address=stub, span=Span(start=min(before, start), end=start), path=path[:-1], deleted=True)
                    neighbours.append(stub)
            found[address] = Provision(address=address, span=Span(start=start, end=end), path=path, deleted=address not in live)
            neighbours.append(address)
        order = tuple(found.values())
        return cls(document, order, {provision.address: i for i, provision in enumerate(order)}, beside)

    def find(self, address: Address) -> Provision | None:
        """The provision at ``address``, also where the only paragraph is left out (第六条第四号), or a section is cited as an article."""
        for form in _forms(address):
            place = self._places.get(form)
            if place is not None:
                return self.order[place]
        whole = self.undivided(address)
        return self.order[self._places[whole]] if whole else None

    def undivided(self, address: Address) -> Address | None:
        """The article of ``address``, where its paragraphs and items are not told apart: they are somewhere in there."""
        whole = replace(address, paragraph=None, item=None, subitem="")
        told = whole not in self._places or any(self.inside(whole, unit) for unit in ("項", "号"))
        return None if told else whole

    def at(self, path: Path) -> Address:
        """The address of the passage with this path."""
        return address_of(path)

    def holding(self, span: Span) -> Provision | None:
        """The smallest provision around ``span``."""
        around = [provision for provision in self.order if provision.span.holds(span)]
        return min(around, key=lambda provision: provision.span.end - provision.span.start, default=None)

    def beside(self, address: Address, unit: Unit) -> Sequence[Address]:
        """The articles, paragraphs or items (``unit``) among which ``address`` stands, in order."""
        return self._beside.get(_parent(address, unit), ())

    def inside(self, address: Address, unit: Unit) -> Sequence[Address]:
        """The paragraphs or items of ``address``, in order; items of an article are those of its only paragraph."""
        if unit == "号" and address.paragraph is None:
            return self._beside.get(_parent(replace(address, paragraph=1), unit), ()) or self._beside.get(_parent(address, unit), ())
        return self._beside.get(_parent(address, unit), ())


def _gap(before: Address, after: Address) -> Iterable[Address]:
    """Whole numbers that are missing between two neighbours: their words were deleted, their numbers were not given away."""
    if after.item and before.item and len(after.item) == 1:
        return [replace(after, item=(n,)) for n in range(before.item[0] + 1, after.item[0])]
    if not after.item and not before.item and after.paragraph and before.paragraph:
        return [replace(after, paragraph=n) for n in range(before.paragraph + 1, after.paragraph)]
    return ()


def _forms(address: Address) -> Iterable[Address]:
    yield address
    if address.paragraph is None and address.item:
        yield replace(address, paragraph=1)
    if address.part in ("", "節", "第") and address.article:
        for part in ("", "節", "第"):
            if part != address.part:
                yield replace(address, part=part)
    if address.paragraph == 1 and address.item is None:
        yield replace(address, paragraph=None)
    if address.part == "別表" and address.subitem.endswith("項"):
        yield replace(address, subitem="")  # rows without numbers: the table
