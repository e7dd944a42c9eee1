"""The build at full size: 100,000 and 400,000 rows, one worker and two: minutes, so `make bench` leaves it out.

`make bench-scale`, or `python -m bench.scale [--save]`. The rows and the chain are those of `build_rows_per_s`.
"""

from __future__ import annotations

import json
import statistics
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

from bench.__main__ import save
from bench.build import measure, write_rows
from bench.figure import Figure

ROWS = 100_000
ROUNDS = 3


def figures() -> Iterator[Figure]:
    with tempfile.TemporaryDirectory() as folder:
        rows, many = Path(folder, "rows.jsonl"), Path(folder, "many.jsonl")
        write_rows(rows, ROWS)
        pairs = [(measure(rows), measure(rows, workers=2)) for _ in range(ROUNDS)]
        one = [alone for alone, _ in pairs]
        rate = ROWS / statistics.median(run["seconds"] for run in one)
        yield _figure("scale_rows_per_s", rate, "rows/s", "the goal of 3,000", rate / 3000)
        peak = max(run["peak_mb"] for run in [*one, *(two for _, two in pairs)])
        yield _figure("scale_worker_peak_mb", peak, "MB", "the bound of 400", peak / 400)
        gain = statistics.median(alone["seconds"] / two["seconds"] for alone, two in pairs)
        yield _figure("scale_two_workers", rate * gain, "rows/s", "one worker, in turn", gain)
        write_rows(many, 4 * ROWS)
        large = measure(many)
        at_large = 4 * ROWS / large["seconds"]
        yield _figure("scale_400k_rows_per_s", at_large, "rows/s", "100,000 rows", at_large / rate, rounds=1)
        yield _figure("scale_400k_peak_mb", large["peak_mb"], "MB", "100,000 rows", large["peak_mb"] / peak, rounds=1)


def _figure(name: str, value: float, unit: str, against: str, ratio: float, rounds: int = ROUNDS) -> Figure:
    return {
        "bench": name,
        "value": round(value),
        "unit": unit,
        "against": against,
        "ratio": round(ratio, 2),
        "rounds": rounds,
    }


if __name__ == "__main__":
    for figure in figures():
        print(json.dumps(figure), flush=True)
        if "--save" in sys.argv:
            save(figure)
