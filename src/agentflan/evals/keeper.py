"""What `tied.Tied` starts: `keeper.py PIPE FOLDER COMMAND...`. Runs alone, without the package, to be small and quick.

Ends with the command's status; a signal is 128 and its number, 127 a command that cannot be run.
"""

from __future__ import annotations

import ctypes
import os
import select
import shutil
import signal
import subprocess
import sys
from contextlib import suppress
from pathlib import Path

_SET_CHILD_SUBREAPER = 36


def main(pipe: int, folder: str, command: list[str]) -> int:
    for ignored in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(ignored, signal.SIG_IGN)  # the pipe alone says when it is over
    ctypes.CDLL(None).prctl(_SET_CHILD_SUBREAPER, 1, 0, 0, 0)  # orphans of the command become children of ours
    try:
        child = subprocess.Popen(command, start_new_session=True, preexec_fn=_usual)
    except OSError as error:
        sys.stderr.write(f"{command[0]}: {error.strerror}\n")
        _removed(folder)
        return 127
    for stream in (0, 1, 2):  # the child's, not ours: whoever reads them sees their end when the child is over
        null = os.open(os.devnull, os.O_RDWR)
        os.dup2(null, stream)
        os.close(null)
    ended = os.pidfd_open(child.pid)
    select.select([pipe, ended], [], [])
    with suppress(ProcessLookupError, PermissionError):
        os.killpg(child.pid, signal.SIGKILL)
    status = child.wait()
    _no_orphans()
    _removed(folder)
    return status if status >= 0 else 128 - status


def _usual() -> None:
    for each in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(each, signal.SIG_DFL)


def _no_orphans() -> None:
    """Kills who left the session, generation after generation: whose parent is dead is a child of ours."""
    children = Path("/proc/thread-self/children")
    while left := children.read_text().split():
        for pid in map(int, left):
            with suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)
            with suppress(ChildProcessError):
                os.waitpid(pid, 0)


def _removed(folder: str) -> None:
    if folder:
        shutil.rmtree(folder, ignore_errors=True)


if __name__ == "__main__":
    sys.exit(main(int(sys.argv[1]), sys.argv[2], sys.argv[3:]))
