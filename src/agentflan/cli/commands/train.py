"""Tune a model by a recipe, with loss per capability; goes on where it was cut off.

On several GPUs or machines: `torchrun --nproc-per-node GPUS -m agentflan train RECIPE -o RUN`, with `backend: trainer`
in the recipe and a run folder that all machines see.
"""

from __future__ import annotations

from pathlib import Path

import click

from agentflan.cli.said import Said, tell
from agentflan.core.errors import Mistake
from agentflan.core.ranks import rank
from agentflan.corpus.engines.local import Local
from agentflan.recipes.ranks import first_alone, leave
from agentflan.recipes.ready import require_ready
from agentflan.recipes.recipe import load
from agentflan.recipes.run import How, build_all, run_folder, tokenise_all, tune_all


@click.command()
@click.argument("recipe")
@click.option("-o", "--out", type=click.Path(path_type=Path), required=True, help="The run folder.")
@click.option("--workers", type=click.IntRange(min=1), default=1, show_default=True, help="Processes that build.")
def command(recipe: str, out: Path, workers: int) -> Said:
    arms = load(recipe)
    if not any(arm.recipe.train or arm.base for arm in arms):
        raise Mistake("the recipe says nothing about training", where=recipe, mend="add a `train:` block")
    require_ready(arms)

    def prepare() -> None:
        build_all(arms, out, How(Local(workers=workers)), say=tell)
        tokenise_all(arms, out, say=tell)

    first_alone(prepare)
    tune_all(arms, out, say=tell)
    leave()
    if rank() > 0:
        raise click.exceptions.Exit
    models = {arm.name or "run": run_folder(arm, out) / "model" for arm in arms}
    return Said(models, "\n".join(str(folder) for folder in models.values()))
