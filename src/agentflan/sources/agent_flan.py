"""The corpus that Agent-FLAN released (`internlm/Agent-FLAN`, arXiv 2403.12881), all its splits.

Rows are system, user and assistant turns; a row without loss flags trains what the assistant says.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Literal

import msgspec

from agentflan.core.errors import Unreadable
from agentflan.core.plugs import Plug
from agentflan.core.types import Answer, Dropped, Kind, Step, ToolCall, ToolSpec, Trajectory
from agentflan.sources.shapes import elicited, talked
from agentflan.sources.shapes.call_turns import kind_of
from agentflan.sources.shapes.flan_apis import OPENING, apis_in, without_apis
from agentflan.sources.shapes.flan_replies import step_of
from agentflan.sources.shapes.made_steps import ending, seen_tools
from agentflan.sources.shapes.turns import RawRow, RawTurn, Turn, decoded, turns_of

_NAMED = "AgentFlan"
_LESSON = "You have access to the following API:"
_ROLES = frozenset({"system", "user", "assistant"})
_BEGIN = "Begin!"


class AgentFlan(Plug, frozen=True):
    """A row of the release -> a trajectory. What a format lesson says stays to the letter: its form is the lesson."""

    role: Literal["agent", "general"] = "agent"
    """Which share of the mix the trajectories belong to; lessons and negative samples are shares of their own."""
    licence: str = "Apache-2.0"

    def __call__(self, row: bytes) -> Trajectory | Dropped:
        raw = decoded(_ROWS, row)
        turns = _turns(raw)
        prompt = turns.pop(0).text.strip() if turns[0].role == "system" else ""
        if turns and turns[-1].role == "user":
            turns.pop()  # nobody answers
        if not turns:
            return Dropped(reason="no_reply")
        lesson = prompt.startswith(_LESSON)
        query, steps = _verbatim(turns) if lesson else _run(turns)
        tools = () if lesson else apis_in(prompt) or seen_tools(steps)
        return Trajectory(
            id="" if raw.id is None else str(raw.id),
            source="agent_flan",
            query=query,
            steps=steps,
            kind=self._kind(raw, lesson, tools, steps),
            licence=self.licence,
            instruction=prompt if lesson else without_apis(prompt),
            tools=tools,
            ending=ending(steps),
        )

    def _kind(self, raw: _Row, lesson: bool, tools: tuple[ToolSpec, ...], steps: tuple[Step, ...]) -> Kind:
        """A tool on offer that nobody calls, in one exchange, is what the negative samples are about."""
        called = any(isinstance(step.action, ToolCall) for step in steps)
        if self.role == "general":
            return "general"
        if lesson:
            return "lesson"
        if not called and len(steps) == 1 and (tools or "negative" in str(raw.id)):
            return "negative"
        return kind_of(self.role, tools, called)


class _Row(msgspec.Struct, frozen=True):
    id: str | int | None = None
    conversation: list[RawTurn] | None = None
    conversations: list[RawTurn] | None = None


_ROWS = msgspec.json.Decoder(_Row)


def _turns(raw: _Row) -> list[Turn]:
    """The turns of a row that is the release's: by its key, else by its id or its system prompt."""
    given = raw.conversation or raw.conversations
    if not given or any(turn.role not in _ROLES or turn.content is None for turn in given):
        raise Unreadable("not_agent_flan", "its turns are not of role and content")
    first = given[0].text
    ours = raw.conversation or str(raw.id).startswith(_NAMED) or first.startswith((_LESSON, OPENING))
    if not (ours or (given[0].role == "system" and apis_in(first))):
        raise Unreadable("not_agent_flan", "neither its id nor its prompt is the release's")
    return turns_of(RawRow(conversations=given))


def _verbatim(turns: list[Turn]) -> tuple[str, tuple[Step, ...]]:
    return _walk(turns, lambda text: Step(action=Answer(text=text)))


def _run(turns: list[Turn]) -> tuple[str, tuple[Step, ...]]:
    """Dialogue in the words of MSAgent, in our own, or turns that are a step each."""
    if elicited.asks(turns):
        return elicited.steps_of(turns)
    return talked.steps_of(turns) if talked.asks(turns) else _walk(turns, step_of)


def _walk(turns: list[Turn], read: Callable[[str], Step]) -> tuple[str, tuple[Step, ...]]:
    """Turns that alternate from the question on. Raises `Unreadable` for any others."""
    if any(turn.role != ("assistant" if number % 2 else "user") for number, turn in enumerate(turns)):
        raise Unreadable("roles_do_not_alternate")
    query = turns[0].text.strip().removesuffix(_BEGIN).strip()
    steps: list[Step] = []
    for number in range(1, len(turns), 2):
        reply = turns[number]
        seen = turns[number + 1].text if number + 1 < len(turns) else None
        steps.append(msgspec.structs.replace(read(reply.text), observation=seen, loss=reply.loss is not False))
    if not query or not steps:
        raise Unreadable("no_steps")
    return query, tuple(steps)
