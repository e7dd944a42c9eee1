"""Our packed rows through TRL's SFTTrainer, as its own packing would hand them over.

By FlexAttention: flash-attn, which its guide recommends, is a build of its own for each torch and card.
"""

# mypy: allow-untyped-calls
# (transformers and torch leave some of their functions without types)

from __future__ import annotations

import torch
from datasets import Dataset
from peft import LoraConfig
from transformers import AutoTokenizer
from trl import SFTConfig, SFTTrainer

from bench.contest.case import Case
from bench.contest.ours import ADAPTERS
from bench.contest.theirs import arguments_of, loss_of, model_of, packed_rows


def run(case: Case, liger: bool = False, lora: bool = False) -> float:
    """`liger`: its kernels for norms, rotation and the MLP; the loss in chunks is TRL's own then too."""
    rows = packed_rows(case)
    settings = SFTConfig(
        **arguments_of(case, len(rows), 1),
        padding_free=True,
        max_length=None,
        dataset_kwargs={"skip_prepare_dataset": True},
        use_liger_kernel=liger,
    )
    model = model_of(case, "flex_attention" if case.device.type == "cuda" else "sdpa")
    case.watch.follow(model, len(rows))
    trainer = SFTTrainer(
        model=model.to(torch.bfloat16) if lora else model,  # type: ignore[arg-type]
        args=settings,
        train_dataset=Dataset.from_dict({name: [row[name] for row in rows] for name in COLUMNS}),
        processing_class=AutoTokenizer.from_pretrained(case.tokens / "tokenizer"),
        peft_config=_adapters() if lora else None,
    )
    return loss_of(trainer)


COLUMNS = ("input_ids", "labels", "seq_lengths")


def _adapters() -> LoraConfig:
    alpha = int(ADAPTERS.alpha)
    return LoraConfig(task_type="CAUSAL_LM", r=ADAPTERS.rank, lora_alpha=alpha, target_modules="all-linear")
