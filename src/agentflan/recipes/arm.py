"""One arm's tuning and measuring: the half of a recipe that needs torch, run in a process of its own."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from pathlib import Path

import msgspec

from agentflan.core import plugs
from agentflan.core.benchmarks import Acting
from agentflan.core.digest import sha256_of
from agentflan.core.errors import Mistake, Mistakes
from agentflan.corpus import manifest
from agentflan.evals.budget import FREE
from agentflan.evals.run import evaluate
from agentflan.models.hf import Hf
from agentflan.recipes.recipe import Arm
from agentflan.train.job import Particular
from agentflan.train.run import check_device, train
from agentflan.train.settings import ModelSettings, TrainSettings
from agentflan.train.starting import lora


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
        budget = arm.recipe.episode
        limits = [budget] if budget != FREE and isinstance(benchmark, Acting) else []
        made_from = [weights, model.max_new_tokens, plugs.settings_of(benchmark), problems, *limits]
        manifest.once(run, f"eval/{name}", made_from, outputs, partial(evaluate, model, benchmark, run, budget=budget))


def wrong_with(arm: Arm, foreseen: bool) -> list[Mistake]:
    """What tuning would stop at: adapters that fit no layer, and, unless it is only foreseen, what is missing here."""
    settings = arm.recipe.train or TrainSettings()
    found: list[Mistake] = []
    checks: list[Callable[[], object]] = []
    if not foreseen:
        checks += [
            partial(_check_backend, settings),
            partial(check_device, settings),
        ]
    if settings.lora is not None and settings.model.path is not None and settings.model.path.exists():
        checks.append(partial(lora.check, settings.model, settings.lora, settings.model.path))
    for check in checks:
        try:
            check()
        except Mistakes as several:
            found += several.found
        except Mistake as one:
            found.append(one)
    return found


def _check_backend(settings: TrainSettings) -> None:
    backend = plugs.load("backend", settings.backend, seed=settings.seed, where="train.backend")
    if isinstance(backend, Particular):
        backend.check(settings)


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
