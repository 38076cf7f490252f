"""Saved web pages -> blocks. Nothing is executed or fetched; what helps to move about the site is dropped."""

from __future__ import annotations

import re
from collections.abc import Iterator

from bs4 import BeautifulSoup
from bs4.element import Comment, Doctype, NavigableString, PageElement, Tag

from rag.errors import DamagedFile, EmptyFile
from rag.read.build import Builder
from rag.read.markers import markers
from rag.read.options import AS_IT_IS, How
from rag.read.plain import decode
from rag.read.reading import Reading, fill
from rag.read.structure import Line, add_lines
from rag.records import BlockKind, Source
from rag.text import language

_DROPPED = frozenset(
    "nav header footer script style noscript template aside form button select input textarea iframe svg img picture video audio"
    " object embed canvas map dialog rt rp head link meta".split()
)
_ROLES = frozenset({"navigation", "banner", "contentinfo", "search", "complementary", "menu", "menubar", "toolbar", "dialog"})
_FURNITURE = re.compile(
    r"^(?:(?:bread-?crumbs?|topic-?path|pankuzu|skip(?:-?(?:link|nav|to)\w*)?|visually-hidden|sr-only|screen-reader-text|cookies?|cookie-\w+"
    r"|banner|ad|ads|page-?top|pagetop|to-?top|share|sns|social|pager|pagination|side|sidebar|side-?bar|side-?nav|global-?nav|menu|tools?"
    r"|print|font-?size|lang(?:uage)?|(?:site|page|global)?-?footer|site-?(?:header|search)|related(?:-\w+)?|feedback|survey|rating))$",
    re.IGNORECASE,
)
_HIDDEN = re.compile(r"display\s*:\s*none|visibility\s*:\s*hidden", re.IGNORECASE)
_BLOCKS = frozenset(
    "address article blockquote body center dd details div dl dt fieldset figcaption figure h1 h2 h3 h4 h5 h6 hgroup hr html li main"
    " ol p pre section summary table tbody td tfoot th thead tr ul".split()
)
_CHARSET = re.compile(rb"<meta[^>]+charset\s*=\s*[\"']?\s*([A-Za-z0-9_:-]+)", re.IGNORECASE)
_XML_ENCODING = re.compile(rb"^<\?xml[^>]+encoding\s*=\s*[\"']([A-Za-z0-9_:-]+)", re.IGNORECASE)
_PYTHON_NAMES = {
    "shift_jis": "cp932",
    "shift-jis": "cp932",
    "x-sjis": "cp932",
    "sjis": "cp932",
    "windows-31j": "cp932",
    "ms_kanji": "cp932",
}
_IN_PAGE = re.compile(r"^\s*(?:#|javascript:)", re.IGNORECASE)


def read_html(data: bytes, source: Source, how: How = AS_IT_IS) -> Reading:
    """One page: headings, paragraphs, lists and table rows of its main part.

    Raises:
        EmptyFile: nothing to read is on it.
        DamagedFile: its elements are nested more than ``MAX_DEPTH`` deep.
        UnknownFormat: the bytes are no text.
    """
    text, warnings = _decoded(data, source.uri)
    soup = BeautifulSoup(text, "lxml")
    if _depth(soup) > MAX_DEPTH:
        raise DamagedFile(source.uri, f"its elements are nested more than {MAX_DEPTH} deep. Save the page again, as HTML or as PDF.")
    page_title = soup.title.get_text(" ", strip=True) if soup.title else ""
    body = _main_part(soup)
    lines = html_lines(body)
    builder = Builder()
    number = add_lines(builder, how.options.corrected(lines))
    if not builder.blocks:
        raise EmptyFile(source.uri, "the page has no text of its own: only navigation, or it is filled by a script when it is opened.")
    shown = next((b.span.cut(builder.text) for b in builder.blocks if b.kind is BlockKind.TITLE), "")
    declared = soup.html.get("lang") if soup.html else ""
    spoken = str(declared or "")[:2].lower()
    filled = fill(
        source,
        title=shown or re.split(r"\s*[|｜]\s*|\s+[-–—]\s+", page_title)[0].strip(),
        number=number,
        language=spoken if spoken in ("ja", "en") else language(builder.text[:20_000]),
    )
    return Reading.of(builder, filled, warnings=warnings)


MAX_DEPTH = 250
"""Pages that people write stay below 60; one that is made to hurt would take minutes."""


def _depth(soup: BeautifulSoup) -> int:
    deepest, waiting = 0, [(child, 1) for child in soup.children]
    while waiting:
        node, depth = waiting.pop()
        deepest = max(deepest, depth)
        if isinstance(node, Tag):
            waiting.extend((child, depth + 1) for child in node.children)
    return deepest


def _decoded(data: bytes, name: str) -> tuple[str, tuple[str, ...]]:
    """The text by the encoding that the page declares, if it fits without an error, else by what the bytes look like."""
    declared = _CHARSET.search(data[:4096]) or _XML_ENCODING.search(data[:200])
    if declared and not data.startswith((b"\xff\xfe", b"\xfe\xff")):
        encoding = declared[1].decode("ascii").lower()
        try:
            return data.decode(_PYTHON_NAMES.get(encoding, encoding)), ()
        except (LookupError, UnicodeError):
            text, used = decode(data, name)
            return text, (f"the page says {encoding} but is {used}",)
    text, used = decode(data, name)
    return text, (() if used.startswith("utf") else (f"encoding guessed: {used}",))


# ---------------------------------------------------------------- what is dropped


def _main_part(soup: BeautifulSoup) -> Tag:
    """The part of the page that is its content, without furniture."""
    root: Tag = soup.body or soup
    mains = [tag for tag in root.find_all(True) if tag.name == "main" or tag.get("role") == "main"]
    articles = root.find_all("article")
    if len(mains) == 1:
        root = mains[0]
    elif not mains and len(articles) == 1 and len(articles[0].get_text()) * 2 > len(root.get_text()):
        root = articles[0]
    without_furniture(root, inside=root.name in ("main", "article"))
    return root


def without_furniture(root: Tag, *, inside: bool) -> None:
    """Removes what is no text of the page. ``inside``: ``root`` is the main part, where a list of links may be content."""
    for comment in root.find_all(string=lambda s: isinstance(s, (Comment, Doctype))):
        comment.extract()
    for tag in [tag for tag in root.find_all(True) if not tag.decomposed]:
        if not tag.decomposed and _is_furniture(tag, root, inside):
            tag.decompose()


def _is_furniture(tag: Tag, root: Tag, inside: bool) -> bool:
    if tag.name == "header" and tag.h1 is not None and len(root.find_all("h1")) == 1 and tag.find(["nav", "form"]) is None:
        return False  # the head of the document, not of the site
    if tag.name == "address" and tag.a is not None:
        return True  # who keeps the site, with a link to its first page
    if tag.name == "table" and len(tag.find_all("tr")) == 1 and any(_only_links(cell, in_page=False) for cell in tag.find_all("td")):
        return True  # a head of the site that is laid out as a table
    if tag.name in _DROPPED or str(tag.get("role", "")).lower() in _ROLES:
        return True
    if tag.has_attr("hidden") or str(tag.get("aria-hidden", "")).lower() == "true" or _HIDDEN.search(str(tag.get("style", ""))):
        return True
    names = [*(tag.get_attribute_list("class") or []), str(tag.get("id", ""))]
    if any(name and _FURNITURE.match(str(name)) for name in names):
        return True
    if tag.name in ("ul", "ol") and not tag.find_parent(["ul", "ol"]):
        return _only_links(tag, in_page=inside)
    return tag.name in ("p", "div") and _only_links(tag, in_page=True)


def _only_links(tag: Tag, in_page: bool) -> bool:
    """True where links are all that ``tag`` holds; with ``in_page``, only if all of them lead about the page itself."""
    links = tag.find_all("a")
    if not links or (in_page and not all(_IN_PAGE.match(str(link.get("href", "#"))) for link in links)):
        return False
    linked = sum(len("".join(link.get_text().split())) for link in links)
    return len(re.sub(r"[\s|｜・>＞»/-]", "", tag.get_text())) <= linked


# ---------------------------------------------------------------- lines


def html_lines(root: Tag) -> list[Line]:
    """The lines of ``root``, in reading order."""
    return [line for line in _lines(root, "") if line.text.strip()]


def _lines(tag: Tag, mark: str) -> Iterator[Line]:
    """``mark`` is what the browser would print before the first line: the bullet or number of a list item."""
    words: list[str] = []

    def flush() -> Iterator[Line]:
        nonlocal mark
        for text in re.split(r"\n", "".join(words)):
            bare = text.strip(" \t\r\u3000")
            if bare:
                yield Line(text=bare if not mark or markers(bare) else f"{mark}{bare}")
                mark = ""
        words.clear()

    for child in tag.children:
        if isinstance(child, Tag) and (child.name in _BLOCKS or child.find(list(_BLOCKS)) is not None):
            yield from flush()
            yield from _block(child, mark)
            mark = ""
        else:
            words.append(_inline(child, tag.name == "pre"))
    yield from flush()


def _block(tag: Tag, mark: str) -> Iterator[Line]:
    if tag.name in ("h1", "h2", "h3", "h4", "h5", "h6"):
        yield Line(text=" ".join(_inline(tag, False).split("\n")).strip(), heading=int(tag.name[1]))
    elif tag.name in ("ul", "ol"):
        start = int(str(tag.get("start", ""))) if str(tag.get("start", "")).isdigit() else 1
        for place, item in enumerate(tag.find_all("li", recursive=False)):
            yield from _lines(item, "・" if tag.name == "ul" else f"{start + place}. ")
    elif tag.name == "table" and not _is_layout(tag):
        yield from _rows(tag)
    else:
        yield from _lines(tag, mark)


def _inline(node: PageElement, keep_lines: bool) -> str:
    if isinstance(node, NavigableString):
        return str(node) if keep_lines else _close_up(str(node))
    if isinstance(node, Tag):
        return "\n" if node.name == "br" else "".join(_inline(child, keep_lines) for child in node.children)
    return ""


_SPACES = re.compile(r"[ \t\r\n\f]+")
_WIDE_GAP = re.compile(r"(?<=[^\x00-\x7f]) (?=[^\x00-\x7f])")


def _close_up(text: str) -> str:
    """White space as a browser shows it; the source's line ends inside Japanese text are closed."""
    if "\n" not in text:
        return _SPACES.sub(" ", text)
    return _WIDE_GAP.sub("", _SPACES.sub(" ", text))


def _is_layout(table: Tag) -> bool:
    """True for a table that only places things on the page: it holds headings or tables, or has one column."""
    if table.find(["table", "h1", "h2", "h3", "h4"]) is not None:
        return True
    return all(len(row.find_all(["td", "th"], recursive=False)) < 2 for row in table.find_all("tr"))


def _rows(table: Tag) -> Iterator[Line]:
    caption = table.find("caption")
    if caption:
        yield Line(text=" ".join(_inline(caption, False).split("\n")))
    below: dict[int, tuple[int, str]] = {}  # column -> (rows still to fill, text) of a cell that spans rows
    for row in table.find_all("tr"):
        cells: list[str] = []
        for cell in row.find_all(["td", "th"], recursive=False):
            _fill_spans(cells, below)
            text = " ".join(" ".join(line.text for line in html_lines(cell)).split(" "))
            if (rows := _span(cell, "rowspan")) > 1:
                below[len(cells)] = (rows - 1, text)
            cells.append(text)
        _fill_spans(cells, below)
        if any(cells):
            yield Line(text="｜".join(cells), table=True)


def _fill_spans(cells: list[str], below: dict[int, tuple[int, str]]) -> None:
    """A cell that spans rows is said again in each, so that every row can be read alone."""
    while len(cells) in below:
        left, text = below.pop(len(cells))
        if left > 1:
            below[len(cells)] = (left - 1, text)
        cells.append(text)


def _span(cell: Tag, name: str) -> int:
    value = str(cell.get(name, "1"))
    return min(int(value), 1000) if value.isdigit() else 1
