"""One document on its page, without a browser: its days, its revisions, and what changed between two of them."""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import pytest
from streamlit.testing.v1 import AppTest

from rag.desk import work
from rag.ingest import Ingester
from rag.library import Library
from rag.records import Block, BlockKind, Document, Span
from rag.registry import PUBLISHED, Revision
from rag.registry.jobs import FAILED
from rag.text import show_date
from rag.ui.texts import Words
from tests.conftest import TODAY
from tests.small import document, library_at, publish, sha256
from tests.ui import alone

ja = Words("ja")
FIRST, SECOND = date(2025, 4, 1), date(2026, 4, 1)
COMING = date.today() + timedelta(days=400)


@pytest.fixture
def library(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Library]:
    """A library with a rule in two revisions, the second of which is in force."""
    opened = library_at(tmp_path / "home")
    publish(opened, [rule(FIRST, "30"), rule(SECOND, "45")])
    alone.still(tmp_path / "home", monkeypatch)
    yield opened
    opened.close()


def rule(day: date, costs: str, **source: Any) -> Document:
    return document("rule", f"Parking costs {costs}.", uri=f"{day}.md", **{"effective_from": day, "issued": day, **source})


def start(**query: str) -> AppTest:
    return alone.start(**{"doc": "rule", **query}).run()


def said(app: AppTest) -> str:
    return "".join(element.proto.body for element in app.get("html"))


def at_work(library: Library) -> list[Revision]:
    work.work(library, today=lambda: TODAY)
    return library.registry.revisions(PUBLISHED)


def of(library: Library, day: date) -> Revision:
    (one,) = [r for r in library.registry.revisions(PUBLISHED) if r.source.effective_from == day]
    return one


# ------------------------------------------------------------ its revisions


def test_what_is_compared_is_what_the_fields_name_when_a_revision_stands_in_between(library: Library) -> None:
    app = start(view="revisions", rev=of(library, SECOND).sha256[:16])

    def compared() -> tuple[list[str], str]:
        named = [int(str(field.value)) for field in app.selectbox if field.label in (ja("revisions.old"), ja("revisions.new"))]
        days = {r.number: show_date(r.source.effective_from or date.min, "ja") for r in library.registry.revisions(PUBLISHED)}
        (table,) = [element.proto.body for element in app.get("html") if 'class="k-diff"' in element.proto.body]
        heads = table.split("</tr>")[0]
        assert all(days[number] in heads for number in named) and ja("revisions.old") in heads
        return [days[number] for number in named], "".join(re.findall(r"<mark class=\"k-gone\">(.*?)</mark>", table))

    assert compared() == ([show_date(FIRST, "ja"), show_date(SECOND, "ja")], "30")
    between = date(2025, 10, 1)
    publish(library, [rule(between, "38")])
    app.run()
    assert compared() == ([show_date(between, "ja"), show_date(SECOND, "ja")], "38")
    (old,) = [field for field in app.selectbox if field.label == ja("revisions.old")]
    old.set_value(of(library, FIRST).number).run()
    assert compared() == ([show_date(FIRST, "ja"), show_date(SECOND, "ja")], "30")
    assert not app.exception


def test_what_stands_before_the_first_heading_has_a_name(library: Library) -> None:
    with_preamble = []
    for words, day in (("Parking rule of the office.", FIRST), ("Parking rule of the bureau.", SECOND)):
        text = f"{words}\n"
        made = document("preamble", "x", uri=f"{day}.txt", effective_from=day)
        block = Block(kind=BlockKind.TEXT, span=Span(start=0, end=len(words)))
        with_preamble.append(Document(id="preamble", revision=sha256(text), source=made.source, text=text, blocks=(block,)))
    publish(library, with_preamble)
    shown = said(start(doc="preamble", view="revisions"))
    assert shown.count(f"<strong>{ja('revisions.preamble')}</strong>") == 2 and ja("revisions.not_there") not in shown
    assert ja("changes.changed", n=1) in shown and "条" not in ja("changes.changed", n=1)


def test_the_revision_in_force_is_the_one_that_opens_and_is_plain_in_the_list(library: Library) -> None:
    publish(library, [rule(COMING, "60")])
    assert library.registry.revisions(PUBLISHED)[-1].source.effective_from == COMING
    app = start(view="revisions")
    assert f"（{ja('revisions.current')}）" in said(app) and ja("detail.revision", sha=of(library, SECOND).sha256[:12]) in said(app)
    listed = app.dataframe[0].value
    assert [*listed[ja("revisions.today")]] == [ja("revisions.coming"), ja("revisions.current"), ja("revisions.past")]
    last = f"{COMING - timedelta(days=1):%Y年}{(COMING - timedelta(days=1)).month}月{(COMING - timedelta(days=1)).day}日"
    ends = [ja("revisions.until_next", day=day) for day in (last, "2026年3月31日")]
    assert [*listed[ja("correct.ends")]] == ["", *ends]
    app.button(key="to-list").click().run()
    states = {str(day)[:10]: state for day, state in app.dataframe[0].value[[ja("documents.in_force"), ja("documents.state")]].values}
    assert states == {
        COMING.isoformat(): f"{ja('state.published')}（{ja('revisions.coming')}）",
        SECOND.isoformat(): ja("state.published"),
        FIRST.isoformat(): f"{ja('state.published')}（{ja('revisions.past')}）",
    }
    assert not app.exception


def test_the_document_that_it_replaces_is_chosen_by_its_title(library: Library) -> None:
    publish(library, [document("secret", "Dogs stay outside.", level=3), document("old", "Parking is free.", title="旧駐車場要領")])
    one = of(library, SECOND)
    app = start(level="2")
    field = app.selectbox(key=f"replaces-{one.number}")
    assert field.value == "" and field.options == [ja("correct.replaces_none"), "旧駐車場要領"]
    field.set_value("old")
    app.button(key=f"save-{one.number}").click().run()
    at_work(library)
    assert of(library, SECOND).source.replaces == "old"
    library.registry.desk.correct("rule", "", {"replaces": "ghost"}, user="k")
    publish(library, [rule(COMING, "60", replaces="ghost")])
    app = start(rev=of(library, COMING).sha256[:16])
    field = app.selectbox(key=f"replaces-{of(library, COMING).number}")
    assert field.value == "ghost", "it stays until somebody chooses another"
    assert not app.exception


# ------------------------------------------------------------ its days


def test_a_day_that_was_saved_can_be_removed(library: Library) -> None:
    library.registry.desk.correct("rule", "", {"review_on": "2027-05-01"}, user="k")
    one = of(library, SECOND)
    app = start()
    labels = [ja(f"correct.{name}") for name in ("issued", "begins", "ends", "review")]
    fields = {field.label: field for field in app.date_input}
    assert [fields[label].value for label in labels] == [SECOND, SECOND, None, date(2027, 5, 1)]
    assert [[*fields[label].proto.default] for label in labels] == [[]] * 4, "Streamlit empties only what was made empty"
    for label in (ja("correct.issued"), ja("correct.review")):
        fields[label].set_value(None)
    app.button(key=f"save-{one.number}").click().run()
    at_work(library)
    assert of(library, SECOND).source.issued is None
    assert library.registry.desk.corrections()["rule", ""]["review_on"] == ""
    assert not app.exception


def test_a_document_that_would_end_before_it_begins_is_not_saved(library: Library) -> None:
    one = of(library, SECOND)
    app = start()
    app.date_input(key=f"ends-{one.number}").set_value(date(2020, 1, 1))
    app.button(key=f"save-{one.number}").click().run()
    days = {"ends": "2020年1月1日", "begins": "2026年4月1日"}
    assert ja("correct.ends_before", **days) in said(app)
    assert not library.registry.jobs.waiting()
    what = {"document_id": "rule", "sha256": one.sha256, "values": {"effective_to": "2020-01-01"}}  # from somewhere else
    number = library.registry.jobs.add("correct", what, user="k", clearance=3)
    assert one in at_work(library)
    job = library.registry.jobs.get(number)
    assert job is not None and job.state == FAILED
    assert ja("why.ends_before", **days) in said(app.run())
    assert not app.exception


def test_what_is_published_ends_only_when_somebody_is_sure(library: Library) -> None:
    one = of(library, SECOND)
    app = start()
    ends = date(2026, 5, 1)
    app.date_input(key=f"ends-{one.number}").set_value(ends)
    app.button(key=f"save-{one.number}").click().run()
    assert ja("correct.ends_now", day=show_date(ends, "ja")) in said(app) and not library.registry.jobs.waiting()
    app.button(key=f"save-{one.number}").click().run()
    assert not library.registry.jobs.waiting(), "nobody has said so yet"
    app.checkbox(key=f"sure-{one.number}").check()
    app.button(key=f"save-{one.number}").click().run()
    at_work(library)
    assert of(library, SECOND).source.effective_to == ends
    assert not app.exception


def test_a_draft_ends_without_a_question(library: Library) -> None:
    with Ingester(library, draft=True, clearance=3) as ingester:
        ingester.add(document("draft", "Dogs stay outside.", effective_from=FIRST))
        ingester.flush()
    (one,) = [r for r in library.registry.revisions() if r.document_id == "draft"]
    app = start(doc="draft")
    app.date_input(key=f"ends-{one.number}").set_value(SECOND)
    app.button(key=f"save-{one.number}").click().run()
    assert library.registry.jobs.waiting()
    assert not app.exception
