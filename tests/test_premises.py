"""What a question takes for granted and is not so is said first; a refusal says what else to ask for."""

from __future__ import annotations

from datetime import date
from pathlib import Path

import numpy as np
import pytest

from rag.answer.relevance import Matrix, Question
from rag.answer.suggest import MOST, suggestions
from rag.ask import ask
from rag.library import Library
from rag.premises import premises
from rag.records import Chunk, Filters, Hit, Premise, PremiseKind, Span

from .conftest import TODAY, add

pytestmark = pytest.mark.xdist_group("model")


def wrong(library: Library, question: str, as_of: date = TODAY, clearance: int = 3) -> tuple[Premise, ...]:
    return premises(library, question, clearance=clearance, as_of=as_of, filters=Filters())


def test_a_provision_that_does_not_exist_is_named_with_the_last_there_is(sample: Library) -> None:
    (premise,) = wrong(sample, "公共サービス省職員旅費取扱規程の第九十九条では日当はいくらですか")
    assert premise.kind is PremiseKind.NO_SUCH_PROVISION
    assert premise.what == "公共サービス省職員旅費取扱規程 第九十九条"
    assert premise.instead.startswith("第三十")


def test_the_end_of_a_title_may_be_short_for_it(sample: Library) -> None:
    assert wrong(sample, "提供基準法第十二条の二には何が書いてありますか") == ()


def test_a_circular_that_another_one_replaced(sample: Library) -> None:
    # Both have one title: the one in force is meant, and nothing is wrong.
    assert wrong(sample, "手数料の減免の取扱いについての通達") == ()


def test_a_law_before_its_first_day(sample: Library) -> None:
    (premise,) = wrong(sample, "テレワーク実施要綱では週に何日できますか", as_of=date(2020, 1, 1))
    assert (premise.kind, premise.what, premise.day) == (PremiseKind.NOT_YET_IN_FORCE, "テレワーク実施要綱", date(2026, 4, 1))


@pytest.mark.parametrize(
    ("question", "law"),
    [
        ("民法第九十条は何を定めていますか", "民法"),
        ("労働基準法第39条第1項", "労働基準法"),
        ("宇宙旅行法第三条は", "宇宙旅行法"),
        ("What does Section 10 of the Data Act say?", "Data Act"),
        # Documents here speak of this law; its own words are in none.
        ("個人情報保護法第27条を教えて", "個人情報の保護に関する法律"),
    ],
)
def test_a_law_that_is_not_here_is_told_and_nothing_else_answers_in_its_place(sample: Library, question: str, law: str) -> None:
    answer = ask(sample, question, clearance=3, as_of=TODAY)
    assert [(premise.kind, premise.what) for premise in answer.premises] == [(PremiseKind.NOT_IN_LIBRARY, law)]
    assert answer.refusal is not None


@pytest.mark.parametrize(
    "question",
    ["旧法第五条の扱い", "同法第三条は", "当該規則第二条", "旅費規程第3条", "国家公務員法に基づく懲戒の手続", "第十条"],
)
def test_what_names_no_law_by_itself_is_no_law_that_is_not_here(sample: Library, question: str) -> None:
    assert wrong(sample, question) == ()


def test_a_law_that_is_named_in_passing_does_not_refuse_a_question(sample: Library) -> None:
    story = "民法第九十条に反しない範囲で契約した清掃業者と打合せをするために、公用車がないので自分の車で出張しました。"
    answer = ask(sample, f"{story}この場合、車賃は一キロメートルにつきいくらですか。", clearance=3, as_of=TODAY)
    assert [premise.what for premise in answer.premises] == ["民法"]
    assert answer.answered is not None, "it was measured like any other"


def test_a_law_that_a_text_here_speaks_of_can_be_answered_from_that_text(library: Library, tmp_path: Path) -> None:
    file = tmp_path / "duty.md"
    file.write_text("# 服務規程\n\n## 第一条 兼業\n\n国家公務員法第百三条の承認は、人事課長に申請して受ける。\n", encoding="utf-8")
    add(library, file)
    answer = ask(library, "国家公務員法第百三条の承認は誰に申請しますか", clearance=3, as_of=TODAY)
    assert [premise.kind for premise in answer.premises] == [PremiseKind.NOT_IN_LIBRARY]
    assert "人事課長に申請して受ける" in answer.statements[0].text


def test_a_law_above_the_readers_level_is_told_as_one_that_is_absent(library: Library, tmp_path: Path) -> None:
    folder = tmp_path / "in"
    folder.mkdir()
    (folder / "secret.md").write_text("# 特別警備規程\n\n## 第一条 目的\n\n警備の目的を定める。\n", encoding="utf-8")
    (folder / "open.md").write_text("# 庁舎規程\n\n## 第一条 目的\n\n庁舎の目的を定める。\n", encoding="utf-8")
    sources = "".join(f'[[document]]\nid = "{id}"\nfile = "{id}.md"\nlevel = {level}\n' for id, level in (("secret", 3), ("open", 1)))
    (folder / "sources.toml").write_text(sources, encoding="utf-8")
    add(library, folder)
    assert wrong(library, "特別警備規程第一条は") == ()
    absent = Premise(kind=PremiseKind.NOT_IN_LIBRARY, what="特別警備規程")
    assert wrong(library, "特別警備規程第一条は", clearance=1) == (absent,)


@pytest.fixture
def old_and_new(library: Library, tmp_path: Path) -> Library:
    """車両規程 replaced 自動車規程; 図書規程 ended."""
    folder = tmp_path / "in"
    folder.mkdir()
    sources = ""
    for id_, title, more in (
        ("cars", "自動車規程", "effective_from = 2020-04-01"),
        ("vehicles", "車両規程", 'effective_from = 2024-04-01\nreplaces = "cars"'),
        ("books", "図書規程", "effective_from = 2020-04-01\neffective_to = 2024-03-31"),
    ):
        (folder / f"{id_}.md").write_text(f"# {title}\n\n## 第一条 目的\n\n{title}の目的を定める。\n", encoding="utf-8")
        sources += f'[[document]]\nid = "{id_}"\nfile = "{id_}.md"\ntitle = "{title}"\nlevel = 1\n{more}\n'
    (folder / "sources.toml").write_text(sources, encoding="utf-8")
    assert [outcome.result.value for outcome in add(library, folder).values()] == ["added"] * 3
    return library


def test_a_law_after_its_last_day(old_and_new: Library) -> None:
    (premise,) = wrong(old_and_new, "図書規程では何冊借りられますか")
    assert (premise.kind, premise.what, premise.day) == (PremiseKind.NO_LONGER_IN_FORCE, "図書規程", date(2024, 3, 31))
    assert wrong(old_and_new, "図書規程では何冊借りられますか", as_of=date(2024, 3, 31)) == ()


def test_a_law_that_another_one_replaced(old_and_new: Library) -> None:
    (premise,) = wrong(old_and_new, "自動車規程の目的は何ですか")
    assert (premise.kind, premise.what, premise.day, premise.instead) == (PremiseKind.REPLACED, "自動車規程", date(2024, 4, 1), "車両規程")
    assert wrong(old_and_new, "自動車規程の目的は何ですか", as_of=date(2023, 1, 1)) == ()


def test_a_day_in_the_question_before_the_law(sample: Library) -> None:
    (premise,) = wrong(sample, "2019年5月1日の在宅勤務は、テレワーク実施要綱により認められますか")
    assert (premise.kind, premise.day) == (PremiseKind.NOT_YET_IN_FORCE, date(2026, 4, 1))


@pytest.mark.parametrize("question", ["出張で自分の車を使ってもいいですか", "公共サービス省職員旅費取扱規程の第十二条", "", "第九十九条"])
def test_nothing_is_wrong(sample: Library, question: str) -> None:
    assert wrong(sample, question) == ()


def test_what_a_reader_may_not_see_has_no_premise(sample: Library) -> None:
    secret = [revision for revision in sample.published if (revision.source.level or 3) > 1 and revision.source.title]
    assert secret
    for revision in secret:
        found = wrong(sample, f"{revision.source.title}の第九百九十九条", clearance=1, as_of=date(2000, 1, 1))
        # As for a law that was never here: only what the question itself calls it.
        assert found in ((), (Premise(kind=PremiseKind.NOT_IN_LIBRARY, what=revision.source.title),))


def test_an_answer_carries_its_premises(sample: Library) -> None:
    answer = ask(sample, "公共サービス省職員旅費取扱規程の第九十九条では日当はいくらですか", clearance=3, as_of=TODAY)
    assert [premise.kind for premise in answer.premises] == [PremiseKind.NO_SUCH_PROVISION]
    assert answer.refusal is not None
    assert answer.refusal.where, "who issued what was searched"


# ---------------------------------------------------------------- words to ask with instead


def hit(text: str) -> Hit:
    span = Span(start=0, end=len(text))
    chunk = Chunk(id=1, document_id="d", revision="r", ordinal=0, span=span, path=(), pages=(), level=1, text=text)
    return Hit(chunk=chunk, score=1.0, rank=1, found_by={})


def alike(words: object, others: list[str]) -> Matrix:
    """Only 休暇 is like anything."""
    return np.array([[0.9 if other == "休暇" else 0.1 for other in others]], dtype=np.float32)


def test_official_words_come_first_then_what_the_passages_call_it() -> None:
    question = Question(weights={"有休": 1.0}, text="有休はいつ取れますか", alike=alike)  # type: ignore[arg-type]
    found = suggestions(question, [hit("職員の休暇は届け出る。")], ["年次休暇", "有休", "宇宙"], lambda term: term != "宇宙")
    assert found == ("年次休暇", "休暇")


def test_no_more_than_a_few_words() -> None:
    question = Question(weights={"甲": 1.0}, text="甲")
    assert len(suggestions(question, [], [f"語{number}" for number in range(20)], lambda term: True)) == MOST
