"""What the files of a run say of each of its sources: what came in, what left and why, and what the rest is like."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import msgspec
import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from agentflan.core.kinds import RunFolder
from agentflan.corpus.tokens.arrays import Tokens
from agentflan.report.runs import decoded, ledger


class Source(msgspec.Struct):
    """One source of a run."""

    rows: int = 0
    usable: int = 0
    """Rows that could be read as trajectories and were not dropped by their source."""
    dropped: Counter[str] = msgspec.field(default_factory=Counter)
    """Reason -> items, over all stages."""
    quarantined: Counter[str] = msgspec.field(default_factory=Counter)
    kept: int = 0
    """Trajectories that became conversations; made ones (lessons, negatives) are not among them."""
    agents: int = 0
    """Those of them that are no plain chat; steps and thoughts are theirs."""
    steps: int = 0
    thoughts: int = 0
    """Steps with a thought."""
    licences: set[str] = msgspec.field(default_factory=set)
    sequences: int = 0
    tokens: int = 0


class _Left(msgspec.Struct):
    """A line of dropped.jsonl or quarantine.jsonl."""

    source: str
    reason: str


def sources(run: RunFolder) -> dict[str, Source]:
    """By name, in the order of the recipe; empty where the run has no ledger."""
    book = ledger(run)
    found: dict[str, Source] = {}
    for name, stage in (book.sources if book else {}).items():
        found[name] = Source(rows=stage.into, usable=stage.out)
    for kind, file in (("dropped", "dropped"), ("quarantined", "quarantine")):
        for left in _lines(run.folder / "corpus" / f"{file}.jsonl"):
            getattr(found.setdefault(left.source, Source()), kind)[left.reason] += 1
    for part in _parts(run.folder / "trajectories"):
        columns = ["source", "kind", "licence", "steps.list.element.thought"]
        for batch in pq.ParquetFile(part).iter_batches(columns=columns, use_threads=False):
            _count(batch, found)
    if (run.folder / "tokens" / "sequences.txt").is_file():
        _count_tokens(run.folder, found)
    return found


def _parts(folder: Path) -> list[Path]:
    return sorted(folder.glob("part-*.parquet"))


def _lines(path: Path) -> Iterator[_Left]:
    if path.is_file():
        with path.open("rb") as stream:
            for number, line in enumerate(stream, 1):
                yield decoded(line, _Left, f"{path}:{number}")


def _count(batch: pa.RecordBatch, found: dict[str, Source]) -> None:
    steps = batch.column("steps")
    written = pc.not_equal(steps.flatten().field("thought"), "").to_numpy(zero_copy_only=False)
    thoughts = np.bincount(pc.list_parent_indices(steps), weights=written, minlength=batch.num_rows)
    lengths = pc.list_value_length(steps)
    columns = [batch.column(name).to_pylist() for name in ("source", "kind", "licence")]
    for name, kind, licence, length, thought in zip(*columns, lengths.to_pylist(), thoughts.tolist(), strict=True):
        source = found.setdefault(name, Source())
        source.kept += 1
        source.licences.add(licence)
        if kind != "general":
            source.agents += 1
            source.steps += length
            source.thoughts += int(thought)


def _count_tokens(run: Path, found: dict[str, Source]) -> None:
    """Sequences stand in the order of the conversations they come from, some of which gave none."""
    tokens = Tokens.open(run / "tokens")
    sequences = zip(tokens.names(), np.diff(tokens.offsets).tolist(), strict=True)
    name, length = next(sequences, ("", 0))
    for part in _parts(run / "corpus"):
        table = pq.read_table(part, columns=["id", "source"])
        for id, source in zip(table["id"].to_pylist(), table["source"].to_pylist(), strict=True):
            if id == name:
                facts = found.setdefault(source, Source())
                facts.sequences += 1
                facts.tokens += length
                name, length = next(sequences, ("", 0))
