"""Processes and folders that end with their owner; workers that answer, die, hang, talk nonsense."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from agentflan.evals.tied import Tied
from agentflan.evals.worker import Failed, Worker

RESTLESS = """
import subprocess, time
for away in (False, True):
    subprocess.Popen(["sleep", "{secret}"], start_new_session=away)
print("up", flush=True)
time.sleep(1000)
"""
"""Starts one process in its session and one that has left it."""
OWNER = """
import sys, time
from pathlib import Path
from agentflan.evals.tied import Tied
folder = Path(sys.argv[1]); folder.mkdir(); (folder / "file").write_text("x")
with Tied([sys.executable, "-c", sys.argv[2]], folder=folder, stdout=sys.stdout):
    time.sleep(1000)
"""
SCRIPT = """
import json, os, sys, time
for line in sys.stdin:
    asked = json.loads(line)["do"]
    if asked == "die": raise ValueError("no such room")
    if asked == "hang": time.sleep(1000)
    if asked == "nonsense": print("[1, 2", flush=True); continue
    if asked == "long": print("x" * (1 << 25), flush=True); continue
    print(json.dumps({"did": asked, "pid": os.getpid()}), flush=True)
"""


def running(secret: str) -> list[int]:
    """Processes that have this word in their command line."""
    found = []
    for place in Path("/proc").glob("[0-9]*/cmdline"):
        try:
            words = place.read_bytes().split(b"\0")
        except OSError:
            continue
        if secret.encode() in words:
            found.append(int(place.parent.name))
    return found


def gone(secret: str, folder: Path) -> bool:
    """Whether all is gone, given time: the keeper works when its owner is dead."""
    for _ in range(200):
        if not running(secret) and not folder.exists():
            return True
        time.sleep(0.05)
    return False


def test_all_of_it_ends_when_it_is_left(tmp_path: Path) -> None:
    secret, folder = "1234.25", tmp_path / "world"
    (folder / "deep").mkdir(parents=True)
    command = [sys.executable, "-c", RESTLESS.format(secret=secret)]
    with Tied(command, folder=folder, stdout=subprocess.PIPE) as tied:
        assert tied.process.stdout.readline() == b"up\n"
        assert tied.alive
        assert len(running(secret)) == 2
    assert not running(secret)
    assert not folder.exists()


@pytest.mark.parametrize("number", [signal.SIGKILL, signal.SIGINT, signal.SIGTERM])
def test_all_of_it_ends_with_its_owner(tmp_path: Path, number: signal.Signals) -> None:
    secret, folder = f"1234.5{number:02}", tmp_path / "world"
    command = [sys.executable, "-c", OWNER, str(folder), RESTLESS.format(secret=secret)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, start_new_session=True) as owner:
        assert owner.stdout.readline() == b"up\n"
        assert len(running(secret)) == 2
        os.killpg(owner.pid, number)
        assert owner.wait(20) != 0
    assert gone(secret, folder)


def test_a_process_that_ends_by_itself_is_seen_and_leaves_nothing(tmp_path: Path) -> None:
    with Tied(["sh", "-c", "exit 7"], folder=tmp_path / "none") as tied:
        assert tied.process.wait(10) == 7
        assert not tied.alive
    with Tied(["no-such-command"], folder=tmp_path / "none") as tied:
        assert tied.process.wait(10) == 127


def test_a_worker_answers_line_by_line(tmp_path: Path) -> None:
    script = tmp_path / "worker.py"
    script.write_text(SCRIPT)
    with Worker(script) as worker:
        first, second = worker.ask({"do": "open"}, 10), worker.ask({"do": "close" * 10_000}, 10)
        assert first["did"] == "open"
        assert second["pid"] == first["pid"]
    with pytest.raises(ProcessLookupError):
        os.kill(first["pid"], 0)


@pytest.mark.parametrize(
    ("asked", "why"), [("die", "no such room"), ("hang", "in time"), ("nonsense", "got `array`"), ("long", "no end")]
)
def test_a_worker_that_fails_says_why_and_is_gone(tmp_path: Path, asked: str, why: str) -> None:
    script = tmp_path / "worker.py"
    script.write_text(SCRIPT)
    worker = Worker(script)
    pid = worker.ask({"do": "open"}, 10)["pid"]
    with pytest.raises(Failed, match=why):
        worker.ask({"do": asked}, 1)
    with pytest.raises(ProcessLookupError):
        os.kill(pid, 0)
