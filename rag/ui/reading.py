"""What was read from a file, beside its original page: headings, articles and tables as they were recognised, and how to correct that."""

from __future__ import annotations

from collections.abc import Sequence

import streamlit as st

from rag.desk import jobs
from rag.errors import NotAsPublished, PasswordNeeded, UnknownDocument
from rag.holder import person
from rag.library import Library
from rag.originals import CHANGED
from rag.read.options import HeadingAt, Options
from rag.read.page_picture import PagePicture
from rag.records import Block, BlockKind, Document
from rag.registry import CHECKED, DRAFT, PUBLISHED, Revision
from rag.ui import frame, notes, opening, reasons, safe
from rag.ui.frame import Reader

_AT_ONCE = 150
"""Blocks on one screen of a document without pages."""
_LINE = 60


def show(library: Library, who: Reader, revision: Revision) -> None:
    """Draw a page of the original beside what was read from it."""
    try:
        document = library.registry.documents([revision.number])[revision.number]
    except NotAsPublished:
        safe.show(safe.tag("p", who.t("altered.not_shown"), class_="k-note", role="alert"))
        return
    pages = document.pages or max(1, -(-len(document.blocks) // _AT_ONCE))
    wanted = frame.chosen("page")
    number = min(max(int(wanted) if wanted.isdigit() else 1, 1), pages)
    _turn(who, number, pages)
    blocks = _on_page(document, number)
    left, right = st.columns([1, 1], gap="medium")
    with left:
        safe.show(safe.tag("h2", who.t("reading.original")))
        _original(library, who, document, number)
    with right:
        safe.show(safe.tag("h2", who.t("reading.structure")))
        for warning in _warnings(document, number):
            safe.show(safe.tag("p", notes.said(who, warning), class_="k-note"))
        _structure(who, document, blocks)
        _furniture(who, document, number)
        if revision.state in (DRAFT, CHECKED, PUBLISHED):
            _corrections(library, who, revision, document, number, blocks)


def _turn(who: Reader, number: int, pages: int) -> None:
    t = who.t
    with st.container(horizontal=True, vertical_alignment="center", key="pages"):
        st.button(t("reading.previous"), key="page-before", disabled=number <= 1, on_click=frame.choose, kwargs={"page": str(number - 1)})
        safe.show(safe.tag("p", t("reading.page", page=number, pages=pages), role="status"))
        st.button(t("reading.next"), key="page-after", disabled=number >= pages, on_click=frame.choose, kwargs={"page": str(number + 1)})


def _on_page(document: Document, number: int) -> list[Block]:
    if document.pages:
        return [block for block in document.blocks if (block.page or 1) == number]
    return list(document.blocks[(number - 1) * _AT_ONCE : number * _AT_ONCE])


def _warnings(document: Document, number: int) -> list[str]:
    """What the reader noted of this page; of the whole document on the first one."""
    about = [(note, notes.pages_of(note)) for note in document.warnings]
    return [note for note, pages in about if (number in pages if pages is not None else number == 1)]


def _original(library: Library, who: Reader, document: Document, number: int) -> None:
    paged = document.format in ("pdf", "picture")
    try:
        picture = _drawn(library, who, document, number) if paged else None
    except PasswordNeeded:
        return
    if library.originals.damage(document.revision) == CHANGED:
        safe.show(safe.tag("p", who.t("source.original_changed"), class_="k-note", role="alert"))
        return
    if picture is None:
        said = "reading.no_picture" if paged else "reading.no_pages"
        safe.show(safe.tag("p", who.t(said, format=notes.kind_of_file(who.t, document.format)), class_="k-small"))
        return
    with st.container(key="picture"):
        st.image(picture.png, alt=who.t("reading.page", page=number, pages=max(document.pages, 1)), width="stretch")


def _drawn(library: Library, who: Reader, document: Document, number: int) -> PagePicture | None:
    """The page; of a protected PDF, beneath a field for its password, which is kept as long as the field is on the screen.

    Raises:
        PasswordNeeded: it is not typed yet, or another one; that was said.
    """
    try:
        return opening.picture(library, document, number)
    except PasswordNeeded:
        typed = st.text_input(who.t("reading.password"), type="password", autocomplete="off", key=f"page-password-{document.revision}")
        safe.show(safe.tag("p", who.t("reading.password_hint"), class_="k-small"))
        try:
            return opening.picture(library, document, number, password=typed)
        except PasswordNeeded:
            if typed:
                safe.show(safe.tag("p", who.t("refused.password_wrong"), class_="k-note", role="alert"))
            raise


def _structure(who: Reader, document: Document, blocks: Sequence[Block]) -> None:
    if not blocks:
        safe.show(safe.tag("p", who.t("reading.nothing"), class_="k-note"))
        return
    rows = []
    for block in blocks:
        name = safe.tag("td", who.t(f"block.{block.kind.value}"), class_="k-small")
        depth = f"k-deep{min(max(len(block.path) - 1, 0), 3)}" if block.kind not in (BlockKind.HEADING, BlockKind.TITLE) else "k-head"
        rows.append(safe.tag("tr", name, safe.tag("td", block.span.cut(document.text), class_=depth)))
    safe.show(safe.tag("table", safe.tag("tbody", *rows), class_="k-structure"))


def _furniture(who: Reader, document: Document, number: int) -> None:
    if lines := [safe.tag("li", line.text) for line in document.furniture if line.page == number]:
        safe.show(safe.tag("p", who.t("reading.furniture"), class_="k-label"))
        safe.show(safe.tag("ul", *lines, class_="k-small k-furniture"))


# ------------------------------------------------------------ corrections


def _corrections(library: Library, who: Reader, revision: Revision, document: Document, number: int, blocks: Sequence[Block]) -> None:
    t = who.t
    options = jobs.options_of(library, revision.document_id, revision.sha256)
    paged = document.format in ("pdf", "picture")
    lines = [None, *range(len(blocks))]
    with st.expander(t("reading.correct"), key="correct-reading"), st.form(f"reading-{revision.number}-{number}", border=False):
        safe.show(safe.tag("p", t("reading.correct_hint"), class_="k-small"))
        table = st.checkbox(t("reading.table"), number in options.tables, key=f"table-{revision.number}-{number}", disabled=not paged)
        ocr = st.checkbox(t("reading.ocr"), number in options.ocr, key=f"ocr-{revision.number}-{number}", disabled=document.format != "pdf")
        line = st.selectbox(
            t("reading.line"),
            lines,
            format_func=lambda at: t("reading.no_line") if at is None else _words(document, blocks[at])[:_LINE],
            key=f"line-{revision.number}-{number}",
        )
        depth = st.selectbox(
            t("reading.depth"), range(7), format_func=lambda n: t("reading.depth_n", n=n) if n else t("reading.no_heading"), key="depth"
        )
        sent = st.form_submit_button(t("reading.again"), key="read-again", type="primary")
    if options.headings:
        said = [
            safe.tag("li", heading.text, "　", t("reading.depth_n", n=heading.depth) if heading.depth else t("reading.no_heading"))
            for heading in options.headings
        ]
        safe.show(safe.join([safe.tag("p", t("reading.headings"), class_="k-label"), safe.tag("ul", *said)]))
    if sent:
        headings = [heading for heading in options.headings if line is None or heading.text != _words(document, blocks[line])]
        if line is not None:
            headings.append(HeadingAt(text=_words(document, blocks[line]), depth=int(depth), page=number if document.pages else None))
        new = Options(
            tables=options.tables | {number} if table else options.tables - {number},
            ocr=options.ocr | {number} if ocr else options.ocr - {number},
            headings=tuple(headings),
        )
        if new != options:
            try:
                jobs.read_again(library, revision.document_id, revision.sha256, new, user=person(), clearance=who.clearance)
            except UnknownDocument as error:
                safe.show(safe.tag("p", reasons.sentence(t, error), class_="k-note", role="alert"))
                return
            st.rerun()
        safe.show(safe.tag("p", t("correct.same"), class_="k-small", role="status"))


def _words(document: Document, block: Block) -> str:
    return " ".join(block.span.cut(document.text).split())
