"""From a model and a batch to the loss."""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor, nn
from torch.func import functional_call
from torch.nn.functional import cross_entropy
from transformers import PreTrainedModel

from agentflan.train.batches import Batch
from agentflan.train.loss import CLASSES, weighted_loss


class Objective(nn.Module):
    """The weighted loss of a batch. Where the model's head is one bare matrix, only weighted rows go through it.

    A module around the model, for DDP and FSDP to wrap: what happens to the weights before a forward pass (gathering
    those that lie on other devices) then happens to the head's too, which is multiplied here and not by its own layer.

    In bfloat16 the weights are narrowed once a step and everything after them is narrow but the loss; gradients come
    back to the float32 weights through the same cast. Autocast would narrow and widen at every product.
    """

    def __init__(self, model: PreTrainedModel, precision: str) -> None:
        super().__init__()
        self.model = model
        self._bare = _bare_head(model)
        self._narrow = precision == "bfloat16"

    def forward(self, batch: Batch, weight: float) -> tuple[Tensor, Tensor]:
        """The batch's weighted losses divided by `weight`, that of the whole step, so that the parts of one add up.

        And the sums of plain losses, (len(batch.members), len(CLASSES)) in float64.
        """
        device = self.model.device
        ids, rows, targets, weights, classes = (torch.from_numpy(part).to(device) for part in batch[:5])
        places = torch.from_numpy(batch.owners).to(device) * len(CLASSES) + classes
        count = len(batch.members) * len(CLASSES)
        out = self._forward(ids)
        if not self._bare:
            loss, sums = _loss_of_logits(out.logits.flatten(0, 1)[rows], targets, weights, places, count, weight)
        else:
            hidden = out.last_hidden_state.flatten(0, 1).index_select(0, rows)
            head = self.model.get_output_embeddings().weight.to(hidden.dtype)  # now: it is another when it is gathered
            loss, sums = weighted_loss(hidden, head, targets, weights, places, count, weight)
        return loss, sums.view(-1, len(CLASSES))

    def _forward(self, ids: Tensor) -> Any:
        given = {"input_ids": ids, "use_cache": False}
        trunk: nn.Module = self.model.get_decoder() if self._bare else self.model
        if not self._narrow:
            return trunk(**given)
        wide = ((name, weight) for name, weight in trunk.named_parameters() if weight.is_floating_point())
        narrow = {name: weight.to(torch.bfloat16) for name, weight in wide}
        return functional_call(trunk, narrow, kwargs=given)


def _loss_of_logits(
    logits: Tensor, targets: Tensor, weights: Tensor, bins: Tensor, count: int, total: float
) -> tuple[Tensor, Tensor]:
    losses = cross_entropy(logits.float(), targets, reduction="none")
    sums = torch.zeros(count, dtype=torch.float64, device=logits.device)
    return (losses * weights).sum() / total, sums.index_add_(0, bins, losses.detach().double())


@torch.no_grad()
def _bare_head(model: PreTrainedModel) -> bool:
    """Whether hidden states times the output matrix are the model's logits; some models cap, scale or shift theirs."""
    head = model.get_output_embeddings()
    if not isinstance(head, nn.Linear) or head.bias is not None:
        return False
    was_training = model.training
    model.eval()
    ids = torch.arange(min(8, head.out_features), device=model.device).unsqueeze(0)
    logits = model(input_ids=ids, use_cache=False).logits
    hidden = model.get_decoder()(input_ids=ids, use_cache=False).last_hidden_state
    model.train(was_training)
    return torch.allclose(hidden @ head.weight.t(), logits, rtol=1e-3, atol=1e-4)
