"""Rows to conversations in Parquet by `datasets.map`, beside our build: the same parsing and the same conversion."""

from __future__ import annotations

import json
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import msgspec
from datasets import disable_caching, disable_progress_bars, load_dataset

from agentflan.core import plugs
from agentflan.core.chance import coin
from agentflan.core.errors import Unreadable
from agentflan.core.types import Conversation, Trajectory
from agentflan.corpus.building.build import build
from agentflan.corpus.settings import CorpusSettings, load_corpus
from agentflan.sources.toolbench import Toolbench
from agentflan.transforms.converse import Converse
from bench.build import CHAIN, write_rows
from bench.figure import Figure

ROWS = 6_000
ROUNDS = 5
BATCH = 1_000


def bench_convert() -> Iterator[Figure]:
    """Whole runs in turn, each a process of its own, in CPU seconds after its imports. The goal is a ratio of 3."""
    with tempfile.TemporaryDirectory() as folder:
        rows = Path(folder, "rows.jsonl")
        write_rows(rows, ROWS)
        rounds = [{way: _measured(way, rows) for way in WAYS} for _ in range(ROUNDS)]
    for way, what in (("by_row", "load_dataset('json'), row by row"), ("by_batch", "load_dataset('text'), in batches")):
        yield {
            "bench": f"convert_{way}_ratio",
            "value": round(ROWS / statistics.median(taken["ours"] for taken in rounds)),
            "unit": "rows per CPU second",
            "against": f"datasets.map over {what}, with our parsing and conversion, then to_parquet; one process",
            "ratio": round(statistics.median(taken[way] / taken["ours"] for taken in rounds), 2),
            "rounds": ROUNDS,
        }


def _measured(which: str, rows: Path) -> float:
    command = [sys.executable, "-m", "bench.peers.convert", which, str(rows)]
    told = subprocess.run(command, check=True, capture_output=True, text=True)
    seconds: float = json.loads(told.stdout)
    return seconds


def _ours(rows: Path, folder: Path) -> None:
    settings = CorpusSettings(sources=({"use": "toolbench", "path": str(rows)},), transforms=CHAIN)
    build(load_corpus(settings, folder=Path(), seed=0), folder)


def _by_row(rows: Path, folder: Path) -> None:
    """As its documentation begins. What is left out of the corpus needs a second pass, `filter`, in this way."""
    read = load_dataset("json", data_files=str(rows), split="train", cache_dir=str(folder / "cache"))
    convert = _Convert()
    made = read.map(
        lambda row, number: convert.row(json.dumps(dict(row)), number),
        with_indices=True,
        remove_columns=read.column_names,
    )
    made.filter(lambda row: row["messages"] is not None).to_parquet(str(folder / "corpus.parquet"))


def _by_batch(rows: Path, folder: Path) -> None:
    """As somebody writes it who knows where `datasets` loses time: lines, not rows, and a thousand of them at once."""
    lines = load_dataset("text", data_files=str(rows), split="train", cache_dir=str(folder / "cache"))
    made = lines.map(_Convert().batch, batched=True, batch_size=BATCH, with_indices=True, remove_columns=["text"])
    made.to_parquet(str(folder / "corpus.parquet"))


WAYS = {"ours": _ours, "by_row": _by_row, "by_batch": _by_batch}


class _Convert:
    """Lines -> columns of conversations; what cannot be read or is not finished is left out.

    It does none of what a build does beside: ids by content, folded prefix rows, exact shares, books, trajectories.
    """

    def __init__(self) -> None:
        self._source = Toolbench()
        _, (_, self._write) = Converse().parts()
        self._finished, self._rebalance = (plugs.load("transform", CHAIN[place], seed=0) for place in (0, 2))

    def batch(self, lines: dict[str, list[str]], numbers: list[int]) -> dict[str, list[Any]]:
        rows = [self.row(line, number) for line, number in zip(lines["text"], numbers, strict=True)]
        kept = [row for row in rows if row["messages"] is not None]
        return {name: [row[name] for row in kept] for name in ("id", "tools", "messages")}

    def row(self, line: str, number: int) -> dict[str, Any]:
        item = self._converted(line, number)
        if not isinstance(item, Conversation):
            return {"id": str(number), "tools": None, "messages": None}
        tools = msgspec.json.encode(item.tools).decode()
        return {"id": item.id, "tools": tools, "messages": msgspec.to_builtins(item.messages)}

    def _converted(self, line: str, number: int) -> Any:
        try:
            item = self._source(line.encode())
        except Unreadable:
            return None
        if not isinstance(item, Trajectory):
            return None
        dialect = "react" if coin(0, "react", number) < 0.1 else "talk"
        item = self._finished(msgspec.structs.replace(item, id=str(number), dialect=dialect))
        return self._rebalance(self._write(item))


def _child(which: str, rows: Path) -> float:
    disable_caching()
    disable_progress_bars()
    with tempfile.TemporaryDirectory() as folder:
        begin = time.process_time()
        WAYS[which](rows, Path(folder))
        return time.process_time() - begin


if __name__ == "__main__":
    print(_child(sys.argv[1], Path(sys.argv[2])))
