"""One shard through a run of transforms: whatever leaves, leaves a reason, and every stage's books balance."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import Any, NamedTuple

import msgspec

from agentflan.core import kinds
from agentflan.core.digest import digest_of
from agentflan.core.types import Conversation, Dropped, Quarantined, Request, Trajectory
from agentflan.corpus.building.ledger import Characters, Counts

Item = Trajectory | Conversation


Written = Callable[[Trajectory], object]


class Stage(NamedTuple):
    """A transform under its name in the ledger."""

    name: str
    transform: Any


class Lost(msgspec.Struct):
    """A line of dropped.jsonl or quarantine.jsonl."""

    id: str
    source: str
    stage: str
    reason: str
    detail: str = ""
    number: int = 0
    """Counted from 1 over all rows of the source, of those that leave while they are read."""
    row: str = ""
    """The row as it stood, of those that could not be read."""


class Waiting(msgspec.Struct):
    """A line of pending.jsonl: an item that cannot go on without replies."""

    id: str
    source: str
    stage: str
    requests: dict[str, Request]
    """Those that have no reply yet, by their digests."""


class Replies(NamedTuple):
    """Replies to Asks by request digest; `None` as a source of replies means the written patterns."""

    asked: Mapping[str, str | Dropped] | None = None

    def of(self, ask: Any, item: Item, requests: tuple[Request, ...]) -> tuple[str, ...] | Dropped | dict[str, Request]:
        """All replies, or why one will never come, or the requests that still have none."""
        if self.asked is None:
            return tuple(ask.offline(item, request) for request in requests)
        found: list[str] = []
        missing: dict[str, Request] = {}
        for request in requests:
            key = digest_of(request)
            reply = self.asked.get(key)
            if isinstance(reply, Dropped):
                return reply
            if reply is None:
                missing[key] = request
            else:
                found.append(reply)
        return missing or tuple(found)


class Books(msgspec.Struct):
    """What one pass over one shard counts and keeps."""

    counts: dict[str, Counts] = msgspec.field(default_factory=dict)
    dropped: list[Lost] = msgspec.field(default_factory=list)
    quarantined: list[Lost] = msgspec.field(default_factory=list)
    pending: list[Waiting] = msgspec.field(default_factory=list)
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
        elif type(outcome) is Conversation:  # the usual case, in short
            counts.out += 1
            if type(item) is Trajectory and item.id == outcome.id:
                written(item)
            yield outcome
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
        counts.asked += 1
        found = replies.of(ask, item, requests)
        if isinstance(found, dict):
            counts.pending += 1
            books.pending.append(Waiting(item.id, item.source, stage.name, found))
        else:
            outcome = ask.apply(item, found) if isinstance(found, tuple) else found
            counts.unchanged += outcome is item
            yield from _settle(item, outcome, stage.name, counts, books, written)


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
