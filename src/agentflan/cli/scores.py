"""Scores of several arms side by side, for a terminal."""

from __future__ import annotations

from collections.abc import Mapping

from agentflan.cli.tables import table

Scores = Mapping[str, Mapping[str, Mapping[str, float]]]
"""Arm -> benchmark -> metric -> value."""


def scores_table(scores: Scores) -> str:
    """One table a benchmark: a line per metric, a column per arm, each share with its 95 % interval."""
    parts = []
    for benchmark in dict.fromkeys(name for each in scores.values() for name in each):
        arms = [arm for arm in scores if benchmark in scores[arm]]
        metrics = dict.fromkeys(metric for arm in arms for metric in scores[arm][benchmark])
        rows = [
            [metric, *(_cell(scores[arm][benchmark], metric) for arm in arms)]
            for metric in metrics
            if not metric.endswith(("_low", "_high"))
        ]
        parts.append(table([benchmark, *arms], rows))
    return "\n\n".join(parts)


def _cell(metrics: Mapping[str, float], name: str) -> str:
    if name not in metrics:
        return "-"
    value = metrics[name]
    if f"{name}_low" in metrics:
        return f"{value:.3f} [{metrics[f'{name}_low']:.3f}, {metrics[f'{name}_high']:.3f}]"
    return f"{value:.3f}" if value % 1 else f"{value:.0f}"
