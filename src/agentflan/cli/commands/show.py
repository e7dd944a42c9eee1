"""Print a conversation with its tokens coloured by capability and by loss.

PATH is a run folder or its tokens, and shows what is trained token by token; its corpus, or a run without tokens, shows
characters. ID is an id or its beginning, the first conversation if left out. `--stages` builds the corpus once more and
shows the raw row beside what each transform made of it; rows that left can be looked at as well. Of a run whose
training was stopped by its loss, and of its `train/stopped`, the batch that was kept is shown, with the loss of each
sequence.
"""

from __future__ import annotations

import os
import shutil
import sys
from pathlib import Path
from typing import Any

import click
import msgspec

from agentflan.cli.said import Said, tell
from agentflan.core.errors import Mistake
from agentflan.corpus.building.trace import Change
from agentflan.recipes.again import trace_again
from agentflan.report import shown
from agentflan.report.beside import as_terminal, write_stages
from agentflan.report.lossmap import Run, counts
from agentflan.report.stopped import batch_as_text, kept_in, stopped, write_stopped


@click.command()
@click.argument("path", type=click.Path(path_type=Path))
@click.argument("item_id", metavar="[ID]", required=False)
@click.option("--tokens", is_flag=True, help="Every token apart, with its id.")
@click.option("--stages", is_flag=True, help="The raw row beside what became of it, transform by transform.")
@click.option("--html", type=click.Path(path_type=Path, dir_okay=False), help="Write a page to this file instead.")
def command(path: Path, item_id: str | None, tokens: bool, stages: bool, html: Path | None) -> Said:
    if tokens and stages:
        raise click.UsageError("--tokens and --stages are two different pictures: choose one")
    colour = sys.stdout.isatty() and "NO_COLOR" not in os.environ
    kept = kept_in(path)
    if kept and not stages and (item_id is None or kept.parent == path):
        return _stopped(kept, item_id, tokens, html, colour)
    return _stages(path, item_id, html, colour) if stages else _map(path, item_id, tokens, html, colour)


def _map(path: Path, item_id: str | None, tokens: bool, html: Path | None, colour: bool) -> Said:
    found = shown.show(path, item_id)
    if tokens and not found.tokens and not found.skipped:
        raise Mistake(
            "has no tokens to show", where=str(path), mend="run `agentflan tokenise`, and give the run folder"
        )
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
    return Said(data, shown.as_text(found, colour=colour, ids=tokens and found.tokens))


def _stopped(kept: Path, item_id: str | None, ids: bool, html: Path | None, colour: bool) -> Said:
    found = stopped(kept, item_id)
    pairs = zip(found.batch.sequences, found.runs, strict=True)
    sequences = [{**msgspec.structs.asdict(one), "tokens": [_plain(run) for run in runs]} for one, runs in pairs]
    data = {**msgspec.structs.asdict(found.batch), "sequences": sequences, "html": html}
    if html:
        write_stopped(found, html, ids=ids)
        return Said(data, f"written to {html}")
    return Said(data, batch_as_text(found, colour=colour, ids=ids))


def _stages(path: Path, item_id: str | None, html: Path | None, colour: bool) -> Said:
    corpus = shown.corpus_of(path)
    found = trace_again(corpus.parent, shown.full_id(corpus, item_id), tell)
    was = msgspec.json.decode((corpus / "ledger.json").read_bytes())
    note = (
        "" if found.ledger == was else "Built once more it comes out otherwise: agentflan or the replies have changed."
    )
    data = {
        "id": found.id,
        "source": found.source,
        "row": found.row.decode("utf-8", "backslashreplace"),
        "read": found.read,
        "stages": [
            {"name": name, "changes": [_asdict(change) for change in changes]} for name, changes in found.stages
        ],
        "same_ledger": not note,
        "html": html,
    }
    if note:
        tell(note)
    if html:
        write_stages(found, html, note)
        return Said(data, f"written to {html}")
    return Said(data, as_terminal(found, colour=colour, columns=shutil.get_terminal_size().columns))


def _asdict(change: Change) -> dict[str, Any]:
    return {"id": change.id, "before": change.before, "after": change.after, "lost": change.lost}


def _plain(run: Run) -> dict[str, Any]:
    label = {"trained": run.trained, "capability": run.capability, "weight": run.weight}
    return {"id": run.id, "text": run.text, **label, "mark": run.mark}
