"""The fused loss against a plain one."""

from __future__ import annotations

import subprocess
import sys

import pytest
import torch
from torch import Tensor
from torch.nn.functional import cross_entropy

from agentflan.train.classes import CLASSES
from agentflan.train.stepping.loss import weighted_loss


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


@pytest.mark.parametrize("chunk", [7, 28, 1 << 20])
def test_its_gradient_is_that_of_finite_differences(chunk: int) -> None:
    """By hand: torch's gradcheck goes backward twice, which this loss refuses."""
    hidden, head, targets, weights, classes = drawn()
    total = float(weights.sum())

    def loss() -> Tensor:
        return weighted_loss(hidden, head, targets, weights, classes, len(CLASSES), total, chunk)[0]

    for grad, at in zip(torch.autograd.grad(loss(), (hidden, head)), (hidden, head), strict=True):
        flat = at.detach().view(-1)
        for place in range(len(flat)):
            before = flat[place].item()
            with torch.no_grad():
                flat[place] = before + 1e-5
                above = loss()
                flat[place] = before - 1e-5
                below = loss()
                flat[place] = before
            assert grad.view(-1)[place].item() == pytest.approx((above - below).item() / 2e-5, abs=1e-9)


def test_a_gradient_is_handed_over_once() -> None:
    hidden, head, targets, weights, classes = drawn()
    loss, _ = weighted_loss(hidden, head, targets, weights, classes, len(CLASSES), float(weights.sum()))
    loss.backward(retain_graph=True)
    with pytest.raises(RuntimeError, match="handed over already"):
        loss.backward()


@pytest.mark.parametrize("tie", [False, True])
def test_in_float32_it_is_the_plain_one_but_for_rounding(tie: bool) -> None:
    """At a size where rounding shows; tied, the hidden states come from the head's own rows."""
    chance = torch.Generator().manual_seed(0)
    head = torch.randn(1000, 64, generator=chance).mul_(0.2).requires_grad_()
    states = torch.randn(300, 64, generator=chance).requires_grad_()
    targets = torch.randint(1000, (300,), generator=chance)
    weights = torch.rand(300, generator=chance)
    inputs = (head,) if tie else (head, states)

    def hidden() -> Tensor:
        return head[targets.flip(0)] * 3 if tie else states

    losses = cross_entropy(hidden() @ head.t(), targets, reduction="none")
    plain = (losses * weights).sum() / weights.sum()
    wanted = torch.autograd.grad(plain, inputs)
    ours, _ = weighted_loss(hidden(), head, targets, weights, targets % 6, 6, float(weights.sum()), 17_000)
    assert ours.item() == pytest.approx(plain.item(), rel=1e-6)
    for one, other in zip(torch.autograd.grad(ours, inputs), wanted, strict=True):
        assert torch.linalg.vector_norm(one - other) <= 1e-5 * torch.linalg.vector_norm(other)


def test_under_autocast_the_products_are_narrow_and_the_loss_is_wide() -> None:
    """As with weights that were narrow from the start; without autocast's own idea of what cross-entropy is."""
    hidden, head, targets, weights, classes = drawn(rows=64, size=32, words=50)
    wide = [each.detach().float().requires_grad_() for each in (hidden, head)]
    narrow = [each.detach().bfloat16().requires_grad_() for each in wide]
    rest = (targets, weights.float(), classes, len(CLASSES), float(weights.sum()))
    with torch.autocast("cpu", torch.bfloat16):
        cast, sums = weighted_loss(*wide, *rest)
    straight, sums_too = weighted_loss(*narrow, *rest)
    assert cast.dtype == torch.float32
    assert torch.equal(cast, straight)
    assert torch.equal(sums, sums_too)
    theirs = torch.autograd.grad(straight, narrow)
    for one, other in zip(torch.autograd.grad(cast, wide), theirs, strict=True):
        assert one.dtype == torch.float32
        assert torch.equal(one, other.float())


def test_a_frozen_head_gets_no_gradient_and_costs_none() -> None:
    hidden, head, targets, weights, classes = drawn()
    total = float(weights.sum())
    both, _ = weighted_loss(hidden, head, targets, weights, classes, len(CLASSES), total)
    (wanted, _) = torch.autograd.grad(both, (hidden, head))
    alone, _ = weighted_loss(hidden, head.detach(), targets, weights, classes, len(CLASSES), total)
    assert torch.equal(torch.autograd.grad(alone, hidden)[0], wanted)


PEAK = """
import resource, sys, torch
from torch.nn.functional import cross_entropy
from agentflan.train.stepping.loss import weighted_loss
rows, width, words = map(int, sys.argv[2:])
hidden = torch.randn(rows, width, requires_grad=True)
head = torch.empty(words, width).normal_(0, 0.02).requires_grad_()
targets, weights = torch.randint(words, (rows,)), torch.rand(rows)
before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
if sys.argv[1] == "ours":
    loss, _ = weighted_loss(hidden, head, targets, weights, targets % 6, 6, float(weights.sum()))
else:
    loss = (cross_entropy(hidden @ head.t(), targets, reduction="none") * weights).sum() / weights.sum()
loss.backward()
print((resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before) * 1024 - hidden.nbytes - head.nbytes)
"""


@pytest.mark.parametrize(
    "shape", [(2048, 128, 32_000), pytest.param((2048, 1024, 128_000), marks=pytest.mark.slow)], ids=["small", "large"]
)
def test_its_memory_beyond_weights_and_gradients_is_a_fifth_of_the_plain_ones(shape: tuple[int, int, int]) -> None:
    def beyond(which: str) -> int:
        command = [sys.executable, "-c", PEAK, which, *map(str, shape)]
        return int(subprocess.run(command, check=True, capture_output=True, text=True).stdout)

    assert 5 * beyond("ours") < beyond("plain")


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
