"""Say what a data file or a built corpus is, how much of it can be used, and what is wrong with it, where.

`--fix` writes the rows with all that is safe repaired beside the file (rows.json -> rows.fixed.jsonl) and shows what it
changed; `--codes` explains every lint.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click

from agentflan.cli.said import Said
from agentflan.cli.tables import table
from agentflan.core.errors import Mistake
from agentflan.corpus.checking.check import MEANINGS, OF_SOURCE, Checked, check
from agentflan.corpus.checking.fix import Fixed, fix
from agentflan.lints.catalogue import CATALOGUE, Lint

SHOWN = 10
"""Changed rows that a terminal shows."""


@click.command()
@click.argument("path", type=click.Path(path_type=Path), required=False)
@click.option("--fix", "wanted", is_flag=True, help="Write the repaired rows and show what was changed.")
@click.option("-o", "--out", type=click.Path(path_type=Path, dir_okay=False), help="Where the repaired rows go.")
@click.option("--in-place", is_flag=True, help="Put the repaired rows in the place of the file.")
@click.option("--mask", type=click.Choice(["secrets", "emails"]), multiple=True, help="Mask these as well.")
@click.option("--codes", is_flag=True, help="Explain every lint instead.")
def command(path: Path | None, wanted: bool, out: Path | None, in_place: bool, mask: Any, codes: bool) -> Said:
    if codes:
        return Said({code: lint._asdict() for code, lint in CATALOGUE.items()}, _codes())
    if path is None:
        raise Mistake("nothing to check", mend="give a file of rows or a run folder")
    if not wanted:
        if out or in_place or mask:
            raise Mistake("-o, --in-place and --mask say how to repair", mend="add --fix")
        checked = check(path)
        return Said(checked, _page(path, checked))
    if out and in_place:
        raise Mistake("-o and --in-place name two places", mend="give one of them")
    if out and out.resolve() == path.resolve():
        raise Mistake("that is the file itself", where=str(out), mend="say --in-place if it is to be replaced")
    fixed = fix(path, path if in_place else out, mask=mask)
    return Said(fixed, _repairs(fixed))


def _page(path: Path, checked: Checked) -> str:
    doubt = f"; {checked.rival} reads them as well" if checked.rival else ""
    head = (
        f"{path}: {checked.format} ({checked.kind}, {checked.confidence:.0%} sure{doubt}), "
        f"{checked.usable:,} of {checked.rows:,} rows usable"
    )
    found = [
        [reason, f"{count:,}", checked.places[reason][0], f"not usable: {MEANINGS.get(reason, OF_SOURCE)}"]
        for reason, count in checked.reasons.items()
    ]
    for code, count in checked.lints.items():
        lint = CATALOGUE[code]
        found.append([code, f"{count:,}", checked.places[code][0], f"{lint.what}: {outcome(lint)}"])
    return head if not found else f"{head}\n\n{table(['what', 'how often', 'first', 'meaning'], found)}"


def _repairs(fixed: Fixed) -> str:
    counts = ", ".join(f"{code} in {count:,}" for code, count in fixed.repaired.items()) or "nothing to repair"
    head = f"{fixed.path} -> {fixed.out}: {fixed.rows:,} rows in, {fixed.written:,} out; "
    head += f"{fixed.changed:,} changed ({counts})"
    if fixed.broken:
        head += f"; {fixed.broken:,} are no JSON and stand there as they were"
    more = fixed.changed - len(fixed.diffs[:SHOWN])
    rest = [f"... and {more:,} more changed rows"] if more > 0 else []
    return "\n\n".join([*fixed.diffs[:SHOWN], *rest, head])


def _codes() -> str:
    rows = [[code, lint.what, lint.why, outcome(lint), lint.fix] for code, lint in CATALOGUE.items()]
    return table(["code", "what", "why it hurts", "a build", "check --fix"], rows)


def outcome(lint: Lint) -> str:
    """What a build does, in words."""
    if lint.action == "keep":
        return "kept"
    done = {"repair": "repaired", "drop": "dropped", "quarantine": "quarantined"}[lint.action]
    return f"{done} by the source" if lint.by == "source" else f"{done} by {lint.by}"
