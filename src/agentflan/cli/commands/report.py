"""Write the static page of a run, or of a folder of runs side by side; it opens offline."""

from __future__ import annotations

from pathlib import Path

import click

from agentflan.cli.said import Said
from agentflan.report.page import write_report


@click.command()
@click.argument("run", type=click.Path(path_type=Path))
@click.option("-o", "--out", type=click.Path(path_type=Path, dir_okay=False), help="Where to write; RUN/report.html.")
def command(run: Path, out: Path | None) -> Said:
    page = write_report(run, out)
    return Said({"report": page}, f"written to {page}")
