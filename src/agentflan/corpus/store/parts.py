"""One Parquet file of items: rows from items, row groups by the size of the rows, bytes that nothing else decides."""

from __future__ import annotations

import os
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Generic, TypeVar

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq
from numpy.typing import NDArray

from agentflan.core.errors import Mistake
from agentflan.core.types import Conversation, Trajectory
from agentflan.corpus.building.frames import beside
from agentflan.corpus.store.columns import CONVERSATIONS, TRAJECTORIES, from_conversations, from_trajectories

T = TypeVar("T", Conversation, Trajectory)

TEXT_LIMIT = 16 << 20
"""Bytes of one message or observation: a file of a kilobyte can claim gigabytes."""
ROWS_PER_PART = 20_000
_GROUP_CHARACTERS = 16 << 20

_FEW_VALUES = [
    "source",
    "licence",
    "kind",
    "dialect",
    "ending",
    "instruction",
    "messages.list.element.role",
    "messages.list.element.segments.list.element.capability",
    "messages.list.element.segments.list.element.weight",
    "steps.list.element.name",
]


def _characters(item: Conversation) -> int:
    return sum([len(segment.text) for message in item.messages for segment in message.segments])


def _characters_of_steps(item: Trajectory) -> int:
    return sum([len(step.observation or "") + len(step.thought) for step in item.steps])


@dataclass(frozen=True)
class Form(Generic[T]):
    """How items of a kind become rows."""

    schema: pa.Schema
    columns: Callable[[list[T]], pa.RecordBatch]
    size: Callable[[T], int]
    """Characters of its texts, about."""

    def table(self, items: list[T], where: str) -> pa.Table:
        """Raises `Mistake` for an item with a text over `TEXT_LIMIT`."""
        batch = self.columns(items)
        refuse_long(batch, self.schema, f"{where}, rows near {items[0].id}" if items else where)
        return pa.Table.from_batches([batch])


CONVERSATION_FORM = Form(CONVERSATIONS, from_conversations, _characters)
TRAJECTORY_FORM = Form(TRAJECTORIES, from_trajectories, _characters_of_steps)


def part_name(number: int) -> str:
    return f"part-{number:05d}.parquet"


def sync_folder(folder: Path) -> None:
    """The names in a folder reach the disk."""
    handle = os.open(folder, os.O_RDONLY)
    os.fsync(handle)
    os.close(handle)


class PartWriter:
    """One Parquet file, whose row groups depend on the rows and their sizes alone, not on how they arrive."""

    def __init__(self, path: Path, schema: pa.Schema, rows_per_group: int = 1_000) -> None:
        self.path, self.rows = path, 0
        self._schema, self._most = schema, rows_per_group
        self._waiting: list[pa.Table] = []
        self._rows = self._characters = 0
        self._stream = beside(path).open("wb")
        self._parquet = pq.ParquetWriter(
            self._stream,
            schema,
            compression="zstd",
            compression_level=3,
            use_dictionary=_FEW_VALUES,
            write_statistics=False,
        )

    def add(self, table: pa.Table, sizes: NDArray[np.int64]) -> None:
        """Appends rows; `sizes` are the characters of each, by which a group is closed before it is too large."""
        start = 0
        while start < len(table):
            reached = self._characters + np.cumsum(sizes[start : start + self._most - self._rows])
            taken = min(int(np.searchsorted(reached, _GROUP_CHARACTERS)) + 1, len(reached))
            self._waiting.append(table.slice(start, taken))
            self._rows, self._characters = self._rows + taken, int(reached[taken - 1])
            if self._rows == self._most or self._characters >= _GROUP_CHARACTERS:
                self._flush()
            start += taken

    def close(self) -> None:
        """The file is whole and on the disk, but still `beside` its place."""
        self._flush()
        self._parquet.close()
        self._stream.flush()
        os.fsync(self._stream.fileno())
        self._stream.close()

    def discard(self) -> None:
        self._parquet.close()
        self._stream.close()
        beside(self.path).unlink(missing_ok=True)

    def _flush(self) -> None:
        if self._rows:
            # one chunk a column: where chunks end would show in the bytes of the file
            group = pa.concat_tables(self._waiting).combine_chunks()
            self._parquet.write_table(group, row_group_size=self._rows)
            self.rows += self._rows
            self._waiting, self._rows, self._characters = [], 0, 0


def refuse_long(batch: pa.RecordBatch, schema: pa.Schema, where: str) -> None:
    """Raises `Mistake` for a text over `TEXT_LIMIT`."""
    column, field = ("messages", "content") if schema is CONVERSATIONS else ("steps", "observation")
    texts = batch.column(column).flatten().field(field)
    longest = pc.max(pc.binary_length(texts)).as_py() or 0
    if longest > TEXT_LIMIT:
        what = f"a text of {longest:,} bytes is over the limit of {TEXT_LIMIT:,}"
        raise Mistake(what, where=where, mend="drop or cut that row")
