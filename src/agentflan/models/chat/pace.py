"""How many requests may be open and how many may start a second, both learned from what comes back.

Requests start one shortly after the other until as many are open as may be. The first sign of overload (a timeout, a
503) leaves a part of them, and from there on it is one more a round trip, as TCP's window grows. The rate is free until
the first 429. From then on every 429 takes a little of it and time gives a little back, which keeps the server just
below its limit. After a 429 nothing starts for a moment, which doubles while nothing is let through, up to what
Retry-After says; the refused request itself waits all of that.
Every time is given by the caller, in seconds of one clock.
"""

from __future__ import annotations

import math

_FIRST = 16
"""The rate after the first 429."""
_APART = 0.001
"""Seconds between the first starts, so that a server that refuses the first few is not asked by all."""
_OVERLOADED = 0.7
"""What overload leaves of the open requests."""
_REFUSED, _ALL_REFUSED = 0.97, 0.9
"""What a 429 leaves of the rate, if something was let through since the last one and if nothing was."""
_RISE, _CLIMB = 1.002, 4.0
"""Growth of the rate: with each request around what was last refused, which sends about three of a hundred back, and in
a second far from it."""
_BURST = 1.0
"""Seconds after the first 429 in which refusals speak of the burst that the asking began with, not of the rate."""
_LATE = 0.1
"""Seconds that a busy machine may catch up on."""
_FASTEST = 1e6
_LONGEST_GAP = 60.0
"""Seconds, where the server does not say."""


class Pace:
    def __init__(self, most: int, per_second: float = math.inf) -> None:
        """`most` requests are open at any time, and no more than `per_second` start, whatever is learned."""
        self.most, self.per_second = most, per_second
        self.limit = float(most)
        self.rate = per_second
        self.open = 0
        self.resume = 0.0
        """Nothing starts before."""
        self._starting = most
        """How many of the first starts are to come."""
        self._next = 0.0
        """When the rate allows the next start."""
        self._cut_at = -math.inf
        self._ceiling = math.inf
        """The rate that was last refused."""
        self._settled = math.inf
        """When the burst at the beginning is over."""
        self._gap = 0.0
        self._since = -math.inf
        """What started earlier was before the last cut of the rate and says nothing about the new one."""
        self._passed = 0
        """How many have started since, less those that were refused."""
        self._risen_at = 0.0

    def delay(self, now: float) -> float:
        """Seconds until a request may start; infinite while only a reply can make room."""
        return math.inf if self.open >= int(self.limit) else max(self.resume, self._next) - now

    def start(self, now: float) -> None:
        if self.rate < self.per_second:
            near = 0.5 * self._ceiling < self.rate < 1.5 * self._ceiling
            rise = _RISE if near else _CLIMB ** min(max(now - self._risen_at, 0.0), 1.0)
            self.rate = min(self.per_second, _FASTEST, self.rate * rise)
        self._risen_at = now
        self.open += 1
        self._passed += 1
        if self._starting:
            self._starting -= 1
            self._next = max(self._next, now) + max(_APART, 1 / self.rate)
        else:
            self._next = max(self._next, now - _LATE) + 1 / self.rate

    def answered(self) -> None:
        self.open -= 1
        self.limit = min(self.most, self.limit + 1 / self.limit)

    def failed(self, now: float, started: float, *, overload: bool) -> None:
        """Requests that were open when the limit was cut do not cut it again."""
        if overload and started > self._cut_at:
            self.limit = max(1.0, min(self.limit, self.open) * _OVERLOADED)
            self._cut_at = now
        self.open -= 1

    def refused(self, now: float, started: float, after: float | None) -> float:
        """A 429 that asks to wait for `after` seconds (None: it does not say). Returns when to ask the same again."""
        self.open -= 1
        if started >= self._since:
            self._passed -= 1
            self._slow_down(now, _LONGEST_GAP if after is None else after)
        return self.resume if after is None else max(self.resume, now + after)

    def _slow_down(self, now: float, longest: float) -> None:
        nothing = self._passed <= 0
        if math.isinf(self.rate):
            self.rate, self._settled = float(_FIRST), now + _BURST
        else:
            if now > self._settled and not nothing:
                self._ceiling = self.rate
            self.rate *= _ALL_REFUSED if nothing else _REFUSED
        self._gap = min(max(2 * self._gap if nothing else 0.0, 0.25 / self.rate), longest)
        self.resume = self._since = self._next = self._risen_at = now + self._gap
        self._passed = 0
