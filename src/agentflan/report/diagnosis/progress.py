"""How far something is, told to a person about ten times on the way."""

from __future__ import annotations

from agentflan.corpus.building.build import Say

_TIMES = 10


class Progress:
    def __init__(self, what: str, of: int, say: Say) -> None:
        self._what, self._of, self._say, self._done = what, of, say, 0

    def add(self, count: int) -> None:
        before, self._done = self._done, self._done + count
        if self._done * _TIMES // self._of > before * _TIMES // self._of:
            self._say(f"{self._what}: {self._done:,} of {self._of:,}")
