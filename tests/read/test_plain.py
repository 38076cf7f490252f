# ruff: noqa: E501 (the samples are markup and word lists)
"""Plain text: encodings and wrapped lines."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from rag.errors import EmptyFile, UnknownFormat
from rag.read.plain import decode, join_wrapped
from tests.read.checks import find, read_text

WORDS = (
    "職員 旅費 申請 許可 期限 窓口 課長 大臣 手数料 個人情報 文書 保存 決裁 起案 通知 届出 証明書 更新 会計年度 出張 命令 休暇 勤務時間 情報セキュリティ テレワーク システム"
    " は が を に の と から まで より について により しなければならない することができる ものとする 、 。 （ ） 「 」 三十日 １０ 2026 以内 ただし この限りでない ファクシミリ"
).split()
SENTENCES = st.lists(st.sampled_from(WORDS), min_size=1, max_size=30).map("".join).filter(lambda text: not text.isascii())


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "cp932", "euc_jp", "iso2022_jp"])
@settings(max_examples=150, deadline=None)
@given(text=SENTENCES)
def test_japanese_comes_out_right_in_every_encoding(encoding: str, text: str) -> None:
    decoded, _ = decode(text.encode(encoding), "a.txt")
    assert decoded == text


def test_a_guessed_encoding_is_reported() -> None:
    document = read_text("職員の兼業\n第一条　兼業は、許可を要する。\n".encode("euc_jp"), "a.txt")
    assert document.warnings == ("encoding guessed: euc_jp",)
    assert find(document, "許可を要する").path == ("第一条", "第一項")
    assert read_text("職員の兼業は、許可を要する。", "a.txt").warnings == ()


def test_cp932_of_windows() -> None:
    assert decode("①髙橋　㈱見本".encode("cp932"), "a.txt")[0] == "①髙橋　㈱見本"


@pytest.mark.parametrize("data", [bytes(range(256)) * 8, b"\x00\x01\x02\x03" * 100, b"abc\x00\x01\x02\x03\x04\x05def"])
def test_binary_is_no_text(data: bytes) -> None:
    with pytest.raises(UnknownFormat, match="not text"):
        read_text(data, "a.txt")


def test_empty() -> None:
    for data in (b"", b"\n \n", "\ufeff　\n".encode()):
        with pytest.raises(EmptyFile):
            read_text(data, "a.txt")


def test_wrapped_japanese_is_joined_without_a_space() -> None:
    lines = [
        "第一条　この規程は、見本の窓口において職員が行う案内の方法及び順序に",
        "関し、必要な事項を定めることにより、利用者の待ち時間を短くし、あわせ",
        "て職員の負担を軽くすることを目的とする。",
        "２　この規程に定めのない事項は、課長が定める。",
        "一　番号札の配り方に関する事項その他の窓口の開設の準備に関する事項及",
        "び閉鎖の後の片付けに関する事項",
    ]
    assert join_wrapped(lines) == [lines[0] + lines[1] + lines[2], lines[3], lines[4] + lines[5]]


def test_wrapped_english_is_joined_with_a_space() -> None:
    lines = [
        "1.1 What this page does",
        "This page explains how the office handles requests from day to day and",
        "who may decide on them. It is for staff who do not read Japanese and for",
        "visitors.",
        "",
        "It ends here.",
    ]
    assert join_wrapped(lines) == [lines[0], " ".join(lines[1:4]), lines[5]]


def test_a_text_with_a_paragraph_on_each_line_is_left_alone() -> None:
    lines = ["短い行", "これは長い段落であり、" * 12, "もう一つの長い段落であり、" * 11, "短い行"]
    assert join_wrapped(lines) == lines


def test_tabs_make_a_row() -> None:
    assert find(read_text("料金表\n証明\t六百円\t一通\n", "a.txt"), "六百円").kind.value == "table_row"
