"""Validation curves whose learning speed is known, with the noise that real groups have."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from agentflan.train.speed.curves import Curves, Floats


class Capability(NamedTuple):
    """The mean curve of a token is floor + gap * exp(-(t / tau) ** bend), averaged over groups of different tau."""

    tau: float
    bend: float = 1.0
    floor: float = 1.0
    gap: float = 4.0
    tokens: float = 100.0
    """Mean of a group that has any."""
    absent: float = 0.2
    """Share of groups without tokens of it."""


ORDINARY = {
    "format": Capability(tau=15, gap=6, floor=0.3, tokens=20, absent=0.05),
    "reasoning": Capability(tau=70, bend=0.8, tokens=150),
    "retrieval": Capability(tau=25, bend=0.8, gap=5, tokens=10),
    "understanding": Capability(tau=45, tokens=40),
}
SPREAD = 0.4
"""Standard deviation of the logarithm of a group's floor, gap and tau."""
NOISE = 1.0
"""Standard deviation of a token's loss around its group's curve, in nats."""
CARRIED = 0.8
"""Correlation of a group's noise from one pass to the next: the same tokens are hard again."""


def curves(
    seed: int, *, groups: int = 60, passes: int = 36, last: float = 250.0, kinds: dict[str, Capability] = ORDINARY
) -> Curves:
    dice = np.random.default_rng(seed)
    times = np.linspace(0, last, passes)
    drawn = {name: _drawn(kind, times, groups, dice) for name, kind in kinds.items()}
    return Curves(
        np.round(times).astype(np.int64),
        dict.fromkeys(kinds, times),
        {name: sums for name, (sums, _) in drawn.items()},
        {name: counts for name, (_, counts) in drawn.items()},
    )


def half(kind: Capability, last: float = 250.0) -> float:
    """Of the mean curve over endlessly many groups: when half of the fall until `last` is done."""
    times = np.linspace(0, last, 20_001)
    nodes, weights = np.polynomial.hermite_e.hermegauss(40)
    taus = kind.tau * np.exp(SPREAD * nodes)
    shape = (np.exp(-((times[:, None] / taus) ** kind.bend)) * weights).sum(1) / weights.sum()
    return float(np.interp(-(1 + shape[-1]) / 2, -shape, times))


def _drawn(kind: Capability, times: Floats, groups: int, dice: np.random.Generator) -> tuple[Floats, np.ndarray]:
    counts = np.maximum(1, dice.lognormal(np.log(kind.tokens) - 0.5, 1.0, groups).round()).astype(np.int64)
    counts[dice.random(groups) < kind.absent] = 0
    floor, gap, tau = (value * np.exp(SPREAD * dice.normal(size=groups)) for value in (kind.floor, kind.gap, kind.tau))
    means = floor + gap * np.exp(-((times[:, None] / tau) ** kind.bend))
    fresh = dice.normal(size=means.shape)
    noise = np.empty_like(fresh)
    noise[0] = fresh[0]
    for k in range(1, len(times)):
        noise[k] = CARRIED * noise[k - 1] + np.sqrt(1 - CARRIED**2) * fresh[k]
    return counts * means + NOISE * np.sqrt(counts) * noise, counts
