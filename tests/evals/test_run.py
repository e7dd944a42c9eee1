"""The runner keeps each reply once, goes on after a kill, grades transcripts again, takes no fault for an answer."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import pytest

from agentflan.core.errors import Mistake
from agentflan.core.types import Problem, Reply
from agentflan.evals.benchmarks.agent_h import AgentH
from agentflan.evals.run import evaluate
from agentflan.models.scripted import Scripted

BENCHMARK = AgentH(count=40)
TRANSCRIPTS = Path("evals/agent_h/transcripts.jsonl")


class Counting:
    """A scripted model that remembers what it was asked, may fail on some problems, and may stop half-way."""

    name = "scripted:random"

    def __init__(self, *, faults: dict[str, str] | None = None, stop_after: int | None = None) -> None:
        self.asked: list[str] = []
        self.faults, self.stop_after = faults or {}, stop_after

    def __call__(self, problems: Sequence[Problem], seen: Callable[[int, Reply], None]) -> None:
        def passed(index: int, reply: Reply) -> None:
            if len(self.asked) == self.stop_after:
                raise KeyboardInterrupt
            self.asked.append(problems[index].id)
            fault = self.faults.get(problems[index].id, "")
            seen(index, Reply(text="" if fault else reply.text, fault=fault))

        Scripted(policy="random")(problems, passed)


def read(path: Path) -> Any:
    return json.loads(path.read_text(encoding="utf-8"))


def test_scores_are_written_where_the_outside_looks(tmp_path: Path) -> None:
    metrics = evaluate(Scripted(policy="gold"), BENCHMARK, tmp_path)
    assert metrics["balanced"] == 1
    assert metrics["faults"] == 0
    assert read(tmp_path / "scores.json") == {"model": "scripted:gold", "benchmarks": {"agent_h": metrics}}
    kept = read(tmp_path / "evals/agent_h/scores.json")
    assert kept["metrics"] == metrics
    assert (kept["benchmark"], kept["version"], kept["model"]) == ("agent_h", AgentH.version, "scripted:gold")
    assert kept["settings"]["count"] == 40
    lines = [json.loads(line) for line in (tmp_path / TRANSCRIPTS).read_text().splitlines()]
    assert len({line["key"] for line in lines}) == len(lines) == 40
    assert sorted(path.name for path in (tmp_path / "evals/agent_h").iterdir()) == ["scores.json", "transcripts.jsonl"]


def test_a_finished_run_asks_nothing(tmp_path: Path) -> None:
    first = evaluate(Counting(), BENCHMARK, tmp_path)
    bytes_before = (tmp_path / TRANSCRIPTS).read_bytes()
    again = Counting()
    assert evaluate(again, BENCHMARK, tmp_path) == first
    assert again.asked == []
    assert (tmp_path / TRANSCRIPTS).read_bytes() == bytes_before


def test_a_limit_asks_the_first_problems_and_more_come_on_top(tmp_path: Path) -> None:
    first, second = Counting(), Counting()
    assert evaluate(first, BENCHMARK, tmp_path, limit=10)["n/tools_relevant"] == 2
    evaluate(second, BENCHMARK, tmp_path)
    assert [*first.asked, *second.asked] == [problem.id for problem in BENCHMARK.problems()]


@pytest.mark.parametrize("cut", [1, 2, 37, 200])
def test_a_cut_transcript_is_gone_on_with(tmp_path: Path, cut: int) -> None:
    whole = evaluate(Counting(), BENCHMARK, tmp_path)
    path = tmp_path / TRANSCRIPTS
    data = path.read_bytes()
    path.write_bytes(data[:-cut])
    again = Counting()
    assert evaluate(again, BENCHMARK, tmp_path) == whole
    assert again.asked == [BENCHMARK.problems()[-1].id]
    assert path.read_bytes() == data


def test_an_interrupted_run_keeps_what_came(tmp_path: Path) -> None:
    with pytest.raises(KeyboardInterrupt):
        evaluate(Counting(stop_after=15), BENCHMARK, tmp_path)
    rest = Counting()
    metrics = evaluate(rest, BENCHMARK, tmp_path)
    assert len(rest.asked) == 25
    assert metrics == evaluate(Counting(), BENCHMARK, tmp_path / "at_once")


SLOW = """
import sys, time
from pathlib import Path
from agentflan.evals.benchmarks.agent_h import AgentH
from agentflan.evals.run import evaluate
from agentflan.models.scripted import Scripted

class Slow:
    name = "scripted:random"
    def __call__(self, problems, seen):
        def later(index, reply):
            time.sleep(0.01)
            seen(index, reply)
        Scripted(policy="random")(problems, later)

evaluate(Slow(), AgentH(count=1000), Path(sys.argv[1]))
"""


def test_a_killed_process_loses_no_line(tmp_path: Path) -> None:
    path = tmp_path / TRANSCRIPTS
    child = subprocess.Popen([sys.executable, "-c", SLOW, str(tmp_path)])
    try:
        while not (path.exists() and path.read_bytes().count(b"\n") > 5):
            assert child.poll() is None
    finally:
        os.kill(child.pid, signal.SIGKILL)
        child.wait()
    kept = path.read_bytes().count(b"\n")
    rest = Counting()
    metrics = evaluate(rest, AgentH(count=1000), tmp_path, limit=kept + 7)
    assert len(rest.asked) == 7
    assert metrics == evaluate(Counting(), AgentH(count=1000), tmp_path / "at_once", limit=kept + 7)


def test_grading_again_gives_the_same(tmp_path: Path) -> None:
    first = evaluate(Counting(), BENCHMARK, tmp_path)
    again = Counting()
    assert evaluate(again, BENCHMARK, tmp_path, rescore=True) == first
    assert again.asked == []


def test_grading_again_uses_the_new_settings(tmp_path: Path) -> None:
    first = evaluate(Counting(), BENCHMARK, tmp_path)
    stricter = evaluate(Counting(), AgentH(count=40, react_words=("That is",)), tmp_path, rescore=True)
    assert stricter["h_react"] > first["h_react"]
    assert stricter["balanced"] == first["balanced"]


def test_only_infrastructure_is_left_out_and_asked_again(tmp_path: Path) -> None:
    problems = BENCHMARK.problems()
    faults = {problems[0].id: "infrastructure", problems[5].id: "context_overflow"}
    metrics = evaluate(Counting(faults=faults), BENCHMARK, tmp_path)
    assert (metrics["faults"], metrics["faults/infrastructure"], metrics["faults/context_overflow"]) == (2, 1, 1)
    assert metrics["n/tools_relevant"] == 7
    assert metrics["empty/tools_relevant"] == 1 / 7  # of the prompt that was too long there is nothing to grade
    again = Counting()
    assert evaluate(again, BENCHMARK, tmp_path)["n/tools_relevant"] == 8
    assert again.asked == [problems[0].id]
    assert evaluate(again, BENCHMARK, tmp_path, rescore=True)["n/tools_relevant"] == 8


def test_models_and_problems_do_not_mix(tmp_path: Path) -> None:
    evaluate(Counting(), BENCHMARK, tmp_path)
    gold = evaluate(Scripted(policy="gold"), BENCHMARK, tmp_path)
    assert gold == evaluate(Scripted(policy="gold"), BENCHMARK, tmp_path, rescore=True)
    other = Counting()
    evaluate(other, AgentH(count=40, seed=1), tmp_path)
    assert len(other.asked) == 40
    assert read(tmp_path / "scores.json")["model"] == "scripted:random"


def test_a_broken_line_is_named(tmp_path: Path) -> None:
    evaluate(Counting(), BENCHMARK, tmp_path)
    path = tmp_path / TRANSCRIPTS
    lines = path.read_bytes().splitlines(keepends=True)
    path.write_bytes(b"".join([*lines[:3], b"{}\n", *lines[3:]]))
    with pytest.raises(Mistake, match="no transcript") as caught:
        evaluate(Counting(), BENCHMARK, tmp_path)
    assert caught.value.where.endswith("transcripts.jsonl:4")


def test_grading_again_keeps_to_a_limit_and_tells_the_same_faults(tmp_path: Path) -> None:
    problems = BENCHMARK.problems()
    faults = {problems[1].id: "infrastructure", problems[30].id: "length"}
    evaluate(Counting(faults=faults), BENCHMARK, tmp_path)
    whole = read(tmp_path / "evals/agent_h/scores.json")
    assert whole["faulted"] == {
        "infrastructure": {"problems": 1, "such_as": [problems[1].id]},
        "length": {"problems": 1, "such_as": [problems[30].id]},
    }
    evaluate(Counting(), BENCHMARK, tmp_path, rescore=True, limit=10)
    first = read(tmp_path / "evals/agent_h/scores.json")
    assert (first["problems"], list(first["faulted"])) == (10, ["infrastructure"])
    evaluate(Counting(), BENCHMARK, tmp_path, rescore=True)
    assert read(tmp_path / "evals/agent_h/scores.json") == whole


def test_a_failure_does_not_hide_an_earlier_reply(tmp_path: Path) -> None:
    first = evaluate(Counting(), BENCHMARK, tmp_path)
    path = tmp_path / TRANSCRIPTS
    lines = [json.loads(line) for line in path.read_text().splitlines()]
    lost = [{**line, "key": "of other prompts", "reply": {"text": "", "fault": "infrastructure"}} for line in lines]
    path.write_text("".join(f"{json.dumps(line)}\n" for line in [*lines, *lost]))
    assert evaluate(Counting(), BENCHMARK, tmp_path, rescore=True) == first


def test_nothing_to_grade_again_is_a_mistake(tmp_path: Path) -> None:
    with pytest.raises(Mistake, match="no transcripts"):
        evaluate(Counting(), BENCHMARK, tmp_path, rescore=True)
    assert list(tmp_path.iterdir()) == []
    evaluate(Scripted(policy="gold"), BENCHMARK, tmp_path)
    with pytest.raises(Mistake, match="of this model"):
        evaluate(Counting(), BENCHMARK, tmp_path, rescore=True)
