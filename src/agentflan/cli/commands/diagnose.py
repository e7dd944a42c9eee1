"""The paper's three observations for any model and any corpus, without training (section 3).

MODEL is the folder of a saved model. CORPUS is a run, its corpus or its tokens folder, or a file of raw rows that
`agentflan check` knows. Said are the loss on format against content, the loss of each capability, and how often the
model calls where a plain reply is due: the corpus' queries without tools, with irrelevant ones, and ordinary queries.
Intervals are 95 %.
"""

from __future__ import annotations

from importlib import import_module
from pathlib import Path
from typing import Any

import click

from agentflan.cli.diagnosis import diagnosis_tables
from agentflan.cli.said import Said, tell


@click.command()
@click.argument("model")
@click.argument("corpus", type=click.Path(path_type=Path))
@click.option("-o", "--out", type=click.Path(path_type=Path), help="A run folder: diagnosis.json, for its report.")
@click.option(
    "--form",
    "forms",
    type=click.Choice(["as_built", "react", "talk", "native"]),
    multiple=True,
    default=["as_built"],
    show_default=True,
    help="Write the agents' conversations anew in this form; several are compared, and the first is asked in.",
)
@click.option("--limit", type=click.IntRange(min=1), default=200, show_default=True, help="Conversations, by coin.")
@click.option("--problems", type=click.IntRange(min=0), default=200, show_default=True, help="To ask; 0 asks none.")
@click.option("--all", "everything", is_flag=True, help="Also the conversations that the run was trained on.")
@click.option(
    "--template", help="Another than the corpus' own; `model`, the default for raw rows, is the model folder's."
)
@click.option("--device", type=click.Choice(["auto", "cpu", "cuda"]), default="auto", show_default=True)
@click.option("--seed", type=int, default=0, show_default=True, help="Of the coins and the bootstrap.")
def command(model: str, corpus: Path, out: Path | None, **wanted: Any) -> Said:
    # by name, for it brings in torch, which `--help` does without
    module = import_module("agentflan.report.diagnosis.diagnose")
    found = module.diagnose(model, corpus, out, module.Wanted(**wanted), tell)
    return Said(found, diagnosis_tables(found))
