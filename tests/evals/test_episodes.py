"""Episodes: played many at once, gone on with after a kill, graded again from what is on file, faults kept apart."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

import pytest

from agentflan.core.errors import Mistake
from agentflan.core.types import Message, Observation, Problem, Reply, Segment, Step, ToolCall
from agentflan.evals.benchmarks.hotpotqa_local import HotpotqaLocal
from agentflan.evals.run import evaluate
from agentflan.models.hf import Hf
from agentflan.models.http import Http
from agentflan.models.scripted import Scripted
from tests.evals.rooms import Expert, House, Rooms
from tests.models.serving import serving
from tests.models.tiny import saved

HOTPOTQA = HotpotqaLocal()
TURNS = sum(len(problem.solution) for problem in HOTPOTQA.problems())
"""Replies that the expert gives in all."""
TRANSCRIPTS = Path("evals/hotpotqa_local/transcripts.jsonl")


def test_an_episode_can_be_followed(tmp_path: Path) -> None:
    """One problem from the prompt to the score: what is asked, what is read, what the world shows, what is on file."""
    metrics = evaluate(Scripted(policy="expert"), HotpotqaLocal(per_level=1), tmp_path)
    assert (metrics["f1"], metrics["em"], metrics["ended/finished"]) == (1, 1, 1)
    lines = [json.loads(line) for line in (tmp_path / TRANSCRIPTS).read_text().splitlines()]
    hard = sorted((line for line in lines if "/hard/" in line["problem"]["id"]), key=lambda line: line.get("turn", 0))
    first, last = hard[0], hard[-1]
    assert "Finish[answer], which returns the answer" in first["problem"]["messages"][0]["segments"][0]["text"]
    assert first["reply"]["text"].startswith("Action: Search[")
    shown = first["observation"]["text"]
    assert hard[1]["problem"]["messages"] == [{"role": "user", "segments": [{"text": f"Observation: {shown}"}]}]
    assert last["reply"]["text"] == f"Action: Finish[{first['problem']['gold'][0]['action']['arguments']}]"
    assert last["observation"] == {"text": "Episode finished.", "reward": 1.0, "done": True}


def test_a_finished_run_asks_nothing_and_is_graded_again(tmp_path: Path) -> None:
    first = Expert()
    metrics = evaluate(first, HOTPOTQA, tmp_path)
    assert len(first.asked) == TURNS
    before = (tmp_path / TRANSCRIPTS).read_bytes()
    again = Expert()
    assert evaluate(again, HOTPOTQA, tmp_path) == metrics
    assert evaluate(again, HOTPOTQA, tmp_path, rescore=True) == metrics
    assert again.asked == []
    assert (tmp_path / TRANSCRIPTS).read_bytes() == before


@pytest.mark.parametrize("stop_after", [0, 1, 40, TURNS - 1])
def test_an_interrupted_run_asks_only_what_is_missing(tmp_path: Path, stop_after: int) -> None:
    with pytest.raises(KeyboardInterrupt):
        evaluate(Expert(stop_after=stop_after), HOTPOTQA, tmp_path)
    rest = Expert()
    metrics = evaluate(rest, HOTPOTQA, tmp_path)
    assert len(rest.asked) == TURNS - stop_after
    assert metrics == evaluate(Expert(), HOTPOTQA, tmp_path / "at_once")
    assert metrics == evaluate(Expert(), HOTPOTQA, tmp_path, rescore=True)


SLOW = """
import sys, time
from pathlib import Path
from agentflan.evals.benchmarks.hotpotqa_local import HotpotqaLocal
from agentflan.evals.run import evaluate
from agentflan.models.scripted import Scripted

class Slow:
    name = "expert"
    def __call__(self, problems, seen):
        def later(index, reply):
            time.sleep(0.03)
            seen(index, reply)
        Scripted(policy="expert")(problems, later)

evaluate(Slow(), HotpotqaLocal(at_once=5), Path(sys.argv[1]))
"""


def test_a_killed_run_goes_on_within_its_episodes(tmp_path: Path) -> None:
    path = tmp_path / TRANSCRIPTS
    child = subprocess.Popen([sys.executable, "-c", SLOW, str(tmp_path)])
    try:
        while not (path.exists() and path.read_bytes().count(b"\n") > 7):
            assert child.poll() is None
    finally:
        os.kill(child.pid, signal.SIGKILL)
        child.wait()
    kept = path.read_bytes().count(b"\n")
    rest = Expert()
    metrics = evaluate(rest, HotpotqaLocal(at_once=5), tmp_path)
    assert 0 < len(rest.asked) == TURNS - kept
    assert metrics == evaluate(Expert(), HotpotqaLocal(at_once=5), tmp_path / "at_once")


def test_a_run_that_was_not_finished_is_graded_without_its_open_episodes(tmp_path: Path) -> None:
    with pytest.raises(KeyboardInterrupt):
        evaluate(Expert(stop_after=50), HOTPOTQA, tmp_path)
    metrics = evaluate(Expert(), HOTPOTQA, tmp_path, rescore=True)
    done = sum(metrics[f"n/{level}"] for level in ("easy", "medium", "hard"))
    assert (metrics["em"], metrics["faults/unfinished"]) == (1, 36 - done)
    assert 0 < done < 36


def test_faults_of_the_server_are_asked_again_and_final_ones_are_graded(tmp_path: Path) -> None:
    metrics = evaluate(Expert(faults=["infrastructure", "context_overflow", "length"]), HOTPOTQA, tmp_path)
    assert (metrics["faults"], metrics["faults/infrastructure"], metrics["faults/context_overflow"]) == (2, 1, 1)
    assert metrics["ended/model"] == 1 / 35
    again = Expert()
    mended = evaluate(again, HOTPOTQA, tmp_path)
    assert len(set(again.asked)) == 1
    assert (mended["faults"], mended["ended/model"]) == (1, 1 / 36)
    assert mended == evaluate(again, HOTPOTQA, tmp_path, rescore=True)


@pytest.fixture(autouse=True)
def fresh_house() -> None:
    House.OPEN.clear()


def test_no_more_worlds_are_open_than_allowed_and_all_are_left(tmp_path: Path) -> None:
    assert evaluate(Expert(), House(), tmp_path) == {"reward": 8, "n": 8, "ended/finished": 8, "faults": 0}
    assert House.OPEN == {"now": 0, "most": 3}
    with pytest.raises(KeyboardInterrupt):
        evaluate(Expert(stop_after=4), House(), tmp_path / "stopped")
    assert House.OPEN["now"] == 0


def test_the_world_speaks_first_below_the_prompt(tmp_path: Path) -> None:
    evaluate(Expert(), House(), tmp_path, limit=1)
    line = json.loads((tmp_path / "evals/House/transcripts.jsonl").read_text().splitlines()[0])
    (message,) = line["problem"]["messages"]
    assert "".join(part["text"] for part in message["segments"]) == "Walk.\n\nYou stand in room 0."


def test_a_fault_of_the_world_is_not_the_agents(tmp_path: Path) -> None:
    first = Expert()
    dark = House(broken=tuple("01234567"))
    assert evaluate(first, dark, tmp_path) == {"reward": 0, "n": 0, "faults": 8, "faults/world": 8}
    assert len(first.asked) == 16
    again = Expert()
    mended = evaluate(again, House(), tmp_path)
    assert mended == {"reward": 8, "n": 8, "ended/finished": 8, "faults": 0}
    assert len(again.asked) == 8  # the reply at which the world failed is on file
    assert evaluate(again, House(), tmp_path, rescore=True) == mended


def test_the_limit_ends_an_episode(tmp_path: Path) -> None:
    assert evaluate(Expert(), House(steps=2), tmp_path)["reward"] == pytest.approx(8 * 2 / 3)
    longer = Expert()
    assert evaluate(longer, House(steps=3), tmp_path)["reward"] == 8
    assert len(longer.asked) == 8


class Doors(Rooms):
    """Says at every turn which doors are open."""

    def reset(self, problem: Problem) -> Observation:
        self.count = 0
        return Observation(text="You stand in a hall.", offers=self.doors())

    def step(self, step: Step) -> Observation:
        self.count += 1
        return Observation(text=f"You went {step.action.arguments}.", done=self.count == 3, offers=self.doors())

    def doors(self) -> tuple[Step, ...]:
        return tuple(Step(action=ToolCall(name="go to", arguments=f"door {self.count} {at}")) for at in ("a", "b"))


class Hall(House, frozen=True):
    def problems(self) -> list[Problem]:
        told = (Message(role="user", segments=(Segment(text="Your task: "),)),)
        return [Problem(id=str(number), messages=told, syntax="alfworld") for number in range(8)]

    @contextmanager
    def world(self) -> Iterator[Doors]:
        yield Doors(self)


def test_what_can_be_done_is_shown_once_and_a_random_agent_picks_from_it(tmp_path: Path) -> None:
    asked: list[Problem] = []

    class Random:
        name = "random"

        def __call__(self, problems: Sequence[Problem], seen: Callable[[int, Reply], object]) -> None:
            asked.extend(problems)
            Scripted(policy="random")(problems, seen)

    evaluate(Random(), Hall(), tmp_path)
    first, *_, last = [problem for problem in asked if problem.id == "5"]
    texts = ["".join(part.text for part in message.segments) for message in last.messages]
    assert [part.text for part in first.messages[0].segments] == [
        "Your task: ", "You stand in a hall.", " AVAILABLE ACTIONS: go to door 0 a\ngo to door 0 b\n",
    ]  # fmt: skip
    assert texts[0] == "Your task: You stand in a hall."
    assert texts[2].startswith("You went door 0 ")
    assert [text.count("AVAILABLE") for text in texts] == [0, 0, 0, 0, 1]
    assert texts[4].endswith(" AVAILABLE ACTIONS: go to door 2 a\ngo to door 2 b\n")
    assert {texts[1], texts[3]} <= {f"ACTION: go to door {n} {at}" for n in range(2) for at in "ab"}


def test_a_bug_in_one_world_is_raised_and_costs_no_other_episode(tmp_path: Path) -> None:
    with pytest.raises(ZeroDivisionError):
        evaluate(Expert(), House(broken=("4",), breaks="bug", at_once=8), tmp_path)
    assert House.OPEN["now"] == 0
    rest = Expert()
    assert evaluate(rest, House(), tmp_path)["reward"] == 8
    assert Counter(rest.asked) == {"4": 2, **dict.fromkeys("0123567", 1)}  # the others have their second steps on file


def test_over_http_no_episode_waits_for_a_slow_one(tmp_path: Path) -> None:
    """The first request hangs until it times out; meanwhile all other episodes are played to their ends."""
    with serving(tmp_path, latency=0.01, script=["hang"]) as server:
        model = Http(url=server.url, model="any", timeout=5, retries=2)
        metrics = evaluate(model, HotpotqaLocal(per_level=4), tmp_path)
        outcomes = [call.outcome for call in server.calls()]
    assert (metrics["ended/invalid"], metrics["faults"]) == (1, 0)  # this server never acts
    assert Counter(outcomes) == {"hang": 1, "ok": 120}
    questions = [call.question for call in server.calls()]
    assert questions[1:].index(questions[0]) == 110


def test_a_model_in_this_process_plays_in_rounds(tmp_path: Path) -> None:
    """Once the conversation has outgrown its context, the episode is over and graded."""
    prompt = len(HOTPOTQA.problems()[0].messages[0].segments[0].text.split())
    model = Hf(path=saved(tmp_path / "tiny", positions=prompt + 60), max_new_tokens=5)
    metrics = evaluate(model, HotpotqaLocal(per_level=2), tmp_path)
    assert (metrics["ended/model"], metrics["faults/context_overflow"], metrics["f1"]) == (1, 6, 0)
    assert len((tmp_path / TRANSCRIPTS).read_bytes().splitlines()) > 6 * 2


def test_over_http_a_dead_server_loses_nothing(tmp_path: Path) -> None:
    with serving(tmp_path, latency=0.01) as server:
        model = Http(url=server.url, model="any", timeout=5, retries=0)
        evaluate(model, HotpotqaLocal(per_level=1), tmp_path, limit=1)
    with pytest.raises(Mistake, match="nobody answers"):
        evaluate(model, HotpotqaLocal(per_level=1), tmp_path)
    assert len((tmp_path / TRANSCRIPTS).read_bytes().splitlines()) == 10
    assert evaluate(model, HotpotqaLocal(per_level=1), tmp_path, limit=1)["n/easy"] == 1
