"""TRL's SFTTrainer at work: rows of ids and labels in, CPU seconds of a step out."""

from __future__ import annotations

import json
import sys
import tempfile
import time
from itertools import pairwise
from pathlib import Path
from typing import Any

import torch
from datasets import Dataset
from transformers import AutoModelForCausalLM, AutoTokenizer
from trl import SFTConfig, SFTTrainer

from bench.peers.inside.rounds import answer

BATCH = 32


def main(rows: str, model: str) -> None:
    torch.set_num_threads(1)
    made = [json.loads(line) for line in Path(rows).read_text(encoding="utf-8").splitlines()]
    answer(lambda: step(made, model))


def step(rows: list[dict[str, Any]], model: str) -> float:
    """Mean CPU seconds from the beginning of a step's forward pass to that of the next."""
    begun = AutoModelForCausalLM.from_pretrained(model)
    marks: list[float] = []
    begun.get_decoder().register_forward_pre_hook(lambda *_: marks.append(time.process_time()))
    with tempfile.TemporaryDirectory() as place:
        settings = SFTConfig(
            output_dir=place,
            max_steps=len(rows) // BATCH,
            per_device_train_batch_size=BATCH,
            train_sampling_strategy="sequential",
            dataset_kwargs={"skip_prepare_dataset": True},
            max_length=None,
            learning_rate=1e-3,
            weight_decay=0.0,
            gradient_checkpointing=False,
            bf16=False,
            use_cpu=True,
            optim="adamw_torch_fused",
            dataloader_pin_memory=False,
            logging_steps=10,
            save_strategy="no",
            report_to="none",
            disable_tqdm=True,
        )
        trainer = SFTTrainer(
            model=begun,
            args=settings,
            train_dataset=Dataset.from_list(rows),
            processing_class=AutoTokenizer.from_pretrained(model),
        )
        trainer.train()
    taken = [after - before for before, after in pairwise(marks)]
    assert len(taken) == len(rows) // BATCH - 1
    return sum(taken) / len(taken)


if __name__ == "__main__":
    main(*sys.argv[1:])
