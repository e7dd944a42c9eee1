"""A world that only counts, in a house that can go wrong in each of the ways a world can."""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import ClassVar, Literal

from agentflan.core.plugs import Plug
from agentflan.core.types import Episode, Message, Observation, Problem, Reply, Score, Segment, Step, ToolCall
from agentflan.evals import endings
from agentflan.models.scripted import Scripted


class Expert:
    """The scripted expert, counting what it is asked; it may stop half-way, fail now and then, or send a bill."""

    name = "expert"

    def __init__(self, *, stop_after: int | None = None, faults: Sequence[str] = (), tokens: int = 0) -> None:
        self.asked: list[str] = []
        self.stop_after, self.faults, self.tokens = stop_after, list(faults), tokens

    def __call__(self, problems: Sequence[Problem], seen: Callable[[int, Reply], object]) -> None:
        def passed(index: int, reply: Reply) -> None:
            if len(self.asked) == self.stop_after:
                raise KeyboardInterrupt
            self.asked.append(problems[index].id)
            fault = self.faults.pop() if self.faults else ""
            seen(index, Reply(text="", fault=fault) if fault else Reply(text=reply.text, tokens_out=self.tokens))

        Scripted(policy="expert")(problems, passed)


class Rooms:
    """Counts to the last room, unless something is wrong with this one."""

    def __init__(self, house: House) -> None:
        self.house, self.count, self.broken = house, 0, False

    def reset(self, problem: Problem) -> Observation:
        self.count, self.broken = 0, problem.id in self.house.broken
        if self.broken and self.house.breaks == "reset":
            return Observation(text="no key fits", fault="world")
        return Observation(text=f"You stand in room {problem.id}.")

    def step(self, step: Step) -> Observation:
        self.count += 1
        time.sleep(self.house.seconds)
        if self.broken and self.count == 2:
            if self.house.breaks == "bug":
                raise ZeroDivisionError
            return Observation(text="it is dark", fault="world")
        last = self.count == self.house.rooms
        return Observation(text=f"room {self.count}", done=last, reward=self.count / self.house.rooms)


class House(Plug, frozen=True):
    version: ClassVar[str] = "1"
    OPEN: ClassVar[Counter[str]] = Counter()
    broken: tuple[str, ...] = ()
    """Problems whose world fails."""
    breaks: Literal["reset", "step", "bug"] = "step"
    seconds: float = 0.0
    """That a step takes."""
    rooms: int = 3
    steps: int = 5
    at_once: int = 3

    def problems(self) -> list[Problem]:
        told = (Message(role="user", segments=(Segment(text="Walk."),)),)
        go = Step(thought="Further.", action=ToolCall(name="Search", arguments="on"))
        return [Problem(id=str(number), messages=told, solution=(go,), syntax="hotpotqa") for number in range(8)]

    @contextmanager
    def world(self) -> Iterator[Rooms]:
        self.OPEN["now"] += 1
        self.OPEN["most"] = max(self.OPEN["most"], self.OPEN["now"])
        try:
            yield Rooms(self)
        finally:
            self.OPEN["now"] -= 1

    def grade(self, problem: Problem, episode: Episode) -> Score:
        last = episode.turns[-1].observation
        reward = last.reward if last else 0.0
        values = endings.values(episode, episode.ended == "finished", self.steps)
        return Score(problem=problem.id, values={"reward": reward, **values})

    def summary(self, scores: Sequence[Score]) -> dict[str, float]:
        ends = Counter(end for score in scores for end, value in score.values.items() if "ended/" in end and value)
        return {"reward": sum(score.values["reward"] for score in scores), "n": len(scores), **ends}
