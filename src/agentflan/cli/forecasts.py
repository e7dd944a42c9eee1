"""A forecast for a terminal: a few lines for every run."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

_PARTS = {"again": "of the layer at hand, its gradients and what is worked out again", "loss": "of the logits"}
"""Parts of the memory whose names say too little."""
_MODELS = {"scratch": "from scratch", "pretrained": "the pretrained base"}


def forecast_text(plan: Mapping[str, Any]) -> str:
    return "\n\n".join("\n".join([run, *(f"  {line}" for line in _lines(told))]) for run, told in plan.items())


def _lines(told: Mapping[str, Any]) -> Iterator[str]:
    for name, source in told["sources"].items():
        rows = f"{source['files']:,} files, {source['bytes']:,} bytes" if source["files"] else "no files yet"
        yield f"source {name}: {rows}, {source['licence'] or 'licence unstated'}"
    yield f"chain: {', '.join(told['transforms'])}; mix {told['mix']}, template {told['template']}"
    if "train" in told:
        yield f"train: {_train(told['train'])}"
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
    peak, gpus = parts.pop("peak"), told["gpus"]
    where = f"on each of {gpus:,} GPUs" if gpus > 1 else "on one device"
    yield f"memory: {_size(peak)} {where} at the peak, for {told['parameters']:,} parameters"
    shown = [f"{_PARTS.get(name, name)} {_size(part)}" for name, part in parts.items() if part >= peak / 100]
    yield f"of it, not all at once: {', '.join(shown)}"


def _size(gib: float) -> str:
    return f"{gib:.1f} GiB" if gib >= 1 else f"{gib * 1024:.1f} MiB"


def _train(told: Mapping[str, Any]) -> str:
    model = _MODELS.get(told["model"]) or f"{told['model']} ({'found' if told['found'] else 'not there yet'})"
    length = f"{told['steps']} steps" if told["steps"] else f"{told['epochs']} epoch(s)"
    rows = f"rows of {told['sequence_length']:,} tokens" if told["packing"] else "sequences"
    how = f"{told['optimizer']} at {told['learning_rate']:g} ({told['schedule']})"
    backend = ", ".join([told["backend"]["use"], *_entry(told["backend"])])
    return f"{model}, {length} of {told['batch_size']} {rows}, {how}, backend {backend}"


def _entry(backend: Mapping[str, Any]) -> Iterator[str]:
    """The settings of a backend, those of its own blocks behind the block's name."""
    for name, value in backend.items():
        if isinstance(value, Mapping):
            yield " ".join([name, *(f"{key}={inner}" for key, inner in value.items())])
        elif name != "use":
            yield f"{name}={value}"
