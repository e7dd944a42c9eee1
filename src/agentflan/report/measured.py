"""One metric of one arm: a value with its interval, or the mean of several seeds with their spread."""

from __future__ import annotations

from collections.abc import Sequence
from statistics import fmean
from typing import NamedTuple

from agentflan.core.kinds import RunFolder
from agentflan.report.runs import scores

Results = dict[str, dict[str, float]]
"""Benchmark -> metric -> value, of one run."""


class Measured(NamedTuple):
    """`low` and `high` are the interval of a single seed (the value, where it has none), or the extremes of several."""

    value: float
    low: float
    high: float
    seeds: tuple[float, ...] = ()
    """Each seed's value where there are several."""


def results(runs: Sequence[RunFolder]) -> dict[str, list[Results]]:
    """Arm -> what each of its seeds scored; arms without any score are left out."""
    found: dict[str, list[Results]] = {}
    for run in runs:
        if scored := scores(run):
            found.setdefault(run.arm, []).append(scored)
    return found


def measured(seeds: Sequence[Results], benchmark: str, metric: str) -> Measured | None:
    """The metric over the seeds that report it; None where none does."""
    reports = [seed[benchmark] for seed in seeds if metric in seed.get(benchmark, {})]
    values = tuple(report[metric] for report in reports)
    if not values:
        return None
    if len(values) > 1:
        return Measured(fmean(values), min(values), max(values), values)
    low, high = (reports[0].get(f"{metric}_{edge}", values[0]) for edge in ("low", "high"))
    return Measured(values[0], low, high)
