"""How much of an allowed rate the asking uses, against a server that sends back whatever comes faster."""

from __future__ import annotations

import json
import subprocess
import sys
import time
from collections.abc import Iterator

from agentflan.core.types import Message, Problem, Segment
from agentflan.models.http import Http
from bench.figure import Figure

RATE, BURST = 40, 10
"""Requests a second that the server lets through, and how many it saves up in a silence."""
REQUESTS = 1_000


def bench_ask_goodput() -> Iterator[Figure]:
    """Replies a second over a whole run, from a free start: the rate is not told but found. The bound is 0.9."""
    plan = json.dumps({"rate": RATE, "burst": BURST, "latency": 0.2})
    command = [sys.executable, "-m", "agentflan.models.faulty", "--plan", plan]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as server:
        assert server.stdout
        http = Http(url=server.stdout.readline().strip(), model="any")
        problems = [_question(number) for number in range(REQUESTS)]
        began = time.perf_counter()
        http(problems, lambda index, reply: None)
        spent = time.perf_counter() - began
        server.terminate()
    yield {
        "bench": "ask_goodput",
        "value": round(REQUESTS / spent, 1),
        "unit": "replies/s",
        "against": f"{RATE} allowed",
        "ratio": round(REQUESTS / spent / RATE, 3),
        "rounds": 1,
    }


def _question(number: int) -> Problem:
    text = f"What is the weather in town {number}?"
    return Problem(id=text, messages=(Message(role="user", segments=(Segment(text=text),)),))
