"""What the report says of a training run: weights that moved, and its speed."""

from __future__ import annotations

from pathlib import Path

import msgspec

from agentflan.report.panels.losses import LossesPanel
from agentflan.report.panels.provenance import ProvenancePanel
from agentflan.report.runs import run_folders
from tests.report.example_run import write_arms, write_run
from tests.report.html_text import Page


def test_weights_that_follow_the_validation_have_a_curve_each(tmp_path: Path) -> None:
    folder = write_run(tmp_path / "run")
    moved = Page(LossesPanel()(run_folders(folder)))
    assert "Weights, as they followed the validation" in moved.text
    log = folder / "train" / "metrics.jsonl"
    log.write_bytes(b"".join(line for line in log.read_bytes().splitlines(keepends=True) if b"balance" not in line))
    assert "Weights" not in Page(LossesPanel()(run_folders(folder))).text


def test_a_single_arm_needs_no_legend_of_arms(tmp_path: Path) -> None:
    write_run(tmp_path / "run")
    write_arms(tmp_path / "arms")
    assert "with_negatives" in Page(LossesPanel()(run_folders(tmp_path / "arms"))).text.replace("\u200b", "")
    assert "run" not in Page(LossesPanel()(run_folders(tmp_path / "run"))).text.split()


def test_speeds_are_medians_of_the_log(tmp_path: Path) -> None:
    folder = write_run(tmp_path / "run")
    lines = [
        {"step": 0, "validation_loss": 9.0},
        *({"step": step, "tokens": 100 * step, "loss": 1.0, "tokens_per_second": 50.0 * step} for step in (1, 2, 9)),
    ]
    (folder / "train" / "metrics.jsonl").write_bytes(b"".join(msgspec.json.encode(line) + b"\n" for line in lines))
    said = Page(ProvenancePanel()(run_folders(folder))).text
    assert "steps9tokens900tokens a second100" in said
    assert "trained tokens a second" not in said
    assert "utilisation" not in said
