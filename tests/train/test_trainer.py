"""The Trainer backend does what the loop does, to the last bit, and tells the trackers of others."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import msgspec
import pytest
import torch
from safetensors.torch import load_file

from agentflan.train.run import train
from agentflan.train.settings import Lora, ModelSettings, Scratch, TrainSettings
from tests.train.tokens_folder import write

SMALL = ModelSettings(scratch=Scratch(hidden_size=32, layers=2, heads=2, intermediate_size=64))
SETTINGS = TrainSettings(
    model=SMALL,
    epochs=3,
    batch_size=6,
    micro_batch_size=2,
    learning_rate=1e-2,
    weight_decay=0.1,
    clip=0.5,
    log_every=3,
    validate_every=4,
    save_every=0,
)


@pytest.fixture(scope="module")
def tokens(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write(tmp_path_factory.mktemp("tokens") / "t", 25, held_out=5, muted=1)


def lines(run: Path) -> list[dict[str, Any]]:
    found = [json.loads(line) for line in (run / "train" / "metrics.jsonl").read_text().splitlines()]
    return [{key: value for key, value in line.items() if not key.endswith("per_second")} for line in found]


@pytest.mark.parametrize(
    "changes",
    [
        {},
        {"optimizer": "muon"},
        {"clip": 0.0},
        {"micro_batch_size": None, "schedule": "linear_tail", "prompt_weight": 0.3},
        {"lora": Lora(rank=4, dropout=0.2)},
    ],
)
def test_it_does_what_the_loop_does(tokens: Path, tmp_path: Path, changes: dict[str, Any]) -> None:
    for name in ("loop", "trainer"):
        train(msgspec.structs.replace(SETTINGS, backend=name, **changes), tokens, tmp_path / name)
    assert lines(tmp_path / "trainer") == lines(tmp_path / "loop")
    (file,) = (tmp_path / "loop" / "model").glob("*model.safetensors")
    one, other = load_file(file), load_file(tmp_path / "trainer" / "model" / file.name)
    assert one.keys() == other.keys()
    assert all(torch.equal(weight, other[name]) for name, weight in one.items())
