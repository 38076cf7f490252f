"""Train the Japanese static embedding: one vector and two weights for each Sudachi word, no network at run time.

    PYTHONPATH=/path/to/konkyo python train_static.py --wheel ja_ginza-5.3.0-py3-none-any.whl --jaquad jaquad_train.jsonl.gz \
        --laws articles.jsonl.gz --exclude nta_qa_law_dev/corpus.jsonl egov_caption_dev/corpus.jsonl --out static-ja.safetensors

A text is a bag of words (rag.terms.words, without numerals)::

    v(text) = unit( sum over its words w of  a(w) * tf(w) * (c(w) A + d(w)) )

c(w) is the word's chiVe vector (inside the ja-ginza wheel, fixed), A one 300 x 300 map, d(w) the word's own correction, a(w) its
weight: one for questions, one for passages (tf is 1 in a question, 1 + ln n in a passage). A, d and a are learned by
contrast (InfoNCE in both directions, in-batch negatives) on three kinds of pairs, drawn 4 : 4 : 3::

    question -> passage             JaQuAD
    caption -> article              laws; the law's name joins the caption in 1 of 5 and the article in 1 of 2
    5 to 24 words -> the rest       laws (inverse cloze)

A batch is made of runs of 16 neighbours (same page, same law), so its negatives are hard. In 6 of 10 pairs, 7 of 10 words that
both sides share are struck from the passage: what BM25 finds anyway need not be learned, what it cannot find must be. Laws
that occur in the sets to be measured on are left out, with everything enacted under their names.

A word that training did not see keeps c(w) A and the mean weight of the rarest words: so everyday words find their way.
Deterministic for a given machine (seed 0, one thread); 3 minutes on one free core.
"""

import argparse
import gzip
import json
import re
import struct
import zipfile
from collections import Counter
from io import BytesIO

import msgpack
import numpy as np
import torch
import torch.nn.functional as F
from safetensors.numpy import save_file

from rag import terms

DIM = 300
WORD = re.compile(r"^[ぁ-ゖァ-ヺー一-鿿々〆]{1,10}$")


def spacy_hash(data: bytes) -> int:
    """MurmurHash64A, seed 1: how spaCy numbers its strings."""
    mask, m = (1 << 64) - 1, 0xC6A4A7935BD1E995
    h = 1 ^ (len(data) * m & mask)
    whole = len(data) // 8
    for k in struct.unpack(f"<{whole}Q", data[: whole * 8]):
        k = k * m & mask
        h = (h ^ ((k ^ k >> 47) * m & mask)) * m & mask
    if rest := data[whole * 8 :]:
        h = (h ^ int.from_bytes(rest, "little")) * m & mask
    h = (h ^ h >> 47) * m & mask
    return h ^ h >> 47


def chive(wheel: str) -> tuple[dict[str, int], np.ndarray]:
    """Word -> row, and the unit vectors, from the ja-ginza wheel."""
    with zipfile.ZipFile(wheel) as z:
        vocab = next(n for n in z.namelist() if n.endswith("vocab/vectors")).removesuffix("vectors")
        vectors = np.load(BytesIO(z.read(vocab + "vectors"))).astype(np.float32)
        rows = dict(msgpack.unpackb(z.read(vocab + "key2row"), strict_map_key=False))
        strings = json.loads(z.read(vocab + "strings.json"))
    found = {s: rows[h] for s in strings if (h := spacy_hash(s.encode())) in rows}
    return found, vectors / (np.linalg.norm(vectors, axis=1, keepdims=True) + 1e-6)


def read_laws(file: str, exclude: list[str]) -> list[dict]:
    names = {json.loads(line)["title"].split(" ")[0] for name in exclude for line in open(name, encoding="utf-8")}
    roots = {re.split("施行|基本通達|関係通達", name)[0] for name in names}
    articles = [json.loads(line) for line in gzip.open(file, "rt", encoding="utf-8")]
    kept = [
        a
        for a in articles
        if not any(a["law"] == r or a["law"].startswith((r + "施行", r + "の施行")) for r in roots)
        and not a["law"].startswith(("法人税法", "所得税法", "租税特別措置法", "国税通則法"))
    ]
    print(f"{len(kept)} of {len(articles)} articles; left out laws named {sorted(roots)}")
    return kept


class Data:
    def __init__(self, jaquad: str, laws: list[dict]) -> None:
        pages = [json.loads(line) for line in gzip.open(jaquad, "rt", encoding="utf-8")]
        number: dict[str, int] = {}
        self.answer = np.array([number.setdefault(p["passage"], len(number)) for p in pages])
        passages, questions = [terms.words(p) for p in number], [terms.words(p["question"]) for p in pages]
        captions, texts = [terms.words(a["caption"]) for a in laws], [terms.words(a["text"][:3000]) for a in laws]
        count, df = Counter(), Counter()
        for bag in passages + questions + captions + texts:
            count.update(bag)
        for bag in passages + texts:
            df.update(set(bag))
        self.words = [w for w, n in sorted(count.items(), key=lambda x: (-x[1], x[0])) if n >= 3 and not w.isdigit()]
        index = {w: i for i, w in enumerate(self.words)}

        def number_words(bag):
            return np.array([index[w] for w in bag if w in index], np.int64)

        self.passages, self.questions = [number_words(b) for b in passages], [number_words(b) for b in questions]
        self.captions, self.texts = [number_words(b) for b in captions], [number_words(b) for b in texts]
        names = {name: number_words(terms.words(name)) for name in {a["law"] for a in laws}}
        self.names, self.caption_text = [names[a["law"]] for a in laws], [a["caption"] for a in laws]
        total, n = len(passages) + len(texts), np.array([df[w] for w in self.words])
        self.idf = np.log(1 + (total - n + 0.5) / (n + 0.5)).astype(np.float32)
        self.captioned = np.flatnonzero([len(c) > 0 and len(t) > 8 for c, t in zip(self.captions, self.texts)])
        self.long = np.flatnonzero([len(t) > 40 for t in self.texts])

    def batch(self, kind: int, size: int, rng: np.random.Generator):
        """(questions, passages, keys): pairs with one key are not each other's negatives."""

        def runs(pool):
            return np.concatenate([pool[s : s + 16] for s in rng.integers(0, len(pool) - 16, size // 16)])

        def window(text):
            if len(text) <= 220:
                return text
            start = 0 if rng.random() < 0.6 else rng.integers(0, len(text) - 220)
            return text[start : start + 220]

        out = []
        if kind == 0:
            out = [(self.questions[i], self.passages[self.answer[i]], int(self.answer[i])) for i in runs(np.arange(len(self.questions)))]
        elif kind == 1:
            for i in runs(self.captioned):
                question = np.r_[self.names[i], self.captions[i]] if rng.random() < 0.2 else self.captions[i]
                passage = window(self.texts[i])
                out.append((question, np.r_[self.names[i], passage] if rng.random() < 0.5 else passage, self.caption_text[i]))
        else:
            for i in runs(self.long):
                text, n = window(self.texts[i]), int(rng.integers(5, 25))
                start = int(rng.integers(0, len(text) - n))
                out.append((text[start : start + n], np.r_[text[:start], text[start + n :]], int(i)))
        return [x for x in out if len(x[0]) and len(x[1])]


def bag(text: np.ndarray, question: bool) -> tuple[np.ndarray, np.ndarray]:
    ids, n = np.unique(text, return_counts=True)
    return ids, np.ones(len(ids), np.float32) if question else (1 + np.log(n)).astype(np.float32)


def struck(question, passage, rng):
    """The passage without most of the words it shares with the question, in 6 of 10 pairs."""
    if rng.random() < 0.6:
        keep = ~(np.isin(passage[0], question[0]) & (rng.random(len(passage[0])) < 0.7))
        if keep.sum() > 3:
            return passage[0][keep], passage[1][keep]
    return passage


class Net(torch.nn.Module):
    def __init__(self, base: np.ndarray, idf: np.ndarray) -> None:
        super().__init__()
        self.base = torch.tensor(base)
        self.map = torch.nn.Parameter(torch.eye(DIM))
        self.own = torch.nn.Parameter(torch.zeros(len(base), DIM))
        self.weight = torch.nn.Parameter(torch.tensor(np.log(idf + 0.1)))  # logarithms
        self.asked = torch.nn.Parameter(torch.zeros(len(base)))
        self.scale = torch.nn.Parameter(torch.tensor(float(np.log(20))))

    def forward(self, bags, question: bool) -> torch.Tensor:
        ids = torch.from_numpy(np.concatenate([b[0] for b in bags]))
        starts = torch.from_numpy(np.r_[0, np.cumsum([len(b[0]) for b in bags])[:-1]].astype(np.int64))
        w = torch.from_numpy(np.concatenate([b[1] for b in bags])) * torch.exp(self.weight[ids] + (self.asked[ids] if question else 0))
        pool = lambda table: F.embedding_bag(ids, table, starts, mode="sum", per_sample_weights=w)
        return F.normalize(pool(self.base) @ self.map + pool(self.own), dim=1)


def train(data: Data, base: np.ndarray, steps: int, size: int) -> Net:
    torch.manual_seed(0)
    torch.set_num_threads(1)
    rng, net = np.random.default_rng(0), Net(base, data.idf)
    groups = [([net.map], 5e-4), ([net.own], 2e-3), ([net.weight, net.asked], 1e-2), ([net.scale], 1e-2)]
    optimizer = torch.optim.Adam([{"params": p, "lr": r} for p, r in groups], betas=(0.9, 0.99))
    shown: dict[int, float] = {}
    for step in range(steps):
        for group, (_, rate) in zip(optimizer.param_groups, groups):
            group["lr"] = rate * (1 - step / steps) * min(1, (step + 1) / 20)
        kind = int(rng.choice(3, p=np.array([4, 4, 3]) / 11))
        rows = data.batch(kind, size, rng)
        asked = [bag(q, True) for q, _, _ in rows]
        given = [struck(q, bag(p, False), rng) for q, (_, p, _) in zip(asked, rows)]
        numbers: dict = {}
        key = torch.tensor([numbers.setdefault(k, len(numbers)) for _, _, k in rows])
        scores = net(asked, True) @ net(given, False).T * torch.exp(net.scale)
        scores = scores.masked_fill((key[:, None] == key[None, :]) & ~torch.eye(len(key), dtype=torch.bool), -1e4)
        right = torch.arange(len(key))
        loss = 0.7 * F.cross_entropy(scores, right) + 0.3 * F.cross_entropy(scores.T, right)
        optimizer.zero_grad()
        (loss + 1e-3 * net.own.square().sum() / len(key)).backward()
        optimizer.step()
        shown[kind] = 0.95 * shown.get(kind, loss.item()) + 0.05 * loss.item()
        if step % 100 == 99:
            print(step + 1, {k: round(v, 3) for k, v in sorted(shown.items())}, flush=True)
    return net


@torch.no_grad()
def save(net: Net, words: list[str], rows: dict[str, int], vectors: np.ndarray, file: str) -> None:
    """int8 vectors with a scale for each row; each word has a row and two weights."""
    own = (net.base @ net.map + net.own).numpy()
    known, mapped = set(words), vectors @ net.map.numpy()
    more = sorted(w for w in rows if w not in known and WORD.match(w))
    used = sorted({rows[w] for w in more})
    place = {r: len(words) + i for i, r in enumerate(used)}
    table = np.concatenate([own, mapped[used]])
    scale = np.abs(table).max(1) / 127 + 1e-12
    passage = np.exp(net.weight.numpy())
    question = np.exp((net.weight + net.asked).numpy())
    rare = float(np.exp(net.weight[-3000:].mean().item()))
    save_file(
        {
            "words": np.frombuffer("\n".join([*words, *more]).encode(), np.uint8),
            "row": np.array([*range(len(words)), *(place[rows[w]] for w in more)], np.int32),
            "question": np.r_[question, np.full(len(more), rare)].astype(np.float16),
            "passage": np.r_[passage, np.full(len(more), rare)].astype(np.float16),
            "scale": scale.astype(np.float32),
            "vectors": np.round(table / scale[:, None]).astype(np.int8),
        },
        file,
        {"name": "konkyo-static-ja", "licence": "CC BY-SA 3.0 (JaQuAD), Apache-2.0 (chiVe); see rag/models/static-ja.md"},
    )
    print(f"{len(words)} trained words, {len(more)} more, {len(table)} vectors")


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    for name in ("wheel", "jaquad", "laws", "out"):
        parser.add_argument(f"--{name}", required=True)
    parser.add_argument("--exclude", nargs="*", default=[], help="BEIR corpora whose laws must not be trained on")
    parser.add_argument("--steps", type=int, default=400)
    parser.add_argument("--batch", type=int, default=512)
    args = parser.parse_args()
    rows, vectors = chive(args.wheel)
    data = Data(args.jaquad, read_laws(args.laws, args.exclude))
    base = np.zeros((len(data.words), DIM), np.float32)
    for i, word in enumerate(data.words):
        if word in rows:
            base[i] = vectors[rows[word]]
    save(train(data, base, args.steps, args.batch), data.words, rows, vectors, args.out)
