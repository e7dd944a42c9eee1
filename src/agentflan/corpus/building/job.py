"""The work of one build as files: who does it, in how many processes and sittings, is an engine's business.

A chain is cut at its Groups into passes. A task is one pass over one shard, or one Parquet part of the result; each
leaves a file that says it is done, so whoever comes next goes on with those that have none.
"""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from typing import Any, Literal, NamedTuple

import msgspec

from agentflan.core import kinds
from agentflan.corpus.building import frames
from agentflan.corpus.building.staged import rows_in
from agentflan.corpus.building.stages import Books, Replies, Stage
from agentflan.corpus.files.rows import Shard
from agentflan.corpus.settings import SourceEntry
from agentflan.corpus.store.parts import CONVERSATION_FORM, ROWS_PER_PART, TRAJECTORY_FORM, Form, part_name

Table = Literal["conversations", "trajectories"]
FORMS: dict[Table, Form[Any]] = {"conversations": CONVERSATION_FORM, "trajectories": TRAJECTORY_FORM}


class Pass(NamedTuple):
    """What happens between two Groups."""

    opened_by: Stage | None
    """The Group whose verdicts are applied first; None in the first pass, which gives the rows their ids."""
    stages: tuple[Stage, ...]
    closed_by: Stage | None
    """The Group that takes notes of what comes out; None in the last pass."""


class PassTask(NamedTuple):
    """One pass over one shard; number 0 reads the rows, number i is `passes[i - 1]`."""

    number: int
    shard: int


class PartTask(NamedTuple):
    """One Parquet file of the result."""

    table: Table
    number: int


Task = PassTask | PartTask


class Job(NamedTuple):
    """All that a process at work needs to know."""

    work: Path
    shards: tuple[tuple[SourceEntry, Shard], ...]
    passes: tuple[Pass, ...]
    replies: Replies
    synced: bool
    """Whether every file is brought to the disk at once: others than this machine's processes rely on it."""

    def file(self, number: int, shard: int, what: str) -> Path:
        return self.work / f"{number:02d}-{shard:05d}.{what}"

    def done(self, task: Task) -> bool:
        return self._result(task).exists()

    def books(self, number: int, shard: int) -> Books:
        return msgspec.msgpack.decode(self.file(number, shard, "books").read_bytes(), type=Books)

    def save(self, number: int, shard: int, what: str, parts: Iterable[bytes | memoryview]) -> None:
        frames.save(self.file(number, shard, what), parts, sync=self.synced)

    def save_value(self, number: int, shard: int, what: str, value: Any) -> None:
        frames.save_value(self.file(number, shard, what), value, sync=self.synced)

    def tasks_of_pass(self, number: int) -> list[Task]:
        return [PassTask(number, shard) for shard in range(len(self.shards))]

    def tasks_of_parts(self) -> list[Task]:
        """Known when all passes are done. A table without rows has one part all the same."""
        return [
            PartTask(table, number)
            for table in FORMS
            for number in range(max(1, -(-rows_in(self.staged(table))[-1] // ROWS_PER_PART)))
        ]

    def staged(self, table: Table) -> list[Path]:
        """The files whose rows, one after the other, are a table: trajectories stand in the pass that wrote them."""
        last, count = len(self.passes), len(self.shards)
        numbers = range(1, last + 1) if table == "trajectories" else (last,)
        return [self.file(number, shard, table) for number in numbers for shard in range(count)]

    def part(self, table: Table, number: int) -> Path:
        return self.work / table / part_name(number)

    def _result(self, task: Task) -> Path:
        return self.part(*task) if isinstance(task, PartTask) else self.file(task.number, task.shard, "books")


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
