"""What an evaluation costs beside the model: problems, transcripts and grading; and how well a server is used."""

from __future__ import annotations

import json
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import NamedTuple

from agentflan.core.plugs import Plug
from agentflan.evals.benchmarks.agent_h import AgentH
from agentflan.evals.run import evaluate
from agentflan.models.http import Http
from agentflan.models.scripted import Scripted
from bench.figure import Figure

PROBLEMS = 2_000
ASKED, CONNECTIONS = 500, 64
"""One-turn problems of an evaluation over HTTP."""
ROUNDS = 5


class Spent(NamedTuple):
    cpu: float
    """Seconds of this process alone."""
    wall: float


def bench_eval_cpu_ms_per_problem() -> Iterator[Figure]:
    """A whole evaluation with a scripted model, from making the problems to scores on disk."""
    evaluation(Scripted(policy="random"), PROBLEMS)
    spent = statistics.median(evaluation(Scripted(policy="random"), PROBLEMS).cpu for _ in range(ROUNDS))
    milliseconds = spent / PROBLEMS * 1000
    yield {
        "bench": "eval_cpu_ms_per_problem",
        "value": round(milliseconds, 3),
        "unit": "ms",
        "against": "",
        "ratio": None,
        "rounds": ROUNDS,
    }


def bench_eval_http() -> Iterator[Figure]:
    """The same over HTTP: CPU time where a reply takes 50 ms (the bound is 3 ms), and, where it takes 500 ms, the rate
    beside what so many connections allow (the bound is 0.9).
    """
    with served(0.05) as http:
        taken = [evaluation(http, ASKED) for _ in range(ROUNDS)]
    yield {
        "bench": "eval_http_cpu_ms_per_problem",
        "value": round(statistics.median(spent.cpu for spent in taken) / ASKED * 1000, 3),
        "unit": "ms",
        "against": f"{ASKED} problems, {CONNECTIONS} connections, 50 ms a reply",
        "ratio": None,
        "rounds": ROUNDS,
    }
    with served(0.5) as http:
        wall = statistics.median(evaluation(http, ASKED).wall for _ in range(ROUNDS))
    yield {
        "bench": "eval_http_rate_share",
        "value": round(ASKED / wall, 1),
        "unit": "problems/s",
        "against": f"{CONNECTIONS / 0.5:.0f}, which {CONNECTIONS} connections and 500 ms a reply allow",
        "ratio": round(ASKED / wall / (CONNECTIONS / 0.5), 3),
        "rounds": ROUNDS,
    }


@contextmanager
def served(latency: float) -> Iterator[Http]:
    """A model behind a server that is a process of its own."""
    command = [sys.executable, "-m", "agentflan.models.faulty", "--plan", json.dumps({"latency": latency})]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as server:
        assert server.stdout
        try:
            yield Http(url=server.stdout.readline().strip(), model="any", concurrency=CONNECTIONS)
        finally:
            server.terminate()


def evaluation(model: Plug, problems: int) -> Spent:
    with tempfile.TemporaryDirectory() as folder:
        cpu, wall = time.process_time(), time.perf_counter()
        evaluate(model, AgentH(count=problems), Path(folder))  # type: ignore[arg-type]
        return Spent(time.process_time() - cpu, time.perf_counter() - wall)
