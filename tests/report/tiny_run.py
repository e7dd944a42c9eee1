"""A run from raw rows to a tuned model, as small as it can be: for what looks at models and tokens together."""

from __future__ import annotations

import json
from pathlib import Path

from agentflan.cli.main import run
from agentflan.recipes.demo import rows

RECIPE = """\
vocabulary: 400
max_new_tokens: 8
corpus:
  sources:
    - {use: toolbench, path: rows/toolbench.jsonl}
    - {use: sharegpt, path: rows/chat.jsonl}
  transforms: [{use: converse, listing: signature, react_share: 0.5}]
  validation_share: 0.3
train:
  {steps: 6, batch_size: 4, learning_rate: {rate}, warmup_steps: 0, threads: 1, log_every: 3,
   model: {scratch: {hidden_size: 32, layers: 1, heads: 2, max_positions: 1024}}}
"""


def write_tiny_recipe(folder: Path, rate: str = "5e-3") -> Path:
    """The recipe, `folder/tiny.yaml`, with this learning rate; its raw rows are in `folder/rows`."""
    (folder / "rows").mkdir(parents=True)
    for name, items in {"toolbench": rows.searches(0, 30), "chat": rows.chats(0, 30)}.items():
        (folder / "rows" / f"{name}.jsonl").write_text("".join(json.dumps(row) + "\n" for row in items))
    (folder / "tiny.yaml").write_text(RECIPE.replace("{rate}", rate))
    return folder / "tiny.yaml"


def write_tiny_run(folder: Path) -> Path:
    """The run folder, `folder/run`."""
    assert run(["train", str(write_tiny_recipe(folder)), "-o", str(folder / "run")]) == 0
    return folder / "run"
