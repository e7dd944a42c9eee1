"""One arm's tuning and measuring: the half of a recipe that needs torch, run in a process of its own."""

from __future__ import annotations

from functools import partial
from pathlib import Path

import msgspec

from agentflan.core import plugs
from agentflan.core.digest import sha256_of
from agentflan.corpus import manifest
from agentflan.evals.run import evaluate
from agentflan.models.hf import Hf
from agentflan.recipes.recipe import Arm
from agentflan.train.run import train
from agentflan.train.settings import ModelSettings, TrainSettings


def tune_base(arm: Arm, run: Path) -> None:
    """Pretrains the base that the arms of a seed share."""
    if arm.recipe.pretrain is not None:
        _tune(_seeded(arm.recipe.pretrain.train, arm, "pretrain"), run)


def tune(arm: Arm, run: Path, base: Path) -> None:
    """Tunes one arm, from the base if the recipe has one."""
    settings = arm.recipe.train or TrainSettings()
    if arm.base is not None and "model" not in arm.data.get("train", {}):
        settings = msgspec.structs.replace(settings, model=ModelSettings(path=base / "model"))
    _tune(_seeded(settings, arm, "train"), run)


def measure(arm: Arm, run: Path) -> None:
    """Every benchmark of the recipe on the tuned model; a benchmark that was measured is not run again."""
    weights = manifest.load(run).stages["train"].key
    model = Hf(path=run / "model", max_new_tokens=arm.recipe.max_new_tokens)
    for name, benchmark in arm.benchmarks:
        outputs = [f"evals/{name}"]
        problems = [sha256_of(file) for file in plugs.files_of(benchmark) if file.is_file()]
        made_from = [weights, model.max_new_tokens, plugs.settings_of(benchmark), problems]
        manifest.once(run, f"eval/{name}", made_from, outputs, partial(evaluate, model, benchmark, run))


def _tune(settings: TrainSettings, run: Path) -> None:
    start = settings.model.path
    made_from = [
        msgspec.to_builtins(settings, enc_hook=str),
        manifest.load(run).stages["tokenise"].key,
        [sha256_of(file) for file in sorted(start.glob("*.safetensors"))] if start else None,
    ]
    outputs = ["model", "train/metrics.jsonl", "train/validation.jsonl"]
    manifest.once(run, "train", made_from, outputs, lambda: train(settings, run / "tokens", run))


def _seeded(settings: TrainSettings, arm: Arm, block: str) -> TrainSettings:
    """The recipe's seed, unless the block sets its own."""
    data = arm.data.get(block) or {}
    own = (data.get("train") if block == "pretrain" else data) or {}
    return settings if "seed" in own else msgspec.structs.replace(settings, seed=arm.seed)
