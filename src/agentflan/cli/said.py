"""What a command says: its result when it is done, and progress on the way."""

from __future__ import annotations

from typing import Any

import click
import msgspec

from agentflan.core.ranks import rank


class Said(msgspec.Struct, frozen=True):
    """The result of a command. Commands print nothing themselves: `main.py` prints this and sets the exit code."""

    data: Any
    """The one object of `--json`: mappings, sequences, plain values, records, paths."""
    text: str = ""
    """The same for a person, on stdout."""
    left: int = 0
    """Rows in quarantine or pending: under `--strict` any of them makes the exit code 3."""

    def json(self) -> str:
        return msgspec.json.encode(self.data, enc_hook=str).decode()


def tell(line: str) -> None:
    """A line of progress, on stderr; of several processes that do the same, the first one tells it."""
    if rank() == 0:
        click.echo(line, err=True)
