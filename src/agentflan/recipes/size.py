"""How much there is to train on: counted where the tokens are there, else reckoned from what is."""

from __future__ import annotations

from pathlib import Path
from typing import Any, NamedTuple

import msgspec

from agentflan.recipes.recipe import Arm
from agentflan.recipes.sample import Sample, sampled
from agentflan.train.settings import TrainSettings

RELEASE = (34_442, 18_100_000)
"""Rows of the authors' release and tokens of their weighted corpus (paper, table 2), both without ShareGPT."""
FULL = 0.98
"""Share of a packed row that tokens fill."""


class Size(NamedTuple):
    sequences: int
    """With those held out."""
    tokens: int
    trained: float
    """Share of the tokens that have a weight; 1 where nobody knows."""
    validation: float
    """Share held out."""
    how: str
    """Where the figures come from."""

    def steps(self, settings: TrainSettings) -> int:
        """Of the optimiser; with packing, by how full rows get."""
        if settings.steps is not None:
            return settings.steps
        share = 1 - self.validation
        rows = self.tokens * share / (FULL * settings.sequence_length) if settings.packing else self.sequences * share
        return settings.epochs * max(1, -(-round(rows) // settings.batch_size))

    def seen(self, settings: TrainSettings) -> int:
        """Tokens that go through the model in the whole run."""
        epoch = self.tokens * (1 - self.validation)
        once = self.steps(msgspec.structs.replace(settings, steps=None, epochs=1))
        return round(epoch * self.steps(settings) / once)


def size_of(arm: Arm, run: Path) -> Size:
    """Of the tokens folder if it is there, of a sample of the rows through the whole chain, or of the paper."""
    ledger = run / "tokens" / "ledger.json"
    share = arm.corpus.settings.validation_share
    if ledger.is_file():
        books: dict[str, Any] = msgspec.json.decode(ledger.read_bytes())
        count, tokens = books["sequences"], books["tokens"]
        held = books["validation_sequences"] / count
        return Size(count, tokens["total"], tokens["trained"] / tokens["total"], held, f"counted in {ledger.parent}")
    found: Sample | None = sampled(arm)
    if found is None:
        rows, total = RELEASE
        how = "no rows are here: rows of the authors' release, tokens of the paper's table 2, without ShareGPT"
        return Size(rows, total, 1.0, share, how)
    return Size(found.sequences, found.tokens, found.trained, share, found.how)
