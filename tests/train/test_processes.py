"""Real processes: the command under torchrun, and one that is killed."""

from __future__ import annotations

import json
import re
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import msgspec
import pytest
import torch
from safetensors.torch import load_file

from agentflan.train.run import train
from agentflan.train.settings import ModelSettings, Scratch, TrainSettings
from tests.train.processes import environment, torchrun
from tests.train.tokens_folder import write

SMALL = ModelSettings(scratch=Scratch(hidden_size=32, layers=2, heads=2, intermediate_size=64))
SETTINGS = TrainSettings(
    backend="trainer",
    model=SMALL,
    steps=11,
    batch_size=8,
    micro_batch_size=2,
    learning_rate=1e-3,
    log_every=4,
    validate_every=6,
    save_every=5,
)
KILLED = """
import sys
from pathlib import Path
import msgspec
from agentflan.train.run import train
from agentflan.train.settings import TrainSettings
train(msgspec.json.decode(sys.argv[1], type=TrainSettings), Path(sys.argv[2]), Path(sys.argv[3]))
"""


def weights(run: Path) -> dict[str, torch.Tensor]:
    return load_file(run / "model" / "model.safetensors")


def losses(run: Path) -> list[float]:
    found = [json.loads(line) for line in (run / "train" / "metrics.jsonl").read_text().splitlines()]
    return [value for line in found for key, value in line.items() if key in ("loss", "validation_loss", "tokens")]


def recipe(folder: Path, backend: Any) -> str:
    """A recipe with the settings of this file; its rows are written beside it."""
    said = [
        [{"from": "human", "value": f"say {n}"}, {"from": "gpt", "value": "so " * (n % 7) + str(n)}] for n in range(60)
    ]
    rows = [{"id": str(number), "conversations": turns} for number, turns in enumerate(said)]
    (folder / "rows.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows))
    sources = [{"use": "sharegpt", "path": "rows.jsonl", "role": "general", "licence": "Apache-2.0"}]
    corpus = {"sources": sources, "transforms": [{"use": "converse"}], "validation_share": 0.1}
    settings = msgspec.to_builtins(msgspec.structs.replace(SETTINGS, backend=backend))
    path = folder / "recipe.yaml"
    path.write_text(json.dumps({"vocabulary": 300, "corpus": corpus, "train": settings}))
    return str(path)


def test_two_processes_train_what_one_does(tmp_path: Path) -> None:
    run = tmp_path / "run"
    done = torchrun(2, "-m", "agentflan", "train", recipe(tmp_path, "trainer"), "-o", str(run))
    assert done.returncode == 0, done.stderr
    assert done.stdout == f"{run / 'model'}\n"
    assert done.stderr.count("step 11 of 11") == 1
    train(SETTINGS, run / "tokens", tmp_path / "alone")
    assert losses(run) == pytest.approx(losses(tmp_path / "alone"), abs=1e-6)
    alone = weights(tmp_path / "alone")
    assert max((weight - alone[name]).abs().max().item() for name, weight in weights(run).items()) < 1e-6
    refused = torchrun(2, "-m", "agentflan", "train", recipe(tmp_path, {"use": "trainer", "fsdp": {}}), "-o", str(run))
    assert refused.returncode != 0
    assert "accelerate does not shard on these devices" in refused.stderr
    assert re.search(r"exitcode\s*: 2\b", refused.stderr)  # a mistake of the user's, not a crash


def test_a_run_that_is_killed_twice_ends_as_a_whole_one(tmp_path: Path) -> None:
    """Killed for good, in the middle of whatever it does then."""
    tokens = write(tmp_path / "tokens", 30, held_out=4)
    settings = msgspec.structs.replace(SETTINGS, steps=150, save_every=1, validate_every=0)
    words = [sys.executable, "-c", KILLED, msgspec.json.encode(settings).decode(), str(tokens), str(tmp_path / "cut")]
    for at in (1, 20):
        running = subprocess.Popen(words, env=environment(), stderr=subprocess.DEVNULL)
        while _saved(tmp_path / "cut" / "train" / "checkpoint") < at:
            assert running.poll() is None
            time.sleep(0.01)
        running.kill()
        running.wait()
    assert not (tmp_path / "cut" / "model").exists()
    train(settings, tokens, tmp_path / "cut")
    train(settings, tokens, tmp_path / "whole")
    cut, whole = weights(tmp_path / "cut"), weights(tmp_path / "whole")
    assert all(torch.equal(weight, cut[name]) for name, weight in whole.items())
    assert losses(tmp_path / "cut") == losses(tmp_path / "whole")


def _saved(checkpoint: Path) -> int:
    return int(torch.load(checkpoint, weights_only=True)["step"]) if checkpoint.exists() else 0
