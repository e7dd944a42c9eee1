"""The faulty server as a process of its own, for as long as a test needs it."""

from __future__ import annotations

import json
import subprocess
import sys
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from agentflan.core import journal
from agentflan.core.types import Message, Problem, Reply, Segment
from agentflan.models.faulty.server import Call
from agentflan.models.http import Http


class Server:
    def __init__(self, url: str, log: Path) -> None:
        self.url, self.log = url, log

    def calls(self) -> list[Call]:
        """What it has seen so far, in order."""
        return list(journal.read(self.log, Call))

    def outcomes(self) -> Counter[str]:
        return Counter(call.outcome for call in self.calls())

    def paid(self) -> Counter[str]:
        """Question -> how often a good reply to it was charged."""
        return Counter(call.question for call in self.calls() if call.outcome == "ok")


@contextmanager
def serving(folder: Path, **plan: Any) -> Iterator[Server]:
    log = folder / f"served-{len(list(folder.glob('served-*')))}.jsonl"
    command = [sys.executable, "-m", "agentflan.models.faulty", "--plan", json.dumps(plan), "--log", str(log)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout
        try:
            yield Server(process.stdout.readline().strip(), log)
        finally:
            process.kill()


def questions(count: int) -> list[Problem]:
    texts = [f"What is the weather in town {number}?" for number in range(count)]
    return [Problem(id=text, messages=(Message(role="user", segments=(Segment(text=text),)),)) for text in texts]


def asked(server: Server, count: int, **settings: Any) -> dict[int, Reply]:
    """The replies to so many questions, each exactly one."""
    replies: dict[int, Reply] = {}

    def seen(index: int, reply: Reply) -> None:
        assert index not in replies
        replies[index] = reply

    Http(url=server.url, model="any", **settings)(questions(count), seen)
    return replies
