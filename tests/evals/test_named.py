"""What may stand where a command wants a model."""

from __future__ import annotations

from contextlib import chdir
from pathlib import Path

import pytest

from agentflan.core.errors import Mistake
from agentflan.evals.named import model_named


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
