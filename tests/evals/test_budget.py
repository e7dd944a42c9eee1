"""Limits on tokens and time end an episode; resumed, played again or graded again, it ends in the same place."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import msgspec
import pytest

from agentflan.cli.main import run
from agentflan.core.digest import digest_of
from agentflan.core.types import Message, Problem, Reply, Segment
from agentflan.evals.benchmarks.hotpotqa_local import HotpotqaLocal
from agentflan.evals.budget import Budget
from agentflan.evals.run import evaluate
from agentflan.evals.transcripts import key_of
from agentflan.models.chat.estimate import text_about, tokens_about
from agentflan.models.scripted import Scripted
from tests.evals.rooms import Expert, House

PLACE = Path("evals/House")


def lines(folder: Path, name: str = "House") -> list[dict[str, Any]]:
    return [json.loads(line) for line in (folder / "evals" / name / "transcripts.jsonl").read_text().splitlines()]


def test_tokens_are_counted_as_the_reply_says(tmp_path: Path) -> None:
    metrics = evaluate(Expert(tokens=10), House(), tmp_path, budget=Budget(tokens=19))
    assert (metrics["ended/tokens"], metrics["reward"], metrics["faults"]) == (8, pytest.approx(8 * 2 / 3), 0)
    assert [line.get("short") for line in lines(tmp_path)].count("tokens") == 8
    scores = json.loads((tmp_path / PLACE / "scores.json").read_text())
    assert scores["budget"] == {"tokens": 19}
    assert evaluate(Expert(tokens=10), House(), tmp_path / "enough", budget=Budget(tokens=30))["ended/finished"] == 8


def test_where_nobody_counts_each_turn_costs_its_whole_prompt_and_its_reply(tmp_path: Path) -> None:
    evaluate(Expert(), House(), tmp_path / "free", limit=1)
    kept = lines(tmp_path / "free")
    first, second, third = (
        [msgspec.convert(message, Message) for message in line["problem"]["messages"]] for line in kept
    )
    said = kept[0]["reply"]["text"]
    repeated = Message(role="assistant", segments=(Segment(text=said),))
    prompts = [first, [*first, repeated, *second], [*first, repeated, *second, repeated, *third]]
    cost = sum(tokens_about(prompt) + text_about(said) for prompt in prompts)
    whole = evaluate(Expert(), House(), tmp_path / "a", limit=1, budget=Budget(tokens=cost))
    short = evaluate(Expert(), House(rooms=4), tmp_path / "b", limit=1, budget=Budget(tokens=cost - 1))
    assert (whole["ended/finished"], short["ended/tokens"]) == (1, 1)
    assert len(lines(tmp_path / "b")) == 3


@pytest.mark.parametrize("stop_after", [0, 1, 7, 13])
def test_an_interrupted_run_ends_its_episodes_in_the_same_place(tmp_path: Path, stop_after: int) -> None:
    budget = Budget(tokens=19)
    with pytest.raises(KeyboardInterrupt):
        evaluate(Expert(tokens=10, stop_after=stop_after), House(), tmp_path, budget=budget)
    rest = Expert(tokens=10)
    metrics = evaluate(rest, House(), tmp_path, budget=budget)
    assert len(rest.asked) == 16 - stop_after
    assert metrics == evaluate(Expert(tokens=10), House(), tmp_path / "at_once", budget=budget)
    assert metrics == evaluate(Expert(), House(), tmp_path, rescore=True)


def test_another_budget_goes_on_from_what_is_on_file_or_stops_within_it(tmp_path: Path) -> None:
    short = evaluate(Expert(tokens=10), House(), tmp_path, budget=Budget(tokens=9))
    more = Expert(tokens=10)
    free = evaluate(more, House(), tmp_path)
    assert (short["ended/tokens"], free["ended/finished"], len(more.asked)) == (8, 8, 16)
    assert evaluate(Expert(), House(), tmp_path, rescore=True) == free
    none = Expert()
    assert evaluate(none, House(), tmp_path, budget=Budget(tokens=9)) == short
    assert evaluate(none, House(), tmp_path, rescore=True) == short
    assert none.asked == []


def test_time_is_that_of_the_episode_and_what_is_on_file_has_taken_its_time(tmp_path: Path) -> None:
    slow, budget = House(seconds=0.1, at_once=8), Budget(seconds=0.15)
    first = evaluate(Expert(), slow, tmp_path, budget=budget)
    assert first["ended/time"] == 8
    for number in "01234567":
        *before, last = (line["seconds"] for line in lines(tmp_path) if line["problem"]["id"] == number)
        assert last >= 0.1
        assert sum(before) <= 0.15 < sum([*before, last])
    kept = (tmp_path / PLACE / "transcripts.jsonl").read_bytes()
    quick = Expert()
    assert evaluate(quick, House(at_once=8), tmp_path, budget=budget) == first
    assert evaluate(quick, House(), tmp_path, rescore=True) == first
    assert quick.asked == []
    assert (tmp_path / PLACE / "transcripts.jsonl").read_bytes() == kept
    assert evaluate(quick, House(), tmp_path)["ended/finished"] == 8


def test_without_a_limit_on_time_no_clock_is_on_file(tmp_path: Path) -> None:
    for name in ("one", "other"):
        evaluate(Expert(), House(seconds=0.001, at_once=1), tmp_path / name)
    one, other = ((tmp_path / name / PLACE / "transcripts.jsonl").read_bytes() for name in ("one", "other"))
    assert one == other


def test_what_the_world_ends_is_ended_by_the_world(tmp_path: Path) -> None:
    """A limit that is passed in the last turn has ended nothing."""
    metrics = evaluate(Expert(tokens=10), House(), tmp_path, budget=Budget(tokens=25))
    assert metrics["ended/finished"] == 8
    last = evaluate(Expert(tokens=10), House(steps=2), tmp_path / "b", budget=Budget(tokens=15))
    assert last["ended/limit"] == 8


KILLED = """
import sys
from collections.abc import Callable, Sequence
from pathlib import Path
from agentflan.evals.budget import Budget
from agentflan.evals.run import evaluate
from tests.evals.rooms import Expert, House

evaluate(Expert(tokens=10), House(seconds=0.05, at_once=8), Path(sys.argv[1]), budget=Budget(tokens=19, seconds=60))
"""


def test_a_kill_changes_nothing(tmp_path: Path) -> None:
    path = tmp_path / PLACE / "transcripts.jsonl"
    child = subprocess.Popen([sys.executable, "-c", KILLED, str(tmp_path)], cwd=Path(__file__).parents[2])
    try:
        while not (path.exists() and path.read_bytes().count(b"\n") >= 8):
            assert child.poll() is None
    finally:
        os.kill(child.pid, signal.SIGKILL)
        child.wait()
    kept = path.read_bytes().count(b"\n")
    rest = Expert(tokens=10)
    metrics = evaluate(rest, House(), tmp_path, budget=Budget(tokens=19, seconds=60))
    assert len(rest.asked) == 16 - kept
    assert metrics == evaluate(Expert(tokens=10), House(), tmp_path / "at_once", budget=Budget(tokens=19))


class Remembering:
    """The scripted expert, with all that it was asked."""

    name = "expert"

    def __init__(self) -> None:
        self.problems: list[Problem] = []

    def __call__(self, problems: Sequence[Problem], seen: Callable[[int, Reply], object]) -> None:
        self.problems += problems
        Scripted(policy="expert")(problems, seen)


def test_a_line_has_the_digest_of_all_that_the_model_was_told(tmp_path: Path) -> None:
    model, version = Remembering(), HotpotqaLocal.version
    evaluate(model, HotpotqaLocal(per_level=1), tmp_path)
    keys = {line["key"] for line in lines(tmp_path, "hotpotqa_local")}
    assert len(keys) == len(model.problems) > 3
    for problem in model.problems:
        told = [problem.messages, problem.tools, problem.syntax, problem.max_tokens]
        assert digest_of(["expert", version, problem.id, told]) == key_of("expert", version, problem)
        assert key_of("expert", version, problem) in keys


def test_limits_are_options_of_the_command(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    start = ["eval", "scripted:expert", "--on", "{use: hotpotqa_local, per_level: 1}", "-o", str(tmp_path)]
    assert run([*start, "--episode-tokens", "1", "--json"]) == 0
    metrics = json.loads(capsys.readouterr().out)["benchmarks"]["hotpotqa_local"]
    assert metrics["ended/tokens"] == 1
    assert run([*start, "--episode-seconds", "0"]) == 2
