"""What a lesson is about, free of the words that it is put in."""

from __future__ import annotations

import json
from typing import Any, Literal, NamedTuple

from agentflan.core.types import ToolCall, ToolSpec

Part = Literal["thought", "name", "arguments"]
Form = Literal["json", "lines"]
JSON_TYPES: dict[Part, str] = {"thought": "string", "name": "string", "arguments": "Record<string, any>"}


class Taught(NamedTuple):
    """One call that a lesson asks for."""

    tool: ToolSpec
    thought: str
    """On one line; empty where the step has none."""
    name: str
    arguments: dict[str, Any]
    parts: list[Part]
    """Those that there are, in the order of the requested form."""
    aliases: dict[Part, str]
    """What the form calls each of them."""


def arguments_of(call: ToolCall) -> dict[str, Any] | None:
    """None: they are no JSON object, or hold half a surrogate pair, which is no text."""
    if "\\ud" in call.arguments.lower():
        return None
    try:
        value = json.loads(call.arguments or "{}")
    except (ValueError, RecursionError):
        return None
    return value if isinstance(value, dict) else None


def api_of(tool: ToolSpec, name: str) -> dict[str, Any]:
    """A tool as plain values."""
    try:
        parameters = json.loads(tool.parameters)
    except (ValueError, RecursionError):
        parameters = tool.parameters
    return {"name": name, "description": tool.description, "parameters": parameters}


def as_json(value: Any) -> str:
    return json.dumps(value, ensure_ascii=False)
