"""Build the corpus of a recipe: raw rows in, conversations out, with books that balance."""

from __future__ import annotations

from pathlib import Path

import click

from agentflan.cli.options import strict
from agentflan.cli.said import Said, tell
from agentflan.cli.tables import ledger_table, left_over
from agentflan.recipes.recipe import load
from agentflan.recipes.run import build_all


@click.command()
@click.argument("recipe")
@click.option("-o", "--out", type=click.Path(path_type=Path), required=True, help="The run folder.")
@click.option("--workers", type=click.IntRange(min=1), default=1, show_default=True, help="Processes at work.")
@click.option("--offline", is_flag=True, help="Refuse to leave rows waiting for a language model's replies.")
@strict
def command(recipe: str, out: Path, workers: int, offline: bool) -> Said:
    arms = load(recipe)
    ledgers = build_all(arms, out, workers=workers, offline=offline, say=tell)
    tables = [ledger_table(arm.name, ledger) for arm, ledger in zip(arms, ledgers, strict=True)]
    data = {arm.name or "run": ledger for arm, ledger in zip(arms, ledgers, strict=True)}
    return Said(data if len(arms) > 1 else ledgers[0], "\n\n".join(tables), sum(map(left_over, ledgers)))
