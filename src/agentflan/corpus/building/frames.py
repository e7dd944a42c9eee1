"""Items between two passes: length-prefixed msgpack in one file per shard, written beside and renamed."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from typing import Any, BinaryIO

import msgspec

from agentflan.core.types import Conversation, Trajectory

_ENCODE = msgspec.msgpack.Encoder().encode
_DECODE: dict[bytes, Callable[[memoryview], Trajectory | Conversation]] = {
    b"T": msgspec.msgpack.Decoder(Trajectory).decode,
    b"C": msgspec.msgpack.Decoder(Conversation).decode,
}


def pack(item: Trajectory | Conversation) -> bytes:
    body = _ENCODE(item)
    return len(body).to_bytes(4, "little") + (b"T" if type(item) is Trajectory else b"C") + body


class Reader:
    """The items of a file, in order; most pass through a stage untouched and need not be packed again."""

    def __init__(self, path: Path) -> None:
        self._data = path.read_bytes()
        self._last: Trajectory | Conversation | None = None
        self._frame: memoryview = memoryview(b"")

    def __iter__(self) -> Iterator[Trajectory | Conversation]:
        whole, at = memoryview(self._data), 0
        while at < len(whole):
            start = at + 5
            end = start + int.from_bytes(whole[at : at + 4], "little")
            self._frame = whole[at:end]
            self._last = _DECODE[self._data[at + 4 : start]](whole[start:end])
            yield self._last
            at = end

    def pack(self, item: Trajectory | Conversation) -> bytes | memoryview:
        """The frame of an item: as it was read, if it is the one that was read last."""
        return self._frame if item is self._last else pack(item)


def beside(path: Path) -> Path:
    """Where a file grows until it is whole. Whoever makes it again after a kill takes the same place: none is left."""
    return path.with_name(f"{path.name}.tmp")


def save(path: Path, parts: Iterable[bytes | memoryview], *, sync: bool = True) -> None:
    """Whole or not at all: a file under its own name was written to the end.

    Without `sync` that holds when the process is killed, not when the machine goes down.
    """
    with beside(path).open("wb") as stream:
        stream.writelines(parts)
        settle(stream, path, sync=sync)


def settle(stream: BinaryIO, path: Path, *, sync: bool) -> None:
    """Gives a file that was written `beside` its place its name."""
    stream.flush()
    if sync:
        os.fsync(stream.fileno())
    beside(path).replace(path)


def save_value(path: Path, value: Any, *, sync: bool = False) -> None:
    save(path, [_ENCODE(value)], sync=sync)


def load_value(path: Path) -> Any:
    return msgspec.msgpack.decode(path.read_bytes())


def boot() -> str:
    """Changes when the machine starts anew, after which unsynced work is not to be trusted."""
    mark = Path("/proc/sys/kernel/random/boot_id")
    return mark.read_text() if mark.exists() else ""
