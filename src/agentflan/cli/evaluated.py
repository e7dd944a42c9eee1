"""What an evaluation came to, for a terminal: scores, and which problems have no whole reply, and why."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import msgspec

from agentflan.cli.said import Said
from agentflan.cli.scores import scores_table
from agentflan.evals.run import benchmark_name


def told_of(model: str, benchmarks: Sequence[Any], out: Path) -> Said:
    """From the files of the run folder; problems that the infrastructure failed are left over."""
    names = [benchmark_name(benchmark) for benchmark in benchmarks]
    kept = {name: msgspec.json.decode((out / "evals" / name / "scores.json").read_bytes()) for name in names}
    metrics = {name: scores["metrics"] for name, scores in kept.items()}
    faulted = {name: scores["faulted"] for name, scores in kept.items()}
    lines = [line for name, kinds in faulted.items() for line in _faults(out / "evals" / name, kinds)]
    text = "\n".join([scores_table({model: metrics}), *([""] if lines else []), *lines])
    left = sum(int(each.get("faults/infrastructure", 0)) for each in metrics.values())
    return Said({"model": model, "benchmarks": metrics, "faulted": faulted}, text, left)


def _faults(place: Path, kinds: Mapping[str, Mapping[str, Any]]) -> Iterator[str]:
    for kind, hit in kinds.items():
        graded = "left out and asked again" if kind.startswith("infrastructure") else "graded by the text that is there"
        more = ", ..." if hit["problems"] > len(hit["such_as"]) else ""
        yield f"{hit['problems']:,} {kind}, {graded}: {', '.join(hit['such_as'])}{more}"
    if kinds:
        yield f"each with its reply in {place / 'transcripts.jsonl'}"
