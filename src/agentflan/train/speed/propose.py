"""The weights that would even out the learning speeds of the capabilities, with their intervals.

The slowest gets weight 1, the others their half-way time over its own: what is learned twice as fast is trained half as
much. If speed goes with weight, which is assumed and not measured, all are then learned at one pace.
"""

from __future__ import annotations

from collections.abc import Mapping

import msgspec
import numpy as np

from agentflan.train.speed.measure import Interval, Measured, Speeds, interval

FLOOR = 0.1
"""No weight is below it: what is not trained at all is forgotten."""


class Proposal(msgspec.Struct, frozen=True, kw_only=True):
    """By capability."""

    slowest: str
    """What the others are measured by. Empty: no two of them can be compared, and nothing is proposed."""
    measured: dict[str, Measured]
    weights: dict[str, Interval] = {}
    """For `mode: weigh`; of those whose speed can be told."""
    shares: dict[str, float] = {}
    """For `mode: drop`: what must stay of the exchanges that it can drop, for the tokens to go down to the weight."""
    out_of_reach: dict[str, float] = {}
    """The share of tokens that `drop` leaves at best, where that is above the weight."""


def propose(speeds: Speeds, reach: Mapping[str, float]) -> Proposal:
    """`reach`: capability -> the share of its tokens that `drop` can take away (`reach.py`); 1 where none is given."""
    measured, halves = speeds
    known = {name: measured[name].half for name in halves}
    points = {name: half.value for name, half in known.items() if half}
    told = [name for name in points if not measured[name].doubt]
    if len(points) < 2 or not told:
        return Proposal(slowest="", measured=measured)
    slowest = max(points, key=points.__getitem__)
    longest = np.max([halves[name] for name in points], axis=0)
    weights = {}
    for name in told:
        groups = min(measured[name].effective, measured[slowest].effective)
        found = interval(points[name] / points[slowest], halves[name] / longest, groups)
        weights[name] = Interval(*map(bounded, found))
    shares, left = {}, {}
    for name, weight in weights.items():
        droppable = reach.get(name, 1.0)
        if weight.value < 1 and 1 - droppable > weight.value:
            left[name] = 1 - droppable
        wanted = (weight.value - (1 - droppable)) / droppable if droppable else 1.0
        shares[name] = bounded(wanted)
    return Proposal(slowest=slowest, measured=measured, weights=weights, shares=shares, out_of_reach=left)


def bounded(weight: float) -> float:
    return min(max(weight, FLOOR), 1.0)
