"""Two runs in pairs: known figures of the statistics, verdicts that can be wrong, problems that are not the same."""

from __future__ import annotations

import json
import math
from collections.abc import Callable, Sequence
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agentflan.cli.main import run
from agentflan.core import plugs
from agentflan.core.chance import coin
from agentflan.core.errors import Mistake
from agentflan.core.types import Problem, Reply
from agentflan.evals.benchmarks.agent_h import AgentH
from agentflan.evals.benchmarks.agent_h_plus import AgentHPlus
from agentflan.evals.comparing.comparison import Comparison, Difference, compared
from agentflan.evals.comparing.paired import holm, mcnemar, mean_difference
from agentflan.evals.comparing.runs import evaluation, shared
from agentflan.evals.run import evaluate
from agentflan.models.scripted import Scripted

PLUS = AgentHPlus(count=252)

# --- the statistics


@pytest.mark.parametrize(("first", "second", "p"), [(0, 0, 1), (3, 3, 1), (0, 1, 0.5), (1, 5, 0.125), (0, 10, 2**-10)])
def test_mcnemar_by_hand(first: int, second: int, p: float) -> None:
    assert mcnemar(first, second) == mcnemar(second, first) == p


@given(st.integers(min_value=0, max_value=60), st.integers(min_value=0, max_value=60))
def test_mcnemar_is_what_the_binomial_says(first: int, second: int) -> None:
    tosses, fewer = first + second, min(first, second)
    exact = 2 * sum(math.comb(tosses, heads) for heads in range(fewer + 1)) / 2**tosses
    assert mcnemar(first, second) == pytest.approx(min(1, exact - math.comb(tosses, fewer) / 2**tosses))


def test_mcnemar_of_many_pairs_is_no_overflow() -> None:
    assert 0 <= mcnemar(4000, 6000) < 1e-80


def test_holm_by_hand() -> None:
    assert holm([0.01, 0.04, 0.03, 0.5]) == pytest.approx([0.04, 0.09, 0.09, 0.5])
    assert holm([]) == []


def test_the_interval_of_a_difference() -> None:
    """Agresti and Min: 10 pairs won, 2 lost, 40 equal, each of the four cells with half a pair more."""
    found = mean_difference([1.0] * 10 + [-1.0] * 2 + [0.0] * 40)
    middle, deviation = 8 / 54, math.sqrt((13 - 8 * 8 / 54) / 54 / 54)
    assert found.value == pytest.approx(8 / 52)
    assert (found.low, found.high) == pytest.approx((middle - 1.959964 * deviation, middle + 1.959964 * deviation))
    assert mean_difference([0.0] * 5).low < 0 < mean_difference([0.0] * 5).high


def test_intervals_cover_and_tests_reject_as_often_as_they_claim() -> None:
    """Two models of the same quality on 100 problems, half of which both get alike: 400 draws."""
    covered = rejected = 0
    for draw in range(400):
        steps = [
            float(coin(draw, "b", place) < 0.5) - float(coin(draw, "a", place) < 0.5)
            for place in range(100)
            if coin(draw, "alike", place) < 0.5
        ]
        found = mean_difference([*steps, *[0.0] * (100 - len(steps))])
        covered += found.low <= 0 <= found.high
        rejected += mcnemar(steps.count(1.0), steps.count(-1.0)) < 0.05
    assert 0.92 <= covered / 400 <= 0.98
    assert rejected / 400 <= 0.07


# --- runs


def pair(
    tmp_path: Path, first: str, second: str, *, limits: tuple[int | None, int | None] = (None, None)
) -> Comparison:
    for name, policy, limit in (("a", first, limits[0]), ("b", second, limits[1])):
        evaluate(Scripted(policy=policy), PLUS, tmp_path / name, limit=limit)  # type: ignore[arg-type]
    ((name, places),) = shared(tmp_path / "a", tmp_path / "b").items()
    return compared(name, *map(evaluation, places))


def one(found: Comparison, metric: str) -> Difference:
    return next(each for each in found.differences if each.metric == metric)


def test_what_changes_is_told_and_costs_count_the_other_way(tmp_path: Path) -> None:
    found = pair(tmp_path, "never_calls", "always_calls")
    miss, over = one(found, "miss"), one(found, "over_call")
    assert (miss.first, miss.second, miss.pairs, miss.higher, miss.lower, miss.verdict) == (1, 0, 42, 0, 42, "better")
    assert (over.first, over.second, over.pairs, over.higher, over.lower, over.verdict) == (0, 1, 210, 210, 0, "worse")
    assert one(found, "h_score").verdict == "worse"
    assert one(found, "balanced").verdict == "not separable"
    assert one(found, "balanced").pairs == 0
    assert (one(found, "miss/react").by_part, miss.by_part) == (True, False)


def test_a_run_is_no_better_than_itself_and_mirrors_swap(tmp_path: Path) -> None:
    same = pair(tmp_path, "random", "random")
    assert {each.verdict for each in same.differences} == {"not separable"}
    assert all(each.difference == 0 and each.low < 0 < each.high for each in same.differences)
    there = pair(tmp_path / "x", "gold", "random")
    places = (tmp_path / "x" / "b" / "evals" / "agent_h_plus", tmp_path / "x" / "a" / "evals" / "agent_h_plus")
    back = compared("agent_h_plus", *map(evaluation, places))
    for each in there.differences:
        other = one(back, each.metric)
        assert (other.difference, other.low) == pytest.approx((-each.difference, -each.high), abs=1e-12)
        assert {each.verdict, other.verdict} in ({"better", "worse"}, {"not separable"})


def test_figures_are_those_of_the_scores(tmp_path: Path) -> None:
    found = pair(tmp_path, "random", "gold")
    for name, side in (("a", "first"), ("b", "second")):
        metrics = json.loads((tmp_path / name / "scores.json").read_text(encoding="utf-8"))["benchmarks"][
            "agent_h_plus"
        ]
        shares = {metric for metric in metrics if f"{metric}_low" in metrics}
        for each in found.differences:
            if each.metric in shares and not each.metric.startswith("format_obeyed"):  # of pairs that both call
                assert getattr(each, side) == pytest.approx(metrics[each.metric]), each.metric


def test_problems_that_only_one_has_are_told(tmp_path: Path) -> None:
    found = pair(tmp_path, "random", "gold", limits=(100, None))
    assert (found.pairs, found.only_first, found.only_second) == (100, 0, 152)


class Lost(Scripted, frozen=True):
    """Loses its first three replies."""

    def __call__(self, problems: Sequence[Problem], seen: Callable[[int, Reply], None]) -> None:
        for index, problem in enumerate(problems):
            lost = index < 3
            seen(index, Reply(text="" if lost else self._reply(problem), fault="infrastructure" if lost else ""))


def test_lost_replies_are_in_no_pair(tmp_path: Path) -> None:
    evaluate(Lost(policy="gold"), PLUS, tmp_path / "a")
    evaluate(Scripted(policy="gold"), PLUS, tmp_path / "b")
    places = (tmp_path / name / "evals" / "agent_h_plus" for name in ("a", "b"))
    found = compared("agent_h_plus", *map(evaluation, places))
    assert (found.pairs, found.ungraded) == (249, 3)
    assert all(each.difference == 0 for each in found.differences)


def test_other_problems_are_refused(tmp_path: Path) -> None:
    for name, benchmark in (("a", AgentH(count=40)), ("b", AgentH(count=40, seed=1)), ("c", AgentHPlus(count=12))):
        evaluate(Scripted(policy="random"), benchmark, tmp_path / name)
    evaluate(Scripted(policy="random"), AgentH(count=40, syntax=("react",)), tmp_path / "d")
    for other, says in (("b", "no problem was put to both"), ("d", "are not the same")):
        ((name, places),) = shared(tmp_path / "a", tmp_path / other).items()
        with pytest.raises(Mistake, match=says):
            compared(name, *map(evaluation, places))
    with pytest.raises(Mistake, match="no benchmark is in both"):
        shared(tmp_path / "a", tmp_path / "c")
    with pytest.raises(Mistake, match="not both runs"):
        shared(tmp_path / "a", tmp_path / "b", "agent_h_plus")


def test_the_command(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    pair(tmp_path, "random", "gold")
    a, b = str(tmp_path / "a"), str(tmp_path / "b" / "evals")
    assert run(["compare", a, b]) == 0
    text = capsys.readouterr().out
    assert "B is better" in text
    assert not [words for words in ("B is worse", "miss/react") if words in text]
    assert run(["compare", a, b, "--parts"]) == 0
    assert "miss/react" in capsys.readouterr().out
    assert run(["compare", a, b, "--on", "agent_h_plus", "--json"]) == 0
    (found,) = json.loads(capsys.readouterr().out)["comparisons"]
    assert found["pairs"] == 252
    assert run(["compare", a, str(tmp_path / "nowhere")]) == 2
    assert "no such folder" in capsys.readouterr().err


def test_episodes_are_compared_as_replies_are(tmp_path: Path) -> None:
    benchmark = plugs.load("benchmark", "hotpotqa_local")
    for policy in ("gold", "silent"):
        evaluate(Scripted(policy=policy), benchmark, tmp_path / policy)
    first, second = (evaluation(tmp_path / policy / "evals" / "hotpotqa_local") for policy in ("gold", "silent"))
    found = {each.metric: each for each in compared("hotpotqa_local", first, second).differences}
    levels = [each for metric, each in found.items() if metric.startswith("f1/")]
    assert {(each.first, each.second) for each in levels} == {(1, 0)}
