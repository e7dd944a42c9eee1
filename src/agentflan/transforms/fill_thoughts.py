"""Have a language model write the thoughts that a trajectory's steps lack (ToolBench has few). Before `converse`.

A thought that was filled in is trained as any other of its step. One that is empty, holds line labels of an agent's
form or calls on its own account is not taken, and the step stays without.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import ClassVar

import msgspec

from agentflan.core.kinds import Item, Side
from agentflan.core.plugs import Plug
from agentflan.core.types import Answer, Request, ToolCall, Trajectory
from agentflan.dialects.calls import reader
from agentflan.transforms.asking.prompts import done, request, told

_TASK = """\
An assistant works on a task with the help of tools. You see the task, what has happened so far, and what the \
assistant does next. Write the thought that leads it there: one to three sentences in the first person, in the \
language of the task, about what is known, what is missing and why this comes next. Say nothing that only a later \
result could tell. Reply with the thought alone."""


class FillThoughts(Plug, frozen=True):
    """One request for each step that has an action and no thought. Only with `replies: asked`."""

    works_on: ClassVar[Side] = "trajectories"

    history: int = 6000
    """Characters of what went before that the model is shown, the latest of them."""

    def requests(self, item: Item) -> tuple[Request, ...]:
        if not isinstance(item, Trajectory) or item.kind != "agent":
            return ()
        return tuple(request("thought", _TASK, self._matter(item, place, action)) for place, action in _bare(item))

    def apply(self, item: Trajectory, replies: tuple[str, ...]) -> Trajectory:
        steps = list(item.steps)
        for (place, _), reply in zip(_bare(item), replies, strict=True):
            if _will_do(reply):
                steps[place] = msgspec.structs.replace(steps[place], thought=reply.strip())
        return item if tuple(steps) == item.steps else msgspec.structs.replace(item, steps=tuple(steps))

    def _matter(self, item: Trajectory, place: int, action: ToolCall | Answer) -> str:
        before = "\n".join(map(told, item.steps[:place]))
        return f"Task: {item.query}\n\nSo far:\n{before[-self.history :] or '(nothing yet)'}\n\nNext: {done(action)}"


def _bare(item: Trajectory) -> Iterator[tuple[int, ToolCall | Answer]]:
    """Place and action of the steps without a thought."""
    for place, step in enumerate(item.steps):
        if step.action is not None and not step.thought:
            yield place, step.action


def _will_do(reply: str) -> bool:
    """Thoughts may speak of tools, "I will use X": only what is written as a call is none."""
    reading = reader.read(reply)
    return bool(reply.strip()) and not reading.marks and all(each.syntax == "talk" for each in reading.attempts)
