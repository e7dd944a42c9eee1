"""Messages as OpenAI's chat completions have them, read and written: `tool_calls`, outputs as turns.

The older `function_call` is read as well.
"""

from __future__ import annotations

from typing import Any, Literal

import msgspec
from msgspec import UNSET, UnsetType

from agentflan.core.errors import Unreadable
from agentflan.sources.shapes.call_texts import arguments_of, as_json, object_in, object_of
from agentflan.sources.shapes.call_turns import Call, Said, Speaker

SPEAKERS: dict[str, Speaker] = {
    "system": "system",
    "developer": "system",
    "user": "user",
    "assistant": "assistant",
    "tool": "tool",
    "function": "tool",
}


class RawFunction(msgspec.Struct, frozen=True):
    name: str | None = None
    arguments: Any = None


class RawCall(RawFunction, frozen=True):
    """Some data leave `function` out and write its name and arguments here."""

    id: str | int | None = None
    function: RawFunction | None = None


class RawMessage(msgspec.Struct, frozen=True):
    role: str
    content: Any = None
    tool_calls: list[RawCall] | UnsetType | None = UNSET
    function_call: RawFunction | UnsetType | None = UNSET
    reasoning_content: str | None = None
    tool_call_id: str | int | None = None
    name: str | None = None
    loss: bool | int | None = None
    weight: float | None = None
    """OpenAI's tuning files: 0 for a reply that is shown and not trained."""

    @property
    def marked(self) -> bool:
        """Whether it has a key that plain talk has not."""
        return self.tool_calls is not UNSET or self.function_call is not UNSET or self.role in ("tool", "function")


def said(message: RawMessage) -> Said:
    """Raises `Unreadable` for who is not known to speak, for pictures, and for calls without a name."""
    role = SPEAKERS.get(message.role)
    if role is None:
        raise Unreadable("unknown_role", message.role)
    text = _text(message.content, role)
    if role != "assistant":
        return Said(role, text, id=_id(message.tool_call_id), name=message.name or "" if role == "tool" else "")
    trained = (message.loss is None or bool(message.loss)) and message.weight != 0
    return Said(role, text, calls=_calls(message), thought=(message.reasoning_content or "").strip(), loss=trained)


def spelled(said: Said, *, thoughts: Literal["apart", "content"] = "apart") -> dict[str, Any]:
    """The message that `said` reads so.

    A thought stands in `reasoning_content`, or as text before what is said. `weight` is that of OpenAI's tuning files.
    """
    message: dict[str, Any] = {"role": said.role, "content": said.text}
    if said.role == "tool":
        return {"role": "tool", "tool_call_id": said.id, "name": said.name, "content": said.text}
    if said.role != "assistant":
        return message
    if said.thought and thoughts == "apart":
        message["reasoning_content"] = said.thought
    elif said.thought:
        message["content"] = "\n\n".join(text for text in (said.thought, said.text) if text)
    if said.calls:
        message["content"] = message["content"] or None
        message["tool_calls"] = [_spelled(call) for call in said.calls]
    return {**message, "weight": int(said.loss)}


def _spelled(call: Call) -> dict[str, Any]:
    """Arguments are JSON text, to the letter where they are that; other text becomes an object that holds it."""
    text = call.arguments if object_in(call.arguments) is not None else as_json(object_of(call.arguments))
    return {"id": call.id, "type": "function", "function": {"name": call.name, "arguments": text}}


def _calls(message: RawMessage) -> tuple[Call, ...]:
    raw = message.tool_calls
    if raw:
        return tuple(_call(one.function or one, _id(one.id)) for one in raw)
    return (_call(message.function_call, ""),) if message.function_call else ()


def _call(raw: RawFunction, id: str) -> Call:
    if not raw.name:
        raise Unreadable("call_broken", "a call without a name")
    return Call(raw.name, arguments_of(raw.arguments), id)


def _id(raw: str | int | None) -> str:
    return "" if raw is None else str(raw)


def _text(content: Any, role: Speaker) -> str:
    if content is None or isinstance(content, str):
        return content or ""
    if isinstance(content, list) and all(isinstance(part, dict) and "type" in part for part in content):
        if all(isinstance(part.get("text"), str) for part in content):
            return "\n".join(part["text"] for part in content)
        if role != "tool":
            raise Unreadable("not_text", ", ".join(sorted({str(part["type"]) for part in content})))
    if role == "tool":
        return arguments_of(content)  # an output that was not put into text yet
    raise Unreadable("wrong_shape", "content is neither text nor a list of parts")
