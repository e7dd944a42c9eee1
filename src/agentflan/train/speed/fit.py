"""A falling curve through noisy points, floor + gap * exp(-(t / tau) ** bend), and the time of its half-way point.

The half-way point is where half of the fall between the first and the last time is done. The floor of a curve that
still falls is anybody's guess, and tau with it; the half-way point hardly depends even on what family of curves is
drawn through the points (`docs/weights.md` has the comparison).

For a given tau and bend, floor and gap are linear, so the best of all is found by trying every pair: no start values,
no local minima, and thousands of resampled curves in a few products of matrices.
"""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from agentflan.train.speed.curves import Floats

_BENDS = np.geomspace(0.3, 2, 24)
"""1 is the plain exponential; below, a steep start and a long tail; above, a late start."""
_RATES = np.geomspace(0.05, 1000, 120)
"""Last time over tau."""
_AT_ONCE = 1 << 21
"""Sums of squares held in memory at a time."""


class Fit(NamedTuple):
    """R fitted curves; every array is (R,)."""

    half: Floats
    """Time of the half-way point."""
    bend: Floats
    """Exponent of time."""
    fall: Floats
    """From the first to the last time, in nats. 0 where no falling curve fits better than a flat line."""
    misfit: Floats
    """Root mean square distance of the points, as a share of the fall."""
    late: Floats
    """Share of the fall that the last quarter of the time brought; 0.25 on a straight line."""


def fit(times: Floats, losses: Floats) -> Fit:
    """Times (K,) from 0 on, losses (R, K)."""
    shapes = _Shapes(times)
    size = max(1, _AT_ONCE // len(shapes.curves))
    parts = [shapes.best(losses[start : start + size]) for start in range(0, len(losses), size)]
    return Fit(*(np.concatenate(each) for each in zip(*parts, strict=True)))


class _Shapes:
    """Every curve that is tried, from 1 down towards 0, at the times of the points; all rates of a bend together."""

    def __init__(self, times: Floats) -> None:
        self._last = times[-1]
        shares = times / self._last
        self.curves = np.concatenate([np.exp(-((_RATES[:, None] * shares) ** bend)) for bend in _BENDS])
        self._centred = self.curves - self.curves.mean(1, keepdims=True)
        self._spread = (self._centred**2).sum(1)
        self._length = (self.curves**2).sum(1)

    def best(self, losses: Floats) -> tuple[Floats, ...]:
        """The fields of Fit."""
        gaps = (losses @ self._centred.T) / self._spread
        left = ((losses - losses.mean(1, keepdims=True)) ** 2).sum(1)[:, None] - gaps**2 * self._spread
        below = losses.mean(1)[:, None] < gaps * self.curves.mean(1)
        bare = (losses @ self.curves.T) / self._length  # no loss ends below 0: the best curve of that shape ends at 0
        left = np.where(below, (losses**2).sum(1)[:, None] - bare**2 * self._length, left)
        gaps = np.where(below, bare, gaps)
        left[gaps <= 0] = np.inf  # nor does a loss rise while it is learned
        rate, bend, found = _lowest(left.reshape(len(losses), len(_BENDS), len(_RATES)))
        rows = np.arange(len(losses))
        fits = np.isfinite(left[rows, found])
        falls = np.where(fits, gaps[rows, found] * (1 - self.curves[found, -1]), 0)
        away = np.sqrt(np.maximum(np.where(fits, left[rows, found], 0), 0) / losses.shape[1])
        misfit = np.divide(away, falls, out=np.full_like(falls, np.inf), where=falls > 0)
        whole, three = np.exp(-(rate**bend)), np.exp(-((0.75 * rate) ** bend))
        half = self._last * (-np.log((1 + whole) / 2)) ** (1 / bend) / rate
        return half, bend, falls, misfit, (three - whole) / (1 - whole)


def _lowest(left: Floats) -> tuple[Floats, Floats, NDArray[np.int64]]:
    """Rate and bend of the least squares, (R, bends, rates) as tried; and which pair came closest.

    Between the points that were tried a parabola is laid, first along the rates of each bend, then along the bends:
    without it the steps of the grid would show in the result.
    """
    places = np.argmin(left, axis=2)
    shifts, squares = _bottom(*(_beside(left, places, off) for off in (-1, 0, 1)))
    rates = np.log(_RATES[places]) + shifts * np.log(_RATES[1] / _RATES[0])
    best = np.argmin(squares, axis=1)
    shift, _ = _bottom(*(_beside(squares, best, off) for off in (-1, 0, 1)))
    low, middle, high = (_beside(rates, best, off) for off in (-1, 0, 1))
    rate = middle + shift * (high - low) / 2 + shift**2 * (high - 2 * middle + low) / 2
    bend = _BENDS[best] * (_BENDS[1] / _BENDS[0]) ** shift
    return np.exp(rate), bend, best * len(_RATES) + _beside(places, best, 0)


def _beside(values: NDArray[Any], places: NDArray[np.int64], off: int) -> NDArray[Any]:
    """Along the last axis, the values so far beside the places; at an edge the edge."""
    there = np.clip(places + off, 0, values.shape[-1] - 1)
    return np.take_along_axis(values, there[..., None], axis=-1)[..., 0]


def _bottom(before: Floats, here: Floats, after: Floats) -> tuple[Floats, Floats]:
    """Where the parabola through three equally spaced points is lowest, in steps from the middle one, and how low.

    The middle one itself where it is not the lowest, as at an edge.
    """
    with np.errstate(invalid="ignore"):
        curved, tilted = before - 2 * here + after, before - after
    usable = np.isfinite(curved) & (curved > 0) & (before >= here) & (after >= here)
    curved, tilted = np.where(usable, curved, 1), np.where(usable, tilted, 0)
    return 0.5 * tilted / curved, here - 0.125 * tilted**2 / curved
