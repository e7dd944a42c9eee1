"""OpenAI's chat messages with tools, as its chat completions API and tuning files have them, and what follows them.

`{"messages": [..], "tools": [..]}`; ToolMind and others call the messages `conversations`, Toucan keeps them as text.
The older `functions` and `function_call` are read as well, arguments may be text or an object, ids may be missing.
"""

from __future__ import annotations

from typing import Any, Literal

import msgspec
from msgspec import UNSET, UnsetType

from agentflan.core.errors import Unreadable
from agentflan.core.plugs import Plug
from agentflan.core.types import Dropped, Trajectory
from agentflan.sources.shapes.call_texts import plain_value
from agentflan.sources.shapes.call_turns import kind_of, told
from agentflan.sources.shapes.openai_messages import RawMessage, said
from agentflan.sources.shapes.tool_lists import tools_in_json
from agentflan.sources.shapes.turns import decoded


class Openai(Plug, frozen=True):
    """A row -> a trajectory; parallel calls are steps together, each with the output of its id."""

    role: Literal["agent", "general"] = "agent"
    """Which share of the mix the rows belong to; a row without tools and calls is general anyway."""
    licence: str = "unstated"
    plain: bool = False
    """Whether rows without a word of tools are read as well. Off: they are any chat's, and `sharegpt` reads them."""

    def __call__(self, row: bytes) -> Trajectory | Dropped:
        raw = _decoded(row)
        messages = _messages(raw)
        listed = next((tools for tools in (raw.tools, raw.functions, raw.available_tools) if tools is not UNSET), None)
        if not (self.plain or listed is not None or any(message.marked for message in messages)):
            raise Unreadable("not_openai", "no message has calls, and no tools are listed")
        if any(_foreign(message) for message in messages):
            raise Unreadable("not_openai", "its calls stand in the text, or in parts that OpenAI does not have")
        tools = tools_in_json(bytes(listed)) if listed is not None else ()
        talk = told([said(message) for message in messages])
        if isinstance(talk, Dropped):
            return talk
        return Trajectory(
            id="" if raw.id is None else str(raw.id),
            source="openai",
            query=talk.query,
            steps=talk.steps,
            kind=kind_of(self.role, tools, talk.called),
            licence=self.licence,
            instruction=talk.instruction,
            tools=tools,
            ending=talk.ending,
        )


class _Row(msgspec.Struct, frozen=True):
    id: str | int | None = None
    messages: list[RawMessage] | str | None = None
    conversations: list[RawMessage] | None = None
    input: Any = None
    """Invariant's playground keeps a trace as text here."""
    tools: msgspec.Raw | UnsetType = UNSET
    functions: msgspec.Raw | UnsetType = UNSET
    available_tools: msgspec.Raw | UnsetType = UNSET


_ROWS = msgspec.json.Decoder(_Row)


def _decoded(row: bytes) -> _Row:
    try:
        return decoded(_ROWS, row)
    except Unreadable as error:
        raise Unreadable("not_openai", error.detail) if error.reason == "wrong_shape" else error from error


def _messages(row: _Row) -> list[RawMessage]:
    found = row.messages or row.conversations or (row.input if isinstance(row.input, str) else None)
    if isinstance(found, str):
        try:
            found = msgspec.convert([_message(one) for one in plain_value(found)], list[RawMessage])
        except (ValueError, TypeError) as error:
            raise Unreadable("not_openai", "`messages` is a text that spells none") from error
    if not found:
        raise Unreadable("not_openai", "it has neither `messages` nor `conversations`")
    if found[0].role == "system" and str(found[0].content).startswith(_DECLARATION):
        del found[0]  # the tools once more, in the tokens of one model
    return found


def _message(one: Any) -> Any:
    """Invariant's traces have calls that are messages of their own."""
    alone = isinstance(one, dict) and "role" not in one and "function" in one
    return {"role": "assistant", "tool_calls": [one]} if alone else one


_DECLARATION = "<|im_system|>tool_declare"


def _foreign(message: RawMessage) -> bool:
    if isinstance(message.content, list):
        return any(isinstance(part, dict) and "value" in part for part in message.content)
    if message.role != "assistant" or message.tool_calls or not isinstance(message.content, str):
        return False
    return "<tool_call>" in message.content
