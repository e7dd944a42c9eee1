"""Raw files as rows: JSON lines, JSON arrays of any size, or one JSON object a file, split in bounded memory.

A 2 GB array (ToolBench's training file is one) is cut by a vectorised scan for the commas between its elements;
only its structure is looked at, so that the rows themselves are parsed once, by their source.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Literal, NamedTuple

import msgspec
import numpy as np

from agentflan.core.errors import Mistake
from agentflan.core.kinds import InPieces, WholeFile

CHUNK = 4 << 20
"""Bytes looked at in one go."""
ROW_LIMIT = 16 << 20
"""Bytes of the largest row a source is given; a longer one is quarantined."""


class Shard(NamedTuple):
    """Bytes [start, end) of a file that hold whole rows: the unit of work, of resume and of determinism."""

    path: Path
    start: int
    end: int
    form: Literal["lines", "array", "object", "joined"]
    """joined: the lines of the file are one row, a JSON array."""


def shards(path: Path, target: int, source: object = None) -> list[Shard]:
    """Cuts a file into shards of about `target` bytes; where they end depends on the file and the target alone.

    For a source whose files are rows (`kinds.WholeFile`) a file that is no larger than a row may be is one shard.
    """
    size = path.stat().st_size
    whole = isinstance(source, WholeFile) and source.whole_file and size <= ROW_LIMIT
    if whole and not size:  # API-Bank has a dialogue without a line; it is a bad row, not a mistake of the user's
        return [Shard(path, 0, 0, "joined")]
    form = _form(path)
    if whole:
        return [Shard(path, 0, size, "joined" if form == "lines" else "object")]
    if form == "object":
        return [Shard(path, 0, size, form)]
    borders = _line_ends(path, target) if form == "lines" else _element_ends(path, target)
    return [Shard(path, start, end, form) for start, end in borders]


def rows(shard: Shard, source: object = None) -> Iterator[bytes]:
    """The rows of a shard, in order, as this source wants them; one that is too long goes on as it is."""
    if isinstance(source, InPieces):
        for row in _stored(shard):
            yield from source.pieces(row) if len(row) <= ROW_LIMIT else (row,)
    else:
        yield from _stored(shard)


def _stored(shard: Shard) -> Iterator[bytes]:
    """The rows as they lie in the file. A damaged array yields what cannot be told apart as one row."""
    with shard.path.open("rb") as stream:
        stream.seek(shard.start)
        data = stream.read(shard.end - shard.start)
    if shard.form == "lines":
        yield from (line for line in data.split(b"\n") if line.strip(b" \t\r"))
    elif shard.form == "object":
        yield data
    elif shard.form == "joined":
        yield b"[" + b",".join(line for line in data.split(b"\n") if line.strip(b" \t\r")) + b"]"
    else:
        try:
            yield from (bytes(row) for row in msgspec.json.decode(b"[" + data + b"]", type=list[msgspec.Raw]))
        except msgspec.DecodeError:
            yield from _elements(data)


def _form(path: Path) -> Literal["lines", "array", "object"]:
    with path.open("rb") as stream:
        head = stream.read(1 << 16)
        if head.startswith(b"\xef\xbb\xbf"):
            raise Mistake(
                "the file starts with a byte order mark", where=str(path), mend="save it as UTF-8 without BOM"
            )
        first = head.lstrip()[:1]
        if first == b"[":
            return "array"
        if first != b"{":
            what = "is empty" if not first else f"starts with {first.decode('utf-8', 'replace')!r}"
            raise Mistake(f"the file {what}", where=str(path), mend="a source reads JSON lines, an array or an object")
        stream.seek(0)
        lines = [stream.readline(ROW_LIMIT) for _ in range(3)]
    return "lines" if any(_whole(line) for line in lines) else "object"


def _whole(line: bytes) -> bool:
    """Whether a line is a JSON object of its own, as those of a pretty-printed object are not."""
    try:
        return line[:1] == b"{" and bool(msgspec.json.decode(line, type=msgspec.Raw))
    except msgspec.DecodeError:
        return False


def _line_ends(path: Path, target: int) -> Iterator[tuple[int, int]]:
    size, start = path.stat().st_size, 0
    with path.open("rb") as stream:
        while start < size:
            stream.seek(min(start + target, size))
            stream.readline()
            end = stream.tell()
            yield start, end
            start = end


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


def _commas(stream: Iterator[bytes]) -> Iterator[tuple[int, bool]]:
    """(offset, is the end) of each comma between elements and of the closing bracket."""
    scan, base = _Scan(), 0
    for chunk in stream:
        commas, close = scan.feed(chunk)
        for comma in commas.tolist():
            if close >= 0 and comma > close:
                break
            yield base + comma, False
        if close >= 0:
            yield base + close, True
            return
        base += len(chunk)
    yield base, True


def _element_ends(path: Path, target: int) -> Iterator[tuple[int, int]]:
    with path.open("rb") as stream:
        start = stream.read(1 << 16).index(b"[") + 1
        stream.seek(0)
        for offset, last in _commas(iter(lambda: stream.read(CHUNK), b"")):
            if last:
                if offset > start:
                    yield start, offset
            elif offset - start >= target:
                yield start, offset
                start = offset + 1


def _elements(data: bytes) -> Iterator[bytes]:
    start = 0
    for offset, _ in _commas(iter([b"[" + data + b"]"])):
        yield data[start : offset - 1].strip()
        start = offset
