"""What batches bring a saved model's evaluation on a CPU: many prompts at once beside one at a time."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from pathlib import Path

import torch

from agentflan.core.chance import pick
from agentflan.core.types import Message, Problem, Reply, Segment
from agentflan.models.hf import Hf
from bench.figure import Figure, alternate
from tests.models.tiny import WORDS, saved

PROBLEMS, BATCH = 128, 64
ROUNDS = 3


def bench_eval_hf_batched_ratio() -> Iterator[Figure]:
    """Prompts of 1 to 60 words, replies of at most 40 tokens, the same text either way. The bound is 5."""
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    with tempfile.TemporaryDirectory() as place:
        folder = saved(Path(place) / "model")
        problems = [_problem(number) for number in range(PROBLEMS)]
        together, alone = (Hf(path=folder, max_new_tokens=40, batch_size=size) for size in (BATCH, 1))
        if replies(together, problems) != replies(alone, problems):
            raise RuntimeError("a reply depends on its batch")
        at_once, in_turn = alternate(lambda: replies(together, problems), lambda: replies(alone, problems), ROUNDS)
    torch.set_num_threads(threads)
    yield {
        "bench": "eval_hf_batched_ratio",
        "value": round(PROBLEMS / at_once, 1),
        "unit": "replies/s",
        "against": f"{PROBLEMS / in_turn:.1f}, one at a time; batches of {BATCH}, a model of two layers",
        "ratio": round(in_turn / at_once, 2),
        "rounds": ROUNDS,
    }


def replies(model: Hf, problems: list[Problem]) -> dict[int, Reply]:
    found: dict[int, Reply] = {}
    model(problems, found.__setitem__)
    return found


def _problem(number: int) -> Problem:
    text = " ".join(pick(WORDS, number, place) for place in range(1 + number * 7 % 60))
    return Problem(id=str(number), messages=(Message(role="user", segments=(Segment(text=text),)),))
