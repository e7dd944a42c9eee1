"""Messages as chat templates take them: calls, outputs and thoughts in fields of their own.

A conversation of the dialect `native` keeps each part of a step in a segment of its own; how a call looks as text is
left to the model's template.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any, NamedTuple

import msgspec

from agentflan.core.types import Message, Segment, ToolSpec

NATIVE = "native"
"""The dialect of conversations whose calls are data until a model's template writes them."""


class Call(NamedTuple):
    name: Segment
    arguments: Segment | None


class Turn(NamedTuple):
    """One message taken apart."""

    role: str
    """system, user, assistant or tool."""
    text: tuple[Segment, ...]
    thought: Segment | None = None
    calls: tuple[Call, ...] = ()
    form: Segment | None = None
    """A segment of the form, if there is one: whether what the template adds is trained, and how much."""


def turns(messages: Sequence[Message], dialect: str) -> list[Turn]:
    """Messages of any dialect but `native` are nothing but text; there, what follows a call is a tool's output.

    Raises `ValueError` for a reply that goes on behind its calls, or thinks twice: chat formats have no room for it.
    """
    if dialect != NATIVE:
        return [Turn(message.role, message.segments) for message in messages]
    found: list[Turn] = []
    for message in messages:
        if message.role == "assistant":
            found.append(_reply(message.segments))
        else:
            output = message.role == "user" and found and found[-1].calls
            found.append(Turn("tool" if output else message.role, message.segments))
    return found


def said(spoken: Sequence[Turn]) -> list[dict[str, Any]]:
    """Turns as `apply_chat_template` takes them. Ids are nine signs, which Mistral's template insists on."""
    found: list[dict[str, Any]] = []
    last, count = {"id": "", "name": ""}, 0
    for turn in spoken:
        message: dict[str, Any] = {"role": turn.role, "content": "".join([part.text for part in turn.text])}
        if turn.thought:
            message["reasoning_content"] = turn.thought.text
        for call in turn.calls:
            last, count = {"id": f"call{count:05d}", "name": call.name.text}, count + 1
            function = {"name": call.name.text, "arguments": arguments_of(call)}
            message.setdefault("tool_calls", []).append({"id": last["id"], "type": "function", "function": function})
        if turn.role == "tool":
            message |= {"tool_call_id": last["id"], "name": last["name"]}
        found.append(message)
    return found


def arguments_of(call: Call) -> dict[str, Any]:
    """The arguments as an object; any other text becomes one that holds it, `{"input": text}`."""
    text = call.arguments.text if call.arguments else "{}"
    try:
        value = json.loads(text)
    except (ValueError, RecursionError):
        value = text
    return value if isinstance(value, dict) else {"input": value if isinstance(value, str) else text}


def definition(tool: ToolSpec) -> dict[str, Any]:
    """A tool as OpenAI spells it; parameters that are no object are those of no schema."""
    try:
        schema = msgspec.json.decode(tool.parameters, type=dict[str, Any])
    except (msgspec.DecodeError, UnicodeError, RecursionError):
        schema = {}
    function = {"name": tool.name, "description": tool.description, "parameters": schema}
    return {"type": "function", "function": function}


def _reply(segments: Sequence[Segment]) -> Turn:
    text: list[Segment] = []
    thought = form = None
    calls: list[Call] = []
    for segment in segments:
        match segment.capability:
            case "format":
                form = form or segment
            case "reasoning":
                if thought or text or calls:
                    raise ValueError("a reply that thinks twice, or behind what it says")
                thought = segment
            case "retrieval":
                calls.append(Call(segment, None))
            case "understanding" if calls:
                calls[-1] = Call(calls[-1].name, segment)
            case _:
                if calls:
                    raise ValueError("a reply that goes on behind its calls")
                text.append(segment)
    return Turn("assistant", tuple(text), thought, tuple(calls), form)
