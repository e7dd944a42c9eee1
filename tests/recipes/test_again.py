"""`show --stages` works on a run whose recipe and rows are still there as they were, and says what is amiss if not."""

from __future__ import annotations

import json
import os
import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

from agentflan.cli.main import run as cli
from agentflan.core.errors import Mistake
from agentflan.corpus.store.parquet import conversations
from agentflan.recipes.again import load_again, trace_again
from agentflan.report.runs import run_folders
from tests.corpus.test_build import row, written
from tests.report.html_text import Page

RECIPE = """\
corpus:
  sources: [{use: toolbench, path: "PATH"}]
  transforms: [finished_only, {use: converse, react_share: 0.5}]
"""


@pytest.fixture(params=["rows/*.jsonl", "rows/part.jsonl", "**/*.jsonl", "./rows/part.jsonl"])
def run(tmp_path: Path, request: pytest.FixtureRequest) -> Path:
    return built(tmp_path, request.param)


def built(folder: Path, path: str) -> Path:
    (folder / "project" / "rows").mkdir(parents=True)
    written(folder / "project" / "rows", [*map(row, range(6)), row(7, end="give_up_and_restart")], "part.jsonl")
    (folder / "project" / "recipe.yaml").write_text(RECIPE.replace("PATH", path))
    assert cli(["build", str(folder / "project" / "recipe.yaml"), "-o", str(folder / "run")]) == 0
    return folder / "run"


@pytest.fixture
def within(tmp_path: Path) -> Iterator[Path]:
    """A run whose paths are relative to the working folder."""
    built(tmp_path, "rows/part.jsonl")
    shutil.rmtree(tmp_path / "run")
    before = Path.cwd()
    os.chdir(tmp_path)
    try:
        assert cli(["build", "project/recipe.yaml", "-o", "run"]) == 0
        yield Path("run")
    finally:
        os.chdir(before)


def test_the_rows_are_found_however_the_recipe_names_them(run: Path) -> None:
    item = next(iter(conversations(run / "corpus")))
    found = trace_again(run, item.id)
    assert found.ledger == json.loads((run / "corpus" / "ledger.json").read_bytes())
    assert found.stages[-1][1][0].after == item


def test_a_run_is_looked_at_from_where_it_was_built(within: Path, tmp_path: Path) -> None:
    assert load_again(within).sources[0].files == (Path("project/rows/part.jsonl"),)
    os.chdir(tmp_path / "project")
    with pytest.raises(Mistake, match="is no longer there; run this from the folder in which the run was built"):
        load_again(tmp_path / "run")


def test_rows_that_changed_or_are_gone_are_a_mistake(tmp_path: Path) -> None:
    run = built(tmp_path, "rows/*.jsonl")
    rows = tmp_path / "project" / "rows" / "part.jsonl"
    written(rows.parent, [row(9)], "more.jsonl")
    with pytest.raises(Mistake, match=r"more.jsonl: was not there when the run was built"):
        load_again(run)
    (rows.parent / "more.jsonl").unlink()
    kept = rows.read_bytes()
    rows.write_bytes(kept.replace(b"town 3", b"town 4"))
    with pytest.raises(Mistake, match=r"part.jsonl: has changed since the run was built"):
        load_again(run)
    rows.unlink()
    with pytest.raises(Mistake, match=r"part.jsonl: is no longer there"):
        load_again(run)
    rows.write_bytes(kept)
    assert len(load_again(run).sources) == 1
    with pytest.raises(Mistake, match="no row of this run has made"):
        trace_again(run, "f" * 32)
    (run / "recipe.yaml").unlink()
    with pytest.raises(Mistake, match=r"has no recipe.yaml"):
        load_again(run)


def test_the_command_shows_a_row_that_left(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    run = built(tmp_path, "rows/*.jsonl")
    (line,) = (run / "corpus" / "dropped.jsonl").read_text().splitlines()
    left = json.loads(line)
    capsys.readouterr()
    assert cli(["show", str(run), left["id"][:9]]) == 2
    assert f"left at the stage finished_only: {left['reason']}; `--stages` shows" in capsys.readouterr().err
    assert cli(["show", str(run), left["id"][:9], "--stages"]) == 0
    out = capsys.readouterr().out
    assert f"finished_only: left here: {left['reason']}" in out
    assert '"id": "Step 3: 7"' in out
    assert cli(["show", str(run), left["id"], "--stages", "--json"]) == 0
    said = json.loads(capsys.readouterr().out)
    assert (said["id"], said["same_ledger"], said["stages"][-1]["changes"]) == (left["id"], True, [])
    assert json.loads(said["row"])["id"] == "Step 3: 7"
    assert cli(["show", str(run), "--stages", "--html", str(tmp_path / "row.html")]) == 0
    assert "became a conversation" in Page((tmp_path / "row.html").read_text("utf-8")).text


def test_a_run_of_other_software_is_said_to_differ(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    run = built(tmp_path, "rows/*.jsonl")
    ledger = run_folders(run)[0].folder / "corpus" / "ledger.json"
    ledger.write_text(ledger.read_text().replace('"conversations": 6', '"conversations": 5'))
    capsys.readouterr()
    assert cli(["show", str(run), "--stages"]) == 0
    assert "Built once more it comes out otherwise" in capsys.readouterr().err
