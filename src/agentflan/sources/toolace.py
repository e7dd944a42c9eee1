"""ToolACE (arXiv 2409.00920): a system prompt with the tools as JSON, calls as `[f(a="x"), Other Tool(b=2)]`.

`{"system": .., "conversations": [{"from": "user" | "assistant" | "tool", "value": ..}]}`.
"""

from __future__ import annotations

from typing import Literal

import msgspec

from agentflan.core.errors import Unreadable
from agentflan.core.plugs import Plug
from agentflan.core.types import Dropped, Trajectory
from agentflan.sources.shapes.call_texts import python_calls
from agentflan.sources.shapes.call_turns import Said, Speaker, kind_of, told
from agentflan.sources.shapes.tool_lists import list_in
from agentflan.sources.shapes.turns import RawTurn, decoded

_SPEAKERS: dict[str, Speaker] = {
    "system": "system",
    "user": "user",
    "human": "user",
    "assistant": "assistant",
    "gpt": "assistant",
    "tool": "tool",
}
_FORM = ("[func1(", "[func_name1(", "[function_name1(")
"""How the prompt shows the form of calls; the format is known by it."""


class Toolace(Plug, frozen=True):
    """A row -> a trajectory. Its prompt is all tools and form, so nothing of it stays as an instruction."""

    role: Literal["agent", "general"] = "agent"
    """Which share of the mix the rows belong to; a row without tools and calls is general anyway."""
    licence: str = "Apache-2.0"

    def __call__(self, row: bytes) -> Trajectory | Dropped:
        try:
            raw = decoded(_ROWS, row)
        except Unreadable as error:
            raise Unreadable("not_toolace", error.detail) if error.reason == "wrong_shape" else error from error
        turns = raw.conversations or raw.messages or []
        system = raw.system or (turns[0].text if turns and turns[0].name == "system" else "")
        if not turns or not any(form in system for form in _FORM):
            raise Unreadable("not_toolace", "its prompt does not show calls as a list of functions")
        tools = list_in(system)
        talk = told([_said(turn) for turn in turns if turn.name != "system"])
        if isinstance(talk, Dropped):
            return talk
        return Trajectory(
            id="" if raw.id is None else str(raw.id),
            source="toolace",
            query=talk.query,
            steps=talk.steps,
            kind=kind_of(self.role, tools, talk.called),
            licence=self.licence,
            tools=tools,
            ending=talk.ending,
        )


class _Row(msgspec.Struct, frozen=True):
    id: str | int | None = None
    system: str | None = None
    conversations: list[RawTurn] | None = None
    messages: list[RawTurn] | None = None


_ROWS = msgspec.json.Decoder(_Row)


def _said(turn: RawTurn) -> Said:
    role = _SPEAKERS.get(turn.name)
    if role is None:
        raise Unreadable("unknown_role", turn.name)
    loss = turn.loss is not False
    head, closed, text = turn.text.rpartition("</think>") if role == "assistant" else ("", "", turn.text)
    if role != "assistant" or not (text.strip().startswith("[") and text.strip().endswith(")]")):
        return Said(role, turn.text, loss=loss)
    try:
        return Said(role, f"{head}{closed}", calls=python_calls(text), loss=loss)
    except ValueError as error:
        raise Unreadable("call_broken", str(error)) from error
