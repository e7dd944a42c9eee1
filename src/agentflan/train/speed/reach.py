"""What `rebalance` with `mode: drop` can take away of each capability: found by letting it drop all that it can."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence

import msgspec

from agentflan.core.types import CAPABILITIES, Capability, Conversation
from agentflan.transforms.rebalance import Rebalance


def reach(items: Iterable[Conversation], names: Sequence[str]) -> dict[str, float]:
    """Capability -> the share of its trained characters that stand in exchanges; mixed replies and last ones stay."""
    asked = [name for name in CAPABILITIES if name in names]
    drop = {name: msgspec.structs.replace(Rebalance(preset="uniform"), **{name: 0.0}) for name in asked}
    whole: Counter[str] = Counter()
    left: Counter[str] = Counter()
    for item in items:
        for name in asked:
            whole[name] += _trained(item, name)
            left[name] += _trained(drop[name](item), name)
    return {name: 1 - left[name] / whole[name] for name in asked if whole[name]}


def _trained(item: object, name: Capability) -> int:
    assert isinstance(item, Conversation)
    replies = (message for message in item.messages if message.role == "assistant")
    return sum(len(part.text) for reply in replies for part in reply.segments if part.loss and part.capability == name)
