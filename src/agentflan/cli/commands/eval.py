"""Measure a model on benchmarks: a folder, a name on the hub, a URL, or `scripted:NAME` for a model that is a script.

MODEL may also be an entry as in a recipe, such as {use: http, url: URL, model: NAME, template: llama2}.
Replies are kept in RUN/evals/NAME/transcripts.jsonl as they come; whatever ends it, the next call asks only for what is
missing. The key for a URL is taken from AGENTFLAN_API_KEY, or else OPENAI_API_KEY.
"""

from __future__ import annotations

from pathlib import Path

import click

from agentflan.cli.evaluated import told_of
from agentflan.cli.options import strict
from agentflan.cli.said import Said, tell
from agentflan.core import plugs
from agentflan.evals.budget import Budget
from agentflan.evals.named import model_named
from agentflan.evals.run import evaluate
from agentflan.recipes.text import entry_of


@click.command()
@click.argument("model")
@click.option("--model", "served", metavar="NAME", help="Of the model, as the server at a URL knows it.")
@click.option(
    "--on", required=True, help="Benchmarks with commas between them, or one as in a recipe: {use: NAME, ...}."
)
@click.option("-o", "--out", type=click.Path(path_type=Path), required=True, help="The run folder.")
@click.option("--limit", type=click.IntRange(min=1), help="Only so many problems of each.")
@click.option("--episode-tokens", type=click.IntRange(min=1), help="Of prompts and replies, the most an episode takes.")
@click.option("--episode-seconds", type=click.FloatRange(min=0, min_open=True), help="The most time of an episode.")
@click.option("--rescore", is_flag=True, help="Grade the transcripts that are there again; ask the model nothing.")
@click.option("--log", is_flag=True, help="Also write RUN/evals/NAME/NAME.eval, which `inspect view` opens.")
@click.option("--seed", type=int, default=0, show_default=True, help="Of the generated problems.")
@strict
def command(
    model: str,
    served: str | None,
    on: str,
    out: Path,
    limit: int | None,
    episode_tokens: int | None,
    episode_seconds: float | None,
    rescore: bool,
    log: bool,
    seed: int,
) -> Said:
    entries = [entry_of(on, "--on")] if on.startswith("{") else on.split(",")
    benchmarks = [plugs.load("benchmark", entry, seed=seed, where="--on") for entry in entries]
    as_entry = model.startswith("{")
    found = plugs.load("model", entry_of(model, "MODEL"), where="MODEL") if as_entry else model_named(model, served)
    budget = Budget(tokens=episode_tokens or 0, seconds=episode_seconds or 0.0)
    for benchmark in benchmarks:
        evaluate(found, benchmark, out, limit=limit, rescore=rescore, log=log, budget=budget, say=tell)
    return told_of(found.name, benchmarks, out)
