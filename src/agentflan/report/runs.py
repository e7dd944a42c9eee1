"""Finds runs on disk and reads their small files. What a run lacks is None or empty: the report shows what is there."""

from __future__ import annotations

import itertools
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any, TypeVar

import msgspec
from ruamel.yaml import YAML
from ruamel.yaml.error import YAMLError

from agentflan.core import plugs
from agentflan.core.errors import Mistake
from agentflan.core.kinds import RunFolder, Template
from agentflan.corpus.building.ledger import Characters
from agentflan.corpus.settings import CorpusSettings

T = TypeVar("T")

_PARTS = frozenset(("trajectories", "corpus", "tokens", "model", "train", "evals", "diagnosis"))
_SIGNS = ("manifest.json", "corpus", "scores.json", "diagnosis.json")


class Counts(msgspec.Struct):
    """What went in and out."""

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


class Stage(Counts, kw_only=True):
    """One line of a ledger."""

    name: str


class Ledger(msgspec.Struct):
    """corpus/ledger.json"""

    stages: list[Stage] = []
    sources: dict[str, Counts] = {}
    """What each source read."""
    conversations: int = 0
    characters: Characters = msgspec.field(default_factory=Characters)


class TokenLedger(msgspec.Struct):
    """tokens/ledger.json: one stage more, and the same counts in tokens."""

    stages: list[Stage] = []
    tokens: Characters = msgspec.field(default_factory=Characters)


class _Scores(msgspec.Struct):
    metrics: dict[str, float] = {}
    notes: dict[str, str] = {}


class _AllScores(msgspec.Struct):
    benchmarks: dict[str, dict[str, float]] = {}


class Logged(msgspec.Struct):
    """One line of train/metrics.jsonl: a training step, a validation, or weights that changed."""

    step: int
    tokens: int = 0
    loss: float | None = None
    loss_by_capability: dict[str, float | None] = {}
    validation_loss: float | None = None
    validation_loss_by_capability: dict[str, float | None] = {}
    tokens_per_second: float | None = None
    trained_tokens_per_second: float | None = None
    mfu: float | None = None
    """Share of the device's peak that the model's arithmetic took."""
    balance: dict[str, float] = {}
    """Capability -> its weight from here on."""


def run_folders(folder: Path) -> tuple[RunFolder, ...]:
    """The runs in a folder: its sub-folders `<arm>` and `<arm>-seed<n>`, or the folder itself as the one arm `run`.

    A run is known by its manifest.json, corpus/, scores.json or diagnosis.json; the base that arms share is none. The
    plainest arm comes first: the one whose corpus took the fewest stages and made the least. Raises `Mistake` where
    there is no run.
    """
    if not folder.is_dir():
        raise Mistake("no such folder", where=str(folder), mend="give a run folder, or a folder of run folders")
    inside = [_named(each) for each in sorted(folder.iterdir()) if _is_run(each)]
    if inside:
        plainness: dict[str, tuple[int, int]] = {}
        for run in inside:
            stages = (ledger(run) or Ledger()).stages
            plainness.setdefault(run.arm, (len(stages), sum(stage.made for stage in stages)))
        return tuple(sorted(inside, key=lambda run: (plainness[run.arm], run)))
    if _is_run(folder):
        return (RunFolder("run", _seed(folder), folder),)
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


def token_ledger(run: RunFolder) -> TokenLedger | None:
    return _json(run.folder / "tokens" / "ledger.json", TokenLedger)


def recipe_text(folder: Path) -> str:
    """The resolved recipe as it stands in the run; empty where there is none."""
    path = folder / "recipe.yaml"
    return path.read_text("utf-8", errors="replace") if path.is_file() else ""


def corpus_settings(folder: Path) -> CorpusSettings:
    """Template and longest sequence as the recipe of a run has them, or as recipes have them that name none."""
    corpus = _recipe(folder).get("corpus")
    said = {key: corpus[key] for key in ("template", "max_length") if key in corpus} if isinstance(corpus, dict) else {}
    return msgspec.convert({"sources": (), **said}, CorpusSettings)


def template_of(folder: Path) -> Template:
    template: Template = plugs.load("template", corpus_settings(folder).template, folder=folder)
    return template


def caveats(runs: Sequence[RunFolder]) -> list[str]:
    """What the recipes say that their runs do not show, each sentence once."""
    said = (_recipe(run.folder).get("caveats") for run in runs)
    return list(dict.fromkeys(str(sentence) for found in said if isinstance(found, list) for sentence in found))


def scores(run: RunFolder) -> dict[str, dict[str, float]]:
    """Benchmark -> metric -> value, from evals/*/scores.json, or else from the run's own scores.json."""
    found: dict[str, dict[str, float]] = {}
    for path in sorted(run.folder.glob("evals/*/scores.json")):
        read = _json(path, _Scores)
        if read and read.metrics:
            found[path.parent.name] = read.metrics
    whole = _json(run.folder / "scores.json", _AllScores)
    return found or (whole.benchmarks if whole else {})


def notes(run: RunFolder) -> dict[str, dict[str, str]]:
    """Benchmark -> what stands beside its metrics: its data, what they compare with."""
    paths = sorted(run.folder.glob("evals/*/scores.json"))
    return {path.parent.name: read.notes for path in paths if (read := _json(path, _Scores))}


def logged(run: RunFolder) -> list[Logged]:
    """The lines of train/metrics.jsonl. A last line torn by a kill is left out; a broken one before it is a mistake."""
    path = run.folder / "train" / "metrics.jsonl"
    if not path.is_file():
        return []
    lines = path.read_bytes().split(b"\n")
    return list(_lines(path, lines[:-1]))


def _lines(path: Path, lines: list[bytes]) -> Iterator[Logged]:
    for number, line in enumerate(lines, 1):
        if line.strip():
            yield decoded(line, Logged, f"{path}:{number}")


def _is_run(folder: Path) -> bool:
    if folder.name in _PARTS or folder.name.startswith(".") or not folder.is_dir():
        return False
    shared = folder.name.partition("-seed")[0] == "base" and not (folder / "recipe.yaml").exists()
    return not shared and any((folder / sign).exists() for sign in _SIGNS)


def _named(folder: Path) -> RunFolder:
    arm, _, seed = folder.name.rpartition("-seed")
    if arm and seed.isdecimal():
        return RunFolder(arm, int(seed), folder)
    return RunFolder(folder.name, _seed(folder), folder)


def _seed(folder: Path) -> int:
    found = _recipe(folder).get("seed")
    return found if isinstance(found, int) else 0


def _recipe(folder: Path) -> dict[str, Any]:
    try:
        found = YAML(typ="safe").load(recipe_text(folder))
    except YAMLError as error:
        where = str(folder / "recipe.yaml")
        raise Mistake("is no YAML", where=where, mend="build the run again, or delete it") from error
    return found if isinstance(found, dict) else {}


def _json(path: Path, kind: type[T]) -> T | None:
    return decoded(path.read_bytes(), kind, str(path)) if path.is_file() else None


def decoded(data: bytes, kind: type[T], where: str) -> T:
    """A small file, or a line of one. Raises `Mistake` where it is damaged."""
    try:
        return msgspec.json.decode(data, type=kind)
    except msgspec.DecodeError as error:
        raise Mistake(f"cannot be read: {error}", where=where, mend="run that stage again, or delete it") from error
