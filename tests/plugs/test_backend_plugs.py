"""What holds for every backend: it overfits, it minds the mask, it goes on where it was cut off."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import msgspec
import numpy as np
import pytest
import torch
from torch import Tensor
from transformers import PreTrainedModel

from agentflan.core import plugs
from agentflan.corpus.tokens.arrays import Tokens
from agentflan.train.job import Job
from agentflan.train.settings import Lora, ModelSettings, Scratch, TrainSettings
from agentflan.train.starting import model
from tests.train.tokens_folder import write

SMALL = ModelSettings(scratch=Scratch(hidden_size=32, layers=2, heads=2, intermediate_size=64))
each_backend = pytest.mark.parametrize("name", plugs.names("backend"))


class Stop(Exception):
    """Stands for whatever ends a process."""


def refuse(_: PreTrainedModel) -> None:
    raise Stop


def run(
    name: str,
    settings: TrainSettings,
    tokens: Path,
    folder: Path,
    save: Callable[[PreTrainedModel], None] | None = None,
) -> dict[str, Tensor]:
    """The weights that the backend hands over."""
    tuned: dict[str, Tensor] = {}
    said: list[str] = []

    def begin() -> PreTrainedModel:
        return model.begin(settings.model, tokens / "tokenizer", settings.seed)

    def keep(result: PreTrainedModel) -> None:
        tuned.update({key: weight.detach().clone() for key, weight in result.state_dict().items()})

    job = Job(settings, Tokens.open(tokens), folder, "digest", begin, save or keep, said.append)
    plugs.load("backend", name)(job)
    assert said
    return tuned


def lines(folder: Path) -> list[dict[str, Any]]:
    return [json.loads(line) for line in (folder / "metrics.jsonl").read_text().splitlines()]


def without_speed(found: list[dict[str, Any]]) -> list[dict[str, Any]]:
    return [{key: value for key, value in line.items() if not key.endswith("per_second")} for line in found]


@each_backend
def test_it_overfits_four_sequences(name: str, tmp_path: Path) -> None:
    tokens = write(tmp_path / "tokens", 4)
    settings = TrainSettings(model=SMALL, steps=60, batch_size=4, learning_rate=1e-2, warmup_steps=5, log_every=20)
    run(name, settings, tokens, tmp_path / "train")
    losses = [line["loss"] for line in lines(tmp_path / "train")]
    assert losses[0] > 1
    assert losses[-1] < 0.05


@each_backend
def test_masked_tokens_get_no_gradient(name: str, tmp_path: Path) -> None:
    """Nothing sees the tokens behind the trained ones: whatever they are, the same weights come out."""
    settings = TrainSettings(model=SMALL, steps=5, batch_size=4, learning_rate=1e-2)
    tuned = {}
    for change in ("none", "masked", "trained"):
        tokens = write(tmp_path / change, 8)
        ids, trained = np.load(tokens / "ids.npy"), np.load(tokens / "trained.npy")
        ends = np.load(tokens / "offsets.npy")[1:]
        trained[ends - 1] = False
        if change == "masked":
            ids[ends - 1] = 17
        if change == "trained":
            ids[ends - 2] = 17
        np.save(tokens / "ids.npy", ids)
        np.save(tokens / "trained.npy", trained)
        tuned[change] = run(name, settings, tokens, tmp_path / f"train_{change}")
    assert all(torch.equal(weight, tuned["masked"][key]) for key, weight in tuned["none"].items())
    assert not all(torch.equal(weight, tuned["trained"][key]) for key, weight in tuned["none"].items())


@each_backend
@pytest.mark.parametrize(
    "changes",
    [{}, {"optimizer": "muon"}, {"lora": Lora(rank=4, dropout=0.2)}, {"balance": "measured", "validate_every": 1}],
    ids=["adamw", "muon", "lora", "measured"],
)
def test_a_run_that_was_cut_off_ends_as_a_whole_one(name: str, changes: dict[str, Any], tmp_path: Path) -> None:
    tokens = write(tmp_path / "tokens", 20, held_out=4)
    settings = TrainSettings(
        model=SMALL,
        steps=11,
        batch_size=4,
        learning_rate=1e-2,
        log_every=3,
        save_every=7,
        **{"validate_every": 4, **changes},
    )
    whole = run(name, settings, tokens, tmp_path / "whole")
    with pytest.raises(Stop):
        run(name, settings, tokens, tmp_path / "cut", refuse)
    before = lines(tmp_path / "cut")
    with (tmp_path / "cut" / "metrics.jsonl").open("a") as stream:
        stream.write('{"step": 99, "half a li')
    resumed = run(name, settings, tokens, tmp_path / "cut")
    after = lines(tmp_path / "cut")
    assert all(torch.equal(weight, resumed[key]) for key, weight in whole.items())
    assert without_speed(after) == without_speed(lines(tmp_path / "whole"))
    assert (tmp_path / "cut" / "validation.jsonl").read_bytes() == (
        tmp_path / "whole" / "validation.jsonl"
    ).read_bytes()
    kept = [line for line in before if line["step"] <= 7]
    assert after[: len(kept)] == kept  # speeds too: these steps were not done again
    assert not (tmp_path / "cut" / "checkpoint").exists()


@each_backend
def test_a_checkpoint_of_other_settings_is_not_taken_up(name: str, tmp_path: Path) -> None:
    tokens = write(tmp_path / "tokens", 8)
    settings = TrainSettings(model=SMALL, steps=4, batch_size=4, learning_rate=1e-2, save_every=3, log_every=1)
    with pytest.raises(Stop):
        run(name, settings, tokens, tmp_path / "cut", refuse)
    path = tmp_path / "cut" / "checkpoint"
    state = torch.load(path, weights_only=True)
    torch.save({**state, "digest": "another"}, path)
    again = run(name, settings, tokens, tmp_path / "cut")
    whole = run(name, settings, tokens, tmp_path / "whole")
    assert all(torch.equal(weight, again[key]) for key, weight in whole.items())
    assert [line["step"] for line in lines(tmp_path / "cut")] == [1, 2, 3, 4]


@each_backend
@pytest.mark.parametrize(
    "changes",
    [
        {"micro_batch_size": 2},
        {"micro_batch_size": 3, "gradient_checkpointing": True},
        {"gradient_checkpointing": True},
    ],
    ids=lambda changes: "+".join(changes),
)
def test_how_a_step_is_parted_does_not_change_what_is_learned(
    name: str, changes: dict[str, Any], tmp_path: Path
) -> None:
    tokens = write(tmp_path / "tokens", 20)
    settings = TrainSettings(model=SMALL, steps=6, batch_size=5, learning_rate=1e-3, log_every=2)
    whole = run(name, settings, tokens, tmp_path / "whole")
    parted = run(name, msgspec.structs.replace(settings, **changes), tokens, tmp_path / "parted")
    assert all(torch.allclose(weight, parted[key], atol=1e-4) for key, weight in whole.items())
    for one, other in zip(lines(tmp_path / "whole"), lines(tmp_path / "parted"), strict=True):
        assert one["tokens"] == other["tokens"]
        assert one["loss"] == pytest.approx(other["loss"], rel=1e-4)
        assert one["loss_by_capability"] == pytest.approx(other["loss_by_capability"], rel=1e-4)


@each_backend
def test_packed_rows_teach_what_their_sequences_do(name: str, tmp_path: Path) -> None:
    """All sequences in each step, so that it does not matter which of them share a row."""
    tokens = write(tmp_path / "tokens", 20, held_out=4)
    settings = TrainSettings(model=SMALL, steps=6, batch_size=16, learning_rate=1e-3, log_every=2, sequence_length=30)
    apart = run(name, settings, tokens, tmp_path / "apart")
    packed = run(name, msgspec.structs.replace(settings, packing=True), tokens, tmp_path / "packed")
    assert all(torch.allclose(weight, packed[key], atol=1e-4) for key, weight in apart.items())
    for one, other in zip(lines(tmp_path / "apart"), lines(tmp_path / "packed"), strict=True):
        assert one["tokens"] == other["tokens"]
        key = "loss" if "loss" in one else "validation_loss"
        assert one[key] == pytest.approx(other[key], rel=1e-4)
