"""The pages for what staff asked in vain, for golden questions, for the usage and for the log, without a browser."""

from __future__ import annotations

import csv
import os
import time
from collections.abc import Iterator
from dataclasses import replace
from datetime import date, datetime, timedelta, timezone
from pathlib import Path

import pytest
from streamlit.testing.v1 import AppTest

from rag import thesaurus
from rag.ask import ask
from rag.desk import feedback, gaps, work
from rag.library import Library
from rag.registry.questions import Questions
from rag.text import csv_of
from rag.ui import background, log, opening, usage
from rag.ui.frame import Reader
from rag.ui.texts import Language, Words
from tests.conftest import TODAY
from tests.small import document, library_at, publish

ja = Words("ja")
VAIN = "zoo zebra feeding hours"


def _app(name: str) -> None:
    """A page by itself."""
    from rag.settings import from_environment
    from rag.ui import frame, gaps, log, opening, quality, usage

    settings = from_environment()
    who = frame.reader(settings.clearance)
    frame.remember(who, desk=True)
    {"gaps": gaps, "log": log, "quality": quality, "usage": usage}[name].page(opening.library(settings), who)


@pytest.fixture
def library(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Library]:
    """A library in which one question was asked in vain, for the pages too."""
    opened = library_at(tmp_path / "home", keep_questions="text")
    parking = document("other", "Parking is free.")
    paged = replace(parking, pages=3, blocks=tuple(replace(block, page=3) for block in parking.blocks))
    publish(opened, [document("rule", "The office approves travel."), paged])
    assert feedback.record_asked(opened, ask(opened, VAIN, clearance=3, as_of=TODAY), 0.1)
    monkeypatch.setenv("KONKYO_HOME", str(tmp_path / "home"))
    monkeypatch.setenv("KONKYO_CLEARANCE", "3")
    monkeypatch.setattr(background, "see_to_it", lambda opened: None)  # no process of its own
    monkeypatch.setattr(opening, "_warm", lambda opened: None)  # nor a search beside the test
    yield opened
    opened.close()


def start(name: str) -> AppTest:
    return AppTest.from_function(_app, default_timeout=120, args=(name,)).run()


def said(app: AppTest) -> str:
    return "".join(element.proto.body for element in app.get("html"))


def deal_with(app: AppTest, library: Library, way: str) -> str:
    """Open a way of dealing with the one group; returns the group's key."""
    (gap,) = gaps.gaps(library)
    key = f"{gap.first:%Y%m%d%H%M%S%f}"
    app.button_group(key=f"way-{key}").set_value(way).run()
    return key


def fill(app: AppTest, key: str) -> None:
    """A golden question as of a day, that one of two provisions answers."""
    app.selectbox(key=f"expect-{key}-0").set_value("rule").run()
    assert app.text_input(key=f"place-{key}-0").label == ja("quality.place")
    app.text_input(key=f"place-{key}-0").set_value("Part 1").run()
    app.button(key=f"another-{key}").click().run()
    app.selectbox(key=f"expect-{key}-1").set_value("other").run()


def finish(app: AppTest, key: str) -> None:
    app.text_input(key=f"place-{key}-1").set_value("p3")
    app.text_input(key=f"topic-{key}").set_value(" travel ")
    app.date_input(key=f"as-of-{key}").set_value(date(2026, 5, 1)).run()


EXPECTED = (
    {"document": "rule", "path": "Part 1", "page": None},
    {"document": "other", "path": "", "page": 3},
)


def test_a_golden_question_with_several_provisions_a_topic_and_a_day(library: Library) -> None:
    app = start("quality")
    app.text_input(key="question-golden-0").set_value("Who approves travel?").run()
    fill(app, "golden-0")
    assert app.button(key="keep-golden").disabled  # a document, and no provision of it
    finish(app, "golden-0")
    app.button(key="keep-golden").click().run()
    (kept,) = library.registry.golden.all()
    assert (kept.question, kept.expect, kept.topic, kept.as_of) == ("Who approves travel?", EXPECTED, "travel", date(2026, 5, 1))
    shown = app.dataframe[0].value.iloc[0]
    assert (shown[ja("quality.topic")], str(shown[ja("quality.day")])[:10]) == ("travel", "2026-05-01")
    assert app.text_input(key="question-golden-1").value == ""
    app.text_input(key="question-golden-1").set_value("Is there a zoo?").run()
    assert app.button(key="keep-golden").disabled, "nobody has said yet that it must be refused"
    app.selectbox(key="expect-golden-1-0").set_value("").run()
    app.button(key="keep-golden").click().run()
    assert [(one.expect, one.topic, one.as_of) for one in library.registry.golden.all()[1:]] == [((), "", None)]
    assert not app.exception


def test_a_golden_question_is_kept_once_and_that_is_said(library: Library) -> None:
    app = start("quality")
    for turn, question in enumerate(("Is there a zoo?", " is there a  zoo？")):
        app.text_input(key="question-golden-" + str(min(turn, 1))).set_value(question).run()
        app.selectbox(key=f"expect-golden-{turn}-0").set_value("").run()
        app.button(key="keep-golden").click().run()
        (kept,) = library.registry.golden.all()
        shown = (ja("quality.kept"), ja("why.golden_twice", n=kept.number))
        assert [words in said(app) for words in shown] == [turn == 0, turn == 1]
    assert app.text_input(key="question-golden-1").value == " is there a  zoo？", "what was typed can be mended"
    app.date_input(key="as-of-golden-1").set_value(date(2026, 5, 1)).run()
    app.button(key="keep-golden").click().run()
    assert [one.as_of for one in library.registry.golden.all()] == [None, date(2026, 5, 1)], "another day is another question"
    assert not app.exception


def test_a_heap_of_words_is_no_golden_question(library: Library) -> None:
    with Questions(library.home) as questions:
        (entry,) = questions.all_asked()
        questions.delete_before(entry.at + timedelta(seconds=1))
        questions.asked(replace(entry, form="terms"))
    app = start("gaps")
    key = f"gap-{deal_with(app, library, 'golden')}"
    assert app.text_input(key=f"question-{key}").value == ""
    assert ja("quality.in_a_sentence", words=VAIN) in said(app)


def test_a_provision_that_is_not_there_is_not_kept(library: Library) -> None:
    app = start("quality")
    app.text_input(key="question-golden-0").set_value("Who approves travel?").run()
    app.selectbox(key="expect-golden-0-0").set_value("rule").run()
    app.text_input(key="place-golden-0-0").set_value("Part l").run()
    assert app.button(key="keep-golden").disabled
    assert ja("quality.not_there", title="Title of rule", where="Part l") in said(app) and ja("quality.near", near="Part 1") in said(app)
    app.text_input(key="place-golden-0-0").set_value("Part 1").run()
    assert ja("quality.near", near="Part 1") not in said(app)
    app.text_input(key="place-golden-0-0").set_value("p9")  # typed, and the button pressed before the page was drawn again
    app.button(key="keep-golden").click().run()
    assert library.registry.golden.all() == []
    assert ja("quality.not_there", title="Title of rule", where="p9") in said(app)
    app.text_input(key="place-golden-0-0").set_value("Part 1").run()
    app.button(key="keep-golden").click().run()
    assert [one.expect for one in library.registry.golden.all()] == [EXPECTED[:1]]
    assert not app.exception


def test_a_provision_chosen_before_the_question_became_one_to_refuse_does_not_count(library: Library) -> None:
    app = start("quality")
    app.text_input(key="question-golden-0").set_value("Is there a zoo?").run()
    fill(app, "golden-0")
    app.selectbox(key="expect-golden-0-0").set_value("").run()
    app.button(key="keep-golden").click().run()
    assert [one.expect for one in library.registry.golden.all()] == [()]


def test_a_gap_becomes_a_golden_question(library: Library) -> None:
    app = start("gaps")
    key = f"gap-{deal_with(app, library, 'golden')}"
    assert app.text_input(key=f"question-{key}").value == VAIN
    assert app.button(key=key.replace("gap-", "do-")).disabled, "what must answer is asked first"
    fill(app, key)
    finish(app, key)
    app.button(key=key.replace("gap-", "do-")).click().run()
    (kept,) = library.registry.golden.all()
    assert (kept.question, kept.expect, kept.topic, kept.as_of) == (VAIN, EXPECTED, "travel", date(2026, 5, 1))
    assert gaps.gaps(library) == []
    assert not app.exception


def test_a_gap_becomes_an_entry_of_the_thesaurus(library: Library) -> None:
    app = start("gaps")
    key = deal_with(app, library, "thesaurus")
    assert app.button(key=f"do-{key}").disabled
    app.text_input(key=f"gap-said-{key}").set_value("zoo")
    app.text_input(key=f"gap-means-{key}").set_value("zoological garden、 animal park ,").run()
    app.button(key=f"do-{key}").click().run()
    file = Path(os.environ["KONKYO_HOME"]) / "thesaurus.toml"
    assert file.read_text(encoding="utf-8") == '[en]\n"zoo" = ["zoological garden", "animal park"]\n'
    assert thesaurus.read(file.read_text(encoding="utf-8"), file.name).problems == ()
    assert gaps.gaps(library) == []
    assert ja("gaps.dealt_with") in said(app) and ja("gaps.none") in said(app)


def test_an_entry_that_cannot_be_written_leaves_the_gap_open(library: Library) -> None:
    app = start("gaps")
    key = deal_with(app, library, "thesaurus")
    (Path(os.environ["KONKYO_HOME"]) / "thesaurus.toml").mkdir()  # nothing can be written there
    app.text_input(key=f"gap-said-{key}").set_value("zoo")
    app.text_input(key=f"gap-means-{key}").set_value("zoological garden").run()
    app.button(key=f"do-{key}").click().run()
    assert ja("why.not_written") in said(app)
    assert [gap.question for gap in gaps.gaps(library)] == [VAIN]
    assert not app.exception


def test_an_entry_that_says_nothing_new_leaves_the_gap_open(library: Library) -> None:
    app = start("gaps")
    key = deal_with(app, library, "thesaurus")
    app.text_input(key=f"gap-said-{key}").set_value("zoo")
    app.text_input(key=f"gap-means-{key}").set_value("Zoo").run()
    app.button(key=f"do-{key}").click().run()
    assert ja("why.nothing_new", what="zoo") in said(app)
    assert [gap.question for gap in gaps.gaps(library)] == [VAIN]
    assert not (Path(os.environ["KONKYO_HOME"]) / "thesaurus.toml").exists()


@pytest.mark.parametrize(("data", "left"), [(b"# Zoo\n\nThe zebra is fed at noon.\n", []), (b"%PDF-1.7 torn", [VAIN])])
def test_a_gap_is_dealt_with_when_the_document_for_it_was_read(library: Library, data: bytes, left: list[str]) -> None:
    app = start("gaps")
    key = deal_with(app, library, "document")
    app.file_uploader(key=f"gap-files-{key}").set_value([("zoo.pdf" if left else "zoo.md", data, "")]).run()
    app.button(key=f"do-{key}").click().run()
    assert ja("gaps.when_read") in said(app)
    assert [gap.question for gap in gaps.gaps(library)] == [VAIN], "nobody has read it yet"
    work.work(library, today=lambda: TODAY)
    assert [gap.question for gap in gaps.gaps(library)] == left
    assert VAIN.encode() not in (library.home / "registry.sqlite3").read_bytes(), "kept for its time only"
    state = ja("jobs.none" if left else "jobs.done")
    assert f"{ja('jobkind.add', n=1)}</strong>　{state}" in said(app.run())
    assert not app.exception


def test_a_gap_is_closed_with_a_note(library: Library) -> None:
    app = start("gaps")
    key = deal_with(app, library, "note")
    app.text_input(key=f"gap-note-{key}").set_value("  ").run()
    assert app.button(key=f"do-{key}").disabled
    app.text_input(key=f"gap-note-{key}").set_value("There is no zoo.").run()
    app.button(key=f"do-{key}").click().run()
    with Questions(library.home) as questions:
        (closed,) = questions.all_closed()
    assert (closed.question, closed.how, closed.note) == (VAIN, "note", "There is no zoo.")
    assert ja("gaps.none") in said(app)


def test_the_time_to_answer_is_drawn_by_day(library: Library) -> None:
    for seconds in (0.3, 0.9):
        assert feedback.record_asked(library, ask(library, VAIN, clearance=3, as_of=TODAY), seconds)
    app = start("usage")
    assert ja("usage.time_a_day") not in said(app)  # one point is no line
    assert ja("usage.seconds", n="0.3") in said(app)  # the median of 0.1, 0.3 and 0.9
    with Questions(library.home) as questions:
        (*_, last) = questions.all_asked()
        questions.asked(replace(last, at=last.at - timedelta(days=1)))
    app.run()
    assert ja("usage.time_a_day") in said(app)
    assert len(app.get("vega_lite_chart") or app.get("arrow_vega_lite_chart")) == 2
    assert not app.exception


def test_the_log_is_shown_and_searched_in_the_words_of_the_reader(library: Library) -> None:
    number = library.registry.golden.add(VAIN, language="en", expect=[], as_of=None, topic="", user="kato")
    library.registry.desk.correct("rule", "", {"title": "旅費規程", "level": "2"}, user="kato")
    app = start("log")
    for words, subject, detail in (
        (ja("action.golden"), ja("log.golden", n=number), f"{ja('ask.field')}: {VAIN}"),
        (ja("documents.level"), "rule", f"{ja('documents.level')}: 1 → 2　{ja('documents.title')}: Title of rule → 旅費規程"),
    ):
        app.text_input(key="log-search").set_value(words).run()
        shown = app.dataframe[0].value
        assert [*shown[ja("log.subject")]] == [subject]
        assert [*shown[ja("log.detail")]] == [detail]
    assert not app.exception


def test_the_log_tells_what_a_correction_took_away(library: Library) -> None:
    library.registry.desk.correct("rule", "", {"title": "", "effective_to": "", "kind": "manual"}, user="kato")
    library.registry.desk.correct("rule", "", {"review_on": "2027-04-01"}, user="kato")
    library.registry.desk.correct("rule", "", {"review_on": ""}, user="kato")
    review, end, kind, title = (ja(key) for key in ("correct.review", "correct.ends", "correct.kind", "documents.title"))
    emptied, other, manual = ja("log.emptied"), ja("kind.other"), ja("kind.manual")
    assert [*start("log").dataframe[0].value[ja("log.detail")]][:3] == [
        f"{review}: 2027年4月1日（令和9年） → {emptied}",
        f"{review}: 2027年4月1日（令和9年）",
        f"{end}: {emptied}　{kind}: {other} → {manual}　{title}: Title of rule → {emptied}",
    ]


def test_the_log_has_titles_and_days_and_the_clock_of_the_machine(library: Library, monkeypatch: pytest.MonkeyPatch) -> None:
    library.registry.desk.correct("rule", "", {"effective_from": "2026-04-01"}, user="kato")
    number = library.registry.golden.add(VAIN, language="en", expect=[], as_of=None, topic="", user="kato")
    stored = {event.subject: event for event in library.registry.events.all()}
    monkeypatch.setenv("TZ", "Asia/Tokyo")
    time.tzset()
    try:
        shown = start("log").dataframe[0].value
    finally:
        monkeypatch.undo()
        time.tzset()
    assert f"{ja('correct.begins')}: 2026年4月1日（令和8年）" in shown[ja("log.detail")][1]
    assert [*shown[ja("documents.title")]][:2] == [VAIN, "Title of rule"]
    assert [*shown[ja("log.subject")]][:2] == [ja("log.golden", n=number), "rule"]
    at = datetime.fromisoformat(stored["rule"].at).astimezone(timezone(timedelta(hours=9)))
    assert f"{shown[ja('log.at', zone='JST')][1]:%Y-%m-%d %H:%M:%S}" == f"{at:%Y-%m-%d %H:%M:%S}"


def test_csv_files_are_in_the_words_of_the_reader(library: Library, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TZ", "Asia/Tokyo")
    library.registry.desk.correct("rule", "", {"effective_from": "2026-04-01"}, user="kato")
    event = library.registry.events.all()[-1]
    time.tzset()
    try:
        heads, entry = csv.reader(log._csv(_reader("ja"), [event], {"rule": "旅費規程"}).splitlines())
        english = log._csv(_reader("en"), [event], {"rule": "旅費規程"}).splitlines()[0]
    finally:
        monkeypatch.undo()
        time.tzset()
    assert heads[:6] == ["日時", "利用者", "操作", "対象", "題名", "内容"] and english.startswith("When,User,Action,Subject,Title,Detail,")
    at = datetime.fromisoformat(event.at).astimezone(timezone(timedelta(hours=9)))
    assert entry[:6] == [
        f"{at:%Y-%m-%d %H:%M:%S}+09:00", "kato", "訂正", "rule", "旅費規程", f"{ja('correct.begins')}: 2026年4月1日（令和8年）"
    ]  # fmt: skip
    assert entry[6:] == [event.at, event.action, event.subject, event.detail, event.previous, event.digest], "as their digests are made"
    used = gaps.usage(library)
    assert csv_of(usage._days(ja, used)).splitlines()[0] == "日,質問,該当なし,回答までの時間（中央値）、秒,回答までの時間（最長）、秒"
    assert csv_of(usage._cited(ja, used, {"rule": "旅費規程"})).splitlines() == ["文書ID,題名,引用された回数", "rule,旅費規程,0"]
    assert csv_of(usage._cited(Words("en"), used, {})) == "Document id,Title,Times cited\n"


def _reader(language: Language) -> Reader:
    return Reader(t=Words(language), clearance=3, today=TODAY)


def test_a_history_of_one_run_is_no_line(library: Library) -> None:
    number = library.registry.golden.add(VAIN, language="en", expect=[], as_of=None, topic="", user="kato")
    for runs in (1, 2):
        library.registry.golden.keep_run({number: "refused rightly"}, user="kato", why="by hand")
        app = start("quality")
        assert len(app.get("vega_lite_chart") or app.get("arrow_vega_lite_chart")) == runs - 1
        assert not app.exception
