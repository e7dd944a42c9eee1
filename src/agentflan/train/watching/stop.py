"""Ctrl-C and SIGTERM: a run ends behind the step under way, which is kept."""

from __future__ import annotations

import signal
import threading
from types import FrameType
from typing import Any, NoReturn, Self

SIGNALS = (signal.SIGINT, signal.SIGTERM)


class Stop:
    """While it is open, a first signal is only noted; a second Ctrl-C ends the process at once, as ever."""

    def __init__(self) -> None:
        self.asked: int | None = None
        """The signal that came."""
        self._twice = False
        self._before: dict[signal.Signals, Any] = {}

    def __enter__(self) -> Self:
        if threading.current_thread() is threading.main_thread():  # no other may set these
            self._before = {number: signal.signal(number, self._note) for number in SIGNALS}
        return self

    def __exit__(self, *_: object) -> None:
        for number, handler in self._before.items():
            signal.signal(number, handler)

    def end(self) -> NoReturn:
        """As the signal would have ended the process: exit code 130, or 143."""
        if self.asked == signal.SIGTERM:
            raise SystemExit(128 + signal.SIGTERM)
        raise KeyboardInterrupt

    def _note(self, number: int, _: FrameType | None) -> None:
        if number == signal.SIGINT and self._twice:
            raise KeyboardInterrupt
        self._twice |= number == signal.SIGINT
        self.asked = self.asked or number
