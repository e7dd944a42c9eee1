"""What the faulty server does wrong, how often, and how fast it may be asked."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Literal, get_args

import msgspec

from agentflan.core.chance import coin

Fault = Literal[
    "429", "500", "503", "400", "401", "404", "hang", "drip", "reset", "cut", "schema", "html", "no_choice",
    "no_content", "overflow", "content_filter", "length", "calls", "agent_form", "tool_calls", "runs_on",
]  # fmt: skip
FAULTS: tuple[Fault, ...] = get_args(Fault)
OF_THE_QUESTION: tuple[Fault, ...] = (
    "400", "overflow", "content_filter", "length", "calls", "agent_form", "tool_calls", "runs_on",
)  # fmt: skip
"""Faults that depend on what is asked alone; the others come and go with every try."""


class Plan(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    seed: int = 0
    faults: Mapping[Fault, float] = {}
    """Share of the requests that meet each fault."""
    script: tuple[Literal["ok"] | Fault, ...] = ()
    """What the first requests meet, in the order of their coming, whatever they ask."""
    rate: float = math.inf
    """Requests a second that are let through; all others get a 429, which costs nothing."""
    burst: float = 10.0
    """Requests that may come at once after a silence."""
    retry_after: Literal["seconds", "fraction", "date", "nothing"] = "seconds"
    """How a 429 says when to come again: whole seconds, to the millisecond, a date, or not at all."""
    latency: float = 0.02
    """Seconds that a reply takes."""
    key: str = ""
    """The one key that is let in; empty: everyone is."""

    def __post_init__(self) -> None:
        if sum(self.faults.values()) > 1 or min(self.faults.values(), default=0) < 0:
            raise ValueError("the shares of the faults lie between 0 and 1 together")

    def fault(self, question: str, arrival: int, number: int) -> Fault | None:
        """For the `number`th request of all, which asks this question for the `arrival`th time; both from 0."""
        if number < len(self.script):
            scripted = self.script[number]
            return None if scripted == "ok" else scripted
        lasting, passing = coin(self.seed, "lasting", question), coin(self.seed, "passing", question, arrival)
        for fault, share in self.faults.items():
            if fault in OF_THE_QUESTION:
                lasting -= share
                if lasting < 0:
                    return fault
            else:
                passing -= share
                if passing < 0:
                    return fault
        return None


class Bucket:
    """Lets `rate` requests a second through, and `burst` at once after a silence."""

    def __init__(self, rate: float, burst: float, now: float) -> None:
        self.rate, self.burst = rate, max(burst, 1.0)
        self._left, self._at = self.burst, now

    def take(self, now: float) -> float:
        """0 for a request that is let through, else the seconds until one will be."""
        if math.isinf(self.rate):
            return 0.0
        self._left = min(self.burst, self._left + (now - self._at) * self.rate)
        self._at = now
        if self._left >= 1:
            self._left -= 1
            return 0.0
        return (1 - self._left) / self.rate
