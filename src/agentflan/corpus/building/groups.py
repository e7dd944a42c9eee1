"""The global half of a Group: all notes of a key together, out of core; verdicts back to the shards."""

from __future__ import annotations

import bisect
import hashlib
import os
from collections import defaultdict
from collections.abc import Iterable, Iterator
from itertools import accumulate
from pathlib import Path
from typing import Any

import msgspec

from agentflan.core import kinds

HELD = 16 << 20
"""Bytes of notes, or of verdicts, held in memory at once; as Python values they take about eight times as much."""

_ENCODE = msgspec.msgpack.Encoder().encode
_NOTE = msgspec.msgpack.Decoder(tuple[int, str, Any]).decode
_VERDICT = msgspec.msgpack.Decoder(tuple[int, Any]).decode


def pack_note(place: int, key: str, note: Any) -> bytes:
    return _framed((place, key, note))


def load_verdicts(path: Path) -> dict[int, Any]:
    """Verdicts of one shard, by the item's place in it."""
    return dict(map(_VERDICT, _frames(path)))


def save_verdicts(path: Path, verdicts: Iterable[tuple[int, Any]]) -> None:
    with _own(path).open("wb") as stream:
        stream.writelines(map(_framed, verdicts))
    _own(path).replace(path)


def decide(
    group: kinds.Group, notes: list[Path], sizes: list[int], verdicts: list[Path], work: Path, *, held: int = HELD
) -> None:
    """Runs `group.decide` once per key and writes the verdicts of shard i, by the item's place in it, to `verdicts[i]`.

    `notes[i]` holds the notes of shard i, `sizes[i]` how many items that shard has.
    """
    starts = list(accumulate(sizes, initial=0))
    spool = _Spool(verdicts, held)
    for number, verdict in _decided(group, notes, starts, work, held):
        shard = bisect.bisect_right(starts, number) - 1
        spool.add(shard, number - starts[shard], verdict)
    spool.close()


class _Spool:
    """Verdicts on their way to many files, of which few are ever open."""

    def __init__(self, paths: list[Path], held: int) -> None:
        self._paths, self._held = paths, held
        self._waiting: dict[int, list[bytes]] = defaultdict(list)
        self._bytes = 0
        for path in paths:
            _own(path).write_bytes(b"")

    def add(self, shard: int, place: int, verdict: Any) -> None:
        frame = _framed((place, verdict))
        self._waiting[shard].append(frame)
        self._bytes += len(frame)
        if self._bytes >= self._held:
            self._flush()

    def close(self) -> None:
        self._flush()
        for path in self._paths:
            _own(path).replace(path)

    def _flush(self) -> None:
        for shard, waiting in self._waiting.items():
            with _own(self._paths[shard]).open("ab") as stream:
                stream.writelines(waiting)
        self._waiting.clear()
        self._bytes = 0


def _decided(
    group: kinds.Group, notes: list[Path], starts: list[int], work: Path, held: int
) -> Iterator[tuple[int, Any]]:
    total = sum(path.stat().st_size for path in notes)
    if not total:
        return
    if total <= held or _single_key(notes):
        yield from _by_key(group, notes, starts)
        return
    for part in _parted(_notes(notes, starts), total // held + 1, work):
        if part.stat().st_size:
            yield from _by_key(group, [part], [0])
        part.unlink()


def _by_key(group: kinds.Group, notes: list[Path], starts: list[int]) -> Iterator[tuple[int, Any]]:
    if _single_key(notes):
        yield from group.decide((number, note) for number, _, note in _notes(notes, starts))
        return
    keys: dict[str, list[tuple[int, Any]]] = defaultdict(list)
    for number, key, note in _notes(notes, starts):
        keys[key].append((number, note))
    for members in keys.values():
        yield from group.decide(iter(members))


def _own(path: Path) -> Path:
    """Where a file grows that several shares of a build may make at once, each the same."""
    return path.with_name(f"{path.name}.{os.getpid()}.tmp")


def _notes(paths: list[Path], starts: list[int]) -> Iterator[tuple[int, str, Any]]:
    for path, start in zip(paths, starts, strict=False):
        for place, key, note in map(_NOTE, _frames(path)):
            yield start + place, key, note


def _framed(value: Any) -> bytes:
    body = _ENCODE(value)
    return len(body).to_bytes(4, "little") + body


def _frames(path: Path) -> Iterator[bytes]:
    with path.open("rb") as stream:
        while length := stream.read(4):
            yield stream.read(int.from_bytes(length, "little"))


def _single_key(paths: list[Path]) -> bool:
    """Whether all notes share one key: then they are streamed, however many there are."""
    first: str | None = None
    for _, key, _ in _notes(paths, [0] * len(paths)):
        if first is not None and key != first:
            return False
        first = key
    return True


def _parted(notes: Iterable[tuple[int, str, Any]], parts: int, work: Path) -> list[Path]:
    """The notes in files of about equal size, those of a key in one of them."""
    paths = [_own(work / f"part-{part}.notes") for part in range(parts)]
    streams = [path.open("wb") for path in paths]
    try:
        for number, key, note in notes:
            part = int.from_bytes(hashlib.blake2b(key.encode(), digest_size=4).digest(), "big") % parts
            streams[part].write(pack_note(number, key, note))
    finally:
        for stream in streams:
            stream.close()
    return paths
