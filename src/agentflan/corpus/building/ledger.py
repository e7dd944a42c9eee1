"""The books: at every stage in + made = out + dropped + quarantined + pending."""

from __future__ import annotations

from typing import Any

import msgspec

from agentflan.core.types import CAPABILITIES, Conversation, Dropped, Quarantined


class Counts(msgspec.Struct):
    """What went in and out of one stage."""

    into: int = 0
    out: int = 0
    made: int = 0
    pending: int = 0
    dropped: dict[str, int] = {}
    quarantined: dict[str, int] = {}
    asked: int = 0
    """Of those that came in, the ones that needed a language model's replies."""
    unchanged: int = 0
    """Of those asked, the ones that went on as they came: judged good, or the reply would not do."""

    def add(self, other: Counts) -> None:
        self.into += other.into
        self.out += other.out
        self.made += other.made
        self.pending += other.pending
        self.asked += other.asked
        self.unchanged += other.unchanged
        for mine, theirs in ((self.dropped, other.dropped), (self.quarantined, other.quarantined)):
            for reason, count in theirs.items():
                mine[reason] = mine.get(reason, 0) + count

    def lose(self, why: Dropped | Quarantined) -> None:
        reasons = self.dropped if isinstance(why, Dropped) else self.quarantined
        reasons[why.reason] = reasons.get(why.reason, 0) + 1

    def holds(self) -> bool:
        left = self.out + sum(self.dropped.values()) + sum(self.quarantined.values()) + self.pending
        return self.into + self.made == left

    def written(self) -> dict[str, Any]:
        asking = {"asked": self.asked, "unchanged": self.unchanged} if self.asked else {}
        return {
            "in": self.into,
            "out": self.out,
            "made": self.made,
            "dropped": dict(sorted(self.dropped.items())),
            "quarantined": dict(sorted(self.quarantined.items())),
            "pending": self.pending,
            **asking,
        }


class Characters(msgspec.Struct):
    """Characters of the corpus: all, trained, and trained by capability (plain chat is `chat`)."""

    total: int = 0
    trained: int = 0
    by_capability: dict[str, int] = msgspec.field(default_factory=lambda: dict.fromkeys((*CAPABILITIES, "chat"), 0))

    def count(self, conversation: Conversation) -> None:
        for message in conversation.messages:
            for segment in message.segments:
                length = len(segment.text)
                self.total += length
                if segment.loss:
                    self.trained += length
                    self.by_capability[segment.capability or "chat"] += length

    def add(self, other: Characters) -> None:
        self.total += other.total
        self.trained += other.trained
        for name, count in other.by_capability.items():
            self.by_capability[name] += count
