"""What is foretold of memory is what a real run takes, within 15 %."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import msgspec
import pytest

from agentflan.train.memory import memory
from agentflan.train.settings import Lora, TrainSettings
from agentflan.train.shape import Shape, shape_of
from tests.train import bases

LLAMA_7B = Shape(hidden_size=4096, layers=32, heads=32, intermediate_size=11008, vocabulary=32000)
LLAMA_70B = Shape(hidden_size=8192, layers=80, heads=64, kv_heads=8, intermediate_size=28672, vocabulary=32000)
RUN = Path(__file__).with_name("measured_run.py")


def measured(**told: Any) -> int:
    """Bytes that a real run takes beyond what torch and the house take, in a process of its own.

    What it frees goes back to the system at once, so that memory which is used twice is counted once.
    """
    environment = {**os.environ, "MALLOC_MMAP_THRESHOLD_": "500000", "MALLOC_TRIM_THRESHOLD_": "500000"}
    done = subprocess.run(
        [sys.executable, str(RUN), json.dumps(told)], env=environment, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    return int(done.stdout)


@pytest.mark.skipif(not Path("/proc/self/clear_refs").exists(), reason="the system does not tell a process's peak")
@pytest.mark.parametrize(
    ("sizes", "told"),
    [
        ({"hidden_size": 256, "layers": 4, "intermediate_size": 704, "vocabulary": 1000}, {"batch_size": 16}),
        (
            {"hidden_size": 512, "layers": 2, "intermediate_size": 1376, "vocabulary": 8000},
            {"batch_size": 8, "micro_batch_size": 4},
        ),
        (
            {"hidden_size": 256, "layers": 6, "intermediate_size": 704, "vocabulary": 1000},
            {"batch_size": 16, "gradient_checkpointing": True},
        ),
        (
            {"hidden_size": 256, "layers": 3, "intermediate_size": 704, "vocabulary": 1000},
            {"batch_size": 16, "precision": "bfloat16"},
        ),
    ],
    ids=["many tokens", "many weights", "checkpointing", "bfloat16"],
)
def test_a_real_run_takes_what_was_foretold(sizes: dict[str, int], told: dict[str, Any]) -> None:
    length = 128
    settings = msgspec.convert({**told, "sequence_length": length}, TrainSettings)
    foretold = memory(Shape(**sizes, heads=4), settings, length=length, trained=0.5).peak
    assert measured(sizes=sizes, told=told, length=length) == pytest.approx(foretold, rel=0.15)


def test_parameters_are_those_of_the_published_models() -> None:
    assert LLAMA_7B.parameters == 6_738_415_616
    assert LLAMA_70B.parameters == 68_976_648_192


@pytest.mark.parametrize("make", [bases.llama, bases.qwen])
def test_the_shape_of_a_folder_is_read_from_its_config(tmp_path: Path, make: Any) -> None:
    shape = shape_of(make(tmp_path / "base"))
    assert shape is not None
    assert (shape.hidden_size, shape.layers, shape.heads, shape.intermediate_size) == (32, 2, 2, 48)
    assert shape.keys == shape.queries // (2 if make is bases.qwen else 1)
    (tmp_path / "base" / "config.json").write_text('{"n_embd": 8}')
    assert shape_of(tmp_path / "base") is None


def test_what_saves_memory_is_foretold_to_save_it() -> None:
    plain = TrainSettings(batch_size=64, micro_batch_size=4, precision="bfloat16")
    peak = memory(LLAMA_7B, plain, length=4096, devices=16).peak
    for change in (
        {"gradient_checkpointing": True},
        {"lora": Lora()},
        {"lora": Lora(bits=4)},
    ):
        assert memory(LLAMA_7B, msgspec.structs.replace(plain, **change), length=4096, devices=16).peak < 0.8 * peak
    assert memory(LLAMA_7B, plain, length=4096, devices=16, sharded=True).peak < 0.6 * peak
    assert memory(LLAMA_7B, plain, length=2048, devices=16).peak < peak


def test_the_papers_7b_takes_100_gib_of_states_on_one_device() -> None:
    """16 bytes a parameter: float32 weights, gradients and two moments."""
    found = memory(LLAMA_7B, TrainSettings(), length=4096)
    assert (found.weights + found.moments + found.gradients) / 2**30 == pytest.approx(100.4, abs=0.1)
