# ruff: noqa: E501 (the samples are markup and word lists)
"""Pages saved from e-Gov law search: the same structure as from the law's XML."""

from __future__ import annotations

import json
from pathlib import Path
from typing import cast

import pytest
from lxml import html

from rag.read import read
from rag.records import BlockKind, Kind, Source
from tests.read.checks import NEEDS_SHARED, SHARED, at, holds_together, of, read_text

PAGE = """<html lang="ja"><head><meta charset="utf-8"><title>見本窓口法</title><style>p{color:red}</style></head><body>
<nav>検索へ戻る</nav><main id="contentsLaw"><div id="innerDocument">
<div class="_shokanBoxParent" id="lawTitleNo">令和三年法律第七号<div class="_shokanBox"></div></div>
<div class="_shokanBoxParent" id="lawTitle"><span>見本窓口法</span></div>
<section class="active TOC"><div class="_div_TOCLabel">目次</div><div class="_div_TOCChapter">第一章　総則（第一条）</div></section>
<section class="active MainProvision" id="MainProvision"><section class="active Chapter">
<div class="ChapterTitle _div_ChapterTitle"><div class="ChapterTitle">第一章　総則</div></div></section>
<section class="active Article"><div class="_div_ArticleCaption"><span>（目的）</span></div>
<div class="_div_ArticleTitle"><span style="font-weight: bold;">第一条</span>　<span>窓口は、毎日開く。</span><div class="_inyoBox">引用</div></div>
<div class="_div_ParagraphSentence"><span style="font-weight: bold;">②</span>　<span><ruby>閏<rt>うるう</rt></ruby>日は、閉じる。</span></div>
<div class="_div_ItemSentence"><span style="font-weight: bold;">一</span>　<span>番号札</span>　<span>五百枚</span></div>
<div class="_div_Subitem1Sentence"><span style="font-weight: bold;">イ</span>　<span>赤い札</span></div></section>
<section class="active Article"><div class="_div_ArticleTitle"><span style="font-weight: bold;">第二条及び第三条</span>　<span>削除</span></div></section></section>
<section class="active SupplProvision"><div class="_div_SupplProvisionLabel SupplProvisionLabel"><span>附　則</span>　（令和六年法律第十号）　抄</div>
<section class="active Paragraph"><div class="_div_ParagraphCaption"><span>（施行期日）</span></div>
<div class="_div_ParagraphSentence"><span>公布の日から施行する。</span></div></section></section>
<section class="active AppdxTable"><div class="_div_AppdxTableTitle">別表第一　手数料（第一条関係）</div>
<table class="Table"><tr class="TableRow"><td><div><span>証明</span></div></td><td><div><span>一　六百円</span><br><span>二　七百円</span></div></td></tr></table></section>
</div></main></body></html>"""


def test_a_page_reads_like_the_xml() -> None:
    page = read_text(PAGE, "503AC0000000007_20250401_506AC0000000010.html")
    assert page.format == "egov-html"
    assert (page.source.title, page.source.number, page.source.kind) == ("見本窓口法", "令和三年法律第七号", Kind.ACT)
    assert str(page.source.effective_from) == "2025-04-01"
    assert "引用" not in page.text and "検索へ戻る" not in page.text and "うるう" not in page.text and "目次" not in page.text
    assert at(page, "第一章 総則", "第一条") == ["（目的）", "第一条"]
    assert at(page, "第一章 総則", "第一条", "第一項") == ["窓口は、毎日開く。"]
    assert at(page, "第一章 総則", "第一条", "第二項") == ["閏日は、閉じる。"]
    assert at(page, "第一章 総則", "第一条", "第二項", "第一号") == ["番号札　五百枚"]
    assert at(page, "第一章 総則", "第一条", "第二項", "第一号", "イ") == ["赤い札"]
    assert at(page, "第一章 総則", "第二条及び第三条") == ["第二条及び第三条"]
    assert at(page, "附則（令和六年法律第十号）", "第一項") == ["（施行期日）", "公布の日から施行する。"]
    assert at(page, "別表第一") == ["別表第一　手数料", "（第一条関係）", "証明｜一 六百円 二 七百円"]


FOLDER = SHARED / "corpora" / "egov_html"
PAGES = [(title, FOLDER / name) for title, name in json.loads((FOLDER / "index.json").read_text())] if FOLDER.is_dir() else []


def _nodes(element: html.HtmlElement, path: str) -> list[html.HtmlElement]:
    return cast(list[html.HtmlElement], element.xpath(path))


@pytest.mark.skipif(not PAGES, reason=NEEDS_SHARED)
@pytest.mark.parametrize(("title", "path"), PAGES, ids=[path.stem for _, path in PAGES])
def test_real_pages(title: str, path: Path) -> None:
    data = path.read_bytes()
    document = read(data, source=Source(uri=path.name), document_id=path.stem)
    holds_together(document)
    assert document.format == "egov-html"
    assert document.source.title == title
    root = html.fromstring(data)

    def provisions(name: str) -> list[str]:
        """The words behind the number in bold of each ``div`` of a class; a stub 「削除」 and an empty one are none."""
        found = []
        for element in _nodes(root, f"//div[contains(concat(' ', @class, ' '), ' _div_{name} ')]"):
            for box in _nodes(element, ".//div[contains(@class, '_shokanBox') or contains(@class, '_inyoBox')]"):
                box.drop_tree()
            bold = _nodes(element, "./span[1][contains(@style, 'bold')]")
            words = "".join(element.text_content().split()).removeprefix("".join(bold[0].text_content().split()) if bold else "")
            if words not in ("", "削除"):
                found.append(words)
        return found

    articles = len(_nodes(root, "//div[contains(@class, '_div_ArticleTitle')]"))
    assert len(of(document, BlockKind.ARTICLE)) == articles
    assert len(of(document, BlockKind.PARAGRAPH)) == len(provisions("ArticleTitle")) + len(provisions("ParagraphSentence"))
    assert len(of(document, BlockKind.ITEM)) == sum(
        len(provisions(name)) for name in ("ItemSentence", *(f"Subitem{n}Sentence" for n in range(1, 11)))
    )
