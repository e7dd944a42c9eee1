"""Hermes' function calls in text (NousResearch, Hermes-Function-Calling), which Qwen's and other templates write, too.

The system prompt holds `<tools>`, replies hold `<tool_call>{name, arguments}</tool_call>` in JSON or as Python's
dictionary, a tool's turn holds `<tool_response>`. Turns are `from`/`value` or `role`/`content`.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Literal

import msgspec
from msgspec import UNSET, UnsetType

from agentflan.core.errors import Unreadable
from agentflan.core.plugs import Plug
from agentflan.core.types import Dropped, ToolSpec, Trajectory
from agentflan.sources.shapes.call_texts import between, calls_in
from agentflan.sources.shapes.call_turns import Said, Speaker, kind_of, told
from agentflan.sources.shapes.tool_lists import tools_in_json, tools_in_text
from agentflan.sources.shapes.turns import ROLES, RawTurn, decoded

_SPEAKERS: dict[str, Speaker] = {"tool": "tool", "function": "tool", "observation": "tool"}
for _name, _role in ROLES.items():
    _SPEAKERS[_name] = "system" if _role == "system" else "user" if _role == "user" else "assistant"
_FORMAT = ("# Tools", "You are a function calling AI model", "You are provided with function signatures")
"""How the part of a system prompt begins that tells of tools and of their form."""


class Hermes(Plug, frozen=True):
    """A row -> a trajectory; of the system prompt stays what stands before its words about the form of calls."""

    role: Literal["agent", "general"] = "agent"
    """Which share of the mix the rows belong to; a row without tools and calls is general anyway."""
    licence: str = "Apache-2.0"

    def __call__(self, row: bytes) -> Trajectory | Dropped:
        try:
            raw = decoded(_ROWS, row)
        except Unreadable as error:
            raise Unreadable("not_hermes", error.detail) if error.reason == "wrong_shape" else error from error
        turns = raw.conversations or raw.messages or []
        if not any(_marked(turn) for turn in turns):
            raise Unreadable("not_hermes", "no turn has tags of tools or calls")
        listed = [tools_in_text(text) for turn in turns if turn.name == "system" for text in _offers(turn.text)]
        tools: tuple[ToolSpec, ...] = tuple(dict.fromkeys(tool for one in listed for tool in one))
        if not tools and raw.tools is not UNSET:
            tools = tools_in_json(bytes(raw.tools))
        talk = told([said for turn in turns for said in _said(turn)])
        if isinstance(talk, Dropped):
            return talk
        return Trajectory(
            id="" if raw.id is None else str(raw.id),
            source="hermes",
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
    conversations: list[RawTurn] | None = None
    messages: list[RawTurn] | None = None
    tools: msgspec.Raw | UnsetType = UNSET


_ROWS = msgspec.json.Decoder(_Row)


def _marked(turn: RawTurn) -> bool:
    role = _SPEAKERS.get(turn.name)
    return (role == "system" and "<tools>" in turn.text) or (role == "assistant" and "<tool_call>" in turn.text)


def _offers(system: str) -> list[str]:
    """What stands between `<tools>` tags; the prompt's own words name the tags, with nothing inside."""
    return [text for text in between(system, "tools")[1] if text[:1] in ("[", "{")]


def _said(turn: RawTurn) -> Iterator[Said]:
    role = _SPEAKERS.get(turn.name)
    if role is None:
        raise Unreadable("unknown_role", turn.name)
    text = turn.text
    if role == "system":
        if "<tools>" in text:
            starts = [at for at in map(text.find, _FORMAT) if at >= 0]
            text = text[: min(starts)] if starts else ""
        yield Said(role, text)
    elif role == "tool":
        around, outputs = between(text, "tool_response")
        for output in outputs or [around]:
            yield Said(role, output)
    elif role == "user" and text.lstrip().startswith("<tool_response>"):
        for output in between(text, "tool_response")[1]:  # templates without a role for tools
            yield Said("tool", output)
    elif role == "assistant" and "<tool_call>" in text:
        head, closed, rest = text.rpartition("</think>")  # a thought may speak of the tag
        outside, calls = between(rest, "tool_call")
        found = tuple(call for one in calls for call in calls_in(one))
        yield Said(role, f"{head}{closed}{outside}", calls=found, loss=turn.loss is not False)
    else:
        yield Said(role, text, loss=turn.loss is not False)
