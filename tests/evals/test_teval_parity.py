"""`compat/...` equals what open-compass/T-Eval's own evaluators gave for the same replies, record by record."""

from __future__ import annotations

from collections import Counter
from pathlib import Path
from typing import Any

import msgspec
import pytest

from agentflan.core.types import Problem, Reply
from agentflan.evals.benchmarks.teval import TEval
from agentflan.evals.teval.averages import published
from tests.evals.teval_replies import replies

RECORDED: dict[str, Any] = msgspec.json.decode((Path(__file__).parents[1] / "golden" / "teval.json").read_bytes())
"""Problem -> for each reply upstream's scores, in the order of `names`; null where its evaluator crashed."""
BENCHMARK = TEval(language="both")
PROBLEMS = BENCHMARK.problems()


def names(problem: Problem) -> list[str]:
    task, _, language = problem.part.partition("/")
    if task == "instruct":
        form = msgspec.json.decode(problem.reference)["meta_data"]["response_format"]
        parts = [f"instruct_{form}_format", f"instruct_{form}_args"]
    else:
        parts = ["rru_thought", "rru_name", "rru_args"] if task == "rru" else [task]
    return [f"compat/{part}/{language}" for part in parts]


@pytest.mark.parametrize("part", sorted({problem.part for problem in PROBLEMS}))
def test_every_score_is_upstreams(part: str) -> None:
    compared = set[tuple[str, str]]()
    for problem in (each for each in PROBLEMS if each.part == part):
        recorded = RECORDED["scores"][problem.id]
        for text, theirs in zip(replies(problem, RECORDED["replies"]), recorded, strict=True):
            values = BENCHMARK.score(problem, Reply(text=text)).values
            expected = [0.0] * len(names(problem)) if theirs is None else theirs
            assert [values[name] for name in names(problem)] == pytest.approx(expected, abs=1e-6), text
            compared.add((problem.id, text))
    assert len(compared) >= 300


def test_upstream_crashes_on_plans_alone() -> None:
    crashed = Counter(key.split("/")[1] for key, rows in RECORDED["scores"].items() for row in rows if row is None)
    assert set(crashed) == {"plan_json"}


def test_the_averages_are_upstreams() -> None:
    """Drawn means of sub-tasks, and what convert_results.py of the same commit made of them."""
    rows = msgspec.json.decode((Path(__file__).parents[1] / "golden" / "teval_averages.json").read_bytes())
    assert len(rows) == 50
    for row in rows:
        assert published(row["means"]) == pytest.approx(row["found"], abs=1e-12)
