"""How much memory a tuning run takes on each device, reckoned from sizes and settings; `tests/train/test_memory.py`
holds it against real runs.

Weights, gradients and moments lie in float32. In bfloat16 there is a narrow copy of the weights as well, and what goes
through the layers is narrow.
"""

from __future__ import annotations

from typing import NamedTuple

from agentflan.train.settings import Lora, TrainSettings
from agentflan.train.shape import Shape

LOGITS_AT_ONCE = {"cpu": 1 << 23, "cuda": 1 << 26}
"""Device -> logits that the loss holds at a time: enough to keep the machine busy, small beside anything else."""


class Memory(NamedTuple):
    """Bytes on one device."""

    weights: int
    """With their narrow copies, and those gathered from other devices."""
    moments: int
    gradients: int
    activations: int
    """Kept for the backward pass, without those that are worked out again."""
    again: int
    """Of the layer that the backward pass is in: its gradients, and what it works out again."""
    loss: int
    """Of the logits at hand and the gradient of the output head."""
    overlaps: bool
    """Whether gradients of earlier micro-batches lie beside the activations of the next."""

    @property
    def peak(self) -> int:
        """At the end of the forward pass, or where the backward pass ends."""
        forward = self.activations + max(self.loss, self.again) + (self.gradients if self.overlaps else 0)
        return self.weights + self.moments + max(forward, self.gradients + self.again)


def memory(
    shape: Shape, settings: TrainSettings, *, length: int, devices: int = 1, sharded: bool = False, trained: float = 1.0
) -> Memory:
    """For rows of `length` tokens, of which the share `trained` has a weight. `sharded`: as FSDP does."""
    narrow = settings.precision == "bfloat16"
    parts = devices if sharded else 1
    tuned = shape.parameters if settings.lora is None else _adapters(shape, settings.lora)
    rows = settings.micro_batch_size or -(-settings.batch_size // devices)
    tokens = min(rows, settings.batch_size) * length
    layer = tokens * _kept(shape, settings, length)
    entry = tokens * shape.hidden_size * (2 if narrow else 4)
    passing = 2 * tokens * (shape.hidden_size + shape.intermediate_size) * (2 if narrow else 4)
    checkpointed = settings.gradient_checkpointing
    return Memory(
        weights=_weights(shape, settings, tuned, parts),
        moments=8 * tuned // parts,
        gradients=4 * tuned // parts,
        activations=shape.layers * (entry if checkpointed else layer),
        again=passing + (layer if checkpointed else 0),
        loss=_loss(shape, narrow, round(tokens * trained)),
        overlaps=settings.batch_size > rows * devices,
    )


def _weights(shape: Shape, settings: TrainSettings, tuned: int, parts: int) -> int:
    wide, narrow = 4, 2 if settings.precision == "bfloat16" else 0
    whole, block, ends = (
        shape.parameters * (wide + narrow),
        shape.block * (narrow or wide),
        shape.ends * (narrow or wide),
    )
    if settings.lora is not None:  # what is frozen has no wide weights beside narrow ones
        whole = shape.parameters * (narrow or wide) + tuned * (wide + narrow)
        if settings.lora.bits is not None:
            whole -= shape.layers * (block - shape.block * settings.lora.bits // 8)
    elif parts > 1:
        whole = shape.parameters * wide
    return whole if parts == 1 else whole // parts + 2 * block + ends  # two blocks are gathered at a time


def _kept(shape: Shape, settings: TrainSettings, length: int) -> int:
    """Bytes that a layer keeps of each token: around both norms, queries, keys, values, attention, inner layer.

    A norm works in float32: in bfloat16 it keeps a wide copy of what comes in.
    """
    narrow = settings.precision == "bfloat16"
    size = 2 if narrow else 4
    norms = 2 * (4 + 2 * size) * shape.hidden_size
    inside = size * (2 * shape.queries + 2 * shape.keys + 4 * shape.intermediate_size)
    scores = shape.heads * length * (6 if narrow else 4) if settings.attention == "eager" else 0
    return norms + inside + scores


def _loss(shape: Shape, narrow: bool, rows: int) -> int:
    logits = 8 * min(rows * shape.vocabulary, LOGITS_AT_ONCE["cuda"])
    hidden = 2 * rows * shape.hidden_size * (2 if narrow else 4)
    head = shape.vocabulary * shape.hidden_size * (4 + (2 if narrow else 4))
    return logits + hidden + head


def _adapters(shape: Shape, lora: Lora) -> int:
    every = "all-linear" in lora.targets
    sizes = [sum(ends) for name, ends in shape.matrices.items() if every or name in lora.targets]
    return shape.layers * lora.rank * sum(sizes) + (shape.ends if lora.embeddings else 0)
