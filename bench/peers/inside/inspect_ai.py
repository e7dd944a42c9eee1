"""inspect_ai at work: an evaluation of one-turn problems over HTTP, with its own log, scored by exact match."""

from __future__ import annotations

import json
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

from inspect_ai import Task, eval
from inspect_ai.dataset import Sample
from inspect_ai.model import ChatMessageSystem, ChatMessageUser, get_model
from inspect_ai.scorer import exact
from inspect_ai.solver import generate

from bench.peers.inside.rounds import answer

ROLES = {"system": ChatMessageSystem, "user": ChatMessageUser}


def main(problems: Path, server: Path) -> None:
    """`problems` holds a JSON line of messages for each problem; `server` the URL and how many may be open."""
    url, connections = server.read_text(encoding="utf-8").split()
    samples = [
        Sample(id=str(number), input=[ROLES[each["role"]](content=each["content"]) for each in messages], target="no")
        for number, messages in enumerate(map(json.loads, problems.read_text(encoding="utf-8").splitlines()))
    ]
    model = get_model("openai-api/local/any", base_url=url, api_key="none")

    def measure() -> float:
        with tempfile.TemporaryDirectory() as folder:
            begin = time.process_time()
            (log,) = _evaluated(samples, model, int(connections), folder)
            spent = time.process_time() - begin
        if log.status != "success" or log.results.completed_samples != len(samples):
            raise SystemExit(f"inspect_ai did not get through: {log.status} {log.error and log.error.message}")
        return spent

    answer(measure)


def _evaluated(samples: list[Sample], model: Any, connections: int, folder: str) -> Any:
    return eval(
        Task(dataset=samples, solver=generate(), scorer=exact()),
        model=model,
        log_dir=folder,
        display="none",
        max_connections=connections,
        max_samples=connections,
        log_realtime=False,
    )


if __name__ == "__main__":
    main(Path(sys.argv[1]), Path(sys.argv[2]))
