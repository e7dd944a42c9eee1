"""Columns between the last pass and the Parquet parts: for each shard an Arrow file, and the size of each of its rows.

A part is put together from the shards whose rows it holds, without a look at any item, so that parts are made side by
side and the shards' borders leave no trace.
"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import accumulate
from pathlib import Path
from types import TracebackType
from typing import Generic, Self, TypeVar

import numpy as np
import pyarrow as pa

from agentflan.core.types import Conversation, Trajectory
from agentflan.corpus.building.frames import beside, settle
from agentflan.corpus.store.parts import ROWS_PER_PART, Form, PartWriter

T = TypeVar("T", Conversation, Trajectory)

_BATCH_ROWS = 500
_BATCH_CHARACTERS = 4 << 20


class Stager(Generic[T]):
    """`with Stager(path, form) as stager: stager.add(item)`; the file appears whole when the block ends well."""

    def __init__(self, path: Path, form: Form[T], *, sync: bool) -> None:
        self._path, self._sync = path, sync
        self._form: Form[T] = form
        self._waiting: list[T] = []
        self._characters = 0
        self._sizes: list[int] = []

    def __enter__(self) -> Self:
        self._stream = beside(self._path).open("wb")
        self._arrow = pa.ipc.new_file(self._stream, self._form.schema)
        return self

    def add(self, item: T) -> None:
        """Raises `Mistake` for an item with a text over the limit."""
        size = self._form.size(item)
        self._sizes.append(size)
        self._characters += size
        self._waiting.append(item)
        if len(self._waiting) == _BATCH_ROWS or self._characters >= _BATCH_CHARACTERS:
            self._flush()

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, _: TracebackType | None) -> None:
        try:
            if error is None:
                self._flush()
            self._arrow.close()
            if error is None:
                np.array(self._sizes, np.int64).tofile(_sizes(self._path))
                settle(self._stream, self._path, sync=self._sync)
        finally:
            self._stream.close()

    def _flush(self) -> None:
        if self._waiting:
            self._arrow.write_table(self._form.table(self._waiting, self._path.stem))
            self._waiting, self._characters = [], 0


def _sizes(file: Path) -> Path:
    return file.with_name(f"{file.name}.sizes")


def rows_in(files: Sequence[Path]) -> list[int]:
    """Where the rows of each file begin among those of all, and behind the last the number of rows."""
    return list(accumulate((_sizes(file).stat().st_size // 8 for file in files), initial=0))


def write_part(files: Sequence[Path], form: Form[T], path: Path, number: int) -> None:
    """One Parquet file of `ROWS_PER_PART` rows of the staged files, the last of what is left; synced to the disk."""
    starts = rows_in(files)
    begin, end = number * ROWS_PER_PART, min((number + 1) * ROWS_PER_PART, starts[-1])
    part = PartWriter(path, form.schema)
    try:
        for file, first, behind in zip(files, starts, starts[1:], strict=False):
            if first < end and begin < behind:
                low, high = max(begin - first, 0), min(end, behind) - first
                sizes = np.fromfile(_sizes(file), np.int64)
                with pa.memory_map(str(file)) as stream:
                    table = pa.ipc.open_file(stream).read_all()
                    part.add(table.slice(low, high - low), sizes[low:high])
        part.close()
        beside(path).replace(path)
    finally:
        part.discard()
