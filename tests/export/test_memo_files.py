"""Answers as Word and Markdown files: what staff pass on says where it comes from, and nothing in it acts."""

from __future__ import annotations

import zipfile
from datetime import date, datetime
from io import BytesIO

import docx
import pytest
from docx.oxml.ns import qn
from lxml import etree
from markdown_it import MarkdownIt

from rag.answer.verify import cite
from rag.export.markdown import escape, markdown
from rag.export.memo import Link, Memo
from rag.export.word import word
from rag.records import Answer, BlockKind, Citation, Document, Premise, PremiseKind, Role, Source, Span, Statement, Status
from rag.ui.footnotes import memo
from rag.ui.texts import Words
from tests.ui.documents import build, law, span_of

ja, en = Words("ja"), Words("en")
MADE = datetime(2026, 11, 23, 9, 30)
LAW = law()
RAIL, ROAD, FIRST = "鉄道賃", "車賃は、実費による。ただし、上限を超えない。", "この規程は、旅費の支給について定める。"


def cited(number: int, words: str) -> Citation:
    return cite(LAW, span_of(LAW, words), number)


def quoted() -> Answer:
    rail, road = cited(1, RAIL), cited(2, ROAD)
    decides = span_in(road.quote, "実費")
    return Answer(
        id="x",
        question="旅費は *何* ですか",
        as_of=date(2026, 11, 23),
        statements=(
            Statement(text=rail.quote, citations=(rail,)),
            Statement(text=road.quote, citations=(road,), role=Role.CONDITION, decides=decides),
        ),
        premises=(Premise(kind=PremiseKind.NO_SUCH_PROVISION, what="旅費規程 第九十九条", instead="第二条"),),
    )


def written() -> Answer:
    statement = Statement(text="車賃は実費です。", citations=(cited(1, ROAD), cited(2, FIRST)), status=Status.PARTLY)
    again = Statement(text="旅費の支給を定めています。", citations=(cited(2, FIRST),), status=Status.SUPPORTED)
    return Answer(id="y", question="車賃は?", as_of=date(2026, 11, 23), statements=(statement, again), mode="write", model="small-model")


def span_in(text: str, words: str) -> Span:
    return Span(start=text.index(words), end=text.index(words) + len(words))


def load(citation: Citation) -> Document:
    return LAW


def made(answer: Answer, t: Words = ja) -> Memo:
    return memo(answer, load, t, made=MADE, link=lambda citation: f"http://127.0.0.1:8501/?at={citation.number}&x=<y>")


def footnotes(data: bytes) -> dict[str, str]:
    """Id -> text of each footnote that is not a separator."""
    with zipfile.ZipFile(BytesIO(data)) as archive:
        root = etree.fromstring(archive.read("word/footnotes.xml"))
    return {
        str(note.get(qn("w:id"))): "".join(str(t.text) for t in note.iter(qn("w:t")))
        for note in root.iter(qn("w:footnote"))
        if not note.get(qn("w:type"))
    }


def references(data: bytes) -> list[str]:
    return [str(mark.get(qn("w:id"))) for mark in docx.Document(BytesIO(data)).element.body.iter(qn("w:footnoteReference"))]


# ------------------------------------------------------------ Word


def test_a_word_file_opens_again_with_every_statement_and_a_footnote_a_citation() -> None:
    data = word(made(quoted()), MADE)
    paragraphs = [paragraph.text for paragraph in docx.Document(BytesIO(data)).paragraphs]
    assert paragraphs[0] == ja("memo.quoted")
    assert {RAIL, ROAD, ja("answer.heading"), ja("answer.conditions")} <= set(paragraphs)
    assert paragraphs.index(RAIL) > paragraphs.index("旅費規程 第九十九条は、この時点にはありません。最後の規定は第二条です。")
    notes = footnotes(data)
    assert list(notes) == references(data) == ["1", "2"]
    revision = LAW.revision[:12]
    place = f" 旅費規程、訓令第三号、第二条第一項第一号、版 {revision}、施行日 2025年4月1日（令和7年） {ja('memo.open')}"
    assert notes["1"] == place


def test_footnotes_are_a_part_that_word_accepts() -> None:
    with zipfile.ZipFile(BytesIO(word(made(quoted()), MADE))) as archive:
        types = archive.read("[Content_Types].xml").decode()
        relations = archive.read("word/_rels/document.xml.rels").decode()
        links = archive.read("word/_rels/footnotes.xml.rels").decode()
        settings = [str(child.tag) for child in etree.fromstring(archive.read("word/settings.xml"))]
    assert (
        'PartName="/word/footnotes.xml" ContentType="application/vnd.openxmlformats-officedocument.wordprocessingml.footnotes+xml"' in types
    )
    assert "relationships/footnotes" in relations
    assert "http://127.0.0.1:8501/?at=1&amp;x=&lt;y&gt;" in links and 'TargetMode="External"' in links
    assert settings.index(qn("w:footnotePr")) == settings.index(qn("w:compat")) - 1


def test_what_decides_is_bold() -> None:
    paragraph = next(p for p in docx.Document(BytesIO(word(made(quoted()), MADE))).paragraphs if p.text == ROAD)
    assert [run.text for run in paragraph.runs if run.bold] == ["実費"]


@pytest.mark.parametrize(
    ("t", "notice"), [(ja, "AIが書いた文です。職員が根拠を確かめてから使ってください。"), (en, "Written by AI, to be checked by staff.")]
)
def test_what_an_ai_wrote_says_so_first(t: Words, notice: str) -> None:
    data = word(made(written(), t), MADE)
    paragraphs = [paragraph.text for paragraph in docx.Document(BytesIO(data)).paragraphs]
    assert paragraphs[0] == notice
    assert t("answer.partly") in paragraphs
    assert any("small-model" in paragraph for paragraph in paragraphs)
    notes = footnotes(data)
    assert f"「{ROAD}」" in notes["1"], "the words that carry it"
    assert references(data) == ["1", "2", "3"] and notes["3"] == " → 2", "a citation that is used again points back"
    assert markdown(made(written(), t)).startswith(f"> **{escape(notice)}**\n")


def test_a_word_file_says_nothing_of_the_computer() -> None:
    properties = docx.Document(BytesIO(word(made(quoted()), MADE))).core_properties
    assert (properties.author, properties.last_modified_by, properties.created.replace(tzinfo=None)) == ("Konkyo", "", MADE)


def test_characters_that_xml_cannot_hold() -> None:
    answer = quoted()
    odd = Answer(id="z", question="旅\x00費\ud800\x0b", as_of=answer.as_of, statements=answer.statements)
    heading = next(p.text for p in docx.Document(BytesIO(word(made(odd), MADE))).paragraphs if p.text.startswith("旅"))
    assert heading == "旅\ufffd費\ufffd"


def with_folded() -> Answer:
    """[1], [7] and folded [3]: as the numbers of an answer run where it is put in order."""
    rail, road, first = cited(1, RAIL), cited(7, ROAD), cited(3, FIRST)
    statements = (
        Statement(text=first.quote, citations=(first,), folded=True),
        Statement(text=rail.quote, citations=(rail,)),
        Statement(text=road.quote, citations=(road,), role=Role.RELATED),
    )
    return Answer(id="x", question="旅費は", as_of=date(2026, 11, 23), statements=statements)


def test_what_the_screen_folds_away_stands_apart() -> None:
    paragraphs = [paragraph.text for paragraph in docx.Document(BytesIO(word(made(with_folded()), MADE))).paragraphs]
    heads = [paragraphs.index(ja(key)) for key in ("answer.heading", "answer.related", "answer.more_heading")]
    assert heads == sorted(heads)
    assert [paragraphs[at + 1] for at in heads] == [RAIL, ROAD, FIRST]


QA = build(
    [
        (BlockKind.HEADING, "", "問30　電車が遅れました。休暇は減りますか。", ("問30",)),
        (BlockKind.TEXT, "", "減りません。", ("問30",)),
    ],
    Source(uri="qa.txt", title="Ｑ＆Ａ"),
)


def test_an_answer_of_a_qa_stands_under_its_question() -> None:
    citation = cite(QA, span_of(QA, "減りません。"), 1)
    statement = Statement(text=citation.quote, citations=(citation,))
    answer = Answer(id="x", question="休暇は", as_of=date(2026, 11, 23), statements=(statement,))
    file = memo(answer, lambda citation: QA, ja, made=MADE)
    question = "問30 電車が遅れました。休暇は減りますか。"
    paragraphs = [paragraph.text for paragraph in docx.Document(BytesIO(word(file, MADE))).paragraphs]
    assert paragraphs[paragraphs.index("減りません。") - 1] == question
    assert f"{question}\n\n減りません。[^1]\n" in markdown(file)


# ------------------------------------------------------------ Markdown


def test_notes_are_numbered_as_they_come_and_each_opens_its_own_source() -> None:
    lines = markdown(made(with_folded())).splitlines()
    notes = [line for line in lines if line.startswith("[^")]
    assert [line.partition(":")[0] for line in notes] == ["[^1]", "[^2]", "[^3]"]
    assert [line.partition("?at=")[2][:1] for line in notes] == ["1", "7", "3"]
    assert lines.index("鉄道賃[^1]") < lines.index("## その他の引用") < lines.index(f"{FIRST}[^3]")


def test_a_colon_that_means_nothing_stays_as_it_is() -> None:
    assert "- 作成：2026年11月23日（令和8年） 09:30" in markdown(made(quoted())).splitlines()
    assert "- Made: 23 November 2026 09:30" in markdown(made(quoted(), en)).splitlines()
    assert [escape(text) for text in ("http://x.test", ":100:", ": a")] == ["http\\://x.test", "\\:100:", "\\: a"]


def test_a_markdown_file_has_footnotes() -> None:
    lines = markdown(made(quoted())).splitlines()
    assert lines[0] == f"> {escape(ja('memo.quoted'))}"
    assert f"{RAIL}[^1]" in lines
    assert "車賃は、**実費**による。ただし、上限を超えない。[^2]" in lines
    note = next(line for line in lines if line.startswith("[^1]: "))
    assert "第二条第一項第一号、版 " in note and note.endswith("(<http://127.0.0.1:8501/?at=1&x=%3Cy%3E>)")


HOSTILE = [
    "![a](http://x.test/i)",
    "<img src=http://x.test/i>",
    "[a](javascript:alert)",
    "# heading",
    "- item",
    "1. item",
    "> said",
    "```\ncode",
    "| a | b |\n|---|---|",
    "~~gone~~ **bold** _it_ `code`",
    "&lt;b&gt; http://x.test www.x.test",
    "[^1]: a note",
    "a\n===",
    "a\n---",
    "    four spaces",
    "\\<b>",
]


@pytest.mark.parametrize("text", HOSTILE)
def test_words_of_documents_stay_letters_in_markdown(text: str) -> None:
    answer = quoted()
    said = Statement(text=text, citations=answer.statements[0].citations, status=Status.SUPPORTED)
    file = markdown(made(Answer(id="z", question=text, as_of=answer.as_of, statements=(said,), mode="write")))
    tokens = MarkdownIt("gfm-like", {"linkify": False}).parse(file)
    inline = [child for token in tokens for child in token.children or []]
    kinds = {token.type for token in [*tokens, *inline]}
    assert not kinds & {"image", "html_block", "html_inline", "fence", "code_block", "code_inline", "table_open", "s_open", "em_open", "hr"}
    assert [token.attrGet("href") for token in inline if token.type == "link_open"] == ["http://127.0.0.1:8501/?at=1&x=%3Cy%3E"]
    assert [token.tag for token in tokens if token.type == "heading_open"] == ["h1", "h2"]
    shown = "".join("".join(child.content for child in token.children or []) for token in tokens if token.type == "inline")
    assert "".join(text.split()) in "".join(shown.split())


def test_a_link_leads_to_http_only() -> None:
    with pytest.raises(ValueError, match="http"):
        Link(label="a", address="javascript:alert(1)")
