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

from agentflan.core.types import CAPABILITIES

CLASSES = ("chat", *CAPABILITIES, "prompt")
"""What a token counts as: trained plain text, a trained capability, or untrained text that weighs `prompt_weight`."""


def weighted_loss(
    hidden: Tensor,
    head: Tensor,
    targets: Tensor,
    weights: Tensor,
    bins: Tensor,
    count: int,
    total: float,
    logits_at_once: int = 1 << 23,
) -> tuple[Tensor, Tensor]:
    """Sum of weight * loss over the rows, divided by `total`; and the plain losses summed by bin, (count,) in float64.

    hidden (N, H), head (V, H), targets, weights and bins (N,), bins below `count`. Pass the sum of the weights as
    `total`: the mean then does not move with the weights' scale, and the parts of a split batch add up.
    """
    loss, sums = _WeightedLoss.apply(hidden, head, targets, weights, bins, count, total, logits_at_once)
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
        wanted = ctx.needs_input_grad[0] or ctx.needs_input_grad[1]
        wide = torch.promote_types(hidden.dtype, torch.float32)  # float64 stays, for the test of the gradient
        grad_hidden = torch.empty_like(hidden) if wanted else None
        grad_head = torch.zeros_like(head, dtype=wide) if wanted else None
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
            if grad_hidden is not None and grad_head is not None:
                slopes = scores.exp_()
                slopes.scatter_add_(1, aims, torch.full_like(aims, -1, dtype=wide))
                slopes *= shares[rows].unsqueeze(1)
                narrow = slopes.to(hidden.dtype)
                torch.mm(narrow, head, out=grad_hidden[rows])
                if narrow.dtype == wide:  # in place: a product beside it would be as large again
                    grad_head.addmm_(narrow.t(), hidden[rows])
                else:
                    grad_head += narrow.t() @ hidden[rows]
        if grad_hidden is not None and grad_head is not None:
            ctx.save_for_backward(grad_hidden, grad_head.to(head.dtype))
        ctx.mark_non_differentiable(sums)
        return loss, sums

    @staticmethod
    def backward(ctx: Any, grad: Tensor, _: Tensor) -> tuple[Tensor | None, ...]:
        grad_hidden, grad_head = ctx.saved_tensors
        if grad.device.type != "cpu" or grad != 1:  # asking a GPU would make it wait
            grad_hidden, grad_head = grad_hidden * grad, grad_head * grad
        return grad_hidden, grad_head, None, None, None, None, None, None
