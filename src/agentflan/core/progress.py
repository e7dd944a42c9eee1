"""How far something is, told to a person: about ten times on the way, and more often where that takes long."""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Callable

Say = Callable[[str], None]

_TIMES = 10
_SILENCE = 15.0
"""Seconds after which the next step is told in any case."""


class Progress:
    def __init__(self, what: str, of: int, say: Say) -> None:
        self._what, self._of, self._say, self._done = what, of, say, 0
        self._began = self._told = time.monotonic()
        self._faults = Counter[str]()

    def add(self, count: int, fault: str = "") -> None:
        """So many more are done; `fault` says what went wrong with them, if something did."""
        before, self._done = self._done, self._done + count
        if fault:
            self._faults[fault] += count
        now = time.monotonic()
        if self._done * _TIMES // self._of > before * _TIMES // self._of or now - self._told > _SILENCE:
            self._told = now
            self._say(f"{self._what}: {self._done:,} of {self._of:,}{self._speed(now - self._began)}{self._trouble()}")

    def _speed(self, seconds: float) -> str:
        if seconds < 1:
            return ""
        left = round((self._of - self._done) * seconds / self._done)
        return f", {self._done / seconds:,.1f} a second" + (f", {left // 60}:{left % 60:02d} to go" if left else "")

    def _trouble(self) -> str:
        return "".join(f", {number:,} {fault}" for fault, number in sorted(self._faults.items()))
