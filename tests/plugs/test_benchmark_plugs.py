"""What holds for every benchmark: its gold scores full, an empty reply fails, no text makes grading fail.

A benchmark with a world is played as an evaluation plays it: its expert scores full, an agent that says nothing fails.
Where it is only about texts, thousands of them, `score` has each alone, the episode of one reply: hostile text must not
need a world to be told apart from an action.
"""

from __future__ import annotations

import math
import sys
from collections.abc import Callable
from pathlib import Path
from tempfile import TemporaryDirectory
from types import FrameType
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from agentflan.core import plugs
from agentflan.core.benchmarks import Acting
from agentflan.core.progress import Progress
from agentflan.core.types import Problem, Reply, Score
from agentflan.evals import episodes
from agentflan.evals.transcripts import transcripts
from agentflan.models.scripted import Policy, Scripted
from agentflan.report import paper
from tests.evals import needs

NEEDS = {"humaneval": needs.sandbox}
every = pytest.mark.parametrize(
    "name", [pytest.param(name, marks=NEEDS.get(name, ())) for name in plugs.names("benchmark")]
)

FULL = {
    "agent_h": "balanced",
    "agent_h_plus": "balanced",
    "apibank": "accuracy",
    "bfcl": "overall",
    "gsm8k": "strict_match",
    "hotpotqa_live": "f1",
    "hotpotqa_local": "f1",
    "humaneval": "pass@1",
    "metatool": "overall",
    "mmlu": "accuracy",
    "teval": "overall",
    "when2call": "accuracy",
}
"""Benchmark -> the metric that is 1 for gold and 0 for silence. A new benchmark adds its own here."""
SMALL: dict[str, dict[str, Any]] = {}
"""Benchmark -> settings that leave few problems, or few worlds at a time, where all of them would take too long."""
ELSEWHERE = {
    "hotpotqa_live",
}
"""Benchmarks whose world is not on this machine; their gold wins in one reply, without it."""
LOADED: dict[str, tuple[Any, list[Problem]]] = {}


def loaded(name: str) -> tuple[Any, list[Problem]]:
    if name not in LOADED:
        benchmark = plugs.load("benchmark", {"use": name, **SMALL.get(name, {})})
        LOADED[name] = benchmark, list(benchmark.problems())
    return LOADED[name]


def scores_of(name: str, policy: Policy) -> list[Score]:
    benchmark, problems = loaded(name)
    model = Scripted(policy=policy)
    if isinstance(benchmark, Acting):
        return _played(name, model, benchmark, problems)
    scores: list[Score] = []
    model(problems, lambda index, reply: scores.append(benchmark.score(problems[index], reply)))
    return scores


def _played(name: str, model: Scripted, benchmark: Acting, problems: list[Problem]) -> list[Score]:
    with TemporaryDirectory() as folder, transcripts(Path(folder) / "transcripts.jsonl") as kept:
        progress = Progress(name, len(problems), lambda _: None)
        played = episodes.played(model, model.name, benchmark, problems, kept, progress)
    assert not [(problem.id, episode) for problem, episode in played if episode.fault]
    return [benchmark.grade(problem, episode) for problem, episode in played]


def metrics_of(name: str, policy: Policy) -> dict[str, float]:
    summary: dict[str, float] = loaded(name)[0].summary(scores_of(name, policy))
    return summary


def right(name: str) -> Policy:
    """Who has full marks: gold is one reply, and most worlds ask for more."""
    return "expert" if isinstance(loaded(name)[0], Acting) and name not in ELSEWHERE else "gold"


@every
def test_gold_scores_full_and_silence_fails(name: str) -> None:
    assert metrics_of(name, right(name))[FULL[name]] == 1
    assert metrics_of(name, "silent")[FULL[name]] == 0


@every
def test_the_papers_table_finds_its_metrics(name: str) -> None:
    told = metrics_of(name, right(name))
    columns = (*paper.MAIN, *paper.GENERAL, *(column for column, _ in paper.HELD_IN))
    assert all(metric in told for column in columns for source, metric in column.sources if source == name)


@every
def test_problems_have_ids_of_their_own_and_are_the_same_each_time(name: str) -> None:
    benchmark, problems = loaded(name)
    assert len({problem.id for problem in problems}) == len(problems) > 0
    assert list(benchmark.problems()) == problems
    assert benchmark.version
    assert all(problem.messages[-1].role == "user" for problem in problems)


@every
@settings(deadline=None)
@given(
    text=st.text()
    | st.lists(st.sampled_from(["Action:", "\nAction Input:", "{", "}", '"', "(", "\ud800"])).map("".join),
    place=st.integers(min_value=0),
)
def test_no_text_makes_grading_fail(name: str, text: str, place: int) -> None:
    benchmark, problems = loaded(name)
    problem = problems[place % len(problems)]
    score = benchmark.score(problem, Reply(text=text))
    assert score.problem == problem.id
    assert all(0 <= value <= 1 for value in score.values.values())


@every
def test_every_share_has_its_interval(name: str) -> None:
    metrics = metrics_of(name, "random")
    shares = [key for key in metrics if f"{key}_low" in metrics]
    assert FULL[name] in shares
    for share in shares:
        assert metrics[f"{share}_low"] <= metrics[share] <= metrics[f"{share}_high"]
    assert all(map(math.isfinite, metrics.values()))


@every
def test_grading_does_not_depend_on_the_order(name: str) -> None:
    benchmark, _ = loaded(name)
    scores = scores_of(name, "random")
    assert benchmark.summary(scores[::-1]) == benchmark.summary(scores)


HOSTILE = (
    "{", "[", "(", "'", '"', '{"name":', "{'a': [", "f(x=", "a.", "1", "-", "\\", "`", "```json\n", "<tool_call>",
    "Action:", "Action Input: {\n", "Thought: ", "I will use ", "A. ", "word ", "not ", "\n", " ", "天", "\x00",
)  # fmt: skip
"""Pieces of texts that make careless readers go back over what they have read."""
LONG = 10_000_000


def parts(name: str) -> list[Problem]:
    """A problem of each kind that its benchmark tells apart."""
    return list({(each.part, each.circumstance, each.syntax): each for each in loaded(name)[1]}.values())


@pytest.mark.parametrize("piece", HOSTILE)
@every
def test_eight_times_the_text_takes_eight_times_the_steps(name: str, piece: str) -> None:
    """Counted in executed lines, which no busy machine can falsify."""
    benchmark, _ = loaded(name)

    def steps(problem: Problem, length: int) -> int:
        count = 0

        def counted(frame: FrameType, event: str, _: object) -> Callable[..., Any]:
            nonlocal count
            count += event == "line"
            return counted

        reply = Reply(text=piece * (length // len(piece)))
        sys.settrace(counted)
        try:
            benchmark.score(problem, reply)
        finally:
            sys.settrace(None)
        return count

    for problem in parts(name):
        steps(problem, 100)  # what is made once for all replies is made
        assert steps(problem, 8_000) < 10 * steps(problem, 1_000) + 1_000, problem.id


def graded(name: str, problem: Problem, piece: str) -> None:
    score = loaded(name)[0].score(problem, Reply(text=piece * (LONG // len(piece))))
    assert all(0 <= value <= 1 for value in score.values.values())


@every
def test_ten_megabytes_of_anything_are_graded(name: str) -> None:
    """What is not counted in lines, such as a regular expression that goes back, does not come to an end here."""
    for place, problem in enumerate(parts(name)[:6]):
        graded(name, problem, HOSTILE[place * 5 % len(HOSTILE)])


@pytest.mark.slow
@pytest.mark.parametrize("piece", HOSTILE)
@every
def test_ten_megabytes_of_everything_are_graded(name: str, piece: str) -> None:
    for problem in parts(name):
        graded(name, problem, piece)
