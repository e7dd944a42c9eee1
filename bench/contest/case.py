"""What a contestant is given, and the watch that looks on: the same for ours and for theirs."""

# mypy: allow-untyped-calls
# (transformers and torch leave some of their functions without types)

from __future__ import annotations

import resource
import time
from itertools import pairwise
from pathlib import Path
from statistics import median
from typing import NamedTuple

import torch
from torch import nn
from transformers import LlamaForCausalLM, PreTrainedModel

from bench.contest.shape import Shape

STILL = 1e-12
"""The learning rate: everything is worked out and nothing moves, so that the losses of all steps can be compared."""


class Watch:
    """Marks when the first forward pass of each step begins: on a GPU in its own time, without waiting for it."""

    def __init__(self, device: torch.device) -> None:
        self._gpu = device.type == "cuda"
        self._events: list[torch.cuda.Event] = []
        self._seconds: list[float] = []
        self._seen = 0
        if self._gpu:
            torch.cuda.reset_peak_memory_stats()

    def follow(self, model: PreTrainedModel, forwards: int) -> None:
        """`forwards` of them make a step."""

        def mark(module: nn.Module, _: object) -> None:
            if not module.training:
                return
            if self._seen % forwards == 0:
                self._mark()
            self._seen += 1

        model.get_decoder().register_forward_pre_hook(mark)

    def _mark(self) -> None:
        if self._gpu:
            event = torch.cuda.Event(enable_timing=True)
            event.record()
            self._events.append(event)
        else:
            self._seconds.append(time.perf_counter())

    def step(self, warm: int) -> float:
        """Median seconds from the beginning of one step to that of the next, but for the first `warm`."""
        if self._gpu:
            torch.cuda.synchronize()
            taken = [begin.elapsed_time(end) / 1000 for begin, end in pairwise(self._events)]
        else:
            taken = [end - begin for begin, end in pairwise(self._seconds)]
        return float(median(taken[warm:]))

    def peak(self) -> int:
        """Bytes: of tensors on the GPU, or of the whole process."""
        return (
            torch.cuda.max_memory_allocated()
            if self._gpu
            else resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024
        )


class Case(NamedTuple):
    shape: Shape
    tokens: Path
    """The folder of the conversations."""
    place: Path
    """For what a contestant writes."""
    device: torch.device
    checkpointing: bool
    """Whether each layer is worked out again in backward: slower, but in little memory."""
    watch: Watch

    def model(self) -> LlamaForCausalLM:
        return self.shape.model(self.device)
