"""Turn the episodes of runs that went well into rows of a corpus, in the format that the source `harvest` reads.

Of each problem the best episode is taken: the highest score, and of those the fewest steps. The problems are those of
an evaluation: what a model that is tuned on their rows scores there means nothing.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import click
import msgspec

from agentflan.cli.said import Said, tell
from agentflan.cli.tables import table
from agentflan.corpus.building.frames import save
from agentflan.evals.harvest import Crop, harvested


@click.command()
@click.argument("runs", metavar="RUN...", nargs=-1, required=True, type=click.Path(path_type=Path))
@click.option("-o", "--out", type=click.Path(path_type=Path, dir_okay=False), help="RUN/harvest.jsonl if left out.")
@click.option("--on", default="", help="One benchmark; without it all that have a world.")
@click.option(
    "--min-reward", type=click.FloatRange(0, 1), default=1.0, show_default=True, help="The lowest score taken."
)
@click.option("--all", "every", is_flag=True, help="All such episodes of a problem, not the best alone.")
def command(runs: tuple[Path, ...], out: Path | None, on: str, min_reward: float, every: bool) -> Said:
    crops = harvested(runs, on=on, least=min_reward, every=every)
    out = out or runs[0] / "harvest.jsonl"
    rows = [row for crop in crops.values() for row in crop.rows]
    out.parent.mkdir(parents=True, exist_ok=True)
    save(out, [msgspec.json.encode(row) + b"\n" for row in rows])
    measured = [name for name, crop in crops.items() if crop.rows]
    if measured:
        tell(f"these rows are of {', '.join(measured)}: what a model that is tuned on them scores there means nothing")
    counts = {name: {"rows": len(crop.rows), "left": crop.left} for name, crop in crops.items()}
    data = {"out": out, "rows": len(rows), "benchmarks": counts, "no_longer_measured_by": measured}
    return Said(
        data, f"{_table(crops)}\n\n{out}: {len(rows):,} rows, for a recipe `{{use: harvest, path: {out.name}}}`"
    )


def _table(crops: Mapping[str, Crop]) -> str:
    cells = [
        [name, f"{len(crop.rows):,}", "; ".join(f"{count:,} {reason}" for reason, count in crop.left.items()) or "-"]
        for name, crop in crops.items()
    ]
    return table(["benchmark", "rows", "left"], cells)
