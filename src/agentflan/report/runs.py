"""Finds runs on disk and reads their small files. What a run lacks is None or empty: a report is made of what is there."""

from __future__ import annotations

import itertools
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any, TypeVar

import msgspec

from agentflan.core.errors import Mistake
from agentflan.core.kinds import RunFolder
from agentflan.corpus.ledger import Characters

T = TypeVar("T")

_PARTS = frozenset(("trajectories", "corpus", "tokens", "model", "train", "evals"))
_SIGNS = ("manifest.json", "corpus", "scores.json")


class Stage(msgspec.Struct):
    """One line of a ledger."""

    name: str
    into: int = msgspec.field(name="in")
    out: int
    made: int = 0
    dropped: dict[str, int] = {}
    quarantined: dict[str, int] = {}
    pending: int = 0

    @property
    def difference(self) -> int:
        """0 where nothing was lost: in + made = out + dropped + quarantined + pending."""
        left = self.out + sum(self.dropped.values()) + sum(self.quarantined.values()) + self.pending
        return self.into + self.made - left


class Ledger(msgspec.Struct):
    """corpus/ledger.json"""

    stages: list[Stage] = []
    conversations: int = 0
    characters: Characters = msgspec.field(default_factory=Characters)


class TokenLedger(msgspec.Struct):
    """tokens/ledger.json: the same counts in tokens."""

    tokens: Characters = msgspec.field(default_factory=Characters)


class _Scores(msgspec.Struct):
    metrics: dict[str, float] = {}


class _AllScores(msgspec.Struct):
    benchmarks: dict[str, dict[str, float]] = {}


class Logged(msgspec.Struct):
    """One line of train/metrics.jsonl: a training step or a validation."""

    step: int
    tokens: int = 0
    loss: float | None = None
    loss_by_capability: dict[str, float | None] = {}
    validation_loss: float | None = None
    validation_loss_by_capability: dict[str, float | None] = {}


def run_folders(folder: Path) -> tuple[RunFolder, ...]:
    """The runs in a folder: its sub-folders `<arm>` and `<arm>-seed<n>`, or the folder itself as the one arm `run`.

    A run is known by its manifest.json, corpus/ or scores.json. Raises `Mistake` where there is none.
    """
    if not folder.is_dir():
        raise Mistake("no such folder", where=str(folder), mend="give a run folder, or a folder of run folders")
    inside = [each for each in sorted(folder.iterdir()) if each.name not in _PARTS and each.name[0] != "." and _is_run(each)]
    if inside:
        return tuple(sorted(_named(each) for each in inside))
    if _is_run(folder):
        return (RunFolder("run", 0, folder),)
    signs = ", ".join(_SIGNS)
    raise Mistake("holds no run", where=str(folder), mend=f"a run folder has one of {signs}; `agentflan run` makes one")


def arms(runs: Sequence[RunFolder]) -> dict[str, list[RunFolder]]:
    """The runs of each arm, by seed."""
    return {arm: list(each) for arm, each in itertools.groupby(runs, key=lambda run: run.arm)}


def label(run: RunFolder, runs: Sequence[RunFolder]) -> str:
    """What to call a run among these: its arm, and its seed where the arm has several."""
    several = sum(other.arm == run.arm for other in runs) > 1
    return f"{run.arm}, seed {run.seed}" if several else run.arm


def ledger(run: RunFolder) -> Ledger | None:
    return _json(run.folder / "corpus" / "ledger.json", Ledger)


def token_ledger(run: RunFolder) -> Characters | None:
    """Tokens of the corpus: all, trained, trained by capability."""
    found = _json(run.folder / "tokens" / "ledger.json", TokenLedger)
    return found.tokens if found else None


def manifest(run: RunFolder) -> dict[str, Any] | None:
    return _json(run.folder / "manifest.json", dict[str, Any])


def scores(run: RunFolder) -> dict[str, dict[str, float]]:
    """Benchmark -> metric -> value, from evals/*/scores.json, or else from the run's own scores.json."""
    found: dict[str, dict[str, float]] = {}
    for path in sorted(run.folder.glob("evals/*/scores.json")):
        read = _json(path, _Scores)
        if read and read.metrics:
            found[path.parent.name] = read.metrics
    whole = _json(run.folder / "scores.json", _AllScores)
    return found or (whole.benchmarks if whole else {})


def logged(run: RunFolder) -> list[Logged]:
    """The lines of train/metrics.jsonl. A line torn at the end by a kill is left out; a broken one before it is a mistake."""
    path = run.folder / "train" / "metrics.jsonl"
    if not path.is_file():
        return []
    lines = path.read_bytes().split(b"\n")
    return list(_lines(path, lines[:-1]))


def _lines(path: Path, lines: list[bytes]) -> Iterator[Logged]:
    for number, line in enumerate(lines, 1):
        if line.strip():
            yield _decode(line, Logged, f"{path}:{number}")


def _is_run(folder: Path) -> bool:
    return folder.is_dir() and any((folder / sign).exists() for sign in _SIGNS)


def _named(folder: Path) -> RunFolder:
    arm, _, seed = folder.name.rpartition("-seed")
    return RunFolder(arm, int(seed), folder) if arm and seed.isdecimal() else RunFolder(folder.name, 0, folder)


def _json(path: Path, kind: type[T]) -> T | None:
    return _decode(path.read_bytes(), kind, str(path)) if path.is_file() else None


def _decode(data: bytes, kind: type[T], where: str) -> T:
    try:
        return msgspec.json.decode(data, type=kind)
    except msgspec.DecodeError as error:
        raise Mistake(f"cannot be read: {error}", where=where, mend="run that stage again, or delete the file") from error
