"""Two models on the same problems, in pairs: what got better, what got worse, and what luck alone could do."""

from __future__ import annotations

from pathlib import Path

import click

from agentflan.cli.differences import differences_table
from agentflan.cli.said import Said
from agentflan.evals.comparing.comparison import compared
from agentflan.evals.comparing.runs import evaluation, shared


@click.command()
@click.argument("first", metavar="A", type=click.Path(path_type=Path))
@click.argument("second", metavar="B", type=click.Path(path_type=Path))
@click.option("--on", default="", help="One benchmark; without it all that both runs hold.")
@click.option("--parts", is_flag=True, help="Also each metric by part: circumstance, form, language, category.")
def command(first: Path, second: Path, on: str, parts: bool) -> Said:
    found = [
        compared(name, evaluation(one), evaluation(other)) for name, (one, other) in shared(first, second, on).items()
    ]
    return Said({"comparisons": found}, "\n\n".join(differences_table(each, parts=parts) for each in found))
