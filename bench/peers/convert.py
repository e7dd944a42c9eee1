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
from agentflan.corpus.build import build
from agentflan.corpus.settings import CorpusSettings, load_corpus
from agentflan.sources.toolbench import Toolbench
from agentflan.transforms.converse import Converse
from bench.build import CHAIN, write_rows
from bench.figure import Figure

ROWS = 6_000
ROUNDS = 5
BATCH = 1_000


def bench_convert() -> Iterator[Figure]:
    """Whole runs in turn, each in a process of its own that is timed behind its imports. The goal is a ratio of 3."""
    with tempfile.TemporaryDirectory() as folder:
        rows = Path(folder, "rows.jsonl")
        write_rows(rows, ROWS)
        pairs = [(_measured("ours", rows), _measured("theirs", rows)) for _ in range(ROUNDS)]
    yield {
        "bench": "convert_ratio",
        "value": round(ROWS / statistics.median(ours for ours, _ in pairs)),
        "unit": "rows/s",
        "against": "datasets.map with our own parsing and conversion, batched, one process, and to_parquet",
        "ratio": round(statistics.median(theirs / ours for ours, theirs in pairs), 2),
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


def _theirs(rows: Path, folder: Path) -> None:
    """Without what a build does beside: ids by content, prefix rows folded, exact shares, books, trajectories kept."""
    lines = load_dataset("text", data_files=str(rows), split="train", cache_dir=str(folder / "cache"))
    made = lines.map(_Convert(), batched=True, batch_size=BATCH, with_indices=True, remove_columns=["text"])
    made.to_parquet(str(folder / "corpus.parquet"))


class _Convert:
    """A batch of lines -> columns of conversations; what cannot be read or is not finished is left out."""

    def __init__(self) -> None:
        self._source = Toolbench()
        (_, self._share), (_, self._write) = Converse().parts()
        self._finished, self._rebalance = (plugs.load("transform", CHAIN[place], seed=0) for place in (0, 2))

    def __call__(self, lines: dict[str, list[str]], numbers: list[int]) -> dict[str, list[Any]]:
        found = [self._converted(line, number) for line, number in zip(lines["text"], numbers, strict=True)]
        kept = [item for item in found if isinstance(item, Conversation)]
        tools = [msgspec.json.encode(item.tools).decode() for item in kept]
        messages = [msgspec.to_builtins(item.messages) for item in kept]
        return {"id": [item.id for item in kept], "tools": tools, "messages": messages}

    def _converted(self, line: str, number: int) -> Any:
        try:
            item = self._source(line.encode())
        except Unreadable:
            return None
        if not isinstance(item, Trajectory):
            return None
        item = self._finished(msgspec.structs.replace(item, id=str(number)))
        if not isinstance(item, Trajectory):
            return None
        item = self._write(self._share.apply(item, coin(0, "react", number) < 0.1))
        return self._rebalance(item)


def _child(which: str, rows: Path) -> float:
    disable_caching()
    disable_progress_bars()
    with tempfile.TemporaryDirectory() as folder:
        begin = time.perf_counter()
        (_ours if which == "ours" else _theirs)(rows, Path(folder))
        return time.perf_counter() - begin


if __name__ == "__main__":
    print(_child(sys.argv[1], Path(sys.argv[2])))
