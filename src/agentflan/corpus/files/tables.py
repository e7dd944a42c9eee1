"""Parquet data sets as published on hubs: one JSON row for each row of nested columns, in bounded memory.

A file of 743 bytes can hold a text of 10 MB a hundred times and declare those 10 MB alone. So texts are read as
dictionaries, rows are measured before they are written out, and a row over the limit is never made.
"""

from __future__ import annotations

import datetime
from bisect import bisect_right
from collections.abc import Iterator
from contextlib import contextmanager
from itertools import accumulate
from pathlib import Path
from typing import Any

import msgspec
import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq
from numpy.typing import NDArray

from agentflan.core.errors import Mistake
from agentflan.core.types import Quarantined
from agentflan.corpus.files.forms import CHUNK, ROW_LIMIT, SHARD_ROWS, too_large

GROUP_BYTES = 32 << 20
"""A row group that declares no more is read at once, its texts as dictionaries; a larger one in small batches."""
FEW_ROWS = 16
GROUP_VALUES = 1 << 25
"""Values of a row group that may have to be held at once: a kilobyte can declare any number of them."""
RATIO = 200
"""How many times its packed size a large row group may declare."""


def is_table(path: Path) -> bool:
    with path.open("rb") as stream:
        return stream.read(4) == b"PAR1"


class Table:
    """The rows of one file, read forwards; going back means starting over at a row group."""

    def __init__(self, path: Path) -> None:
        """Raises Mistake for a file that is damaged, or that claims what no data set does."""
        self._path = path
        with _readable(path):
            self._plain = pq.ParquetFile(path, pre_buffer=False, buffer_size=1 << 20)
            columns = [self._plain.schema.column(number) for number in range(len(self._plain.schema))]
            texts = [column.path for column in columns if column.physical_type == "BYTE_ARRAY"]
            self._compact = pq.ParquetFile(path, read_dictionary=texts, pre_buffer=False)
            self._schema = self._plain.schema_arrow
            about = self._plain.metadata
            self._groups = [about.row_group(number) for number in range(about.num_row_groups)]
        _refuse(self._groups, self._schema, path)
        self._starts = [0, *accumulate(group.num_rows for group in self._groups)]
        self._enter(0)

    def cut(self, target: int) -> Iterator[tuple[int, int]]:
        """[start, end) of runs of rows that have about `target` bytes, whatever the file declares."""
        start = size = 0
        while self._end < self._starts[-1]:
            self._advance()
            for at, more in enumerate(self._sizes.tolist(), self._first + 1):
                size += more if more <= ROW_LIMIT else 0
                if size >= target or at - start == SHARD_ROWS:
                    yield start, at
                    start, size = at, 0
        if start < self._end:
            yield start, self._end

    def rows(self, start: int, end: int) -> Iterator[bytes | Quarantined]:
        while start < end:
            self._find(start)
            upto = min(end, self._end)
            yield from self._written(start - self._first, upto - self._first)
            start = upto

    def _enter(self, group: int) -> None:
        self._group = group
        self._batches = self._read(group)
        self._first = self._end = self._starts[group]

    def _find(self, row: int) -> None:
        group = bisect_right(self._starts, row) - 1
        if row < self._first or group != self._group:
            self._enter(group)
        while row >= self._end:
            self._advance()

    def _advance(self) -> None:
        with _readable(self._path):
            while (batch := next(self._batches, None)) is None:
                if self._group + 1 >= len(self._groups):
                    raise pa.ArrowInvalid("it holds fewer rows than it declares")
                self._enter(self._group + 1)
            self._batch, self._sizes = batch, _bytes_of(batch)
        self._first, self._end = self._end, self._end + len(batch)

    def _read(self, group: int) -> Iterator[pa.RecordBatch]:
        if not self._groups:
            return iter(())
        small = self._groups[group].total_byte_size <= GROUP_BYTES
        file, most = (self._compact, self._groups[group].num_rows) if small else (self._plain, FEW_ROWS)
        return iter(file.iter_batches(max(most, 1), row_groups=[group], use_threads=False))

    def _written(self, start: int, end: int) -> Iterator[bytes | Quarantined]:
        """Rows of the batch, a few megabytes of them at once; one by one where one of them cannot be read."""
        reached = np.cumsum(self._sizes[start:end])
        at = 0
        while at < len(reached):
            before = int(reached[at - 1]) if at else 0
            size = int(reached[at]) - before
            if size > ROW_LIMIT:
                yield too_large(size)
                at += 1
                continue
            upto = max(at + 1, int(np.searchsorted(reached, before + CHUNK, side="right")))
            yield from _as_json(self._batch.slice(start + at, upto - at), self._schema)
            at = upto


def _as_json(batch: pa.RecordBatch, schema: pa.Schema) -> Iterator[bytes | Quarantined]:
    try:
        found = [msgspec.json.encode(row, enc_hook=_plain) for row in batch.cast(schema).to_pylist()]
    except (ValueError, OverflowError, pa.ArrowException) as error:  # a text that is not UTF-8, a date in year 30,000
        if len(batch) == 1:
            reason = "not_utf8" if isinstance(error, UnicodeDecodeError) else "wrong_shape"
            yield Quarantined(reason=reason, detail=str(error)[:200])
        else:
            for number in range(len(batch)):
                yield from _as_json(batch.slice(number, 1), schema)
    else:
        yield from found


def _plain(value: Any) -> str:
    return value.isoformat() if isinstance(value, datetime.datetime) else str(value)


def _bytes_of(batch: pa.RecordBatch) -> NDArray[np.int64]:
    """About the bytes of each row as JSON, without making it."""
    sizes = np.zeros(len(batch), dtype=np.int64)
    for name, column in zip(batch.schema.names, batch.columns, strict=True):
        sizes += len(name) + 4 + _sizes(column)
    return sizes


def _sizes(array: pa.Array) -> NDArray[np.int64]:
    kind = array.type
    if pa.types.is_dictionary(kind):
        own: NDArray[np.int64] = np.append(_sizes(array.dictionary), 4)
        found: NDArray[np.int64] = own[array.indices.fill_null(len(own) - 1).to_numpy(zero_copy_only=False)]
        return found
    if pa.types.is_list(kind) or pa.types.is_large_list(kind) or pa.types.is_map(kind):
        reached = np.concatenate([[0], np.cumsum(_sizes(_inside(array)))])
        ends: NDArray[np.int64] = reached[array.offsets.to_numpy()]
        return np.diff(ends) + 2
    if pa.types.is_struct(kind):
        fields = [_sizes(array.field(number)) + len(kind.field(number).name) + 4 for number in range(kind.num_fields)]
        return sum(fields, np.full(len(array), 2, dtype=np.int64))
    if pa.types.is_fixed_size_list(kind):
        return np.full(len(array), 8 * kind.list_size, dtype=np.int64)
    if pa.types.is_string(kind) or pa.types.is_large_string(kind) or pa.types.is_binary(kind):
        lengths: NDArray[np.int64] = pc.binary_length(array).fill_null(4).to_numpy(zero_copy_only=False)
        return lengths.astype(np.int64) + 2
    return np.full(len(array), 8, dtype=np.int64)


def _inside(array: pa.Array) -> pa.Array:
    if not pa.types.is_map(array.type):
        return array.values
    return pa.StructArray.from_arrays([array.keys, array.items], names=["", ""])


def _refuse(groups: list[Any], schema: pa.Schema, path: Path) -> None:
    twice = sorted(name for name in set(schema.names) if schema.names.count(name) > 1)
    if twice:
        raise Mistake(f"two columns have the name {twice[0]!r}", where=str(path), mend="rename one of them")
    for group in groups:
        columns = [group.column(number) for number in range(group.num_columns)]
        packed = sum(column.total_compressed_size for column in columns)
        values = sum(column.num_values for column in columns)
        if group.total_byte_size > GROUP_BYTES and group.total_byte_size > RATIO * packed:
            what = f"a row group declares {group.total_byte_size} bytes in {packed}, which no rows do"
            raise Mistake(what, where=str(path), mend="write it again with smaller row groups if it is meant to")
        if values > GROUP_VALUES:
            what = f"a row group declares {values} values, {GROUP_VALUES} at most"
            raise Mistake(what, where=str(path), mend="write it again with smaller row groups")


@contextmanager
def _readable(path: Path) -> Iterator[None]:
    try:
        yield
    except (pa.ArrowException, OSError) as error:
        what = f"the Parquet file is damaged ({str(error).splitlines()[0][:200]})"
        raise Mistake(what, where=str(path), mend="get it again") from error
