"""Of items that say the same the smallest id survives and takes over where the others came from."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from typing import Any, NamedTuple

import msgspec

from agentflan.core.kinds import Item
from agentflan.core.types import Dropped


class Member(NamedTuple):
    """What must be known of an item to choose among those like it."""

    id: str
    origins: Sequence[str] = ()
    """Empty: the item alone."""


def member(item: Item) -> Member:
    return Member(item.id) if item.origin_ids in ((), (item.id,)) else Member(item.id, item.origin_ids)


def verdicts(alike: Iterable[tuple[int, Member]]) -> Iterator[tuple[int, Any]]:
    """(number, verdict) of each: the survivor's id for those that leave, the others' origins for the survivor."""
    (survivor, kept), *others = sorted(alike, key=lambda entry: entry[1].id)
    for number, _ in others:
        yield number, kept.id
    if others:
        yield survivor, sorted({origin for _, other in others for origin in other.origins or (other.id,)})


def settle(item: Item, verdict: Any, reason: str) -> Item | Dropped:
    if isinstance(verdict, str):
        return Dropped(reason=reason, detail=verdict)
    origins = tuple(dict.fromkeys((*(item.origin_ids or (item.id,)), *verdict)))
    return msgspec.structs.replace(item, origin_ids=origins)
