"""Turn the corpus of a recipe into tokens, building it first where that is not done."""

from __future__ import annotations

from pathlib import Path

import click

from agentflan.cli.said import Said, tell
from agentflan.cli.tables import tokens_table
from agentflan.corpus.engines.local import Local
from agentflan.recipes.ready import require_models
from agentflan.recipes.recipe import load
from agentflan.recipes.run import How, build_all, tokenise_all


@click.command()
@click.argument("recipe")
@click.option("-o", "--out", type=click.Path(path_type=Path), required=True, help="The run folder.")
@click.option("--workers", type=click.IntRange(min=1), default=1, show_default=True, help="Processes that build.")
def command(recipe: str, out: Path, workers: int) -> Said:
    arms = load(recipe)
    require_models(arms)
    build_all(arms, out, How(Local(workers=workers)), say=tell)
    ledgers = tokenise_all(arms, out, say=tell)
    text = "\n".join(tokens_table(arm.name, ledger) for arm, ledger in zip(arms, ledgers, strict=True))
    data = {arm.name or "run": ledger for arm, ledger in zip(arms, ledgers, strict=True)}
    return Said(data if len(arms) > 1 else ledgers[0], text)
