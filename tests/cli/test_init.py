"""`agentflan init` writes a project once and touches nothing that is there."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from agentflan.cli.main import run
from agentflan.recipes.recipe import load


def test_the_written_recipe_loads(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    folder = tmp_path / "new" / "project"
    assert run(["init", str(folder), "--json"]) == 0
    told = json.loads(capsys.readouterr().out)
    assert told["folder"] == str(folder)
    assert "demo.yaml" in told["files"]
    assert all((folder / name).is_file() for name in told["files"])
    assert [arm.name for arm in load(folder / "demo.yaml")] == ["without_negatives", "with_negatives"]


@pytest.mark.parametrize("there", ["file", "folder"])
def test_what_is_there_is_left_alone(tmp_path: Path, capsys: pytest.CaptureFixture[str], there: str) -> None:
    target = tmp_path / "project"
    if there == "folder":
        target.mkdir()
    kept = target / "notes.txt" if there == "folder" else target
    kept.write_text("mine")
    assert run(["init", str(target)]) == 2
    assert capsys.readouterr().err == f"{target}: is there already and is not an empty folder; name a new folder\n"
    assert [path for path in tmp_path.rglob("*") if path.is_file()] == [kept]
