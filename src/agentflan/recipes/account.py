"""What the asking has brought and cost so far, told while it runs."""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Callable
from typing import Any

from agentflan.core.types import Reply

_EVERY = 5.0
"""Seconds between two lines."""


class Account:
    def __init__(self, model: Any, say: Callable[[str], None]) -> None:
        self.model, self.say = model, say
        self.replies = 0
        self.faults: Counter[str] = Counter()
        """Of replies that will never come."""
        self.given_up: dict[str, str] = {}
        """Key -> why its reply has not come this time."""
        self.tokens_in = self.tokens_out = 0
        self.refused = self.retried = 0
        self.seconds = 0.0
        self._wanted = self._before = 0
        self._began = self._told = 0.0
        self._traffic: Any = None

    def begin(self, wanted: int) -> None:
        """A round of so many requests."""
        self._wanted, self._before, self._traffic = wanted, self._answered, None
        self._began = self._told = time.monotonic()

    def count(self, key: str, reply: Reply) -> None:
        self.tokens_in += reply.tokens_in
        self.tokens_out += reply.tokens_out
        if reply.fault == "infrastructure":
            self.given_up[key] = reply.detail
        elif reply.fault:
            self.faults[reply.fault] += 1
        else:
            self.replies += 1

    def watch(self, traffic: Any) -> None:
        """Says how it goes, now and then."""
        self._traffic = traffic
        if time.monotonic() - self._told >= _EVERY:
            self._told = time.monotonic()
            self.say(self.line())

    def end(self) -> None:
        self.seconds += time.monotonic() - self._began
        if self._traffic is not None:
            self.refused += self._traffic.refused
            self.retried += self._traffic.retried
        self.say(self.line())

    def line(self) -> str:
        """One line: how far, how fast, how many at once, what it cost, what is left."""
        done = self._answered - self._before
        rate = done / max(time.monotonic() - self._began, 1e-3)
        parts = [f"{done:,} of {self._wanted:,} requests answered", f"{rate:.1f}/s"]
        if self._traffic is not None:
            now = self._traffic
            if done < self._wanted:
                parts.append(f"{now.open} of at most {now.limit} under way")
            parts.append(f"{now.refused:,} sent back for the rate, {now.retried:,} tried again")
        parts.append(f"{self.tokens_in + self.tokens_out:,} tokens")
        cost = self.model.cost(self.tokens_in, self.tokens_out)
        if cost is not None:
            parts.append(f"cost {cost:.4f}")
        if self.faults:
            parts.append(f"{self.faults.total():,} refused for good")
        if self.given_up:
            parts.append(f"{len(self.given_up):,} given up")
        if 0 < done < self._wanted:
            parts.append(f"about {1 + (self._wanted - done) // rate:,.0f} s to go")
        return f"{self.model.name}: {', '.join(parts)}"

    def summary(self) -> dict[str, Any]:
        return {
            "model": self.model.name,
            "replies": self.replies,
            "faults": dict(sorted(self.faults.items())),
            "given_up": dict(sorted(Counter(self.given_up.values()).items())),
            "tokens_in": self.tokens_in,
            "tokens_out": self.tokens_out,
            "cost": self.model.cost(self.tokens_in, self.tokens_out),
            "sent_back": self.refused,
            "tried_again": self.retried,
            "seconds": round(self.seconds, 1),
            "replies_per_second": round(self.replies / self.seconds, 2) if self.seconds else 0.0,
        }

    @property
    def _answered(self) -> int:
        return self.replies + self.faults.total() + len(self.given_up)
