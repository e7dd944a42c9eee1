"""Build the corpus of a recipe: raw rows in, conversations out, with books that balance.

`--shard 1/2` does every second piece of the work, on this machine or another one that sees the same files; shares can
run at once or one after the other. Each does what can be done before the other shares are done as well and says how far
it came; run it again, or build without --shard, to do the rest. The corpus is the same, byte for byte.
"""

from __future__ import annotations

from pathlib import Path

import click

from agentflan.cli.options import strict
from agentflan.cli.said import Said, tell
from agentflan.cli.tables import ledger_table, left_over
from agentflan.core import plugs
from agentflan.core.errors import Mistake
from agentflan.corpus.building.build import Share, Unfinished
from agentflan.recipes.recipe import load
from agentflan.recipes.run import How, build_all


@click.command()
@click.argument("recipe")
@click.option("-o", "--out", type=click.Path(path_type=Path), required=True, help="The run folder.")
@click.option("--workers", type=click.IntRange(min=1), default=1, show_default=True, help="Tasks at work at once.")
@click.option("--engine", default="local", show_default=True, help="Who runs them: local, or ray.")
@click.option("--shard", "share", metavar="I/N", help="Do the I-th of N shares of the work.")
@click.option("--offline", is_flag=True, help="Refuse to leave rows waiting for a language model's replies.")
@strict
def command(recipe: str, out: Path, workers: int, engine: str, share: str | None, offline: bool) -> Said:
    arms = load(recipe)
    how = How(plugs.load("engine", {"use": engine, "workers": workers}, where="--engine"), _share(share))
    try:
        ledgers = build_all(arms, out, how, offline=offline, say=tell)
    except Unfinished as left:
        return Said({"share": share, "unfinished": str(left).splitlines()}, str(left))
    tables = [ledger_table(arm.name, ledger) for arm, ledger in zip(arms, ledgers, strict=True)]
    data = {arm.name or "run": ledger for arm, ledger in zip(arms, ledgers, strict=True)}
    return Said(data if len(arms) > 1 else ledgers[0], "\n\n".join(tables), sum(map(left_over, ledgers)))


def _share(text: str | None) -> Share | None:
    if text is None:
        return None
    number, _, of = text.partition("/")
    if not (number.isdecimal() and of.isdecimal() and 1 <= int(number) <= int(of)):
        raise Mistake(f"{text!r} is no share of the work", where="--shard", mend="write 1/2 for the first of two")
    return Share(int(number), int(of))
