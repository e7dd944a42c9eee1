"""How `bench.peers` speaks with a tool's process: a line in, a line out, so that both sides can be timed in turns."""

from __future__ import annotations

import json
import os
import sys
import time
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path
from typing import Any, NamedTuple


class Row(NamedTuple):
    """A row of the export as the tool trains it."""

    id: str
    ids: list[int]
    labels: list[int]
    """The token's own id, or -100: not trained."""
    weights: list[float] | None = None
    """What the loss of each token is multiplied with, where the tool says so."""


def answer(measure: Callable[[], float]) -> None:
    """For each line of input one measurement, whose seconds go out. What the tool itself prints goes to stderr."""
    answers = os.fdopen(os.dup(1), "w")
    os.dup2(2, 1)
    for _ in sys.stdin:
        answers.write(json.dumps({"seconds": measure()}) + "\n")
        answers.flush()


def serve(prepare: Callable[[], Iterable[Row]]) -> None:
    """For each line of input one preparation, from files to tokens; its CPU seconds go out, its rows to the file named.

    An empty line wants the time alone. What the tool itself prints goes to stderr.
    """
    answers = os.fdopen(os.dup(1), "w")
    os.dup2(2, 1)
    for line in sys.stdin:
        begin = time.process_time()
        rows = prepare()
        seconds = time.process_time() - begin
        if path := line.strip():
            with Path(path).open("w", encoding="utf-8") as stream:
                stream.writelines(json.dumps(row) + "\n" for row in rows)
        answers.write(json.dumps({"seconds": seconds}) + "\n")
        answers.flush()


def rows_of(columns: Mapping[str, Any], ids: Iterable[str]) -> Iterable[Row]:
    """The rows of a tokenised data set whose order is that of `ids`."""
    return map(Row, ids, columns["input_ids"], columns["labels"])


def ids_in(file: Path) -> list[str]:
    with file.open(encoding="utf-8") as stream:
        return [json.loads(line)["id"] for line in stream]
