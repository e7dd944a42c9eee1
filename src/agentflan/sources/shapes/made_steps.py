"""What many sources do with the steps they have read: the ending, tools where none are listed, failed runs."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any, Literal

import msgspec

from agentflan.core.types import Answer, Ending, Step, ToolCall, ToolSpec

Failed = Literal["keep", "drop"]
"""A setting: what becomes of a run whose own reward says that it failed."""


def failed(reward: bool | float | str | None) -> bool:
    """Whether a reward says so; without one nothing is known."""
    if isinstance(reward, str):
        return reward.strip().lower() in ("0", "0.0", "false")
    return reward is not None and reward <= 0


def ending(steps: Sequence[Step]) -> Ending:
    """An answer at the end is an end; a call, or a thought that came to nothing, is none."""
    return "answer" if steps and isinstance(steps[-1].action, Answer) else "open"


def seen_tools(steps: Iterable[Step]) -> tuple[ToolSpec, ...]:
    """The tools that are called, by name and with the parameters that were used: for rows that list none.

    Without any list, a call would teach to make tools up.
    """
    used: dict[str, dict[str, Any]] = {}
    for step in steps:
        if isinstance(step.action, ToolCall) and step.action.name:
            parameters = used.setdefault(step.action.name, {})
            for key, value in _object(step.action.arguments).items():
                parameters.setdefault(key, {"type": _TYPES.get(type(value), "string")})
    return tuple(
        ToolSpec(name=name, parameters=msgspec.json.encode({"type": "object", "properties": properties}).decode())
        for name, properties in used.items()
    )


_TYPES = {bool: "boolean", int: "integer", float: "number", list: "array", dict: "object"}


def _object(arguments: str) -> dict[str, Any]:
    if not arguments.startswith("{"):
        return {}
    try:
        return msgspec.json.decode(arguments, type=dict[str, Any])
    except (msgspec.DecodeError, RecursionError):
        return {}


def thinking(text: str) -> tuple[str, str]:
    """What a reasoning model thought between its tags, and what it said after them."""
    head, opened, rest = text.partition("<think>")
    if not opened or head.strip():
        return "", text
    thought, closed, said = rest.partition("</think>")
    return (thought.strip(), said.strip()) if closed else ("", text)
