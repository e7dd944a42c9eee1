"""The batch of a step that stopped a run, kept for `agentflan show`."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any, NamedTuple

import msgspec
import numpy as np
from torch import Tensor

from agentflan.corpus.tokens.arrays import Tokens
from agentflan.train.batching.batches import Batch
from agentflan.train.classes import CLASSES, SHOWN

FOLDER = "stopped"


class Part(NamedTuple):
    """One micro-batch of a step and what an Objective said of it."""

    batch: Batch
    loss: Tensor
    sums: Tensor


def keep(folder: Path, tokens: Tokens, step: int, loss: float, why: str, parts: Sequence[Part]) -> None:
    """Writes `batch.json`. Losses are means over a sequence's trained tokens; one that is no number is null there."""
    names = tokens.names()
    sequences: list[dict[str, Any]] = []
    for batch, _, sums in parts:
        counts = np.zeros((len(batch.members), len(CLASSES)), dtype=np.int64)
        np.add.at(counts, (batch.owners, batch.classes), 1)
        for number, each, many in zip(batch.members.tolist(), sums.tolist(), counts.tolist(), strict=True):
            means = {name: each[i] / many[i] for i, name in enumerate(SHOWN) if many[i]}
            mean = sum(each) / sum(many)
            sequences.append({"id": names[number], "number": number, "loss": mean, "by_capability": means})
    folder.mkdir(parents=True, exist_ok=True)
    told = {"step": step, "loss": loss, "why": why, "sequences": sequences}
    (folder / "batch.json").write_bytes(msgspec.json.format(msgspec.json.encode(told), indent=2) + b"\n")
