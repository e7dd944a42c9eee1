"""Real processes that train: killed, interrupted, told to end; and runs that stop themselves."""

from __future__ import annotations

import json
import random
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import msgspec
import numpy as np
import pytest
import torch
from safetensors.numpy import load_file

from agentflan.core.errors import Mistake
from agentflan.train.run import train
from agentflan.train.settings import ModelSettings, Scratch, TrainSettings
from tests.train.tokens_folder import write

ROOT = Path(__file__).parents[2]
SMALL = ModelSettings(scratch=Scratch(hidden_size=16, layers=1, heads=2, intermediate_size=32))
SETTINGS = TrainSettings(
    model=SMALL,
    steps=120,
    batch_size=4,
    micro_batch_size=3,
    learning_rate=1e-2,
    log_every=1,
    validate_every=7,
    save_every=3,
    keep="best",
    threads=1,
)
SCRIPT = """
import sys
from pathlib import Path
import msgspec
from agentflan.core.errors import Mistake
from agentflan.train.run import train
from agentflan.train.settings import TrainSettings
settings = msgspec.json.decode(sys.argv[1], type=TrainSettings, dec_hook=lambda kind, value: kind(value))
try:
    train(settings, Path(sys.argv[2]), Path(sys.argv[3]))
except KeyboardInterrupt:
    sys.exit(130)
"""


@pytest.fixture(scope="module")
def tokens(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write(tmp_path_factory.mktemp("tokens") / "t", 40, held_out=6)


def started(settings: TrainSettings, tokens: Path, run: Path) -> subprocess.Popen[bytes]:
    told = msgspec.json.encode(settings, enc_hook=str).decode()
    command = [sys.executable, "-c", SCRIPT, told, str(tokens), str(run)]
    return subprocess.Popen(command, cwd=ROOT, stderr=subprocess.PIPE)


def lines(run: Path) -> list[dict[str, Any]]:
    path = run / "train" / "metrics.jsonl"
    whole = (
        [line for line in path.read_bytes().splitlines(keepends=True) if line.endswith(b"\n")] if path.exists() else []
    )
    return [json.loads(line) for line in whole]


def wait_until(holds: Callable[[], bool], process: subprocess.Popen[bytes]) -> None:
    while process.poll() is None and not holds():
        time.sleep(0.001)


def weights(run: Path) -> dict[str, np.ndarray]:
    return dict(load_file(run / "model" / "model.safetensors"))


def same(one: Path, other: Path) -> bool:
    theirs = weights(other)
    return all(np.array_equal(weight, theirs[name]) for name, weight in weights(one).items())


@pytest.mark.parametrize(
    ("precision", "kills"),
    [("float32", 2), *(pytest.param(each, 20, marks=pytest.mark.slow) for each in ("float32", "bfloat16"))],
)
def test_killed_at_any_moment_it_ends_with_the_same_weights(
    precision: str, kills: int, tokens: Path, tmp_path: Path
) -> None:
    settings = msgspec.structs.replace(SETTINGS, precision=precision)
    train(settings, tokens, tmp_path / "whole")
    chance, run = random.Random(kills), tmp_path / "cut"
    reached = 0
    for kill in range(kills):
        process = started(settings, tokens, run)
        target = (kill + 1) * settings.steps // (kills + 1)
        wait_until(lambda: any(line["step"] >= target for line in lines(run)), process)  # noqa: B023
        time.sleep(chance.random() / 20)
        process.kill()
        process.communicate()
        assert not (run / "model").exists()
        reached = max(reached, lines(run)[-1]["step"])
    assert reached >= settings.steps * kills // (kills + 1)
    last = started(settings, tokens, run)
    _, said = last.communicate()
    assert last.returncode == 0
    assert b"resumes after step" in said
    assert same(tmp_path / "whole", run)
    assert {path.name for path in (run / "train").iterdir()} == {"metrics.jsonl", "validation.jsonl"}


@pytest.mark.parametrize(("number", "code"), [(signal.SIGINT, 130), (signal.SIGTERM, 143)])
def test_a_signal_keeps_the_step_under_way(number: signal.Signals, code: int, tokens: Path, tmp_path: Path) -> None:
    settings = msgspec.structs.replace(SETTINGS, save_every=0, steps=400)
    process = started(settings, tokens, tmp_path / "run")
    wait_until(lambda: len(lines(tmp_path / "run")) > 5, process)
    process.send_signal(number)
    _, said = process.communicate()
    assert process.returncode == code
    done = lines(tmp_path / "run")[-1]["step"]
    assert f"stopped after step {done:,} of 400; the same command goes on from there" in said.decode()
    assert b"Traceback" not in said
    assert not (tmp_path / "run" / "model").exists()
    for name in ("run", "whole"):
        train(settings, tokens, tmp_path / name)
    assert same(tmp_path / "run", tmp_path / "whole")


def test_a_second_ctrl_c_does_not_wait(tmp_path: Path) -> None:
    tokens = write(tmp_path / "tokens", 64, length=512)
    wide = ModelSettings(scratch=Scratch(hidden_size=128, layers=4, heads=4, intermediate_size=512))
    settings = msgspec.structs.replace(
        SETTINGS, model=wide, batch_size=64, micro_batch_size=4, keep="last", save_every=0
    )
    process = started(settings, tokens, tmp_path / "run")
    wait_until(lambda: len(lines(tmp_path / "run")) > 0, process)
    time.sleep(0.2)
    for _ in range(2):
        process.send_signal(signal.SIGINT)
        time.sleep(0.2)
    process.communicate()
    assert process.returncode == 130
    assert not (tmp_path / "run" / "train" / "checkpoint").exists()


def poisoned(folder: Path, *, sequences: int = 40) -> Path:
    """Tokens of which one has a weight that is no number."""
    tokens = write(folder, sequences)
    offsets, weight = np.load(tokens / "offsets.npy"), np.load(tokens / "weight.npy")
    weight[offsets[24] - 1] = np.nan
    np.save(tokens / "weight.npy", weight)
    return tokens


def test_a_loss_that_is_no_number_moves_nothing_and_its_batch_is_kept(tmp_path: Path) -> None:
    tokens = poisoned(tmp_path / "tokens")
    settings = msgspec.structs.replace(SETTINGS, micro_batch_size=None, keep="last", save_every=1, steps=20)
    with pytest.raises(Mistake, match="the loss is not a number any more at step") as caught:
        train(settings, tokens, tmp_path / "run")
    kept = json.loads((tmp_path / "run" / "train" / "stopped" / "batch.json").read_text())
    assert f"at step {kept['step']}, which was not taken" in str(caught.value)
    assert f"agentflan show {tmp_path / 'run' / 'train' / 'stopped'}" in str(caught.value)
    assert kept["loss"] is None
    assert 23 in [each["number"] for each in kept["sequences"]]
    assert [each["id"] for each in kept["sequences"]] == [f"row-{each['number']}" for each in kept["sequences"]]
    assert all(each["loss"] > 0 and set(each["by_capability"]) for each in kept["sequences"])
    assert [line["step"] for line in lines(tmp_path / "run")][-1] == kept["step"] - 1
    state = torch.load(tmp_path / "run" / "train" / "checkpoint", weights_only=True)
    assert state["step"] == kept["step"] - 1
    assert all(torch.isfinite(weight).all() for weight in state["model"].values())


def test_a_jump_of_the_loss_stops_and_can_be_let_pass(tmp_path: Path) -> None:
    """The first 60 sequences say one thing over and over; then comes one nobody could foresee."""
    tokens = write(tmp_path / "tokens", 80, words=400)
    ids, offsets = np.load(tokens / "ids.npy"), np.load(tokens / "offsets.npy")
    for number in range(60):
        ids[offsets[number] + 1 : offsets[number + 1]] = 7
    np.save(tokens / "ids.npy", ids)
    settings = msgspec.structs.replace(
        SETTINGS, order="given", window=1, keep="last", warmup_steps=1, jump=5.0, steps=20, learning_rate=3e-2
    )
    with pytest.raises(Mistake, match=r"the loss jumped from about \d\.\d\d to \d+\.\d\d at step 16"):
        train(settings, tokens, tmp_path / "run")
    kept = json.loads((tmp_path / "run" / "train" / "stopped" / "batch.json").read_text())
    assert [each["number"] for each in kept["sequences"]] == [60, 61, 62, 63]
    assert "jumped" in kept["why"]
    train(msgspec.structs.replace(settings, jump=0.0), tokens, tmp_path / "run")
    assert not (tmp_path / "run" / "train" / "stopped").exists()
