from __future__ import annotations

from pathlib import Path

import pytest

from agentflan.core.errors import Mistake
from agentflan.core.kinds import RunFolder
from agentflan.report.runs import Stage, label, ledger, logged, run_folders, scores
from tests.report.example_run import write_arms, write_run


def test_a_folder_with_files_of_a_run_is_the_one_arm(tmp_path: Path) -> None:
    run = write_run(tmp_path / "mine", seed=4)
    assert run_folders(run) == (RunFolder("run", 4, run),)


def test_arms_and_seeds_are_read_from_the_names_plainest_first(tmp_path: Path) -> None:
    folder = write_arms(tmp_path / "demo", seeds=2)
    (folder / ".cache" / "corpus").mkdir(parents=True)
    found = run_folders(folder)
    assert [(run.arm, run.seed) for run in found] == [
        ("without_negatives", 0),
        ("without_negatives", 1),
        ("with_negatives", 0),
        ("with_negatives", 1),
    ]
    assert label(found[3], found) == "with_negatives, seed 1"
    assert label(found[3], found[3:]) == "with_negatives"


def test_the_base_that_arms_share_is_no_arm(tmp_path: Path) -> None:
    folder = write_arms(tmp_path / "demo")
    for name in ("base", "base-seed1"):
        (folder / name / "corpus").mkdir(parents=True)
    assert [run.arm for run in run_folders(folder)] == ["without_negatives", "with_negatives"]


@pytest.mark.parametrize("inside", ["", "notes"])
def test_a_folder_without_runs_is_a_mistake(tmp_path: Path, inside: str) -> None:
    (tmp_path / "nothing" / inside).mkdir(parents=True)
    with pytest.raises(Mistake, match="holds no run"):
        run_folders(tmp_path / "nothing")
    with pytest.raises(Mistake, match="no such folder"):
        run_folders(tmp_path / "absent")


def test_a_stage_that_lost_rows_says_how_many() -> None:
    assert Stage(name="read", into=10, made=2, out=8, dropped={"a": 1, "b": 2}, quarantined={"c": 1}).difference == 0
    assert Stage(name="read", into=10, out=8, pending=1).difference == 1


def test_a_line_torn_by_a_kill_is_left_out_and_a_broken_one_is_a_mistake(tmp_path: Path) -> None:
    (run,) = run_folders(write_run(tmp_path / "run"))
    path = run.folder / "train" / "metrics.jsonl"
    whole = len(logged(run))
    path.write_bytes(path.read_bytes() + b'{"step": 305, "lo')
    assert len(logged(run)) == whole
    path.write_bytes(b'{"step": 1}\n{"step": tw\n{"step": 3}\n')
    with pytest.raises(Mistake) as caught:
        logged(run)
    assert caught.value.where == f"{path}:2"


def test_scores_are_those_of_the_benchmarks_or_else_of_the_run(tmp_path: Path) -> None:
    (run,) = run_folders(write_run(tmp_path / "run"))
    assert scores(run)["agent_h"]["right_tool"] == 0.96
    for path in run.folder.glob("evals/*/scores.json"):
        path.unlink()
    assert scores(run)["agent_h"]["right_tool"] == 0.96
    (run.folder / "scores.json").unlink()
    assert scores(run) == {}


def test_a_run_without_files_has_no_ledger(tmp_path: Path) -> None:
    assert ledger(RunFolder("run", 0, tmp_path)) is None
    assert logged(RunFolder("run", 0, tmp_path)) == []
