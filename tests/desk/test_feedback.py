"""What is kept of questions: as the settings say, without names, and gone when its time is over."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from rag.ask import ask
from rag.desk import feedback
from rag.errors import SettingsError
from rag.registry.questions import Questions, since
from rag.settings import KEEP_QUESTIONS, from_environment
from tests.conftest import TODAY
from tests.small import document, library_at, publish

QUESTION = "Who approves travel for zebrakeeper 4711?"


def everything(home: Path) -> bytes:
    return b"".join(file.read_bytes() for file in home.rglob("questions.sqlite3*"))


@pytest.mark.parametrize("setting", KEEP_QUESTIONS)
def test_what_is_kept_is_what_the_setting_says(tmp_path: Path, setting: str) -> None:
    library = library_at(tmp_path / "home", keep_questions=setting)
    publish(library, [document("rule", "The office approves travel.")])
    answer = ask(library, QUESTION, clearance=3, as_of=TODAY)
    assert feedback.record_asked(library, answer, 0.25)
    assert feedback.record(library, answer, "wrong", "names nobody")
    with Questions(library.home) as questions:
        (asked,), (verdict,) = questions.all_asked(), questions.all_verdicts()
    assert (asked.form, asked.seconds, asked.answer) == (setting, 0.25, answer.id)
    assert (asked.outcome == "refused") == (answer.refusal is not None)
    stored = everything(library.home)
    assert (QUESTION.encode() in stored) == (setting == "text")
    assert (b"zebrakeeper" in stored) == (setting != "off")
    assert (b"4711" in stored) == (setting == "text")
    assert (verdict.verdict, verdict.reason) == ("wrong", "" if setting == "off" else "names nobody")
    if setting == "terms":
        assert asked.question.split() == sorted(asked.question.split())


def test_what_has_had_its_time_is_gone_from_the_disk(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    library = library_at(tmp_path / "home", keep_questions="text", keep_days=30)
    publish(library, [document("rule", "The office approves travel.")])
    answer = ask(library, QUESTION, clearance=3, as_of=TODAY)
    for _ in range(200):  # enough for several pages of the file
        feedback.record(library, answer, "wrong", "names nobody")
    assert QUESTION.encode() in everything(library.home)
    size = len(everything(library.home))
    with monkeypatch.context() as patch:
        patch.setattr("rag.desk.feedback.since", lambda days: datetime.now(UTC) - timedelta(days=days) + timedelta(days=31))
        other = ask(library, "Where is parking?", clearance=3, as_of=TODAY)
        assert feedback.record_asked(library, other, 0.1)
    stored = everything(library.home)
    assert b"zebrakeeper" not in stored and b"names nobody" not in stored
    assert b"parking" in stored
    assert len(stored) < size


def test_nothing_younger_is_deleted(tmp_path: Path) -> None:
    library = library_at(tmp_path / "home", keep_days=30)
    publish(library, [document("rule", "The office approves travel.")])
    answer = ask(library, QUESTION, clearance=3, as_of=TODAY)
    assert feedback.record_asked(library, answer, 0.1) and feedback.record_asked(library, answer, 0.2)
    with Questions(library.home) as questions:
        assert questions.delete_before(since(30)) == 0
        assert len(questions.all_asked()) == 2


def test_a_file_that_cannot_be_written_stops_no_answer(tmp_path: Path) -> None:
    library = library_at(tmp_path / "home")
    publish(library, [document("rule", "The office approves travel.")])
    answer = ask(library, QUESTION, clearance=3, as_of=TODAY)
    (library.home / "questions.sqlite3").write_bytes(b"no database at all" * 500)
    assert not feedback.record_asked(library, answer, 0.1)
    assert not feedback.record(library, answer, "right")


def test_the_setting_has_three_values() -> None:
    assert from_environment({}).keep_questions == "terms"
    assert from_environment({"KONKYO_KEEP_QUESTIONS": "off"}).keep_questions == "off"
    with pytest.raises(SettingsError, match="KONKYO_KEEP_QUESTIONS"):
        from_environment({"KONKYO_KEEP_QUESTIONS": "all"})
