# ruff: noqa: E501 (the samples are markup and word lists)
"""Saved web pages: content stays, furniture goes, nothing runs."""

from __future__ import annotations

import pytest

from rag.errors import DamagedFile, EmptyFile
from rag.records import BlockKind
from tests.read.checks import at, find, of, read_text

PAGE = """<!DOCTYPE html><html lang="ja"><head><meta charset="utf-8"><title>見本訓令 | 見本省</title>
<style>.x{}</style><script>document.write("悪い文");</script></head><body>
<header><nav><ul><li><a href="/">トップ</a></li></ul></nav></header>
<div class="breadcrumb"><a href="/">トップ</a> &gt; 訓令</div>
<aside><h2>一覧</h2><p>横の文</p></aside>
<main><h1>見本訓令</h1><ul><li><a href="#a">第一章　総則</a></li><li><a href="#b">附則</a></li></ul>
<h2 id="a">第一章　総則</h2><p>（目的）</p><p><strong>第一条</strong>　この訓令は、
目的を<ruby>定<rt>さだ</rt></ruby>める。</p><p>一　赤い札</p><p>２　続きの文。<a href="http://x/">参照先</a>を見る。</p>
<table><tr><th>区分</th><th>期限</th></tr><tr><td rowspan="2">本省</td><td>十日</td></tr><tr><td>二十日</td></tr></table>
<p style="display:none">隠れた文１</p><p hidden>隠れた文２</p><span aria-hidden="true">隠れた文３</span><div style="visibility: hidden">隠れた文４</div>
<h2>参考</h2><ul><li>点の一</li><li>点の二</li></ul><ol><li>順の一</li><li>順の二</li></ol><p>一行目<br>二行目</p>
<dl><dt>問１　車を使えますか。</dt><dd>答　使えません。</dd></dl>
</main><form><p>検索の文</p></form><footer><p>足の文</p></footer><iframe src="http://evil/"></iframe></body></html>"""


def test_content_stays() -> None:
    page = read_text(PAGE, "page.html")
    assert page.format == "html"
    assert (page.source.title, page.source.language) == ("見本訓令", "ja")
    assert of(page, BlockKind.TITLE) == ["見本訓令"]
    assert at(page, "第一章 総則", "第一条", "第一項") == ["この訓令は、目的を定める。"]
    assert at(page, "第一章 総則", "第一条", "第一項", "第一号") == ["赤い札"]
    assert find(page, "参照先").path == ("第一章 総則", "第一条", "第二項")
    assert of(page, BlockKind.TABLE_ROW) == ["区分｜期限", "本省｜十日", "本省｜二十日"]
    assert at(page, "参考")[1:] == ["点の一", "点の二", "一行目", "二行目"]
    assert at(page, "参考", "2.") == ["順の二"]
    assert "使えません。" in page.text


@pytest.mark.parametrize("word", ["トップ", "横の文", "悪い文", "隠れた文", "検索の文", "足の文", "さだ", "evil", "font"])
def test_furniture_and_hidden_text_go(word: str) -> None:
    assert word not in read_text(PAGE, "page.html").text


def test_the_declared_encoding_is_used() -> None:
    page = PAGE.replace("utf-8", "Shift_JIS")
    assert read_text(page.encode("cp932"), "page.html").text == read_text(PAGE, "page.html").text
    lying = read_text(page.encode("euc_jp"), "page.html")
    assert lying.text == read_text(PAGE, "page.html").text
    assert lying.warnings == ("the page says shift_jis but is euc_jp",)


def test_a_page_without_text() -> None:
    with pytest.raises(EmptyFile, match="script"):
        read_text("<html><body><script>render()</script><nav>menu</nav></body></html>", "app.html")


def test_markup_in_the_text_stays_text() -> None:
    page = read_text("<html><body><h1>見本</h1><p>&lt;script&gt;alert(1)&lt;/script&gt; という文字</p></body></html>", "x.html")
    assert "<script>alert(1)</script> という文字" in page.text


def test_layout_tables_are_no_rows() -> None:
    page = read_text("<html><body><h1>見本</h1><table><tr><td><p>本文の一。</p><p>本文の二。</p></td></tr></table></body></html>", "x.html")
    assert of(page, BlockKind.TEXT) == ["本文の一。", "本文の二。"]


def test_a_page_that_is_nested_to_hurt() -> None:
    with pytest.raises(DamagedFile, match="nested"):
        read_text("<html><body>" + "<div>" * 5000 + "x", "deep.html")
