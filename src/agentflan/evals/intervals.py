"""95 % intervals for shares and for sums of shares: no luck in them, and not degenerate at 0 and 1."""

from __future__ import annotations

import math
from collections.abc import Iterable
from typing import NamedTuple

Z = 1.959963984540054
"""The 97.5 % point of the normal distribution."""


class Estimate(NamedTuple):
    """A number in [0, 1] with its 95 % interval."""

    value: float
    low: float
    high: float


def wilson(total: float, count: int) -> Estimate:
    """Wilson's score interval for the mean of `count` values between 0 and 1 that sum to `total`.

    Exact in intent for values that are 0 or 1, and too wide rather than too narrow for those between,
    whose variance can only be smaller. Nothing seen: the whole range.
    """
    if not count:
        return Estimate(math.nan, 0.0, 1.0)
    share = total / count
    shrink = 1 + Z * Z / count
    middle = (share + Z * Z / (2 * count)) / shrink
    half = Z * math.sqrt(max(0.0, share * (1 - share)) / count + Z * Z / (4 * count * count)) / shrink
    low = 0.0 if share <= 0 else max(0.0, middle - half)
    high = 1.0 if share >= 1 else min(1.0, middle + half)
    return Estimate(share, low, high)


def combined(constant: float, parts: Iterable[tuple[float, Estimate]]) -> Estimate:
    """`constant` plus a weighted sum of independent shares, its interval recovered from theirs.

    The way of Zou and Donner (2008, "Construction of confidence limits about effect measures"): each side adds up
    the squared distances of the parts to the limit that pulls the sum to that side.
    """
    value, down, up = constant, 0.0, 0.0
    for weight, part in parts:
        value += weight * part.value
        below, above = weight * (part.value - part.low), weight * (part.high - part.value)
        down += (below if weight > 0 else above) ** 2
        up += (above if weight > 0 else below) ** 2
    return Estimate(value, max(0.0, value - math.sqrt(down)), min(1.0, value + math.sqrt(up)))
