"""Trajectories and conversations on disk: Parquet parts whose bytes depend on the items and their order, nothing else.

A folder holds `part-00000.parquet`, `part-00001.parquet`, ... The parts are written beside their place and appear
together, after they have reached the disk: a killed run leaves no half file that looks whole.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path
from types import TracebackType
from typing import Any, ClassVar, Generic, Self, TypeVar

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from agentflan.core.errors import Mistake
from agentflan.core.types import Conversation, Trajectory
from agentflan.corpus.building.frames import beside
from agentflan.corpus.store.columns import CONVERSATIONS, MARK, TRAJECTORIES, to_conversations, to_trajectories
from agentflan.corpus.store.parts import (
    CONVERSATION_FORM,
    ROWS_PER_PART,
    TRAJECTORY_FORM,
    Form,
    PartWriter,
    part_name,
    refuse_long,
    sync_folder,
)

T = TypeVar("T", Conversation, Trajectory)

_READ_ROWS = 250


class _Writer(Generic[T]):
    """A folder of parts; they appear when the block ends well."""

    form: ClassVar[Form[Any]]

    def __init__(self, folder: Path, rows_per_file: int = ROWS_PER_PART, rows_per_group: int = 1_000) -> None:
        self.folder = folder
        self.rows = 0
        self._rows_per_file, self._rows_per_group = rows_per_file, rows_per_group
        self._parts: list[PartWriter] = []

    def write(self, batch: Sequence[T]) -> None:
        """Appends the items. Raises `Mistake` for one with a text over `TEXT_LIMIT`."""
        table = self.form.table(list(batch), str(self.folder))
        sizes = np.array([self.form.size(item) for item in batch], np.int64)
        start = 0
        while start < len(batch):
            if self.rows == len(self._parts) * self._rows_per_file:
                self._open()
            taken = min(len(batch) - start, len(self._parts) * self._rows_per_file - self.rows)
            self._parts[-1].add(table.slice(start, taken), sizes[start : start + taken])
            self.rows += taken
            start += taken

    def _open(self) -> None:
        if self._parts:
            self._parts[-1].close()
        path = self.folder / part_name(len(self._parts))
        self._parts.append(PartWriter(path, self.form.schema, self._rows_per_group))

    def __enter__(self) -> Self:
        self.folder.mkdir(parents=True, exist_ok=True)
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, _: TracebackType | None) -> None:
        try:
            if error is None:
                if not self._parts:
                    self._open()
                self._parts[-1].close()
                self._publish()
        finally:
            for part in self._parts:
                part.discard()

    def _publish(self) -> None:
        for part in self._parts:
            beside(part.path).replace(part.path)
        for stale in set(_parts(self.folder)) - {part.path for part in self._parts}:
            stale.unlink()
        sync_folder(self.folder)


class ConversationWriter(_Writer[Conversation]):
    """`with ConversationWriter(folder) as writer: writer.write(batch)`; the parts appear when the block ends well."""

    form = CONVERSATION_FORM


class TrajectoryWriter(_Writer[Trajectory]):
    """The same for trajectories."""

    form = TRAJECTORY_FORM


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
                refuse_long(batch, schema, str(part))
                yield batch
        except (pa.ArrowException, OSError) as error:
            raise Mistake("is a damaged Parquet file", where=str(part), mend="build the corpus again") from error
