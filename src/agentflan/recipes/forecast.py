"""What a recipe would do, without doing it: inputs, chain, and of tuning steps, memory, time and launch."""

from __future__ import annotations

import shlex
from collections.abc import Sequence
from pathlib import Path
from typing import Any, NamedTuple

from agentflan.core import plugs
from agentflan.corpus import manifest
from agentflan.corpus.settings import Corpus
from agentflan.recipes.recipe import Arm, longest
from agentflan.recipes.run import base_folder, run_folder
from agentflan.recipes.size import Size, size_of
from agentflan.train.memory import Memory, memory
from agentflan.train.settings import Scratch, TrainSettings
from agentflan.train.shape import Shape, shape_of

PER_MACHINE = 8


class Asked(NamedTuple):
    """What a person wants foretold."""

    recipe: str
    gpus: int | None = None
    """None: those of the recipe."""
    rate: float | None = None
    """Tokens a second on one GPU; None: no time is foretold."""


def forecast(arms: Sequence[Arm], out: Path, asked: Asked) -> dict[str, Any]:
    """Inputs, chain, training and benchmarks of every run, and which of its stages are done already."""
    plan: dict[str, Any] = {}
    for arm in arms:
        if arm.base and arm.recipe.pretrain:
            base = base_folder(arm, arms, out)
            plan[str(base)] = {**_inputs(arm.base), **_training(arm.recipe.pretrain.train, None), **_done(base)}
        run = run_folder(arm, out)
        train = arm.recipe.train
        plan[str(run)] = {
            **_inputs(arm.corpus),
            **({**_training(train, arm), **_reckoned(arm, train, run, out, asked)} if train else {}),
            "evals": [plugs.settings_of(benchmark) for _, benchmark in arm.benchmarks],
            **_done(run),
        }
    return plan


def _inputs(corpus: Corpus) -> dict[str, Any]:
    return {
        "sources": {
            f"{number} {source.name}": {
                "files": len(source.files),
                "bytes": sum(file.stat().st_size for file in source.files),
                "licence": source.licence,
            }
            for number, source in enumerate(corpus.sources, 1)
        },
        "transforms": [name for name, _ in corpus.transforms],
        "mix": corpus.settings.mix.mode,
        "template": plugs.settings_of(corpus.template)["use"],
    }


def _training(settings: TrainSettings, arm: Arm | None) -> dict[str, Any]:
    path, backend = settings.model.path, settings.backend
    begins = "scratch" if path is None else str(path)
    names = ("steps", "epochs", "batch_size", "packing", "sequence_length", "optimizer", "learning_rate", "schedule")
    return {
        "train": {
            "model": "pretrained" if path is None and arm and arm.base else begins,
            "found": path is None or path.is_dir(),
            **{name: getattr(settings, name) for name in names},
            "backend": {"use": backend} if isinstance(backend, str) else backend,
        }
    }


def _reckoned(arm: Arm, settings: TrainSettings, run: Path, out: Path, asked: Asked) -> dict[str, Any]:
    size, gpus = size_of(arm, run), asked.gpus or arm.recipe.gpus
    told: dict[str, Any] = {
        "sequences": size.sequences,
        "tokens": size.tokens,
        "counted": size.how,
        "steps": size.steps(settings),
        "gpus": gpus,
        **_memory(arm, settings, size, gpus),
    }
    if asked.rate is not None:
        told["minutes"] = round(size.seen(settings) / (asked.rate * gpus) / 60, 1)
        told["gpu_hours"] = round(size.seen(settings) / asked.rate / 3600, 2)
    return {**told, "launch": launch(asked.recipe, out, gpus)}


def _memory(arm: Arm, settings: TrainSettings, size: Size, gpus: int) -> dict[str, Any]:
    shape = _shape(arm, settings)
    if shape is None:
        return {"memory": "cannot be foretold: the sizes of the model are not known"}
    shards = not isinstance(settings.backend, str) and bool({"fsdp", "deepspeed"} & settings.backend.keys())
    length = settings.sequence_length if settings.packing else longest(arm.corpus, settings)
    found = memory(shape, settings, length=length, devices=gpus, sharded=shards, trained=size.trained)
    return {"parameters": shape.parameters, "memory_per_gpu_gib": _gib(found)}


def _gib(found: Memory) -> dict[str, float]:
    """Not all parts lie there at once: the peak is less than their sum."""
    parts = {name: value for name, value in found._asdict().items() if name != "overlaps"}
    return {name: round(value / 2**30, 6) for name, value in {**parts, "peak": found.peak}.items()}


def _shape(arm: Arm, settings: TrainSettings) -> Shape | None:
    model = settings.model
    if model.path is not None:
        return shape_of(model.path) if (model.path / "config.json").is_file() else model.shape
    pretrained = arm.recipe.pretrain.train.model.scratch if arm.recipe.pretrain is not None else None
    scratch = pretrained or model.scratch or Scratch()
    return Shape(
        hidden_size=scratch.hidden_size,
        layers=scratch.layers,
        heads=scratch.heads,
        kv_heads=scratch.kv_heads,
        intermediate_size=scratch.intermediate_size,
        vocabulary=arm.recipe.vocabulary,
        tie=scratch.tie,
    )


def launch(recipe: str, out: Path, gpus: int) -> str:
    """The command that tunes on so many GPUs, eight to a machine; on several machines, it is given on each of them."""
    command = f"agentflan train {shlex.quote(recipe)} -o {shlex.quote(str(out))}"
    if gpus == 1:
        return command
    machines = -(-gpus // PER_MACHINE)
    where = f"--nnodes {machines} --rdzv-backend c10d --rdzv-endpoint FIRST_MACHINE:29500 " if machines > 1 else ""
    return f"torchrun {where}--nproc-per-node {-(-gpus // machines)} -m {command}"


def _done(run: Path) -> dict[str, Any]:
    return {"done": sorted(manifest.load(run).stages)}
