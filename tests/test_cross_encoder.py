"""A cross-encoder takes the second stage's place: a tiny one, made here, read from safetensors only."""

from __future__ import annotations

from importlib import import_module
from pathlib import Path
from typing import Any

import pytest
import torch

from rag import cross_encoder
from rag.cross_encoder import Reader
from rag.errors import ModelError
from rag.search import search
from rag.second_stage import FEATURES

from .conftest import TODAY
from .small import document, library_at, publish

WORDS = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]", "travel", "claim", "hotel", "lamp", "title", "of", "part", "a", "b", "c", "1", "."]


def tiny(folder: Path, labels: int = 1, safe: bool = True) -> Path:
    """A model of random weights, the same each time."""
    folder.mkdir()
    (folder / "vocab.txt").write_text("\n".join(WORDS), encoding="utf-8")
    torch.manual_seed(0)
    made: Any = import_module("transformers")
    size = {"hidden_size": 16, "num_hidden_layers": 1, "num_attention_heads": 2, "intermediate_size": 16}
    config = made.BertConfig(vocab_size=len(WORDS), num_labels=labels, initializer_range=1.0, **size)
    made.BertForSequenceClassification(config).save_pretrained(folder)
    made.BertTokenizerFast(vocab_file=str(folder / "vocab.txt")).save_pretrained(folder)
    if not safe:
        (folder / "model.safetensors").rename(folder / "pytorch_model.bin")
    return folder


def test_the_order_is_that_of_the_cross_encoder(tmp_path: Path) -> None:
    library = library_at(tmp_path / "home", reranker=str(tiny(tmp_path / "model")))
    publish(library, [document("a", "Travel claim."), document("b", "Hotel claim."), document("c", "Lamp claim travel.")])
    hits = search(library, "travel claim", clearance=3, as_of=TODAY).hits
    texts = [f"{hit.chunk.context}\n{hit.chunk.text}" for hit in hits]
    assert library.reader is not None
    scores = library.reader.scores("travel claim", texts)
    assert len(set(scores)) > 1
    assert scores == sorted(scores, reverse=True)
    assert [hit.parts["cross_encoder"] for hit in hits] == pytest.approx(scores, abs=1e-5)
    assert not {part for hit in hits for part in hit.parts} & {*FEATURES}
    library.close()


def test_what_it_does_not_read_stands_behind(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(cross_encoder, "FIRST", 1)
    library = library_at(tmp_path / "home", reranker=str(tiny(tmp_path / "model")))
    publish(library, [document("a", "Travel claim."), document("b", "Hotel claim."), document("c", "Lamp claim.")])
    hits = search(library, "travel claim", clearance=3, as_of=TODAY).hits
    assert ["cross_encoder" in hit.parts for hit in hits] == [True, False, False]
    assert [hit.score for hit in hits] == sorted((hit.score for hit in hits), reverse=True)
    library.close()


def test_pickled_weights_are_refused(tmp_path: Path) -> None:
    with pytest.raises(ModelError, match="no .safetensors file"):
        Reader(str(tiny(tmp_path / "model", safe=False))).scores("a", ["b"])


def test_a_model_that_classifies_does_not_rank(tmp_path: Path) -> None:
    with pytest.raises(ModelError, match="has 3 outputs"):
        Reader(str(tiny(tmp_path / "model", labels=3))).scores("a", ["b"])


def test_a_model_that_is_not_there_is_told_with_its_setting() -> None:
    with pytest.raises(ModelError, match="KONKYO_RERANKER"):
        Reader("/no/such/model").scores("a", ["b"])
