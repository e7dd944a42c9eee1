"""xLAM's function calls (APIGen, arXiv 2406.18518): a `query`, its `tools`, and as `answers` the calls it takes.

Tools and answers are lists, most often as JSON text; parameters are flat. Nothing is run: no output, no reply.
"""

from __future__ import annotations

from typing import Any, Literal

import msgspec

from agentflan.core.errors import Unreadable
from agentflan.core.plugs import Plug
from agentflan.core.types import Dropped, Step, ToolCall, Trajectory
from agentflan.sources.shapes.call_texts import call_of, plain_value
from agentflan.sources.shapes.tool_lists import tools_of
from agentflan.sources.shapes.turns import decoded


class Xlam(Plug, frozen=True):
    """A row -> its calls, all in one turn. They are all that it asks for, and so its end."""

    role: Literal["agent", "general"] = "agent"
    """Which share of the mix the rows belong to."""
    licence: str = "CC-BY-4.0"

    def __call__(self, row: bytes) -> Trajectory | Dropped:
        try:
            raw = decoded(_ROWS, row)
        except Unreadable as error:
            raise Unreadable("not_xlam", error.detail) if error.reason == "wrong_shape" else error from error
        answers = _answers(raw.answers)
        if not raw.query.strip():
            return Dropped(reason="empty_turn")
        if not answers:
            return Dropped(reason="no_call", detail=raw.query[:80])
        calls = [call_of(answer) for answer in answers]
        return Trajectory(
            id="" if raw.id is None else str(raw.id),
            source="xlam",
            query=raw.query,
            steps=tuple(
                Step(action=ToolCall(name=call.name, arguments=call.arguments), together=number > 0)
                for number, call in enumerate(calls)
            ),
            kind=self.role,
            licence=self.licence,
            tools=tools_of(raw.tools),
        )


class _Row(msgspec.Struct, frozen=True):
    query: str
    tools: str | list[Any]
    answers: str | list[Any]
    id: str | int | None = None


_ROWS = msgspec.json.Decoder(_Row)


def _answers(raw: str | list[Any]) -> list[Any]:
    if isinstance(raw, list):
        return raw
    try:
        found = plain_value(raw)
    except ValueError as error:
        raise Unreadable("call_broken", raw[:80]) from error
    if not isinstance(found, list):
        raise Unreadable("not_xlam", "`answers` is no list of calls")
    return found
