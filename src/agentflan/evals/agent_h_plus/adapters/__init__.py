"""Other people's files as cases. One module a format; which one a file is, its first record tells."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, NamedTuple

import msgspec

from agentflan.core.errors import Mistake
from agentflan.evals import files
from agentflan.evals.agent_h_plus.adapters import bfcl, glaive, toolbehonest, when2call
from agentflan.evals.agent_h_plus.cases import Case

Read = Callable[[dict[str, Any], str], Iterator[Case]]
"""(record, an id for it) -> its cases. A record that holds none gives none."""

_FORMATS: dict[str, tuple[Callable[[dict[str, Any]], bool], Read]] = {
    "glaive": (glaive.known, glaive.cases),
    "bfcl": (bfcl.known, bfcl.cases),
    "when2call": (when2call.known, when2call.cases),
    "toolbehonest": (toolbehonest.known, toolbehonest.cases),
}


class Adapted(NamedTuple):
    format: str
    records: int
    without: int
    """Records that hold no case."""
    cases: tuple[Case, ...]


def adapted(path: Path) -> Adapted:
    """All cases of a file. Raises Mistake with the place of a record that is not of the file's format."""
    name, rows = _rows(path)
    known, read = _FORMATS[name]
    found: dict[str, Case] = {}
    without = 0
    for number, (where, row) in enumerate(rows):
        if not known(row):
            raise Mistake(f"this is no record of {name}, as the first one is", where=where, mend="keep formats apart")
        try:
            cases = list(read(row, f"{name}/{number}"))
        except (AttributeError, KeyError, TypeError, msgspec.MsgspecError) as error:
            raise Mistake(
                f"this record of {name} is broken: {error}", where=where, mend="mend it or leave it out"
            ) from error
        twice = next((case.id for case in cases if case.id in found), None)
        if twice:
            raise Mistake(f"the id {twice!r} is there twice", where=where, mend="give each record its own")
        without += not cases
        found |= {case.id: case for case in cases}
    if not found:
        raise Mistake(f"no problem is to be had from these {name} records", where=str(path), mend="check the file")
    return Adapted(name, len(rows), without, tuple(found.values()))


def _rows(path: Path) -> tuple[str, list[files.Row]]:
    rows = files.rows(path)
    if not rows:
        raise Mistake("this file holds no records", where=str(path), mend="check the path")
    where, first = rows[0]
    for name, (known, _) in _FORMATS.items():
        if known(first):
            return name, rows
    raise Mistake("this record is of no format that is known", where=where, mend=f"known: {', '.join(_FORMATS)}")
