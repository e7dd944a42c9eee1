"""Writes the rows of a file with all that is safe repaired, and shows each change; the file itself stays as it is."""

from __future__ import annotations

import os
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import msgspec

from agentflan.core import plugs
from agentflan.core.errors import Mistake
from agentflan.core.kinds import WholeFile
from agentflan.core.types import Quarantined
from agentflan.corpus.checking.diff import diff
from agentflan.corpus.checking.recognise import File, recognise
from agentflan.corpus.checking.repeats import Keys, Repeats, key_of
from agentflan.corpus.files.rows import ROW_LIMIT
from agentflan.lints.repairs import Mask, repaired

KEPT = 100
"""Changed rows whose changes are told."""


class Fixed(msgspec.Struct, kw_only=True):
    """The answer of `agentflan check FILE --fix`."""

    path: Path
    out: Path
    rows: int = 0
    written: int = 0
    changed: int = 0
    """Rows that were repaired or, as repetitions, left out."""
    repaired: dict[str, int] = {}
    """Lint code -> rows."""
    broken: int = 0
    """Rows that are no JSON and stand in `out` as they were; `check` says why."""
    diffs: list[str] = []
    """The changes of the first `KEPT` such rows, as unified diffs."""


def fix(path: Path, out: Path | None = None, *, mask: tuple[Mask, ...] = ()) -> Fixed:
    """Repaired rows as JSON lines at `out`, else beside the file. Raises Mistake for what is no file of rows."""
    if not path.is_file():
        raise Mistake("only files of rows are repaired", where=str(path), mend="repair the rows and build again")
    out = out or path.with_name(f"{path.stem}.fixed.jsonl")
    staged = out.with_name(f"{out.name}.tmp")
    file, done = File(path), Fixed(path=path, out=out)
    try:
        with staged.open("wb") as stream:
            for line in _lines(file, done, mask):
                stream.write(line + b"\n")
            stream.flush()
            os.fsync(stream.fileno())
        staged.replace(out)
    finally:
        staged.unlink(missing_ok=True)
    if file.marked:
        done.repaired["AF605"] = 1
    done.repaired = dict(sorted(done.repaired.items()))
    return done


def _lines(file: File, done: Fixed, mask: tuple[Mask, ...]) -> Iterator[bytes]:
    known = recognise(file)
    source = plugs.load("source", known.name) if known.name else None
    whole = source if isinstance(source, WholeFile) else None  # pieces of a row stay together in their row
    repeats, seen, counts = _repeats(file, whole), set[int](), Counter[str]()
    for number, row in enumerate(file.rows(whole), 1):
        done.rows = number
        if isinstance(row, Quarantined):
            _tell(done, f"row {number} is left out: {row.reason}, {row.detail}")
            continue
        key = key_of(row.strip()) if repeats.keys else 0
        if key in seen:
            counts["AF601"] += 1
            _tell(done, f"row {number} repeats an earlier row and is left out")
            continue
        seen |= {key} & repeats.keys
        if not row.strip():
            _tell(done, f"row {number} is empty and is left out")
            continue
        done.written += 1
        line, codes, changes = _repaired(row, mask)
        done.broken += changes == (None, None)
        counts.update(codes)
        if codes:
            _tell(done, diff(f"{done.path.name} row {number}", f"{done.out.name} row {done.written}", changes))
        yield from _turns(line) if whole else (line,)
    done.repaired = dict(counts)


def _repeats(file: File, source: object) -> Repeats:
    with Keys() as keys:
        for number, row in enumerate(file.rows(source), 1):
            if isinstance(row, bytes):
                keys.add(number, row.strip())
        return keys.repeats()


def _repaired(row: bytes, mask: tuple[Mask, ...]) -> tuple[bytes, list[str], tuple[Any, Any]]:
    """(line to write, codes of what was repaired, the row before and after). A broken row goes on as it is."""
    codes = ["AF604"] if row.endswith(b"\r") else []
    row = row.strip()
    try:
        before = msgspec.json.decode(row) if len(row) <= ROW_LIMIT else None
        after, found = repaired(before, mask)
        # Numbers that nothing was wrong with keep their spelling.
        line = msgspec.json.encode(after) if found else msgspec.json.format(row, indent=-1)
    except (msgspec.DecodeError, UnicodeError, RecursionError):
        return row.replace(b"\n", b" "), codes, (None, None)
    return line, [*codes, *found], (before, after)


def _turns(line: bytes) -> list[bytes]:
    """The lines of a file that is one row, as they were before they were put together for its source."""
    try:
        return [bytes(turn) for turn in msgspec.json.decode(line, type=list[msgspec.Raw])]
    except msgspec.DecodeError:
        return [line]


def _tell(done: Fixed, what: str) -> None:
    done.changed += 1
    if len(done.diffs) < KEPT:
        done.diffs.append(what)
