"""The thesaurus: the starter file is sound, a slip costs one line, and phrases are found where people would see them."""

from __future__ import annotations

import tomllib
from collections import Counter
from pathlib import Path

import pytest

from rag import terms
from rag.text import fold
from rag.thesaurus import STARTER, Entry, Thesaurus, load, read

from .small import library_at


def said(thesaurus: Thesaurus, question: str) -> list[str]:
    return [entry.said for entry in thesaurus.find(question)]


# ---------------------------------------------------------------- the starter file


def test_the_starter_file_loads_without_problems() -> None:
    starter = load(STARTER)
    assert starter.problems == ()
    assert len(starter.entries) > 2_000
    assert starter.find("有休を取りたい")[0] == Entry("有休", ("年次休暇", "年次有給休暇"))


def test_no_phrase_of_the_starter_file_stands_twice_in_a_part() -> None:
    # The file as a whole is TOML, which forbids a key twice in a part; widths and capitals it does not see.
    parts = tomllib.loads(STARTER.read_text(encoding="utf-8"))
    assert set(parts) == {"ja", "en"}
    times = Counter((name, fold(phrase).strip()) for name, part in parts.items() for phrase in part)
    assert [phrase for phrase, count in times.items() if count > 1] == []
    assert set(load(STARTER).entries) == {phrase for _, phrase in times}


def test_every_official_term_of_the_starter_file_holds_a_word() -> None:
    assert [(phrase, term) for phrase, means in load(STARTER).entries.items() for term in means if not terms.words(term)] == []


def test_a_phrase_of_both_parts_means_the_terms_of_both() -> None:
    made = read('[ja]\n"USB" = ["電磁的記録媒体", "storage"]\n[en]\n"usb" = ["storage", "removable media"]\n', "made.toml")
    assert made.entries == {"usb": ("電磁的記録媒体", "storage", "removable media")}
    (entry,) = load(STARTER).find("USBを使ってよいか")
    assert {"電磁的記録媒体", "removable media"} <= set(entry.means)


# ---------------------------------------------------------------- wrong lines


@pytest.mark.parametrize(
    ("line", "reason"),
    [
        ('"年休" = ["年次休暇"', "Unclosed array"),
        ('"年休" ["年次休暇"]', "Expected '='"),
        ("年休 = [年次休暇]", "Invalid"),
        ('"年休" = "年次休暇"', "a line is written"),
        ('"年休" = []', "a line is written"),
        ('"年休" = [""]', "a line is written"),
        ('"年休" = ["  "]', "a line is written"),
        ('"年休" = [7]', "a line is written"),
        ('"年休".x = ["年次休暇"]', "a line is written"),
        ("[[ja]]", "a line is written"),
        ('"" = ["年次休暇"]', "'' holds no word"),
        ('"、。" = ["年次休暇"]', "'、。' holds no word"),
        ('"は" = ["年次休暇"]', "'は' holds no word"),
    ],
)
def test_a_wrong_line_is_named_and_the_rest_works(line: str, reason: str) -> None:
    made = read(f'[ja]\n"有休" = ["年次休暇"]\n{line}\n"残業" = ["超過勤務"]  # a remark\n', "mine.toml")
    assert made.entries == {"有休": ("年次休暇",), "残業": ("超過勤務",)}
    (problem,) = made.problems
    assert problem.startswith("mine.toml, line 3 is left out: ")
    assert reason in problem


def test_remarks_sections_and_empty_lines_are_no_entries() -> None:
    made = read('# a remark\n\n  [ja]  # Japanese\n   # more\n"有休" = ["年次休暇"]\n[en]\n', "mine.toml")
    assert (made.entries, made.problems) == ({"有休": ("年次休暇",)}, ())


@pytest.mark.parametrize("head", [b"", b"\xef\xbb\xbf"])
@pytest.mark.parametrize("end", [b"\n", b"\r\n"])
def test_a_file_of_a_windows_editor_loses_nothing(tmp_path: Path, head: bytes, end: bytes) -> None:
    file = tmp_path / "thesaurus.toml"
    file.write_bytes(head + end.join(['"有休" = ["年次休暇"]'.encode(), '"残業" = ["超過勤務"]'.encode(), b""]))
    assert load(file) == Thesaurus({"有休": ("年次休暇",), "残業": ("超過勤務",)})


def test_bytes_that_are_no_utf_8_do_not_stop_the_rest(tmp_path: Path) -> None:
    file = tmp_path / "thesaurus.toml"
    file.write_bytes('"残業" = ["超過勤務"]\n'.encode() + '"有休" = ["年次休暇"]\n'.encode("shift_jis"))
    assert load(file).entries["残業"] == ("超過勤務",)


# ---------------------------------------------------------------- two files


def test_the_users_file_wins(tmp_path: Path) -> None:
    own = tmp_path / "thesaurus.toml"
    own.write_text('"有休" = ["有給の休み"]\n"ＡＩ" = ["機械学習"]\n"ぽんぽこ" = ["旅費"]\nwrong\n', encoding="utf-8")
    both = load(STARTER, own, tmp_path / "not there.toml")
    assert both.entries["有休"] == ("有給の休み",)
    assert both.entries["ai"] == ("機械学習",), "the same phrase, whatever its width"
    assert both.entries["ぽんぽこ"] == ("旅費",)
    assert both.entries["残業"] == load(STARTER).entries["残業"]
    assert [problem.split(" is left out")[0] for problem in both.problems] == ["thesaurus.toml, line 4"]


def test_a_library_reads_the_file_in_its_home_again_when_it_changes(tmp_path: Path) -> None:
    library = library_at(tmp_path / "home")
    assert said(library.thesaurus, "ぽんぽこ") == []
    file = tmp_path / "home" / "thesaurus.toml"
    file.write_text('"ぽんぽこ" = ["旅費"]\n', encoding="utf-8")
    assert said(library.thesaurus, "ぽんぽこ") == ["ぽんぽこ"]
    file.unlink()
    assert said(library.thesaurus, "ぽんぽこ") == []
    library.close()


# ---------------------------------------------------------------- kana alone


@pytest.mark.parametrize(
    ("question", "words"),
    [
        ("ゆうきゅうはなんにちありますか", {"有給"}),
        ("ﾕｳｷｭｳ ﾊ ﾅﾝﾆﾁ", {"有給"}),
        ("しゅくはくりょうはいくらですか", {"宿泊料"}),
        ("てれわーくはなんにち", {"テレワーク"}),
        ("テレワークはなんにち", set()),
        ("有給はなんにちありますか", set()),
        ("How many days?", set()),
        ("", set()),
        ("あいうえおかきくけこ", set()),
    ],
)
def test_a_question_in_kana_alone_gets_the_words_that_are_read_so(question: str, words: set[str]) -> None:
    spelled = load(STARTER).spelled(question)
    assert spelled.startswith(question)
    added = set(spelled.removeprefix(question).split())
    assert words <= added and (words or not added)


# ---------------------------------------------------------------- where a phrase is found


def made(*phrases: str) -> Thesaurus:
    return read("\n".join(f'"{phrase}" = ["x"]' for phrase in phrases), "made.toml")


def test_of_overlapping_phrases_the_longest_is_found() -> None:
    thesaurus = made("休み", "夏休み", "夏休みの宿題", "宿題", "sick", "sick day")
    assert said(thesaurus, "夏休みの宿題と休み") == ["夏休みの宿題", "休み"]
    assert said(thesaurus, "夏休みは宿題") == ["夏休み", "宿題"]
    assert said(thesaurus, "A sick day, or just sick") == ["sick day", "sick"]


@pytest.mark.parametrize(
    ("question", "found"),
    [
        ("He said so", False),
        ("the main aim", False),
        ("Thai", False),
        ("Shanghai is", False),
        ("ai2", False),
        ("AI", True),
        ("May I use AI?", True),
        ("AIを使う", True),
        ("ＡＩを使う", True),
        ("業務でAIを使う", True),
        ("AI-made text", True),
        ("many AIs", True),
        ("AIsを", True),
        ("AIsh", False),
    ],
)
def test_a_latin_phrase_ends_where_its_word_ends(question: str, found: bool) -> None:
    assert said(made("ai"), question) == (["ai"] if found else [])


@pytest.mark.parametrize("question", ["a day off", "two days off", "A DAY OFF", "a day offs"])
def test_only_the_end_of_a_phrase_may_be_a_plural(question: str) -> None:
    assert said(made("day off"), question) == ([] if question == "two days off" else ["day off"])


def test_signs_in_a_phrase_mean_themselves() -> None:
    assert said(made("c++", "a.b", "休(み"), "axb c++ a.b 休(み") == ["c++", "a.b", "休(み"]


@pytest.mark.parametrize("question", ["", " ", "。", "🙂", "旅費" * 3_000])
def test_nothing_is_found_where_nothing_stands(question: str) -> None:
    assert Thesaurus().find(question) == made("有休").find(question) == []
