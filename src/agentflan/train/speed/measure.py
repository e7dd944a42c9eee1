"""How fast each capability is learned: fits of its validation curve, with intervals over validation groups."""

from __future__ import annotations

from typing import NamedTuple

import msgspec
import numpy as np

from agentflan.core.chance import coin
from agentflan.train.speed.curves import Curves, Floats
from agentflan.train.speed.fit import Fit, fit

FEWEST_GROUPS = 10
FEWEST_PASSES = 6
"""A fit has four parameters."""
MOST_MISFIT = 0.1
MOST_LATE = 0.15
"""A larger share of the fall in the last quarter of the time: the curve hardly bends yet."""
RISE = 0.05
"""By this share of its fall a curve must rise again for the passes after its lowest point to be left out."""
TAILS = (5.0, 95.0)
"""Percentiles that bound the 90 % interval."""
_Z = 1.6448536269514722
"""The 95 % point of the normal distribution."""


class Interval(NamedTuple):
    value: float
    low: float
    high: float


class Measured(msgspec.Struct, frozen=True, kw_only=True):
    """One capability; losses are means over its tokens, in nats."""

    tokens: int
    groups: int
    """Held out, with tokens of it."""
    effective: float
    """So many groups of one size would be as sure (Kish): (sum of tokens) ** 2 / sum of squares."""
    first: float
    """Loss at the first pass."""
    last: float
    """Loss at the last pass that is used."""
    until: int
    """The step of that pass."""
    half: Interval | None = None
    """Peak steps until half of the fall is done."""
    bend: float | None = None
    misfit: float | None = None
    late: float | None = None
    doubt: str = ""
    """Why its speed cannot be told; empty where it can."""
    at_least: bool = False
    """It still falls too straight to tell more than that it is not faster than `half`."""


class Speeds(NamedTuple):
    measured: dict[str, Measured]
    """By capability, in the order of `core.types.CAPABILITIES`; one that has no tokens is not there."""
    halves: dict[str, Floats]
    """Capability -> (replicates,): half-way times in the resamples, of those whose speed can be compared."""


def measure(curves: Curves, *, replicates: int = 1000, seed: int = 0) -> Speeds:
    """Whole groups are resampled, since the tokens of one are not independent; the same draws for all capabilities."""
    measured, halves = {}, {}
    for name, counts in curves.counts.items():
        losses = curves.pooled(name)
        used = used_of(losses)
        one = Measured(
            tokens=int(counts.sum()),
            groups=curves.groups(name),
            effective=float(counts.sum() ** 2 / (counts.astype(np.float64) ** 2).sum()),
            first=float(losses[0]),
            last=float(losses[used - 1]),
            until=int(curves.steps[used - 1]),
        )
        if doubt := _too_little(one, used):
            measured[name] = msgspec.structs.replace(one, doubt=doubt)
            continue
        clock = curves.clocks[name][:used]
        draws = resampled(len(counts), replicates, seed)
        whole, drawn = fit(clock, losses[None, :used]), fit(clock, curves.pooled(name, draws)[:, :used])
        measured[name] = _judged(one, clock, whole, drawn)
        if not measured[name].doubt or measured[name].at_least:
            halves[name] = drawn.half
    return Speeds(measured, halves)


def resampled(groups: int, replicates: int, seed: int) -> Floats:
    """(replicates, groups): how often each group is drawn."""
    dice = np.random.default_rng(int(coin(seed, "bootstrap") * 2**53))
    return dice.multinomial(groups, np.full(groups, 1 / groups), size=replicates).astype(np.float64)


def interval(value: float, drawn: Floats, groups: float) -> Interval:
    """90 %: percentiles of the resamples, moved outwards where groups are few, whose resamples differ too little.

    The factor is that of a t interval over a normal one (Hesterberg 2015, "What teachers should know about the
    bootstrap", section 5.4), on the logarithm, since times and their ratios have no other zero.
    """
    degrees = max(groups - 1, 1.0)
    wider = np.sqrt(1 + 1 / degrees) * (1 + (_Z**2 + 1) / (4 * degrees))
    low, high = value * (np.percentile(drawn, TAILS) / value) ** wider
    return Interval(value, min(float(low), value), max(float(high), value))


def used_of(losses: Floats) -> int:
    """How many passes: to the lowest one if the loss clearly rises behind it, which is overfitting, else all."""
    lowest = int(np.argmin(losses))
    rises = losses[-1] - losses[lowest] > RISE * (losses[0] - losses[lowest])
    return lowest + 1 if rises else len(losses)


def _too_little(one: Measured, used: int) -> str:
    if one.groups < FEWEST_GROUPS:
        return f"only {one.groups} of the held-out groups have tokens of it; raise `validation_share`"
    if one.effective < FEWEST_GROUPS / 2:
        return f"{one.groups} groups have tokens of it, but a few of them nearly all; raise `validation_share`"
    if used < FEWEST_PASSES:
        return f"only {used} passes until its lowest loss; lower `validate_every`"
    return ""


def _judged(one: Measured, clock: Floats, whole: Fit, drawn: Fit) -> Measured:
    half, fall = float(whole.half[0]), float(whole.fall[0])
    if fall <= 0 or np.mean(drawn.fall <= 0) > TAILS[0] / 100:
        return msgspec.structs.replace(one, doubt="its loss does not surely fall")
    misfit, late = float(whole.misfit[0]), float(whole.late[0])
    doubt = ""
    if half < clock[1]:
        doubt = "half of it is learned before the first pass; lower `validate_every`"
    elif misfit > MOST_MISFIT:
        doubt = f"the fitted curve misses the points by {misfit:.0%} of the fall; validate on more groups"
    elif late > MOST_LATE:
        doubt = f"{late:.0%} of its fall is in the last quarter of the run, which is too short for it"
    return msgspec.structs.replace(
        one,
        half=interval(half, drawn.half, one.effective),
        bend=float(whole.bend[0]),
        misfit=misfit,
        late=late,
        doubt=doubt,
        at_least=bool(doubt and half >= clock[1] and misfit <= MOST_MISFIT),
    )
