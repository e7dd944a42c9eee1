"""The global half of a Group: all notes of a key together, out of core; verdicts back to the shards."""

from __future__ import annotations

import bisect
import hashlib
from collections import defaultdict
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

import msgspec

from agentflan.core import kinds

HELD = 32 << 20
"""Bytes of notes grouped in memory at once, where they take some five times as much; more are first parted by key."""

_ENCODE = msgspec.msgpack.Encoder().encode
_DECODE = msgspec.msgpack.Decoder(tuple[int, str, Any]).decode


def pack_note(place: int, key: str, note: Any) -> bytes:
    body = _ENCODE((place, key, note))
    return len(body).to_bytes(4, "little") + body


def decide(
    group: kinds.Group, files: list[Path], sizes: list[int], work: Path, *, held: int = HELD
) -> list[dict[int, Any]]:
    """Runs `group.decide` once per key; verdicts by shard and by the item's place in it.

    `files[i]` holds the notes of shard i, `sizes[i]` how many items that shard has; `held` is the
    memory for notes, in bytes of them.
    """
    starts = [0]
    for size in sizes:
        starts.append(starts[-1] + size)
    verdicts: list[dict[int, Any]] = [{} for _ in files]
    for number, verdict in _decided(group, files, starts, work, held):
        shard = bisect.bisect_right(starts, number) - 1
        verdicts[shard][number - starts[shard]] = verdict
    return verdicts


def _decided(
    group: kinds.Group, files: list[Path], starts: list[int], work: Path, held: int
) -> Iterator[tuple[int, Any]]:
    if _single_key(files):
        yield from group.decide((number, note) for number, _, note in _notes(files, starts))
        return
    total = sum(file.stat().st_size for file in files)
    if total <= held:
        yield from _by_key(group, _notes(files, starts))
        return
    for part in _parted(_notes(files, starts), total // held + 1, work):
        yield from _by_key(group, _notes([part], [0]))
        part.unlink()


def _by_key(group: kinds.Group, notes: Iterable[tuple[int, str, Any]]) -> Iterator[tuple[int, Any]]:
    keys: dict[str, list[tuple[int, Any]]] = defaultdict(list)
    for number, key, note in notes:
        keys[key].append((number, note))
    for members in keys.values():
        yield from group.decide(iter(members))


def _notes(files: list[Path], starts: list[int]) -> Iterator[tuple[int, str, Any]]:
    for file, start in zip(files, starts, strict=False):
        with file.open("rb") as stream:
            while length := stream.read(4):
                place, key, note = _DECODE(stream.read(int.from_bytes(length, "little")))
                yield start + place, key, note


def _single_key(files: list[Path]) -> bool:
    """Whether all notes share one key: then they are streamed, however many there are."""
    first: str | None = None
    for _, key, _ in _notes(files, [0] * len(files)):
        if first is not None and key != first:
            return False
        first = key
    return True


def _parted(notes: Iterable[tuple[int, str, Any]], parts: int, work: Path) -> list[Path]:
    paths = [work / f"part-{part}.notes" for part in range(parts)]
    streams = [path.open("wb") for path in paths]
    try:
        for number, key, note in notes:
            part = int.from_bytes(hashlib.blake2b(key.encode(), digest_size=4).digest(), "big") % parts
            streams[part].write(pack_note(number, key, note))
    finally:
        for stream in streams:
            stream.close()
    return paths
