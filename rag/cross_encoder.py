"""A cross-encoder in place of the second stage: a model that reads question and passage together and says how well they fit.

Any sentence-transformers CrossEncoder with one output and weights in safetensors; a folder, or a hub name that lies in the local
cache. No code of a model is run, nothing is downloaded unless a setting says so.
"""

from __future__ import annotations

import os
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING

from rag.errors import ModelError

if TYPE_CHECKING:
    from sentence_transformers import CrossEncoder

FIRST = 50
"""So many candidates of the first stage are read; each costs as much as a passage that is embedded."""
BATCH = 16


@dataclass(frozen=True)
class Reader:
    """One cross-encoder, loaded at first use.

    Args:
        name: a folder, or a hub name that lies in the local cache.
        download: let a hub name be fetched.
    """

    name: str
    download: bool = False

    @cached_property
    def model(self) -> CrossEncoder:
        """The loaded model.

        Raises:
            ModelError: it is not there, not in safetensors, or has more than one output.
        """
        folder = Path(self.name).expanduser()
        if folder.is_dir() and not any(folder.rglob("*.safetensors")):
            raise ModelError(f"{folder} holds no .safetensors file; pickled weights are not loaded. Convert the model to safetensors.")
        if not self.download:
            os.environ["HF_HUB_OFFLINE"] = "1"
            os.environ["TRANSFORMERS_OFFLINE"] = "1"
        from safetensors import SafetensorError
        from sentence_transformers import CrossEncoder

        try:
            model: CrossEncoder = CrossEncoder(
                str(folder) if folder.is_dir() else self.name,
                trust_remote_code=False,
                local_files_only=not self.download,
                model_kwargs={"use_safetensors": True},
            )
        except (OSError, ValueError, RuntimeError, SafetensorError) as error:
            raise ModelError(
                f"The cross-encoder {self.name!r} cannot be loaded: {error}. "
                "Name a folder with a sentence-transformers CrossEncoder in safetensors (KONKYO_RERANKER), or leave the setting out."
            ) from error
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
