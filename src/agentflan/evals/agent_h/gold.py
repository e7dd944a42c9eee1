"""Is a call the right one? Names as they are; arguments as the values they stand for, however they are spelled."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from agentflan.core.types import Step, ToolCall
from agentflan.dialects.calls import literals, objects


def right_tool(call: ToolCall, gold: Sequence[Step]) -> bool:
    return any(isinstance(step.action, ToolCall) and step.action.name == call.name for step in gold)


def right_arguments(call: ToolCall, gold: Sequence[Step]) -> bool:
    """The right tool, and its arguments are equal: as objects where they are objects, else as text up to blanks."""
    given = _value(call.arguments)
    return any(
        isinstance(step.action, ToolCall) and step.action.name == call.name and _value(step.action.arguments) == given
        for step in gold
    )


def _value(arguments: str) -> str:
    """One spelling for equal arguments; 1, 1.0 and true stay apart, and so do 5 and "5"."""
    found: dict[Any, Any] | None = objects.mapping(arguments) if arguments.strip() else {}
    return " ".join(arguments.split()) if found is None else literals.as_json(found)
