"""Lints of what an agent did: its calls, its thoughts, its ending (AF1xx)."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from typing import NamedTuple

from agentflan.core.types import Answer, Step, ToolCall, Trajectory
from agentflan.lints.arguments import Spelling, spelling
from agentflan.lints.finding import Finding

EXAMPLE = "Now, I will start a new problem in a new OS"
"""What AgentBench's shell task says between its worked example and the task."""

FINISH = "Finish"
"""What a ToolBench search calls to give up; it is on no list of tools."""


class _At(NamedTuple):
    item: Trajectory
    step: Step
    offered: dict[str, str]
    """Tool -> its parameters' schema."""


def in_item(item: Trajectory) -> Iterator[Finding]:
    for code, wrong in _OF_ITEM.items():
        if wrong(item):
            yield Finding(code)


def in_step(item: Trajectory) -> Iterator[Finding]:
    offered = {tool.name: tool.parameters for tool in item.tools}
    for number, step in enumerate(item.steps, 1):
        at = _At(item, step, offered)
        for code, wrong in _OF_CALL.items() if isinstance(step.action, ToolCall) else _OF_TALK.items():
            if wrong(at):
                yield Finding(code, f"step {number}")


def _calls(item: Trajectory) -> bool:
    return any(isinstance(step.action, ToolCall) for step in item.steps)


def _worked_example(item: Trajectory) -> bool:
    return EXAMPLE in item.query or any(EXAMPLE in (step.observation or "") for step in item.steps)


_OF_ITEM: dict[str, Callable[[Trajectory], bool]] = {
    "AF106": lambda item: item.restarted,
    "AF107": lambda item: item.ending == "gave_up",
    "AF108": lambda item: item.ending == "open" and item.kind == "agent",
    "AF113": lambda item: bool(item.tools) and item.kind == "agent" and not _calls(item),
    "AF114": lambda item: not item.tools and not item.dialect and _calls(item),
    "AF115": _worked_example,
}


def _call(at: _At) -> ToolCall:
    assert isinstance(at.step.action, ToolCall)
    return at.step.action


def _unknown_tool(at: _At) -> bool:
    return bool(at.offered) and _call(at).name not in at.offered and _call(at).name != FINISH


def _spelled(at: _At, how: Spelling) -> bool:
    """Free text is what some dialects and tools take; only what should be an object is looked at."""
    call = _call(at)
    if at.item.dialect or not (call.arguments.startswith("{") or _takes(at.offered.get(call.name, ""))):
        return False
    return spelling(call.arguments) == how


def _takes(schema: str) -> bool:
    """Whether a tool has any parameter."""
    return bool(schema) and '"properties":{}' not in schema and '"properties"' in schema


def _no_arguments(at: _At) -> bool:
    call = _call(at)
    return call.arguments.strip() in ("", "{}") and _takes(at.offered.get(call.name, ""))


_WORDS = re.compile(r"\w+(?:\.\w+)*")


def _other_tool(at: _At) -> bool:
    """The thought names tools on offer, none of them the one that is called. Plain words are no names."""
    name = _call(at).name
    words = {word for word in _WORDS.findall(at.step.thought) if "_" in word or "." in word}
    return bool(words) and name not in at.step.thought and any(word in at.offered for word in words)


_OF_CALL: dict[str, Callable[[_At], bool]] = {
    "AF101": _unknown_tool,
    "AF102": lambda at: _spelled(at, "raw"),
    "AF103": lambda at: _spelled(at, "python"),
    "AF109": lambda at: not at.step.thought.strip(),
    "AF110": _no_arguments,
    "AF111": _other_tool,
    "AF112": lambda at: _call(at).name != _call(at).name.strip() or not _call(at).name,
}
_OF_TALK: dict[str, Callable[[_At], bool]] = {
    "AF104": lambda at: isinstance(at.step.action, Answer) and not at.step.action.text.strip(),
    "AF105": lambda at: at.step.action is None,
}
