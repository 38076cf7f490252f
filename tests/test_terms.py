"""What a text is found by: the same words in another form, width or place must give the same terms."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rag.spelling import modern
from rag.terms import bigrams, content_words, words
from rag.text import fold


def test_particles_auxiliaries_and_symbols_are_left_out() -> None:
    assert words("旅費の請求を、（翌月に）行う。") == ["旅費", "請求", "翌月", "行う"]


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("申し込み", "申込み"),  # spellings of one word
        ("受け付ける", "受付ける"),
        ("支払った", "支払わない"),  # forms of one verb
        ("パスポート", "ﾊﾟｽﾎﾟｰﾄ"),  # widths
        ("ＡＩ利用", "ai利用"),
        ("applications", "application"),  # English forms and capitals
        ("The CLAIMS", "the claim"),
        ("第１２条", "第12条"),
    ],
)
def test_forms_of_one_word_meet(one: str, other: str) -> None:
    assert words(one) == words(other) != []


def test_terms_come_in_order_with_repetitions() -> None:
    assert words("claim travel claim") == ["claim", "travel", "claim"]
    assert words("旅費と宿泊と旅費") == ["旅費", "宿泊", "旅費"]


def test_english_in_japanese_is_stemmed_too() -> None:
    assert "polici" in words("policiesの改定")
    assert words("policies")[0] == "polici"


def test_numbers_and_codes_stay_whole() -> None:
    assert words("Form A-12 of 2026") == ["form", "a", "12", "of", "2026"]


@pytest.mark.parametrize("nothing", ["", " \n", "。、！", "---", "\u3000"])
def test_no_terms_in_what_has_no_words(nothing: str) -> None:
    assert words(nothing) == bigrams(nothing) == content_words(nothing) == []


def test_bigrams_stay_inside_a_run_of_japanese() -> None:
    assert bigrams("旅費規程 and 税") == ["旅費", "費規", "規程", "税"]
    assert bigrams("ﾊﾟｽ") == ["パス"]
    assert bigrams("𠮷野家") == ["𠮷野", "野家"]
    assert bigrams("English only") == []


def test_content_words_are_different_and_say_something() -> None:
    assert content_words("旅費の請求の期限を教えてください。旅費はいつまで？") == [w for w in words("旅費 請求 期限") if w]
    assert content_words("What is the deadline for the claim?") == words("deadline claim")
    assert content_words("what is it for") == []


LINE = "職員は、出張を終えたときは速やかに旅費を請求する。"


@pytest.mark.parametrize("end", ["\n", ""])
def test_a_long_text_gives_what_its_sentences_give(end: str) -> None:
    # Longer than what Sudachi takes at once (49,149 bytes), so it is cut: only between sentences, never inside a word.
    times = 60_000 // len((LINE + end).encode()) + 1
    assert words((LINE + end) * times) == words(LINE) * times


def test_a_long_text_without_a_sentence_end_is_read_all_the_same() -> None:
    assert len(words("旅費" * 30_000)) > 10_000


@given(st.text(alphabet=st.characters(exclude_categories=["Cs"]), max_size=60))
def test_terms_hold_no_white_space_and_nothing_fails(text: str) -> None:
    # The index separates terms by white space.
    for term in [*words(text), *bigrams(text)]:
        assert term and not any(character.isspace() for character in term), repr(term)


def test_threads_do_not_disturb_each_other() -> None:
    texts = [f"第{number}条　職員は旅費を請求する。{'宿泊料は別表による。' * (number % 5)}" for number in range(200)]
    expected = [words(text) for text in texts]
    with ThreadPoolExecutor(8) as pool:
        assert list(pool.map(words, texts)) == expected


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("國稅ヲ納付スルコトヲ得", "国税を納付することを得"),  # kanji and kana of a law in katakana
        ("當該辨濟", "当該弁済"),
        ("圖書館ノ設置", "図書館の設置"),
        ("届出があつた場合において、従つて行つた", "届出があった場合において、従って行った"),  # っ written large
        ("よつて", "よって"),
        ("ゐる者のこゑ", "いる者のこえ"),  # kana that are not written any more, in a line of hiragana too
        ("あつせんにのつとり、もつぱら", "あっせんにのっとり、もっぱら"),
        ("ヰ號ノ規定ニ依リ", "い号の規定に依り"),
    ],
)
def test_old_spellings_meet_todays(old: str, new: str) -> None:
    assert bigrams(old) == bigrams(new)
    assert words(old) == words(new) != []


@pytest.mark.parametrize(
    "text", ["費用を持つため、役立つたびに", "二つ以上、一つずつ", "コンピュータを使うノート", "メモ", "ヒアリングハ終ワリ、これは続く。"]
)
def test_todays_spelling_is_left_as_it_is(text: str) -> None:
    assert modern(text) == text


@given(st.text(max_size=80))
def test_every_character_becomes_one(text: str) -> None:
    plain = fold(text)
    assert len(modern(plain)) == len(plain)
    assert modern(modern(plain)) == modern(plain)
