"""Replies by rule instead of by weights: the ends of every benchmark's scale, and a stand-in for slow models."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import cache
from typing import Any, Literal

import msgspec

from agentflan.core import chance, plugs
from agentflan.core.types import Problem, Reply, Step, ToolCall

Policy = Literal["gold", "expert", "silent", "never_calls", "always_calls", "random"]

_REFUSAL = "I cannot look that up here, so I would rather not guess."
_PLAIN = "That is a fair question, and here is what I think about it."
_INVENTED = "find_anything"
"""The tool that `always_calls` makes up where none is on offer."""


class Scripted(plugs.Plug, frozen=True):
    """`gold` is right, `silent` says nothing, `never_calls` talks, `always_calls` calls, `random` tosses a coin,
    or makes a move at random where there is a world to make it in: one of those on offer, if it offers any.

    `expert` acts in the problem's world as its solution says; where there is none, it is `gold`.
    """

    policy: Policy
    seed: int = 0

    @property
    def name(self) -> str:
        return f"scripted:{self.policy}"

    @property
    def identity(self) -> str:
        """What decides the replies, for the transcripts' keys."""
        return f"{self.name}:{self.seed}"

    def __call__(self, problems: Sequence[Problem], seen: Callable[[int, Reply], object]) -> None:
        for index, problem in enumerate(problems):
            seen(index, Reply(text=self._reply(problem)))

    def _reply(self, problem: Problem) -> str:
        if self.policy == "silent":
            return ""
        if self.policy == "gold":
            return _gold(problem)
        if self.policy == "expert":
            return _next(problem)
        if self.policy == "random" and problem.moves:
            return _written(chance.pick(problem.moves, self.seed, "move", problem.id, problem.turn), problem)
        tosses = self.policy == "random" and chance.coin(self.seed, "calls", problem.id) < 0.5
        if self.policy == "always_calls" or tosses:
            names = [tool.name for tool in problem.tools] or [_INVENTED]
            name = chance.pick(names, self.seed, "tool", problem.id)
            return _written(Step(action=ToolCall(name=name, arguments="{}")), problem)
        return _PLAIN


def _gold(problem: Problem) -> str:
    if not problem.gold:
        return _REFUSAL
    step = problem.gold[0]
    if isinstance(step.action, ToolCall):
        return _written(step, problem)
    return step.action.text if step.action else step.thought


def _next(problem: Problem) -> str:
    """The step of the solution that is due."""
    if not problem.solution:
        return _gold(problem)
    return _written(problem.solution[min(problem.turn, len(problem.solution) - 1)], problem)


def _written(step: Step, problem: Problem) -> str:
    """The step in the syntax that the prompt asks for, if that says it in one reply; else announced, with an object."""
    call = step.action
    if problem.syntax:
        said = _dialect(problem.syntax).write(step, problem.tools, problem.id)
        if len(said) == 1:
            return "".join(part.text for part in said[0].segments)
    if not isinstance(call, ToolCall):
        return call.text if call else step.thought
    name = msgspec.json.encode(call.name).decode()
    return f'I will use {call.name}.\n{{"name": {name}, "arguments": {call.arguments or "{}"}}}'


@cache
def _dialect(name: str) -> Any:
    return plugs.load("dialect", name)
