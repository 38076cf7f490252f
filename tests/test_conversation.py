"""Follow-up questions: which they are, and what is carried over."""

from __future__ import annotations

import pytest

from rag.conversation import LONGEST_SUBJECT, follow_up, mended, subject

FEES = "手数料の免除を受けられるのは誰ですか"
REPORT = "補助金の実績報告書の提出期限はいつですか"
SIDE_JOB = "兼業の許可の申請は、いつまでに出しますか"
CLAIM = "How long do I have to submit a travel claim?"
LAPTOP = "How do I report a lost laptop?"

FOLLOWED = [
    (FEES, "その場合の期限は?", "（手数料の免除）その場合の期限は?"),
    (FEES, "それは誰が決めますか", "（手数料の免除）それは誰が決めますか"),
    (FEES, "誰が決めますか", "（手数料の免除）誰が決めますか"),
    (FEES, "必要書類は?", "（手数料の免除）必要書類は?"),
    (FEES, "なぜですか", "（手数料の免除）なぜですか"),
    (REPORT, "提出先は？", "（補助金の実績報告書）提出先は？"),
    (REPORT, "その期限を過ぎたらどうなりますか", "（補助金の実績報告書）その期限を過ぎたらどうなりますか"),
    (REPORT, "同じく様式はどれですか", "（補助金の実績報告書の提出期限）同じく様式はどれですか"),
    (SIDE_JOB, "では、テレワークは?", "テレワークの許可の申請は、いつまでに出しますか"),
    (SIDE_JOB, "では、非常勤職員の場合は?", "（兼業の許可の申請）では、非常勤職員の場合は?"),
    (SIDE_JOB, "では、例外は?", "（兼業の許可の申請）では、例外は?"),
    (SIDE_JOB, "非常勤職員の場合は?", "（兼業の許可の申請）非常勤職員の場合は?"),
    (FEES, "留学生なら？", "（手数料の免除）留学生なら？"),
    (FEES, "海外からは？", "（手数料の免除）海外からは？"),
    (FEES, "電子申請でもいい？", "（手数料の免除）電子申請でもいい？"),
    (FEES, "誰の承認が要りますか", "（手数料の免除）誰の承認が要りますか"),
    (CLAIM, "From abroad?", "(submit, travel claim) From abroad?"),
    ("（手数料の免除）その場合の期限は?", "それは誰が決めますか", "（手数料の免除、期限）それは誰が決めますか"),
    ("旅費規程の第12条は", "その第2項は?", "（旅費規程の第12条）その第2項は?"),
    (CLAIM, "And the deadline?", "(submit, travel claim) And the deadline?"),
    (CLAIM, "Who decides that?", "(submit, travel claim) Who decides that?"),
    (CLAIM, "What about an overtime claim?", "How long do I have to submit an overtime claim?"),
    (CLAIM, "What about the receipts?", "(submit, travel claim) What about the receipts?"),
    (CLAIM, "And for part-time staff?", "(submit, travel claim) And for part-time staff?"),
    (LAPTOP, "Why?", "(report, lost laptop) Why?"),
    (LAPTOP, "In that case, must the police be told within a day by my manager?", None),
]
ALONE = [
    (FEES, "有給休暇は何日ありますか"),
    (FEES, "有給休暇は?"),
    (FEES, "育児休業を取りたい場合はどうすればいいですか"),
    (FEES, "領収書はコピーでもいいですか"),
    (CLAIM, "In which building is the counter?"),
    (FEES, "その他の手当には何がありますか"),
    (FEES, "テレワークを初めて行うときの申請の期限を教えてください"),
    (FEES, "それぞれの課の長は誰ですか"),
    (FEES, ""),
    ("", "その場合の期限は?"),
    (CLAIM, "Is it allowed to smoke in the office?"),
    (CLAIM, "Who decides the level of a document?"),
    (CLAIM, "What must I check before I use text made by generative AI?"),
]


@pytest.mark.parametrize(("before", "question", "whole"), FOLLOWED)
def test_a_follow_up_is_made_whole(before: str, question: str, whole: str | None) -> None:
    made = follow_up(question, before)
    assert made == whole if whole else made.startswith("(report, lost laptop) In that case")


@pytest.mark.parametrize(("before", "question"), ALONE)
def test_what_stands_by_itself_is_left_alone(before: str, question: str) -> None:
    assert follow_up(question, before) == ""


def test_an_edited_question_is_no_follow_up() -> None:
    assert mended("その場合の期限と金額は?", "その場合の期限は?")
    assert not mended("それは誰が決めますか", FEES)
    assert not mended(FEES, FEES)


def test_what_is_carried_over_stays_short() -> None:
    assert len(subject("、".join(f"第{n}号様式の写し" for n in range(50)))) <= LONGEST_SUBJECT
    assert subject("どうすればいいですか") == ""
