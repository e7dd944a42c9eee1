"""Turn trajectories into conversations: a share stays ReAct, the rest becomes dialogue (paper section 4.1)."""

from __future__ import annotations

import heapq
from collections.abc import Iterator
from functools import cache
from typing import Any, Literal

import msgspec

from agentflan.core import plugs
from agentflan.core.chance import coin
from agentflan.core.kinds import Dialect, Item
from agentflan.core.plugs import Plug
from agentflan.core.types import (
    Answer,
    Conversation,
    Dropped,
    Message,
    Quarantined,
    Segment,
    ToolCall,
    Trajectory,
)
from agentflan.dialects.react import React
from agentflan.dialects.talk import Talk
from agentflan.dialects.writing.languages import AUTO, language_of

Role = Literal["system", "user", "assistant"]
_Laid = list[tuple[Role, list[Segment]]]


class Converse(Plug, frozen=True):
    """Agent trajectories with a grammar of their own (os, database, ...) keep it in the share that is not dialogue.

    Plain chat becomes plain messages, without tools and capabilities.
    """

    react_share: float = 0.1
    """Share of the agent trajectories that is no dialogue: exactly round(share x n) of those without a grammar of
    their own, and of each grammar's."""
    listing: Literal["full", "signature"] = "full"
    """How system prompts list tools."""
    instruct: bool = True
    """Whether ReAct's system prompt says which form is wanted."""
    by_value_share: float = 0.5
    """Share of the calls whose arguments are asked for value by value."""
    language: str = AUTO
    """Which file of wordings is used (`dialects/elicits/`). auto: that of the trajectory's language, by its script."""
    unknown_tools: Literal["drop", "keep"] = "drop"
    """What happens to trajectories that call a tool which was not offered; the paper does not say."""
    seed: int = 0

    def __post_init__(self) -> None:
        if not (0 <= self.react_share <= 1 and 0 <= self.by_value_share <= 1):
            raise ValueError("shares lie between 0 and 1")

    def parts(self) -> tuple[tuple[str, Any], ...]:
        talk = Talk(listing=self.listing, by_value_share=self.by_value_share, language=self.language)
        react = React(listing=self.listing, instruct=self.instruct, language=self.language)
        write = _Write(talk=talk, react=react, unknown_tools=self.unknown_tools, seed=self.seed)
        return (("share", _Share(share=self.react_share, seed=self.seed)), ("write", write))


class _Share(Plug, frozen=True):
    """Marks each agent trajectory with the dialect that it will be written in."""

    share: float
    seed: int

    def note(self, item: Item) -> tuple[str, float] | None:
        if not isinstance(item, Trajectory) or item.kind != "agent":
            return None
        return item.dialect, coin(self.seed, "converse", item.id)

    def decide(self, notes: Iterator[tuple[int, float]]) -> Iterator[tuple[int, bool]]:
        ranked = [(place, number) for number, place in notes]
        chosen = heapq.nsmallest(round(self.share * len(ranked)), ranked)
        kept = {number for _, number in chosen}
        for _, number in ranked:
            yield number, number in kept

    def apply(self, item: Trajectory, verdict: bool) -> Trajectory:
        dialect = (item.dialect or "react") if verdict else "talk"
        return item if dialect == item.dialect else msgspec.structs.replace(item, dialect=dialect)


class _Write(Plug, frozen=True):
    talk: Talk
    react: React
    unknown_tools: Literal["drop", "keep"]
    seed: int

    def __call__(self, item: Item) -> Item | Dropped | Quarantined:
        if not isinstance(item, Trajectory):
            return item
        if self.unknown_tools == "drop" and (name := _unknown(item)):
            return Dropped("unknown_tool", name)
        dialect = self._dialect(item)
        if dialect is None:
            return Quarantined("unknown_dialect", item.dialect)
        try:
            messages = self._messages(item, dialect)
        except ValueError as error:
            return Quarantined("unwritable", str(error))
        return Conversation(
            id=item.id,
            source=item.source,
            messages=messages,
            query=item.query,
            kind=item.kind,
            licence=item.licence,
            origin_ids=item.origin_ids,
            group=item.group,
            tools=() if item.kind == "general" else item.tools,
            dialect="" if item.kind == "general" else item.dialect or "talk",
        )

    def _dialect(self, item: Trajectory) -> Dialect | None:
        if item.kind == "general" or item.dialect in ("", "talk"):
            return _speaking(self.talk, item)
        return _speaking(self.react, item) if item.dialect == "react" else _shipped(item.dialect)

    def _messages(self, item: Trajectory, dialect: Dialect) -> tuple[Message, ...]:
        tools = () if item.kind == "general" else item.tools
        key = f"{self.seed}/{item.id}"
        system = dialect.system(item.instruction, tools, key)
        laid: _Laid = [("system", [Segment(text=system)])] if system else []
        laid.append(("user", [Segment(text=item.query)] if item.query else []))
        for index, step in enumerate(item.steps):
            for message in dialect.write(step, tools, f"{key}/{index}"):
                _append(laid, message.role, message.segments)
            if step.observation is not None and index + 1 < len(item.steps):
                said = step.observation if isinstance(step.action, Answer) else dialect.observe(step.observation)
                _append(laid, "user", (Segment(text=said),) if said else ())
        if laid[-1][0] != "assistant":
            raise ValueError("nobody replies")
        if not all(run for _, run in laid):
            raise ValueError("a message without text")
        return tuple(Message(role=role, segments=tuple(run)) for role, run in laid)


def _append(laid: _Laid, role: Role, segments: tuple[Segment, ...]) -> None:
    """Opens a message, or goes on with the one of the same role on a new line: roles alternate."""
    if laid[-1][0] != role:
        laid.append((role, list(segments)))
        return
    run = laid[-1][1]
    if run and segments:
        run.append(msgspec.structs.replace(segments[0], text=f"\n{segments[0].text}"))
        segments = segments[1:]
    run.extend(segments)


def _speaking(dialect: Talk | React, item: Trajectory) -> Talk | React:
    """The dialect in the language of a trajectory, where that is left to it."""
    if dialect.language != AUTO:
        return dialect
    text = "\n".join([item.query, *[step.thought for step in item.steps]])
    return msgspec.structs.replace(dialect, language=language_of(text))


def _unknown(item: Trajectory) -> str:
    """The first tool that is called though others were offered; empty if there is none."""
    if not item.tools or item.kind != "agent":
        return ""
    offered = {tool.name for tool in item.tools}
    for step in item.steps:
        if isinstance(step.action, ToolCall) and step.action.name not in offered:
            return step.action.name
    return ""


@cache
def _shipped(name: str) -> Dialect | None:
    if ":" not in name and name not in plugs.names("dialect"):
        return None
    dialect: Dialect = plugs.load("dialect", name)
    return dialect
