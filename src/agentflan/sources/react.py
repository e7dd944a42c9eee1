"""Runs in plain ReAct text (arXiv 2210.03629), turn by turn or as one text, whoever made them."""

from __future__ import annotations

from typing import Literal

import msgspec

from agentflan.core.errors import Unreadable
from agentflan.core.plugs import Plug
from agentflan.core.types import Dropped, ToolCall, Trajectory
from agentflan.sources.shapes.call_turns import kind_of
from agentflan.sources.shapes.made_steps import ending, seen_tools
from agentflan.sources.shapes.react_text import ENDS, Run, parsed, run_of
from agentflan.sources.shapes.tool_lists import list_in
from agentflan.sources.shapes.turns import RawRow, RawTurn, decoded, turns_of


class React(Plug, frozen=True):
    """A row whose assistant writes `Thought:`, `Action:`, `Action Input:` -> its steps.

    Tools are those that the system prompt lists as JSON, else those that are called.
    """

    role: Literal["agent", "general"] = "agent"
    """Which share of the mix the rows belong to."""
    licence: str = "unstated"

    def __call__(self, row: bytes) -> Trajectory | Dropped:
        raw = decoded(_ROWS, row)
        instruction = (raw.system or "").strip()
        if raw.conversations or raw.messages:
            turns = turns_of(RawRow(conversations=raw.conversations, messages=raw.messages))
            if turns[0].role == "system":
                instruction = turns.pop(0).text.strip()
            run = run_of(turns)
        else:
            run = _of_text(raw)
        if not run.actions:
            raise Unreadable("not_react", "no turn has an `Action:` or a `Final Answer:`")
        if not run.query:
            return Dropped(reason="starts_with_reply")
        called = any(isinstance(step.action, ToolCall) for step in run.steps)
        listed = (tool for tool in list_in(instruction) if tool.name.lower() not in ENDS)
        tools = tuple(listed) or seen_tools(run.steps)
        return Trajectory(
            id="" if raw.id is None else str(raw.id),
            source="react",
            query=run.query,
            steps=run.steps,
            kind=kind_of(self.role, tools, called),
            licence=self.licence,
            instruction=instruction,
            tools=tools,
            ending=ending(run.steps),
        )


class _Row(msgspec.Struct, frozen=True):
    id: str | int | None = None
    conversations: list[RawTurn] | None = None
    messages: list[RawTurn] | None = None
    system: str | None = None
    text: str | None = None
    question: str | None = None
    query: str | None = None
    prompt: str | None = None
    instruction: str | None = None
    input: str | None = None
    output: str | None = None
    completion: str | None = None
    response: str | None = None
    trajectory: str | None = None


_ROWS = msgspec.json.Decoder(_Row)


def _of_text(raw: _Row) -> Run:
    """A run as one text, with its question before it or under a key of its own."""
    text = raw.output or raw.completion or raw.response or raw.trajectory or raw.text
    asked = (raw.question or raw.query or raw.prompt or raw.instruction, raw.input)
    if not text:
        raise Unreadable("not_react", "it has neither turns nor text")
    found = parsed(text)
    query = "\n".join(piece.strip() for piece in (*asked, found.before) if piece and piece.strip())
    query = query.removeprefix("Question:").strip()
    if not found.steps or not query:
        raise Unreadable("not_react", "its text has no labels, or no question")
    return Run(query, found.steps, found.actions)
