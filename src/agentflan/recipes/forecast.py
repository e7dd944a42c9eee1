"""What a recipe would do, without doing it."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from agentflan.core import plugs
from agentflan.corpus import manifest
from agentflan.corpus.settings import Corpus
from agentflan.recipes.recipe import Arm
from agentflan.recipes.run import base_folder, run_folder
from agentflan.train.settings import TrainSettings


def forecast(arms: Sequence[Arm], out: Path) -> dict[str, Any]:
    """Inputs, chain, training and benchmarks of every run, and which of its stages are done already."""
    plan: dict[str, Any] = {}
    for arm in arms:
        if arm.base and arm.recipe.pretrain:
            base = base_folder(arm, arms, out)
            plan[str(base)] = {**_inputs(arm.base), **_training(arm.recipe.pretrain.train, None), **_done(base)}
        run = run_folder(arm, out)
        plan[str(run)] = {
            **_inputs(arm.corpus),
            **(_training(arm.recipe.train, arm) if arm.recipe.train else {}),
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
    if settings.model.path is not None:
        model = f"{settings.model.path} ({'found' if settings.model.path.is_dir() else 'not there yet'})"
    else:
        model = "the pretrained base" if arm and arm.base else "from scratch"
    length = f"{settings.steps} steps" if settings.steps else f"{settings.epochs} epoch(s)"
    return {
        "train": f"{model}, {length} of {settings.batch_size} sequences, "
        f"{settings.optimizer} at {settings.learning_rate:g} ({settings.schedule}), backend {settings.backend}"
    }


def _done(run: Path) -> dict[str, Any]:
    return {"done": sorted(manifest.load(run).stages)}
