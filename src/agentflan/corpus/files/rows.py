"""Raw files as rows: JSON lines, JSON arrays of any size, one JSON object a file, packed or not, and Parquet.

A file is cut into shards in bounded memory; the rows of a shard come out whole, once and in order.
"""

from __future__ import annotations

import stat
from collections.abc import Iterable, Iterator
from functools import lru_cache
from pathlib import Path
from typing import BinaryIO, Literal, NamedTuple

import numpy as np

from agentflan.core.errors import Mistake, Mistakes
from agentflan.core.kinds import InPieces, WholeFile
from agentflan.core.types import Quarantined
from agentflan.corpus.files.arrays import cut_array, elements
from agentflan.corpus.files.forms import ROW_LIMIT, SHARD_ROWS, form_of, rest_of_line, too_large
from agentflan.corpus.files.packed import is_packed, text_of
from agentflan.corpus.files.tables import Table, is_table
from agentflan.corpus.settings import SourceEntry

__all__ = ["ROW_LIMIT", "Shard", "pieces_of", "rows", "shards", "shards_of_all"]


class Shard(NamedTuple):
    """A part of a file that holds whole rows: the unit of work, of resume and of determinism."""

    path: Path
    start: int
    """First byte of the (unpacked) text; of a table, first row."""
    end: int
    form: Literal["lines", "array", "object", "joined", "table", "too_large"]
    """joined: the lines of the file are one row, a JSON array. too_large: one row that is longer than `ROW_LIMIT`."""
    stamp: tuple[int, int] = (0, 0)
    """Size of the file and when it changed last."""


def shards(path: Path, target: int, source: object = None) -> list[Shard]:
    """Cuts a file into shards of about `target` bytes; where they end depends on the file and the target alone.

    For a source whose files are rows (`kinds.WholeFile`) a text that is no larger than a row may be is one shard.
    Raises Mistake for what holds no rows, and for what is damaged as a whole.
    """
    stamp = _stamp(path)
    try:
        if is_table(path):
            return [Shard(path, start, end, "table", stamp) for start, end in Table(path).cut(target)]
        with text_of(path) as stream:
            return [shard._replace(stamp=stamp) for shard in _cut(stream, path, target, source)]
    except OSError as error:
        raise _unreadable(path, error) from error


def shards_of_all(sources: Iterable[SourceEntry], target: int) -> tuple[tuple[SourceEntry, Shard], ...]:
    """The shards of all files of all sources, in order. Raises Mistakes for all files that hold no rows, at once."""
    found: list[tuple[SourceEntry, Shard]] = []
    wrong: list[Mistake] = []
    for entry in sources:
        for file in entry.files:
            try:
                found += [(entry, shard) for shard in shards(file, target, entry.plug)]
            except Mistake as mistake:
                wrong.append(mistake)
    if wrong:
        raise Mistakes(wrong)
    return tuple(found)


def rows(shard: Shard, source: object = None) -> Iterator[bytes | Quarantined]:
    """The rows of a shard, in order, as this source wants them; `Quarantined` in the place of one that cannot be given.

    Raises Mistake when the file is not the one that was cut.
    """
    if isinstance(source, InPieces):
        pieces = source.pieces
        for row in _stored(shard):
            yield from pieces(row) if isinstance(row, bytes) and len(row) <= ROW_LIMIT else (row,)
    else:
        yield from _stored(shard)
    if _stamp(shard.path) != shard.stamp:
        raise _changed(shard.path)


def pieces_of(row: bytes | Quarantined, source: object) -> Iterable[bytes | Quarantined]:
    """What a stored row is to a source: several rows, or itself."""
    if isinstance(source, InPieces) and isinstance(row, bytes) and len(row) <= ROW_LIMIT:
        return source.pieces(row)
    return (row,)


def _cut(stream: BinaryIO, path: Path, target: int, source: object) -> Iterator[Shard]:
    whole = isinstance(source, WholeFile) and source.whole_file and len(stream.read(ROW_LIMIT + 1)) <= ROW_LIMIT
    size = stream.seek(0, 2) if whole else -1
    stream.seek(0)
    if size == 0:  # API-Bank has a dialogue without a line; it is a bad row, not a mistake of the user's
        yield Shard(path, 0, 0, "joined")
        return
    form, start = form_of(stream, path)
    if whole or form == "object":
        end = stream.seek(0, 2)
        kept: Literal["joined", "object"] = "joined" if form == "lines" else "object"
        yield Shard(path, start, end, kept if end - start <= ROW_LIMIT else "too_large")
    elif form == "lines":
        yield from (Shard(path, *ends, "lines") for ends in _line_ends(stream, start, target))
    else:
        for begin, end, long in cut_array(stream, start, target):
            yield Shard(path, begin, end, "too_large" if long else "array")


def _line_ends(stream: BinaryIO, start: int, target: int) -> Iterator[tuple[int, int]]:
    """Reads forwards alone, as a packed text must be."""
    stream.seek(start)
    while data := stream.read(target):
        end = start + len(data) + rest_of_line(stream)[0]
        if data.count(b"\n") > SHARD_ROWS:
            breaks = np.flatnonzero(np.frombuffer(data, dtype=np.uint8) == 10)
            for inner in (start + 1 + breaks[SHARD_ROWS - 1 :: SHARD_ROWS]).tolist():
                yield start, inner
                start = inner
        if end > start:
            yield start, end
        start = end


def _stored(shard: Shard) -> Iterator[bytes | Quarantined]:
    """The rows as they lie in the file."""
    if shard.form == "too_large":
        yield too_large(shard.end - shard.start)
    elif shard.form == "table":
        yield from _table(shard.path, shard.stamp).rows(shard.start, shard.end)
    elif is_packed(shard.path):
        yield from _in_text(_text(shard.path, shard.stamp), shard)
    else:
        with text_of(shard.path) as stream:
            yield from _in_text(stream, shard)


def _in_text(stream: BinaryIO, shard: Shard) -> Iterator[bytes | Quarantined]:
    stream.seek(shard.start)
    if shard.form == "lines":
        yield from _lines(stream, shard)
        return
    data = _exactly(stream, shard)
    if shard.form == "array":
        yield from elements(data)
    elif shard.form == "object":
        yield data
    else:
        yield b"[" + b",".join(line for line in data.split(b"\n") if line.strip(b" \t\r")) + b"]"


def _exactly(stream: BinaryIO, shard: Shard) -> bytes:
    data = stream.read(shard.end - shard.start)
    if len(data) < shard.end - shard.start:
        raise _changed(shard.path)
    return data


def _lines(stream: BinaryIO, shard: Shard) -> Iterator[bytes | Quarantined]:
    at = shard.start
    if shard.end - at <= ROW_LIMIT:  # no line can be too long here, and splitting all at once is the fastest
        lines = _exactly(stream, shard).split(b"\n")
        yield from (line for line in lines if line.strip(b" \t\r"))
        return
    while at < shard.end:
        line = stream.readline(ROW_LIMIT + 1)
        if not line:
            raise _changed(shard.path)
        at += len(line)
        if len(line) > ROW_LIMIT and not line.endswith(b"\n"):
            more, _ = rest_of_line(stream)
            at += more
            yield too_large(len(line) + more)
        elif not line.isspace():
            yield line.removesuffix(b"\n")


@lru_cache(maxsize=1)
def _text(path: Path, stamp: tuple[int, int]) -> BinaryIO:
    """The packed text that this process is reading."""
    return text_of(path)


@lru_cache(maxsize=1)
def _table(path: Path, stamp: tuple[int, int]) -> Table:
    """The table that this process is reading."""
    return Table(path)


def _stamp(path: Path) -> tuple[int, int]:
    try:
        found = path.stat()
    except OSError as error:
        raise _unreadable(path, error) from error
    if not stat.S_ISREG(found.st_mode):
        raise Mistake("this is no regular file", where=str(path), mend="name a file, or a pattern that finds files")
    return found.st_size, found.st_mtime_ns


def _unreadable(path: Path, error: OSError) -> Mistake:
    return Mistake(f"the file cannot be read ({error.strerror or error})", where=str(path), mend="check its rights")


def _changed(path: Path) -> Mistake:
    return Mistake("the file changed while it was read", where=str(path), mend="run it again once nobody writes to it")
