"""The right side: the document that a quote comes from, at the place where it stands, with the quoted words marked."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import PurePosixPath

import streamlit as st

from rag.errors import KonkyoError, NotAsPublished, PasswordNeeded
from rag.graph import Reference
from rag.library import Library
from rag.originals import GONE
from rag.read.page_picture import Area
from rag.records import HIGHEST_LEVEL, Answer, BlockKind, Citation, Document, Span, Statement
from rag.text import show_date
from rag.ui import footnotes, opening, related, safe, scripts, source, tables
from rag.ui.frame import Reader
from rag.ui.source import Line, Unit


@dataclass(frozen=True, kw_only=True, slots=True)
class Spot:
    """A provision that a reader followed a reference to."""

    document_id: str
    revision: str
    span: Span
    name: str
    """What the button said."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Place:
    """What the panel shows: a citation, and where the reader has turned to since."""

    citation: Citation
    beside: tuple[Citation, ...] = ()
    """All citations of the statement in the same provision, this one too: the head of a table and its row answer together."""
    spot: Spot | None = None
    """The provision that is shown in place of the quote."""
    before: Place | None = None
    """Where the reader followed the reference."""
    unit: int | None = None
    """Number of the article or section; None: that of the quote."""
    page: int | None = None
    """None: that of the quote."""
    whole: bool = False
    """Show all of a long section, not only the lines around the quote."""


def name_of(citation: Citation) -> str:
    """What an address calls a citation: its number may be another's when the question is asked again."""
    return f"{citation.revision[: footnotes.REVISION_SHOWN]}-{citation.span.start}"


def is_open(citation: Citation) -> bool:
    """True where the panel shows this citation, or what a reader followed from it."""
    place = _place()
    return place is not None and citation in (place.citation, *place.beside)


def open_citation(citation: Citation) -> None:
    """Show this citation from now on."""
    answer = st.session_state.get("answered")
    st.session_state["place"] = _of(answer.statements if isinstance(answer, Answer) else (), citation)
    st.session_state["turns"] = st.session_state.get("turns", 0) + 1


def forget() -> None:
    """Another answer is coming: nothing is open."""
    st.session_state.pop("place", None)


def open_first(answer: Answer) -> None:
    """An answer comes with the source that the address names open, or its first; a refusal with none."""
    st.session_state["answered"] = answer
    named = st.session_state.pop("at", "")
    if _place() is None and answer.statements:
        every = [citation for statement in answer.statements for citation in statement.citations]
        first = next((citation for citation in every if name_of(citation) == named), source.deciding(answer.statements[0]))
        st.session_state["place"] = _of(answer.statements, first)


def _of(statements: Sequence[Statement], citation: Citation) -> Place:
    groups = [group for statement in statements for group in source.together(statement) if citation in group]
    return Place(citation=citation, beside=next(iter(groups), ()))


def show(library: Library, who: Reader) -> None:
    """Draw the source of the open citation, if one is open."""
    place = _place()
    if place is None:
        return
    with st.container(key="source"):
        safe.show(safe.tag("h2", who.t("source.heading")))
        try:
            shown = place.spot or place.citation
            document = library.document(shown.document_id, shown.revision, clearance=who.wanted.level)
        except KonkyoError as error:
            _way_back(who, place)
            said = "altered.not_shown" if isinstance(error, NotAsPublished) else "source.gone"
            safe.show(safe.tag("p", who.t(said), class_="k-note"))
            return
        _draw(library, who, place, document)


def _draw(library: Library, who: Reader, place: Place, document: Document) -> None:
    t = who.t
    units = source.units(document)
    home = source.unit_at(units, (place.spot or place.citation).span)
    number = min(home if place.unit is None else place.unit, len(units) - 1)
    unit = units[number]
    about = document.source
    _way_back(who, place)
    safe.show(safe.join([safe.tag("h3", about.title or about.uri), safe.tag("p", _kind(who, document), class_="k-small")]))
    safe.show(safe.pairs(_facts(who, document), class_="k-pairs"))
    where = "　›　".join(unit.path) or t("source.preamble")
    safe.show(safe.tag("p", where, class_="k-crumbs", role="group", aria_label=t("source.place")))
    _text(who, document, unit, place)
    _turn(who, place, units, number, home)
    related.show(library, who, document, unit.span, lambda reference: _follow(place, reference))
    if damage := library.originals.damage(document.revision):  # read whole, each time that a source is opened
        safe.show(safe.tag("p", t("source.download_gone" if damage == GONE else "source.original_changed"), class_="k-note"))
        return
    if document.format == "pdf" and document.pages:
        _page(library, who, place, document)
    _download(library, who, document)


def _way_back(who: Reader, place: Place) -> None:
    """To where a reference was followed from."""
    if place.before is None:
        return
    begun = place.before.spot
    words = who.t("related.back_to", where=begun.name) if begun else who.t("related.back")
    st.button(safe.label(words), key="way-back", type="tertiary", icon=":material/arrow_back:", on_click=_go, args=(place.before,))


def _follow(place: Place, reference: Reference) -> None:
    if reference.revision is not None:
        name = " ".join(part for part in (reference.revision.source.title, reference.place) if part)
        to = Spot(document_id=reference.revision.document_id, revision=reference.revision.sha256, span=reference.span, name=name)
        _go(Place(citation=place.citation, beside=place.beside, spot=to, before=place))


def _kind(who: Reader, document: Document) -> str:
    return "　".join(part for part in (who.t(f"kind.{document.source.kind.value}"), document.source.number) if part)


def _facts(who: Reader, document: Document) -> list[tuple[str, str]]:
    t, about = who.t, document.source
    begin = show_date(about.effective_from, t.language) if about.effective_from else ""
    end = t("source.until", day=show_date(about.effective_to, t.language)) if about.effective_to else ""
    level = t("source.level_value", level=about.level or HIGHEST_LEVEL)
    return [
        (t("source.issuer"), about.issuer),
        (t("source.in_force"), safe.lines(t("source.period", begin=begin, end=end) if begin and end else begin or end)),
        (t("source.revision"), document.revision[: footnotes.REVISION_SHOWN]),
        (t("source.level"), level if about.level else t("source.level_unknown", level=level)),
    ]


# ------------------------------------------------------------ text


def _text(who: Reader, document: Document, unit: Unit, place: Place) -> None:
    t = who.t
    spans = [place.spot.span] if place.spot else [place.citation.span, *(citation.span for citation in place.beside)]
    marks = [span for span in spans if unit.span.start < span.end and span.start < unit.span.end]
    seen = source.view(document, unit, marks, len(document.text) if place.whole else source.LONGEST)
    parts = [safe.tag("p", t("source.cut_before"), class_="k-small")] if seen.before else []
    rows: list[Line] = []
    for line in seen.lines:
        if line.kind is BlockKind.TABLE_ROW:
            rows.append(line)
            continue
        parts += [_table(rows)] if rows else []
        rows = []
        pointed = " k-pointed" if place.spot and line.marked else " k-aim" if line.aimed else ""
        parts.append(safe.tag("p", line.text if place.spot else _stretches(line.parts), class_=_class(line) + pointed))
    parts += [_table(rows)] if rows else []
    parts += [safe.tag("p", t("source.cut_after"), class_="k-small")] if seen.after else []
    safe.show(safe.tag("div", *parts, class_="k-text"))
    if seen.before or seen.after:
        st.button(t("source.whole"), key="whole", type="tertiary", on_click=_go, args=(replace(place, whole=True),))
    turns = int(st.session_state.get("turns", 0))  # presses: it runs again after each
    safe.run_script(scripts.TO_PANEL if turns else scripts.TO_MARK, turns)


def _class(line: Line) -> str:
    if line.kind in (BlockKind.HEADING, BlockKind.TITLE, BlockKind.CAPTION):
        return "k-head"
    return f"k-deep{min(line.depth, 3)}"


def _stretches(parts: Sequence[tuple[str, bool]]) -> safe.Html:
    return safe.join(safe.tag("mark", part) if marked else part for part, marked in parts)


def _table(rows: Sequence[Line]) -> safe.Html:
    made = []
    for table in tables.tables([row.text for row in rows]):
        lines = [
            safe.tag("tr", *(_cell(cell, marked=rows[at].marked) for cell in cells), **({"class_": "k-aim"} if rows[at].aimed else {}))
            for at, cells in table
        ]
        made.append(safe.tag("div", safe.tag("table", safe.tag("tbody", *lines)), class_="k-table"))
    return safe.join(made)


def _cell(cell: tables.Cell, *, marked: bool) -> safe.Html:
    return safe.tag("td", safe.tag("mark", cell.text) if marked and cell.text else cell.text, **tables.look(cell))


def _turn(who: Reader, place: Place, units: Sequence[Unit], number: int, home: int) -> None:
    t = who.t
    sections = ("source.previous_section", "source.next_section")
    words = ("source.previous_article", "source.next_article") if units[number].article else sections
    with st.container(horizontal=True, key="turn", gap="small"):
        st.button(t(words[0]), key="previous", disabled=number == 0, on_click=_go, args=(replace(place, unit=number - 1, whole=False),))
        st.button(
            t(words[1]), key="next", disabled=number == len(units) - 1, on_click=_go, args=(replace(place, unit=number + 1, whole=False),)
        )
        if number != home:
            home_words = t("related.here") if place.spot else t("source.back")
            st.button(home_words, key="back", type="tertiary", on_click=_go, args=(replace(place, unit=None, whole=False),))


# ------------------------------------------------------------ pages


def _page(library: Library, who: Reader, place: Place, document: Document) -> None:
    t = who.t
    safe.show(safe.tag("h4", t("source.page_heading"), class_="k-label"))
    own = place.citation.page or 1
    page = min(max(place.page or own, 1), document.pages)
    shown = dict.fromkeys(citation for citation in (place.citation, *place.beside) if (citation.page or 1) == own)
    areas = tuple(area for citation in shown for area in _areas(document, page, citation.span))
    try:
        drawn = opening.picture(library, document, page, tuple(citation.quote for citation in shown), areas)
        if drawn and 0 < drawn.marked < len(shown):  # a head that is found must not hide that the row is not
            own_area = _areas(document, page, place.citation.span)
            drawn = opening.picture(library, document, page, (place.citation.quote,), own_area)
    except PasswordNeeded:
        safe.show(safe.tag("p", t("source.password"), class_="k-note"))
        return
    if drawn is None:
        safe.show(safe.tag("p", t("source.no_picture"), class_="k-note"))
        return
    if page == own and not drawn.marked:
        safe.show(safe.tag("p", t("source.roughly" if drawn.roughly else "source.not_marked"), class_="k-note"))
    said = "source.picture" if drawn.marked else "source.picture_roughly" if drawn.roughly else "source.picture_plain"
    with st.container(key="picture"):
        st.image(drawn.png, alt=t(said, page=page), width="stretch")
    with st.container(horizontal=True, vertical_alignment="center", gap="small"):
        st.button(t("source.page_previous"), key="page-back", disabled=page == 1, on_click=_go, args=(replace(place, page=page - 1),))
        st.button(
            t("source.page_next"), key="page-on", disabled=page == document.pages, on_click=_go, args=(replace(place, page=page + 1),)
        )
        safe.show(safe.tag("p", t("source.page_of", page=page, pages=document.pages), class_="k-small", aria_live="polite"))


def _areas(document: Document, page: int, span: Span) -> tuple[Area, ...]:
    """Where the blocks stand on the page that the span was read from."""
    boxes = [block.box for block in document.blocks if block.page == page and block.span.start < span.end and span.start < block.span.end]
    return tuple((box.left, box.bottom, box.right, box.top) for box in boxes if box is not None)


def _download(library: Library, who: Reader, document: Document) -> None:
    t = who.t
    name = PurePosixPath(document.source.uri.replace("\\", "/")).name or document.id
    st.download_button(
        t("source.download"),
        data=lambda: library.original(document),
        file_name=name,
        mime="application/octet-stream",
        key="download",
        on_click="ignore",
        icon=":material/download:",
    )


def _go(place: Place) -> None:
    st.session_state["place"] = place
    st.session_state["turns"] = st.session_state.get("turns", 0) + 1


def _place() -> Place | None:
    place = st.session_state.get("place")
    return place if isinstance(place, Place) else None
