"""A pass takes every shard from one Group to the next: apply its verdicts, run Maps and Asks, note for the next.

The `.books` file of a shard is written last: it says that all the others are there.
"""

from __future__ import annotations

import gc
import shutil
from collections.abc import Iterator, Mapping
from contextlib import contextmanager

import msgspec

from agentflan.core.errors import Mistake
from agentflan.core.types import Dropped, Quarantined, Trajectory
from agentflan.corpus.building import frames
from agentflan.corpus.building.groups import load_verdicts, pack_note
from agentflan.corpus.building.job import FORMS, Job, PartTask, Task
from agentflan.corpus.building.staged import Stager, write_part
from agentflan.corpus.building.stages import Books, Item, Lost, Stage, run_stages, run_verdicts
from agentflan.corpus.files.reading import as_it_stood, read_row
from agentflan.corpus.files.rows import rows
from agentflan.corpus.settings import SourceEntry
from agentflan.corpus.store.parts import CONVERSATION_FORM, TRAJECTORY_FORM


def run_task(job: Job, task: Task) -> None:
    """Does one task; in any process that sees the files of the job. Raises Mistake for what only the user can mend."""
    with _uncollected():
        if isinstance(task, PartTask):
            write_part(job.staged(task.table), FORMS[task.table], job.part(*task), task.number)
        elif task.number == 0:
            read_shard(job, task.shard)
        else:
            run_pass(job, *task)


@contextmanager
def _uncollected() -> Iterator[None]:
    """Items are trees and hold no circles: looking for some in them takes a fifth of the time and finds none."""
    on = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if on:
            gc.enable()


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
    digests: list[bytes] = []
    for number, row in enumerate(rows(where, entry.plug), 1):
        counts.into += 1
        name, outcome = _read(entry, row)
        if isinstance(outcome, Trajectory):
            counts.out += 1
            noted = group.transform.note(outcome) if group else None
            if noted is not None:
                notes.append(pack_note(len(kept), *noted))
            digests.append(bytes.fromhex(name))
            kept.append(frames.pack(outcome))
            continue
        text = "" if isinstance(outcome, Dropped) else as_it_stood(row)
        books.lose(counts, Lost(name, entry.name, "read", outcome.reason, outcome.detail, number, text), outcome)
    job.save(0, shard, "items", kept)
    job.save(0, shard, "digests", digests)
    if group:
        job.save(0, shard, "notes", notes)
    books.items = len(kept)
    job.save_value(0, shard, "books", books)


def run_pass(job: Job, number: int, shard: int) -> None:
    """Pass 1 and later, over one shard."""
    task, books = job.passes[number - 1], Books()
    verdicts = load_verdicts(job.file(number, shard, "verdicts"))
    if number == 1 and not verdicts and job.file(0, shard, "notes").exists():
        _hand_on(job, shard)
        return
    with Stager(job.file(number, shard, "trajectories"), TRAJECTORY_FORM, sync=job.synced) as written:
        items = frames.Reader(job.file(number - 1, shard, "items"))
        stream: Iterator[Item] = iter(items)
        if task.opened_by is None:
            stream = _numbered(stream, verdicts)
        else:
            stream = run_verdicts(stream, task.opened_by, verdicts, books, written.add)
        stream = run_stages(stream, task.stages, job.replies, books, written.add)
        if task.closed_by is None:
            _stage(stream, job, number, shard, books)
        else:
            _pack(stream, items, task.closed_by, job, number, shard, books)
    job.save_value(number, shard, "books", books)


def _hand_on(job: Job, shard: int) -> None:
    """Pass 1 over a shard whose ids are final and whose notes are taken: its files stay as they are."""
    for what in ("items", "notes"):
        shutil.copyfile(job.file(0, shard, what), job.file(1, shard, what))
    with Stager(job.file(1, shard, "trajectories"), TRAJECTORY_FORM, sync=job.synced):
        pass
    job.save_value(1, shard, "books", Books(items=job.books(0, shard).items))


def _pack(
    stream: Iterator[Item], items: frames.Reader, group: Stage, job: Job, number: int, shard: int, books: Books
) -> None:
    """What the next pass reads, and the notes from which its verdicts are made."""
    notes: list[bytes] = []

    def packed() -> Iterator[bytes | memoryview]:
        for item in stream:
            noted = group.transform.note(item)
            if noted is not None:
                notes.append(pack_note(books.items, *noted))
            books.items += 1
            yield items.pack(item)

    job.save(number, shard, "items", packed())
    job.save(number, shard, "notes", notes)


def _stage(stream: Iterator[Item], job: Job, number: int, shard: int, books: Books) -> None:
    """What the parts of the corpus are made of."""
    with Stager(job.file(number, shard, "conversations"), CONVERSATION_FORM, sync=job.synced) as staged:
        for item in stream:
            if isinstance(item, Trajectory):
                raise Mistake(
                    "the chain leaves trajectories, not conversations", where="corpus.transforms", mend="add `converse`"
                )
            books.items += 1
            books.shares[item.kind] = books.shares.get(item.kind, 0) + 1
            books.characters.count(item)
            staged.add(item)


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


def _numbered(stream: Iterator[Item], occurrences: Mapping[int, int]) -> Iterator[Item]:
    """The final id: the digest, and for the n-th repetition of a row its number."""
    for place, item in enumerate(stream):
        if place in occurrences:
            name = f"{item.id}-{occurrences[place]}"
            item = msgspec.structs.replace(item, id=name, origin_ids=(name,))
        yield item
