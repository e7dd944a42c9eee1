"""One contestant in a process of its own: `python -m bench.contest NAME SHAPE TOKENS`; its last line is the result."""

# mypy: allow-untyped-calls
# (torch leaves some of its functions without types)

from __future__ import annotations

import gc
import importlib
import json
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path

import torch
from transformers.utils import logging

from agentflan.core.errors import Mistake
from agentflan.train.watching.flops import peak
from bench.contest.case import Case, Watch
from bench.contest.entries import ENTRIES, Entry
from bench.contest.ours import flops, step_of
from bench.contest.result import Result
from bench.contest.shape import Shape

SQUARE = 8192
"""Of the product that says what the card reaches."""


def main(name: str, shape: Shape, tokens: Path) -> Result:
    """Without working layers out again if the memory is enough for that, and else with it."""
    entry = ENTRIES[name]
    device = torch.device("cuda" if torch.cuda.is_available() else "cpu")
    contestant = getattr(importlib.import_module(f"bench.contest.{entry.module}"), entry.function)
    for checkpointing in (False, True):
        try:
            return _measured(name, entry, shape, tokens, device, checkpointing, contestant)
        except torch.OutOfMemoryError as error:
            why = str(error).partition(". ")[0]
        except Mistake as error:
            return Result(name=name, what=entry.what, status="skipped", why=str(error))
        gc.collect()
        torch.cuda.empty_cache()
    return Result(name=name, what=entry.what, status="failed", why=why)


def _measured(
    name: str,
    entry: Entry,
    shape: Shape,
    tokens: Path,
    device: torch.device,
    checkpointing: bool,
    contestant: Callable[..., float],
) -> Result:
    watch = Watch(device)
    with tempfile.TemporaryDirectory() as place:
        case = Case(shape, tokens, Path(place), device, checkpointing, watch)
        loss = contestant(case, **entry.settings)
        done = Result(name=name, what=entry.what, status="done", loss=loss, peak_gib=round(watch.peak() / 2**30, 2))
        if entry.function == "reference":
            return done.with_product(_product() if device.type == "cuda" else None)
        seconds, step = watch.step(shape.warm), step_of(case)
        return done.with_speed(
            seconds=seconds,
            tokens=sum(batch.tokens for batch in step.batches),
            trained=sum(len(batch.rows) for batch in step.batches),
            flops=flops(case, entry.lora),
            peak=peak(torch.cuda.get_device_name()) if device.type == "cuda" else None,
            checkpointing=checkpointing,
        )


def _product() -> float:
    """TFLOP/s of a square product of random numbers in bfloat16."""
    one, other = (torch.randn(SQUARE, SQUARE, device="cuda", dtype=torch.bfloat16) for _ in range(2))
    begin, end = (torch.cuda.Event(enable_timing=True) for _ in range(2))
    for _ in range(3):
        one @ other
    begin.record()
    for _ in range(10):
        one @ other
    end.record()
    torch.cuda.synchronize()
    return float(10 * 2 * SQUARE**3 / (begin.elapsed_time(end) / 1000) / 1e12)


if __name__ == "__main__":
    logging.disable_progress_bar()
    print(json.dumps(main(sys.argv[1], Shape(*json.loads(sys.argv[2])), Path(sys.argv[3]))._asdict()))
