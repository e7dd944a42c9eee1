"""What a step of our backends costs beside a bare loop: curves per capability, schedule, checks, metrics, progress."""

# mypy: allow-untyped-calls
# (transformers and torch leave some of their functions without types)

from __future__ import annotations

import tempfile
import time
from collections.abc import Iterator
from itertools import pairwise
from pathlib import Path
from statistics import median

import torch
from torch import nn
from torch.nn.functional import cross_entropy
from transformers import LlamaForCausalLM, PreTrainedModel

from agentflan.core import plugs
from agentflan.corpus.tokens.arrays import Tokens
from agentflan.train.batching.batches import Plan
from agentflan.train.job import Job
from agentflan.train.settings import ModelSettings, Scratch, TrainSettings
from agentflan.train.starting import model
from bench.figure import Figure
from tests.train.tokens_folder import write

STEPS = 13
"""A step is timed until the next one begins, so the last one is not."""
ROUNDS = 4
BACKENDS = ("loop", "trainer")
SCRATCH = Scratch(qk_bias_std=0.5)
"""The demonstration's model: 0.53 million parameters."""
SETTINGS = TrainSettings(model=ModelSettings(scratch=SCRATCH), steps=STEPS, learning_rate=1e-3, save_every=0)
BARE = "a bare torch loop: same batches, made beforehand; same trained rows; AdamW; no curves, no log"


def bench_train() -> Iterator[Figure]:
    """CPU seconds a step: 32 sequences of 65 to 130 tokens, one thread, in turns. The bounds are 1.03 and 1.05."""
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    with tempfile.TemporaryDirectory() as place:
        folder = tokens_folder(Path(place))
        rounds = [[bare_step(folder), *(step(name, folder) for name in BACKENDS)] for _ in range(ROUNDS + 1)][1:]
        tokens = tokens_a_step(folder)
    torch.set_num_threads(threads)
    for place_of, name in enumerate(BACKENDS, 1):
        yield {
            "bench": f"train_{name}_ratio",
            "value": round(tokens / median(taken[place_of] for taken in rounds), 1),
            "unit": "tokens per CPU second",
            "against": BARE,
            "ratio": round(median(taken[place_of] / taken[0] for taken in rounds), 3),
            "rounds": ROUNDS * (STEPS - 1),
        }


def tokens_folder(place: Path) -> Path:
    return write(place / "tokens", 32 * STEPS, words=300, length=130)


def tokens_a_step(folder: Path) -> float:
    plan = Plan(SETTINGS, Tokens.open(folder))
    return sum(plan.step(step).batches[0].tokens for step in range(STEPS - 1)) / (STEPS - 1)


def step(backend: str, folder: Path) -> float:
    """Mean CPU seconds of a step within a run of `STEPS`, the lines of its log among them."""
    begun = _begin(folder)
    marks = _marks(begun)
    with tempfile.TemporaryDirectory() as place:
        said: list[str] = []
        job = Job(SETTINGS, Tokens.open(folder), Path(place), "bench", lambda: begun, lambda _: None, said.append)
        plugs.load("backend", backend)(job)
    return _mean(marks)


def bare_step(folder: Path) -> float:
    begun = _begin(folder)
    plan = Plan(SETTINGS, Tokens.open(folder))
    batches = [[torch.from_numpy(part) for part in plan.step(step).batches[0][:4]] for step in range(STEPS)]
    optimizer = torch.optim.AdamW(begun.parameters(), lr=SETTINGS.learning_rate, weight_decay=0.0, fused=True)
    marks = _marks(begun)
    for ids, rows, targets, weights in batches:
        hidden = begun.model(input_ids=ids, use_cache=False).last_hidden_state.flatten(0, 1)[rows]
        losses = cross_entropy(begun.lm_head(hidden), targets, reduction="none")
        ((losses * weights).sum() / weights.sum()).backward()
        nn.utils.clip_grad_norm_(begun.parameters(), SETTINGS.clip)
        optimizer.step()
        optimizer.zero_grad(set_to_none=True)
    return _mean(marks)


def _begin(folder: Path) -> LlamaForCausalLM:
    begun = model.begin(SETTINGS.model, folder / "tokenizer", SETTINGS.seed)
    assert isinstance(begun, LlamaForCausalLM)
    begun.train()
    return begun


def _marks(begun: PreTrainedModel) -> list[float]:
    """Filled with the CPU time at which each step's forward pass begins: the same watch for every backend."""
    marks: list[float] = []

    def mark(module: nn.Module, _: object) -> None:
        if module.training:
            marks.append(time.process_time())

    begun.get_decoder().register_forward_pre_hook(mark)
    return marks


def _mean(marks: list[float]) -> float:
    assert len(marks) == STEPS
    taken = [after - before for before, after in pairwise(marks)]
    return sum(taken) / len(taken)
