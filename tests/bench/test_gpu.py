"""The contest of `bench/gpu.py`, end to end on a CPU with a tiny shape: everybody learns from the same loss."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from bench.contest.result import Result, table
from bench.contest.shape import TINY, write
from bench.gpu import ROOT, turn

RUNNERS = ("loop", "trainer", "hf-padded", "hf-packed", "loop-lora")


@pytest.fixture(scope="module")
def results(tmp_path_factory: pytest.TempPathFactory) -> dict[str, dict[str, Any]]:
    out = tmp_path_factory.mktemp("gpu")
    command = [sys.executable, "-m", "bench.gpu", "--tiny", "-o", str(out), "--only", "reference", *RUNNERS]
    subprocess.run([*command, "loop-varlen"], cwd=ROOT, check=True, capture_output=True)
    kept = json.loads(next(out.glob("*.json")).read_text())
    lines = [json.loads(line) for line in next(out.glob("*.jsonl")).read_text().splitlines()]
    assert lines == kept["results"]
    assert next(out.glob("*.md")).read_text() == table([Result(**line) for line in lines])
    assert set(kept) == {"shape", "card", "date", "commit", "python", "versions", "results"}
    return {line["name"]: line for line in lines}


@pytest.mark.parametrize("name", RUNNERS)
def test_everybody_has_the_loss_of_each_conversation_alone(results: dict[str, dict[str, Any]], name: str) -> None:
    found = results[name]
    assert found["status"] == "done", found["why"]
    assert found["off"] < 2e-3  # bfloat16 makes it 1e-3; looking across the borders of packed conversations, 4e-3
    assert found["tokens_per_second"] > found["trained_tokens_per_second"] > 0


def test_what_cannot_run_here_says_why(results: dict[str, dict[str, Any]]) -> None:
    assert results["loop-varlen"]["status"] == "skipped"
    assert "GPU" in results["loop-varlen"]["why"]


def test_one_that_takes_too_long_does_not_end_the_contest(tmp_path: Path) -> None:
    found = turn("loop", TINY, write(TINY, tmp_path / "tokens"), limit=1.0)
    assert found.status == "late"
    assert "late" in table([found])


def test_one_that_breaks_says_how(tmp_path: Path) -> None:
    found = turn("loop", TINY._replace(heads=3), write(TINY, tmp_path / "tokens"), limit=60.0)
    assert found.status == "failed"
    assert found.why
