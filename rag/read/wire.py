"""Document, Source and Options as JSON, for the pipe between ``sandbox`` and ``worker``. No pickle: the other side is not trusted."""

from __future__ import annotations

from datetime import date
from enum import StrEnum
from typing import TypeAlias, TypeVar

from rag.read.options import HeadingAt, Options
from rag.records import Block, BlockKind, Box, Document, Furniture, Kind, Source, Span

Json: TypeAlias = "None | bool | int | float | str | list[Json] | dict[str, Json]"

_Member = TypeVar("_Member", bound=StrEnum)

_DATES = ("issued", "effective_from", "effective_to")
_TEXTS = ("uri", "title", "issuer", "number", "licence", "language", "replaces")


class WireError(ValueError):
    """What came over the pipe is no document."""


def source_to_json(source: Source) -> dict[str, Json]:
    """A source, dates as ISO."""
    out: dict[str, Json] = {name: getattr(source, name) for name in _TEXTS}
    out["kind"], out["level"] = source.kind.value, source.level
    for name in _DATES:
        day: date | None = getattr(source, name)
        out[name] = day.isoformat() if day else None
    return out


def source_from_json(value: Json) -> Source:
    """The source again.

    Raises:
        WireError: a field is missing or has the wrong shape.
    """
    fields = _object(value)
    days: dict[str, date | None] = {}
    for name in _DATES:
        text = fields.get(name)
        try:
            days[name] = None if text is None else date.fromisoformat(_text(text))
        except ValueError as error:
            raise WireError(f"{name} is no date") from error
    level = fields.get("level")
    texts = {name: _text(fields.get(name)) for name in _TEXTS}
    return Source(kind=_member(Kind, fields.get("kind")), level=None if level is None else _whole(level), **days, **texts)  # type: ignore[arg-type]


def options_to_json(options: Options) -> dict[str, Json]:
    """What a person corrected, fit to be kept: the password is not in it."""
    return {
        "tables": [*sorted(options.tables)],
        "ocr": [*sorted(options.ocr)],
        "headings": [[heading.text, heading.depth, heading.page] for heading in options.headings],
    }


def options_from_json(value: Json, password: str = "") -> Options:
    """The corrections again; an empty object means none.

    Raises:
        WireError: a field has the wrong shape.
    """
    fields = _object(value)
    headings = []
    for entry in _list(fields.get("headings", [])):
        parts = _list(entry)
        if len(parts) != 3:
            raise WireError("a heading has three parts")
        text, depth, page = parts
        headings.append(HeadingAt(text=_text(text), depth=_whole(depth), page=None if page is None else _whole(page)))
    pages = {name: frozenset(_whole(page) for page in _list(fields.get(name, []))) for name in ("tables", "ocr")}
    return Options(tables=pages["tables"], ocr=pages["ocr"], headings=tuple(headings), password=password)


def to_json(document: Document) -> dict[str, Json]:
    """A document; a block is [kind, start, end, path, page, box]."""
    return {
        "id": document.id,
        "revision": document.revision,
        "source": source_to_json(document.source),
        "text": document.text,
        "blocks": [_block_to_json(block) for block in document.blocks],
        "pages": document.pages,
        "format": document.format,
        "warnings": list(document.warnings),
        "furniture": furniture_to_json(document.furniture),
    }


def from_json(value: Json) -> Document:
    """The document again: spans checked against the text, blocks in order and apart.

    Raises:
        WireError: it is not what ``to_json`` makes.
    """
    fields = _object(value)
    text = _text(fields.get("text"))
    blocks = tuple(_block_from_json(block) for block in _list(fields.get("blocks")))
    end = 0
    for block in blocks:
        if block.span.start < end or block.span.end > len(text):
            raise WireError("blocks overlap or lie outside the text")
        end = block.span.end
    return Document(
        id=_text(fields.get("id")),
        revision=_text(fields.get("revision")),
        source=source_from_json(fields.get("source")),
        text=text,
        blocks=blocks,
        pages=_whole(fields.get("pages")),
        format=_text(fields.get("format")),
        warnings=tuple(_text(warning) for warning in _list(fields.get("warnings"))),
        furniture=furniture_from_json(fields.get("furniture")),
    )


def furniture_to_json(lines: tuple[Furniture, ...]) -> Json:
    """Lines that are not in the text, each [page, text]."""
    return [[line.page, line.text] for line in lines]


def furniture_from_json(value: Json) -> tuple[Furniture, ...]:
    """The lines again.

    Raises:
        WireError: it is not what ``furniture_to_json`` makes.
    """
    lines = []
    for entry in _list(value):
        parts = _list(entry)
        if len(parts) != 2:
            raise WireError("a line that is left out has two parts")
        lines.append(Furniture(page=_whole(parts[0]), text=_text(parts[1])))
    return tuple(lines)


def areas_from_json(value: Json) -> list[tuple[float, float, float, float]]:
    """Rectangles: left, bottom, right, top.

    Raises:
        WireError: one has not four numbers.
    """
    areas = []
    for sides in _list(value):
        numbers = [_real(number) for number in _list(sides)]
        if len(numbers) != 4:
            raise WireError("a box has four sides")
        left, bottom, right, top = numbers
        areas.append((left, bottom, right, top))
    return areas


def _block_to_json(block: Block) -> Json:
    box = block.box
    sides: Json = [box.left, box.bottom, box.right, box.top] if box else None
    return [block.kind.value, block.span.start, block.span.end, list(block.path), block.page, sides]


def _block_from_json(value: Json) -> Block:
    parts = _list(value)
    if len(parts) != 6:
        raise WireError("a block has six parts")
    kind, start, end, path, page, sides = parts
    box = None
    if sides is not None:
        ((left, bottom, right, top),) = areas_from_json([sides])
        box = Box(left=left, bottom=bottom, right=right, top=top)
    first, last = _whole(start), _whole(end)
    if not 0 <= first <= last:
        raise WireError("a span runs backwards")
    return Block(
        kind=_member(BlockKind, kind),
        span=Span(start=first, end=last),
        path=tuple(_text(element) for element in _list(path)),
        page=None if page is None else _whole(page),
        box=box,
    )


def _object(value: Json) -> dict[str, Json]:
    if not isinstance(value, dict):
        raise WireError("not an object")
    return value


def _list(value: Json) -> list[Json]:
    if not isinstance(value, list):
        raise WireError("not a list")
    return value


def _text(value: Json) -> str:
    if not isinstance(value, str):
        raise WireError("not a text")
    return value


def _whole(value: Json) -> int:
    if not isinstance(value, int) or isinstance(value, bool):
        raise WireError("not a whole number")
    return value


def _real(value: Json) -> float:
    if not isinstance(value, int | float) or isinstance(value, bool):
        raise WireError("not a number")
    return float(value)


def _member(kinds: type[_Member], value: Json) -> _Member:
    try:
        return kinds(_text(value))
    except ValueError as error:
        raise WireError(f"{value!r} is not one of the kinds") from error
