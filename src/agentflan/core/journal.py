"""A file of lines that is only ever appended to: what a model said stays, whatever happens to the process."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path
from typing import BinaryIO, Generic, TypeVar

import msgspec

from agentflan.core.errors import Mistake

T = TypeVar("T", bound=msgspec.Struct)

_WRITER = msgspec.json.Encoder()


class Journal(Generic[T]):
    """Records of one kind, a JSON line each. A torn last line, all that a killed process leaves, is cut off at once."""

    def __init__(self, path: Path, kind: type[T], *, sync: bool = False) -> None:
        """With `sync` a record also outlives the machine's going down."""
        self.path, self.kind, self.sync = path, kind, sync
        path.parent.mkdir(parents=True, exist_ok=True)
        self._stream: BinaryIO = path.open("a+b")
        self._mend()

    def __enter__(self) -> Journal[T]:
        return self

    def __exit__(self, *_: object) -> None:
        self._stream.close()

    def fileno(self) -> int:
        return self._stream.fileno()

    def lines(self) -> Iterator[T]:
        """All records in the order of their coming. Raises Mistake with path and line for one that is none."""
        return read(self.path, self.kind)

    def append(self, record: T) -> None:
        self._stream.write(_WRITER.encode(record) + b"\n")
        self._stream.flush()
        if self.sync:
            os.fsync(self._stream.fileno())

    def _mend(self) -> None:
        size = self._stream.seek(0, 2)
        end = size
        while end:
            start = max(0, end - (1 << 16))
            self._stream.seek(start)
            found = self._stream.read(end - start).rfind(b"\n")
            if found >= 0:
                end = start + found + 1
                break
            end = start
        if end < size:
            self._stream.truncate(end)


def read(path: Path, kind: type[T]) -> Iterator[T]:
    """The records of a journal that somebody else may be writing: a last line without its end is passed over."""
    decoder = msgspec.json.Decoder(kind)
    with path.open("rb") as stream:
        for number, line in enumerate(stream, 1):
            if not line.endswith(b"\n"):
                return
            try:
                yield decoder.decode(line)
            except msgspec.DecodeError as error:
                raise Mistake(
                    f"this line is no {kind.__name__.lower()}: {error}",
                    where=f"{path}:{number}",
                    mend="remove the line",
                ) from error
