"""What a written sentence may say of its evidence, pair by pair: a sentence of a rule, and one that a model made of it."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from rag.answer.passages import Passage
from rag.answer.support import Checker, Verdict
from rag.names import Names
from rag.records import Chunk, Flaw, Hit, Span, Status

from .small import document

SUPPORTED, PARTLY = Status.SUPPORTED, Status.PARTLY


def passage(number: int, text: str) -> Passage:
    """A passage that is the whole text of a document of its own."""
    made = document(f"d{number}", text)
    span = made.blocks[1].span
    chunk = Chunk(
        id=number, document_id=made.id, revision=made.revision, ordinal=0, span=span, path=made.blocks[1].path,
        pages=(), level=1, text=span.cut(made.text),
    )  # fmt: skip
    return Passage(number=number, document=made, hit=Hit(chunk=chunk, score=1.0, rank=number, found_by={}))


def check(carrier: str, said: str, **more: Callable[..., object]) -> Verdict:
    """The verdict on a sentence that names one passage."""
    return Checker(passages={1: passage(1, carrier)}, names=Names.of({}), **more).check(said, [1])  # type: ignore[arg-type]


def flaws(verdict: Verdict) -> set[Flaw]:
    return {lack.flaw for lack in verdict.lacks}


RULE = (
    "職員は、休暇を取得しようとするときは、五日前までに、所属長に申請しなければならない。ただし、急病のときは、事後に申請することができる。"
)


@pytest.mark.parametrize(
    ("carrier", "said"),
    [
        (RULE, "職員は、急病のときを除き、休暇を取得するときは5日前までに所属長に申請しなければなりません。"),
        (RULE, "急病のときは、事後に申請できます。"),
        ("申請者は、手数料として千円を納付する。", "申請者は手数料1,000円を納付します。"),
        ("勤務時間は、一日につき七時間四十五分とする。", "勤務時間は１日につき７時間４５分です。"),
        ("所属長は、職員に通知しなければならない。", "所属長は職員に通知する必要があります。"),
        (
            "The applicant must send the form to the office within ten days.",
            "The applicant has to send the form to the office within 10 days.",
        ),
    ],
)
def test_the_same_in_other_words_is_supported(carrier: str, said: str) -> None:
    verdict = check(carrier, said)
    assert (verdict.status, flaws(verdict)) == (SUPPORTED, set())


@pytest.mark.parametrize(
    ("carrier", "said", "flaw"),
    [
        (RULE, "職員は、休暇を取得するときは7日前までに所属長に申請しなければなりません。", Flaw.FIGURE),
        (RULE, "職員は、休暇を取得するときは5日前までに所属長に申請することができます。", Flaw.MODALITY),
        (RULE, "職員は、休暇を取得するときは5日前までに所属長に申請する必要はありません。", Flaw.MODALITY),
        ("申請の窓口での立会いを省略することができる。", "申請の窓口での立会いを省略することはできません。", Flaw.MODALITY),
        ("所属長は、事故を審査官に報告しなければならない。", "審査官は、事故を所属長に報告しなければなりません。", Flaw.SUBJECT),
        ("The clerk must send the report to the director.", "The director must send the report to the clerk.", Flaw.SUBJECT),
        ("The fee is 1,000 yen for each copy.", "The fee is 2,000 yen for each copy.", Flaw.FIGURE),
        ("手数料は千円とする。", "手数料は免除されます。", Flaw.MODALITY),
    ],
)  # fmt: skip
def test_what_is_turned_round_is_not_shown(carrier: str, said: str, flaw: Flaw) -> None:
    verdict = check(carrier, said)
    assert verdict.status is None and flaw in flaws(verdict)


@pytest.mark.parametrize(
    ("carrier", "said"),
    [
        (RULE, "職員は、休暇を取得しようとするときは、5日前までに所属長に申請しなければなりません。"),
        ("A visitor may use the library, except on public holidays.", "A visitor may use the library."),
        ("職員（臨時の者を除く。）は、研修を受けなければならない。", "職員は研修を受けなければなりません。"),
    ],
)
def test_a_dropped_proviso_is_said(carrier: str, said: str) -> None:
    verdict = check(carrier, said)
    assert (verdict.status, flaws(verdict)) == (PARTLY, {Flaw.PROVISO})


def test_a_quote_is_characters_of_its_evidence() -> None:
    verdict = check(RULE, "規則は「五日前までに、所属長に申請」することを求めています。")
    assert verdict.status is not None
    assert all(citation.quote in RULE or RULE.startswith(citation.quote) for citation in verdict.citations)
    assert flaws(check(RULE, "規則は「前日までに申請」と定めています。")) == {Flaw.QUOTE}


def test_its_citations_are_where_they_say() -> None:
    made = passage(1, RULE)
    verdict = Checker(passages={1: made}, names=Names.of({})).check("急病のときは、事後に申請できます。", [1])
    assert verdict.citations
    for citation in verdict.citations:
        assert Span(start=citation.span.start, end=citation.span.end).cut(made.document.text) == citation.quote
