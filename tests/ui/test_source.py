"""The place of a quote: its unit, the neighbours, the lines with the marked words."""

from __future__ import annotations

import pytest

from rag.answer.verify import cite
from rag.library import Library
from rag.provisions import address_of
from rag.records import QUOTABLE, BlockKind, Document, Source, Span, Statement
from rag.ui.source import asked, deciding, provision, provisions, together, unit_at, units, view
from tests.read.checks import read_text
from tests.ui.documents import build, law, span_of


def test_units_are_articles_with_their_captions_and_numbers() -> None:
    document = law()
    found = units(document)
    assert [(unit.path, unit.article) for unit in found] == [
        ((), False),
        (("第一章 総則", "第一条"), True),
        (("第二章 旅費", "第二条"), True),
        (("附則", "第一条"), True),
    ]
    assert found[2].span.cut(document.text).startswith("（種類）\n第二条　旅費の種類は")
    assert found[2].span.cut(document.text).endswith("上限を超えない。")


def test_the_unit_of_a_quote() -> None:
    document = law()
    assert unit_at(units(document), span_of(document, "ただし、上限を超えない。")) == 2
    assert unit_at(units(document), span_of(document, "この規程は、令和七年")) == 3
    assert unit_at(units(document), span_of(document, "見本")) == 0


def test_lines_keep_numbers_and_mark_the_quote() -> None:
    document = law()
    unit = units(document)[2]
    seen = view(document, unit, [span_of(document, "車賃は、実費による。")])
    assert [line.text for line in seen.lines] == [
        "（種類）",
        "第二条　旅費の種類は、次のとおりとする。",
        "一　鉄道賃",
        "イ　急行料金",
        "二　車賃",
        "２　車賃は、実費による。ただし、上限を超えない。",
    ]
    assert [line.depth for line in seen.lines] == [0, 0, 1, 2, 1, 0]
    assert [line.kind for line in seen.lines][:2] == [BlockKind.CAPTION, BlockKind.PARAGRAPH]
    assert seen.lines[-1].parts == (("２　", False), ("車賃は、実費による。", True), ("ただし、上限を超えない。", False))
    assert (seen.before, seen.after) == (False, False)


def test_a_quote_over_several_lines_is_marked_on_each() -> None:
    document = law()
    whole = span_of(document, "旅費の種類は、次のとおりとする。\n一　鉄道賃")
    marked = ["".join(part for part, mark in line.parts if mark) for line in view(document, units(document)[2], [whole]).lines]
    assert "\n".join(filter(None, marked)) == whole.cut(document.text)


def test_overlapping_marks() -> None:
    document = law()
    one = span_of(document, "旅費の種類は、次の")
    other = span_of(document, "次のとおり")
    line = view(document, units(document)[2], [one, other]).lines[1]
    assert [part for part, mark in line.parts if mark] == ["旅費の種類は、次の", "とおり"]
    assert line.text == "第二条　旅費の種類は、次のとおりとする。"


def test_what_is_brought_into_sight_is_the_first_of_the_marks_not_the_first_line() -> None:
    document = law()
    marks = [span_of(document, "車賃は、実費による。"), span_of(document, "旅費の種類は、次の")]
    seen = view(document, units(document)[2], marks)
    assert [line.text for line in seen.lines if line.aimed] == ["２　車賃は、実費による。ただし、上限を超えない。"]
    assert [line.text for line in seen.lines if line.marked][0] == "第二条　旅費の種類は、次のとおりとする。"


def test_citations_of_one_provision_belong_together() -> None:
    document = law()
    words = ("旅費の種類は、次の", "鉄道賃", "急行料金", "車賃は、実費による。")
    head, item, subitem, other = (cite(document, span_of(document, each), n) for n, each in enumerate(words, start=1))
    statement = Statement(text="\n".join(words), citations=(head, item, subitem, other), decides=Span(start=10, end=13))
    assert together(statement) == [(head, item, subitem), (other,)]
    assert deciding(statement) == item
    assert deciding(Statement(text="\n".join(words), citations=(head, item, subitem))) == subitem


def test_several_places_of_one_provision_are_said_in_one_line() -> None:
    document = law()
    paragraph = ("第二章 旅費", "第二条", "第一項")
    assert provisions(document, [paragraph, (*paragraph, "第一号"), (*paragraph, "第二号")]) == "第二条第一項第一号・第二号"
    assert provisions(document, [paragraph, (*paragraph, "第二号")]) == "第二条第一項第二号"
    assert provisions(document, [paragraph, paragraph]) == "第二条第一項"
    assert provisions(document, [paragraph, ("第一章 総則", "第一条", "第一項")]) == "第二条第一項、第一条"


def test_a_long_unit_is_cut_around_the_quote() -> None:
    rows = [(BlockKind.HEADING, "", "1 Long", ("1 Long",))]
    rows += [(BlockKind.TEXT, "", f"Sentence {n:03} of a long section.", ("1 Long",)) for n in range(200)]
    document = build(rows, Source(uri="long.md"))
    unit = units(document)[0]
    seen = view(document, unit, [span_of(document, "Sentence 100 of a long section.")], longest=300)
    numbers = [line.text[9:12] for line in seen.lines]
    assert "100" in numbers
    assert numbers == sorted(numbers)
    assert seen.before and seen.after
    assert sum(len(line.text) + 1 for line in seen.lines) <= 301
    top = view(document, unit, [], longest=300)
    assert top.lines[0].text == "1 Long"
    assert (top.before, top.after) == (False, True)


def test_a_quote_longer_than_what_is_shown_stays_whole() -> None:
    document = build([(BlockKind.TEXT, "", "あ" * 5000, ())], Source(uri="long.txt"))
    seen = view(document, units(document)[0], [Span(start=0, end=5000)], longest=300)
    assert seen.lines[0].text == "あ" * 5000


@pytest.mark.parametrize(
    ("words", "expected"),
    [
        ("この規程は、旅費の支給", "第一条"),  # its only paragraph is not numbered
        ("鉄道賃", "第二条第一項第一号"),
        ("急行料金", "第二条第一項第一号イ"),
        ("車賃は、実費", "第二条第二項"),
        ("令和七年四月一日から", "附則　第一条"),
    ],
)
def test_provisions_are_named_as_one_writes_them(words: str, expected: str) -> None:
    document = law()
    block = next(b for b in document.blocks if b.kind in QUOTABLE and b.span.holds(span_of(document, words)))
    assert provision(document, block.path) == expected


def test_provisions_of_documents_without_articles() -> None:
    document = build([(BlockKind.HEADING, "", "3.2 Rail", ("3 Booking", "3.2 Rail"))], Source(uri="guide.md"))
    assert provision(document, ("3 Booking", "3.2 Rail")) == "3.2 Rail"
    assert provision(document, ("第２部 旅費の請求", "問9")) == "第２部 旅費の請求　問9", "no heading says more"
    assert provision(document, ()) == ""


def test_every_quotable_character_of_the_sample_is_in_its_unit(sample: Library) -> None:
    for revision in sample.published:
        document = sample.document(revision.document_id, revision.sha256, clearance=3)
        found = units(document)
        for block in document.blocks:
            if block.kind not in QUOTABLE:
                continue
            unit = found[unit_at(found, block.span)]
            assert unit.span.holds(block.span), (document.id, block)
            marked = _marked(document, block.span)
            assert "".join(marked.split()) == "".join(block.span.cut(document.text).split()), (document.id, block)


def _marked(document: Document, span: Span) -> str:
    found = units(document)
    seen = view(document, found[unit_at(found, span)], [span])
    return "".join(part for line in seen.lines for part, mark in line.parts if mark)


@pytest.mark.parametrize(
    "heading", ["Supplementary Provisions", "SUPPLEMENTARY PROVISIONS", "Supplementary Provisions (Act No. 3 of 2020)"]
)
def test_an_article_of_supplementary_provisions_keeps_its_place(heading: str) -> None:
    text = f"Act on Things\n\nArticle 2\n\nThis covers all.\n\n{heading}\n\nArticle 2\n\nOld rules go on for a year.\n"
    document = read_text(text, "act.txt")
    first, last = (block for block in document.blocks if block.kind is BlockKind.PARAGRAPH)
    assert [provision(document, block.path) for block in (first, last)] == ["Article 2", f"{heading}, Article 2"]
    assert [address_of(block.path).part[:2] for block in (first, last)] == ["", "附則"]


def test_a_paragraph_is_never_cited_without_what_it_stands_in() -> None:
    head = ("Supplementary Provisions", "Supplementary Article 2 (Review)")
    one, two = (*head, "paragraph (1)"), (*head, "paragraph (2)")
    alone = build([(BlockKind.PARAGRAPH, "", "It is reviewed.", one)], Source(uri="act.md"))
    assert provision(alone, one) == head[-1]
    both = build([(BlockKind.PARAGRAPH, "", "One.", one), (BlockKind.PARAGRAPH, "", "Two.", two)], Source(uri="act.md"))
    assert [provision(both, path) for path in (one, two)] == [f"{head[-1]}, paragraph (1)", f"{head[-1]}, paragraph (2)"]
    assert provision(both, ("附則", "第二項")) == "附則　第二項"


def test_the_place_of_an_answer_is_its_question() -> None:
    path = ("第５部", "問30")
    rows = [(BlockKind.HEADING, "", "問30　電車が遅れました。休暇を使いますか。", path), (BlockKind.TEXT, "", "使いません。", path)]
    document = build(rows, Source(uri="qa.txt"))
    assert provision(document, path) == "問30 電車が遅れました。休暇を使いますか。"
    assert asked(document, path) == asked(document, (*path, "第二項")) == "問30 電車が遅れました。休暇を使いますか。"
    assert asked(law(), ("第二章 旅費", "第二条", "第一項")) == ""
