"""An answer as text to paste: every quote with where it stands."""

from __future__ import annotations

from datetime import date

from rag.answer.verify import cite
from rag.records import Answer, BlockKind, Role, Source, Statement
from rag.ui.footnotes import plain
from rag.ui.texts import Words
from tests.ui.documents import build, law, span_of


def test_footnotes_name_title_number_provision_revision_and_day() -> None:
    document = law()
    first, second = (cite(document, span_of(document, words), n) for n, words in enumerate(("鉄道賃", "車賃は、実費による。"), start=1))
    statements = (Statement(text=first.quote, citations=(first,)), Statement(text=second.quote, citations=(second,)))
    answer = Answer(id="x", question="旅費は\n何ですか", as_of=date(2026, 11, 23), statements=statements)
    revision = document.revision[:12]
    assert plain(answer, lambda citation: document, Words("ja")).splitlines() == [
        "質問：旅費は 何ですか",
        "文書からの引用（2026年11月23日（令和8年）時点）",
        "",
        "【回答】",
        "",
        "鉄道賃[1]",
        "",
        "車賃は、実費による。[2]",
        "",
        f"[1] 旅費規程、訓令第三号、第二条第一項第一号、版 {revision}、施行日 2025年4月1日（令和7年）",
        f"[2] 旅費規程、訓令第三号、第二条第二項、版 {revision}、施行日 2025年4月1日（令和7年）",
    ]
    assert f"revision {revision}, in force from 1 April 2025" in plain(answer, lambda citation: document, Words("en"))


def test_what_is_folded_is_not_taken_along_and_what_is_shown_stands_under_its_heading() -> None:
    document = law()
    rail, road, end = (
        cite(document, span_of(document, words), n) for n, words in ((1, "鉄道賃"), (7, "車賃は、実費による。"), (3, "この規程は、令和"))
    )
    statements = (
        Statement(text=rail.quote, citations=(rail,)),
        Statement(text=road.quote, citations=(road,), role=Role.CONDITION),
        Statement(text=end.quote, citations=(end,), role=Role.CONDITION, folded=True),
    )
    answer = Answer(id="x", question="旅費は", as_of=date(2026, 11, 23), statements=statements)
    said = plain(answer, lambda citation: document, Words("ja")).splitlines()
    assert said[3:10] == ["【回答】", "", "鉄道賃[1]", "", "【条件と例外】", "", "車賃は、実費による。[2]"], "numbered as they come"
    assert not any("令和七年四月" in line or line.startswith("[3]") for line in said)


def test_an_announcement_and_its_items_have_one_note() -> None:
    document = law()
    head, one, two = (
        cite(document, span_of(document, words), n) for n, words in enumerate(("旅費の種類は、次の", "鉄道賃", "車賃"), start=1)
    )
    statement = Statement(text="\n".join((head.quote, one.quote, two.quote)), citations=(head, one, two))
    answer = Answer(id="x", question="旅費は", as_of=date(2026, 11, 23), statements=(statement,))
    *_, last, _, note = plain(answer, lambda citation: document, Words("ja")).splitlines()
    assert last == "車賃[1]"
    assert note.startswith("[1] 旅費規程、訓令第三号、第二条第一項第一号・第二号、版 ")


def test_an_answer_of_a_qa_stands_under_its_question() -> None:
    path = ("第５部", "問30")
    rows = [(BlockKind.HEADING, "", "問30　電車が遅れました。休暇は減りますか。", path), (BlockKind.TEXT, "", "減りません。", path)]
    document = build(rows, Source(uri="qa.txt", title="Ｑ＆Ａ"))
    citation = cite(document, span_of(document, "減りません。"), 1)
    answer = Answer(
        id="x", question="休暇は", as_of=date(2026, 11, 23), statements=(Statement(text=citation.quote, citations=(citation,)),)
    )
    said = plain(answer, lambda citation: document, Words("ja")).splitlines()
    assert said[5:7] == ["問30 電車が遅れました。休暇は減りますか。", "減りません。[1]"]
