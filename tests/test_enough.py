"""The measure of "the documents answer this": its features, its file, and what the threshold does."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

from rag import terms
from rag.answer import enough, quote
from rag.answer.asks import focus
from rag.answer.relevance import Question
from rag.ask import ask, threshold
from rag.errors import ModelError
from rag.library import Library
from rag.records import Document, Hit, RefusalReason

from .conftest import TODAY
from .quoted import hits_of, prose

pytestmark = pytest.mark.xdist_group("model")


def asked(text: str) -> Question:
    return Question(weights=dict.fromkeys(terms.content_words(text), 1.0), text=text)


def values(text: str, *documents: Document, size: int = 1_000, change: Callable[[Hit], Hit] = lambda hit: hit) -> dict[str, float]:
    hits, load = hits_of(*documents)
    hits = [change(hit) for hit in hits]
    return enough.features(asked(text), hits, quote.weigh(asked(text), hits, load), size)


HOTEL = prose("宿泊料は、一夜につき一万円を上限とする。", id="hotel")
LEAVE = prose("休暇は届け出る。", id="leave")


def test_every_feature_has_a_value_and_a_weight() -> None:
    assert set(values("宿泊料の上限はいくらですか", HOTEL)) == set(enough.names()) == set(enough.load().weights)
    assert set(values("宿泊料の上限はいくらですか")) == set(enough.names()), "where nothing was found"


def test_a_share_is_that_of_the_best_passage() -> None:
    found = values("宿泊料の上限はいくらですか", LEAVE, HOTEL)
    # 宿泊, 料, 上限: all in one passage, which is what is asked of.
    assert found["akin"] == found["sentence"] == found["focus"] == pytest.approx(1.0)
    assert found["hole"] == 0.0
    assert found["decided"] == pytest.approx(1.0), "the sentence holds an amount"
    assert found["undecided"] == 0.0
    assert (found["whether"], found["particular"], found["english"]) == (0.0, 1.0, 0.0)
    assert found["long"] == math.log(3)


def test_a_word_that_no_passage_has_is_a_hole_in_what_is_asked_of() -> None:
    found = values("宿泊料を払う宇宙船の燃料はいくらですか", LEAVE, HOTEL)
    assert found["hole"] == 1.0
    assert found["focus"] < 1.0


def test_what_no_sentence_holds_is_undecided() -> None:
    found = values("休暇の手当はいくらですか", LEAVE)
    assert (found["undecided"], found["decided"]) == (1.0, 0.0)


def test_a_question_without_a_shape_is_decided_so_far() -> None:
    assert values("休暇の届について", LEAVE)["decided"] == enough.UNTYPED


def test_the_best_cosine_stands_out_from_the_background() -> None:
    documents = [prose(f"休暇は{word}に届け出る。", id=word) for word in "甲乙丙丁戊己庚辛壬癸子丑寅卯"]
    even = values("休暇の届について", *documents, change=lambda hit: replace(hit, parts={"vector-ja": 0.5}))
    out = values("休暇の届について", *documents, change=lambda hit: replace(hit, parts={"vector-ja": 0.9 if hit.rank == 1 else 0.5}))
    assert even["stands_out"] == pytest.approx(0.0)
    assert out["stands_out"] == pytest.approx(0.4 / 0.02)


def test_the_library_counts_as_no_smaller_and_no_larger_than_those_it_was_learned_from() -> None:
    assert [values("休暇", LEAVE, size=size)["size"] for size in (0, 3, 1_000, 10**6)] == [
        math.log(size) for size in (enough.SMALL, enough.SMALL, 1_000, enough.LARGE)
    ]


def test_what_a_question_is_like_is_also_multiplied_with_the_size() -> None:
    found = values("宿泊料の上限はいくらですか", HOTEL)
    assert found["long*size"] == found["long"] * found["size"] == math.log(3) * math.log(1_000)


def test_sentences_before_the_asking_one_count() -> None:
    assert values("届を出した。受け付けられない。なぜですか", LEAVE)["story"] == math.log(3)
    assert values("届はいつ出すのですか", LEAVE)["story"] == 0.0


def test_the_probability_is_that_of_the_formula() -> None:
    measure = enough.Enough(
        threshold=0.5, bias=0.3, weights={"a": 2.0, "b": -1.0}, means={"a": 0.5, "b": 1.0}, deviations={"a": 0.25, "b": 2.0}
    )
    logit = 0.3 + 2.0 * (0.75 - 0.5) / 0.25 - 1.0 * (3.0 - 1.0) / 2.0
    assert measure({"a": 0.75, "b": 3.0, "more": 9.0}) == pytest.approx(1 / (1 + math.exp(-logit)))
    assert measure({"a": 1e9, "b": 0.0}) <= 1.0


def test_a_sentence_with_all_words_of_a_short_question_answers_it() -> None:
    hits, load = hits_of(LEAVE, HOTEL)
    for text, sure in (("宿泊料の上限", True), ("宿泊料の上限と宇宙船の燃料", False)):
        assert (enough.answered(asked(text), hits, quote.weigh(asked(text), hits, load), 10) >= enough.CERTAIN) is sure


@pytest.mark.parametrize(
    "text", ["threshold = ", "bias = 1", 'threshold = 0.5\nbias = 0\n[features]\n"akin" = { weight = 1, mean = 0, deviation = 1 }']
)
def test_broken_weights_are_named(tmp_path: Path, text: str) -> None:
    (tmp_path / "enough.toml").write_text(text, encoding="utf-8")
    with pytest.raises(ModelError, match=r"enough\.toml"):
        enough.load(tmp_path / "enough.toml")


@pytest.mark.parametrize(
    ("question", "words"),
    [
        ("窓口で押す受付印は、直径何ミリと決まっていますか", "直径"),
        ("出張です。今年のボーナスはいつ出ますか", "今年のボーナスは"),
        ("どこの課に言えばいい？", "の課に言えばいい？"),
        ("自分の車を使ってもいいですか", ""),
        ("What time does the canteen close?", ""),
    ],
)
def test_what_a_question_asks_of(question: str, words: str) -> None:
    assert focus(question) == words


# ---------------------------------------------------------------- asking


def test_a_question_that_the_documents_do_not_answer_is_refused_with_words_to_ask_instead(sample: Library) -> None:
    answer = ask(sample, "有休で行く火星旅行の燃料はどこの惑星で買えますか", clearance=3, as_of=TODAY)
    assert answer.refusal is not None
    assert answer.refusal.reason is RefusalReason.NOT_ANSWERED
    assert answer.answered is not None
    assert answer.answered < threshold(sample)
    assert "年次休暇" in answer.refusal.suggestions
    assert answer.refusal.nearest


def test_the_threshold_is_a_setting(sample: Library, monkeypatch: pytest.MonkeyPatch) -> None:
    question = "有休で行く火星旅行の燃料はどこの惑星で買えますか"
    monkeypatch.setattr(sample, "settings", replace(sample.settings, refuse_below=0.0))
    assert ask(sample, question, clearance=3, as_of=TODAY).statements
    monkeypatch.setattr(sample, "settings", replace(sample.settings, refuse_below=1.0))
    assert ask(sample, "年次休暇は何日もらえますか", clearance=3, as_of=TODAY).refusal


def test_what_names_a_provision_is_never_refused_for_this_reason(sample: Library, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sample, "settings", replace(sample.settings, refuse_below=1.0))
    assert ask(sample, "公共サービス省職員旅費取扱規程の第十二条", clearance=3, as_of=TODAY).statements
