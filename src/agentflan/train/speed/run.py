"""From a run folder to its proposal: reads the curves and the corpus, writes weights.yaml."""

from __future__ import annotations

from pathlib import Path
from typing import Any, NamedTuple

import msgspec
import numpy as np

from agentflan.corpus.store.parquet import conversations
from agentflan.corpus.tokens.arrays import Tokens
from agentflan.train.speed.curves import read
from agentflan.train.speed.explain import block, page
from agentflan.train.speed.measure import measure
from agentflan.train.speed.propose import propose
from agentflan.train.speed.reach import reach

FILE = "weights.yaml"


class Weights(NamedTuple):
    page: str
    data: dict[str, Any]
    """All figures of the page."""


def weights_of(run: Path, *, replicates: int = 1000, seed: int = 0) -> Weights:
    """Proposes weights for the capabilities, and writes `run/weights.yaml` where there are any.

    Raises `Mistake` where the run has no curves by group.
    """
    curves = read(run / "train" / "validation.jsonl")
    speeds = measure(curves, replicates=replicates, seed=seed)
    corpus = run / "corpus"
    able = reach(conversations(corpus), list(speeds.halves)) if corpus.is_dir() else {}
    proposal = propose(speeds, able)
    cautions = _cautions(run)
    data = {**msgspec.to_builtins(proposal), "droppable": able, "cautions": cautions, "file": None}
    if proposal.slowest:
        (run / FILE).write_text(block(str(run), proposal), encoding="utf-8")
        data["file"] = str(run / FILE)
    else:
        (run / FILE).unlink(missing_ok=True)
    return Weights(page(str(run), curves, proposal, cautions), data)


def _cautions(run: Path) -> list[str]:
    if not (run / "tokens").is_dir():
        return []
    tokens = Tokens.open(run / "tokens")
    labelled = np.asarray(tokens.trained) & (np.asarray(tokens.capability) > 0)
    if (np.asarray(tokens.weight)[labelled] == 1).all():
        return []
    return ["This run was trained with unequal weights, which its speeds show too; probe with `preset: uniform`."]
