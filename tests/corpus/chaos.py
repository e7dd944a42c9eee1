"""Transforms that lose, multiply and defer by the key of an item: what the books must survive."""

from __future__ import annotations

from typing import Any

import msgspec

from agentflan.core.chance import coin
from agentflan.core.kinds import Item, Outcome
from agentflan.core.plugs import Plug
from agentflan.core.types import Conversation, Dropped, Message, Quarantined, Request, Segment


class Chaos(Plug, frozen=True):
    """A Map that does one of the things a Map may do."""

    seed: int = 0

    def __call__(self, item: Item) -> Outcome:
        chance = coin(self.seed, "chaos", item.id)
        if chance < 0.2:
            return Dropped(reason="unlucky")
        if chance < 0.35:
            return Quarantined(reason="spoilt")
        if chance < 0.5 and isinstance(item, Conversation):
            return (item, msgspec.structs.replace(item, id=f"{item.id}+{self.seed}"))
        return item


class Deferred(Plug, frozen=True):
    """An Ask for a share of the conversations."""

    share: float = 0.5
    seed: int = 0

    def requests(self, item: Item) -> tuple[Request, ...]:
        if not isinstance(item, Conversation) or coin(self.seed, "ask", item.id) > self.share:
            return ()
        said = Message(role="user", segments=(Segment(text=item.query),))
        return (Request(purpose="refusal", messages=(said,)),)

    def offline(self, item: Item, request: Request) -> str:
        return "offline"

    def apply(self, item: Item, replies: tuple[str, ...]) -> Outcome:
        return Dropped(reason="refused") if coin(self.seed, "apply", item.id) < 0.3 else item


class Crowd(Plug, frozen=True):
    """A Group that keeps a few of each kind, and spoils some that it keeps."""

    keep: int = 3
    seed: int = 0

    def note(self, item: Item) -> tuple[str, Any] | None:
        return (item.kind, coin(self.seed, "crowd", item.id)) if coin(self.seed, "note", item.id) < 0.8 else None

    def decide(self, notes: Any) -> Any:
        for place, (_, number) in enumerate(sorted((chance, number) for number, chance in notes)):
            if place >= self.keep:
                yield number, place % 2

    def apply(self, item: Item, verdict: int) -> Outcome:
        return Quarantined(reason="crowded") if verdict else Dropped(reason="crowded_out")


class Broken(Plug, frozen=True):
    """A Map with a fault of ours: it raises for a share of the items."""

    share: float = 0.5

    def __call__(self, item: Item) -> Outcome:
        if coin("broken", item.id) < self.share:
            raise ZeroDivisionError("a fault in a transform")
        return item
