"""What a question is about: its words without the numbers of provisions."""

from __future__ import annotations

import pytest

from rag import about


@pytest.mark.parametrize(
    ("question", "words"),
    [
        ("第十二条の手数料は", ["手数", "料"]),
        ("第12条第2項第一号の旅費", ["旅費"]),
        ("別表第一の日当", ["別表", "日当"]),
        ("公共サービス提供基準法第三条の二", ["公共", "サービス", "提供", "基準", "法"]),
        ("料 第 条 手数", ["料", "手数"]),  # kept as its words alone
        ("Article 12(2) of the fee act", ["fee", "act"]),
        ("第三者への提供", ["三", "者", "提供"]),
        ("3万円の旅費", ["30000", "円", "旅費"]),
        ("第12条", ["第", "12", "条"]),  # nothing else
    ],
)
def test_words(question: str, words: list[str]) -> None:
    assert about.words(question) == words
