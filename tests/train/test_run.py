"""A whole run: what it leaves, how it goes on, and what it refuses."""

from __future__ import annotations

import json
import math
from pathlib import Path
from typing import Any

import msgspec
import numpy as np
import pytest
import torch
from transformers import AutoModelForCausalLM

from agentflan.core.errors import Mistake
from agentflan.corpus.tokens.arrays import Tokens
from agentflan.train.run import train
from agentflan.train.settings import ModelSettings, Scratch, TrainSettings
from tests.train.tokens_folder import write

SMALL = ModelSettings(scratch=Scratch(hidden_size=16, layers=1, heads=2, intermediate_size=32))
SETTINGS = TrainSettings(model=SMALL, steps=12, batch_size=4, learning_rate=1e-2, log_every=5, validate_every=6)


@pytest.fixture(scope="module")
def tokens(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write(tmp_path_factory.mktemp("tokens") / "t", 30, held_out=5)


@pytest.fixture(scope="module")
def run(tokens: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("run")
    train(SETTINGS, tokens, folder)
    return folder


def lines(run: Path) -> list[dict[str, Any]]:
    return [json.loads(line) for line in (run / "train" / "metrics.jsonl").read_text().splitlines()]


def test_metrics_have_a_line_for_each_logged_step_and_each_validation(run: Path) -> None:
    found = lines(run)
    trained = [line for line in found if "loss" in line]
    assert [line["step"] for line in trained] == [5, 10, 12]
    assert [line["step"] for line in found if "validation_loss" in line] == [0, 6, 12]
    for line in trained:
        speeds = {"tokens_per_second", "trained_tokens_per_second"}
        assert set(line) == {"step", "tokens", "loss", "loss_by_capability", "lr", *speeds}
        assert list(line["loss_by_capability"]) == ["chat", "format", "reasoning", "retrieval", "understanding"]
    assert trained[0]["tokens"] < trained[1]["tokens"] < trained[2]["tokens"]
    assert found[0]["validation_loss"] == pytest.approx(math.log(40), rel=0.1)
    assert trained[-1]["loss"] < trained[0]["loss"]


def test_a_finished_run_leaves_a_model_and_its_curves(run: Path) -> None:
    assert {path.name for path in run.iterdir()} == {"model", "train"}
    assert {path.name for path in (run / "train").iterdir()} == {"metrics.jsonl", "validation.jsonl"}
    AutoModelForCausalLM.from_pretrained(run / "model")


def test_the_groups_of_a_validation_add_up_to_its_means(run: Path, tokens: Path) -> None:
    opened = Tokens.open(tokens)
    held = opened.group[np.asarray(opened.validation)]
    means = [line for line in lines(run) if "validation_loss" in line]
    passes = [json.loads(line) for line in (run / "train" / "validation.jsonl").read_text().splitlines()]
    assert [line["step"] for line in passes] == [0, 6, 12]
    for line, whole in zip(passes, means, strict=True):
        assert line["groups"] == sorted(set(held.tolist()))
        for name, mean in whole["validation_loss_by_capability"].items():
            assert sum(line["sums"][name]) / sum(line["counts"][name]) == pytest.approx(mean, rel=1e-5)
            assert min(line["counts"][name]) > 0


def test_the_tuned_model_says_what_it_learned_and_stops(tmp_path: Path) -> None:
    tokens = write(tmp_path / "tokens", 2)
    train(msgspec.structs.replace(SETTINGS, steps=150, batch_size=2, warmup_steps=5), tokens, tmp_path)
    model, learned = AutoModelForCausalLM.from_pretrained(tmp_path / "model"), Tokens.open(tokens).sequence(1)
    asked = torch.from_numpy(learned.ids[~learned.trained].astype(np.int64))
    said = model.generate(asked[None], attention_mask=torch.ones_like(asked[None]), max_new_tokens=40, do_sample=False)
    assert said[0].tolist() == learned.ids.tolist()


def test_the_mean_of_a_class_is_unweighted_and_the_loss_is_weighted(tokens: Path, tmp_path: Path) -> None:
    """One step over all rows, against the sums done by hand with the model it started from."""
    settings = msgspec.structs.replace(SETTINGS, steps=1, batch_size=30, log_every=1, learning_rate=1e-3)
    train(settings, tokens, tmp_path)
    train(msgspec.structs.replace(settings, learning_rate=1e-12, warmup_from=0.0), tokens, tmp_path / "still")
    model = AutoModelForCausalLM.from_pretrained(tmp_path / "still" / "model")
    arrays = {name: np.load(tokens / f"{name}.npy") for name in ("ids", "trained", "capability", "weight", "offsets")}
    losses: dict[int, list[float]] = {}
    weighted = weights = 0.0
    for start, end in zip(arrays["offsets"][:25], arrays["offsets"][1:26], strict=True):
        ids = torch.from_numpy(arrays["ids"][start:end].astype(np.int64))
        with torch.no_grad():
            each = -model(input_ids=ids[None]).logits[0].log_softmax(-1)[:-1].gather(1, ids[1:, None])[:, 0]
        for place in range(start + 1, end):
            if arrays["trained"][place]:
                loss = float(each[place - start - 1])
                losses.setdefault(int(arrays["capability"][place]), []).append(loss)
                weighted += loss * float(arrays["weight"][place])
                weights += float(arrays["weight"][place])
    line = next(line for line in lines(tmp_path) if "loss" in line)
    assert line["loss"] == pytest.approx(weighted / weights, rel=1e-5)
    wanted = [float(np.mean(losses[number])) for number in range(5)]
    assert list(line["loss_by_capability"].values()) == pytest.approx(wanted, rel=1e-5)


@pytest.mark.parametrize("optimizer", ["adamw", "muon"])
def test_bfloat16_follows_float32(tokens: Path, tmp_path: Path, optimizer: str) -> None:
    wide = msgspec.structs.replace(SETTINGS, optimizer=optimizer)
    narrow = msgspec.structs.replace(wide, precision="bfloat16", attention="eager")
    train(wide, tokens, tmp_path / "wide")
    train(narrow, tokens, tmp_path / "narrow")
    for one, other in zip(lines(tmp_path / "wide"), lines(tmp_path / "narrow"), strict=True):
        name = "loss" if "loss" in one else "validation_loss"
        assert one[name] == pytest.approx(other[name], rel=0.01)
        assert one[name] != other[name]


def test_a_step_that_ends_in_no_number_says_what_to_try(tokens: Path, tmp_path: Path) -> None:
    hot = msgspec.structs.replace(SETTINGS, learning_rate=1e30, warmup_steps=0, clip=0.0, log_every=1)
    with pytest.raises(Mistake, match="lower `learning_rate`"):
        train(hot, tokens, tmp_path)
    assert not (tmp_path / "model").exists()


def test_more_tokens_than_allowed_are_refused_before_anything_is_written(tokens: Path, tmp_path: Path) -> None:
    with pytest.raises(Mistake, match="sequence_length is 8"):
        train(msgspec.structs.replace(SETTINGS, sequence_length=8), tokens, tmp_path / "one")
    short = ModelSettings(scratch=Scratch(hidden_size=16, layers=1, heads=2, intermediate_size=32, max_positions=8))
    with pytest.raises(Mistake, match="the model reads 8"):
        train(msgspec.structs.replace(SETTINGS, model=short), tokens, tmp_path / "two")
    with pytest.raises(Mistake, match="this is no model folder"):
        train(msgspec.structs.replace(SETTINGS, model=ModelSettings(path=tmp_path)), tokens, tmp_path / "three")
    with pytest.raises(Mistake, match="did you mean 'loop'"):
        train(msgspec.structs.replace(SETTINGS, backend="loops"), tokens, tmp_path / "four")
    assert list(tmp_path.iterdir()) == []


def test_tokens_with_nothing_to_learn_are_refused(tmp_path: Path) -> None:
    folder = write(tmp_path / "t", 4, muted=4)
    with pytest.raises(Mistake, match="no sequence has a token to learn"):
        train(SETTINGS, folder, tmp_path / "run")
    train(msgspec.structs.replace(SETTINGS, prompt_weight=1.0, steps=1), folder, tmp_path / "run")
    assert lines(tmp_path / "run")[0]["loss_by_capability"] == {}
