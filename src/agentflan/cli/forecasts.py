"""A forecast for a terminal: a few lines for every run."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any


def forecast_text(plan: Mapping[str, Any]) -> str:
    return "\n\n".join("\n".join([run, *(f"  {line}" for line in _lines(told))]) for run, told in plan.items())


def _lines(told: Mapping[str, Any]) -> Iterator[str]:
    for name, source in told["sources"].items():
        rows = f"{source['files']:,} files, {source['bytes']:,} bytes" if source["files"] else "no files yet"
        yield f"source {name}: {rows}, {source['licence'] or 'licence unstated'}"
    yield f"chain: {', '.join(told['transforms'])}; mix {told['mix']}, template {told['template']}"
    if "train" in told:
        yield f"train: {told['train']}"
    if "tokens" in told:
        yield f"tokens: {told['tokens']:,} in {told['sequences']:,} sequences ({told['counted']})"
        yield f"steps: {told['steps']:,}"
        yield from _memory(told)
        if "minutes" in told:
            yield f"time: {told['minutes']:,} minutes, {told['gpu_hours']:,} GPU hours"
        else:
            yield "time: say `--rate` in tokens a second for one GPU"
        yield f"launch: {told['launch']}"
    if evals := told.get("evals"):
        yield f"evals: {', '.join(benchmark['use'] for benchmark in evals)}"
    if told["done"]:
        yield f"done already: {', '.join(told['done'])}"


def _memory(told: Mapping[str, Any]) -> Iterator[str]:
    if "memory_per_gpu_gib" not in told:
        yield f"memory: {told['memory']}"
        return
    parts = dict(told["memory_per_gpu_gib"])
    peak = parts.pop("peak")
    apart = ", ".join(f"{name} {value:.1f}" for name, value in parts.items() if value >= 0.05)
    yield f"memory: {peak:.1f} GiB on each of {told['gpus']:,} GPUs for {told['parameters']:,} parameters ({apart})"
