"""Turn trajectories into conversations: a share stays ReAct, the rest becomes dialogue (paper section 4.1).

Of the dialogue a share can be written as whole steps in one turn, the call in a fenced block, as the release has it.
"""

from __future__ import annotations

from collections.abc import Iterator
from functools import cache
from typing import Any, ClassVar, Literal

import msgspec

from agentflan.core import plugs
from agentflan.core.chance import coin
from agentflan.core.chat import NATIVE
from agentflan.core.kinds import Dialect, Item, Side
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
from agentflan.dialects.fenced import Fenced
from agentflan.dialects.react import React
from agentflan.dialects.talk import Talk
from agentflan.dialects.writing.languages import AUTO, language_of
from agentflan.dialects.writing.turns import append

Role = Literal["system", "user", "assistant"]
_Way = Literal["react", "fenced", "native", "talk", "both"]
_Own = Talk | React | Fenced
_Laid = list[tuple[Role, list[Segment]]]


class Converse(Plug, frozen=True):
    """Agent trajectories with a grammar of their own (os, database, ...) keep it in the share that is not dialogue.

    Plain chat becomes plain messages, without tools and capabilities.
    """

    works_on: ClassVar[Side] = "trajectories"
    turns_into: ClassVar[Side] = "conversations"

    react_share: float = 0.1
    """Share of the agent trajectories that is no dialogue: exactly round(share x n) of those without a grammar of
    their own, and of each grammar's."""
    fenced_share: float = 0.0
    """Share that is written in the dialect `fenced`, of those without a grammar of their own (0.3 in the release)."""
    native_share: float = 0.0
    """Share whose calls are left to the model's own syntax (dialect and template: `native`, `model`), of those without
    a grammar of their own."""
    both: tuple[str, ...] = ()
    """Sources whose agent trajectories are written twice, in ReAct or their own grammar and as dialogue (agentinstruct
    in the release). The shares are those of the other sources."""
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
        shares = (self.react_share, self.fenced_share, self.native_share)
        if not all(0 <= share <= 1 for share in (*shares, self.by_value_share)):
            raise ValueError("shares lie between 0 and 1")
        if sum(shares) > 1:
            raise ValueError("react_share, fenced_share and native_share are 1 together at most")

    @property
    def dialects(self) -> tuple[str, ...]:
        """Those it writes itself, beside the grammars that trajectories bring."""
        shares = {"react": self.react_share, "fenced": self.fenced_share, NATIVE: self.native_share}
        return ("talk", *(name for name, share in shares.items() if share))

    def parts(self) -> tuple[tuple[str, Any], ...]:
        talk = Talk(listing=self.listing, by_value_share=self.by_value_share, language=self.language)
        react = React(listing=self.listing, instruct=self.instruct, language=self.language)
        fenced = Fenced(language=self.language)
        write = _Write(talk=talk, react=react, fenced=fenced, unknown_tools=self.unknown_tools, seed=self.seed)
        share = _Share(
            react=self.react_share,
            fenced=self.fenced_share,
            native=self.native_share,
            both=self.both,
            seed=self.seed,
        )
        return (("share", share), ("write", write))


class _Share(Plug, frozen=True):
    """Marks each agent trajectory with the dialect that it will be written in."""

    react: float
    fenced: float
    native: float
    both: tuple[str, ...]
    seed: int

    def note(self, item: Item) -> tuple[str, tuple[float, bool]] | None:
        if not isinstance(item, Trajectory) or item.kind != "agent":
            return None
        return item.dialect, (coin(self.seed, "converse", item.id), item.source in self.both)

    def decide(self, notes: Iterator[tuple[int, Any]]) -> Iterator[tuple[int, _Way]]:
        ranked = []
        for number, (place, twice) in notes:
            if twice:
                yield number, "both"
            else:
                ranked.append((place, number))
        shares: dict[_Way, float] = {"react": self.react, "fenced": self.fenced, "native": self.native}
        ways = [way for way, share in shares.items() for _ in range(round(share * len(ranked)))]
        for rank, (_, number) in enumerate(sorted(ranked)):
            yield number, ways[rank] if rank < len(ways) else "talk"

    def apply(self, item: Trajectory, verdict: _Way) -> Trajectory | tuple[Trajectory, ...]:
        own = item.dialect or "react"
        if verdict == "both":
            return _in(item, own), msgspec.structs.replace(item, id=f"{item.id}-talk", dialect="talk")
        if verdict == "react":
            return _in(item, own)
        return _in(item, "talk" if item.dialect else verdict)


def _in(item: Trajectory, dialect: str) -> Trajectory:
    return item if dialect == item.dialect else msgspec.structs.replace(item, dialect=dialect)


class _Write(Plug, frozen=True):
    talk: Talk
    react: React
    fenced: Fenced
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
        if item.kind == "general":
            return _speaking(self.talk, item)
        own: dict[str, _Own] = {"": self.talk, "talk": self.talk, "react": self.react, "fenced": self.fenced}
        return _speaking(own[item.dialect], item) if item.dialect in own else _shipped(item.dialect)

    def _messages(self, item: Trajectory, dialect: Dialect) -> tuple[Message, ...]:
        tools = () if item.kind == "general" else item.tools
        key = f"{self.seed}/{item.id}"
        system = dialect.system(item.instruction, tools, key)
        laid: list[Message] = [Message(role="system", segments=(Segment(text=system),))] if system else []
        laid.append(Message(role="user", segments=(Segment(text=item.query),) if item.query else ()))
        for index, step in enumerate(item.steps):
            for message in dialect.write(step, tools, f"{key}/{index}"):
                append(laid, message)
            if step.observation is not None and index + 1 < len(item.steps):
                said = step.observation if isinstance(step.action, Answer) else dialect.observe(step.observation)
                append(laid, Message(role="user", segments=(Segment(text=said),) if said else ()))
        if laid[-1].role != "assistant":
            raise ValueError("nobody replies")
        if not all(message.segments for message in laid):
            raise ValueError("a message without text")
        return tuple(laid)


def _speaking(dialect: _Own, item: Trajectory) -> _Own:
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
