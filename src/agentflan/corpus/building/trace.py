"""Follows one row through a build: what each stage was given of it, and what it gave back.

A build is a pure function of rows, recipe and replies. So it is done once more, in a folder of its own, with plugs that
are subclasses of the real ones and look over their shoulder.
"""

from __future__ import annotations

import re
import tempfile
import types
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import nullcontext, suppress
from pathlib import Path
from typing import Any, NamedTuple

import msgspec

from agentflan.core.digest import canonical, digest
from agentflan.core.kinds import Item
from agentflan.core.types import Conversation, Dropped, Quarantined, Trajectory
from agentflan.corpus.building.build import Say, build
from agentflan.corpus.settings import Corpus

_ROW = re.compile(r"[0-9a-f]{32}(?:-\d+(?=-|$))?")
_VERBS = ("note", "requests", "apply", "__call__")
"""By which a transform is told of an item; the last two answer with what becomes of it."""


class Left(msgspec.Struct):
    """What dropped.jsonl, quarantine.jsonl and pending.jsonl have in common."""

    id: str
    stage: str
    source: str = ""
    reason: str = "pending"
    """Items that wait for replies give none."""
    detail: str = ""
    row: str = ""
    """As it stood, of those that could not be read."""


class Change(NamedTuple):
    """One item at one stage."""

    id: str
    before: Item | None
    """None: it was made here."""
    after: Item | None
    """None: it left here."""
    lost: Left | None = None
    """Why it left."""


class Trace(NamedTuple):
    """A row, and all that became of it."""

    id: str
    source: str
    row: bytes
    """As the source was given it."""
    read: Trajectory | None
    """None: it could not be read, or was dropped while it was read."""
    stages: tuple[tuple[str, tuple[Change, ...]], ...]
    """(name in the ledger, changes), for every stage of the chain."""
    ledger: dict[str, Any]
    """Of the build that was followed."""


def row_of(item_id: str) -> str:
    """The id of the row that an item is made of: lessons and negatives have its id and an ending of their own."""
    found = _ROW.match(item_id)
    return found[0] if found else item_id


def trace(
    corpus: Corpus, item_id: str, replies: Mapping[str, str | Dropped] | None, say: Say = lambda _: None
) -> Trace:
    """Builds the whole corpus in a temporary folder and watches the row of one item."""
    watch = _Watch(row_of(item_id))
    sources = tuple(entry._replace(plug=watch.source(entry.name, entry.plug)) for entry in corpus.sources)
    transforms = tuple((name, watch.transform(name, plug)) for name, plug in corpus.transforms)
    with tempfile.TemporaryDirectory() as folder:
        out = Path(folder) / "run"
        ledger = build(corpus._replace(sources=sources, transforms=transforms), out, replies=replies, say=say)
        lost = list(left(out / "corpus"))
    broken = next((line for line in lost if line.id == watch.row_id and line.row), None)
    if broken and not watch.row:  # what is no JSON at all is never handed to its source
        watch.row, watch.where = broken.row.encode(), broken.source
    names = [stage["name"] for stage in ledger["stages"]]
    return Trace(watch.row_id, watch.where, watch.row, watch.read, tuple(watch.told(names, lost)), ledger)


class _Watch:
    """What was seen of one row and of the items that are made of it."""

    def __init__(self, row_id: str) -> None:
        self.row_id, self.row, self.where = row_id, b"", ""
        self.read: Trajectory | None = None
        name, _, occurrence = row_id.partition("-")
        self._name, self._ahead = name, int(occurrence or 0)
        self._seen: dict[str, dict[str, Change]] = {}

    def source(self, name: str, plug: Any) -> Any:
        read = type(plug).__call__

        def call(told: Any, row: bytes) -> Any:
            outcome = None
            try:
                outcome = read(told, row)
            finally:
                self._see_row(name, row, outcome)
            return outcome

        return _watched(plug, {"__call__": call})

    def transform(self, name: str, plug: Any) -> Any:
        seen = self._seen.setdefault(name, {})
        return _watched(plug, {verb: self._verb(seen, verb, plug) for verb in _VERBS if _has(plug, verb)})

    def told(self, names: list[str], lost: list[Left]) -> Iterable[tuple[str, tuple[Change, ...]]]:
        """Every stage, reading first; one that has no plug of the recipe (fold, mix) is told from those around it."""
        alive: dict[str, Item] = {self.row_id: self.read} if self.read else {}
        for place, name in enumerate(names):
            if name == names[0]:
                found = {id: Change(id, None, item) for id, item in alive.items()}
            elif name in self._seen:
                found = dict(self._seen[name])
            else:
                found = {id: Change(id, item, self._next(names[place:], id) or item) for id, item in alive.items()}
            gone = {line.id: line for line in lost if line.stage == name and self._knows(line.id, found)}
            for id, line in gone.items():
                found[id] = Change(id, found[id].before if id in found else None, None, line)
            alive |= {id: change.after for id, change in found.items() if change.after}
            alive = {id: item for id, item in alive.items() if id not in gone}
            yield name, tuple(found.values())

    def _verb(self, seen: dict[str, Change], verb: str, plug: Any) -> Callable[..., Any]:
        real = getattr(type(plug), verb)

        def call(told: Any, item: Item, *rest: Any) -> Any:
            outcome = real(told, item, *rest)
            if self._is_of_row(item):
                seen.setdefault(item.id, Change(item.id, item, item))
            if verb in _VERBS[2:]:
                for after in _items(outcome):
                    if self._is_of_row(after) or (after.id == item.id and item.id in seen):
                        seen[after.id] = Change(after.id, item if after.id == item.id else None, after)
            return outcome

        return call

    def _see_row(self, source: str, row: bytes, outcome: Any) -> None:
        if self.row or self._name not in _names(source, row):
            return
        if self._ahead and isinstance(outcome, Trajectory):
            self._ahead -= 1
            return
        self.row, self.where = row, source
        if isinstance(outcome, Trajectory):
            self.read = msgspec.structs.replace(outcome, id=self.row_id, source=source, origin_ids=(self.row_id,))

    def _is_of_row(self, item: Item) -> bool:
        return item.id == self.row_id or self.row_id in item.origin_ids

    def _knows(self, id: str, found: Mapping[str, Change]) -> bool:
        return id in found or row_of(id) == self.row_id

    def _next(self, names: list[str], id: str) -> Item | None:
        """How the item comes to the next stage that was watched."""
        changes = (self._seen[name].get(id) for name in names if name in self._seen)
        return next((change.before for change in changes if change), None)


def _watched(plug: Any, verbs: dict[str, Callable[..., Any]]) -> Any:
    """A plug of a subclass, so that it is of the same kind and has the same settings."""
    kind = type(plug)
    watched = types.new_class(kind.__name__, (kind,), {"frozen": True}, lambda space: space.update(verbs))
    return watched(**{name: getattr(plug, name) for name in kind.__struct_fields__})


def _has(plug: Any, verb: str) -> bool:
    return any(verb in vars(kind) for kind in type(plug).__mro__[:-1])


def _items(outcome: Any) -> list[Item]:
    if isinstance(outcome, (Dropped, Quarantined)):
        return []
    return [outcome] if isinstance(outcome, (Trajectory, Conversation)) else list(outcome)


def _names(source: str, row: bytes) -> set[str]:
    """What a row can be called: by its content, or by its bytes where those could not be read."""
    names = {digest(row)}
    with suppress(msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        names.add(digest(source.encode() + canonical(msgspec.json.decode(row))))
    return names


def left(folder: Path) -> Iterator[Left]:
    """Every item that a corpus folder says has left on the way, or is waiting."""
    for name in ("dropped", "quarantine", "pending"):
        path = folder / f"{name}.jsonl"
        with path.open("rb") if path.is_file() else nullcontext(()) as lines:
            yield from (msgspec.json.decode(line, type=Left) for line in lines)
