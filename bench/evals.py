"""What an evaluation costs beside the model: problems, transcripts and grading, in CPU time of one core."""

from __future__ import annotations

import statistics
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

from agentflan.evals.benchmarks.agent_h import AgentH
from agentflan.evals.run import evaluate
from agentflan.models.scripted import Scripted
from bench.figure import Figure

PROBLEMS = 2_000
ROUNDS = 5


def bench_eval_cpu_ms_per_problem() -> Iterator[Figure]:
    """A whole evaluation with a scripted model, from making the problems to scores on disk."""
    _evaluation()
    spent = statistics.median(_evaluation() for _ in range(ROUNDS))
    milliseconds = spent / PROBLEMS * 1000
    yield {
        "bench": "eval_cpu_ms_per_problem",
        "value": round(milliseconds, 3),
        "unit": "ms",
        "against": "",
        "ratio": None,
        "rounds": ROUNDS,
    }


def _evaluation() -> float:
    with tempfile.TemporaryDirectory() as folder:
        began = time.process_time()
        evaluate(Scripted(policy="random"), AgentH(count=PROBLEMS), Path(folder))
        return time.process_time() - began
