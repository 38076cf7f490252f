"""The Documents page's states, without a browser."""

from __future__ import annotations

import json
import os
import re
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import pytest
from streamlit.testing.v1 import AppTest

from rag.ask import ask
from rag.desk import feedback, golden, jobs, work
from rag.library import Library
from rag.records import Kind
from rag.registry import DRAFT, PUBLISHED, RETIRED, Revision
from rag.registry.jobs import CANCELLED, DONE, FAILED, Job
from rag.settings import Settings
from rag.text import show_date
from rag.ui import progress
from rag.ui.texts import Words
from tests.conftest import TODAY
from tests.ui.alone import start, still

ja = Words("ja")
BEGINS = date(2026, 4, 1)
REASON = "It has always applied."


@contextmanager
def opened(**settings: Any) -> Iterator[Library]:
    """The library of the page."""
    library = Library(Settings(home=Path(os.environ["KONKYO_HOME"]), **settings))
    yield library
    library.close()


@pytest.fixture
def one(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> tuple[Revision, Callable[..., AppTest]]:
    """A library with a draft that applies from ``BEGINS``, and what runs the page on it."""
    home = tmp_path / "home"
    library = Library(Settings(home=home))
    jobs.add(library, [("rule.md", b"# Parking\n\nParking costs 30.\n")], user="k", clearance=3, level=1, effective_from=BEGINS)
    work.work(library, today=lambda: TODAY)
    (draft,) = library.registry.revisions()
    library.close()
    still(home, monkeypatch)
    return draft, start


def test_the_day_of_an_open_document_is_not_that_of_the_next_file(one: tuple[Revision, Callable[..., AppTest]]) -> None:
    draft, start = one
    app = start(doc=draft.document_id)
    app.session_state["added"] = draft.number  # so many files were handed in: the fields of both forms had the same name
    app.run()
    assert [field.value for field in app.date_input if field.label == ja("correct.begins")] == [BEGINS]
    app.button(key="to-list").click().run()
    assert [field.value for field in app.date_input if field.label == ja("documents.begins")] == [None]
    assert not app.exception


def test_the_days_of_a_document_stand_in_their_order(one: tuple[Revision, Callable[..., AppTest]]) -> None:
    """On a narrow screen one stands below the other."""
    draft, start = one
    app = start(doc=draft.document_id).run()
    assert [field.label for field in app.date_input] == [ja(f"correct.{name}") for name in ("issued", "begins", "ends", "review")]


def test_the_list_has_the_days_and_is_narrowed_by_kind_and_level(one: tuple[Revision, Callable[..., AppTest]]) -> None:
    draft, start = one
    with opened() as library:
        days = {"issued": "2026-03-01", "effective_to": "2027-03-31"}
        jobs.correct(library, draft.document_id, draft.sha256, {**days, "kind": "manual"}, user="k", clearance=3)
        jobs.add(library, [("a.md", b"# A circular\n\nLunch is at noon.\n")], user="k", clearance=3, level=3)
        work.work(library, today=lambda: TODAY)
    app = start().run()

    def listed() -> list[str]:
        return list(app.dataframe[0].value[ja("documents.title")]) if app.dataframe else []

    assert sorted(listed()) == ["A circular", "Parking"]
    parking = app.dataframe[0].value.set_index(ja("documents.title")).loc["Parking"]
    shown = [str(parking[ja(name)])[:10] for name in ("documents.in_force", "correct.ends", "correct.issued", "correct.kind")]
    assert shown == [BEGINS.isoformat(), days["effective_to"], days["issued"], ja("kind.manual")]
    app.multiselect(key="documents-kinds").set_value([Kind.MANUAL]).run()
    assert listed() == ["Parking"]
    app.multiselect(key="documents-levels").set_value([3]).run()
    assert listed() == []
    app.multiselect(key="documents-kinds").set_value([]).run()
    assert listed() == ["A circular"]
    assert not app.exception


def test_a_published_document_whose_review_date_passed_is_told_of(one: tuple[Revision, Callable[..., AppTest]]) -> None:
    draft, start = one
    with opened() as library:
        jobs.publish(library, [draft.number], user="k", clearance=3)
        work.work(library, today=lambda: TODAY)
        library.registry.desk.correct(draft.document_id, "", {"review_on": "2026-05-01"}, user="k")
        assert [revision.number for revision in library.registry.revisions(PUBLISHED)] == [draft.number]
    app = start().run()
    app.checkbox(key="documents-trouble").check().run()
    assert list(app.dataframe[0].value[ja("documents.gate")]) == [ja("documents.review_due")]
    app = start(doc=draft.document_id).run()
    assert ja("findings.review") in said(app) and ja("gate.review-due", day="2026年5月1日（令和8年）") in said(app)


def test_a_folder_that_was_chosen_is_handed_in_without_what_is_hidden(one: tuple[Revision, Callable[..., AppTest]]) -> None:
    _, start = one
    app = start().run()
    app.toggle(key="whole-0").set_value(True).run()
    files = [("rules/finance/a.md", b"# Lunch\n\nLunch is at noon.\n", "text/markdown"), ("rules/.DS_Store", b"Bud1", "")]
    app.file_uploader(key="folder-0").set_value(files).run()
    app.button(key="read-files").click().run()
    with opened() as library:
        assert [name for _, name in library.registry.jobs.all(clearance=3, limit=1)[0].what["names"]] == ["rules/finance/a.md"]
    assert not app.exception


# ------------------------------------------------------------ what is done with them


def at_work() -> tuple[Job, list[Revision]]:
    """Do what waits; returns the newest piece of work, and the revisions then."""
    with opened() as library:
        work.work(library, today=lambda: TODAY)
        newest = library.registry.jobs.all(clearance=3, limit=1)[0]
        revisions = library.registry.revisions()
    return newest, revisions


def said(app: AppTest) -> str:
    return "".join(element.proto.body for element in app.get("html"))


def without_a_day(draft: Revision) -> Revision:
    """The draft when nobody knows from when it applies: the gate stops that until there is a reason."""
    with opened() as library:
        jobs.correct(library, draft.document_id, draft.sha256, {"effective_from": ""}, user="k", clearance=3)
    _, (revision,) = at_work()
    return revision


def test_a_document_is_published_with_a_reason_and_retired_with_one(one: tuple[Revision, Callable[..., AppTest]]) -> None:
    draft, start = one
    without_a_day(draft)
    app = start().run()
    for kind, reason, state in (("publish", REASON, PUBLISHED), ("retire", "It was repealed.", RETIRED)):
        app.checkbox(key="select-all").check().run()
        for typed in ("", "  ", reason):
            app.text_input(key=f"{kind}-reason").set_value(typed)
            app.button(key=f"{kind}-now").click().run()
            with opened() as library:
                assert library.registry.jobs.waiting() is (typed == reason)
            assert (ja("documents.reason_missing") in said(app)) is (typed != reason)
        job, (revision,) = at_work()
        assert (job.kind, job.what["reason"], revision.state) == (kind, reason, state)
        app.run()
    with opened() as library:
        every = library.registry.events.all()
    kept = [(event.action, json.loads(event.detail)["reason"]) for event in every if event.action in ("publish", "retire")]
    assert kept == [("publish", REASON), ("retire", "It was repealed.")]
    assert not app.exception


@pytest.mark.parametrize(("good", "bad", "state"), [(1, 0, "done"), (1, 1, "partly"), (0, 2, "none")])
def test_work_that_could_not_read_its_files_is_not_called_done(
    one: tuple[Revision, Callable[..., AppTest]], good: int, bad: int, state: str
) -> None:
    _, start = one
    files = [(f"{n}.md", b"# A circular\n\nLunch is at noon.\n") for n in range(good)] + [(f"{n}.docx", b"PK broken") for n in range(bad)]
    with opened() as library:
        jobs.add(library, files, user="k", clearance=3, level=1)
    job, _ = at_work()
    heading = f"<strong>{ja('jobkind.add', n=good + bad)}</strong>　{ja(f'jobs.{state}')}"
    assert f'<span class="k-job-{state}">{heading}</span>' in said(start().run())


def test_what_is_selected_is_shown_as_selected_in_the_rows(one: tuple[Revision, Callable[..., AppTest]]) -> None:
    draft, start = one
    with opened() as library:
        jobs.add(library, [("a.md", b"# A circular\n\nLunch is at noon.\n")], user="k", clearance=3, level=1)
    at_work()
    app = start().run()

    def selected() -> tuple[bool, int]:
        rows = json.loads(app.dataframe[0].proto.selection_default or "{}").get("selection", {}).get("rows", [])
        assert len([button for button in app.button if str(button.key).startswith("open-")]) == len(rows)
        return app.checkbox(key="select-all").value, len(rows)

    assert selected() == (False, 0)
    app.checkbox(key="select-all").check().run()
    assert selected() == (True, 2)
    app.checkbox(key="select-all").uncheck().run()
    assert selected() == (False, 0)
    columns = json.loads(app.dataframe[0].proto.columns)
    assert not columns[ja("documents.title")].get("pinned"), "a pinned column is drawn as pale as what cannot be used"
    assert not app.exception


def test_a_publication_that_the_gate_stopped_goes_through_with_a_reason(one: tuple[Revision, Callable[..., AppTest]]) -> None:
    draft, start = one
    with_no_day = without_a_day(draft)
    with opened() as library:
        jobs.publish(library, [with_no_day.number], user="k", clearance=3)
    job, (revision,) = at_work()
    assert (job.state, job.code, revision.state) == (FAILED, "GateClosed", DRAFT)
    app = start().run()
    assert ja("jobs.gate_closed") in said(app) and ja("gate.no-effective-date") in said(app)
    app.button(key=f"anyway-{job.number}").click().run()
    assert ja("documents.reason_missing") in said(app) and at_work()[0].number == job.number
    app.text_input(key=f"reason-{job.number}").set_value(REASON).run()
    app.button(key=f"anyway-{job.number}").click().run()
    again, (revision,) = at_work()
    assert (again.kind, again.what["reason"], again.what["accept"], revision.state) == ("publish", REASON, "", PUBLISHED)
    app.run()
    assert ja("jobs.gate_closed") not in said(app)
    assert not app.exception


def test_a_retirement_that_a_golden_question_stopped_goes_through_with_a_reason(one: tuple[Revision, Callable[..., AppTest]]) -> None:
    draft, start = one
    with opened() as library:
        jobs.publish(library, [draft.number], user="k", clearance=3)
    _, (revision,) = at_work()
    with opened() as library:
        answer = ask(library, "Parking costs", clearance=3, as_of=TODAY)
        assert answer.statements
        golden.from_answer(library, answer, user="k")
        jobs.retire(library, [revision.number], user="k", clearance=3, reason="It was repealed.")
    job, (revision,) = at_work()
    assert (job.code, revision.state) == ("GoldenRegressed", PUBLISHED)
    app = start().run()
    assert ja("jobs.golden_lost_retire", n=1) in said(app) and answer.question in said(app)
    app.text_input(key=f"reason-{job.number}").set_value(REASON).run()
    assert app.button(key=f"anyway-{job.number}").label == ja("jobs.retire_anyway")
    app.button(key=f"anyway-{job.number}").click().run()
    again, (revision,) = at_work()
    assert (again.kind, again.what["reason"], again.what["accept"], revision.state) == ("retire", "It was repealed.", REASON, RETIRED)
    app.run()
    assert ja("jobs.affected", n=1) in [folded.label for folded in app.expander]
    assert not app.exception


def test_a_publication_shows_old_beside_new_for_what_it_changes_and_nothing_else(
    one: tuple[Revision, Callable[..., AppTest]], monkeypatch: pytest.MonkeyPatch
) -> None:
    draft, start = one
    monkeypatch.setenv("KONKYO_KEEP_QUESTIONS", "text")
    text = "# Parking\n\n## Fees\n\nParking costs 30 a month.\n\n## Dogs\n\nDogs stay <b>outside</b> the garage.\n"
    asked = ("What does parking cost a month?", "Where do dogs stay?")
    for words, day in ((text, BEGINS), (text.replace("30", "45"), BEGINS + timedelta(days=90))):
        with opened(keep_questions="text") as library:
            file = [("rule.md", words.encode())]
            jobs.add(library, file, user="k", clearance=3, level=1, document_id=draft.document_id, effective_from=day)
        at_work()
        with opened() as library:
            drafts = [r.number for r in library.registry.revisions(DRAFT)]
            jobs.publish(library, drafts, user="k", clearance=3)
        job, _ = at_work()
        assert job.state == DONE, job.message
        if day == BEGINS:
            with opened(keep_questions="text") as library:
                for question in asked:
                    assert feedback.record_asked(library, ask(library, question, clearance=3, as_of=TODAY), 0.1)
    app = start().run()
    assert app.expander(key=f"affected-{job.number}").label == ja("jobs.affected", n=1)
    (table,) = [element.proto.body for element in app.get("html") if 'class="k-diff"' in element.proto.body]
    question, heads, row = table.split("<tr>")
    assert asked[0] in question
    assert ja("jobs.was_cited") in heads and ja("jobs.is_answered") in heads
    assert re.findall(r"<td>(.*?)</td>", row) == ["<p>Parking costs 30 a month.</p>", "<p>Parking costs 45 a month.</p>"]
    with opened(keep_questions="text") as library:  # a text that is still to come is not what is answered now
        day = date.today() + timedelta(days=400)
        file = [("rule.md", text.replace("30", "60").encode())]
        jobs.add(library, file, user="k", clearance=3, level=1, document_id=draft.document_id, effective_from=day)
    at_work()
    with opened() as library:
        jobs.publish(library, [r.number for r in library.registry.revisions(DRAFT)], user="k", clearance=3)
    job, _ = at_work()
    assert job.state == DONE, job.message
    app.run()
    (table, _) = [element.proto.body for element in app.get("html") if 'class="k-diff"' in element.proto.body]
    assert ja("jobs.answered_from", day=show_date(day, "ja")) in table and ja("jobs.is_cited") in table
    assert ja("jobs.is_answered") not in table and "costs 60" in table
    assert not app.exception


def test_two_revisions_of_one_title_are_told_apart(one: tuple[Revision, Callable[..., AppTest]]) -> None:
    draft, start = one
    names = []
    for file in ([], [("other.md", b"# Parking\n\nParking costs 45.\n")]):
        with opened() as library:
            jobs.add(library, file, user="k", clearance=3, level=1)
        at_work()
        app = start().run()
        app.checkbox(key="select-all").check().run()
        names.append([button.label for button in app.button if str(button.key).startswith("open-")])
    plain = ja("documents.open", title="Parking")
    assert names[0] == [plain]
    assert len({*names[1]}) == 2 and all(name.startswith(plain) for name in names[1])


def test_a_piece_of_work_that_waits_is_stopped(one: tuple[Revision, Callable[..., AppTest]]) -> None:
    draft, start = one
    with opened() as library:
        number = jobs.publish(library, [draft.number], user="k", clearance=3)
    app = start().run()
    assert ja("jobs.in_line") in said(app)
    app.button(key=f"cancel-{number}").click().run()
    job, (revision,) = at_work()
    assert (job.number, job.state, revision.state) == (number, CANCELLED, draft.state)
    app.run()
    assert ja("jobs.cancelled") in said(app)
    assert not app.exception


@pytest.mark.parametrize("code", ["FetchFailed", "DiskFull", "UnknownDocument", "IndexDamaged", "ModelError", "Fault", "Died"])
def test_why_a_piece_of_work_was_not_done_is_a_sentence(one: tuple[Revision, Callable[..., AppTest]], code: str) -> None:
    _, start = one
    with opened() as library:
        number = library.registry.jobs.add("fetch", {"wanted": "x"}, user="k", clearance=3)
        library.registry.jobs.end(number, FAILED, code=code, message="<b>what it said itself</b>")
    app = start().run()
    assert ja(f"failed.{code if code in progress._KNOWN else 'other'}") in said(app)
    assert "&lt;b&gt;what it said itself" in said(app)
    assert not app.exception


def test_what_was_stopped_says_what_was_not_read(one: tuple[Revision, Callable[..., AppTest]]) -> None:
    _, start = one
    with opened() as library:
        told = [{"name": f"{n}.md", "result": "added", "document_id": f"{n}", "code": "", "reason": "", "warnings": []} for n in range(2)]
        number = library.registry.jobs.add("add", {"names": []}, user="k", clearance=3)
        library.registry.jobs.note(number, total=5)
        library.registry.jobs.end(number, CANCELLED, told=told)
    app = start().run()
    assert ja("jobs.not_read_kept", n=3, kept=2) in said(app)


def test_a_check_and_a_publication_name_what_was_found_in_which_document(one: tuple[Revision, Callable[..., AppTest]]) -> None:
    draft, start = one
    with_no_day = without_a_day(draft)
    with opened() as library:
        jobs.add(library, [("a.md", b"# A circular\n\nLunch is at noon.\n")], user="k", clearance=3, level=1, effective_from=BEGINS)
    at_work()
    app = start().run()
    app.checkbox(key="select-all").check().run()
    app.button(key="check").click().run()
    job, _ = at_work()
    assert {entry["name"] for entry in job.told} == {"Parking", "A circular"}
    app = start().run()
    found = f"<strong>{ja('findings.stops')}</strong>　{ja('gate.no-effective-date')}"
    card, *_ = said(app).split(ja("documents.select"))
    assert re.search(rf'<p class="k-label">Parking</p><ul class="k-findings"><li>{found}', card)
    assert '<p class="k-label">A circular</p>' in card
    app.checkbox(key="select-all").check().run()
    form = said(app).split(ja("documents.publish_stops", n=1))[1]
    assert re.match(rf'</p><p class="k-label">Parking</p><ul><li>{found}</li></ul>', form)
    assert "A circular" not in form.split("<p>")[0]
    assert with_no_day.state == DRAFT and not app.exception


def test_many_files_that_failed_are_told_of_where_no_other_was_read(one: tuple[Revision, Callable[..., AppTest]]) -> None:
    _, start = one
    with opened() as library:
        for good in (0, 1):
            files = [(f"{n}.docx", b"PK broken") for n in range(4)] + [(f"good{n}.md", b"# A\n\nTea is at three.\n") for n in range(good)]
            jobs.add(library, files, user="k", clearance=3)
        work.work(library, today=lambda: TODAY)
        partly, none = library.registry.jobs.all(clearance=3, limit=2)
    app = start().run()
    unfolded = [app.expander(key=f"wrong-{job.number}").proto.expanded for job in (partly, none)]
    assert unfolded == [False, True]


def test_why_a_file_was_left_out_is_said_in_the_readers_language(one: tuple[Revision, Callable[..., AppTest]]) -> None:
    _, start = one
    with opened() as library:
        jobs.add(
            library,
            [("plan.pdf", b"plain words"), ("nothing.md", b" "), ("b.md", b"# Parking\n\nParking costs 30.\n")],
            user="k",
            clearance=3,
        )
    at_work()
    app = start().run()
    shown = said(app)
    for key, what in (("why.not_as_named", ".pdf"), ("why.no_text", ""), ("why.same_bytes", "rule.md")):
        assert ja(key, what=what) in shown, key
    for key in ("refused.damaged", "refused.empty", "refused.duplicate"):
        assert ja(key) not in shown, "one sentence is enough"
    assert 'lang="en"' not in shown and ja("why.record") not in shown


def test_what_was_pressed_last_counts_where_the_address_comes_late(one: tuple[Revision, Callable[..., AppTest]]) -> None:
    """On a slow line a second press comes with the address from before the first one."""
    draft, start = one
    app = start(doc=draft.document_id, view="facts").run()
    before = dict(app.query_params)
    app.button_group(key="view").set_value("reading").run()
    assert app.query_params["view"] == "reading"
    app.query_params.clear()
    app.query_params.update(before)  # the browser has not taken in the new one
    app.button_group(key="view").set_value("revisions").run()
    assert app.query_params["view"] == "revisions"
    app.query_params.clear()
    app.query_params.update(before)  # the back button: nothing was pressed on the page
    app.run()
    assert app.query_params["view"] == "facts"
