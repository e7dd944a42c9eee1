"""Goodput and restraint of the pace, counted on a clock of our own: servers that limit in different ways."""

from __future__ import annotations

import heapq
import math
from collections.abc import Callable
from itertools import count
from typing import Any

import pytest

from agentflan.core.chance import coin
from agentflan.models.chat.pace import Pace
from agentflan.models.faulty.plan import Bucket

Limiter = Callable[[float], float]
"""Now -> 0 if a request is let through, else the seconds until one will be."""


def bucket(rate: float, burst: float) -> Limiter:
    return Bucket(rate, burst, 0.0).take


def window(rate: float, seconds: float) -> Limiter:
    """So many requests in each stretch of so many seconds."""
    used: dict[int, int] = {}

    def take(now: float) -> float:
        number = int(now // seconds)
        used[number] = used.get(number, 0) + 1
        return 0.0 if used[number] <= rate * seconds else (number + 1) * seconds - now

    return take


class Played:
    """`wanted` requests through a pace to a server that takes `latency` for each; seconds pass only here."""

    def __init__(
        self, pace: Pace, limiter: Limiter, wanted: int, latency: float, said: Callable[[float], float | None]
    ) -> None:
        self.refused, self.most_open, self.starts = 0, 0, list[float]()
        now, done, fresh, order = 0.0, 0, wanted, count()
        events: list[tuple[float, int, float, float | None]] = []
        again: list[float] = []
        while done < wanted:
            ready = fresh or (again and again[0] <= now)
            wait = pace.delay(now) if ready else math.inf
            if wait <= 1e-9:  # what rounding leaves of nothing
                if fresh:
                    fresh -= 1
                else:
                    heapq.heappop(again)
                pace.start(now)
                self.starts.append(now)
                self.most_open = max(self.most_open, pace.open)
                left = limiter(now)
                took = latency * (0.7 + 0.6 * coin("latency", len(self.starts)))
                heapq.heappush(events, (now + (0.002 if left else took), next(order), now, left or None))
                continue
            now = min([now + wait, *(at for at, *_ in events[:1]), *(at for at in again[:1] if not ready)])
            while events and events[0][0] <= now:
                _, _, started, left = heapq.heappop(events)
                if left is None:
                    pace.answered()
                    done += 1
                else:
                    self.refused += 1
                    heapq.heappush(again, pace.refused(now, started, said(left)))
        self.seconds = now


SERVERS: dict[str, tuple[float, Callable[[], Limiter], float]] = {
    "a bucket of a second": (40, lambda: bucket(40, 40), 0.05),
    "a bucket without burst": (40, lambda: bucket(40, 1), 0.05),
    "a small bucket": (40, lambda: bucket(40, 10), 0.05),
    "a slow model": (20, lambda: bucket(20, 20), 1.0),
    "a low rate": (5, lambda: bucket(5, 1), 0.02),
    "a high rate": (200, lambda: bucket(200, 20), 0.1),
    "windows of a second": (20, lambda: window(20, 1), 0.05),
    "windows of ten seconds": (10, lambda: window(10, 10), 0.5),
}
SAID: dict[str, Callable[[float], float | None]] = {
    "whole seconds": lambda left: float(math.ceil(left)),
    "to the millisecond": lambda left: round(left, 3),
    "nothing": lambda left: None,
}


@pytest.mark.parametrize("said", SAID)
@pytest.mark.parametrize("server", SERVERS)
def test_nine_tenths_of_the_allowed_rate_are_used_and_few_requests_sent_back(server: str, said: str) -> None:
    rate, limiter, latency = SERVERS[server]
    wanted = int(rate * 60)
    played = Played(Pace(64), limiter(), wanted, latency, SAID[said])
    assert wanted / played.seconds >= 0.9 * rate
    assert played.refused <= max(0.1 * wanted, 80)


def test_nothing_is_sent_back_where_nothing_is_limited_and_all_are_open() -> None:
    played = Played(Pace(64), lambda _: 0.0, 2000, 0.5, SAID["nothing"])
    assert (played.refused, played.most_open) == (0, 64)
    assert played.seconds < 2000 / 64 * 0.5 * 1.3


def test_a_given_rate_is_kept_from_the_start() -> None:
    starts = Played(Pace(64, 10.0), lambda _: 0.0, 100, 0.05, SAID["nothing"]).starts
    assert max(sum(at <= other < at + 1 for other in starts) for at in starts) <= 11


def test_overload_halves_the_limit_once_for_all_that_were_open() -> None:
    pace = Pace(64)
    for _ in range(16):
        pace.start(0.0)
    for _ in range(16):
        pace.failed(1.0, 0.0, overload=True)
    assert pace.open == 0
    assert 8 <= pace.limit < 16
    limits: list[Any] = []
    for second in range(2, 40):
        pace.start(float(second))
        pace.answered()
        limits.append(pace.limit)
    assert limits == sorted(limits)
    assert limits[-1] < 16  # one more a round trip, no doubling any more


def test_the_limit_never_falls_below_one() -> None:
    pace = Pace(4)
    for second in range(50):
        pace.start(float(second))
        pace.failed(second + 0.5, float(second), overload=True)
    assert pace.delay(100.0) <= 0
