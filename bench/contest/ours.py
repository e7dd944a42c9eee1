"""Our backends, as a recipe would run them; and what the loss has to be."""

# mypy: allow-untyped-calls
# (transformers and torch leave some of their functions without types)

from __future__ import annotations

from typing import Any

import msgspec
import torch
from torch.nn.functional import cross_entropy
from transformers import PreTrainedModel

from agentflan.core import plugs
from agentflan.corpus.tokens.arrays import Tokens
from agentflan.train.batching.batches import Plan, Step
from agentflan.train.job import Job
from agentflan.train.settings import Lora, TrainSettings
from agentflan.train.stepping import attention
from agentflan.train.watching.flops import Work
from bench.contest.case import STILL, Case
from bench.contest.shape import Shape

ADAPTERS = Lora()


def run(case: Case, backend: str, kind: str | None = None, lora: Lora | None = None) -> float:
    """The loss, from the run's own log."""
    gpu = case.device.type == "cuda"
    settings = settings_of(
        case.shape,
        attention=kind or ("flex" if gpu else "sdpa"),
        compile=gpu,
        gradient_checkpointing=case.checkpointing,
        lora=lora,
    )
    attention.check(settings, case.device)

    def begin() -> PreTrainedModel:
        begun = case.model()
        attention.use(begun, settings)
        case.watch.follow(begun, case.shape.rows)
        return begun

    folder = case.place / "train"
    plugs.load("backend", backend)(
        Job(settings, Tokens.open(case.tokens), folder, "bench", begin, lambda _: None, lambda _: None)
    )
    loss: float = msgspec.json.decode((folder / "metrics.jsonl").read_bytes().splitlines()[-1])["loss"]
    return loss


def settings_of(shape: Shape, **more: Any) -> TrainSettings:
    """One packed row at a time, and one line of log, at the end."""
    return TrainSettings(
        steps=shape.steps,
        batch_size=shape.rows,
        micro_batch_size=1,
        packing=True,
        sequence_length=shape.length,
        order="given",
        learning_rate=STILL,
        warmup_from=0.0,
        precision="bfloat16",
        log_every=shape.steps,
        validate_every=0,
        save_every=0,
        **more,
    )


def step_of(case: Case) -> Step:
    """The packed rows of the step that all contestants take again and again."""
    return Plan(settings_of(case.shape), Tokens.open(case.tokens)).step(0)


def flops(case: Case, lora: bool) -> float:
    """Of a step: what its products need, however a contestant goes about it; with adapters the rest has no gradient."""
    skeleton = case.shape.model(torch.device("meta"))
    skeleton.requires_grad_(not lora)
    return sum(Work(skeleton).of(batch) for batch in step_of(case).batches)


@torch.no_grad()
def reference(case: Case) -> float:
    """Each conversation alone in float32, by plain transformers and torch: no packing, no mask, no chunks."""
    begun = case.model()
    begun.eval()
    tokens = Tokens.open(case.tokens)
    total, count = 0.0, 0
    for number in range(len(tokens)):
        sequence = tokens.sequence(number)
        ids = torch.tensor(sequence.ids.tolist(), device=case.device)
        places = torch.tensor(sequence.trained[1:].nonzero()[0].tolist(), device=case.device)
        logits = begun(input_ids=ids.unsqueeze(0), use_cache=False).logits[0, places]
        total += float(cross_entropy(logits.float(), ids[places + 1], reduction="sum"))
        count += len(places)
    return total / count
