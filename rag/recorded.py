"""A sentence-transformers model for one question at a time: its operations recorded once, fused, and played back.

A question is short, so that between a hundred small products Python takes as long as the products do. Played back, the packaged model
takes half the time for the same vector. A recording is kept only where it gives, for texts of lengths that it was not made with, what
the model gives itself; any other model runs as it is.
"""

from __future__ import annotations

import logging
import warnings
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import torch
    from sentence_transformers import SentenceTransformer

Recording = Callable[["dict[str, torch.Tensor]"], "torch.Tensor"]
"""What ``preprocess`` made of texts -> their vectors (n, d)."""

_MADE_WITH = "What does the law say?"
_TRIED_WITH = ("When?", "A question of another length, so that nothing which stands in the recording by chance stays unseen in it.")
_ALIKE = 1e-5


def recorded(model: SentenceTransformer) -> Recording | None:
    """A recording of the model in float32 on a processor; None where that cannot be, or does not give the same."""
    import torch
    from sentence_transformers.sentence_transformer.modules import Router

    plain = "query" in model.prompts and model.truncate_dim is None and not any(isinstance(module, Router) for module in model)
    first = model.preprocess([_MADE_WITH])
    names = sorted(name for name, value in first.items() if isinstance(value, torch.Tensor))
    rest = {name: value for name, value in first.items() if name not in names}
    if not plain or model.device.type != "cpu":
        return None
    if any(weights.dtype != torch.float32 for weights in model.parameters()):
        return None

    class Whole(torch.nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.modules_in_order = torch.nn.ModuleList(model)

        def forward(self, *inputs: torch.Tensor) -> Any:
            features = rest | dict(zip(names, inputs, strict=True))
            for module in self.modules_in_order:
                features = module(features)
            return features["sentence_embedding"]

    with torch.no_grad(), _quiet():
        try:
            traced = torch.jit.trace(Whole().eval(), tuple(first[name] for name in names), check_trace=False)  # type: ignore[no-untyped-call]
            played: Any = torch.jit.optimize_for_inference(torch.jit.freeze(traced))
            for text in _TRIED_WITH * 2:  # the second time it runs as it will from then on
                features = model.preprocess([text])
                given = played(*(features[name] for name in names))
                if not torch.allclose(given, model(dict(features))["sentence_embedding"], atol=_ALIKE):
                    return None
        except RuntimeError:  # what cannot be recorded: a model whose path depends on what it reads
            return None

    def play(features: dict[str, torch.Tensor]) -> torch.Tensor:
        with torch.no_grad():
            vectors: torch.Tensor = played(*(features[name] for name in names))
        return vectors

    return play


@contextmanager
def _quiet() -> Iterator[None]:
    """Without what the tracer says of every size that Python looks at, and libraries of old names that it touches: the comparison is
    what counts."""
    disabled = logging.root.manager.disable
    logging.disable(logging.WARNING)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            yield
    finally:
        logging.disable(disabled)
