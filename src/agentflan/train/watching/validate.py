"""The loss on the sequences that are held out, as means and for each of their groups."""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
import torch
from numpy.typing import NDArray
from transformers import PreTrainedModel

from agentflan.train.batching.batches import Plan
from agentflan.train.batching.packing import Ints
from agentflan.train.classes import CLASSES, SHOWN
from agentflan.train.stepping.objective import Objective
from agentflan.train.watching.curves import Curve


class Validation(NamedTuple):
    loss: float
    """The weighted mean."""
    by_capability: dict[str, float]
    """Plain means of each class that came up."""
    groups: Ints
    """(G,): the numbers of the groups, as in the tokens folder."""
    sums: NDArray[np.float64]
    """(G, CLASSES): plain losses, added up."""
    counts: Ints
    """(G, CLASSES): tokens."""

    def by_group(self) -> dict[str, Any]:
        """As in a line of validation.jsonl: of each class that came up, sums and counts in the order of groups."""
        came_up = [(place, name) for place, name in enumerate(SHOWN) if self.counts[:, place].any()]
        return {
            "groups": self.groups.tolist(),
            "sums": {name: self.sums[:, place].round(6).tolist() for place, name in came_up},
            "counts": {name: self.counts[:, place].tolist() for place, name in came_up},
        }


def validate(model: PreTrainedModel, objective: Objective, plan: Plan) -> Validation | None:
    """One pass over the held-out sequences; None where there are none."""
    if not len(plan.held_out):
        return None
    groups = np.unique(plan.groups(plan.held_out))
    curve = Curve(model.device)
    totals = torch.zeros((len(groups), len(CLASSES)), dtype=torch.float64, device=model.device)
    counts = np.zeros((len(groups), len(CLASSES)), dtype=np.int64)
    model.eval()
    with torch.no_grad():
        for batch in plan.validation():
            weight = float(batch.weights.sum(dtype=np.float64))
            loss, sums = objective(batch, weight)
            curve.add(batch, loss, sums, weight)
            places = np.searchsorted(groups, plan.groups(batch.members))
            totals.index_add_(0, torch.from_numpy(places).to(totals.device), sums)
            np.add.at(counts, (places[batch.owners], batch.classes), 1)
    model.train()
    return Validation(*curve.means(), groups, totals.cpu().numpy(), counts)
