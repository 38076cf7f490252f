"""What a question looks for: every weight by hand."""

from __future__ import annotations

import pytest

from rag import terms
from rag.question import LITTLE, LONG, MEANS, STORY, understand
from rag.thesaurus import Thesaurus, read

THESAURUS = read('"有休" = ["年次休暇", "休暇の承認"]\n"day off" = ["leave of absence"]\n', "made.toml")


def test_the_weights() -> None:
    assert (MEANS, LITTLE, STORY, LONG) == (0.6, 0.3, 0.7, 120)


def test_a_word_of_the_question_weighs_one() -> None:
    asked = understand("旅費を請求する")
    assert asked.text == "旅費を請求する"
    assert asked.words == {"旅費": 1.0, "請求": 1.0, "為る": 1.0}
    assert asked.bigrams == {"旅費": 1.0, "費を": 1.0, "を請": 1.0, "請求": 1.0, "求す": 1.0, "する": 1.0}
    assert asked.meant == {}


def test_every_term_counts_once() -> None:
    assert understand("旅費、旅費、旅費") == understand("旅費、旅費、旅費", Thesaurus())
    assert understand("旅費、旅費、旅費").words == {"旅費": 1.0}
    assert understand("旅費、旅費、旅費").bigrams == {"旅費": 1.0}
    assert understand("claim claims claiming").words == {"claim": 1.0}


def test_an_english_stop_word_weighs_little() -> None:
    assert understand("When is the claim due?").words == {"when": 0.3, "is": 0.3, "the": 0.3, "claim": 1.0, "due": 1.0}


def test_a_word_of_the_thesaurus_weighs_point_six() -> None:
    asked = understand("有休", THESAURUS)
    assert asked.words == {"有休": 1.0, "年次": 0.6, "休暇": 0.6, "承認": 0.6}
    assert asked.bigrams == {"有休": 1.0, "年次": 0.6, "次休": 0.6, "休暇": 0.6, "暇の": 0.6, "の承": 0.6, "承認": 0.6}


def test_a_word_that_the_question_has_itself_keeps_its_weight() -> None:
    asked = understand("有休の承認", THESAURUS)
    assert (asked.words["承認"], asked.words["年次"]) == (1.0, 0.6)
    assert (asked.bigrams["承認"], asked.bigrams["次休"]) == (1.0, 0.6)


def test_an_official_term_stands_for_the_word_only_as_a_whole() -> None:
    asked = understand("有休はいつ取れるか", THESAURUS)
    assert asked.meant == {"有休": (frozenset({"年次", "休暇"}), frozenset({"休暇", "承認"}))}
    # Every word of a phrase is meant by the phrase; "of" is one of the words that its official term has.
    assert understand("a day off", THESAURUS).meant == dict.fromkeys(("day", "off"), (frozenset({"leav", "of", "absenc"}),))
    assert understand("旅費", THESAURUS).meant == {}


# ---------------------------------------------------------------- stories

STORY_JA = "大阪で会議に出た。新幹線に乗った。"
ASKING_JA = "旅費と会議はどうなりますか"


@pytest.mark.parametrize(("characters", "weight"), [(LONG, 1.0), (LONG + 1, 0.7)])
def test_a_story_counts_less_only_in_a_question_of_more_than_120_characters(characters: int, weight: float) -> None:
    asked = understand(f"{STORY_JA}{ASKING_JA}".ljust(characters))
    assert {term: asked.words[term] for term in ("大阪", "新幹線", "旅費", "会議")} == {
        "大阪": weight,
        "新幹線": weight,
        "旅費": 1.0,
        "会議": 1.0,  # in the story and in the asking
    }
    assert {pair: asked.bigrams[pair] for pair in ("大阪", "阪で", "旅費", "会議")} == {
        "大阪": weight,
        "阪で": weight,
        "旅費": 1.0,
        "会議": 1.0,
    }


@pytest.mark.parametrize(
    "asking",
    [
        "旅費は出ますか？",
        "旅費は出るの？",
        "旅費は出るのでしょうか",
        "旅費を教えてください。",
        "旅費を教えて下さい！",
        "旅費は出る?",
        "旅費 paid?",
    ],
)
def test_a_sentence_that_asks_is_known_by_its_end_wherever_it_stands(asking: str) -> None:
    for text in (f"{asking}\n大阪へ行った。", f"大阪へ行った。\n{asking}"):
        words = understand(text.ljust(LONG + 1)).words
        assert (words["大阪"], words["旅費"]) == (0.7, 1.0), text


def test_where_nothing_asks_the_last_sentence_does() -> None:
    words = understand("大阪へ行った。旅費を請求した。".ljust(LONG + 1)).words
    assert (words["大阪"], words["旅費"]) == (0.7, 1.0)


def test_a_stop_word_of_a_story_weighs_both() -> None:
    words = understand("We went to Osaka by rail. Is the fare paid?".ljust(LONG + 1)).words
    assert words == {
        "we": pytest.approx(0.7 * 0.3),
        "went": 0.7,
        "to": pytest.approx(0.7 * 0.3),
        "osaka": 0.7,
        "by": pytest.approx(0.7 * 0.3),
        "rail": 0.7,
        "is": 0.3,
        "the": 0.3,
        "fare": 1.0,
        "paid": 1.0,
    }


def test_a_word_of_the_thesaurus_weighs_the_same_in_a_story() -> None:
    words = understand("有休を取った。旅費は出ますか".ljust(LONG + 1), THESAURUS).words
    assert (words["有休"], words["年次"], words["旅費"]) == (0.7, 0.6, 1.0)


@pytest.mark.parametrize("text", ["", " " * 200, "。" * 200, "\n" * 200, "🙂" * 200, "1" * 200, "あ" * 5_000, "旅費?" * 1_000])
def test_odd_questions_have_their_own_terms_and_no_others(text: str) -> None:
    asked = understand(text, THESAURUS)
    assert set(asked.words) == set(terms.words(text))
    assert set(asked.bigrams) == set(terms.bigrams(text))
    assert set(asked.words.values()) | set(asked.bigrams.values()) <= {1.0, 0.7}
