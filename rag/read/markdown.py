"""Markdown -> blocks: headings become paths, link texts stay, images and front matter go."""

from __future__ import annotations

import re
from dataclasses import dataclass

from bs4 import BeautifulSoup
from markdown_it import MarkdownIt
from markdown_it.token import Token

from rag.errors import EmptyFile
from rag.read.build import Builder
from rag.read.html import html_lines, without_furniture
from rag.read.markers import markers
from rag.read.options import AS_IT_IS, How
from rag.read.plain import decode, glue, join_wrapped, opens, page_width
from rag.read.reading import Reading, fill
from rag.read.structure import Line, add_lines
from rag.records import BlockKind, Source
from rag.text import language

_FRONT_MATTER = re.compile(r"\A---[ \t]*\r?\n(?P<front>.*?)^(?:---|\.\.\.)[ \t]*\r?$\n?", re.DOTALL | re.MULTILINE)
_FRONT_TITLE = re.compile(r"^title:[ \t]*[\"']?(.+?)[\"']?[ \t]*\r?$", re.MULTILINE)
_PARSER = MarkdownIt("commonmark").enable("table")


@dataclass(frozen=True, slots=True)
class _Piece:
    line: Line
    links_only: bool
    listed: bool = False


def read_markdown(data: bytes, source: Source, how: How = AS_IT_IS) -> Reading:
    """One Markdown file.

    Raises:
        UnknownFormat: the bytes are no text.
        EmptyFile: there is no text in it.
    """
    text, encoding = decode(data, source.uri)
    front = _FRONT_MATTER.match(text)
    title = _FRONT_TITLE.search(front["front"]) if front else None
    pieces = _pieces(_PARSER.parse(text[front.end() :] if front else text), page_width(text.split("\n")))
    builder = Builder()
    number = add_lines(builder, how.options.corrected([piece.line for piece in _without_navigation(pieces)]))
    if not builder.blocks:
        raise EmptyFile(source.uri, "there is no text in it.")
    shown = next((b.span.cut(builder.text) for b in builder.blocks if b.kind is BlockKind.TITLE), "")
    warnings = () if encoding.startswith("utf") else (f"encoding guessed: {encoding}",)
    shown = shown or (title[1] if title else "")
    filled = fill(source, title=shown, number=number, language=language(builder.text[:20_000]))
    return Reading.of(builder, filled, warnings=warnings)


def _pieces(tokens: list[Token], width: int) -> list[_Piece]:
    pieces: list[_Piece] = []
    marks: list[str] = []  # what each open list prints before its next item
    heading = 0
    row: list[str] | None = None
    for token in tokens:
        if token.type == "heading_open":
            heading = int(token.tag[1])
        elif token.type == "list_item_open":
            marks.append(f"{token.info}{token.markup} " if token.info else "・")
        elif token.type == "list_item_close":
            marks.pop()
        elif token.type == "tr_open":
            row = []
        elif token.type == "tr_close" and row is not None:
            if any(row):
                pieces.append(_Piece(Line(text="｜".join(row), table=True), False))
            row = None
        elif token.type == "inline" and row is not None:
            row.append(" ".join(_words(token).split()))
        elif token.type == "inline":
            mark = marks[-1] if marks else ""
            for text in _lines(_words(token), width) if not heading else [" ".join(_words(token).split("\n"))]:
                shown = text if not mark or markers(text) else mark + text
                pieces.append(_Piece(Line(text=shown, heading=heading), _links_only(token), bool(marks)))
                mark = ""
            if marks:
                marks[-1] = ""  # only the first paragraph of an item has its bullet
            heading = 0
        elif token.type in ("fence", "code_block"):
            pieces.extend(_Piece(Line(text=text), False) for text in join_wrapped(token.content.split("\n"), width))
        elif token.type == "html_block":
            markup = BeautifulSoup(token.content, "lxml")
            without_furniture(markup, inside=True)
            pieces.extend(_Piece(line, False) for line in html_lines(markup))
    return pieces


def _words(token: Token) -> str:
    """The text of an inline token: link texts without addresses, no images, line breaks as \\n."""
    out: list[str] = []
    for child in token.children or []:
        if child.type in ("text", "code_inline"):
            out.append(child.content)
        elif child.type in ("softbreak", "hardbreak") or (child.type == "html_inline" and child.content.lower().startswith("<br")):
            out.append("\n")
    return "".join(out)


def _links_only(token: Token) -> bool:
    depth, linked = 0, False
    for child in token.children or []:
        if child.type == "link_open":
            depth, linked = depth + 1, True
        elif child.type == "link_close":
            depth -= 1
        elif child.type in ("text", "code_inline") and child.content.strip() and not depth:
            return False
    return linked


def _lines(text: str, width: int) -> list[str]:
    """The lines of one paragraph: run together, as Markdown does, but not across numbers, and not in Japanese, where lines are meant."""
    lines: list[str] = []
    for line in text.split("\n"):
        bare = line.strip()
        if lines and bare and lines[-1].isascii() and not opens(bare):
            lines[-1] = glue(lines[-1], bare)
        elif bare:
            lines.append(bare)
    return join_wrapped(lines, width) if lines and not lines[0].isascii() else lines


def _without_navigation(pieces: list[_Piece]) -> list[_Piece]:
    """Without the rows of links that a saved page has above its first heading and below its last words."""
    first = next((i for i, piece in enumerate(pieces) if piece.line.heading), 0)
    head = pieces[:first]
    listed = [piece for piece in head if piece.listed]
    if sum(piece.links_only for piece in listed) * 2 > len(listed):
        head = [piece for piece in head if not piece.listed]
    end = len(pieces)
    while end > first and pieces[end - 1].links_only:
        end -= 1
    return [*(piece for piece in head if not piece.links_only), *pieces[first:end]]
