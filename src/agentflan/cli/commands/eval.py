"""Measure a model on benchmarks: a model folder, or `scripted:NAME` for a model that is a script."""

from __future__ import annotations

from pathlib import Path

import click

from agentflan.cli.said import Said
from agentflan.cli.scores import scores_table
from agentflan.core import plugs
from agentflan.evals.named import model_named
from agentflan.evals.run import evaluate
from agentflan.recipes.text import entry_of


@click.command()
@click.argument("model")
@click.option(
    "--on", required=True, help="Benchmarks with commas between them, or one as in a recipe: {use: NAME, ...}."
)
@click.option("-o", "--out", type=click.Path(path_type=Path), required=True, help="The run folder.")
@click.option("--limit", type=click.IntRange(min=1), help="Only so many problems of each.")
@click.option("--rescore", is_flag=True, help="Grade the transcripts that are there again; ask the model nothing.")
@click.option("--seed", type=int, default=0, show_default=True, help="Of the generated problems.")
def command(model: str, on: str, out: Path, limit: int | None, rescore: bool, seed: int) -> Said:
    entries = [entry_of(on, "--on")] if on.startswith("{") else on.split(",")
    benchmarks = {
        entry if isinstance(entry, str) else str(entry.get("use")): plugs.load(
            "benchmark", entry, seed=seed, where="--on"
        )
        for entry in entries
    }
    found = model_named(model)
    metrics = {
        name: evaluate(found, benchmark, out, limit=limit, rescore=rescore) for name, benchmark in benchmarks.items()
    }
    return Said({"model": found.name, "benchmarks": metrics}, scores_table({found.name: metrics}))
