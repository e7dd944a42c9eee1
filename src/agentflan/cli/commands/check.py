"""Say what a data file or a built corpus is, how much of it can be used, and what is wrong with it, where."""

from __future__ import annotations

from pathlib import Path

import click

from agentflan.cli.said import Said
from agentflan.cli.tables import table
from agentflan.corpus.check import Checked, check
from agentflan.corpus.lints import LINTS


@click.command()
@click.argument("path", type=click.Path(path_type=Path))
def command(path: Path) -> Said:
    checked = check(path)
    return Said(checked, _page(path, checked))


def _page(path: Path, checked: Checked) -> str:
    head = (
        f"{path}: {checked.format} ({checked.kind}, {checked.confidence:.0%} of the rows recognised), "
        f"{checked.usable:,} of {checked.rows:,} rows usable"
    )
    found = [[reason, f"{count:,}", checked.places[reason], ""] for reason, count in checked.reasons.items()]
    found += [[code, f"{count:,}", checked.places[code], LINTS[code]] for code, count in checked.lints.items()]
    return head if not found else f"{head}\n\n{table(['what', 'how often', 'first', 'why it matters'], found)}"
