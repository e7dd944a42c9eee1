"""ms-swift's loader and encoder over the export, with our layout as one of its templates."""

from __future__ import annotations

import sys
from collections.abc import Iterable
from pathlib import Path

from swift.dataset import load_dataset
from swift.model import get_processor
from swift.template import TemplateMeta, get_template, register_template

from bench.peers.inside.layout import ASSISTANT, BETWEEN, END, HUMAN
from bench.peers.inside.rounds import Row, ids_in, serve


def main(export: str, model: str) -> None:
    processor = get_processor(model, model_type="llama")
    bos = processor.bos_token
    register_template(
        TemplateMeta(
            "agent_flan",
            prefix=[bos],
            system_prefix=[f"{bos}{HUMAN}{{{{SYSTEM}}}}{BETWEEN}"],
            prompt=[f"{HUMAN}{{{{QUERY}}}}{BETWEEN}{ASSISTANT}"],
            chat_sep=[f"{END}{BETWEEN}"],
            suffix=[END],
        )
    )
    template = get_template(processor, template_type="agent_flan", max_length=1 << 20, is_binary_loss_scale=False)
    template.set_mode("train")
    file = Path(export, "train.jsonl")

    def prepare() -> Iterable[Row]:
        rows, _ = load_dataset([str(file)], load_from_cache_file=False, seed=None)
        encoded = [template.encode(row) for row in rows]
        columns = ([one[name] for one in encoded] for name in ("input_ids", "labels", "loss_scale"))
        return map(Row, ids_in(file), *columns)

    serve(prepare)


if __name__ == "__main__":
    main(*sys.argv[1:])
