"""Markdown: headings, lists, tables; navigation of saved pages goes."""

from __future__ import annotations

import pytest

from rag.records import BlockKind
from tests.read.checks import NEEDS_SHARED, SHARED, at, find, of, read_text

TEXT = """---
title: 前付けの題
secret: 隠す
---
1. [ホーム](https://a/)
2. [法令](https://a/b)
3. 車の使用

# 車の使用

前書きの
二行目。![図](x.png)[案内](https://a/c)を見る。

## 第3 対象

1 職員は、次による。

   (1) 承認を得ること。
   (2) 届け出ること。

2 **講師**も同じ。

- 点の一
- 点の二

| 区分 | 額 |
| --- | ---: |
| 車 | `20`円 |

<div>HTMLの文<script>evil()</script></div>

## [一覧](https://a/list)

### [通達](https://a/t)
"""


def test_structure() -> None:
    document = read_text(TEXT, "car.md")
    assert document.format == "markdown"
    assert document.source.title == "車の使用"
    assert of(document, BlockKind.TITLE) == ["車の使用"]
    assert at(document, "第3 対象", "1", "(2)") == ["届け出ること。"]
    assert at(document, "第3 対象", "2") == ["講師も同じ。", "点の一", "点の二", "区分｜額", "車｜20円"]
    assert of(document, BlockKind.TABLE_ROW) == ["区分｜額", "車｜20円"]
    assert find(document, "点の二").kind is BlockKind.ITEM
    assert "案内を見る。" in document.text


@pytest.mark.parametrize("word", ["ホーム", "前付け", "隠す", "x.png", "https", "一覧", "通達", "evil", "**"])
def test_what_is_dropped(word: str) -> None:
    assert word not in read_text(TEXT, "car.md").text


def test_english_lines_run_together() -> None:
    document = read_text("# Guide\n\n## 2. Rail\n\nTake the\ntrain.\n\n1. a form\n2. a receipt\n", "guide.md")
    assert at(document, "2. Rail")[1:] == ["Take the train."]
    assert at(document, "2. Rail", "2.") == ["a receipt"]


PAGES = sorted((SHARED / "corpora" / "nta_qa_pages").glob("*.md")) if SHARED.is_dir() else []


@pytest.mark.skipif(not PAGES, reason=NEEDS_SHARED)
def test_real_pages_have_question_and_answer_and_no_navigation() -> None:
    answered = 0
    for path in PAGES:
        document = read_text(path.read_bytes(), path.name)
        paths = {block.path[-1] for block in document.blocks if block.path}
        answered += any("回答要旨" in name for name in paths)
        assert "このページの先頭へ" not in document.text, path
        assert not [name for name in paths if name in ("法令解釈通達", "国税庁告示", "質疑応答事例")], path
        assert of(document, BlockKind.TITLE), path
    assert answered > len(PAGES) * 0.9
