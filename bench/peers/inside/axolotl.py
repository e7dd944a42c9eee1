"""axolotl's chat_template strategy over the export, by the piece of config that lies beside it."""

from __future__ import annotations

import sys
import tempfile
from collections.abc import Iterable
from pathlib import Path

import yaml
from axolotl.prompt_strategies.chat_template import load
from axolotl.utils.dict import DictDefault
from datasets import load_dataset
from transformers import AutoTokenizer

from bench.peers.inside.rounds import Row, rows_of, serve


def main(export: str, model: str) -> None:
    settings = yaml.safe_load(Path(export, "axolotl.yaml").read_text(encoding="utf-8"))["datasets"][0]
    config = DictDefault({"sequence_len": 1 << 20, "train_on_inputs": False, "chat_template": "tokenizer_default"})
    strategy = load(AutoTokenizer.from_pretrained(model), config, settings)

    def prepare() -> Iterable[Row]:
        with tempfile.TemporaryDirectory() as cache:
            rows = load_dataset("json", data_files=f"{export}/{settings['path']}", split="train", cache_dir=cache)
            found = rows.map(strategy.tokenize_prompt, batched=True, remove_columns=rows.column_names)
            return rows_of(found[:], rows["id"])

    serve(prepare)


if __name__ == "__main__":
    main(*sys.argv[1:])
