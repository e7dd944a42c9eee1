"""The last checkpoint, and the weights that validated best: each one file, complete or absent."""

from __future__ import annotations

import math
import os
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

from agentflan.core.ranks import rank


def write(path: Path, state: dict[str, Any]) -> None:
    """Replaces the checkpoint at once; a kill leaves the one before it."""
    part = path.with_name(path.name + ".tmp")
    with part.open("wb") as stream:
        torch.save(state, stream)
        stream.flush()
        os.fsync(stream.fileno())
    part.replace(path)


def read(path: Path, digest: str) -> dict[str, Any] | None:
    """The state that `write` was given, if it was made under this digest."""
    if not path.exists():
        return None
    state: dict[str, Any] = torch.load(path, map_location="cpu", weights_only=True)
    return state if state["digest"] == digest else None


class Best:
    """The weights of the lowest validation loss so far."""

    def __init__(self, path: Path, digest: str) -> None:
        self._path, self._digest = path, digest
        self._loss: float | None = None

    def beaten_by(self, loss: float) -> bool:
        """Whether these weights are better; those of the same step, taken once more after a kill, are not."""
        if self._loss is None:
            found = self.read()
            self._loss = found["loss"] if found else math.inf
        return loss < self._loss

    def write(self, step: int, loss: float, weights: dict[str, Tensor]) -> None:
        """Of several processes that call it the first one writes."""
        self._loss = loss
        if rank() == 0:
            write(self._path, {"model": weights, "step": step, "loss": loss, "digest": self._digest})

    def read(self) -> dict[str, Any] | None:
        return read(self._path, self._digest)

    def forget(self) -> None:
        self._path.unlink(missing_ok=True)
