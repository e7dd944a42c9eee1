"""Train less on what is learned fast: a share of each capability (paper section 4.2)."""

from __future__ import annotations

from collections.abc import Callable
from typing import ClassVar, Literal

import msgspec

from agentflan.core.chance import coins
from agentflan.core.kinds import Item, Side
from agentflan.core.plugs import Plug
from agentflan.core.types import CAPABILITIES, Capability, Conversation, Message, Segment
from agentflan.dialects.writing.turns import joined

PRESETS: dict[str, dict[Capability, float]] = {
    "paper": {"reasoning": 1.0, "retrieval": 0.25, "understanding": 0.75, "format": 1.0},
    "release": {"reasoning": 1.0, "retrieval": 0.5, "understanding": 0.7, "format": 1.0},
    "uniform": {"reasoning": 1.0, "retrieval": 1.0, "understanding": 1.0, "format": 1.0},
    "swift": {"reasoning": 1.0, "retrieval": 3.0, "understanding": 3.0, "format": 1.0},
}
"""`paper`: section 4.2. `release`: what the name of its published split says, `r10r5u7`. `swift`: ms-swift 4.6.0's
`agentflan` loss scale, on labels and on the replies to elicit statements alike; it needs `mode: weigh`."""


class Rebalance(Plug, frozen=True):
    """Chance is drawn once for each capability of a message, so `drop` and `mute` choose the same exchanges."""

    works_on: ClassVar[Side] = "conversations"

    mode: Literal["drop", "mute", "weigh"] = "drop"
    """drop: an exchange (elicit statement and reply) leaves the conversation, which is how the paper counts tokens;
    a message that mixes capabilities, as ReAct's do, and the last reply stay. mute: the text stays, its loss goes.
    weigh: the share becomes the weight of each token."""
    preset: Literal["paper", "release", "uniform", "swift"] = "paper"
    """Shares of the capabilities that have none below: paper 1 : 0.25 : 0.75 (reasoning : retrieval : understanding),
    release 1 : 0.5 : 0.7, uniform 1 : 1 : 1, swift 1 : 3 : 3 (for weigh alone), and 1 for format in all of them."""
    reasoning: float | None = None
    retrieval: float | None = None
    understanding: float | None = None
    format: float | None = None
    seed: int = 0

    def __post_init__(self) -> None:
        for name in CAPABILITIES:
            share = self._share(name)
            if share < 0 or (share > 1 and self.mode != "weigh"):
                raise ValueError(f"{name} is a share from 0 to 1 (more only with mode: weigh), not {share}")

    def __call__(self, item: Item) -> Item:
        if not isinstance(item, Conversation) or item.kind != "agent":
            return item
        if self.mode == "drop":
            messages = self._dropped(item)
        else:
            chance = coins(self.seed, "rebalance", item.id)
            messages = tuple(self._reweighed(chance, index, message) for index, message in enumerate(item.messages))
        return item if messages == item.messages else msgspec.structs.replace(item, messages=messages)

    def _share(self, capability: Capability) -> float:
        share: float | None = getattr(self, capability)
        return PRESETS[self.preset][capability] if share is None else share

    def _keeps(self, chance: Callable[..., float], index: int, capability: Capability) -> bool:
        share = self._share(capability)
        return share >= 1 or chance(index, capability) < share

    def _dropped(self, item: Conversation) -> tuple[Message, ...]:
        last = max((index for index, message in enumerate(item.messages) if message.role == "assistant"), default=-1)
        chance = coins(self.seed, "rebalance", item.id)
        kept: list[Message] = []
        before: Message | None = None
        """The last of them."""
        for index, message in enumerate(item.messages):
            if message.role == "assistant":
                capability = _exchange(before, message) if before and index != last else None
                if capability and before and not self._keeps(chance, index, capability):
                    before = kept[-1] = Message(role="user", segments=before.segments[:-1])
                    continue
            elif before and before.role == "user" == message.role:
                before = kept[-1] = Message(role="user", segments=joined(before.segments, message.segments))
                continue
            before = message
            kept.append(message)
        return tuple(kept)

    def _reweighed(self, chance: Callable[..., float], index: int, message: Message) -> Message:
        if message.role != "assistant" or all(segment.capability is None for segment in message.segments):
            return message
        segments = tuple(self._segment(chance, index, segment) for segment in message.segments)
        return msgspec.structs.replace(message, segments=segments)

    def _segment(self, chance: Callable[..., float], index: int, segment: Segment) -> Segment:
        if segment.capability is None or not segment.loss:
            return segment
        if self.mode == "weigh":
            return msgspec.structs.replace(segment, weight=self._share(segment.capability))
        if self._keeps(chance, index, segment.capability):
            return segment
        return msgspec.structs.replace(segment, loss=False)


def _exchange(before: Message, reply: Message) -> Capability | None:
    """The one capability of a reply that the end of the message before asks for."""
    if before.role != "user" or not before.segments or not reply.segments:
        return None
    asked = before.segments[-1].capability
    return asked if asked and all(segment.capability == asked for segment in reply.segments) else None
