"""The fused loss against a plain one."""

from __future__ import annotations

import pytest
import torch
from torch import Tensor
from torch.nn.functional import cross_entropy

from agentflan.train.loss import CLASSES, weighted_loss


def drawn(rows: int = 9, size: int = 5, words: int = 7) -> tuple[Tensor, Tensor, Tensor, Tensor, Tensor]:
    chance = torch.Generator().manual_seed(0)
    hidden = torch.randn(rows, size, generator=chance, dtype=torch.float64, requires_grad=True)
    head = torch.randn(words, size, generator=chance, dtype=torch.float64, requires_grad=True)
    targets = torch.randint(words, (rows,), generator=chance)
    weights = torch.rand(rows, generator=chance, dtype=torch.float64) + 0.1
    return hidden, head, targets, weights, torch.arange(rows) % len(CLASSES)


@pytest.mark.parametrize("chunk", [7, 28, 1 << 20])
def test_it_equals_the_plain_loss_however_it_is_cut(chunk: int) -> None:
    hidden, head, targets, weights, classes = drawn()
    plain = cross_entropy(hidden @ head.t(), targets, reduction="none")
    wanted = (plain * weights).sum() / weights.sum()
    wanted_grads = torch.autograd.grad(3 * wanted, (hidden, head))
    loss, sums = weighted_loss(hidden, head, targets, weights, classes, len(CLASSES), float(weights.sum()), chunk)
    grads = torch.autograd.grad(3 * loss, (hidden, head))
    assert torch.allclose(loss, wanted, atol=1e-12)
    assert all(torch.allclose(ours, theirs, atol=1e-12) for ours, theirs in zip(grads, wanted_grads, strict=True))
    for number in range(len(CLASSES)):
        assert torch.allclose(sums[number], plain[classes == number].sum(), atol=1e-12)


def test_its_gradient_is_that_of_finite_differences() -> None:
    hidden, head, targets, weights, classes = drawn()
    total = float(weights.sum())
    assert torch.autograd.gradcheck(
        lambda h, w: weighted_loss(h, w, targets, weights, classes, len(CLASSES), total)[0], (hidden, head)
    )


def test_the_scale_of_the_weights_does_not_move_the_loss() -> None:
    hidden, head, targets, weights, classes = drawn()
    one, _ = weighted_loss(hidden, head, targets, weights, classes, len(CLASSES), float(weights.sum()))
    ten, _ = weighted_loss(hidden, head, targets, 10 * weights, classes, len(CLASSES), float(10 * weights.sum()))
    assert torch.allclose(one, ten, atol=1e-12)


def test_nothing_is_kept_for_backward_when_nobody_asks() -> None:
    hidden, head, targets, weights, classes = drawn()
    with torch.no_grad():
        loss, _ = weighted_loss(hidden, head, targets, weights, classes, len(CLASSES), float(weights.sum()))
    assert loss.grad_fn is None
