"""Endless texts in the places of a row: `python -m tests.sources.endless NAME` reads them with a source."""

from __future__ import annotations

import copy
import importlib
import json
import sys
import time
from collections.abc import Iterator
from typing import Any

from agentflan.core import plugs
from agentflan.core.types import Trajectory
from agentflan.corpus.files.reading import read
from agentflan.corpus.files.rows import pieces_of
from tests.transforms.drawn import settle

REPEATED = (
    "\n",
    "\nThought: ",
    "\nAction: a[",
    "\nObservation: ",
    '"',
    "\\",
    "{",
    "[{'a': (",
    "}",
    "<tool_call>",
    "<think>",
    "```\n",
    "\x1b[",
    "a, ",
)
CHAIN = ("format_lessons", "converse", "rebalance", "negatives")


def places(value: Any) -> list[tuple[Any, Any]]:
    """(container, key) of every text inside."""
    inside = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    return [place for key, held in inside for place in ([(value, key)] if isinstance(held, str) else places(held))]


def rows(name: str, text: str, most: int) -> Iterator[bytes]:
    """The sample of a source with a text after one of its own, each in another place."""
    sample = importlib.import_module(f"tests.sources.samples.{name}").ROW
    count = len(places(sample))
    for place in range(0, count, max(1, count // most)):
        row = copy.deepcopy(sample)
        container, key = places(row)[place]
        container[key] += text
        yield json.dumps(row).encode()


def work(source: Any, row: bytes) -> None:
    """A row through its source and the paper's chain."""
    for piece in pieces_of(row, source):
        outcome = read(source, piece)
        items = [outcome] if isinstance(outcome, Trajectory) else []
        for transform in CHAIN:
            items, _ = settle(plugs.load("transform", transform), items)


def seconds(name: str, text: str, size: int) -> float:
    """Processor time for rows whose text is repeated up to a size, the best of three."""
    source = plugs.load("source", name)
    made = list(rows(name, text * (size // len(text)), 3))
    spent = []
    for _ in range(3):
        start = time.process_time()
        for row in made:
            work(source, row)
        spent.append(time.process_time() - start)
    return min(spent)


def main(name: str) -> None:
    source = plugs.load("source", name)
    for row in rows(name, " " * 10_000_000, 4):
        work(source, row)
    for text in REPEATED:
        for row in rows(name, text * (500_000 // len(text)), 2):
            work(source, row)


if __name__ == "__main__":
    main(sys.argv[1])
