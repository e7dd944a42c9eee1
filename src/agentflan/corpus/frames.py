"""Items between two passes: length-prefixed msgpack in one file per shard, written beside and renamed."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from typing import Any

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


def unpack(path: Path) -> Iterator[Trajectory | Conversation]:
    data, at = path.read_bytes(), 0
    while at < len(data):
        start = at + 5
        end = start + int.from_bytes(data[at : at + 4], "little")
        yield _DECODE[data[at + 4 : start]](memoryview(data)[start:end])
        at = end


def save(path: Path, parts: Iterable[bytes], *, sync: bool = True) -> None:
    """Whole or not at all: a file under its own name was written to the end.

    Without `sync` that holds when the process is killed, not when the machine goes down.
    """
    beside = path.with_name(path.name + ".tmp")
    with beside.open("wb") as stream:
        stream.writelines(parts)
        if sync:
            stream.flush()
            os.fsync(stream.fileno())
    beside.replace(path)


def save_work(path: Path, parts: Iterable[bytes]) -> None:
    """For what a build leaves to itself; see `boot`."""
    save(path, parts, sync=False)


def save_value(path: Path, value: Any) -> None:
    save_work(path, [_ENCODE(value)])


def boot() -> str:
    """Changes when the machine starts anew, after which unsynced work is not to be trusted."""
    mark = Path("/proc/sys/kernel/random/boot_id")
    return mark.read_text() if mark.exists() else ""


def load_value(path: Path) -> Any:
    return msgspec.msgpack.decode(path.read_bytes())
