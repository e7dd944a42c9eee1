"""What a measurement yields, and how two things are timed fairly."""

from __future__ import annotations

import statistics
import time
from collections.abc import Callable
from typing import TypedDict


class Figure(TypedDict):
    """One line of `make bench`."""

    bench: str
    value: float | None
    """None: it could not be measured here, and `against` says why."""
    unit: str
    against: str
    """What the ratio compares with; empty when the value stands alone."""
    ratio: float | None
    """Ours over theirs, both in `unit` (or its time)."""
    rounds: int


def missing(bench: str, unit: str, why: str) -> Figure:
    return {"bench": bench, "value": None, "unit": unit, "against": why, "ratio": None, "rounds": 0}


def seconds(work: Callable[[], object]) -> float:
    begin = time.perf_counter()
    work()
    return time.perf_counter() - begin


def alternate(ours: Callable[[], object], theirs: Callable[[], object], rounds: int) -> tuple[float, float]:
    """Median seconds of each, taken in turns after one unmeasured round, so that a busy machine hits both alike."""
    ours()
    theirs()
    taken = [(seconds(ours), seconds(theirs)) for _ in range(rounds)]
    return statistics.median(one for one, _ in taken), statistics.median(other for _, other in taken)
