"""What runs in the sandbox stays there: each probe tries one way out, and then a sound program runs as before."""

from __future__ import annotations

import os
import shutil
import socket
import subprocess
import sys
import time
from pathlib import Path

import pytest

from agentflan.core.errors import Mistake
from agentflan.evals import sandbox
from agentflan.evals.sandbox import Limits, Ran
from tests.evals import needs

QUICK = Limits(seconds=2.0)
ESCAPED = b"ESCAPED"
DENIED = {
    "reads the passwords": "print('ESCAPED', open('/etc/shadow').read())",
    "reads the users": "print('ESCAPED', open('/etc/passwd').read())",
    "lists the home": f"import os; os.chdir({str(Path.home())!r}); print('ESCAPED', open('.bashrc').read())",
    "reads its parent": "x = open('/proc/1/environ').read(); print('ESCAPED' * (x != '')); exit(1)",
    "reads memory": "print('ESCAPED', open('/proc/1/mem', 'rb').read(1))",
    "reads the disk": "import glob; print('ESCAPED', open(glob.glob('/dev/[svx]d*')[0], 'rb').read(1))",
    "writes the root": "open('/here', 'w'); print('ESCAPED')",
    "writes the system": "open('/usr/here', 'w'); print('ESCAPED')",
    "writes a device": "open('/dev/shm/here', 'w'); print('ESCAPED')",
    "writes a kernel setting": "open('/proc/sys/kernel/core_pattern', 'w').write('|/tmp/x'); print('ESCAPED')",
    "asks the kernel": "open('/proc/sysrq-trigger', 'w').write('h'); print('ESCAPED')",
    "reaches the network": "import socket; socket.create_connection(('192.0.2.1', 80), 1); print('ESCAPED')",
    "looks a name up": "import socket; socket.getaddrinfo('localhost.example', 80); print('ESCAPED')",
    "opens a raw socket": "import socket; socket.socket(socket.AF_PACKET, socket.SOCK_RAW); print('ESCAPED')",
    "becomes root": "import os; os.setuid(0); print('ESCAPED')",
    "runs as root": "import subprocess; subprocess.run(['su', '-c', 'true'], check=True); print('ESCAPED')",
    "mounts": "import subprocess; subprocess.run(['mount', '-t', 'tmpfs', 'x', '/usr'], check=True); print('ESCAPED')",
    "makes the root writable": (
        "import subprocess; subprocess.run(['mount', '-o', 'remount,rw', '/usr'], check=True); print('ESCAPED')"
    ),
    "changes the root": "import os; os.chroot('/tmp'); print('ESCAPED')",
    "makes a device": "import os; os.mknod('/tmp/disk', 0o60660, os.makedev(8, 0)); print('ESCAPED')",
    "follows a link out": "import os; os.symlink('/etc/shadow', '/tmp/l'); print('ESCAPED', open('/tmp/l').read())",
    "raises its limits": "import resource as r; r.setrlimit(r.RLIMIT_AS, (-1, -1)); print('ESCAPED')",
    "sets the clock": "import time; time.clock_settime(time.CLOCK_REALTIME, 0); print('ESCAPED')",
    "takes much memory": "x = bytearray(2 << 30); print('ESCAPED')",
    "maps much memory": "import mmap; m = mmap.mmap(-1, 2 << 30); print('ESCAPED')",
    "writes a long file": "open('/tmp/long', 'wb').write(bytes(8 << 20)); print('ESCAPED')",
    "fills the disk": "for n in range(99): open(f'/tmp/{n}', 'wb').write(bytes(1 << 20))\nprint('ESCAPED')",
    "opens many files": "x = [open('/usr/bin/env') for _ in range(300)]; print('ESCAPED')",
    "starts many threads": "import threading, time\nfor _ in range(99):\n"
    "    threading.Thread(target=time.sleep, args=(9,), daemon=True).start()\nprint('ESCAPED')",
}
"""Probe -> a program that fails, and would say ESCAPED if it did not."""
ENDLESS = {
    "loops": "while True: pass",
    "sleeps": "import time; time.sleep(1000)",
    "ignores signals": "import signal\nfor n in (1, 2, 15): signal.signal(n, signal.SIG_IGN)\nwhile True: pass",
    "reads on": "import os\nwhile True: os.read(os.open('/dev/zero', 0), 1 << 16); os.closerange(3, 9)",
    "forks for ever": "import os\nwhile True:\n    try: os.fork()\n    except OSError: pass",
}
"""Probe -> a program that is still there at the deadline."""

pytestmark = needs.sandbox


def ours() -> set[str]:
    """The command lines of all processes that were started as a sandbox's."""
    found = set()
    for path in Path("/proc").glob("[0-9]*/cmdline"):
        try:
            line = path.read_bytes()
        except OSError:  # it is over
            continue
        if b"-I\x00-S\x00-\x00" in line:
            found.add(f"{path.parent.name} {line!r}")
    return found


def sound() -> Ran:
    return sandbox.python("print('sound')", QUICK)


@pytest.mark.parametrize("probe", DENIED)
def test_what_is_denied_fails_and_nothing_else_does(probe: str) -> None:
    ran = sandbox.python(DENIED[probe], QUICK)
    assert ran.status not in (0, None), ran.output
    assert ESCAPED not in ran.output
    assert sound() == Ran(0, b"sound\n")


@pytest.mark.parametrize("probe", ENDLESS)
def test_what_does_not_end_is_ended_with_all_that_it_started(probe: str) -> None:
    before, began = ours(), time.monotonic()
    ran = sandbox.python(ENDLESS[probe], Limits(seconds=1.0))
    assert ran.status is None or ran.status == -9  # by the deadline, or by its CPU time
    assert time.monotonic() - began < 5
    assert ours() <= before
    assert sound() == Ran(0, b"sound\n")


def test_a_child_does_not_outlive_its_program() -> None:
    before = ours()
    ran = sandbox.python("import os, time\nif os.fork() == 0: time.sleep(1000)", QUICK)
    assert ran.status == 0
    assert ours() <= before


@pytest.mark.parametrize("victim", ["1", "os.getppid()", "-1", "0"])
def test_whom_it_kills_is_its_own(victim: str) -> None:
    before = ours()
    ran = sandbox.python(f"import os; os.kill({victim}, 9)", QUICK)
    assert ESCAPED not in ran.output
    assert ours() <= before
    assert sound() == Ran(0, b"sound\n")


def test_our_own_port_cannot_be_reached() -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = server.getsockname()[1]
        assert sandbox.python(f"import socket; socket.create_connection(('127.0.0.1', {port}), 1)", QUICK).status == 1


def test_what_it_prints_is_kept_up_to_a_limit() -> None:
    ran = sandbox.python("print('x' * (10 << 20))", QUICK)
    assert ran.status != 0
    assert len(ran.output) == QUICK.output
    both = sandbox.python("import sys; print('out', flush=True); print('err', file=sys.stderr); sys.exit(5)", QUICK)
    assert both == Ran(5, b"out\nerr\n")


def test_nothing_of_ours_is_in_its_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AGENTFLAN_API_KEY", "secret")
    told = sandbox.python("import os; print(sorted(os.environ), os.getcwd(), os.listdir('/tmp'), os.getuid())", QUICK)
    assert told == Ran(0, b"['HOME', 'LC_CTYPE', 'PATH', 'PWD'] /tmp [] 65534\n")


def test_two_runs_share_nothing() -> None:
    assert sandbox.python("open('/tmp/left', 'w').write('x')", QUICK).status == 0
    assert sandbox.python("open('/tmp/left')", QUICK).status == 1


def test_other_commands_run_as_well() -> None:
    assert sandbox.run(["/bin/sh", "-c", "cat; exit 7"], stdin=b"given", limits=QUICK) == Ran(7, b"given")


def test_where_there_is_no_bubblewrap_nothing_runs(tmp_path: Path) -> None:
    """In a process of its own, whose PATH has all but that: one sentence, and the program has not run."""
    trace = tmp_path / "trace"
    script = f"from agentflan.evals import sandbox\nsandbox.python({f'open({str(trace)!r}, 1)'!r})"
    done = subprocess.run(
        [sys.executable, "-c", script],
        env={"PATH": str(tmp_path), "PYTHONPATH": os.pathsep.join(sys.path)},
        capture_output=True,
        text=True,
        check=False,
    )
    assert Mistake.__name__ in done.stderr
    assert "install the Debian package bubblewrap" in done.stderr
    assert not trace.exists()


@pytest.mark.skipif(os.geteuid() != 0, reason="the other tests have run as an ordinary user already")
def test_an_ordinary_user_has_the_same_walls(tmp_path: Path) -> None:
    """As nobody, on the system's own Python: no network, no writing, no more processes than allowed."""
    python = shutil.which("python3", path="/usr/bin")
    if python is None:
        pytest.skip("needs a Python that an ordinary user can run")
    package = tmp_path / "agentflan"
    for path in ("__init__.py", "core/__init__.py", "core/errors.py", "evals/__init__.py", "evals/sandbox.py"):
        (package / path).parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(Path(sandbox.__file__).parents[1] / path, package / path)
    for path in (tmp_path, *tmp_path.parents):
        if path.stat().st_uid == 0 and path != Path("/tmp") and path.is_relative_to("/tmp"):
            path.chmod(0o755)
    script = "\n".join(
        [
            "from agentflan.evals.sandbox import Limits, python",
            "quick = Limits(seconds=2.0)",
            "assert python('print(1)', quick) == (0, b'1\\n')",
            f"for program in {list(DENIED.values())!r}:",
            "    ran = python(program, quick)",
            "    assert ran.status not in (0, None) and b'ESCAPED' not in ran.output, (program, ran)",
            "assert python('while True: pass', Limits(seconds=1.0)).status is None",
        ]
    )
    done = subprocess.run(
        [python, "-B", "-c", script],
        user=65534,
        group=65534,
        extra_groups=[],
        env={"PATH": os.environ["PATH"], "PYTHONPATH": str(tmp_path)},
        cwd="/",
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
