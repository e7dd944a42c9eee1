"""The same conversations through transformers' Trainer, as its users run it.

With float32 weights under bfloat16 autocast and fused AdamW, and without weights per token, which it does not have.
"""

# mypy: allow-untyped-calls
# (transformers and torch leave some of their functions without types)

from __future__ import annotations

from itertools import pairwise
from typing import Any

import torch
import transformers
from torch import Tensor
from transformers import LlamaForCausalLM, TrainingArguments

from agentflan.corpus.tokens.arrays import Tokens
from bench.contest.case import STILL, Case
from bench.contest.ours import step_of

IGNORED = -100
TOGETHER = 4
"""Conversations in a padded batch."""

Row = dict[str, list[int]]


def padded(case: Case) -> float:
    """Without packing: each batch is as long as its longest conversation, and padding is worked out too."""
    tokens = Tokens.open(case.tokens)
    rows: list[Row] = []
    for number in range(len(tokens)):
        ids, trained, *_ = tokens.sequence(number)
        labels = [id if kept else IGNORED for id, kept in zip(ids.tolist(), trained.tolist(), strict=True)]
        rows.append({"input_ids": ids.tolist(), "labels": labels})
    return _trained(case, model_of(case, "sdpa"), rows, TOGETHER, _pad)


def packed_4d(case: Case) -> float:
    """Our packed rows, told apart by a mask of every token for every token."""
    return _trained(case, model_of(case, "sdpa"), packed_rows(case), 1, _mask)


def packed_rows(case: Case) -> list[Row]:
    """The rows that our backends see, as columns; the padding at a row's end counts as one more document."""
    rows: list[Row] = []
    for batch in step_of(case).batches:
        assert batch.positions is not None
        labels = torch.full((batch.ids.size,), IGNORED)
        labels[torch.from_numpy(batch.rows) + 1] = torch.from_numpy(batch.targets)
        for ids, positions, aims in zip(batch.ids, batch.positions, labels.view(batch.ids.shape), strict=True):
            starts = [*(positions == 0).nonzero()[0].tolist(), len(ids)]
            lengths = [end - start for start, end in pairwise(starts)]
            row = {"input_ids": ids.tolist(), "labels": aims.tolist(), "position_ids": positions.tolist()}
            rows.append({**row, "seq_lengths": lengths})
    return rows


def _trained(case: Case, model: LlamaForCausalLM, rows: list[Row], together: int, collate: Any) -> float:
    arguments = arguments_of(case, len(rows), together)
    case.watch.follow(model, arguments["gradient_accumulation_steps"])
    settings = TrainingArguments(**arguments, remove_unused_columns=False)
    return loss_of(transformers.Trainer(model=model, args=settings, train_dataset=rows, data_collator=collate))


def loss_of(trainer: transformers.Trainer) -> float:
    trainer.train()
    return next(float(line["loss"]) for line in reversed(trainer.state.log_history) if "loss" in line)


def model_of(case: Case, attention: str) -> LlamaForCausalLM:
    begun = case.model()
    begun.set_attn_implementation(attention)
    return begun


def arguments_of(case: Case, rows: int, together: int) -> dict[str, Any]:
    """All rows make one step, in the order given."""
    return {
        "output_dir": str(case.place / "theirs"),
        "max_steps": case.shape.steps,
        "per_device_train_batch_size": together,
        "gradient_accumulation_steps": -(-rows // together),
        "train_sampling_strategy": "sequential",
        "learning_rate": STILL,
        "bf16": True,
        "optim": "adamw_torch_fused",
        "max_grad_norm": 1.0,
        "gradient_checkpointing": case.checkpointing,
        "gradient_checkpointing_kwargs": {"use_reentrant": False} if case.checkpointing else None,
        "use_cpu": case.device.type == "cpu",
        "logging_steps": case.shape.steps,
        "save_strategy": "no",
        "report_to": "none",
        "disable_tqdm": True,
    }


def _pad(rows: list[Row]) -> dict[str, Tensor]:
    longest = max(len(row["input_ids"]) for row in rows)
    fills = {"input_ids": 0, "labels": IGNORED}
    filled = {
        name: torch.tensor([row[name] + [fill] * (longest - len(row[name])) for row in rows])
        for name, fill in fills.items()
    }
    mask = [[1] * len(row["input_ids"]) + [0] * (longest - len(row["input_ids"])) for row in rows]
    return {**filled, "attention_mask": torch.tensor(mask)}


def _mask(rows: list[Row]) -> dict[str, Tensor]:
    """(rows, 1, length, length): whether a token may look at another one, which must not follow it."""
    held = {name: torch.tensor([row[name] for row in rows]) for name in ("input_ids", "labels", "position_ids")}
    document = (held["position_ids"] == 0).cumsum(1)
    same = document.unsqueeze(2) == document.unsqueeze(1)
    return {**held, "attention_mask": same.tril().unsqueeze(1)}
