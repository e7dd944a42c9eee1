"""The loss on the sequences that are held out."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
import torch
from transformers import PreTrainedModel

from agentflan.train.batches import Plan
from agentflan.train.curves import Curve
from agentflan.train.objective import Objective


class Validation(NamedTuple):
    loss: float
    """The weighted mean."""
    by_capability: dict[str, float]
    """Plain means of each class that came up."""


def validate(model: PreTrainedModel, objective: Objective, plan: Plan) -> Validation | None:
    """One pass over the held-out sequences; None where there are none."""
    if not len(plan.held_out):
        return None
    curve = Curve(model.device)
    model.eval()
    with torch.no_grad():
        for batch in plan.validation():
            weight = float(batch.weights.sum(dtype=np.float64))
            loss, sums = objective(batch, weight)
            curve.add(batch, loss, sums, weight)
    model.train()
    return Validation(*curve.means())
