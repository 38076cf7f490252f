"""A model of natural language inference votes on written sentences: tiny ones made here, and votes given by hand."""

from __future__ import annotations

from importlib import import_module
from pathlib import Path
from typing import Any

import pytest
import torch

from rag.ask import ask
from rag.cross_encoder import LABELS, Judge
from rag.errors import ModelError
from rag.library import Library
from rag.model import Endpoint, LanguageModel
from rag.records import Flaw, Status
from rag.settings import Settings

from .conftest import TODAY
from .lying_model import LyingModel
from .test_cross_encoder import WORDS
from .test_support import RULE, check, flaws

FAITHFUL = "職員は、急病のときを除き、休暇を取得するときは5日前までに所属長に申請しなければなりません。"
OTHER_WORDS = "職員は、急病のときを除き、休暇を取得するときは5日前までに所属長に所定の用紙を添えて申請しなければなりません。"


def tiny(folder: Path, *labels: str) -> Path:
    """A classifier of random weights, the same each time."""
    folder.mkdir()
    (folder / "vocab.txt").write_text("\n".join(WORDS), encoding="utf-8")
    torch.manual_seed(0)
    made: Any = import_module("transformers")
    size = {"hidden_size": 16, "num_hidden_layers": 1, "num_attention_heads": 2, "intermediate_size": 16}
    config = made.BertConfig(vocab_size=len(WORDS), id2label=dict(enumerate(labels)), initializer_range=1.0, **size)
    made.BertForSequenceClassification(config).save_pretrained(folder)
    made.BertTokenizerFast(vocab_file=str(folder / "vocab.txt")).save_pretrained(folder)
    return folder


def vote(**probabilities: float) -> Any:
    return lambda evidence, sentence: dict.fromkeys(LABELS, 0.0) | probabilities


def test_each_output_is_what_the_config_calls_it(tmp_path: Path) -> None:
    one = Judge(str(tiny(tmp_path / "one", "contradiction", "entailment", "neutral")))
    other = Judge(str(tiny(tmp_path / "other", "ENTAILMENT", "NEUTRAL", "CONTRADICTION")))
    a, b = one.entails("travel claim", "hotel claim"), other.entails("travel claim", "hotel claim")
    assert sum(a.values()) == pytest.approx(1.0)
    assert a["contradiction"] == pytest.approx(b["entailment"]) and a["entailment"] == pytest.approx(b["neutral"])
    assert len({round(value, 4) for value in a.values()}) == 3


@pytest.mark.parametrize("labels", [("entailment", "not_entailment"), ("LABEL_0", "LABEL_1", "LABEL_2")])
def test_outputs_that_are_not_named_are_not_guessed(tmp_path: Path, labels: tuple[str, ...]) -> None:
    with pytest.raises(ModelError, match="KONKYO_ENTAILMENT"):
        Judge(str(tiny(tmp_path / "model", *labels))).entails("a", "b")


def test_a_model_that_is_not_there_is_said(tmp_path: Path) -> None:
    with pytest.raises(ModelError, match="KONKYO_ENTAILMENT"):
        Judge(str(tmp_path / "nowhere")).entails("a", "b")


def test_a_contradiction_is_left_out() -> None:
    assert check(RULE, FAITHFUL, entails=vote(contradiction=0.1)).status is Status.SUPPORTED
    verdict = check(RULE, FAITHFUL, entails=vote(contradiction=0.9))
    assert (verdict.status, flaws(verdict)) == (None, {Flaw.CONTRADICTED})


def test_it_vouches_for_other_words_and_for_nothing_else() -> None:
    assert flaws(check(RULE, OTHER_WORDS)) == {Flaw.WORDS}
    assert check(RULE, OTHER_WORDS, entails=vote(entailment=0.95)).status is Status.SUPPORTED
    changed = FAITHFUL.replace("5日前", "9日前")
    assert check(RULE, changed, entails=vote(entailment=0.99)).status is None


def test_the_setting_adds_the_vote_to_an_answer(sample_home: Path, tmp_path: Path) -> None:
    folder = tiny(tmp_path / "model", "contradiction", "entailment", "neutral")
    library = Library(Settings(home=sample_home, entailment=str(folder)))
    with LyingModel() as model:
        library.language_model = LanguageModel(Endpoint(url=model.url, model="faithful:2", seconds=20.0))
        answer = ask(library, "兼業の許可の更新は、期間が満了する何日前までに申請しますか", clearance=3, as_of=TODAY)
    assert library.judge is not None and len(library.judge.labels) == 3
    assert "model" in vars(library.judge), "it was asked"
    assert answer.statements
    library.close()
