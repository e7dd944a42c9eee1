"""The `train:` block of a recipe."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path
from typing import Any

import msgspec
import pytest

from agentflan.train.settings import Scratch, TrainSettings


def read(block: dict[str, Any]) -> TrainSettings:
    return msgspec.convert(block, TrainSettings, dec_hook=lambda _, text: Path(text))


def test_defaults_are_the_papers() -> None:
    settings = read({})
    assert (settings.epochs, settings.learning_rate, settings.warmup_from) == (1, 2e-5, 4e-6)
    assert (settings.batch_size, settings.schedule) == (32, "cosine")
    assert settings.model.scratch == Scratch()


def test_a_model_is_a_folder_or_made_from_scratch() -> None:
    assert read({"model": {"path": "weights"}}).model.path == Path("weights")
    scratch = read({"model": {"scratch": {"layers": 2}}}).model.scratch
    assert scratch is not None
    assert scratch.layers == 2


@pytest.mark.parametrize(
    ("block", "sentence"),
    [
        ({"model": {}}, "one of the two"),
        ({"model": {"path": "x", "scratch": {}}}, "one of the two"),
        ({"model": {"scratch": {"hidden_size": 100, "heads": 3}}}, "multiple of twice the heads"),
        ({"model": {"scratch": {"kv_heads": 3}}}, "multiple of kv_heads"),
        ({"batch_size": 0}, "batch_size must be at least 1"),
        ({"learning_rate": 0.0}, "above 0"),
        ({"learning_rate": 1e-6}, "warmup_from must lie between"),
        ({"schedule": "constant"}, "schedule"),
        ({"betas": [0.9, 1.0]}, "betas"),
        ({"batch": 4}, "unknown field `batch`"),
    ],
)
def test_what_makes_no_sense_is_refused_by_name(block: dict[str, Any], sentence: str) -> None:
    with pytest.raises(msgspec.ValidationError, match=sentence):
        read(block)


def test_settings_do_not_import_torch() -> None:
    look = "import sys, agentflan.train.settings; sys.exit('torch' in sys.modules or 'transformers' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", look], check=False).returncode == 0
