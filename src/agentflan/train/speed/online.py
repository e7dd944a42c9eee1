"""Weights that follow the measured speed while a run goes on (`train: {balance: measured}`).

All begin at 1. After each validation pass, from the sixth on, the curves so far give each capability the weight that
`propose` would, and the weights in force go half of the way there, on a logarithmic scale. A capability's clock runs as
fast as its weight, so what is measured is its speed at weight 1 and does not chase its own tail. No interval is worked
out: a single run cannot be told apart from its luck, which is why a probe and `agentflan weights` are the better way
where there is time for one.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from agentflan.core.types import CAPABILITIES
from agentflan.train.speed.curves import Curves, Pass, curves
from agentflan.train.speed.fit import fit
from agentflan.train.speed.measure import FEWEST_PASSES, MOST_MISFIT, used_of
from agentflan.train.speed.propose import bounded


class Balance:
    """What was in force at which step follows from the passes alone: a resumed run reads them and goes on the same."""

    def __init__(self, passes: list[Pass]) -> None:
        self._passes: list[Pass] = []
        self._starts: list[int] = []
        self._weights: list[dict[str, float]] = [dict.fromkeys(CAPABILITIES, 1.0)]
        for one in passes:
            self.saw(one)

    @property
    def weights(self) -> dict[str, float]:
        """Those in force since the last pass."""
        return self._weights[-1]

    def saw(self, one: Pass) -> bool:
        """Takes a pass in; whether the weights change. The step right behind it is laid out already, with the old."""
        self._passes.append(one)
        if len(self._passes) < FEWEST_PASSES:
            return False
        wanted = _wanted(curves(self._passes))
        moved = {name: round(float(np.sqrt(now * wanted.get(name, now))), 4) for name, now in self.weights.items()}
        changes = moved != self.weights
        self._starts.append(one.step + 1)
        self._weights.append(moved)
        return changes

    def at(self, step: int) -> NDArray[np.float32]:
        """For a step, counted from 0: the factor of each capability's code in the tokens folder; 1 for plain chat."""
        weights = self._weights[int(np.searchsorted(self._starts, step, side="right"))]
        return np.array([1.0, *(weights[name] for name in CAPABILITIES)], dtype=np.float32)


def _wanted(found: Curves) -> dict[str, float]:
    halves = {}
    for name in found.sums:
        losses = found.pooled(name)
        used = used_of(losses)
        one = fit(found.clocks[name][:used], losses[None, :used]) if used >= FEWEST_PASSES else None
        if one and one.fall[0] > 0 and one.misfit[0] <= MOST_MISFIT:
            halves[name] = float(one.half[0])
    return {name: bounded(half / max(halves.values())) for name, half in halves.items()}
