"""The validation curves of a run, for each capability and group, as `train` wrote them to validation.jsonl."""

from __future__ import annotations

from pathlib import Path
from typing import NamedTuple

import msgspec
import numpy as np
from numpy.typing import NDArray

from agentflan.core.errors import Mistake
from agentflan.core.types import CAPABILITIES

Floats = NDArray[np.float64]

_MEND = "train it with this version, with `validate_every` some tenth of its steps or less"


class Pass(msgspec.Struct):
    """One line: a pass over the held-out sequences."""

    step: int
    peak_steps: float
    """Learning rates of the steps so far, added up, over the peak: time that neither warm-up nor decay bends."""
    groups: list[int]
    sums: dict[str, list[float]]
    counts: dict[str, list[int]]
    balance: dict[str, float] = {}
    """Weights of the capabilities since the pass before, where they follow the measured speed."""


class Curves(NamedTuple):
    """K passes over G groups."""

    steps: NDArray[np.int64]
    """(K,)"""
    clocks: dict[str, Floats]
    """Capability -> (K,): peak steps, each counted by the weight that the capability had in it."""
    sums: dict[str, Floats]
    """Capability -> (K, G): losses in nats, added up over its tokens. A capability without tokens has no entry."""
    counts: dict[str, NDArray[np.int64]]
    """Capability -> (G,): its tokens."""

    def pooled(self, name: str, times: Floats | None = None) -> Floats:
        """The mean loss of a token at each pass, (K,); or (R, K) for R resamples, `times` (R, G) each group is in."""
        taken = np.ones((1, len(self.counts[name]))) if times is None else times
        found = (taken @ self.sums[name].T) / np.maximum(taken @ self.counts[name], 1)[:, None]
        return np.asarray(found[0] if times is None else found)

    def groups(self, name: str) -> int:
        """How many groups have tokens of the capability."""
        return int((self.counts[name] > 0).sum())


def read(file: Path) -> Curves:
    """Raises `Mistake` for a file that is not there, is damaged, or tells of fewer than two passes."""
    if not file.is_file():
        raise Mistake("has no losses by group", where=str(file), mend=_MEND)
    found = passes(file)
    if len(found) < 2:
        raise Mistake(f"tells of {len(found)} passes; a curve has more", where=str(file), mend=_MEND)
    return curves(found)


def passes(file: Path) -> list[Pass]:
    """Raises `Mistake` for a file that is damaged."""
    lines = file.read_bytes().split(b"\n")[:-1]  # what a kill cut short has no end
    try:
        return [msgspec.json.decode(line, type=Pass) for line in lines]
    except msgspec.DecodeError as error:
        raise Mistake(f"cannot be read: {error}", where=str(file), mend="train again, or delete it") from error


def curves(passes: list[Pass]) -> Curves:
    """All passes are over the same groups and tokens: those that the tokens folder holds out."""
    names = [name for name in CAPABILITIES if name in passes[0].sums]
    spans = np.diff([one.peak_steps for one in passes], prepend=0.0)
    return Curves(
        np.array([one.step for one in passes]),
        {name: np.cumsum(spans * [one.balance.get(name, 1.0) for one in passes]) for name in names},
        {name: np.array([one.sums[name] for one in passes], dtype=np.float64) for name in names},
        {name: np.array(passes[0].counts[name], dtype=np.int64) for name in names},
    )
