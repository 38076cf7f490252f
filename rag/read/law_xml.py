"""e-Gov law XML -> provisions. Tolerant: real files carry attributes and elements that the official XSD (v3) does not know."""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import date

from lxml import etree

from rag.errors import DamagedFile, EmptyFile, UnknownFormat
from rag.read.build import Builder
from rag.read.options import AS_IT_IS, How
from rag.read.provision import WIDE, Provisions, article_name, ordinal
from rag.read.reading import Reading, fill, kind_of, revision_date
from rag.records import Kind, Source

Element = etree._Element

_SECTIONS = {"Part": 1, "Chapter": 2, "Section": 3, "Subsection": 4, "Division": 5}
_SUBITEM = re.compile(r"Subitem(\d+)")
_SILENT = frozenset({"Rt", "Fig", "FigStruct"})
"""Never text: the reading of a word, pictures."""
_ERA_BEGINS = {"Meiji": 1867, "Taisho": 1911, "Showa": 1925, "Heisei": 1988, "Reiwa": 2018}
_BREAK = re.compile(r"[ \t\r]*\n[ \t\r\n]*")


def parse(data: bytes, name: str) -> Element:
    """The root of ``data``. Entities, external DTDs and the network are off.

    Raises:
        DamagedFile: it is not well-formed XML.
    """
    parser = etree.XMLParser(
        resolve_entities=False, load_dtd=False, no_network=True, huge_tree=False, remove_comments=True, remove_pis=True
    )
    try:
        return etree.fromstring(data, parser)
    except (etree.XMLSyntaxError, ValueError) as error:
        raise DamagedFile(
            name, f"the XML breaks off or is not well formed ({error}). Get the file again from where it was published."
        ) from error


def read_law_xml(data: bytes, source: Source, how: How = AS_IT_IS) -> Reading:
    """One law of e-Gov, alone or inside an answer of its API.

    Raises:
        DamagedFile: it is not well-formed XML.
        UnknownFormat: XML, but not a law.
        EmptyFile: a law without any words.
    """
    root = parse(data, source.uri)
    law = next((e for e in root.iter() if _tag(e) == "Law" and _child(e, "LawBody") is not None), None)
    if law is None:
        raise UnknownFormat(
            source.uri, "this XML is not a law of e-Gov, and no other XML is read. Save the document as PDF, DOCX, HTML or text."
        )
    builder = Builder()
    body, number = _child(law, "LawBody"), _text(_child(law, "LawNum"))
    assert body is not None
    _Law(Provisions(builder)).body(body, number)
    builder.line()
    if not builder.blocks:
        raise EmptyFile(source.uri, "the law has no text.")
    filled = fill(
        source,
        title=_text(_child(body, "LawTitle")),
        number=number,
        kind=kind_of(number) or Kind.OTHER,
        issued=_promulgated(law),
        effective_from=revision_date(source.uri) or _day(law.get("EnforcementDate", "")),
        language=law.get("Lang", "") or "ja",
    )
    return Reading.of(builder, filled, warnings=_warnings(root))


def _warnings(root: Element) -> tuple[str, ...]:
    entities = sum(1 for e in root.iter(etree.Entity))
    return (f"{entities} XML entities were not expanded: words may be missing",) if entities else ()


def _promulgated(law: Element) -> date | None:
    try:
        year = _ERA_BEGINS[law.get("Era", "")] + int(law.get("Year", ""))
        return date(year, int(law.get("PromulgateMonth", "")), int(law.get("PromulgateDay", "")))
    except (KeyError, ValueError):
        return None


def _day(text: str) -> date | None:
    try:
        return date(*map(int, re.split("[/-]", text)))
    except (TypeError, ValueError):
        return None


# ---------------------------------------------------------------- elements


def _tag(element: Element) -> str:
    """The name without its namespace; "" for what is no element (an entity)."""
    return element.tag.rpartition("}")[2] if isinstance(element.tag, str) else ""


def _child(element: Element, name: str) -> Element | None:
    return next((child for child in element if _tag(child) == name), None)


def _text(element: Element | None) -> str:
    """The words of an element: readings (Rt) and pictures dropped, columns set apart, line breaks of the file closed."""
    return _BREAK.sub("", "".join(_pieces(element))).strip() if element is not None else ""


def _pieces(element: Element) -> Iterator[str]:
    yield element.text or ""
    for position, child in enumerate(element):
        name = _tag(child)
        if name and name not in _SILENT:
            if position and name in ("Column", "TableColumn", "TableHeaderColumn"):
                yield WIDE
            yield from _pieces(child)
        yield child.tail or ""


class _Law:
    """Walks the elements of one law and writes them down."""

    def __init__(self, write: Provisions) -> None:
        self.write = write

    def body(self, body: Element, number: str) -> None:
        self.write.title(_text(_child(body, "LawTitle")))
        self.write.aside(number)
        for child in body:
            name = _tag(child)
            if name in ("LawTitle", "TOC", ""):
                continue
            if name == "EnactStatement":
                self.write.prose(_text(child))
            elif name == "Preamble":
                self.write.preamble("前文")
                self.children(child)
            elif name == "MainProvision":
                self.write.preamble("")
                self.children(child)
            elif name == "SupplProvision":
                self.supplement(child)
            elif name.startswith(("Appdx", "SupplProvisionAppdx")):
                self.appendix(child)
            else:
                self.children(child)

    def children(self, element: Element) -> None:
        """Whatever stands inside ``element``, in its order; an element that nobody knows is looked into."""
        counted = 0
        for child in element:
            name = _tag(child)
            subitem = _SUBITEM.fullmatch(name)
            if name in _SECTIONS:
                self.write.section(_SECTIONS[name], _text(_child(child, name + "Title")))
                self.children(child)
            elif name == "Article":
                self.article(child)
            elif name == "Paragraph":
                counted += 1
                self.paragraph(child, counted)
            elif name == "Item":
                self.item(child, 0)
            elif subitem:
                self.item(child, int(subitem[1]))
            elif name in ("TableStruct", "Table"):
                self.table(child)
            elif name == "Remarks":
                self.remarks(child)
            elif name == "AmendProvision":
                # The wording that goes into another law: its articles are not articles of this one.
                for part in child.iter():
                    if _tag(part) in ("Sentence", "ArticleTitle", "ArticleCaption", "ParagraphNum", "ItemTitle"):
                        self.write.prose(_text(part))
            elif name in _SILENT or name.endswith(("Title", "Caption", "Num", "Label")) or name in _OWN_WORDS:
                continue
            elif _holds_provisions(child):
                self.children(child)
            elif name:
                self.write.prose(_text(child))

    def article(self, article: Element) -> None:
        title = _text(_child(article, "ArticleTitle"))
        path = article_name(title)
        caption = _text(_child(article, "ArticleCaption"))
        if caption:
            self.write.caption(caption, path)
        self.write.article(title or path, path)
        self.children(article)

    def paragraph(self, paragraph: Element, counted: int) -> None:
        numeral = _text(_child(paragraph, "ParagraphNum"))
        # Old laws print no numbers and new ones none for the first: the attribute knows, and where it is missing the order does.
        name = ordinal(numeral or (paragraph.get("Num") or "").replace("_", "の") or str(counted), "項")
        caption = _text(_child(paragraph, "ParagraphCaption"))
        if caption:
            self.write.caption(caption, *([self.write.article_name] if self.write.article_name else []), name)
        self.write.paragraph(numeral, _text(_child(paragraph, "ParagraphSentence")), name)
        self.children(paragraph)

    def item(self, item: Element, depth: int) -> None:
        kind = _tag(item)
        title = _text(_child(item, kind + "Title"))
        name = ordinal(title, "号") if depth == 0 else title
        name = name or ordinal((item.get("Num") or "").replace("_", "の"), "号")
        self.write.item(depth, title, _text(_child(item, kind + "Sentence")), name)
        self.children(item)

    def table(self, table: Element) -> None:
        for part in table:
            name = _tag(part)
            if name == "TableStructTitle":
                self.write.prose(_text(part))
            elif name in ("TableRow", "TableHeaderRow"):
                self.write.row([_text(cell) for cell in part])
            elif name == "Remarks":
                self.remarks(part)
            else:
                self.table(part)

    def remarks(self, remarks: Element) -> None:
        with self.write.remarks(_text(_child(remarks, "RemarksLabel"))):
            self.children(remarks)

    def supplement(self, supplement: Element) -> None:
        note = "抄" if supplement.get("Extract") == "true" else ""
        label = _text(_child(supplement, "SupplProvisionLabel")) or "附　則"
        self.write.supplement(label, (supplement.get("AmendLawNum") or "").strip(), note)
        self.children(supplement)

    def appendix(self, appendix: Element) -> None:
        kind = _tag(appendix)
        title = _text(_child(appendix, kind + "Title")) or _text(_child(appendix, "ArithFormulaNum"))
        self.write.appendix(title, _text(_child(appendix, "RelatedArticleNum")))
        self.children(appendix)


_OWN_WORDS = frozenset({"ParagraphSentence", "ItemSentence", *(f"Subitem{n}Sentence" for n in range(1, 11))})
"""Written by the element that holds them."""
_PROVISIONS = frozenset({*_SECTIONS, "Article", "Paragraph", "Item", "TableStruct", "Table", "Sentence", "AmendProvision"})


def _holds_provisions(element: Element) -> bool:
    """True where there is more inside than the words of one sentence."""
    if _tag(element) in ("Sentence", "Column"):
        return False
    return any(_tag(inner) in _PROVISIONS or _SUBITEM.fullmatch(_tag(inner)) for inner in element.iterdescendants())
