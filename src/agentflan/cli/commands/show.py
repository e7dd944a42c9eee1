"""Print a conversation with its text coloured by capability and by loss.

PATH is a run folder, its corpus or its tokens; ID is an id or its beginning, the first conversation if left out.
"""

from __future__ import annotations

import os
import sys
from pathlib import Path

import click

from agentflan.cli.said import Said
from agentflan.report.lossmap import as_terminal, counts
from agentflan.report.shown import find_conversation, write_conversation


@click.command()
@click.argument("path", type=click.Path(path_type=Path))
@click.argument("item_id", metavar="[ID]", required=False)
@click.option("--html", type=click.Path(path_type=Path, dir_okay=False), help="Write a page to this file instead.")
def command(path: Path, item_id: str | None, html: Path | None) -> Said:
    item = find_conversation(path, item_id)
    data = {"conversation": item, "characters": counts(item), "html": html}
    if html:
        write_conversation(item, html)
        return Said(data, f"written to {html}")
    colour = sys.stdout.isatty() and "NO_COLOR" not in os.environ
    return Said(data, as_terminal(item, colour=colour))
