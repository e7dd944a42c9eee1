"""JSON arrays of any size, cut by a vectorised scan for the commas between their elements.

A 2 GB array (ToolBench's training file is one) is cut in bounded memory; only its structure is looked at, so that the
rows themselves are parsed once, by their source.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import BinaryIO

import msgspec
import numpy as np

from agentflan.corpus.files.forms import CHUNK, ROW_LIMIT, SHARD_ROWS


class _Scan:
    """Where the commas between the elements of a JSON array lie, chunk by chunk."""

    def __init__(self) -> None:
        self.depth, self.in_string, self.escaped = 0, False, False

    def feed(self, chunk: bytes) -> tuple[np.ndarray, int]:
        """Offsets of commas at depth 1 in this chunk, and the offset at which the array closes (or -1)."""
        data = np.frombuffer(chunk, dtype=np.uint8)
        quotes = np.flatnonzero(data == 34)
        quotes = quotes[~self._escapes(data)[quotes]]
        # a character is inside a string when an odd number of quotes lies before it
        marks = np.flatnonzero(_STRUCTURE[data])
        inside = (np.searchsorted(quotes, marks) + self.in_string) % 2 == 1
        marks = marks[~inside]
        kinds = data[marks]
        depth = self.depth + np.cumsum(_CHANGE[kinds])
        self.in_string = bool((len(quotes) + self.in_string) % 2)
        if len(depth):
            self.depth = int(depth[-1])
        closed = marks[(depth == 0) & (kinds == 93)]
        return marks[(kinds == 44) & (depth == 1)], int(closed[0]) if len(closed) else -1

    def _escapes(self, data: np.ndarray) -> np.ndarray:
        """Which bytes are escaped by a backslash that is not itself escaped."""
        escaped = np.zeros(len(data) + 1, dtype=bool)
        slashes = np.flatnonzero(data == 92)
        if self.escaped:
            escaped[0] = True
        if len(slashes):
            fresh = np.ones(len(slashes), dtype=bool)
            fresh[1:] = np.diff(slashes) != 1
            run = np.maximum.accumulate(np.where(fresh, slashes, 0))
            odd = (slashes - run) % 2 == 0
            if self.escaped:  # the run that starts the chunk begins with an escaped backslash
                first = run == 0
                odd[first & (slashes[0] == 0)] ^= True
            escaped[slashes[odd] + 1] = True
        self.escaped = bool(escaped[-1])
        return escaped[:-1]


_STRUCTURE = np.zeros(256, dtype=bool)
_STRUCTURE[list(b"[]{},")] = True
_CHANGE = np.zeros(256, dtype=np.int64)
_CHANGE[[91, 123]] = 1
_CHANGE[[93, 125]] = -1


def commas(chunks: Iterable[bytes]) -> Iterator[tuple[int, bool]]:
    """(offset, is the end) of each comma between elements and of the closing bracket."""
    scan, base = _Scan(), 0
    for chunk in chunks:
        found, close = scan.feed(chunk)
        for comma in found.tolist():
            if close >= 0 and comma > close:
                break
            yield base + comma, False
        if close >= 0:
            yield base + close, True
            return
        base += len(chunk)
    yield base, True


def cut_array(stream: BinaryIO, origin: int, target: int) -> Iterator[tuple[int, int, bool]]:
    """[start, end) of runs of whole elements of about `target` bytes; True: a single one that is too long for a row.

    The array begins at `origin`. What follows after its end is the last run, so that nothing goes without a word.
    """
    stream.seek(origin)
    start = last = origin + 1
    count = 0
    for place, closing in commas(iter(lambda: stream.read(CHUNK), b"")):
        comma = origin + place
        count += 1
        if comma - last > ROW_LIMIT:
            if last > start:
                yield start, last - 1, False
            yield last, comma, True
            start, count = comma + 1, 0
        elif closing or comma - start >= target or count == SHARD_ROWS:
            if comma > start:
                yield start, comma, False
            start, count = comma + 1, 0
        last = comma + 1
    end = stream.seek(0, 2)
    stream.seek(min(last, end))
    if any(not chunk.isspace() for chunk in iter(lambda: stream.read(CHUNK), b"")):
        yield last, end, end - last > ROW_LIMIT


def elements(data: bytes) -> Iterator[bytes]:
    """The elements of a run. A damaged run yields what cannot be told apart as one row."""
    try:
        yield from (bytes(row) for row in msgspec.json.decode(b"[" + data + b"]", type=list[msgspec.Raw]))
    except (msgspec.DecodeError, RecursionError):
        start = 0
        chunks = (data[at : at + CHUNK] for at in range(0, len(data), CHUNK))
        for offset, _ in commas([b"[", *chunks, b"]"]):
            yield data[start : offset - 1].strip()
            start = offset
