"""How much a GPU had to work for a batch, beside what it could have done: model FLOPs utilisation (MFU)."""

from __future__ import annotations

import numpy as np
import torch
from torch import nn
from transformers import PreTrainedModel

from agentflan.train.batching.batches import Batch

PEAKS = {
    "B200": 2250.0,
    "H200": 989.0,
    "GH200": 989.0,
    "H100 PCIe": 756.0,
    "H100 NVL": 835.0,
    "H100": 989.0,
    "A100": 312.0,
    "L40S": 362.0,
    "L4": 121.0,
    "RTX A6000": 155.0,
    "RTX 4090": 165.0,
    "RTX 3090": 71.0,
}
"""Part of the device's name -> TFLOP/s in bfloat16 without sparsity, by its maker; the first that fits counts."""


def peak(name: str) -> float | None:
    """FLOP/s in bfloat16 of the device torch calls so; None for one that is not in the table."""
    words = name.replace("-", " ").split()
    found = (value for part, value in PEAKS.items() if set(part.split()) <= set(words))
    return next((value * 1e12 for value in found), None)


class Work:
    """FLOPs that a model's products need for a batch, forward and backward.

    Each weight of a matrix costs 2 a token forward, 2 for the gradient of its input and, if it is trained, 2 for its
    own; the head only at the places that reach it. Attention adds 4 * heads * size forward for each token looked at,
    three times that with backward; nothing looks across sequences. What checkpointing does again is not counted.
    """

    def __init__(self, model: PreTrainedModel) -> None:
        config = model.config.get_text_config()
        ends = {
            id(end.weight) for end in (model.get_input_embeddings(), model.get_output_embeddings()) if end is not None
        }
        linear = [module.weight for module in model.modules() if isinstance(module, nn.Linear)]
        self._token = sum(_cost(weight) for weight in linear if id(weight) not in ends)
        head = model.get_output_embeddings()
        self._target = _cost(head.weight) if isinstance(head, nn.Linear) else 0
        size = getattr(config, "head_dim", None) or config.hidden_size // config.num_attention_heads
        self._look = 12 * config.num_hidden_layers * config.num_attention_heads * size

    def of(self, batch: Batch) -> float:
        looks = float((batch.lengths.astype(np.float64) * (batch.lengths + 1)).sum()) / 2
        needed: float = self._token * batch.tokens + self._target * len(batch.rows) + self._look * looks
        return needed


def _cost(weight: torch.Tensor) -> int:
    return (6 if weight.requires_grad else 4) * weight.numel()
