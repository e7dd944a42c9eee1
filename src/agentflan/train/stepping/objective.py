"""From a model and a batch to the loss."""

from __future__ import annotations

from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn
from torch.nn.functional import cross_entropy
from transformers import PreTrainedModel

from agentflan.train.batching.batches import Batch
from agentflan.train.classes import CLASSES
from agentflan.train.stepping import attention
from agentflan.train.stepping.loss import weighted_loss


class Objective(nn.Module):
    """The weighted loss of a batch. Where the model's head is one bare matrix, only weighted rows go through it.

    A module around the model, for DDP and FSDP to wrap: what happens to the weights before a forward pass (gathering
    those that lie on other devices) then happens to the head's too, which is multiplied here and not by its own layer.
    """

    def __init__(self, model: PreTrainedModel) -> None:
        super().__init__()
        self.model = model
        self._bare = _bare_head(model)

    def forward(self, batch: Batch, weight: float) -> tuple[Tensor, Tensor]:
        """The batch's weighted losses divided by `weight`, that of the whole step, so that the parts of one add up.

        And the sums of plain losses, (len(batch.members), len(CLASSES)) in float64.
        """
        device = self.model.device
        bins = batch.owners * len(CLASSES) + batch.classes
        rows, targets, weights, places = (_on(device, part) for part in (*batch[1:4], bins))
        trunk: Any = self.model.get_decoder() if self._bare else self.model
        out = trunk(use_cache=False, **self._read(batch))
        count = len(batch.members) * len(CLASSES)
        if self._bare:
            hidden = out.last_hidden_state.flatten(0, 1).index_select(0, rows)
            head = self.model.get_output_embeddings().weight  # now: it is another one when it was gathered
            loss, sums = weighted_loss(hidden, head, targets, weights, places, count, weight)
        else:
            loss, sums = _loss_of_logits(out.logits.flatten(0, 1)[rows], targets, weights, places, count, weight)
        return loss, sums.view(-1, len(CLASSES))

    def _read(self, batch: Batch) -> dict[str, Any]:
        """What the model reads. No mask and no cache: with either, transformers joins the sequences of a packed row."""
        device = self.model.device
        read: dict[str, Any] = {"input_ids": _on(device, batch.ids)}
        if batch.positions is not None:
            read["position_ids"] = _on(device, batch.positions)
        if batch.positions is not None and self.model.config._attn_implementation == "varlen":
            borders = _on(device, attention.borders(batch.positions))
            longest = batch.ids.shape[1]  # of any sequence; the same number in each step compiles once
            read |= {"cu_seq_lens_q": borders, "cu_seq_lens_k": borders}
            read |= {"max_length_q": longest, "max_length_k": longest}
        return read


def _on(device: torch.device, array: NDArray[Any]) -> Tensor:
    """On a GPU without waiting for what it is still busy with."""
    tensor = torch.from_numpy(np.ascontiguousarray(array))
    return tensor.pin_memory().to(device, non_blocking=True) if device.type == "cuda" else tensor.to(device)


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
