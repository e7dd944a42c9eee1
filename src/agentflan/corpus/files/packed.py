"""Compressed files as the text inside, read forwards in bounded memory; damage and bombs are told by their name.

A packed text cannot be entered in the middle. A process that reads shard after shard goes on where the last one ended,
so a file is unpacked once to be cut and once by each process, however many shards it has.
"""

from __future__ import annotations

import gzip
import io
import zlib
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, BinaryIO, cast

import pyarrow as pa

from agentflan.core.errors import Mistake

OPENERS: dict[bytes, Callable[[Path], Any]] = {
    b"\x1f\x8b": gzip.open,
    b"\x28\xb5\x2f\xfd": lambda path: pa.input_stream(str(path), compression="zstd"),
}
"""First bytes of a packed file -> what opens it: gzip, zstd."""

PART = 1 << 20
RATIO = 200
"""How many times its own size a file may unpack to; text packs 3 to 50 times, a bomb a thousand times ..."""
FREE = 1 << 30
"""... and the bytes that no file is refused for."""


def text_of(path: Path) -> BinaryIO:
    """The text of a file, packed or not."""
    opener = _opener(path)
    if opener is None:
        return path.open("rb")
    return cast(BinaryIO, io.BufferedReader(_Unpacked(path, opener), PART))


def is_packed(path: Path) -> bool:
    return _opener(path) is not None


def _opener(path: Path) -> Callable[[Path], Any] | None:
    with path.open("rb") as stream:
        head = stream.read(4)
    return next((opener for magic, opener in OPENERS.items() if head.startswith(magic)), None)


class _Unpacked(io.RawIOBase):
    """Seeks forwards by unpacking on, backwards by starting anew, and never beyond the end."""

    def __init__(self, path: Path, opener: Callable[[Path], Any]) -> None:
        self._path, self._opener = path, opener
        self._limit = max(FREE, RATIO * path.stat().st_size)
        self._restart()

    def _restart(self) -> None:
        self._parts = self._unpack()
        self._part = memoryview(b"")
        self._at = 0

    def _unpack(self) -> Iterator[bytes]:
        size = 0
        try:
            with self._opener(self._path) as stream:
                while part := stream.read(PART):
                    size += len(part)
                    if size > self._limit:
                        what = f"the file unpacks to more than {RATIO} times its size, which no rows do"
                        raise Mistake(what, where=str(self._path), mend="unpack it yourself if it is meant to")
                    yield part
        except (EOFError, OSError, zlib.error) as error:
            what = f"the packed file is damaged after {size} bytes of text ({error})"
            raise Mistake(what, where=str(self._path), mend="get it again, or pack it again") from error

    def _take(self, most: int) -> memoryview:
        if not self._part:
            self._part = memoryview(next(self._parts, b""))
        taken, self._part = self._part[:most], self._part[most:]
        self._at += len(taken)
        return taken

    def readable(self) -> bool:
        return True

    def seekable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int:
        taken = self._take(len(buffer))
        buffer[: len(taken)] = taken
        return len(taken)

    def tell(self) -> int:
        return self._at

    def seek(self, offset: int, whence: int = io.SEEK_SET) -> int:
        """From the start or, as `seek(0, 2)`, to the end."""
        if whence == io.SEEK_SET and offset < self._at:
            self._restart()
        while (whence == io.SEEK_END or self._at < offset) and self._take(
            PART if whence == io.SEEK_END else offset - self._at
        ):
            pass
        return self._at
