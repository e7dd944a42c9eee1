"""XTuner's `process_hf_dataset` over the export, with our layout as one of its prompt templates."""

from __future__ import annotations

import sys
import tempfile
from collections.abc import Iterable

from datasets import load_dataset
from mmengine.config import ConfigDict
from transformers import AutoTokenizer
from xtuner.dataset import process_hf_dataset
from xtuner.dataset.map_fns import openai_map_fn, template_map_fn_factory

from bench.peers.inside.layout import ASSISTANT, BETWEEN, END, HUMAN
from bench.peers.inside.rounds import Row, rows_of, serve

TEMPLATE = ConfigDict(
    SYSTEM=f"{HUMAN}{{system}}{BETWEEN}",
    INSTRUCTION=f"{HUMAN}{{input}}{BETWEEN}{ASSISTANT}",
    SUFFIX=END,
    SUFFIX_AS_EOS=True,
    SEP=BETWEEN,
)


def main(export: str, model: str) -> None:
    tokenizer = AutoTokenizer.from_pretrained(model)

    def prepare() -> Iterable[Row]:
        with tempfile.TemporaryDirectory() as cache:
            rows = load_dataset("json", data_files=f"{export}/train.jsonl", split="train", cache_dir=cache)
            found = process_hf_dataset(
                dataset=rows,
                tokenizer=tokenizer,
                max_length=1 << 20,
                dataset_map_fn=openai_map_fn,
                template_map_fn=template_map_fn_factory(TEMPLATE),
                pack_to_max_length=False,
                map_num_proc=1,
            )
            return rows_of(found[:], found["id"])

    serve(prepare)


if __name__ == "__main__":
    main(*sys.argv[1:])
