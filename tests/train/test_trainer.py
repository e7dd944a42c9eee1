"""The Trainer backend does what the loop does, to the last bit, and tells the trackers of others."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import msgspec
import pytest
import torch
from safetensors.torch import load_file
from tensorboardX.proto import event_pb2

from agentflan.core.errors import Mistake
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
        {"lora": Lora(rank=4, dropout=0.2), "keep": "best"},
        {
            "packing": True,
            "sequence_length": 40,
            "gradient_checkpointing": True,
            "batch_size": 2,
            "micro_batch_size": 1,
        },
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


def test_trackers_are_told_the_losses_of_metrics(tokens: Path, tmp_path: Path) -> None:
    backend = {"use": "trainer", "report_to": ["tensorboard"]}
    train(msgspec.structs.replace(SETTINGS, backend=backend), tokens, tmp_path)
    (file,) = (tmp_path / "train").rglob("events.out.tfevents.*")
    told: dict[str, dict[int, float]] = {}
    for event in events(file.read_bytes()):
        for value in event.summary.value:
            told.setdefault(value.tag, {})[event.step] = value.simple_value
    for kind, ours in {"train": "loss", "eval": "validation_loss"}.items():
        logged = {line["step"]: line for line in lines(tmp_path) if ours in line}
        assert told[f"{kind}/loss"] == pytest.approx({step: line[ours] for step, line in logged.items()})
        each = {step: line[f"{ours}_by_capability"]["format"] for step, line in logged.items()}
        assert told[f"{kind}/loss/format"] == pytest.approx(each)


def events(data: bytes) -> Iterator[event_pb2.Event]:
    """A record is its length (8 bytes), a checksum (4), itself, and another checksum (4)."""
    place = 0
    while place < len(data):
        length = int.from_bytes(data[place : place + 8], "little")
        yield event_pb2.Event.FromString(data[place + 12 : place + 12 + length])
        place += 16 + length


@pytest.mark.parametrize(
    ("backend", "sentence"),
    [
        ({"fsdp": {}}, "one process has nothing to share"),
        ({"deepspeed": "nowhere.json"}, "there is no such file"),
        ({"fsdp": {}, "deepspeed": "nowhere.json"}, "two ways to do the same"),
    ],
)
def test_what_cannot_be_is_refused(tokens: Path, tmp_path: Path, backend: dict[str, Any], sentence: str) -> None:
    with pytest.raises(Mistake, match=sentence):
        train(msgspec.structs.replace(SETTINGS, backend={"use": "trainer", **backend}), tokens, tmp_path)


def test_it_prints_nothing_of_its_own(tokens: Path, tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    train(msgspec.structs.replace(SETTINGS, backend="trainer", epochs=1), tokens, tmp_path / "run")
    said = capfd.readouterr()
    assert said.out == ""
    assert all(line.startswith("run: ") for line in said.err.splitlines())
