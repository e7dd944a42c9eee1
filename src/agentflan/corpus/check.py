"""What is this file, how much of it can be used, and what is wrong with it?"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator
from itertools import islice
from pathlib import Path
from typing import Literal, NamedTuple

import msgspec

from agentflan.core import kinds, plugs
from agentflan.core.errors import Mistake
from agentflan.core.types import Conversation, Dropped, Quarantined, Trajectory
from agentflan.corpus.build import SHARD_BYTES
from agentflan.corpus.lints import lint
from agentflan.corpus.parquet import conversations
from agentflan.corpus.reading import read, read_row
from agentflan.corpus.rows import Shard, pieces_of, rows, shards

TRIED = 200
"""Rows from which a format is recognised; the source that uses most of them then reads the whole file."""
TRIED_BYTES = 8 << 20
"""The same where rows are long."""

FileKind = Literal["trajectories", "chat", "tasks", "unknown"]


class Checked(msgspec.Struct, frozen=True, kw_only=True):
    """The answer of `agentflan check FILE`."""

    format: str
    """Name of the source that reads the file best, `corpus` for a built one, or `unknown`."""
    kind: FileKind
    confidence: float
    """Share of the rows that this source recognises."""
    rows: int
    usable: int
    lints: dict[str, int]
    """Lint code -> places."""
    reasons: dict[str, int]
    """Why rows are not usable."""
    places: dict[str, str]
    """Lint code or reason -> the first row with it, counted from 1, or its id."""


class _Reading(NamedTuple):
    """What one source makes of a file."""

    name: str
    items: int
    recognised: int
    """Rows it can use or drops on purpose; the others it cannot read."""
    kinds: Counter[str]
    lints: Counter[str]
    reasons: Counter[str]
    places: dict[str, str]


def check(path: Path) -> Checked:
    """Looks at a file of raw rows, or at a run folder or corpus folder. Raises Mistake when there is none."""
    if path.is_dir():
        return _corpus(path / "corpus" if (path / "corpus").is_dir() else path)
    if not path.is_file():
        raise Mistake("there is no such file", where=str(path), mend="give a file of rows or a run folder")
    file = _File(path)
    sources = {name: plugs.load("source", name) for name in plugs.names("source")}
    name = max(sources, key=lambda name: _tried(sources[name], file))
    best = _read(name, sources[name], file.rows(sources[name]))
    known = best.recognised > 0
    return Checked(
        format=best.name if known else "unknown",
        kind=_kind(best),
        confidence=round(best.recognised / best.items, 3) if best.items else 0.0,
        rows=best.items,
        usable=best.kinds.total(),
        lints=dict(sorted(best.lints.items())),
        reasons=dict(sorted(best.reasons.items())),
        places=best.places,
    )


def _tried(source: kinds.Source, file: _File) -> tuple[int, int]:
    """(rows that a source uses, rows it recognises) of the first ones."""
    outcomes = Counter(type(read(source, row)) for row in file.head(source))
    return outcomes[Trajectory], outcomes[Trajectory] + outcomes[Dropped]


def _read(name: str, source: kinds.Source, rows: Iterable[bytes | Quarantined]) -> _Reading:
    found = _Reading(name, 0, 0, Counter(), Counter(), Counter(), {})
    items = recognised = 0
    for number, row in enumerate(rows, 1):
        items += 1
        _, outcome = read_row(name, source, row)
        recognised += not isinstance(outcome, Quarantined)
        if isinstance(outcome, Trajectory):
            found.kinds[outcome.kind] += 1
            for code in lint(outcome):
                found.lints[code] += 1
                found.places.setdefault(code, f"row {number}")
            continue
        found.reasons[outcome.reason] += 1
        found.places.setdefault(outcome.reason, f"row {number}")
    return found._replace(items=items, recognised=recognised)


class _File:
    """Cut once for all sources whose rows are lines and once for those whose rows are files: that reads all of it."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._shards: dict[bool, list[Shard]] = {}
        self._heads: dict[bool, list[bytes | Quarantined]] = {}

    def rows(self, source: object) -> Iterator[bytes | Quarantined]:
        for row in self._stored(source):
            yield from pieces_of(row, source)

    def head(self, source: object) -> Iterator[bytes | Quarantined]:
        """The first rows."""
        whole = isinstance(source, kinds.WholeFile)
        if whole not in self._heads:
            self._heads[whole] = []
            size = 0
            for row in islice(self._stored(source), TRIED):
                self._heads[whole].append(row)
                size += len(row) if isinstance(row, bytes) else 0
                if size > TRIED_BYTES:
                    break
        for row in self._heads[whole]:
            yield from pieces_of(row, source)

    def _stored(self, source: object) -> Iterator[bytes | Quarantined]:
        whole = isinstance(source, kinds.WholeFile)
        if whole not in self._shards:
            self._shards[whole] = shards(self._path, SHARD_BYTES, source)
        for shard in self._shards[whole]:
            yield from rows(shard)


def _kind(reading: _Reading) -> FileKind:
    if not reading.kinds:
        return "unknown"
    return "chat" if reading.kinds["general"] * 2 > reading.kinds.total() else "trajectories"


def _corpus(folder: Path) -> Checked:
    count, lints = 0, Counter[str]()
    places: dict[str, str] = {}
    conversation: Conversation
    for conversation in conversations(folder):
        count += 1
        for code in lint(conversation):
            lints[code] += 1
            places.setdefault(code, conversation.id)
    return Checked(
        format="corpus",
        kind="trajectories",
        confidence=1.0,
        rows=count,
        usable=count - lints["AF201"],
        lints=dict(sorted(lints.items())),
        reasons={},
        places=places,
    )
