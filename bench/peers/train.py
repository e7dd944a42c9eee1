"""A step of TRL's SFTTrainer beside ours and one of a bare torch loop: same weights, same batches, one thread."""

# mypy: allow-untyped-calls
# (transformers and torch leave some of their functions without types)

from __future__ import annotations

import json
import tempfile
from collections.abc import Iterator
from pathlib import Path
from statistics import median

import torch
from transformers.utils import logging

from agentflan.corpus.tokens.arrays import Tokens
from agentflan.train.batching.batches import Plan
from agentflan.train.saving import result
from agentflan.train.starting import model
from bench import train
from bench.figure import Figure, missing
from bench.peers.environments import PEERS, UnavailableError
from bench.peers.tool import Tool

ROUNDS = 4
IGNORED = -100
DIFFERS = (
    "no weights per token, no curves per capability; on a CPU its loss scores all positions, not the trained alone,"
    " and works out entropy and accuracy beside"
)


def bench_train() -> Iterator[Figure]:
    """CPU seconds a step, in turns; each line sets one of the trainers beside the bare loop of the same run."""
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    with tempfile.TemporaryDirectory() as place:
        folder = train.tokens_folder(Path(place))
        rows, begun = _hand_over(folder, Path(place))
        try:
            with Tool("trl_train", rows, begun, environment="trl") as tool:
                rounds = [_round(folder, tool) for _ in range(ROUNDS + 1)][1:]
        except UnavailableError as error:
            yield missing("peers_train_trl_ratio", "tokens per CPU second", str(error))
            return
        tokens = train.tokens_a_step(folder)
    torch.set_num_threads(threads)
    for name in ("trl", *train.BACKENDS):
        against = train.BARE if name != "trl" else f"{train.BARE}. {PEERS['trl'].package}: {DIFFERS}"
        yield {
            "bench": f"peers_train_{name}_ratio",
            "value": round(tokens / median(taken[name] for taken in rounds), 1),
            "unit": "tokens per CPU second",
            "against": against,
            "ratio": round(median(taken[name] / taken["bare"] for taken in rounds), 3),
            "rounds": ROUNDS * (train.STEPS - 1),
        }


def _round(folder: Path, tool: Tool) -> dict[str, float]:
    ours = {name: train.step(name, folder) for name in train.BACKENDS}
    return {"bare": train.bare_step(folder), "trl": tool.seconds(), **ours}


def _hand_over(folder: Path, place: Path) -> tuple[Path, Path]:
    """The sequences with labels, in the order in which our plan takes them; and the folder of the model at first."""
    tokens = Tokens.open(folder)
    plan = Plan(train.SETTINGS, tokens)
    rows = place / "rows.jsonl"
    with rows.open("w", encoding="utf-8") as stream:
        for step in range(train.STEPS):
            for number in plan.step(step).batches[0].members.tolist():
                ids, trained, *_ = tokens.sequence(number)
                labels = [id if kept else IGNORED for id, kept in zip(ids.tolist(), trained.tolist(), strict=True)]
                stream.write(json.dumps({"input_ids": ids.tolist(), "labels": labels}) + "\n")
    logging.disable_progress_bar()
    begun = model.begin(train.SETTINGS.model, folder / "tokenizer", train.SETTINGS.seed)
    result.save(begun, train.SETTINGS, folder, place / "begun")
    return rows, place / "begun"
