"""Ask a language model for the replies that a recipe needs, and build the corpus with them.

Replies are kept in RUN/replies.jsonl as they come; whatever ends it, the next call goes on from there. The key is taken
from AGENTFLAN_API_KEY, or else OPENAI_API_KEY.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import click

from agentflan.cli.options import strict
from agentflan.cli.said import Said, tell
from agentflan.recipes.asking import ask_all, foretell
from agentflan.recipes.recipe import load


@click.command()
@click.argument("recipe")
@click.option("-o", "--out", type=click.Path(path_type=Path), required=True, help="The run folder.")
@click.option("--workers", type=click.IntRange(min=1), default=1, show_default=True, help="Processes that build.")
@click.option("--dry-run", is_flag=True, help="Foretell calls, tokens and cost; ask nothing, write nothing.")
@strict
def command(recipe: str, out: Path, workers: int, dry_run: bool) -> Said:
    arms = load(recipe)
    if dry_run:
        plan = foretell(arms, out, workers=workers)
        return Said(plan, "\n".join(f"{key}: {value}" for key, value in plan.items()))
    result = ask_all(arms, out, workers=workers, say=tell)
    named = result["stages"] if len(arms) > 1 else {"": result["stages"]}
    lines = [_line(arm, name, stage) for arm, stages in named.items() for name, stage in stages.items()]
    left = sum(stage["pending"] for stages in named.values() for stage in stages.values())
    return Said(result, "\n".join(lines), left)


def _line(arm: str, name: str, stage: Mapping[str, Any]) -> str:
    reasons = ", ".join(f"{count:,} {reason}" for reason, count in stage["rejected"].items())
    rejected = f"{stage['rejection_rate']:.1%} rejected" + (f" ({reasons})" if reasons else "")
    unchanged = f", {stage['unchanged']:,} unchanged" if stage["unchanged"] else ""
    return (
        f"{f'{arm} ' if arm else ''}{name}: {stage['asked']:,} asked, {stage['done']:,} done{unchanged}, "
        f"{rejected}, {stage['pending']:,} pending"
    )
