"""Trajectories and conversations on disk: Parquet parts whose bytes depend on the items and their order, nothing else.

A folder holds `part-00000.parquet`, `part-00001.parquet`, ... The parts are written beside their place and appear
together, after they have reached the disk: a killed run leaves no half file that looks whole.
"""

from __future__ import annotations

import os
from collections.abc import Iterator, Sequence
from pathlib import Path
from types import TracebackType
from typing import ClassVar, Generic, Self, TypeVar

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from agentflan.core.errors import Mistake
from agentflan.core.types import Conversation, Trajectory
from agentflan.corpus.columns import (
    CONVERSATIONS,
    MARK,
    TRAJECTORIES,
    from_conversations,
    from_trajectories,
    to_conversations,
    to_trajectories,
)

T = TypeVar("T", Conversation, Trajectory)

TEXT_LIMIT = 16 << 20
"""Bytes of one message or observation: a file of a kilobyte can claim gigabytes."""

_GROUP_CHARACTERS = 16 << 20
_READ_ROWS = 250

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


class _Writer(Generic[T]):
    """Gathers items to exact row groups, so that it does not matter how they were batched on their way here."""

    schema: ClassVar[pa.Schema]

    def __init__(self, folder: Path, rows_per_file: int = 50_000, rows_per_group: int = 1_000) -> None:
        self.folder = folder
        self.rows = 0
        self._rows_per_file, self._rows_per_group = rows_per_file, rows_per_group
        self._waiting: list[T] = []
        self._characters = 0
        self._in_file = 0
        self._parts: list[Path] = []
        self._open: pq.ParquetWriter | None = None

    def write(self, batch: Sequence[T]) -> None:
        """Appends the items. Raises `Mistake` for one with a text over `TEXT_LIMIT`."""
        for item in batch:
            self._waiting.append(item)
            self._characters += self._size(item)
            full = self._in_file + len(self._waiting) == self._rows_per_file
            if full or len(self._waiting) == self._rows_per_group or self._characters >= _GROUP_CHARACTERS:
                self._flush()
            if full:
                self._finish_part()
        self.rows += len(batch)

    def __enter__(self) -> Self:
        self.folder.mkdir(parents=True, exist_ok=True)
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, _: TracebackType | None) -> None:
        try:
            if error is None:
                self._flush()
                if self._open or not self._parts:
                    self._finish_part()
                self._publish()
        finally:
            if self._open:
                self._open.close()
            for part in self._parts:
                _beside(part).unlink(missing_ok=True)

    def _flush(self) -> None:
        if not self._waiting:
            return
        batch = self._columns(self._waiting)
        _refuse_long(batch, self.schema, f"{self.folder}, rows near {self._waiting[0].id}")
        self._part().write_table(pa.Table.from_batches([batch]), row_group_size=len(self._waiting))
        self._in_file += len(self._waiting)
        self._waiting, self._characters = [], 0

    def _part(self) -> pq.ParquetWriter:
        if self._open is None:
            part = self.folder / f"part-{len(self._parts):05d}.parquet"
            self._parts.append(part)
            self._open = pq.ParquetWriter(
                _beside(part),
                self.schema,
                compression="zstd",
                compression_level=3,
                use_dictionary=_FEW_VALUES,
                write_statistics=False,
            )
        return self._open

    def _finish_part(self) -> None:
        self._part().close()
        self._open, self._in_file = None, 0

    def _publish(self) -> None:
        for part in self._parts:
            with _beside(part).open("rb") as stream:
                os.fsync(stream.fileno())
            _beside(part).replace(part)
        for stale in set(_parts(self.folder)) - set(self._parts):
            stale.unlink()
        handle = os.open(self.folder, os.O_RDONLY)
        os.fsync(handle)
        os.close(handle)

    @staticmethod
    def _size(item: T) -> int:
        """Characters of its texts."""
        raise NotImplementedError

    @staticmethod
    def _columns(items: list[T]) -> pa.RecordBatch:
        raise NotImplementedError


class ConversationWriter(_Writer[Conversation]):
    """`with ConversationWriter(folder) as writer: writer.write(batch)`; the parts appear when the block ends well."""

    schema = CONVERSATIONS

    @staticmethod
    def _size(item: Conversation) -> int:
        return sum([len(segment.text) for message in item.messages for segment in message.segments])

    @staticmethod
    def _columns(items: list[Conversation]) -> pa.RecordBatch:
        return from_conversations(items)


class TrajectoryWriter(_Writer[Trajectory]):
    """The same for trajectories."""

    schema = TRAJECTORIES

    @staticmethod
    def _size(item: Trajectory) -> int:
        return sum([len(step.observation or "") + len(step.thought) for step in item.steps])

    @staticmethod
    def _columns(items: list[Trajectory]) -> pa.RecordBatch:
        return from_trajectories(items)


def conversations(folder: Path) -> Iterator[Conversation]:
    """All conversations of a folder, in order, in bounded memory. Raises `Mistake` for files that are not ours."""
    for batch in _batches(folder, CONVERSATIONS):
        yield from to_conversations(batch)


def trajectories(folder: Path) -> Iterator[Trajectory]:
    """All trajectories of a folder, in order, in bounded memory. Raises `Mistake` for files that are not ours."""
    for batch in _batches(folder, TRAJECTORIES):
        yield from to_trajectories(batch)


def count(folder: Path) -> int:
    """How many rows the parts of a folder hold, from their footers alone."""
    return sum(_opened(part, None).metadata.num_rows for part in _existing(folder))


def _refuse_long(batch: pa.RecordBatch, schema: pa.Schema, where: str) -> None:
    column, field = ("messages", "content") if schema is CONVERSATIONS else ("steps", "observation")
    texts = batch.column(column).flatten().field(field)
    longest = pc.max(pc.binary_length(texts)).as_py() or 0
    if longest > TEXT_LIMIT:
        what = f"a text of {longest:,} bytes is over the limit of {TEXT_LIMIT:,}"
        raise Mistake(what, where=where, mend="drop or cut that row")


def _beside(part: Path) -> Path:
    return part.with_name(f"{part.name}.tmp")


def _parts(folder: Path) -> list[Path]:
    return sorted(folder.glob("part-*.parquet"))


def _existing(folder: Path) -> list[Path]:
    parts = _parts(folder)
    if not parts:
        what = "holds no part-*.parquet" if folder.is_dir() else "no such folder"
        raise Mistake(what, where=str(folder), mend="give the corpus folder of a run, or run `agentflan build` first")
    return parts


def _opened(part: Path, schema: pa.Schema | None) -> pq.ParquetFile:
    try:
        file = pq.ParquetFile(part, memory_map=True)
    except (pa.ArrowException, OSError) as error:
        raise Mistake("is not a whole Parquet file", where=str(part), mend="build the corpus again") from error
    found = (file.schema_arrow.metadata or {}).get(MARK, b"").decode()
    wanted = schema.metadata[MARK].decode() if schema else found
    mend = "read it as a source of a recipe, or build the corpus again"
    if found != wanted or not found:
        what = f"holds {found!r}, not {wanted!r}" if found else "is Parquet, but not written by agentflan"
        raise Mistake(what, where=str(part), mend=mend)
    if schema and not file.schema_arrow.equals(schema):
        raise Mistake(f"has other columns than this agentflan's {wanted!r}", where=str(part), mend=mend)
    return file


def _batches(folder: Path, schema: pa.Schema) -> Iterator[pa.RecordBatch]:
    for part in _existing(folder):
        file = _opened(part, schema)
        try:
            for batch in file.iter_batches(batch_size=_READ_ROWS, use_threads=False):
                _refuse_long(batch, schema, str(part))
                yield batch
        except (pa.ArrowException, OSError) as error:
            raise Mistake("is a damaged Parquet file", where=str(part), mend="build the corpus again") from error
