"""One shard through a run of transforms: whatever leaves, leaves a reason, and every stage's books balance."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import Any, NamedTuple

import msgspec

from agentflan.core import kinds
from agentflan.core.digest import digest_of
from agentflan.core.types import Conversation, Dropped, Quarantined, Request, Trajectory
from agentflan.corpus.ledger import Characters, Counts

Item = Trajectory | Conversation


Written = Callable[[Trajectory], object]


class Stage(NamedTuple):
    """A transform under its name in the ledger."""

    name: str
    transform: Any


class Lost(msgspec.Struct):
    """A line of dropped.jsonl, quarantine.jsonl or pending.jsonl."""

    id: str
    source: str
    stage: str
    reason: str
    detail: str = ""
    number: int = 0
    """Counted from 1 over all rows of the source, of those that leave while they are read."""
    row: str = ""
    """The row as it stood, of those that could not be read."""


class Replies(NamedTuple):
    """Replies to Asks by request digest; `None` as a source of replies means the written patterns."""

    asked: Mapping[str, str] | None = None

    def of(self, ask: kinds.Ask, item: Item, requests: tuple[Request, ...]) -> tuple[str, ...] | list[str]:
        """All replies, or the digests that are missing (a list, so that the two cannot be taken for each other)."""
        if self.asked is None:
            return tuple(ask.offline(item, request) for request in requests)
        keys = [digest_of(request) for request in requests]
        missing = [key for key in keys if key not in self.asked]
        return missing or tuple(self.asked[key] for key in keys)


class Books(msgspec.Struct):
    """What one pass over one shard counts and keeps."""

    counts: dict[str, Counts] = msgspec.field(default_factory=dict)
    dropped: list[Lost] = msgspec.field(default_factory=list)
    quarantined: list[Lost] = msgspec.field(default_factory=list)
    pending: list[Lost] = msgspec.field(default_factory=list)
    characters: Characters = msgspec.field(default_factory=Characters)
    items: int = 0
    """How many items the pass left in its shard."""
    shares: dict[str, int] = msgspec.field(default_factory=dict)
    """The same by kind: agent, general, lesson, negative."""

    def stage(self, name: str) -> Counts:
        return self.counts.setdefault(name, Counts())

    def lose(self, counts: Counts, item: Lost, why: Dropped | Quarantined) -> None:
        counts.lose(why)
        (self.dropped if isinstance(why, Dropped) else self.quarantined).append(item)


def run_stages(
    items: Iterable[Item], stages: Iterable[Stage], replies: Replies, books: Books, written: Written
) -> Iterator[Item]:
    """Items through Maps and Asks; `written` takes trajectories as they stood when they became conversations."""
    stream: Iterator[Item] = iter(items)
    for stage in stages:
        if isinstance(stage.transform, kinds.Ask):
            stream = _ask(stream, stage, replies, books, written)
        else:
            stream = _map(stream, stage, books, written)
    return stream


def run_verdicts(
    items: Iterable[Item], stage: Stage, verdicts: Mapping[int, Any], books: Books, written: Written
) -> Iterator[Item]:
    """Items through the second half of a Group; `verdicts` go by the item's place in the shard."""
    counts = books.stage(stage.name)
    for place, item in enumerate(items):
        counts.into += 1
        if place in verdicts:
            yield from _settle(item, stage.transform.apply(item, verdicts[place]), stage.name, counts, books, written)
        else:
            counts.out += 1
            yield item


def _map(stream: Iterator[Item], stage: Stage, books: Books, written: Written) -> Iterator[Item]:
    counts, transform, name = books.stage(stage.name), stage.transform, stage.name
    for item in stream:
        counts.into += 1
        outcome = transform(item)
        if outcome is item:
            counts.out += 1
            yield item
        else:
            yield from _settle(item, outcome, name, counts, books, written)


def _ask(stream: Iterator[Item], stage: Stage, replies: Replies, books: Books, written: Written) -> Iterator[Item]:
    counts, ask = books.stage(stage.name), stage.transform
    for item in stream:
        counts.into += 1
        requests = ask.requests(item)
        if not requests:
            counts.out += 1
            yield item
            continue
        found = replies.of(ask, item, requests)
        if isinstance(found, list):
            counts.pending += 1
            books.pending.append(Lost(item.id, item.source, stage.name, "no_reply", " ".join(found)))
        else:
            yield from _settle(item, ask.apply(item, found), stage.name, counts, books, written)


def _settle(
    item: Item, outcome: kinds.Outcome, name: str, counts: Counts, books: Books, written: Written
) -> Iterator[Item]:
    if isinstance(outcome, (Dropped, Quarantined)):
        books.lose(counts, Lost(item.id, item.source, name, outcome.reason, outcome.detail), outcome)
        return
    several = [outcome] if isinstance(outcome, (Trajectory, Conversation)) else list(outcome)
    if not several:
        raise TypeError(f"{name} returned nothing for an item: it must say Dropped(reason)")
    if isinstance(item, Trajectory) and any(type(each) is Conversation and each.id == item.id for each in several):
        written(item)
    counts.out += len(several)
    counts.made += len(several) - 1
    yield from several
