"""Runs a program that nobody has read where it can do no harm: bubblewrap, without network, files or identity of ours.

What it sees is the system's programs and libraries and this Python, read-only, an empty /tmp of its own that is gone
afterwards, and nothing else of /etc, /home or /root. What it takes is limited; what is left of it at the deadline is
killed, whatever it has started. Needs Linux and the Debian packages `bubblewrap` and `util-linux`.
"""

from __future__ import annotations

import math
import os
import re
import select
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Sequence
from functools import cache
from pathlib import Path
from typing import NamedTuple

from agentflan.core.errors import Mistake

_NOBODY = 65534
_SYSTEM = ("/usr", "/bin", "/sbin", "/lib", "/lib32", "/lib64")
_DEAD_BY = 5.0
"""Seconds that the killed may take to be gone; the kernel needs some milliseconds."""
_PATH = "/usr/local/bin:/usr/bin:/bin"


class Limits(NamedTuple):
    """What one run may take. All of it together: `memory` times `processes`, and `disk`."""

    seconds: float = 10.0
    """Until the deadline, and as much CPU time of each process, rounded up."""
    memory: int = 1 << 29
    """Bytes of address space, of each process."""
    processes: int = 16
    """At once, threads counted."""
    disk: int = 1 << 26
    """Bytes of /tmp."""
    output: int = 1 << 20
    """Bytes of what it prints, and of any file: writing on from there fails."""


_USUAL = Limits()


class Ran(NamedTuple):
    status: int | None
    """The exit status; minus the signal that ended it. None: it was still running at the deadline."""
    output: bytes
    """What it printed, on stdout and stderr."""


def python(program: str, limits: Limits = _USUAL) -> Ran:
    """Runs the text of a program on this Python without its site packages; the program's own stdin is empty."""
    return run([_interpreter(), "-I", "-S", "-"], stdin=program.encode("utf-8", "surrogatepass"), limits=limits)


def run(command: Sequence[str], *, stdin: bytes = b"", limits: Limits = _USUAL) -> Ran:
    """Runs a command in a sandbox of its own. Raises Mistake where there can be none."""
    check()
    return _run(command, stdin, limits)


@cache
def check() -> None:
    """Once a process: whether a sandbox can be made here at all. Raises Mistake where not."""
    tried = _run([_interpreter(), "-I", "-S", "-c", ""], b"", _USUAL)
    if tried.status != 0:
        reason = tried.output.decode("utf-8", "replace").strip().rpartition("\n")[2] or f"status {tried.status}"
        mend = "allow user namespaces, or run as root"
        raise Mistake(f"generated code runs only in a sandbox, and none can be made here: {reason}", mend=mend)


def _run(command: Sequence[str], stdin: bytes, limits: Limits) -> Ran:
    told, tells = os.pipe()
    with (
        tempfile.TemporaryFile() as given,
        tempfile.TemporaryFile() as printed,
        os.fdopen(told, "rb") as news,
        os.fdopen(tells, "wb") as theirs,
    ):
        given.write(stdin)
        given.seek(0)
        child = subprocess.Popen(
            [*_walls(limits, tells), *_limited(limits), *command],
            stdin=given,
            stdout=printed,
            stderr=subprocess.STDOUT,
            env={},
            pass_fds=(tells,),
            start_new_session=True,
        )
        theirs.close()
        try:
            first = _first(news.readline())
            status: int | None = child.wait(limits.seconds)
        except subprocess.TimeoutExpired:
            status = None
        finally:
            child.kill()  # bubblewrap, which takes the first process of its namespace along, and that all others
            child.wait()
        if first is not None:
            select.select([first], [], [], _DEAD_BY)
            os.close(first)
        printed.seek(0)
        return Ran(status if status is None or status <= 128 else 128 - status, printed.read(limits.output))


def _first(news: bytes) -> int | None:
    """A handle of the namespace's first process, which is over only when all others are; None: it is already."""
    found = re.search(rb"\d+", news)
    try:
        return os.pidfd_open(int(found[0])) if found else None
    except ProcessLookupError:
        return None


def _walls(limits: Limits, news: int) -> Iterator[str]:
    """The command line of bubblewrap. As root it needs no user namespace: the program is made nobody instead."""
    yield _found("bwrap")
    yield from ("--unshare-pid", "--unshare-net", "--unshare-ipc", "--unshare-uts", "--unshare-cgroup-try")
    yield from ("--die-with-parent", "--new-session", "--hostname", "sandbox", "--json-status-fd", str(news))
    if os.geteuid():
        yield from ("--unshare-user", "--uid", str(_NOBODY), "--gid", str(_NOBODY), "--cap-drop", "ALL")
    else:
        yield from ("--cap-drop", "ALL", "--cap-add", "CAP_SETUID", "--cap-add", "CAP_SETGID")
    for place in map(Path, _SYSTEM):
        if place.is_symlink():
            yield from ("--symlink", str(place.readlink()), str(place))
        elif place.exists():
            yield from ("--ro-bind", str(place), str(place))
    home = Path(sys.base_prefix).resolve()
    if not home.is_relative_to("/usr"):
        for above in [*home.parents][-2::-1]:
            yield from ("--perms", "0755", "--dir", str(above))  # empty but for the next; or nobody could not pass
        yield from ("--ro-bind", str(home), str(home))
    yield from ("--proc", "/proc", "--dev", "/dev", "--remount-ro", "/dev")
    yield from ("--perms", "1777", "--size", str(limits.disk), "--tmpfs", "/tmp", "--chdir", "/tmp")
    yield from ("--remount-ro", "/", "--clearenv", "--setenv", "PATH", _PATH, "--setenv", "HOME", "/tmp", "--")


def _limited(limits: Limits) -> Iterator[str]:
    """Inside the walls: nobody, under hard limits, which root would be free of."""
    if not os.geteuid():
        yield from (_found("setpriv"), f"--reuid={_NOBODY}", f"--regid={_NOBODY}", "--clear-groups", "--no-new-privs")
        yield from ("--inh-caps=-all", "--bounding-set=-all")
    yield _found("prlimit")
    yield from (f"--cpu={math.ceil(limits.seconds)}", f"--as={limits.memory}", f"--nproc={limits.processes}")
    yield from (f"--fsize={limits.output}", "--core=0", "--nofile=256", "--memlock=0", "--")


@cache
def _found(name: str) -> str:
    path = shutil.which(name)
    if not path:
        package = "bubblewrap" if name == "bwrap" else "util-linux"
        mend = f"install the Debian package {package}"
        raise Mistake(f"generated code runs only in a sandbox, and {name} is not installed", mend=mend)
    return path


@cache
def _interpreter() -> str:
    """This Python itself, not the virtual environment's link to it."""
    return os.path.realpath(sys.executable)
