"""Glaive's function calling v2 as it was published: two texts, `system` with the functions and `chat` with all turns.

`USER: ..`, `ASSISTANT: .. <functioncall> {..} <|endoftext|>`, `FUNCTION RESPONSE: {..}`; a call is no JSON, for its
arguments stand in single quotes. What LLaMA-Factory made of these rows is read by `llamafactory`.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Literal

import msgspec

from agentflan.core.errors import Unreadable
from agentflan.core.plugs import Plug
from agentflan.core.types import Dropped, Trajectory
from agentflan.sources.shapes.call_texts import function_call
from agentflan.sources.shapes.call_turns import Said, Speaker, kind_of, told
from agentflan.sources.shapes.tool_lists import tools_in_text
from agentflan.sources.shapes.turns import decoded

_MARKS: dict[str, Speaker] = {"USER:": "user", "ASSISTANT:": "assistant", "FUNCTION RESPONSE:": "tool"}
_CALL, _END = "<functioncall>", "<|endoftext|>"
_OFFER = "access to the following functions"
_PLAIN = "You are a helpful assistant, with no access to external functions."
"""The system prompt of rows without functions: about the format, nothing of the task."""


class Glaive(Plug, frozen=True):
    """A row -> a trajectory; arguments as they stand between their quotes."""

    role: Literal["agent", "general"] = "agent"
    """Which share of the mix the rows belong to; a row without functions and calls is general anyway."""
    licence: str = "Apache-2.0"

    def __call__(self, row: bytes) -> Trajectory | Dropped:
        try:
            raw = decoded(_ROWS, row)
        except Unreadable as error:
            raise Unreadable("not_glaive", error.detail) if error.reason == "wrong_shape" else error from error
        messages = [_said(role, text) for role, text in _turns(raw.chat)]
        if not messages:
            raise Unreadable("not_glaive", "`chat` has no marked turns")
        system = raw.system.strip().removeprefix("SYSTEM:").strip()
        offer = system.find("{", system.find(_OFFER)) if _OFFER in system else -1
        tools = tools_in_text(system[offer:]) if offer >= 0 else ()
        talk = told(messages)
        if isinstance(talk, Dropped):
            return talk
        return Trajectory(
            id="",
            source="glaive",
            query=talk.query,
            steps=talk.steps,
            kind=kind_of(self.role, tools, talk.called),
            licence=self.licence,
            instruction="" if _OFFER in system or system == _PLAIN else system,
            tools=tools,
            ending=talk.ending,
        )


class _Row(msgspec.Struct, frozen=True):
    system: str
    chat: str


_ROWS = msgspec.json.Decoder(_Row)


def _turns(chat: str) -> Iterator[tuple[Speaker, str]]:
    """(who, text): a turn begins with a mark at the start of a line after an empty one."""
    role: Speaker | None = None
    lines: list[str] = []
    empty = True
    for line in chat.split("\n"):
        mark = next((mark for mark in _MARKS if empty and line.startswith(mark)), None)
        if mark:
            if role:
                yield role, "\n".join(lines)
            role, lines = _MARKS[mark], [line[len(mark) :]]
        else:
            lines.append(line)
        empty = not line.strip()
    if role:
        yield role, "\n".join(lines)


def _said(role: Speaker, text: str) -> Said:
    text = text.replace(_END, "").strip()
    if role != "assistant" or _CALL not in text:
        return Said(role, text)
    thought, *calls = text.split(_CALL)
    return Said(role, thought.strip(), calls=tuple(function_call(call.strip()) for call in calls))
