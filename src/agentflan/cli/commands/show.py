"""Print a conversation with its tokens coloured by capability and by loss.

PATH is a run folder or its tokens, and shows what is trained token by token; its corpus, or a run that is not tokenised,
shows characters. ID is an id or its beginning, the first conversation if left out.
"""

from __future__ import annotations

import os
import sys
from pathlib import Path
from typing import Any

import click

from agentflan.cli.said import Said
from agentflan.report import shown
from agentflan.report.lossmap import Run, counts


@click.command()
@click.argument("path", type=click.Path(path_type=Path))
@click.argument("item_id", metavar="[ID]", required=False)
@click.option("--tokens", is_flag=True, help="Every token apart, with its id.")
@click.option("--html", type=click.Path(path_type=Path, dir_okay=False), help="Write a page to this file instead.")
def command(path: Path, item_id: str | None, tokens: bool, html: Path | None) -> Said:
    found = shown.show(path, item_id)
    data = {
        "conversation": found.item,
        "characters": counts(found.item),
        "token_counts": shown.tokens_of(found) if found.tokens else None,
        "tokens": [_plain(run) for run in found.runs] if found.tokens else None,
        "cut": {"messages": len(found.rest), "max_length": found.max_length} if found.rest else None,
        "skipped": found.skipped,
        "html": html,
    }
    if html:
        shown.write_conversation(found, html, ids=tokens and found.tokens)
        return Said(data, f"written to {html}")
    colour = sys.stdout.isatty() and "NO_COLOR" not in os.environ
    return Said(data, shown.as_text(found, colour=colour, ids=tokens and found.tokens))


def _plain(run: Run) -> dict[str, Any]:
    label = {"trained": run.trained, "capability": run.capability, "weight": run.weight}
    return {"id": run.id, "text": run.text, **label, "mark": run.mark}
