"""From the scores of single problems to shares with intervals, the same way for every benchmark."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from agentflan.core.types import Score
from agentflan.evals.intervals import Estimate, combined, wilson


def columns(scores: Sequence[Score]) -> dict[str, list[float]]:
    """Metric -> its values, of the problems that it counts for."""
    found: dict[str, list[float]] = {}
    for score in scores:
        for name, value in score.values.items():
            found.setdefault(name, []).append(value)
    return found


def shares(scores: Sequence[Score]) -> dict[str, Estimate]:
    """Metric -> its mean with the 95 % interval; in order of names, so that no order of problems shows."""
    return {name: wilson(sum(sorted(values)), len(values)) for name, values in sorted(columns(scores).items())}


def mean_of(parts: Sequence[Estimate]) -> Estimate:
    """The plain mean of independent shares, which counts each part the same however many problems it has."""
    return combined(0, [(1 / len(parts), part) for part in parts])


def flat(told: Mapping[str, Estimate]) -> dict[str, float]:
    """Each share as three metrics: `<name>`, `<name>_low`, `<name>_high`."""
    return {
        key: value
        for name, each in told.items()
        for key, value in ((name, each.value), (f"{name}_low", each.low), (f"{name}_high", each.high))
    }
