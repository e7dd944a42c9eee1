"""AgentInstruct (arXiv 2310.12823): six tasks of AgentBench, in the published and in the role/content shape."""

from __future__ import annotations

from typing import Literal

import msgspec

from agentflan.core.errors import Unreadable
from agentflan.core.plugs import Plug
from agentflan.core.types import Answer, Dropped, Ending, Message, Segment, Step, ToolCall, Trajectory
from agentflan.lints.terminal import plain
from agentflan.sources.shapes.agent_tasks import Task, listed_functions, opening, task_of
from agentflan.sources.shapes.turns import RawRow, Turn, decoded, turns_of


class _Row(RawRow, frozen=True, gc=False):
    reward: float | None = None
    """ETO's rows look the same but for this; they are another source's."""


_ROWS = msgspec.json.Decoder(_Row)


class Agentinstruct(Plug, frozen=True):
    """A row -> a trajectory without worked example and acknowledgement, its steps read by the task's own dialect."""

    role: Literal["agent", "general"] = "agent"
    """Which share of the mix the rows belong to."""
    licence: str = "unstated (reported CC-BY-NC-4.0)"

    def __call__(self, row: bytes) -> Trajectory | Dropped:
        raw = decoded(_ROWS, row)
        if raw.reward is not None:
            raise Unreadable("not_agentinstruct", "the row has a reward")
        name = "" if raw.id is None else str(raw.id)
        turns = turns_of(raw)
        task = task_of(name, turns)
        instruction, query, start = opening(task, turns)
        steps = _steps(task, turns[start - 1 :])
        return Trajectory(
            id=name,
            source="agentinstruct",
            query=query,
            steps=steps,
            kind=self.role,
            licence=self.licence,
            instruction=instruction,
            tools=listed_functions(instruction) if task.name == "knowledge_graph" else (),
            dialect=task.name,
            ending=_ending(task, steps[-1]),
        )


def _steps(task: Task, turns: list[Turn]) -> tuple[Step, ...]:
    """The steps of turns that alternate from the question on. Raises `Unreadable` for any others."""
    if any(turn.role != ("assistant" if number % 2 else "user") for number, turn in enumerate(turns)):
        raise Unreadable("roles_do_not_alternate")
    if len(turns) < 2:
        raise Unreadable("no_steps")
    steps: list[Step] = []
    for number in range(1, len(turns), 2):
        said = turns[number]
        step = task.grammar.read((Message(role="assistant", segments=(Segment(text=said.text),)),))
        seen = _observed(task, turns[number + 1].text) if number + 1 < len(turns) else None
        steps.append(msgspec.structs.replace(step, observation=seen, loss=said.loss is not False))
    return tuple(steps)


def _observed(task: Task, text: str) -> str:
    # Window titles, colours and line erasures are noise of the capture, not what the shell said.
    return task.grammar.observed(plain(text) if task.name == "os" else text)


def _ending(task: Task, last: Step) -> Ending:
    if last.observation is not None:
        return "open"
    done = task.ends_in_action or isinstance(last.action, Answer) or last.action == ToolCall(name="finish")
    return "answer" if done and last.action is not None else "open"
