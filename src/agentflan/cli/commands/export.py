"""Write a built corpus in another tool's format, with a data card.

RUN is the folder of one run. What the format cannot carry, and what had to be left out, is counted and said.
"""

from __future__ import annotations

from pathlib import Path

import click
import msgspec

from agentflan.cli.said import Said
from agentflan.cli.tables import table
from agentflan.core import plugs
from agentflan.corpus.exporting.account import LOST, Account
from agentflan.corpus.exporting.export import export
from agentflan.recipes.text import entry_of


@click.command()
@click.argument("run", type=click.Path(path_type=Path))
@click.option(
    "--to", required=True, help="A format (`agentflan list export`), or one as in a recipe: {use: NAME, ...}."
)
@click.option("-o", "--out", type=click.Path(path_type=Path), required=True, help="The folder to write.")
def command(run: Path, to: str, out: Path) -> Said:
    entry = entry_of(to, "--to") if to.startswith("{") else {"use": to}
    if isinstance(name := entry.get("use"), str) and ":" not in name:
        entry["use"] = name.replace("-", "_")  # ms-swift and others are spelled so
    account = export(run, plugs.load("export", entry, where="--to"), out)
    return Said({**msgspec.to_builtins(account), "folder": out}, _page(account, out))


def _page(account: Account, out: Path) -> str:
    rows = table(["file", "rows"], [[name, f"{count:,}"] for name, count in account.rows.items()])
    lines = [f"{out}: {account.written:,} of {account.items:,} conversations written", rows]
    lines += [f"left out, {reason}: {count:,}" for reason, count in account.dropped.items()]
    lines += [f"not carried, {LOST[name]}: {count:,} conversations" for name, count in account.lost.items()]
    return "\n".join(lines)
