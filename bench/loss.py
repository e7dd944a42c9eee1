"""The weighted loss in chunks beside cross-entropy over all logits at once: memory and time."""

# mypy: allow-untyped-calls
# (torch leaves some of its functions without types)

from __future__ import annotations

import json
import resource
import subprocess
import sys
from collections.abc import Iterator
from typing import NamedTuple

import torch
from torch import Tensor
from torch.nn.functional import cross_entropy

from agentflan.train.classes import CLASSES
from agentflan.train.stepping.loss import weighted_loss
from bench.figure import Figure, alternate

PLAIN = "hidden @ head.T, then torch cross_entropy, weighted; float32"
ROUNDS = 7


class Shape(NamedTuple):
    rows: int
    width: int
    vocabulary: int

    def __str__(self) -> str:
        return f"{self.rows:,} rows x {self.width:,} x {self.vocabulary:,}"


LARGE = Shape(2048, 1024, 128_000)
SMALL = Shape(512, 512, 32_000)
"""Seconds on one thread, not minutes."""


def bench_loss() -> Iterator[Figure]:
    """Peak memory in processes of their own, beyond the weights and their gradients: the bound is 0.2; then speed."""
    ours, theirs = _beyond("ours"), _beyond("plain")
    yield {
        "bench": "loss_memory_ratio",
        "value": round(ours / 2**20),
        "unit": "MiB beyond weights and gradients",
        "against": f"{PLAIN}; {LARGE}",
        "ratio": round(ours / theirs, 3),
        "rounds": 1,
    }
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    case = _Case(SMALL)
    ours, theirs = alternate(case.ours, case.plain, ROUNDS)
    torch.set_num_threads(threads)
    yield {
        "bench": "loss_ratio",
        "value": round(ours * 1000, 1),
        "unit": "ms, forward and backward",
        "against": f"{PLAIN}; {SMALL}, one thread",
        "ratio": round(ours / theirs, 3),
        "rounds": ROUNDS,
    }


class _Case:
    """Hidden states, a head and what is to be predicted, with gradients wanted for both."""

    def __init__(self, shape: Shape) -> None:
        torch.manual_seed(0)
        self.hidden = torch.randn(shape.rows, shape.width, requires_grad=True)
        self.head = torch.empty(shape.vocabulary, shape.width).normal_(0, 0.02).requires_grad_()
        self._targets = torch.randint(shape.vocabulary, (shape.rows,))
        self._weights = torch.rand(shape.rows)
        self._bins = self._targets % len(CLASSES)

    def ours(self) -> None:
        total = float(self._weights.sum())
        bins = len(CLASSES)
        loss, _ = weighted_loss(self.hidden, self.head, self._targets, self._weights, self._bins, bins, total)
        self._backward(loss)

    def plain(self) -> None:
        losses = cross_entropy(self.hidden @ self.head.t(), self._targets, reduction="none")
        self._backward((losses * self._weights).sum() / self._weights.sum())

    def _backward(self, loss: Tensor) -> None:
        self.hidden.grad = self.head.grad = None
        loss.backward()


def _beyond(which: str) -> float:
    command = [sys.executable, "-m", "bench.loss", which]
    told = subprocess.run(command, check=True, capture_output=True, text=True)
    beyond: float = json.loads(told.stdout)
    return beyond


def _child(which: str) -> float:
    """Bytes at the peak of one pass, less those that were there before it and those of the gradients it leaves."""
    case = _Case(LARGE)
    before = _peak()
    (case.ours if which == "ours" else case.plain)()
    return _peak() - before - case.hidden.nbytes - case.head.nbytes


def _peak() -> int:
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024


if __name__ == "__main__":
    print(_child(sys.argv[1]))
