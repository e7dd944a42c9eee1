"""Write the static page of a run, or of a folder of runs side by side; it opens offline."""

from __future__ import annotations

from pathlib import Path

import click

from agentflan.cli.paper import paper_data, paper_text
from agentflan.cli.said import Said
from agentflan.report.page import write_report
from agentflan.report.paper import paper_tables
from agentflan.report.runs import run_folders


@click.command()
@click.argument("run", type=click.Path(path_type=Path))
@click.option("-o", "--out", type=click.Path(path_type=Path, dir_okay=False), help="Where to write; RUN/report.html.")
@click.option("--paper", is_flag=True, help="Print the run in the paper's tables instead, beside the published rows.")
def command(run: Path, out: Path | None, paper: bool) -> Said:
    if paper:
        tables = paper_tables(run_folders(run))
        return Said(paper_data(tables), paper_text(tables))
    page = write_report(run, out)
    return Said({"report": page}, f"written to {page}")
