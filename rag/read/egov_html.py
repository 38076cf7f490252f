"""Law pages saved from e-Gov law search -> the same provisions as from the law's XML.

The pages are flat: a ``div`` of class ``_div_ItemSentence`` stands beside, not inside, its paragraph. Order tells what belongs to what.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from lxml import etree, html

from rag.errors import DamagedFile, EmptyFile
from rag.read.build import Builder
from rag.read.options import AS_IT_IS, How
from rag.read.provision import WIDE, Provisions, article_name, ordinal
from rag.read.reading import Reading, fill, kind_of, revision_date
from rag.records import Source

Element = etree._Element

_SECTIONS = {"Part": 1, "Chapter": 2, "Section": 3, "Subsection": 4, "Division": 5}
_FURNITURE = frozenset({"style", "script", "head", "nav", "header", "footer", "aside", "form", "button", "noscript", "template"})
_BUTTONS = frozenset({"_shokanBox", "_inyoBox", "_shokanBtnIcons"})
_LABEL = re.compile(r"(?P<label>附[\s　]*則)[\s　]*(?:（(?P<amending>[^（）]*)）)?[\s　]*(?P<note>.*)", re.DOTALL)
_RELATED = re.compile(r"(?P<title>.*?)[\s　]*(?P<related>（[^（）]*関係）)?", re.DOTALL)
_MARKS = (b"_div_ArticleTitle", b"_div_ParagraphSentence", b"_div_SupplProvisionLabel")


def is_law_page(data: bytes) -> bool:
    """True for a page with the markup of e-Gov law search."""
    return any(mark in data for mark in _MARKS)


def read_egov_html(data: bytes, source: Source, how: How = AS_IT_IS) -> Reading:
    """One law page of e-Gov.

    Raises:
        DamagedFile: nothing in it can be parsed.
        EmptyFile: no provision is in it.
    """
    try:
        root = html.document_fromstring(data, parser=html.HTMLParser(encoding="utf-8", no_network=True, remove_comments=True))
    except (etree.ParserError, etree.XMLSyntaxError, ValueError) as error:
        raise DamagedFile(source.uri, f"the page cannot be parsed ({error}). Save it again from the browser.") from error
    builder = Builder()
    page = _Page(Provisions(builder))
    mains = root.xpath("//*[@id='contentsLaw'] | //main")
    page.visit(mains[0] if isinstance(mains, list) and mains and isinstance(mains[0], Element) else root)
    builder.line()
    if not builder.blocks:
        raise EmptyFile(source.uri, "the page has no provisions.")
    filled = fill(
        source,
        title=page.title,
        number=page.number,
        kind=kind_of(page.number),
        effective_from=revision_date(source.uri),
        language="ja",
    )
    return Reading.of(builder, filled)


def _words(element: Element) -> str:
    return "".join(_pieces(element)).strip()


def _pieces(element: Element) -> Iterator[str]:
    yield (element.text or "").replace("\n", "")
    for child in element:
        if child.tag not in ("rt", "rp", "table") and not _classes(child) & _BUTTONS:
            yield from _pieces(child)
        yield (child.tail or "").replace("\n", "")


def _classes(element: Element) -> set[str]:
    return set((element.get("class") or "").split())


class _Page:
    """Walks the page from top to bottom and writes its provisions down."""

    def __init__(self, write: Provisions) -> None:
        self.write = write
        self.title = ""
        self.number = ""
        self._counted = 0
        self._caption: str | None = None
        """A caption waits for its article or paragraph, which knows the path."""

    def visit(self, element: Element) -> None:
        for child in element:
            classes = _classes(child)
            own = next((name.removeprefix("_div_") for name in sorted(classes) if name.startswith("_div_")), "")
            if not isinstance(child.tag, str) or classes & (_BUTTONS | {"TOC"}) or child.tag in _FURNITURE:
                continue
            if child.get("id") == "lawTitleNo":
                self.number = _words(child)
            elif child.get("id") == "lawTitle":
                self.title = _words(child)
                self.write.title(self.title)
                self.write.aside(self.number)
            elif "MainProvision" in classes:
                self._counted = 0
                self.write.preamble("")
                self.visit(child)
            elif "Preamble" in classes:
                self.write.preamble("前文")
                self.visit(child)
            elif own:
                self.handle(own, child)
            elif child.tag == "table":
                self.table(child)
            elif child.tag in ("section", "main", "article", "body") or any(isinstance(c.tag, str) and c.tag != "span" for c in child):
                self.visit(child)
            else:
                self.write.prose(_words(child))

    def handle(self, own: str, element: Element) -> None:
        words = _words(element)
        section = own.removesuffix("Title")
        subitem = re.fullmatch(r"Subitem(\d+)Sentence", own)
        if section in _SECTIONS:
            self.write.section(_SECTIONS[section], words)
        elif own in ("ArticleCaption", "ParagraphCaption"):
            self._caption = words
        elif own == "ArticleTitle":
            self._counted = 0
            title, text = _split(element)
            name = article_name(title)
            self.captioned(name)
            self.write.article(title, name)
            self.paragraph("", text)
        elif own == "ParagraphSentence":
            self.paragraph(*_split(element))
        elif own == "ItemSentence":
            title, text = _split(element)
            self.write.item(0, title, text, ordinal(title, "号"))
        elif subitem:
            self.write.item(int(subitem[1]), *_split(element))
        elif own == "SupplProvisionLabel":
            self._counted = 0
            match = _LABEL.fullmatch(words)
            self.write.supplement(*(match["label"], match["amending"] or "", match["note"]) if match else (words,))
        elif own.startswith("Appdx") and own.endswith("Title"):
            match = _RELATED.fullmatch(words)
            assert match
            self.write.appendix(match["title"], match["related"] or "")
        else:
            self.write.prose(words)
        for table in element.iter("table"):
            self.table(table)

    def captioned(self, *below: str) -> None:
        if self._caption:
            self.write.caption(self._caption, *below)
        self._caption = None

    def paragraph(self, numeral: str, text: str) -> None:
        self._counted += 1
        name = ordinal(numeral or str(self._counted), "項")
        self.captioned(*([self.write.article_name] if self.write.article_name else []), name)
        self.write.paragraph(numeral, text, name)

    def table(self, table: Element) -> None:
        for row in table.iter("tr"):
            self.write.row([_cell(cell) for cell in row if cell.tag in ("td", "th")])


def _split(element: Element) -> tuple[str, str]:
    """The number in bold that opens a provision, and its words."""
    first = next(iter(element), None)
    whole = _words(element)
    if first is not None and "bold" in (first.get("style") or "") and not (element.text or "").strip():
        title = _words(first)
        return title, whole.removeprefix(title).strip()
    return "", whole


def _cell(cell: Element) -> str:
    """The words of a cell; the lines that ``br`` sets apart stay apart."""
    for br in cell.iter("br"):
        br.tail = WIDE + (br.tail or "")
    return _words(cell)
