"""Questions that name a provision, put to the sample ministry: its text whole where that is asked for, and its sentences first."""

from __future__ import annotations

import pytest

from rag.answer.asks import for_the_text
from rag.ask import ask
from rag.library import Library
from rag.records import Answer, Role

from .conftest import TODAY


def answered(library: Library, question: str) -> Answer:
    answer = ask(library, question, clearance=3, as_of=TODAY)
    assert answer.refusal is None
    return answer


def places(answer: Answer, role: Role = Role.ANSWER) -> list[str]:
    """The last two elements of the path of each statement of this role."""
    return [" ".join(statement.citations[-1].path[-2:]) for statement in answer.statements if statement.role is role]


@pytest.mark.parametrize(
    ("question", "paragraphs"),
    [
        ("公共サービス提供基準法の第十二条には何が書いてありますか", ["第十二条 第一項", "第十二条 第二項", "第十二条 第三項"]),
        ("公共サービス提供基準法第12条の内容を教えてください", ["第十二条 第一項", "第十二条 第二項", "第十二条 第三項"]),
        ("法第二十六条第一項", ["第二十六条 第一項"]),
        ("法第二十六条第一項第二号は", ["第一項 第二号"]),
        (
            "What does Article 12 of the Public Services Standards Act say?",
            ["Article 12 paragraph (1)", "Article 12 paragraph (2)", "Article 12 paragraph (3)"],
        ),
    ],
)
def test_who_asks_for_the_text_of_a_provision_gets_it_whole_and_in_order(sample: Library, question: str, paragraphs: list[str]) -> None:
    answer = answered(sample, question)
    assert places(answer) == paragraphs
    assert [statement.role for statement in answer.statements[: len(paragraphs)]] == [Role.ANSWER] * len(paragraphs)


def test_a_paragraph_comes_with_its_list_in_one_piece(sample: Library) -> None:
    first = answered(sample, "法第二十六条第一項").statements[0]
    assert (
        "次の各号のいずれかに該当する者" in first.text and "一　生活保護法" in first.text and "三　前二号に掲げる者に準ずる" in first.text
    )
    assert len(first.citations) == 1


def test_an_item_comes_with_the_words_that_announce_it(sample: Library) -> None:
    first = answered(sample, "法第二十六条第一項第二号は").statements[0]
    assert first.text.startswith("提供機関は、次の各号") and "災害により" in first.text and "生活保護法" not in first.text


@pytest.mark.parametrize(
    ("question", "place"),
    [
        ("When may we turn down a request according to section 7.2 of the accessibility guideline?", "7.2 When a request is refused"),
        ("Section 3.5 of the AI policy: one person does not like the robot that takes notes. Now what?", "3.5 Meetings"),
        ("法第二十九条の苦情は、何日以内に処理しますか", "第二十九条"),
    ],
)
def test_the_named_provision_answers_before_all_others(sample: Library, question: str, place: str) -> None:
    answer = answered(sample, question)
    assert answer.statements[0].role is Role.ANSWER
    answers = [statement for statement in answer.statements if statement.role is Role.ANSWER]
    assert answers and all(place in statement.citations[-1].path for statement in answers)


@pytest.mark.parametrize(
    ("beside", "title", "text"),
    [
        ("", "公共サービス提供基準法", True),
        ("には何が書いてありますか", "公共サービス提供基準法", True),
        ("の全文を見せて", "公共サービス提供基準法", True),
        ("What does   for seconded staff say?", "Travel guide for seconded staff", True),
        ("What does   require?", "Information security handbook", True),
        ("の期間は何日ですか", "公共サービス提供基準法", False),
        ("Does   oblige us to take an application?", "Public Services Standards Act", False),
    ],
)
def test_whether_only_the_text_is_asked_for(beside: str, title: str, text: bool) -> None:
    assert for_the_text(beside, [title]) is text
