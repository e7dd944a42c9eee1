"""The paper's tables: its printed rows as they are, a run's figures by the same formulas, gaps that stay gaps."""

from __future__ import annotations

import json
from pathlib import Path
from statistics import fmean
from typing import Any

import pytest

from agentflan.cli.main import run
from agentflan.core import plugs
from agentflan.report.paper import GENERAL, HELD_IN, MAIN, PaperTable, paper_tables
from agentflan.report.runs import run_folders
from tests.report.html_text import Page

HELD_OUT = {
    ("hotpotqa_live", "f1"): 0.285,
    ("sciworld", "compat/score"): 0.20,
    ("webarena", "success"): 0.0468,
    ("teval", "compat/overall/en"): 0.66,
    ("agent_h", "h_score"): 0.891,
}
"""Agent-FLAN's own printed figures."""


def scored(folder: Path, figures: dict[tuple[str, str], float], notes: dict[str, dict[str, str]] | None = None) -> Path:
    """A run in which benchmarks scored so much, with the notes they left."""
    for (benchmark, metric), value in figures.items():
        path = folder / "evals" / benchmark / "scores.json"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(json.dumps({"metrics": {metric: value}, "notes": (notes or {}).get(benchmark, {})}))
    (folder / "scores.json").write_text("{}")
    return folder


def tables(folder: Path) -> tuple[PaperTable, ...]:
    return paper_tables(run_folders(folder))


def ours(folder: Path) -> dict[str, Any]:
    """Column -> cell of the run's row in the main table."""
    main = tables(folder)[0]
    (row,) = (row for row in main.rows if not row.published)
    return {column.key: cell for column, cell in zip(main.columns, row.cells, strict=True)}


def test_printed_overalls_are_the_means_of_their_columns_but_one(tmp_path: Path) -> None:
    """To half of their last digit. GPT-3.5's five columns have the mean 47.852, and 47.8 is printed."""
    main = tables(scored(tmp_path, {}))[0]
    off = []
    for row in main.rows:
        if row.published:
            *held_out, overall = [cell.value for cell in row.cells[1:]]
            mean = fmean(value for value in held_out if value is not None)
            assert len(held_out) == len(MAIN)
            assert overall is not None
            if abs(mean - overall) > 0.05:
                off.append((row.name, round(mean, 3), overall))
    assert off == [("GPT-3.5", 47.852, 47.8)]


def test_a_run_with_the_papers_figures_has_its_overall(tmp_path: Path) -> None:
    row = ours(scored(tmp_path, HELD_OUT))
    assert row["overall"].value == pytest.approx(41.656)
    assert row["hotpotqa"].value == pytest.approx(28.5)
    assert row["hotpotqa"].remarks == ()


@pytest.mark.parametrize("lacking", list(HELD_OUT))
def test_an_overall_with_a_gap_is_a_gap_and_says_which(tmp_path: Path, lacking: tuple[str, str]) -> None:
    row = ours(scored(tmp_path, {key: value for key, value in HELD_OUT.items() if key != lacking}))
    (title,) = (column.title for column in MAIN if lacking in column.sources)
    assert row["overall"] == (None, (f"overall: not measured: {title}",))


def test_a_measured_zero_is_a_zero(tmp_path: Path) -> None:
    row = ours(scored(tmp_path, HELD_OUT | {("webarena", "success"): 0.0}))
    assert row["webarena"].value == 0
    assert row["overall"].value == pytest.approx(fmean([28.5, 20, 0, 66, 89.1]))


def test_held_in_is_the_mean_of_weighted_tasks(tmp_path: Path) -> None:
    """Each task at its weight is 1; all at twice their weights are 2; one that is missing leaves a gap."""
    weights = {column.sources[0]: weight for column, weight in HELD_IN}
    assert sorted(weights.values()) == [9, 12, 16, 19, 20, 28]
    once = scored(tmp_path / "once", {key: weight / 100 for key, weight in weights.items()})
    twice = scored(tmp_path / "twice", {key: 2 * weight / 100 for key, weight in weights.items()})
    assert ours(once)["held_in"].value == pytest.approx(1)
    assert ours(twice)["held_in"].value == pytest.approx(2)
    five = scored(tmp_path / "five", {key: 0.5 for key in weights if key[0] != "os"})
    assert ours(five)["held_in"] == (None, ("held-in: not measured: OS",))


def test_figures_that_do_not_compare_say_why(tmp_path: Path) -> None:
    notes = {"teval": {"data": "sample"}, "hotpotqa_live": {"data": "ab12", "comparable": "with the same day"}}
    row = ours(scored(tmp_path, HELD_OUT, notes))
    assert row["teval"].remarks == (
        "T-Eval: the sample that ships with the house, which compares with nothing published",
    )
    assert row["hotpotqa"].remarks == ("HotpotQA, comparable: with the same day",)
    assert row["agent_h"].remarks == ("Agent-H: other problems than the paper's, which were never published",)
    assert set(row["overall"].remarks) == {
        remark for key in ("teval", "hotpotqa", "agent_h") for remark in row[key].remarks
    }


def test_seeds_are_averaged_and_arms_stand_apart(tmp_path: Path) -> None:
    for seed, value in enumerate((0.6, 0.8)):
        scored(tmp_path / f"tuned-seed{seed}", {("agent_h", "h_score"): value})
    scored(tmp_path / "plain", {("mmlu", "accuracy"): 0.5})
    main, general = tables(tmp_path)
    found = {row.name: row.cells for row in main.rows if not row.published}
    assert found["tuned"][5].value == pytest.approx(70)
    assert found["plain"][5].value is None
    assert [column.key for column in general.columns] == [column.key for column in GENERAL]
    assert {row.name: row.cells[0].value for row in general.rows if not row.published} == {"tuned": None, "plain": 50}


def test_the_command_prints_it(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    scored(tmp_path, {("agent_h", "h_score"): 0.9, ("gsm8k", "strict_match"): 0.25}, {"gsm8k": {"data": "sample"}})
    assert run(["report", str(tmp_path), "--paper"]) == 0
    text = capsys.readouterr().out
    assert "Agent-FLAN       2.01      28.5      20.0      4.68    66.0" in text
    assert "[3] overall: not measured: HotpotQA, SciWorld, WebArena, T-Eval" in text
    assert "[1] 25.0" in text
    assert not (tmp_path / "report.html").exists()
    assert run(["report", str(tmp_path), "--paper", "--json"]) == 0
    main, general = json.loads(capsys.readouterr().out)["tables"]
    assert main["rows"][-1]["agent_h"] == 90
    assert main["rows"][-1]["overall"] is None
    assert main["rows"][-1]["published"] is False
    assert general["rows"][-1]["remarks"]["gsm8k"]
    assert general["rows"][0] == {
        "model": "base data, 7B",
        "published": True,
        "mmlu": 50.0,
        "gsm8k": 21.9,
        "humaneval": 15.1,
        "remarks": {},
    }


def test_the_page_has_it_as_soon_as_there_is_a_figure(tmp_path: Path) -> None:
    panel = plugs.load("panel", "paper")
    nothing = scored(tmp_path / "nothing", {("bfcl", "overall"): 0.5})
    assert panel(run_folders(nothing)) == ""
    some = scored(tmp_path / "some", {("teval", "compat/overall/en"): 0.5}, {"teval": {"data": "sample"}})
    text = Page(panel(run_folders(some))).text
    assert "Agent-FLAN" in text
    assert "50.0" in text
    assert "the sample that ships with the house" in text
    assert "General ability" not in text
