"""Which of many rows repeat an earlier one: 16 bytes a row in a temporary file, 8 in memory while they are sorted."""

from __future__ import annotations

import hashlib
import tempfile
from types import TracebackType
from typing import NamedTuple, Self

import numpy as np

_NOTE = np.dtype([("key", "<u8"), ("row", "<u8")])
_BATCH = 1 << 16


class Repeats(NamedTuple):
    rows: int
    """Rows whose key an earlier row has."""
    first: int
    """Number of the first of them; 0: there are none."""
    keys: frozenset[int]
    """The keys that come again."""


def key_of(data: bytes) -> int:
    return int.from_bytes(hashlib.blake2b(data, digest_size=8).digest(), "little")


class Keys:
    """`with Keys() as keys: keys.add(row number, data) ...; keys.repeats()`."""

    def __enter__(self) -> Self:
        self._file = tempfile.TemporaryFile()
        self._waiting: list[tuple[int, int]] = []
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, _: TracebackType | None) -> None:
        self._file.close()

    def add(self, row: int, data: bytes) -> None:
        self._waiting.append((key_of(data), row))
        if len(self._waiting) == _BATCH:
            self._flush()

    def repeats(self) -> Repeats:
        self._flush()
        self._file.flush()
        size = self._file.tell()
        if not size:
            return Repeats(0, 0, frozenset())
        notes = np.memmap(self._file, dtype=_NOTE, mode="r", shape=(size // _NOTE.itemsize,))
        keys = np.sort(notes["key"])
        again = keys[1:][keys[1:] == keys[:-1]]
        if not len(again):
            return Repeats(0, 0, frozenset())
        repeated = np.unique(again)
        places = np.flatnonzero(np.isin(notes["key"], repeated))
        order = places[np.argsort(notes["key"][places], kind="stable")]
        later = order[1:][notes["key"][order[1:]] == notes["key"][order[:-1]]]
        return Repeats(len(again), int(notes["row"][later].min()), frozenset(repeated.tolist()))

    def _flush(self) -> None:
        self._file.write(np.array(self._waiting, dtype=_NOTE).tobytes())
        self._waiting = []
