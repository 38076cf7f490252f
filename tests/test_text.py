"""Normal forms and the way back, ends of sentences, numerals, dates."""

from __future__ import annotations

import sys
from datetime import date, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rag.records import Span
from rag.text import JAPANESE_RUN, dates, era_year, fold, kanji, language, normalize, number, sentences, show_date

# What melts together or comes apart under NFKC and lower case, beside anything at all.
AWKWARD = "ｶﾞﾊﾟか\u3099㍿㈱①Ａａ１ÅA\u030a\u0316\u0301ΑΣςσİßﬁ\u1100\u1161\u11a8가\u11a8𠮷\u3000 \n々〆ー"
ANY_TEXT = st.text(alphabet=st.one_of(st.sampled_from(AWKWARD), st.characters(exclude_categories=["Cs"])), max_size=40)


# ---------------------------------------------------------------- normal form


@given(ANY_TEXT)
def test_normalize_is_fold_with_an_offset_for_each_character(text: str) -> None:
    normal = normalize(text)
    assert normal.text == fold(text)
    assert len(normal.offsets) == len(normal.text) + 1
    assert list(normal.offsets) == sorted(normal.offsets)
    assert normal.offsets[-1] == len(text)


@given(ANY_TEXT, st.data())
def test_the_original_of_a_span_folds_to_the_span(text: str, data: st.DataObject) -> None:
    normal = normalize(text)
    start = data.draw(st.integers(0, len(normal.text)))
    end = data.draw(st.integers(start, len(normal.text)))
    cut = normal.original(Span(start=start, end=end)).cut(text)
    if start == end:
        assert cut == ""
        return
    # A character that came from a part of an original character brings the whole of it: ㍿ is 株式会社 or nothing.
    while start > 0 and normal.offsets[start - 1] == normal.offsets[start]:
        start -= 1
    while end < len(normal.text) and normal.offsets[end] == normal.offsets[end - 1]:
        end += 1
    assert fold(cut) == normal.text[start:end]


@pytest.mark.parametrize(
    ("text", "sought", "quoted"),
    [
        ("㍿根拠の規程", "会社", "㍿"),
        ("ﾊﾟｽﾎﾟｰﾄの発給", "パスポート", "ﾊﾟｽﾎﾟｰﾄ"),
        ("第１２条　旅費", "第12条", "第１２条"),
        ("か\u3099く", "がく", "か\u3099く"),
        ("The ＡＣＴ says", "act", "ＡＣＴ"),
        ("\u1112\u1161\u11ab\u1100\u1173\u11af", "한글", "\u1112\u1161\u11ab\u1100\u1173\u11af"),
    ],
)
def test_what_is_found_in_the_normal_form_is_quoted_in_the_original(text: str, sought: str, quoted: str) -> None:
    normal = normalize(text)
    at = normal.text.index(sought)
    assert normal.original(Span(start=at, end=at + len(sought))).cut(text) == quoted


def test_fold_says_the_same_of_a_word_at_the_end_and_in_the_middle() -> None:
    # Python lowers Σ to ς where a word ends: then "ΟΔΟΣ" alone and in "ΟΔΟΣΑ" would differ in their fourth letter.
    assert fold("ΟΔΟΣΑ").startswith(fold("ΟΔΟΣ"))


def test_fold_of_a_fold_changes_nothing() -> None:
    folds = [(chr(code), fold(chr(code))) for code in range(sys.maxunicode + 1) if not 0xD800 <= code <= 0xDFFF]
    assert [character for character, folded in folds if fold(folded) != folded] == []


# ---------------------------------------------------------------- scripts


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("旅費の請求", "ja"),
        ("travel claims", "en"),
        ("1234 … !?", ""),
        ("", ""),
        ("Article 5 of 法", "ja"),
        ("あ" + "a" * 9, "ja"),  # 1 of 10 letters
        ("あ" + "a" * 10, "en"),  # 1 of 11
    ],
)
def test_language(text: str, expected: str) -> None:
    assert language(text) == expected


@pytest.mark.parametrize("rare", ["𠮟", "𠮷", "々", "〆", "ｱ", "﨑"])
def test_characters_that_names_and_the_official_list_use_are_japanese(rare: str) -> None:
    assert JAPANESE_RUN.fullmatch(rare)


# ---------------------------------------------------------------- sentences


def cut(text: str) -> list[str]:
    return [span.cut(text) for span in sentences(text)]


PIECES = st.sampled_from(
    [
        "旅費",
        "。",
        "！",
        "？",
        "「",
        "」",
        "（",
        "）",
        "(",
        ")",
        " ",
        "\u3000",
        "\n",
        "\x1c",
        "The ",
        "No",
        ".",
        "!",
        "?",
        "e.g",
        "3",
        '"',
        "Art",
        "a",
    ]
)
SENTENCE_TEXT = st.one_of(ANY_TEXT, st.lists(PIECES, max_size=40).map("".join))


@given(SENTENCE_TEXT, st.data())
def test_sentences_hold_every_visible_character_once_and_no_white_space_at_their_ends(text: str, data: st.DataObject) -> None:
    start = data.draw(st.integers(0, len(text)))
    end = data.draw(st.integers(start, len(text)))
    found = sentences(text, Span(start=start, end=end))
    assert all(a.end <= b.start for a, b in zip(found, found[1:], strict=False))
    assert all(start <= span.start and span.end <= end for span in found)
    assert all(span.cut(text) == span.cut(text).strip() != "" for span in found)
    assert all("\n" not in span.cut(text) for span in found)
    held = [at for span in found for at in range(span.start, span.end)]
    assert {at for at in range(start, end) if not text[at].isspace()} <= set(held)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("旅費は後で払う。宿泊費は先に払う。", ["旅費は後で払う。", "宿泊費は先に払う。"]),
        ("よいか？よい！では。", ["よいか？", "よい！", "では。"]),
        ("旅費（宿泊費を含む。）は払う。次。", ["旅費（宿泊費を含む。）は払う。", "次。"]),
        ("「承認する。」と述べた。次。", ["「承認する。」と述べた。", "次。"]),
        ("一行目\n二行目。", ["一行目", "二行目。"]),
        ("（閉じない括弧。\n次の行。別の文。", ["（閉じない括弧。", "次の行。", "別の文。"]),  # a lost bracket ends with its line
        ("閉じるだけ）。次。", ["閉じるだけ）。", "次。"]),
        ("The fee is due. It is refunded.", ["The fee is due.", "It is refunded."]),
        ("Is it due? Yes! Pay 3 yen.", ["Is it due?", "Yes!", "Pay 3 yen."]),
        ("See Art. 12 and No. 3. Then stop.", ["See Art. 12 and No. 3.", "Then stop."]),
        ("Costs, e.g. Taxis, count. Ask Mr. Sato.", ["Costs, e.g. Taxis, count.", "Ask Mr. Sato."]),
        ("J. Smith signs. He may.", ["J. Smith signs.", "He may."]),
        ("The rate is 3.5 percent. Round down.", ["The rate is 3.5 percent.", "Round down."]),
        ("3. The fee is due. Pay it.", ["3. The fee is due.", "Pay it."]),  # the number of a line is not a sentence
        ("It closed in 2024. Then it opened.", ["It closed in 2024.", "Then it opened."]),  # but a number may end one
        ("It is due (see Annex 1. Part B) now. Pay.", ["It is due (see Annex 1. Part B) now.", "Pay."]),
        ("stop. and go", ["stop. and go"]),  # no capital behind it: an abbreviation that nobody listed
        ("", []),
        (" \n\u3000", []),
    ],
)
def test_where_sentences_end(text: str, expected: list[str]) -> None:
    assert cut(text) == expected


def test_a_part_of_a_text_is_cut_as_if_it_stood_alone() -> None:
    text = "前の文。旅費は払う。次の文。"
    part = Span(start=text.index("旅費"), end=text.index("次の文"))
    assert [span.cut(text) for span in sentences(text, part)] == ["旅費は払う。"]


# ---------------------------------------------------------------- numerals


def test_kanji_numerals_there_and_back() -> None:
    for value in range(10_000):
        assert number(kanji(value)) == value


def test_the_same_number_in_every_script() -> None:
    full = str.maketrans("0123456789", "０１２３４５６７８９")
    positional = str.maketrans("0123456789", "〇一二三四五六七八九")
    for value in range(10_000):
        assert number(str(value)) == number(str(value).translate(full)) == number(str(value).translate(positional)) == value


@pytest.mark.parametrize(
    ("value", "numeral"), [(0, "〇"), (10, "十"), (11, "十一"), (38, "三十八"), (100, "百"), (1001, "千一"), (9999, "九千九百九十九")]
)
def test_kanji_numerals_as_articles_are_numbered(value: int, numeral: str) -> None:
    assert kanji(value) == numeral


@pytest.mark.parametrize(
    ("numeral", "value"),
    [
        ("元", 1),
        ("零", 0),
        ("一万", 10_000),
        ("万", 10_000),
        ("千五百万", 1_500 * 10_000),
        ("三億二千万", 3 * 10**8 + 2_000 * 10_000),
        ("１２万", 12 * 10_000),
        ("3千", 3_000),
        ("1,234", 1_234),
        ("十万円"[:-1], 100_000),
    ],
)
def test_other_numerals(numeral: str, value: int) -> None:
    assert number(numeral) == value


@pytest.mark.parametrize("wrong", ["", ",", "条", "三条", "twelve", "1.5", "-3", "三 八"])
def test_what_is_not_a_numeral_is_refused(wrong: str) -> None:
    with pytest.raises(ValueError, match="not a numeral"):
        number(wrong)


@pytest.mark.parametrize("value", [-1, 10_000])
def test_no_kanji_numeral_outside_its_range(value: int) -> None:
    with pytest.raises(ValueError, match=str(value)):
        kanji(value)


# ---------------------------------------------------------------- dates


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("令和7年4月1日", [date(2025, 4, 1)]),
        ("令和元年５月１日から", [date(2019, 5, 1)]),
        ("平成三十一年四月三十日限り", [date(2019, 4, 30)]),
        ("昭和六十四年一月七日", [date(1989, 1, 7)]),
        ("大正 十五 年 十二 月 二十四 日", [date(1926, 12, 24)]),
        ("明治32年3月4日", [date(1899, 3, 4)]),
        ("R7.4.1 と H31/4/30", [date(2025, 4, 1), date(2019, 4, 30)]),
        ("2026-04-01, 2026/4/2 and 2026年4月3日", [date(2026, 4, 1), date(2026, 4, 2), date(2026, 4, 3)]),
        ("2026年4月1日に公布し、令和8年5月1日に施行", [date(2026, 4, 1), date(2026, 5, 1)]),
        ("令和7年2月30日、2025-02-28", [date(2025, 2, 28)]),  # impossible ones are passed over
        ("12026-04-01 2026-04-011 PR7.4.1 R7.4.12345", []),
        ("二千二十六年", []),
        ("令和99999999999999年1月1日", []),
        ("令和" + "9" * 5_000 + "年1月1日", []),  # more digits than int() takes
    ],
)
def test_dates(text: str, expected: list[date]) -> None:
    assert list(dates(text)) == expected


@given(st.dates(min_value=date(1868, 1, 25), max_value=date(2117, 12, 31)))
def test_a_day_named_by_its_era_is_that_day(day: date) -> None:
    # 2117 is 令和99年, the last year of two digits.
    assert list(dates(f"{era_year(day)}{day.month}月{day.day}日")) == [day]
    assert list(dates(f"{era_year(day)}{kanji(day.month)}月{kanji(day.day)}日")) == [day]


@pytest.mark.parametrize(
    ("first", "before", "after"),
    [
        (date(2019, 5, 1), "平成31年", "令和元年"),
        (date(1989, 1, 8), "昭和64年", "平成元年"),
        (date(1926, 12, 25), "大正15年", "昭和元年"),
        (date(1912, 7, 30), "明治45年", "大正元年"),
        (date(1868, 1, 25), "", "明治元年"),
    ],
)
def test_eras_change_on_their_day(first: date, before: str, after: str) -> None:
    assert era_year(first - timedelta(days=1)) == before
    assert era_year(first) == after


def test_show_date() -> None:
    assert show_date(date(2026, 4, 1), "ja") == "2026年4月1日（令和8年）"
    assert show_date(date(1867, 4, 1), "ja") == "1867年4月1日"
    assert show_date(date(2026, 4, 1), "en") == "1 April 2026"
