"""Do everything a recipe asks for: build, tokenise, train, eval, report; finished stages are not done twice."""

from __future__ import annotations

import os
from pathlib import Path

import click

from agentflan.cli.forecasts import forecast_text
from agentflan.cli.options import strict
from agentflan.cli.said import Said, tell
from agentflan.cli.scores import scores_table
from agentflan.cli.tables import ledger_table, left_over
from agentflan.core.errors import Mistake
from agentflan.core.ranks import world
from agentflan.corpus.engines.local import Local
from agentflan.recipes.asking import ask_all, can_ask
from agentflan.recipes.forecast import Asked, forecast
from agentflan.recipes.ready import require_ready
from agentflan.recipes.recipe import load
from agentflan.recipes.run import (
    How,
    build_all,
    measure_all,
    report_on,
    scores_of,
    tokenise_all,
    tune_all,
)


@click.command()
@click.argument("recipe")
@click.option("-o", "--out", type=click.Path(path_type=Path), help="The run folder; runs/RECIPE if left out.")
@click.option("--workers", type=click.IntRange(min=1), default=os.cpu_count() or 1, help="Processes that build.")
@click.option("--offline", is_flag=True, help="Refuse to leave rows waiting for a language model's replies.")
@click.option("--dry-run", is_flag=True, help="Check everything, say what would be done, write nothing.")
@click.option("--gpus", type=click.IntRange(min=1), help="What --dry-run reckons with; the recipe's if left out.")
@click.option("--rate", type=click.FloatRange(min=0, min_open=True), help="Tokens/s of one GPU, for --dry-run's time.")
@strict
def command(
    recipe: str,
    out: Path | None,
    workers: int,
    offline: bool,
    dry_run: bool,
    gpus: int | None,
    rate: float | None,
) -> Said:
    if world() > 1:
        mend = "launch `agentflan train` first, then this without a launcher: what is done is not done twice"
        raise Mistake("`agentflan run` starts its processes itself", mend=mend)
    arms = load(recipe, rows=not dry_run)
    out = out or Path("runs") / Path(recipe).stem
    if dry_run:
        require_ready(arms, foreseen=True)
        plan = forecast(arms, out, Asked(recipe, gpus, rate))
        return Said(plan, forecast_text(plan))
    require_ready(arms)
    how = How(Local(workers=workers))
    if not offline and can_ask(arms):
        ask_all(arms, out, how, say=tell)
    ledgers = build_all(arms, out, how, offline=offline, say=tell)
    for arm, ledger in zip(arms, ledgers, strict=True):
        tell(ledger_table(arm.name, ledger) + "\n")
    tuned = any(arm.recipe.train or arm.base for arm in arms)
    if tuned:
        tokenise_all(arms, out, say=tell)
        tune_all(arms, out, say=tell)
        measure_all(arms, out, say=tell)
    page = report_on(out, say=tell)
    scores = scores_of(arms, out)
    caveats = [f"- {caveat}" for caveat in arms[0].recipe.caveats]
    shown = ["", "What this does not show:", *caveats] if caveats else []
    text = "\n".join([scores_table(scores), *shown, "", f"report: {page}"]).strip()
    return Said({"scores": scores, "report": page}, text, sum(map(left_over, ledgers)))
