"""Which source reads a file? All of them try its first rows; the one that uses most of them is the answer."""

from __future__ import annotations

from codecs import BOM_UTF8
from collections import Counter
from collections.abc import Iterator
from itertools import islice
from pathlib import Path
from typing import Any, NamedTuple

from agentflan.core import kinds, plugs
from agentflan.core.types import Dropped, Quarantined, Trajectory
from agentflan.corpus.building.build import SHARD_BYTES
from agentflan.corpus.files.reading import read
from agentflan.corpus.files.rows import Shard, pieces_of, rows, shards

TRIED = 200
"""Rows from which a format is recognised ..."""
TRIED_BYTES = 8 << 20
"""... or fewer, where they are long."""
GENERAL = frozenset({"react", "sharegpt"})
"""Sources that read whatever has turns or labels: they get what no other reads better, and are nobody's rival."""


class Recognised(NamedTuple):
    """What the first rows say of a file."""

    name: str
    """Of the source; empty: none knows a single row."""
    doubt: float
    """Share of its rows that another source would use as well, from 0 to 1."""
    rival: str
    """That source, if there is any."""


class File:
    """A file of rows; where its shards end is found out once, for a large array has to be scanned for that."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self._shards: dict[bool, list[Shard]] = {}
        self._heads: dict[bool, list[bytes | Quarantined]] = {}

    @property
    def marked(self) -> bool:
        """Whether it starts with a byte order mark."""
        with self.path.open("rb") as stream:
            return stream.read(len(BOM_UTF8)) == BOM_UTF8

    def shards(self, source: object = None) -> list[Shard]:
        whole = isinstance(source, kinds.WholeFile)
        if whole not in self._shards:
            self._shards[whole] = shards(self.path, SHARD_BYTES, source)
        return self._shards[whole]

    def rows(self, source: object = None) -> Iterator[bytes | Quarantined]:
        for shard in self.shards(source):
            yield from rows(shard, source)

    def head(self, source: object = None) -> Iterator[bytes | Quarantined]:
        """The first rows; they are read once for all sources."""
        whole = isinstance(source, kinds.WholeFile)
        if whole not in self._heads:
            self._heads[whole] = list(self._first(source))
        for row in self._heads[whole]:
            yield from pieces_of(row, source)

    def _first(self, source: object) -> Iterator[bytes | Quarantined]:
        size = 0
        stored = (row for shard in self.shards(source) for row in rows(shard))
        for row in islice(stored, TRIED):
            yield row
            size += len(row) if isinstance(row, bytes) else 0
            if size > TRIED_BYTES:
                return


def recognise(file: File) -> Recognised:
    """Ties go to the source that is made for fewer formats."""
    tried = {name: _tried(plugs.load("source", name), file) for name in plugs.names("source")}
    best = max(tried, key=lambda name: (*tried[name], name not in GENERAL))
    used, known = tried[best]
    if not known:
        return Recognised("", 0, "")
    others = {name: used for name, (used, _) in tried.items() if name != best and name not in GENERAL and used}
    rival = max(others, key=lambda name: others[name], default="")
    return Recognised(best, others[rival] / max(used, others[rival]) if rival else 0, rival)


def _tried(source: Any, file: File) -> tuple[int, int]:
    """(rows it uses, rows it knows: those that it drops on purpose as well)."""
    outcomes = Counter(type(read(source, row)) for row in file.head(source))
    return outcomes[Trajectory], outcomes[Trajectory] + outcomes[Dropped]
