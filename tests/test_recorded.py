"""A recording of a model says what the model says, for every length; what would say something else is not recorded."""

from __future__ import annotations

from pathlib import Path
from threading import Thread
from typing import Any

import numpy as np
import pytest

from rag.embed import Embedder
from rag.recorded import recorded

pytestmark = pytest.mark.xdist_group("model")


@pytest.fixture(scope="module")
def embedder() -> Embedder:
    return Embedder()


def _recorded_here(embedder: Embedder) -> None:
    import torch

    if embedder.model.dtype != torch.float32:
        # Nor are its sums the same to five digits, whichever thread adds them up.
        pytest.skip("this processor is quicker in bfloat16, which is not recorded")


def test_a_question_has_the_vector_that_the_model_itself_gives(embedder: Embedder, monkeypatch: pytest.MonkeyPatch) -> None:
    _recorded_here(embedder)
    assert recorded(embedder.model) is not None
    calls: list[str] = []
    encode = embedder.model.encode_query

    def told(texts: list[str], **options: Any) -> Any:
        calls.extend(texts)
        return encode(texts, **options)

    monkeypatch.setattr(embedder.model, "encode_query", told)
    for length in (0, 1, 2, 7, 40, 300, 3_000):  # the last is cut by the model
        question = "May I claim the fare? " * length
        itself = encode([question], convert_to_numpy=True)[0]
        np.testing.assert_allclose(embedder.encode([question], "query")[0], itself / np.linalg.norm(itself), atol=1e-5)
    assert calls == [], "each was played from the recording"
    embedder.encode(["one", "two"], "query")
    assert sorted(calls) == ["one", "two"]


def test_several_threads_play_it_at_once(embedder: Embedder) -> None:
    _recorded_here(embedder)
    questions = ["fare " * (1 + at * 7 % 50) for at in range(60)]
    right = [embedder.encode([question], "query")[0] for question in questions]
    wrong: list[str] = []

    def ask(part: int) -> None:
        for at in range(part, len(questions), 4):
            if not np.allclose(embedder.encode([questions[at]], "query")[0], right[at], atol=1e-5):
                wrong.append(questions[at])

    threads = [Thread(target=ask, args=(part,)) for part in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert wrong == []


@pytest.mark.parametrize("way", ["branches on the text", "keeps a size"])
def test_a_model_whose_recording_would_err_is_run_as_it_is(embedder: Embedder, way: str) -> None:
    import torch
    from sentence_transformers import SentenceTransformer

    class Odd(torch.nn.Module):
        def forward(self, features: dict[str, torch.Tensor]) -> dict[str, torch.Tensor]:
            if way == "branches on the text":
                turned = features["input_ids"].shape[1] > 12
                return features | {"sentence_embedding": features["sentence_embedding"] * (-1 if turned else 1)}
            return features | {"sentence_embedding": features["sentence_embedding"] * float(features["input_ids"].sum())}

        def save(self, output_path: str | Path, *rest: object, **more: object) -> None: ...

    model = SentenceTransformer(modules=[*embedder.model, Odd()], device="cpu", prompts={"query": "", "document": ""})
    assert recorded(model.eval()) is None
