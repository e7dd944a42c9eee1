"""Propose capability weights from the learning speed that a run has measured.

RUN is the folder of one trained run, a short probe with equal weights: `validate_every` a thirtieth of its steps, and a
`validation_share` that holds out a hundred groups or more. The page goes to stdout, the block for a recipe to
RUN/weights.yaml. With --preset the block of known weights is printed instead, and no run is needed.
"""

from __future__ import annotations

from pathlib import Path

import click

from agentflan.cli.said import Said
from agentflan.core.errors import Mistake
from agentflan.train.speed.explain import preset_block
from agentflan.train.speed.run import weights_of
from agentflan.transforms.rebalance import PRESETS


@click.command()
@click.argument("run", type=click.Path(path_type=Path), required=False)
@click.option("--preset", type=click.Choice(list(PRESETS)), help="Print these weights instead.")
@click.option("--replicates", type=click.IntRange(min=100), default=1000, show_default=True, help="Resamples.")
@click.option("--seed", type=int, default=0, show_default=True, help="Of the resamples.")
def command(run: Path | None, preset: str | None, replicates: int, seed: int) -> Said:
    if preset:
        return Said({"preset": preset, "weights": PRESETS[preset]}, preset_block(preset).rstrip())
    if run is None:
        raise Mistake("which run?", mend="`agentflan weights RUN`, or `agentflan weights --preset paper`")
    found = weights_of(run, replicates=replicates, seed=seed)
    return Said(found.data, found.page)
