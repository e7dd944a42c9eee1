"""Weighted cross-entropy from hidden states, with unweighted sums over any classes of rows in the same pass.

Only rows that carry weight reach the output head, a chunk at a time, so the logits of a batch never lie in memory at
once; the gradient is worked out on the way, so backward is one multiplication.
"""

# mypy: allow-untyped-calls
# (transformers and torch leave some of their functions without types)

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor
from torch.autograd.function import once_differentiable

from agentflan.train.memory import LOGITS_AT_ONCE


def weighted_loss(
    hidden: Tensor,
    head: Tensor,
    targets: Tensor,
    weights: Tensor,
    bins: Tensor,
    count: int,
    total: float,
    logits_at_once: int | None = None,
) -> tuple[Tensor, Tensor]:
    """Sum of weight * loss over the rows, divided by `total`; and the plain losses summed by bin, (count,) in float64.

    hidden (N, H), head (V, H), targets, weights and bins (N,), bins below `count`. Pass the sum of the weights as
    `total`: the mean then does not move with the weights' scale, and the parts of a split batch add up. The products
    with the head are made in the type of `hidden`, or in autocast's; what follows them in float32.
    """
    device = hidden.device.type
    narrow = torch.get_autocast_dtype(device) if torch.is_autocast_enabled(device) else hidden.dtype
    at_once = logits_at_once or LOGITS_AT_ONCE.get(device, LOGITS_AT_ONCE["cpu"])
    with torch.autocast(device, enabled=False):
        loss, sums = _WeightedLoss.apply(
            hidden.to(narrow), head.to(narrow), targets, weights, bins, count, total, at_once
        )
    return loss, sums


class _WeightedLoss(torch.autograd.Function):
    @staticmethod
    def forward(
        ctx: Any,
        hidden: Tensor,
        head: Tensor,
        targets: Tensor,
        weights: Tensor,
        bins: Tensor,
        count: int,
        total: float,
        logits_at_once: int,
    ) -> tuple[Tensor, Tensor]:
        wide = torch.promote_types(hidden.dtype, torch.float32)  # float64 stays, for the test of the gradient
        grad_hidden = torch.empty_like(hidden) if ctx.needs_input_grad[0] else None
        grad_head = torch.zeros_like(head, dtype=wide) if ctx.needs_input_grad[1] else None
        sums = torch.zeros(count, dtype=torch.float64, device=hidden.device)
        loss = torch.zeros((), dtype=wide, device=hidden.device)
        shares = (weights / total).to(wide)
        step = max(1, logits_at_once // head.shape[0])
        for start in range(0, hidden.shape[0], step):
            rows = slice(start, start + step)
            aims = targets[rows].unsqueeze(1)
            scores = torch.log_softmax((hidden[rows] @ head.t()).to(wide), dim=1)
            losses = scores.gather(1, aims).squeeze(1).neg_()
            loss += (losses * shares[rows]).sum()
            sums.index_add_(0, bins[rows], losses.double())
            if grad_hidden is None and grad_head is None:
                continue
            slopes = scores.exp_()
            slopes.scatter_add_(1, aims, torch.full_like(aims, -1, dtype=wide))
            slopes *= shares[rows].unsqueeze(1)
            _take(
                slopes.to(hidden.dtype),
                hidden[rows],
                head,
                None if grad_hidden is None else grad_hidden[rows],
                grad_head,
            )
        ctx.grads = (grad_hidden, None if grad_head is None else grad_head.to(head.dtype))
        ctx.mark_non_differentiable(sums)
        return loss, sums

    @staticmethod
    @once_differentiable
    def backward(ctx: Any, grad: Tensor, _: Tensor) -> tuple[Tensor | None, ...]:
        if ctx.grads is None:
            raise RuntimeError("the gradient of this loss was handed over already; run the forward pass once more")
        grads, ctx.grads = ctx.grads, None
        # in place, for a copy of the head's is as large as the head; they belong to nobody else
        return *(None if each is None else each.mul_(grad) for each in grads), None, None, None, None, None, None


def _take(slopes: Tensor, hidden: Tensor, head: Tensor, grad_hidden: Tensor | None, grad_head: Tensor | None) -> None:
    """Writes the gradient of a chunk's hidden states and adds to that of the head."""
    if grad_hidden is not None:
        torch.mm(slopes, head, out=grad_hidden)
    if grad_head is None:
        return
    if grad_head.dtype == slopes.dtype:
        grad_head.addmm_(slopes.t(), hidden)  # a product beside it would be as large again
    else:
        grad_head += slopes.t() @ hidden
