"""Options that many commands share, and where the context keeps what was given."""

from __future__ import annotations

import click

JSON = "agentflan.json"
STRICT = "agentflan.strict"


def _keep(context: click.Context, option: click.Parameter, given: bool) -> None:
    context.meta[f"agentflan.{option.name}"] = given


def json_option() -> click.Option:
    """`--json`, which `main.py` adds to every command."""
    about = "Print one JSON object on stdout."
    return click.Option(["--json"], is_flag=True, expose_value=False, callback=_keep, help=about)


strict = click.option(
    "--strict",
    is_flag=True,
    expose_value=False,
    callback=_keep,
    help="Exit with 3 if rows are left in quarantine or pending.",
)
"""Decorates every command whose work can leave rows; their number goes into `Said.left`."""
