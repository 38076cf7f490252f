"""Cross-encoders: models that read two texts together. One output says how well question and passage fit, three whether one follows.

A Reader takes the second stage's place in search; a Judge adds its vote to what is checked of a written sentence. Any
sentence-transformers CrossEncoder with weights in safetensors; a folder, or a hub name that lies in the local cache. No code of a
model is run, nothing is downloaded unless a setting says so.
"""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

from rag.errors import ModelError

if TYPE_CHECKING:
    from sentence_transformers import CrossEncoder

FIRST = 50
"""So many candidates of the first stage are read; each costs as much as a passage that is embedded."""
BATCH = 16


@dataclass(frozen=True)
class _CrossEncoder:
    """A cross-encoder, loaded at first use.

    Args:
        name: a folder, or a hub name that lies in the local cache.
        download: let a hub name be fetched.
    """

    name: str
    download: bool = False


class Reader(_CrossEncoder):
    """One that ranks: it has one output."""

    @cached_property
    def model(self) -> CrossEncoder:
        """The loaded model.

        Raises:
            ModelError: it is not there, not in safetensors, or has more than one output.
        """
        model = _load(self.name, self.download, "KONKYO_RERANKER")
        outputs = int(model.num_labels)
        if outputs != 1:
            raise ModelError(
                f"The cross-encoder {self.name!r} has {outputs} outputs; one that ranks has 1. Name another (KONKYO_RERANKER)."
            )
        return model

    def scores(self, question: str, passages: Sequence[str]) -> list[float]:
        """How well each passage fits the question; what the model's own activation makes of it, mostly 0 to 1."""
        if not passages:
            return []
        given = self.model.predict([(question, passage) for passage in passages], batch_size=BATCH, show_progress_bar=False)
        return [float(score) for score in given]


LABELS = ("entailment", "neutral", "contradiction")


class Judge(_CrossEncoder):
    """One of natural language inference: it has three outputs."""

    @cached_property
    def model(self) -> CrossEncoder:
        """The loaded model.

        Raises:
            ModelError: it is not there, or not in safetensors.
        """
        return _load(self.name, self.download, "KONKYO_ENTAILMENT")

    @cached_property
    def labels(self) -> tuple[str, ...]:
        """What each output means, in the model's order, as id2label of its config says.

        Raises:
            ModelError: the outputs are not entailment, neutral and contradiction.
        """
        config: Any = self.model.config
        named: Mapping[int, str] = config.id2label
        labels = tuple(str(named[at]).lower() for at in sorted(named))
        if sorted(labels) != sorted(LABELS):
            raise ModelError(
                f"The cross-encoder {self.name!r} has the outputs {', '.join(labels)}; one that judges has {', '.join(LABELS)}, "
                "named in id2label of its config.json. Name another (KONKYO_ENTAILMENT), or leave the setting out."
            )
        return labels

    def entails(self, evidence: str, sentence: str) -> dict[str, float]:
        """Probabilities, which sum to 1, that ``sentence`` follows from ``evidence``, that it may be, that it cannot be."""
        labels = self.labels
        given = self.model.predict([(evidence, sentence)], apply_softmax=True, show_progress_bar=False)[0]
        return {label: float(value) for label, value in zip(labels, given, strict=True)}


def _load(name: str, download: bool, setting: str) -> CrossEncoder:
    folder = Path(name).expanduser()
    if folder.is_dir() and not any(folder.rglob("*.safetensors")):
        raise ModelError(f"{folder} holds no .safetensors file; pickled weights are not loaded. Convert the model to safetensors.")
    if not download:
        os.environ["HF_HUB_OFFLINE"] = "1"
        os.environ["TRANSFORMERS_OFFLINE"] = "1"
    from safetensors import SafetensorError
    from sentence_transformers import CrossEncoder

    try:
        model: CrossEncoder = CrossEncoder(
            str(folder) if folder.is_dir() else name,
            trust_remote_code=False,
            local_files_only=not download,
            model_kwargs={"use_safetensors": True},
        )
    except (OSError, ValueError, RuntimeError, SafetensorError) as error:
        raise ModelError(
            f"The cross-encoder {name!r} cannot be loaded: {error}. "
            f"Name a folder with a sentence-transformers CrossEncoder in safetensors ({setting}), or leave the setting out."
        ) from error
    return model
