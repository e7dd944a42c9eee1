"""What our training loop costs beside a bare one: curves per capability, schedule, checks, metrics, progress."""

# mypy: allow-untyped-calls
# (transformers and torch leave some of their functions without types)

from __future__ import annotations

import tempfile
import time
from collections.abc import Iterator
from pathlib import Path
from statistics import median

import torch
from torch import nn
from torch.nn.functional import cross_entropy
from transformers import LlamaForCausalLM, PreTrainedModel

from agentflan.corpus.tokens.arrays import Tokens
from agentflan.train import model
from agentflan.train.backends.loop import Loop
from agentflan.train.batches import Plan
from agentflan.train.job import Job
from agentflan.train.settings import ModelSettings, Scratch, TrainSettings
from bench.figure import Figure, seconds
from tests.train.tokens_folder import write

STEPS = 6
ROUNDS = 11
SCRATCH = Scratch(qk_bias_std=0.5)
"""The demonstration's model: 0.53 million parameters."""
SETTINGS = TrainSettings(model=ModelSettings(scratch=SCRATCH), steps=STEPS, learning_rate=1e-3, save_every=0)


def bench_train_loop_ratio() -> Iterator[Figure]:
    """Steps of 32 sequences of 65 to 130 tokens on one thread, ours over bare, in turns. The bound is 1.03."""
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    with tempfile.TemporaryDirectory() as place:
        folder = write(Path(place) / "tokens", 32 * STEPS, words=300, length=130)
        pairs = [(_ours(folder), _bare(folder)) for _ in range(ROUNDS + 1)][1:]
        plan = Plan(SETTINGS, Tokens.open(folder))
        seen = sum(plan.step(step).batches[0].tokens for step in range(STEPS))
    torch.set_num_threads(threads)
    yield {
        "bench": "train_loop_ratio",
        "value": round(seen / median(ours for ours, _ in pairs), 1),
        "unit": "tokens/s",
        "against": "a bare torch loop: same batches, made beforehand; same trained rows; AdamW; no curves, no log",
        "ratio": round(median(ours / bare for ours, bare in pairs), 3),
        "rounds": ROUNDS,
    }


def _ours(folder: Path) -> float:
    """From the model's being there until it is handed over: the optimiser, the plan and the log are in it."""
    marks: list[float] = []

    def begin() -> PreTrainedModel:
        begun = model.begin(SETTINGS.model, folder / "tokenizer", SETTINGS.seed)
        marks.append(time.perf_counter())
        return begun

    def save(_: PreTrainedModel) -> None:
        marks.append(time.perf_counter())

    said: list[str] = []
    Loop()(Job(SETTINGS, Tokens.open(folder), folder / "train", "bench", begin, save, said.append))
    return marks[1] - marks[0]


def _bare(folder: Path) -> float:
    begun = model.begin(SETTINGS.model, folder / "tokenizer", SETTINGS.seed)
    plan = Plan(SETTINGS, Tokens.open(folder))
    batches = [[torch.from_numpy(part) for part in plan.step(step).batches[0][:4]] for step in range(STEPS)]
    assert isinstance(begun, LlamaForCausalLM)

    def work() -> None:
        optimizer = torch.optim.AdamW(begun.parameters(), lr=SETTINGS.learning_rate, weight_decay=0.0, fused=True)
        for ids, rows, targets, weights in batches:
            hidden = begun.model(input_ids=ids, use_cache=False).last_hidden_state.flatten(0, 1)[rows]
            losses = cross_entropy(begun.lm_head(hidden), targets, reduction="none")
            ((losses * weights).sum() / weights.sum()).backward()
            nn.utils.clip_grad_norm_(begun.parameters(), SETTINGS.clip)
            optimizer.step()
            optimizer.zero_grad(set_to_none=True)

    return seconds(work)
