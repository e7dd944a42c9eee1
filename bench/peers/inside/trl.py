"""TRL's SFTTrainer, built over the export: building it is what tokenises."""

from __future__ import annotations

import sys
import tempfile
from collections.abc import Iterable

from datasets import disable_caching, load_dataset
from transformers import AutoConfig, AutoModelForCausalLM, AutoTokenizer
from trl import SFTConfig, SFTTrainer

from bench.peers.inside.rounds import Row, rows_of, serve


def main(export: str, model: str) -> None:
    disable_caching()
    begun = AutoModelForCausalLM.from_config(AutoConfig.from_pretrained(model))
    tokenizer = AutoTokenizer.from_pretrained(model)

    def prepare() -> Iterable[Row]:
        with tempfile.TemporaryDirectory() as cache:
            rows = load_dataset("json", data_files=f"{export}/train.jsonl", split="train", cache_dir=cache)
            settings = SFTConfig(
                output_dir=cache, assistant_only_loss=True, max_length=None, report_to="none", use_cpu=True, bf16=False
            )
            trainer = SFTTrainer(model=begun, args=settings, train_dataset=rows, processing_class=tokenizer)
            return rows_of(trainer.train_dataset[:], rows["id"])

    serve(prepare)


if __name__ == "__main__":
    main(*sys.argv[1:])
