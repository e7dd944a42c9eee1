"""Loss curves per capability: sums between two logged steps, and the lines of metrics.jsonl."""

from __future__ import annotations

from pathlib import Path
from typing import Any, Self

import msgspec
import numpy as np
import torch
from torch import Tensor

from agentflan.train.batching.batches import Batch
from agentflan.train.classes import CLASSES, SHOWN


class Curve:
    """Adds up losses where they arise; nothing is fetched from the device before the means are asked for."""

    def __init__(self, device: torch.device) -> None:
        self._sums = torch.zeros(len(CLASSES), dtype=torch.float64, device=device)
        self._counts = np.zeros(len(CLASSES), dtype=np.int64)
        self._weighted = torch.zeros((), dtype=torch.float64, device=device)
        self._weight = 0.0
        self.tokens = 0
        """Seen since the start, without padding."""
        self.trained = 0
        """Of them those with a weight."""

    def add(self, batch: Batch, loss: Tensor, sums: Tensor, weight: float) -> None:
        """What an Objective says of a batch that is a part of a step of this weight."""
        self._weighted.add_(loss.detach(), alpha=weight)
        self._sums.add_(sums.sum(0))
        self._counts += np.bincount(batch.classes, minlength=len(CLASSES))
        self._weight += float(batch.weights.sum(dtype=np.float64))
        self.trained += len(batch.rows)
        self.tokens += batch.tokens

    def gather(self, part: Curve) -> None:
        """Adds what the curves `part` of all devices hold and empties this one; every device calls it at once."""
        numbers = [part._weight, part.tokens, part.trained]
        each = [part._sums, torch.from_numpy(part._counts), part._weighted[None], torch.tensor(numbers)]
        total = torch.cat([one.to(self._sums) for one in each])
        torch.distributed.all_reduce(total)
        size = len(CLASSES)
        self._sums += total[:size]
        self._counts += total[size : 2 * size].cpu().numpy().astype(np.int64)
        self._weighted += total[2 * size]
        weight, tokens, trained = total[2 * size + 1 :].tolist()
        self._weight, self.tokens, self.trained = (
            self._weight + weight,
            self.tokens + int(tokens),
            self.trained + int(trained),
        )
        part.clear()
        part.tokens = part.trained = 0

    def means(self) -> tuple[float, dict[str, float]]:
        """The weighted loss, and the plain mean loss of each class that came up."""
        each = self._sums.tolist()
        by_class = {name: each[i] / int(self._counts[i]) for i, name in enumerate(SHOWN) if self._counts[i]}
        return float(self._weighted) / self._weight, by_class

    def clear(self) -> None:
        """Starts the next stretch; the count of tokens goes on."""
        self._sums.zero_()
        self._weighted.zero_()
        self._counts[:] = 0
        self._weight = 0.0

    def state(self) -> dict[str, Any]:
        counts = torch.from_numpy(self._counts.copy())
        kept = {"sums": self._sums, "counts": counts, "weighted": self._weighted}
        return {**kept, "weight": self._weight, "tokens": self.tokens, "trained": self.trained}

    def restore(self, state: dict[str, Any]) -> None:
        self._sums.copy_(state["sums"])
        self._weighted.copy_(state["weighted"])
        self._counts[:] = state["counts"].numpy()
        self._weight, self.tokens, self.trained = state["weight"], state["tokens"], state["trained"]


class Metrics:
    """The lines of metrics.jsonl up to the step that is taken up again, and those to come."""

    def __init__(self, path: Path, step: int) -> None:
        kept = [line for line in _lines(path) if step > 0 and _step(line) <= step]
        path.parent.mkdir(parents=True, exist_ok=True)
        part = path.with_name(path.name + ".tmp")
        part.write_bytes(b"".join(kept))
        part.replace(path)
        self._stream = path.open("ab")

    def write(self, line: dict[str, Any]) -> None:
        self._stream.write(msgspec.json.encode(line) + b"\n")
        self._stream.flush()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._stream.close()


def _lines(path: Path) -> list[bytes]:
    """Whole lines only: the last one may have been cut by a kill."""
    found = path.read_bytes().splitlines(keepends=True) if path.exists() else []
    return [line for line in found if line.endswith(b"\n")]


def _step(line: bytes) -> int:
    return int(msgspec.json.decode(line)["step"])
