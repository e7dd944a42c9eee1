"""What the half-way point owes to the family of curves: `python -m bench.families RUN`, a run with `validate_every`.

Exponential, stretched exponential and power law are drawn through the same validation curves, by trying every pair.
"""

from __future__ import annotations

import sys
from pathlib import Path

import numpy as np

from agentflan.train.speed.curves import Floats, read

RATES = np.geomspace(0.05, 1000, 400)
BENDS = {
    "exponential": np.ones(1),
    "stretched": np.geomspace(0.3, 2, 40),
    "power law": np.geomspace(0.2, 8, 40),
}


def shape(family: str, times: Floats, rate: float, bend: float) -> Floats:
    """From 1 down towards 0; times as shares of the last one."""
    return (1 + times * rate) ** -bend if family == "power law" else np.exp(-((times * rate) ** bend))


def best(family: str, times: Floats, losses: Floats) -> tuple[float, float, float]:
    """(misfit as a share of the fall, half-way point as a share of the last time, floor)."""
    found = []
    for bend in BENDS[family]:
        for rate in RATES:
            drawn = shape(family, times, rate, bend)
            gap, floor = np.polyfit(drawn, losses, 1)
            if gap > 0 and floor >= 0:
                away = float(np.mean((floor + gap * drawn - losses) ** 2)) ** 0.5
                found.append((away / (gap * (1 - drawn[-1])), rate, bend, float(floor)))
    misfit, rate, bend, floor = min(found)
    fine = np.linspace(0, 1, 10_001)
    drawn = shape(family, fine, rate, bend)
    return misfit, float(fine[np.searchsorted(-drawn, -(1 + drawn[-1]) / 2)]), floor


def main(run: str) -> None:
    curves = read(Path(run) / "train" / "validation.jsonl")
    print("| capability | family | misfit | half-way at | floor |\n|---|---|---|---|---|")
    for name, clock in curves.clocks.items():
        for family in BENDS:
            misfit, half, floor = best(family, clock / clock[-1], curves.pooled(name))
            print(f"| {name} | {family} | {misfit:.1%} | {half * clock[-1]:.1f} | {floor:.2f} |")


if __name__ == "__main__":
    main(sys.argv[1])
