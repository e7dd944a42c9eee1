"""A pass takes every shard from one Group to the next: apply its verdicts, run Maps and Asks, note for the next.

Each pass reads and writes files named by pass and shard in a work folder. The `.books` file of a shard is written last,
so a pass that was killed goes on with the shards that have none.
"""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any, NamedTuple

import msgspec

from agentflan.core import kinds
from agentflan.core.types import Dropped, Quarantined, Trajectory
from agentflan.corpus import frames
from agentflan.corpus.groups import pack_note
from agentflan.corpus.reading import as_it_stood, read_row
from agentflan.corpus.rows import Shard, rows
from agentflan.corpus.settings import SourceEntry
from agentflan.corpus.stages import Books, Item, Lost, Replies, Stage, run_stages, run_verdicts


class Pass(NamedTuple):
    """What happens between two Groups."""

    opened_by: Stage | None
    """The Group whose verdicts are applied first; None in the first pass, which gives the rows their ids."""
    stages: tuple[Stage, ...]
    closed_by: Stage | None
    """The Group that takes notes of what comes out; None in the last pass."""


class Job(NamedTuple):
    """All a worker process needs to know."""

    work: Path
    shards: tuple[tuple[SourceEntry, Shard], ...]
    passes: tuple[Pass, ...]
    replies: Replies

    def file(self, number: int, shard: int, what: str) -> Path:
        return self.work / f"{number:02d}-{shard:05d}.{what}"

    def done(self, number: int, shard: int) -> bool:
        return self.file(number, shard, "books").exists()

    def books(self, number: int, shard: int) -> Books:
        return msgspec.msgpack.decode(self.file(number, shard, "books").read_bytes(), type=Books)


def plan(stages: list[Stage]) -> tuple[Pass, ...]:
    """Cuts a chain at its Groups."""
    passes: list[Pass] = []
    opened_by: Stage | None = None
    run: list[Stage] = []
    for stage in stages:
        if isinstance(stage.transform, kinds.Group):
            passes.append(Pass(opened_by, tuple(run), stage))
            opened_by, run = stage, []
        else:
            run.append(stage)
    return (*passes, Pass(opened_by, tuple(run), None))


def read_shard(job: Job, shard: int) -> None:
    """Pass 0: rows to trajectories, whose ids are digests of their rows. Duplicates are told apart in the next pass.

    Where the chain begins with a Group its notes are taken here: most shards hold no duplicate and need no next pass.
    """
    entry, where = job.shards[shard]
    books = Books()
    counts = books.stage("read")
    group = None if job.passes[0].stages else job.passes[0].closed_by
    kept: list[bytes] = []
    notes: list[bytes] = []
    digests: list[str] = []
    for number, row in enumerate(rows(where, entry.plug), 1):
        counts.into += 1
        name, outcome = _read(entry, row)
        if isinstance(outcome, Trajectory):
            counts.out += 1
            noted = group.transform.note(outcome) if group else None
            if noted is not None:
                notes.append(pack_note(len(kept), *noted))
            digests.append(name)
            kept.append(frames.pack(outcome))
            continue
        text = "" if isinstance(outcome, Dropped) else as_it_stood(row)
        books.lose(counts, Lost(name, entry.name, "read", outcome.reason, outcome.detail, number, text), outcome)
    frames.save_work(job.file(0, shard, "items"), kept)
    frames.save_value(job.file(0, shard, "digests"), digests)
    if group:
        frames.save_work(job.file(0, shard, "notes"), notes)
    books.items = len(kept)
    frames.save_value(job.file(0, shard, "books"), books)


def run_pass(job: Job, number: int, shard: int) -> None:
    """Pass 1 and later, over one shard."""
    task, books = job.passes[number - 1], Books()
    verdicts: dict[int, Any] = frames.load_value(job.file(number, shard, "verdicts"))
    if number == 1 and not verdicts and job.file(0, shard, "notes").exists():
        _hand_on(job, shard)
        return
    written: list[Trajectory] = []
    stream: Iterator[Item] = frames.unpack(job.file(number - 1, shard, "items"))
    if task.opened_by is None:
        stream = _numbered(stream, verdicts)
    else:
        stream = run_verdicts(stream, task.opened_by, verdicts, books, written)
    stream = run_stages(stream, task.stages, job.replies, books, written)
    frames.save_work(job.file(number, shard, "items"), _kept(stream, job, number, shard, books))
    frames.save_work(job.file(number, shard, "trajectories"), (frames.pack(item) for item in written))
    frames.save_value(job.file(number, shard, "books"), books)


def _hand_on(job: Job, shard: int) -> None:
    """Pass 1 over a shard whose ids are final and whose notes are taken: its files stay as they are."""
    for what in ("items", "notes"):
        shutil.copyfile(job.file(0, shard, what), job.file(1, shard, what))
    frames.save_work(job.file(1, shard, "trajectories"), [])
    frames.save_value(job.file(1, shard, "books"), Books(items=job.books(0, shard).items))


def _kept(stream: Iterator[Item], job: Job, number: int, shard: int, books: Books) -> Iterator[bytes]:
    group = job.passes[number - 1].closed_by
    if group is None:
        for item in stream:
            books.items += 1
            books.shares[item.kind] = books.shares.get(item.kind, 0) + 1
            if not isinstance(item, Trajectory):
                books.characters.count(item)
            yield frames.pack(item)
        return
    with job.file(number, shard, "notes").open("wb") as notes:
        for item in stream:
            noted = group.transform.note(item)
            if noted is not None:
                notes.write(pack_note(books.items, *noted))
            books.items += 1
            yield frames.pack(item)


def _read(entry: SourceEntry, row: bytes | Quarantined) -> tuple[str, Trajectory | Dropped | Quarantined]:
    name, outcome = read_row(entry.name, entry.plug, row)
    if isinstance(outcome, Trajectory):
        outcome = msgspec.structs.replace(
            outcome,
            id=name,
            source=entry.name,
            licence=entry.licence,
            origin_ids=(name,),
            group=outcome.group or outcome.query,
        )
    return name, outcome


def _numbered(stream: Iterator[Item], occurrences: dict[int, int]) -> Iterator[Item]:
    """The final id: the digest, and for the n-th repetition of a row its number."""
    for place, item in enumerate(stream):
        if place in occurrences:
            name = f"{item.id}-{occurrences[place]}"
            item = msgspec.structs.replace(item, id=name, origin_ids=(name,))
        yield item
