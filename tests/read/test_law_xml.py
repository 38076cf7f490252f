# ruff: noqa: E501 (the samples are markup and word lists)
"""Law XML of e-Gov: structure, sources, and the same counts as plain XPath over 45 real files."""

from __future__ import annotations

import time
from collections import Counter
from datetime import date
from pathlib import Path
from typing import cast

import pytest
from lxml import etree

from rag.errors import DamagedFile, UnknownFormat
from rag.read import read
from rag.records import QUOTABLE, BlockKind, Document, Kind, Source
from tests.read.checks import NEEDS_SHARED, SHARED, at, find, holds_together, of, outline, read_text

LAW = """<?xml version="1.0" encoding="UTF-8"?>
<Law Era="Reiwa" Lang="ja" LawType="Act" Num="7" Year="03" PromulgateMonth="06" PromulgateDay="18" Unknown="x">
<LawNum>令和三年法律第七号</LawNum>
<LawBody>
 <LawTitle Kana="みほん">見本窓口法</LawTitle>
 <EnactStatement>見本窓口法をここに公布する。</EnactStatement>
 <TOC><TOCLabel>目次</TOCLabel><TOCChapter Num="1"><ChapterTitle>第一章　総則</ChapterTitle></TOCChapter></TOC>
 <MainProvision>
  <Chapter Num="1"><ChapterTitle>第一章　総則</ChapterTitle>
   <Article Num="1"><ArticleCaption>（目的）</ArticleCaption><ArticleTitle>第一条</ArticleTitle>
    <Paragraph Num="1"><ParagraphNum/><ParagraphSentence>
      <Sentence Num="1" Function="main">窓口は、毎日開く。</Sentence><Sentence Num="2" Function="proviso">ただし、<Ruby>閏<Rt>うるう</Rt></Ruby>日は、この限りでない。</Sentence>
    </ParagraphSentence></Paragraph>
    <Paragraph Num="2"><ParagraphNum>２</ParagraphNum><ParagraphSentence><Sentence>次に掲げるものを備える。</Sentence></ParagraphSentence>
     <Item Num="1"><ItemTitle>一</ItemTitle><ItemSentence><Column Num="1"><Sentence>番号札</Sentence></Column><Column Num="2"><Sentence>五百枚</Sentence></Column></ItemSentence>
      <Subitem1 Num="1"><Subitem1Title>イ</Subitem1Title><Subitem1Sentence><Sentence>赤い札</Sentence></Subitem1Sentence>
       <Subitem2 Num="1"><Subitem2Title>（１）</Subitem2Title><Subitem2Sentence><Sentence>大きい札</Sentence></Subitem2Sentence></Subitem2></Subitem1></Item>
     <Item Num="1_2"><ItemTitle>一の二</ItemTitle><ItemSentence><Sentence>椅子</Sentence></ItemSentence></Item>
     <Item Num="2" Delete="true"><ItemTitle>二</ItemTitle><ItemSentence><Sentence>削除</Sentence></ItemSentence></Item>
    </Paragraph>
   </Article>
   <Article Num="2:4" Delete="true"><ArticleTitle>第二条から第四条まで</ArticleTitle>
    <Paragraph Num="1"><ParagraphNum/><ParagraphSentence><Sentence>削除</Sentence></ParagraphSentence></Paragraph></Article>
   <Article Num="38_3"><ArticleTitle>第三十八条の三</ArticleTitle>
    <Paragraph Num="1"><ParagraphNum/><ParagraphSentence/>
     <TableStruct><Table><TableRow><TableColumn><Sentence>区分</Sentence></TableColumn><TableColumn><Sentence>額</Sentence></TableColumn></TableRow>
      <TableRow><TableColumn><Sentence>交付</Sentence></TableColumn><TableColumn><Sentence>三百円</Sentence></TableColumn></TableRow></Table></TableStruct>
     <NewThing><Sentence>知られていない要素の文。</Sentence></NewThing>
     <List><ListSentence><Sentence>一覧の文</Sentence></ListSentence></List>
    </Paragraph></Article>
  </Chapter>
 </MainProvision>
 <SupplProvision><SupplProvisionLabel>附　則</SupplProvisionLabel>
  <Paragraph Num="1"><ParagraphCaption>（施行期日）</ParagraphCaption><ParagraphNum>１</ParagraphNum><ParagraphSentence><Sentence>公布の日から施行する。</Sentence></ParagraphSentence></Paragraph>
 </SupplProvision>
 <SupplProvision AmendLawNum="令和六年法律第十号" Extract="true"><SupplProvisionLabel>附　則</SupplProvisionLabel>
  <Article Num="1"><ArticleTitle>第一条</ArticleTitle><Paragraph Num="1"><ParagraphNum/><ParagraphSentence><Sentence>四月一日から施行する。</Sentence></ParagraphSentence></Paragraph></Article>
 </SupplProvision>
 <AppdxTable Num="1"><AppdxTableTitle>別表第一</AppdxTableTitle><RelatedArticleNum>（第一条関係）</RelatedArticleNum>
  <TableStruct><Table><TableRow><TableColumn><Sentence>証明</Sentence></TableColumn><TableColumn><Sentence>六百円</Sentence></TableColumn></TableRow></Table>
   <Remarks><RemarksLabel>備考</RemarksLabel><Item Num="1"><ItemTitle>一</ItemTitle><ItemSentence><Sentence>端数は切り捨てる。</Sentence></ItemSentence></Item></Remarks></TableStruct></AppdxTable>
 <AppdxStyle><AppdxStyleTitle>様式第一号</AppdxStyleTitle><StyleStruct><Style><Fig src="./pict/1.jpg"/></Style></StyleStruct></AppdxStyle>
</LawBody></Law>"""


@pytest.fixture(scope="module")
def law() -> Document:
    return read_text(LAW, "laws/503AC0000000007_20250401_506AC0000000010.xml")


def test_source_is_filled_from_the_file(law: Document) -> None:
    assert law.format == "law-xml"
    assert law.source.title == "見本窓口法"
    assert law.source.number == "令和三年法律第七号"
    assert law.source.kind is Kind.ACT
    assert law.source.issued == date(2021, 6, 18)
    assert law.source.effective_from == date(2025, 4, 1)
    assert law.source.language == "ja"


def test_given_values_win() -> None:
    given = Source(uri="a.xml", title="別の名", kind=Kind.GUIDELINE, effective_from=date(2030, 1, 1))
    source = read(LAW.encode(), source=given, document_id="d").source
    assert (source.title, source.kind, source.effective_from) == ("別の名", Kind.GUIDELINE, date(2030, 1, 1))
    assert source.number == "令和三年法律第七号"


def test_text_reads_as_it_is_printed(law: Document) -> None:
    assert law.text.startswith(
        "見本窓口法\n令和三年法律第七号\n見本窓口法をここに公布する。\n第一章　総則\n（目的）\n第一条　窓口は、毎日開く。ただし、閏日は、この限りでない。\n"
        "２　次に掲げるものを備える。\n一　番号札　五百枚\nイ　赤い札\n（１）　大きい札\n一の二　椅子\n二　削除\n第二条から第四条まで　削除\n第三十八条の三\n"
    )
    assert "目次" not in law.text


def test_paths(law: Document) -> None:
    chapter = "第一章 総則"
    assert at(law, chapter, "第一条", "第一項") == ["窓口は、毎日開く。ただし、閏日は、この限りでない。"]
    assert at(law, chapter, "第一条", "第二項", "第一号") == ["番号札　五百枚"]
    assert at(law, chapter, "第一条", "第二項", "第一号", "イ", "（１）") == ["大きい札"]
    assert at(law, chapter, "第一条", "第二項", "第一号の二") == ["椅子"]
    assert at(law, chapter, "第一条") == ["（目的）", "第一条"]
    assert at(law, "附則", "第一項") == ["（施行期日）", "公布の日から施行する。"]
    assert at(law, "附則（令和六年法律第十号）", "第一条", "第一項") == ["四月一日から施行する。"]
    assert at(law, "別表第一") == ["別表第一", "（第一条関係）", "証明｜六百円"]
    assert at(law, "別表第一", "備考", "第一号") == ["端数は切り捨てる。"]
    assert at(law, "様式第一号") == ["様式第一号"]


def test_deleted_provisions_are_addresses_but_never_quoted(law: Document) -> None:
    assert at(law, "第一章 総則", "第二条から第四条まで") == ["第二条から第四条まで"]
    assert not [text for text in (b.span.cut(law.text) for b in law.blocks if b.kind in QUOTABLE) if "削除" in text]


def test_a_paragraph_that_holds_only_a_table_has_its_path(law: Document) -> None:
    assert at(law, "第一章 総則", "第三十八条の三", "第一項") == ["区分｜額", "交付｜三百円", "知られていない要素の文。", "一覧の文"]


def test_main_provision_without_articles() -> None:
    text = LAW[: LAW.index("<MainProvision>")] + (
        "<MainProvision><Paragraph Num='1'><ParagraphNum/><ParagraphSentence><Sentence>条のない法律。</Sentence></ParagraphSentence>"
        "</Paragraph></MainProvision></LawBody></Law>"
    )
    assert find(read_text(text, "a.xml"), "条のない").path == ("第一項",)


def test_articles_put_into_another_law_are_not_articles_of_this_one() -> None:
    text = LAW[: LAW.index("<MainProvision>")] + (
        "<MainProvision><Article Num='1'><ArticleTitle>第一条</ArticleTitle><Paragraph Num='1'><ParagraphNum/><ParagraphSentence>"
        "<Sentence>別の法律を次のように改正する。</Sentence></ParagraphSentence><AmendProvision><NewProvision><Article Num='9'>"
        "<ArticleTitle>第九条</ArticleTitle><Paragraph Num='1'><ParagraphNum/><ParagraphSentence><Sentence>新しい文。</Sentence>"
        "</ParagraphSentence></Paragraph></Article></NewProvision></AmendProvision></Paragraph></Article></MainProvision></LawBody></Law>"
    )
    document = read_text(text, "a.xml")
    assert of(document, BlockKind.ARTICLE) == ["第一条"]
    assert find(document, "新しい文。").path == ("第一条", "第一項")


@pytest.mark.parametrize(
    ("number", "kind"),
    [
        ("昭和二十二年政令第五号", Kind.ORDER),
        ("平成十九年国家公安委員会規則第五号", Kind.ORDINANCE),
        ("令和元年内閣府令第一号", Kind.ORDINANCE),
    ],
)
def test_kind_by_number(number: str, kind: Kind) -> None:
    assert read_text(LAW.replace("令和三年法律第七号", number), "a.xml").source.kind is kind


def test_inside_an_answer_of_the_api() -> None:
    wrapped = "<law_data_response><law_full_text>" + LAW.split("?>")[1] + "</law_full_text></law_data_response>"
    assert read_text("<?xml version='1.0'?>" + wrapped, "answer.xml").source.title == "見本窓口法"


def test_entities_are_never_expanded(tmp_path: Path) -> None:
    secret = tmp_path / "secret.txt"
    secret.write_text("機密")
    bomb = f'<!DOCTYPE Law [<!ENTITY a "ああああああああ"><!ENTITY b "&a;&a;&a;&a;"><!ENTITY x SYSTEM "{secret.as_uri()}">]>'
    document = read_text(LAW.replace("<Law Era", bomb + "<Law Era").replace("窓口は、", "窓口は、&b;&x;"), "a.xml")
    assert "ああ" not in document.text and "機密" not in document.text
    assert document.warnings == ("2 XML entities were not expanded: words may be missing",)


def test_other_xml_and_broken_xml() -> None:
    with pytest.raises(UnknownFormat, match="not a law"):
        read_text("<?xml version='1.0'?><note><to>誰か</to></note>", "note.xml")
    with pytest.raises(DamagedFile, match="law.xml"):
        read_text(LAW[:900], "law.xml")
    with pytest.raises(DamagedFile):
        read_text("<?xml version='1.0'?>" + "<a>" * 5000, "deep.xml")


def test_outline_of_the_whole_sample(law: Document) -> None:
    assert Counter(kind for kind, _ in outline(law)) == {
        "title": 1,
        "text": 1 + 2,  # the enacting words; an unknown element and a list
        "heading": 1 + 2 + 1 + 1,  # chapter, two supplements, 別表, 様式
        "caption": 1 + 1 + 1,
        "article": 1 + 1 + 1 + 1,
        "paragraph": 2 + 1 + 1,
        "item": 2 + 2 + 1,  # items, subitems, the item of 備考; the deleted one is none
        "table_row": 2 + 1,
    }


# ---------------------------------------------------------------- real files

FILES = sorted((SHARED / "corpora" / "egov_xml").rglob("*.xml")) if SHARED.is_dir() else []

# What is counted, in the main and the supplementary provisions:
#   articles    every Article element, deleted or not: all of them are addresses
#   paragraphs  Paragraph elements that have words of their own; a stub 「削除」 is no paragraph, nor is one that is empty in the file
#   items       Item elements likewise, but not those that are cells of a table (they are part of a row)
#   subitems    Subitem1..10 likewise
WORDS = "[normalize-space(translate({0}, '　', '')) != '' and normalize-space(translate({0}, '　', '')) != '削除']"


def _counted(root: etree._Element) -> dict[str, int]:
    def count(path: str) -> int:
        bodies = cast(list[etree._Element], root.xpath("/Law/LawBody/*[self::MainProvision or self::SupplProvision]"))
        return sum(int(cast(float, body.xpath(f"count(.//{path})"))) for body in bodies)

    return {
        "articles": count("Article"),
        "paragraphs": count(f"Paragraph{WORDS.format('ParagraphSentence')}"),
        "items": count(f"Item[not(ancestor::TableColumn)]{WORDS.format('ItemSentence')}"),
        "subitems": sum(count(f"Subitem{n}[not(ancestor::TableColumn)]{WORDS.format(f'Subitem{n}Sentence')}") for n in range(1, 11)),
        "items of appendices": int(
            cast(float, root.xpath(f"count(/Law/LawBody/AppdxTable//Item[not(ancestor::TableColumn)]{WORDS.format('ItemSentence')})"))
        ),
    }


def _read(document: Document) -> dict[str, int]:
    body = [block for block in document.blocks if not (block.path and block.path[0].startswith(("別表", "様式", "別記")))]
    items = [block for block in body if block.kind is BlockKind.ITEM]
    top = sum(1 for block in items if "号" in block.path[-1] or (len(block.path) > 1 and block.path[-2].endswith("項")))
    return {
        "articles": sum(1 for block in body if block.kind is BlockKind.ARTICLE),
        "paragraphs": sum(1 for block in body if block.kind is BlockKind.PARAGRAPH),
        "items": top,
        "subitems": len(items) - top,
        "items of appendices": sum(1 for block in document.blocks if block.kind is BlockKind.ITEM) - len(items),
    }


@pytest.mark.skipif(not FILES, reason=NEEDS_SHARED)
@pytest.mark.parametrize("path", FILES, ids=lambda path: path.stem)
def test_counts_equal_xpath(path: Path) -> None:
    data = path.read_bytes()
    document = read(data, source=Source(uri=path.name), document_id=path.stem)
    holds_together(document)
    assert _read(document) == _counted(etree.fromstring(data))
    assert document.source.title and document.source.number and document.source.effective_from
    assert document.source.kind is not Kind.OTHER


@pytest.mark.skipif(not FILES, reason=NEEDS_SHARED)
def test_all_real_files_are_there() -> None:
    assert len(FILES) == 45


@pytest.mark.skipif(not FILES, reason=NEEDS_SHARED)
def test_every_sentence_of_a_real_law_is_in_its_text() -> None:
    path = next(path for path in FILES if path.stem.startswith("405AC0000000047_2019"))
    root = etree.parse(path).getroot()
    text = "".join(read(path.read_bytes(), source=Source(uri=path.name), document_id="d").text.split())
    for sentence in root.iter("Sentence"):
        for reading in sentence.iter("Rt"):
            reading.text = ""
        assert "".join("".join(str(piece) for piece in sentence.itertext()).split()) in text


def test_2600_articles_take_about_a_second() -> None:
    article = LAW[LAW.index('<Article Num="1">') : LAW.index('<Article Num="2:4"')]
    text = LAW.replace(article, article * 2600)
    begin = time.perf_counter()
    document = read(text.encode(), source=Source(uri="big.xml"), document_id="d")
    seconds = time.perf_counter() - begin
    assert len(of(document, BlockKind.ARTICLE)) == 2600 + 3
    assert seconds < 4, f"{seconds:.1f} s"  # about 0.3 s here; a slow, loaded machine gets four times the second that is asked for
