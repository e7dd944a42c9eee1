"""What may stand where a command wants a model."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from contextlib import chdir
from pathlib import Path

import pytest

from agentflan.core.errors import Mistake
from agentflan.evals.named import model_named
from tests.models.tiny import saved

REVISION = "0123456789abcdef0123456789abcdef01234567"


def test_a_script_is_known_by_its_policy() -> None:
    assert model_named("scripted:gold").name == "scripted:gold"


def test_a_folder_is_a_saved_model(tmp_path: Path) -> None:
    folder = tmp_path / "run" / "model"
    folder.mkdir(parents=True)
    (folder / "config.json").write_text("{}")
    assert model_named(str(folder)).name == "run/model"
    with pytest.raises(Mistake, match="holds a run") as caught:
        model_named(str(tmp_path / "run"))
    assert caught.value.mend == f"name {folder}"


def test_a_url_with_a_name_is_a_served_model() -> None:
    found = model_named("http://127.0.0.1:8000/v1", "some-model")
    assert (found.name, found.decoding["temperature"]) == ("some-model", 0.0)
    with pytest.raises(Mistake, match="this is no URL"):
        model_named("scripted:gold", "some-model")


def test_a_model_of_the_hubs_cache_is_known_by_its_name(tmp_path: Path) -> None:
    """In a process of its own, for where the cache lies is read once."""
    place = tmp_path / "models--some--model"
    saved(place / "snapshots" / REVISION)
    (place / "refs").mkdir()
    (place / "refs" / "main").write_text(REVISION)
    command = [sys.executable, "-m", "agentflan", "eval", "some/model", "--on", "agent_h", "--limit", "2"]
    surroundings = {**os.environ, "HF_HUB_CACHE": str(tmp_path)}
    done = subprocess.run(
        [*command, "-o", str(tmp_path / "run"), "--json"], env=surroundings, capture_output=True, text=True
    )
    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout)["model"] == "some/model"


@pytest.mark.parametrize(
    ("text", "what", "mend"),
    [
        ("scripted:golden", "no script named 'golden'", "'gold'"),
        ("http://localhost:8000/v1", "which of the server's models", "--model NAME"),
        ("someone/some-model", "hub's cache", "hf download someone/some-model"),
        ("some--model", "hub's cache", "scripted:silent"),
        ("./elsewhere", "no such folder", "scripted:silent"),
        ("script:gold", "no such folder", "scripted:gold"),
        (".", "holds no config", "folder of a saved model"),
    ],
)
def test_anything_else_is_told_what_is_there(text: str, what: str, mend: str, tmp_path: Path) -> None:
    with chdir(tmp_path), pytest.raises(Mistake, match=what) as caught:
        model_named(text)
    assert mend in caught.value.mend
