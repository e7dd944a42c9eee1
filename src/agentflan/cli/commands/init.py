"""Write a recipe and small demonstration data into DIR, ready to run."""

from __future__ import annotations

from pathlib import Path

import click

from agentflan.cli.said import Said
from agentflan.core.errors import Mistake
from agentflan.recipes.demo import write_demo


@click.command()
@click.argument("folder", metavar="DIR", type=click.Path(path_type=Path))
@click.option("--seed", type=int, default=0, show_default=True, help="Another one draws every row anew.")
def command(folder: Path, seed: int) -> Said:
    if folder.exists() and (not folder.is_dir() or any(folder.iterdir())):
        raise Mistake("is there already and is not an empty folder", where=str(folder), mend="name a new folder")
    write_demo(folder, seed)
    recipe = folder / "demo.yaml"
    files = sorted(str(path.relative_to(folder)) for path in folder.rglob("*") if path.is_file())
    return Said({"folder": folder, "files": files}, f"next: agentflan run {recipe} -o runs/demo")
