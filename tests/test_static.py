"""The Japanese model in the repository: its bytes are the ones measured, its vectors the formula, its neighbours sensible."""

from __future__ import annotations

import hashlib
import math
from pathlib import Path

import numpy as np
import pytest
from safetensors.numpy import load_file

from rag import terms
from rag.embed import Role, Vectors
from rag.errors import ModelError
from rag.static import SHA256, WEIGHTS, StaticModel

MODEL = StaticModel()
ROLES: tuple[Role, Role] = ("query", "passage")
NOBODY_KNOWS = "zzzqq xkcdv"


def of(text: str, role: Role = "passage") -> Vectors:
    return np.asarray(MODEL.encode([text], role)[0])


# ---------------------------------------------------------------- the file


def test_the_weights_are_the_ones_that_were_measured() -> None:
    assert hashlib.sha256(WEIGHTS.read_bytes()).hexdigest() == SHA256
    assert MODEL.fingerprint == f"static-ja-{SHA256[:16]}"
    assert MODEL.dimension == 300


def test_a_changed_copy_is_refused(tmp_path: Path) -> None:
    copy = tmp_path / "static-ja.safetensors"
    data = bytearray(WEIGHTS.read_bytes())
    copy.write_bytes(data)
    assert StaticModel(copy).dimension == 300
    data[-1] ^= 1
    copy.write_bytes(data)
    with pytest.raises(ModelError, match=r"static-ja\.safetensors was changed\. Restore the file\."):
        StaticModel(copy).encode(["旅費"])


@pytest.mark.parametrize("data", [b"", b"version https://git-lfs.github.com/spec/v1\n"])
def test_an_empty_file_and_a_pointer_to_one_are_refused(tmp_path: Path, data: bytes) -> None:
    copy = tmp_path / "static-ja.safetensors"
    copy.write_bytes(data)
    with pytest.raises(ModelError, match="was changed"):
        StaticModel(copy).readable(["旅費を請求する"])


def test_a_file_that_is_not_there_is_named(tmp_path: Path) -> None:
    with pytest.raises(ModelError, match=r"missing\.safetensors cannot be read \(No such file or directory\)"):
        StaticModel(tmp_path / "missing.safetensors").encode(["旅費"])


# ---------------------------------------------------------------- the vectors


@pytest.mark.parametrize("role", ROLES)
@pytest.mark.parametrize("text", ["旅費を請求する", "旅費、旅費、旅費、請求", "職員は許可を受けて兼業を行うことができる。"])
def test_a_vector_is_the_formula(text: str, role: Role) -> None:
    tables = load_file(WEIGHTS)
    places = {word: place for place, word in enumerate(tables["words"].tobytes().decode().split("\n"))}
    words = terms.words(text)
    total = np.zeros(300)
    for word in set(words) & set(places):
        place = places[word]
        row = tables["row"][place]
        tf = 1.0 if role == "query" else 1 + math.log(words.count(word))
        weight = float(tables["question" if role == "query" else "passage"][place])
        total += weight * tf * float(tables["scale"][row]) * tables["vectors"][row].astype(np.float64)
    np.testing.assert_allclose(of(text, role), total / np.linalg.norm(total), atol=1e-5)


@pytest.mark.parametrize("role", ROLES)
def test_vectors_are_of_unit_length(role: Role) -> None:
    texts = ["旅費", "旅費を請求する期限", "職員は、年次休暇の承認を受けなければならない。" * 200, f"旅費 {NOBODY_KNOWS}"]
    vectors = MODEL.encode(texts, role)
    assert vectors.shape == (len(texts), 300)
    assert vectors.dtype == np.float32
    np.testing.assert_allclose(np.linalg.norm(vectors, axis=1), 1.0, atol=1e-5)


def test_a_question_and_a_passage_of_the_same_words_differ() -> None:
    text = "旅費の請求はいつまでにすればよいですか"
    assert 0.5 < float(of(text, "query") @ of(text)) < 0.999
    assert float(of("旅費", "query") @ of("旅費")) == pytest.approx(1.0, abs=1e-5), "one word has one direction"
    # How often a word stands there counts in a passage only.
    assert np.array_equal(of("旅費と請求", "query"), of("旅費と請求、旅費、旅費", "query"))
    assert not np.allclose(of("旅費と請求"), of("旅費と請求、旅費、旅費"), atol=1e-3)


@pytest.mark.parametrize("role", ROLES)
@pytest.mark.parametrize("text", ["", " \n", NOBODY_KNOWS, "。、！", "🙂"])
def test_a_text_without_a_known_word_is_zeros(text: str, role: Role) -> None:
    assert not of(text, role).any()
    assert MODEL.encode([text, "旅費"], role)[1].any()


def test_no_texts_are_no_vectors() -> None:
    assert MODEL.encode([]).shape == (0, 300)
    assert MODEL.readable([]) == []


def test_the_same_text_has_the_same_vector_alone_in_company_and_in_another_process() -> None:
    texts = ["旅費を請求する", "年次休暇の承認", NOBODY_KNOWS]
    together = MODEL.encode(texts)
    assert together.tobytes() == StaticModel().encode(texts).tobytes()
    assert together.tobytes() == b"".join(MODEL.encode([text]).tobytes() for text in texts)


def test_widths_do_not_matter() -> None:
    assert np.array_equal(of("ﾃﾚﾜｰｸの申請"), of("テレワークの申請"))


# ---------------------------------------------------------------- what it reads


@pytest.mark.parametrize(
    ("text", "yes"),
    [
        ("職員は、年次休暇を受けることができる。", True),
        ("ゆうきゅうをとりたい", True),
        ("VPNの申請", True),
        ("生成AIを使ってよいか", True),
        ("Staff may take annual leave.", False),
        ("The directive (訓令) applies to all staff of the Ministry of Public Services.", False),
        ("", False),
        ("123", False),
        ("🙂", False),
        ("ヴォルグゼン", False),  # no known word
    ],
)
def test_it_reads_japanese_and_says_so(text: str, yes: bool) -> None:
    assert MODEL.readable([text]) == [yes]


# ---------------------------------------------------------------- what it is for

PROVISIONS = {
    "leave": "職員は、年次休暇を受けようとするときは、あらかじめ各省各庁の長の承認を受けなければならない。",
    "travel": "旅費は、職員が出張した場合に、旅行命令に従って旅行した経路により計算する。",
    "overtime": "正規の勤務時間を超えて勤務することを命ぜられた職員には、超過勤務手当を支給する。",
    "sidejob": "職員は、許可を受けて報酬を得る兼業を行うことができる。",
    "records": "行政文書は、保存期間が満了したときは、国立公文書館に移管し、又は廃棄する。",
}


@pytest.mark.parametrize(
    ("question", "right", "other"),
    [
        ("有休を取りたい", "leave", "travel"),
        ("出張の交通費はどう計算しますか", "travel", "overtime"),
        ("残業代はもらえますか", "overtime", "travel"),
        ("副業していいですか", "sidejob", "overtime"),
        ("古い書類は捨てていいですか", "records", "leave"),
    ],
)
def test_an_everyday_question_is_nearer_to_the_provision_that_answers_than_to_another(question: str, right: str, other: str) -> None:
    asked = of(question, "query")
    assert float(asked @ of(PROVISIONS[right])) > float(asked @ of(PROVISIONS[other])) + 0.05


def test_the_share_of_a_question_that_is_known() -> None:
    assert MODEL.known("旅費の請求") == 1.0
    content = terms.content_words("旅費の踰踱")
    assert content[0] == "旅費" and len(content) > 1
    assert MODEL.known("旅費の踰踱") == pytest.approx(1 / len(content))
    assert MODEL.known("ですか") == 1.0, "nothing is asked that it could not know"
