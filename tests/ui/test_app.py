"""The pages' states, without a browser."""

from __future__ import annotations

import re
import shutil
from collections.abc import Callable
from html import unescape
from pathlib import Path

import pytest
from streamlit.testing.v1 import AppTest

from rag.library import Library
from rag.records import RefusalReason
from rag.settings import Settings
from rag.ui.panel import name_of
from rag.ui.source import deciding
from rag.ui.texts import Words, examples
from tests.ui.conftest import REPOSITORY

ja, en = Words("ja"), Words("en")
FEES = "手数料の免除を受けられるのは誰ですか"
NONSENSE = "ズワイガニの漁獲枠"
Run = Callable[..., AppTest]


@pytest.fixture
def run(monkeypatch: pytest.MonkeyPatch) -> Run:
    """Runs the app: ``run(home, q="旅費", lang="ja", clearance=1)``."""

    def start(home: Path, *, clearance: int = 3, **query: str) -> AppTest:
        monkeypatch.setenv("KONKYO_HOME", str(home))
        monkeypatch.setenv("KONKYO_CLEARANCE", str(clearance))
        app = AppTest.from_file(str(REPOSITORY / "app.py"), default_timeout=120)
        for name, value in query.items():
            app.query_params[name] = value
        return app.run()

    return start


def words(app: AppTest) -> str:
    """Everything that is shown as text, without markup."""
    assert not app.exception
    return unescape(re.sub(r"<[^>]*>", "\n", "\n".join(part.proto.body for part in app.get("html"))))


def address(app: AppTest) -> dict[str, str]:
    """The page's address; of a name that is there several times, the first."""
    return {name: value if isinstance(value, str) else value[0] for name, value in app.query_params.items()}


def labels(app: AppTest) -> list[str]:
    """The labels of the buttons."""
    return [button.label for button in app.button]


def test_empty_library(run: Run, tmp_path: Path) -> None:
    app = run(tmp_path / "home")
    assert ja("empty.heading") in words(app)
    assert [code.value for code in app.code] == ["python -m rag ingest FOLDER"]
    assert not set(labels(app)) & set(examples("ja"))


def test_start(run: Run, sample_home: Path) -> None:
    app = run(sample_home)
    assert ja("ask.heading") in words(app)
    assert set(examples("ja")) <= set(labels(app))


@pytest.mark.parametrize("language", ["ja", "en"])
def test_the_examples_are_answered(run: Run, sample_home: Path, language: str) -> None:
    for example in examples("ja" if language == "ja" else "en"):
        app = run(sample_home, lang=language, q=example)
        assert Words("ja" if language == "ja" else "en")("answer.heading") in words(app), example


def test_an_answer_comes_with_its_first_source_open(run: Run, sample_home: Path) -> None:
    app = run(sample_home, q=FEES)
    assert ja("answer.opened", number=1) in labels(app), "what is announced, and its items"
    assert ja("answer.open", number=2) in labels(app)
    assert "第二十六条" in words(app)
    copied = app.code[0].value
    assert f"質問：{FEES}" in copied
    assert re.search(r"^\[1\] 公共サービス提供基準法、.*、版 [0-9a-f]{12}、施行日 ", copied, re.MULTILINE)


def test_another_source_is_opened_and_the_question_stays(run: Run, sample_home: Path) -> None:
    app = run(sample_home, q=FEES)
    next(button for button in app.button if button.label == ja("answer.open", number=2)).click().run()
    assert ja("answer.opened", number=2) in labels(app)
    assert ja("answer.open", number=1) in labels(app)
    assert address(app)["q"] == FEES


def test_an_address_opens_the_source_that_it_names(run: Run, sample_home: Path) -> None:
    statement = run(sample_home, q=FEES).session_state["answered"].statements[1]
    app = run(sample_home, q=FEES, at=name_of(statement.citations[0]))
    assert ja("answer.opened", number=2) in labels(app)
    assert ja("answer.open", number=1) in labels(app)
    assert "at" not in address(app)
    assert ja("answer.opened", number=1) in labels(run(sample_home, q=FEES, at="of-an-answer-that-has-changed"))


def test_what_stands_with_what_answers_is_marked_too_and_what_answers_is_in_sight(run: Run, sample_home: Path) -> None:
    app = run(sample_home, q=FEES)
    text = next(part.proto.body for part in app.get("html") if "k-text" in part.proto.body)
    marked = re.findall("<mark>(.*?)</mark>", text)
    first = app.session_state["answered"].statements[0]
    assert [unescape(part) for part in marked] == [citation.quote for citation in first.citations]
    (aimed,) = re.findall('<p class="[^"]*k-aim[^"]*">(.*?)</p>', text)
    assert f"<mark>{first.citations[-1].quote}</mark>" in aimed


def test_of_a_table_the_row_that_answers_is_in_sight_and_its_head_is_marked_too(run: Run, sample_home: Path) -> None:
    app = run(sample_home, lang="en", q="How much can I spend on accommodation per night in Tokyo?")
    head, *rows = app.session_state["answered"].statements[0].citations
    assert head.quote.startswith("Area｜") and rows
    text = next(part.proto.body for part in app.get("html") if "k-text" in part.proto.body)
    (aimed,) = re.findall('<tr class="k-aim">(.*?)</tr>', text)
    decides = deciding(app.session_state["answered"].statements[0])
    assert decides != head and re.findall("<mark>(.*?)</mark>", aimed) == decides.quote.split("｜")
    assert "<mark>Area</mark>" in text


def test_articles_can_be_turned(run: Run, sample_home: Path) -> None:
    app = run(sample_home, q=FEES)
    app.button(key="next").click().run()
    assert "第二十七条" in words(app)
    app.button(key="back").click().run()
    assert "第二十六条" in words(app)
    assert ja("source.back") not in labels(app)


def test_refusal(run: Run, sample_home: Path) -> None:
    app = run(sample_home, q=NONSENSE)
    shown = words(app)
    assert ja("refusal.heading") in shown
    assert ja("refusal.next_ask") in shown
    assert "2026" in shown or ja("frame.as_of") in shown
    assert not any(label == ja("answer.opened", number=1) for label in labels(app))


def test_every_refusal_has_its_words() -> None:
    from rag.ui.answer import _REASONS

    assert set(_REASONS) == set(RefusalReason)


def test_an_empty_question_says_so(run: Run, sample_home: Path) -> None:
    app = run(sample_home)
    app.text_input(key="question").input("   ")
    app.button(key="ask-button").click().run()
    assert ja("ask.empty") in words(app)


def test_a_pasted_story_is_asked_by_its_beginning_and_its_end_and_says_so(run: Run, sample_home: Path) -> None:
    app = run(sample_home)
    app.text_input(key="question").input("話が続きます。" * 800 + "旅費はいつまでに請求しますか")
    app.button(key="ask-button").click().run()
    assert ja("ask.long", n="2,000") in words(app)
    asked = app.session_state["wanted"].question
    assert len(asked) <= 2_000 and asked.endswith("旅費はいつまでに請求しますか")


def test_asking_and_the_history(run: Run, sample_home: Path) -> None:
    app = run(sample_home, q=FEES)
    app.text_input(key="question").input(NONSENSE)
    app.button(key="ask-button").click().run()
    assert ja("refusal.heading") in words(app)
    assert address(app)["q"] == NONSENSE
    app.button(key="history-0").click().run()
    assert ja("answer.heading") in words(app)
    assert app.text_input(key="question").value == FEES


def test_the_level_of_the_address_never_exceeds_the_clearance(run: Run, sample_home: Path) -> None:
    app = run(sample_home, clearance=1, level="3", q="How do I report a lost laptop?", lang="en")
    assert app.selectbox(key="level").value == 1
    assert app.selectbox(key="level").options == [en("frame.level_value", level=1)]
    assert "Information security handbook" not in words(app)


def test_a_lower_level_sees_less(run: Run, sample_home: Path) -> None:
    def documents(level: str) -> int:
        found = re.search(r"(\d+)件の文書から", words(run(sample_home, level=level)))
        assert found
        return int(found[1])

    assert documents("1") < documents("2") <= documents("3")


def test_a_past_day(run: Run, sample_home: Path) -> None:
    app = run(sample_home, on="2023-07-01", q=FEES)
    assert "2023年7月1日（令和5年）" in words(app)
    assert address(app)["on"] == "2023-07-01"


def test_a_day_without_documents(run: Run, sample_home: Path) -> None:
    app = run(sample_home, on="1990-01-01", q=FEES)
    assert ja("refusal.none_visible") in words(app)


def test_narrowed_to_a_kind(run: Run, sample_home: Path) -> None:
    app = run(sample_home, kind="circular", q=FEES)
    assert ja("ask.clear") in labels(app)
    assert "公共サービス提供基準法　" not in words(app)
    app.button(key="widen").click().run()
    assert "kind" not in app.query_params


def test_damaged_files_stop_the_answers_and_say_what_to_do(run: Run, sample_home: Path, tmp_path: Path) -> None:
    home = tmp_path / "home"
    shutil.copytree(sample_home, home)
    shutil.rmtree(home / "index" / "keyword")
    app = run(home, q=FEES)
    shown = words(app)
    assert ja("trouble.heading") in shown
    assert ja("trouble.keyword") in shown
    assert "python -m rag rebuild" in [code.value for code in app.code]
    assert address(app)["q"] == FEES
    assert "Traceback" not in shown + "".join(code.value for code in app.code)


def test_without_the_model_it_says_so(run: Run, sample_home: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    home = tmp_path / "home"
    shutil.copytree(sample_home, home)
    monkeypatch.setenv("KONKYO_MODEL", str(tmp_path / "no-model"))
    app = run(home, lang="en", q="How do I report a lost laptop?")
    assert en("trouble.heading") in words(app)
    assert en("trouble.again") in labels(app)


def test_a_wrong_setting_is_named(run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("KONKYO_READ_SECONDS", "soon")
    app = run(tmp_path / "home")
    assert ja("trouble.settings") in words(app)
    assert "KONKYO_READ_SECONDS" in app.code[0].value


def test_a_writer_is_no_trouble_for_readers(run: Run, sample_home: Path, tmp_path: Path) -> None:
    from rag.ingest import Ingester

    home = tmp_path / "home"
    shutil.copytree(sample_home, home)
    library = Library(Settings(home=home))
    with Ingester(library, clearance=3):
        assert ja("answer.heading") in words(run(home, q=FEES))
    library.close()


@pytest.mark.parametrize(("day", "told"), [("2026-12-01", False), ("2027-02-15", True)])
def test_a_change_that_is_near_is_told(run: Run, sample_home: Path, day: str, told: bool) -> None:
    app = run(sample_home, q="地方公共サービス局の窓口は、毎週何回、午後七時まで開設しますか", on=day)
    assert ja("answer.heading") in words(app)
    assert ("2027年4月1日（令和9年）から変わります" in words(app)) is told


def test_where_nothing_was_found_offices_in_the_readers_language_come_first_and_the_rest_is_a_number() -> None:
    from types import SimpleNamespace

    from rag.ui.answer import OFFICES, _offices
    from rag.ui.texts import Words

    names = ["Accounts Division", "Personnel Division", *(f"{number}課" for number in "一二三四")]
    who = SimpleNamespace(t=Words("ja"))
    assert _offices(who, names[2:]) == "一課、二課、三課、四課"  # type: ignore[arg-type]
    commas = ["Accounts Division, Minister's Secretariat", "Audit Office"]
    assert _offices(SimpleNamespace(t=Words("en")), commas) == "Accounts Division, Minister's Secretariat; Audit Office"  # type: ignore[arg-type]
    assert _offices(who, names) == "一課、二課、三課、四課、" + ja("refusal.more_offices", n=len(names) - OFFICES)  # type: ignore[arg-type]


def test_what_must_answer_is_asked_before_an_answer_becomes_a_golden_question(run: Run, sample_home: Path, tmp_path: Path) -> None:
    home = tmp_path / "home"
    shutil.copytree(sample_home, home)
    app = run(home, q=FEES)
    places = app.multiselect(key="golden-places")
    assert len(places.options) > len(places.value) == 1, "what the first statement stands on is proposed"

    def kept() -> list[tuple[str, tuple[dict[str, object], ...]]]:
        library = Library(Settings(home=home))
        found = [(one.question, one.expect) for one in library.registry.golden.all()]
        library.close()
        return found

    assert kept() == []
    chosen = places.value[0]
    places.set_value([]).run()
    assert app.button(key="keep-as-golden").disabled
    app.multiselect(key="golden-places").set_value([chosen]).run()
    app.button(key="keep-as-golden").click().run()
    assert ja("take.golden_kept") in words(app)
    assert kept() == [(FEES, ({"document": chosen.document, "path": chosen.path, "page": chosen.page},))]
    refused = run(home, q=NONSENSE)
    assert ja("take.golden_refused") in words(refused)
    refused.button(key="keep-as-golden").click().run()
    assert kept()[1:] == [(NONSENSE, ())]
