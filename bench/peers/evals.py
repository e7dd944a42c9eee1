"""An evaluation over HTTP beside inspect_ai's, in CPU time; and our logs read by its reader."""

from __future__ import annotations

import json
import statistics
import subprocess
import tempfile
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

from agentflan.core.types import Problem, Reply
from agentflan.evals.benchmarks.agent_h import AgentH
from agentflan.evals.run import evaluate
from agentflan.models.scripted import Scripted
from bench.evals import ASKED, CONNECTIONS, evaluation, served
from bench.figure import Figure, missing
from bench.peers.environments import PEERS, ROOT, UnavailableError, python_of
from bench.peers.tool import Tool

ROUNDS = 3
PEER = "inspect_ai"


def bench_eval_inspect() -> Iterator[Figure]:
    """In turns, after a round that is not counted, against one server: each side keeps its log and grades.

    The goal is a ratio of 5: theirs over ours.
    """
    try:
        with served(0.05) as http, tempfile.TemporaryDirectory() as folder:
            problems, server = Path(folder, "problems.jsonl"), Path(folder, "server")
            problems.write_text("\n".join(map(_messages, AgentH(count=ASKED).problems())), encoding="utf-8")
            server.write_text(f"{http.url} {CONNECTIONS}", encoding="utf-8")
            with Tool(PEER, problems, server) as tool:
                pairs = [(evaluation(http, ASKED).cpu, tool.seconds()) for _ in range(ROUNDS + 1)][1:]
    except UnavailableError as error:
        yield missing("eval_inspect_ratio", "CPU ms per problem", str(error))
        return
    ours, theirs = (statistics.median(side) / ASKED * 1000 for side in zip(*pairs, strict=True))
    yield {
        "bench": "eval_inspect_ratio",
        "value": round(ours, 2),
        "unit": "CPU ms per problem",
        "against": f"{PEERS[PEER].package}, {theirs:.2f} ms; {ASKED} problems, {CONNECTIONS} connections, 50 ms each",
        "ratio": round(statistics.median(other / own for own, other in pairs), 2),
        "rounds": ROUNDS,
    }


def bench_log_inspect() -> Iterator[Figure]:
    """How many problems of a log, some of them failed, inspect_ai reads back as they are in the transcripts."""
    try:
        python = python_of(PEER)
    except UnavailableError as error:
        yield missing("log_inspect", "problems", str(error))
        return
    with tempfile.TemporaryDirectory() as folder:
        model, benchmark = _Failing(), AgentH(count=ASKED)
        metrics = evaluate(model, benchmark, Path(folder), log=True)
        command = [str(python), "-m", "bench.peers.inside.inspect_log", f"{folder}/evals/agent_h/agent_h.eval"]
        found = json.loads(subprocess.run(command, cwd=ROOT, capture_output=True, check=True, text=True).stdout)
    same = [which for which, reply in model.replies.items() if found["replies"][which] == reply.text]
    failed = [which for which, reply in model.replies.items() if reply.fault]
    shown = {name: value for name, value in metrics.items() if not name.endswith(("_low", "_high"))}
    whole = (found["status"], found["listed"], sorted(found["failed"])) == (
        "success",
        list(model.replies),
        sorted(failed),
    )
    yield {
        "bench": "log_inspect",
        "value": float(len(same)) if whole and found["metrics"] == shown else 0.0,
        "unit": "problems",
        "against": f"{PEERS[PEER].package}: read_eval_log of {ASKED}, metrics and failures among them",
        "ratio": len(same) / ASKED,
        "rounds": 1,
    }


class _Failing:
    """A script whose every tenth reply is lost on the way."""

    name = "failing"

    def __init__(self) -> None:
        self.replies: dict[str, Reply] = {}

    def __call__(self, problems: Sequence[Problem], seen: Any) -> None:
        def passed(index: int, reply: Reply) -> None:
            lost = Reply(text="", fault="infrastructure", detail="timeout")
            self.replies[problems[index].id] = lost if index % 10 == 9 else reply
            seen(index, self.replies[problems[index].id])

        Scripted(policy="random")(problems, passed)


def _messages(problem: Problem) -> str:
    said = [(each.role, "".join(segment.text for segment in each.segments)) for each in problem.messages]
    return json.dumps([{"role": role, "content": content} for role, content in said])
