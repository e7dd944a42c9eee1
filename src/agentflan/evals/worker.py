"""A world in a process, and if need be a Python, of its own: a line of JSON there, a line of JSON back.

For what cannot share a process with others: libraries with global state, with other pins than ours, with a virtual
machine or a browser below them. A worker is a script that reads requests from stdin until it ends, and answers each
with one line on stdout; what else it prints should go to stderr, of which the last lines tell why it failed.
"""

from __future__ import annotations

import os
import select
import subprocess
import sys
import tempfile
import time
from collections.abc import Mapping
from pathlib import Path
from types import TracebackType
from typing import Any

import msgspec

from agentflan.evals.tied import Tied

_MOST = 1 << 24
"""Bytes of an answer; a worker that says more has failed."""
_LAST_WORDS = 2_000
"""Bytes of stderr that are told."""


class Failed(Exception):
    """The worker died, was silent for too long, or said what is no JSON object: a fault of the world."""


class Worker:
    """One worker. After `Failed` it is gone; start another. Never used from two threads at once."""

    def __init__(
        self,
        script: Path,
        *arguments: str,
        python: Path | None = None,
        folder: Path | None = None,
        env: Mapping[str, str] | None = None,
    ) -> None:
        """`python` runs it, or else this Python; `folder` is removed with it; `env` is set beside the environment."""
        self._words = tempfile.TemporaryFile()  # noqa: SIM115 (closed with the worker)
        self._rest = b""
        self._tied = Tied(
            [str(python or sys.executable), str(script), *arguments],
            folder=folder,
            env={**os.environ, **(env or {})},
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=self._words,
        )

    def ask(self, request: Mapping[str, Any], seconds: float) -> dict[str, Any]:
        """The answer to a request. Raises Failed where none comes within `seconds`."""
        process = self._tied.process
        assert process.stdin
        assert process.stdout
        try:
            process.stdin.write(msgspec.json.encode(request) + b"\n")
            process.stdin.flush()
            return msgspec.json.decode(self._line(process.stdout.fileno(), time.monotonic() + seconds), type=dict)
        except (OSError, EOFError, TimeoutError, msgspec.DecodeError) as error:
            why = self._told() or str(error) or type(error).__name__
            self.close()
            raise Failed(why) from error

    def close(self) -> None:
        self._tied.close()
        self._words.close()

    def __enter__(self) -> Worker:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def _line(self, stream: int, deadline: float) -> bytes:
        pieces = [self._rest]
        size = len(self._rest)
        while b"\n" not in pieces[-1]:
            left = deadline - time.monotonic()
            if left <= 0 or not select.select([stream], [], [], left)[0]:
                raise TimeoutError("the world did not answer in time")
            piece = os.read(stream, 1 << 16)
            size += len(piece)
            if not piece:
                raise EOFError("the world's process ended")
            if size > _MOST:
                raise EOFError("the world's answer has no end")
            pieces.append(piece)
        line, _, self._rest = b"".join(pieces).partition(b"\n")
        return line

    def _told(self) -> str:
        """The last line that the worker said beside its answers: of a Python error, the error itself."""
        end = self._words.seek(0, os.SEEK_END)
        self._words.seek(max(0, end - _LAST_WORDS))
        return self._words.read().decode("utf-8", "replace").strip().rpartition("\n")[2]
