"""A process, and folders, that end with this one, however it ends: return, exception, Ctrl-C, kill -9.

A keeper of a few megabytes stands between: it starts the process in a session of its own, and holds the reading end
of a pipe whose writing end is here alone. When that is closed, by us or by the kernel, it kills all of the session
that is left and removes the folder.
"""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from types import TracebackType
from typing import IO, Any

_KEEPER = Path(__file__).with_name("keeper.py")
_GONE_BY = 10.0
"""Seconds that the keeper may take to kill, remove and go."""


class Tied:
    """A running process. Leave it (`with`, or `close`) to end it; `alive` says whether it has ended by itself."""

    def __init__(
        self,
        command: Sequence[str],
        *,
        folder: Path | None = None,
        env: Mapping[str, str] | None = None,
        stdin: int | IO[Any] | None = subprocess.DEVNULL,
        stdout: int | IO[Any] | None = subprocess.DEVNULL,
        stderr: int | IO[Any] | None = subprocess.DEVNULL,
    ) -> None:
        """Starts `command`; `folder` is removed, whatever it holds, when it is over. The streams are the process's own.

        Raises OSError where the keeper cannot be started; a command that cannot be is one that ended with status 127.
        """
        reads, self._rope = os.pipe()
        told = [sys.executable, "-I", "-S", str(_KEEPER), str(reads), str(folder or ""), *command]
        try:
            self.process = subprocess.Popen(
                told, stdin=stdin, stdout=stdout, stderr=stderr, env=env, pass_fds=(reads,), start_new_session=True
            )
        except BaseException:
            os.close(self._rope)
            raise
        finally:
            os.close(reads)

    @property
    def alive(self) -> bool:
        return self.process.poll() is None

    def close(self) -> None:
        """Ends it, if it has not ended, and waits until nothing of it is left. May be called again."""
        rope, self._rope = self._rope, -1
        if rope >= 0:
            os.close(rope)
        try:
            self.process.wait(_GONE_BY)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()
        for stream in (self.process.stdin, self.process.stdout, self.process.stderr):
            if stream:
                stream.close()

    def __enter__(self) -> Tied:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()
