"""What an export has to account for: items in, rows out, what left and why, what the format had no room for."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import msgspec

from agentflan.core.types import Carries, Conversation, Segment, Trajectory

LOST = {
    "spans": "messages of which only a part is trained",
    "ends": "end marks that are muted with the last words of a reply: they are trained",
    "messages": "messages of the assistant that are shown and not trained",
    "weights": "weights of trained text",
    "capabilities": "which run of text trains which capability",
    "tools": "the tools on offer as data of their own",
    "thoughts": "thoughts apart from what is said or done",
    "together": "calls of one turn as such",
    "origin": "id, source and licence",
    "rebalance": "loss that the corpus takes from a part of the conversation (`rebalance`)",
}
"""What can be lost, a field of `Carries` or, of formats that are written from trajectories, `rebalance`."""


class Account(msgspec.Struct, kw_only=True):
    """The books of one export; always items = written + dropped."""

    format: str
    settings: Mapping[str, Any]
    """The entry that loads the format's plug again, every default spelled out."""
    items: int = 0
    written: int = 0
    rows: dict[str, int] = msgspec.field(default_factory=dict)
    """File -> rows; an item can give several."""
    dropped: dict[str, int] = msgspec.field(default_factory=dict)
    """Reason -> items."""
    lost: dict[str, int] = msgspec.field(default_factory=dict)
    """What is lost (`LOST`) -> written items that had it."""
    shares: dict[str, int] = msgspec.field(default_factory=dict)
    """Written items by kind: agent, general, lesson, negative."""
    origins: dict[str, dict[str, int]] = msgspec.field(default_factory=dict)
    """Source -> licence -> written items."""

    def drop(self, reason: str) -> None:
        self.dropped[reason] = self.dropped.get(reason, 0) + 1

    def write(self, item: Conversation | Trajectory, carries: Carries) -> None:
        self.written += 1
        self.shares[item.kind] = self.shares.get(item.kind, 0) + 1
        licences = self.origins.setdefault(item.source, {})
        licences[item.licence] = licences.get(item.licence, 0) + 1
        for name in held(item):
            if not getattr(carries, name):
                self.lose(name)

    def lose(self, name: str) -> None:
        self.lost[name] = self.lost.get(name, 0) + 1

    def balances(self) -> bool:
        return self.items == self.written + sum(self.dropped.values())


def held(item: Conversation | Trajectory) -> list[str]:
    """The fields of `Carries` that a format must have to carry all of this item, in the order of `LOST`."""
    found = {"origin": True, "tools": bool(item.tools)}
    if isinstance(item, Trajectory):
        found["messages"] = any(not step.loss for step in item.steps)
        found["thoughts"] = any(step.thought for step in item.steps)
        found["together"] = any(step.together for step in item.steps)
    else:
        replies = [message.segments for message in item.messages if message.role == "assistant"]
        trained = [set(map(_is_trained, reply)) for reply in replies]
        found["spans"] = any(len(flags) > 1 for flags in trained)
        found["ends"] = any(
            len(flags) > 1 and not _is_trained(reply[-1]) for flags, reply in zip(trained, replies, strict=True)
        )
        found["messages"] = {False} in trained
        found["weights"] = any(one.loss and one.weight != 1 for reply in replies for one in reply)
        found["capabilities"] = any(one.capability for reply in replies for one in reply)
    return [name for name in LOST if found.get(name)]


def _is_trained(segment: Segment) -> bool:
    return segment.loss and segment.weight > 0
