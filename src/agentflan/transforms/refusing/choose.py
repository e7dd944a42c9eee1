"""Which negatives are made: a tool query without tools, one beside irrelevant tools, plain chat beside tools.

A negative is made by the conversation whose system prompt it shows (by the query's own where it shows none): so the
notes hold questions, first answers and tool names, never system prompts.
"""

from __future__ import annotations

import heapq
from collections.abc import Iterator, Sequence
from typing import Any, NamedTuple

from agentflan.core.chance import coin
from agentflan.core.chat import NATIVE
from agentflan.core.kinds import Item
from agentflan.core.plugs import Plug
from agentflan.core.types import Conversation, Message, Segment
from agentflan.dialects.calls import reader

BARE, IRRELEVANT, ORDINARY = 1, 2, 3
"""The kinds of negative, as verdicts and ids have them."""


class _Told(NamedTuple):
    """What a negative takes over from the conversation that its question comes from."""

    id: str
    source: str
    licence: str
    group: str
    origin_ids: Sequence[str]
    query: str
    reply: str
    """Of plain chat; empty where it is still to be written."""
    tools: Sequence[str]
    """Names; none for plain chat."""


class _Smallest:
    """The `count` entries with the smallest coins of all that were offered."""

    def __init__(self, count: int) -> None:
        self.count = count
        self._heap: list[tuple[float, int, _Told]] = []

    def offer(self, place: float, number: int, told: _Told) -> None:
        entry = (-place, -number, told)
        if len(self._heap) < self.count:
            heapq.heappush(self._heap, entry)
        elif self.count and entry > self._heap[0]:
            heapq.heapreplace(self._heap, entry)

    def ranked(self) -> list[tuple[int, _Told]]:
        return [(-number, told) for _, number, told in sorted(self._heap, reverse=True)]


class Choose(Plug, frozen=True):
    count: int
    irrelevant_share: float
    ordinary_count: int | None
    sources: tuple[str, ...]
    seed: int

    def note(self, item: Item) -> tuple[str, _Told] | None:
        """Agents that offer tools, and plain chat; one key, so that the notes are streamed."""
        if not isinstance(item, Conversation) or not item.query:
            return None
        names: tuple[str, ...] = ()
        reply = ""
        named = not self.sources or item.source in self.sources
        offers = item.dialect == NATIVE or item.messages[0].role == "system"
        if named and item.kind == "agent" and item.tools and offers:
            names = tuple(tool.name for tool in item.tools)
        elif item.kind == "general":
            replies = (message for message in item.messages if message.role == "assistant")
            reply = "".join(segment.text for segment in next(replies).segments)
        if not names and not reply:
            return None
        origins = item.origin_ids or (item.id,)
        group = item.group or item.query
        return "", _Told(item.id, item.source, item.licence, group, origins, item.query, reply, names)

    def decide(self, notes: Iterator[tuple[int, Any]]) -> Iterator[tuple[int, list[Any]]]:
        """Verdict of a conversation: (kind, what is taken over) of each negative that it makes."""
        most = self.count // 2 if self.ordinary_count is None else self.ordinary_count
        queries, chats = _Smallest(self.count), _Smallest(most)
        donors = _Smallest(max(256, 2 * (self.count + most)))
        for number, note in notes:
            told = _Told(*note)
            if told.tools:
                queries.offer(coin(self.seed, "negative", told.id), number, told)
                donors.offer(coin(self.seed, "donor", told.id), number, told)
            else:
                chats.offer(coin(self.seed, "ordinary", told.id), number, told)
        verdicts: dict[int, list[Any]] = {}
        offered = _Donors(donors.ranked())
        for rank, (number, told) in enumerate(queries.ranked()):
            irrelevant = round((rank + 1) * self.irrelevant_share) > round(rank * self.irrelevant_share)
            donor = offered.next(told.tools) if irrelevant else None
            maker, kind = (number, BARE) if donor is None else (donor, IRRELEVANT)
            verdicts.setdefault(maker, []).append((kind, told))
        ordinary = len(queries.ranked()) // 2 if self.ordinary_count is None else most
        for _, told in chats.ranked()[:ordinary]:
            if (donor := offered.next(())) is not None:
                verdicts.setdefault(donor, []).append((ORDINARY, told))
        for number in sorted(verdicts):
            yield number, verdicts[number]

    def apply(self, item: Conversation, verdict: Sequence[Any]) -> list[Conversation]:
        made = [(kind, _Told(*told)) for kind, told in verdict]
        return [item, *(_negative(item, kind, told) for kind, told in made if kind != ORDINARY or _plain(told, item))]


class _Donors:
    """Hands out the conversations that lend their tools, each in its turn."""

    def __init__(self, ranked: Sequence[tuple[int, _Told]]) -> None:
        self._ranked = [(number, frozenset(told.tools)) for number, told in ranked]
        self._turn = 0

    def next(self, tools: Sequence[str]) -> int | None:
        """The next one that offers none of these tools."""
        for ahead in range(len(self._ranked)):
            place = (self._turn + ahead) % len(self._ranked)
            number, names = self._ranked[place]
            if names.isdisjoint(tools):
                self._turn = place + 1
                return number
        return None


def _plain(told: _Told, maker: Conversation) -> bool:
    """Whether the reply of plain chat is as plain beside these tools."""
    return not reader.read(told.reply, maker.tools).agent_form


def _negative(maker: Conversation, kind: int, told: _Told) -> Conversation:
    lent = kind != BARE
    origins = (*told.origin_ids, *((maker.origin_ids or (maker.id,)) if lent else ()))
    licences = (told.licence, maker.licence if lent else "")
    return Conversation(
        id=f"{told.id}-n{kind}",
        source=told.source,
        messages=(
            *((maker.messages[0],) if lent and maker.messages[0].role == "system" else ()),
            Message(role="user", segments=(Segment(text=told.query),)),
            Message(role="assistant", segments=(Segment(text=told.reply, loss=True),)),
        ),
        query=told.query,
        kind="negative",
        licence=" AND ".join(dict.fromkeys(filter(None, licences))),
        origin_ids=tuple(dict.fromkeys(origins)),
        group=told.group,
        tools=maker.tools if lent else (),
        dialect=NATIVE if lent and maker.dialect == NATIVE else "",
    )
