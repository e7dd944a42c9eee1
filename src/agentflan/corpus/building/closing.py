"""What a build leaves when all its tasks are done: the parts, the ledger, and every row that left, with its reason."""

from __future__ import annotations

import shutil
from collections import Counter
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import msgspec

from agentflan.corpus.building import frames
from agentflan.corpus.building.job import Job
from agentflan.corpus.building.ledger import Characters, Counts
from agentflan.corpus.store.parts import sync_folder


def close(job: Job, stages: Sequence[str], out: Path) -> dict[str, Any]:
    """Writes what is left to write, puts `corpus` and `trajectories` in their places and returns the ledger."""
    staged = job.work / "conversations"
    every = [(number, shard) for number in range(len(job.passes) + 1) for shard in range(len(job.shards))]
    for kind in ("dropped", "quarantined", "pending"):
        name = "quarantine" if kind == "quarantined" else kind
        if kind != "pending" or job.replies.asked is not None:
            frames.save(staged / f"{name}.jsonl", _lost(job, every, kind))
    ledger = _ledger(job, stages, every)
    frames.save(staged / "ledger.json", [msgspec.json.format(msgspec.json.encode(ledger), indent=1), b"\n"])
    for table, folder in (("trajectories", out / "trajectories"), ("conversations", out / "corpus")):
        sync_folder(job.work / table)
        shutil.rmtree(folder, ignore_errors=True)
        (job.work / table).rename(folder)
    sync_folder(out)
    shutil.rmtree(job.work)
    return ledger


def _lost(job: Job, every: list[tuple[int, int]], kind: str) -> Iterator[bytes]:
    source, before = "", 0
    for number, shard in every:
        books = job.books(number, shard)
        if number == 0 and job.shards[shard][0].name != source:
            source, before = job.shards[shard][0].name, 0
        for line in getattr(books, kind):
            if number == 0:
                line.number += before
            yield msgspec.json.encode(line) + b"\n"
        if number == 0:
            before += books.counts["read"].into


def _ledger(job: Job, stages: Sequence[str], every: list[tuple[int, int]]) -> dict[str, Any]:
    totals = {name: Counts() for name in ("read", *stages)}
    sources: dict[str, Counts] = {}
    characters = Characters()
    shares: Counter[str] = Counter()
    for number, shard in every:
        books = job.books(number, shard)
        for name, counts in books.counts.items():
            totals[name].add(counts)
        if number == 0:
            sources.setdefault(job.shards[shard][0].name, Counts()).add(books.counts["read"])
        if number == len(job.passes):
            characters.add(books.characters)
            shares.update(books.shares)
    unbalanced = [name for name, counts in totals.items() if not counts.holds()]
    if unbalanced:
        raise AssertionError(f"the books of {', '.join(unbalanced)} do not balance")
    return {
        "stages": [{"name": name, **counts.written()} for name, counts in totals.items()],
        "sources": {name: counts.written() for name, counts in sources.items()},
        "conversations": shares.total(),
        "shares": dict(sorted(shares.items())),
        "characters": msgspec.to_builtins(characters),
    }
