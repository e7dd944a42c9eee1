"""A model that works in bfloat16 on copies of its float32 weights; the optimiser moves these, and they stay."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import torch
from torch import nn


class Narrowed:
    """Puts the copies in the place of the weights. Gradients add up in float32, whatever a step's micro-batches.

    Autocast would narrow and widen at every product, and keep what lies between them wide.
    """

    def __init__(self, model: nn.Module) -> None:
        self._copies: dict[nn.Parameter, nn.Parameter] = {}
        self._places: list[tuple[nn.Module, str, nn.Parameter]] = []
        self._frozen: list[nn.Parameter] = []
        for module in model.modules():
            for name, weight in module.named_parameters(recurse=False):
                if weight.dtype != torch.float32:
                    continue
                if not weight.requires_grad:  # nothing moves it, so nothing is kept beside it
                    weight.data = weight.data.to(torch.bfloat16)
                    self._frozen.append(weight)
                    continue
                if weight not in self._copies:  # tied weights lie in several places
                    self._copies[weight] = _copy(weight)
                self._places.append((module, name, weight))
        self._put(self._copies)

    @torch.no_grad()
    def refresh(self) -> None:
        """After the weights have moved."""
        torch._foreach_copy_(list(self._copies.values()), list(self._copies))  # one launch instead of hundreds

    @contextmanager
    def aside(self) -> Iterator[None]:
        """The model has its float32 weights for a while, to be saved or loaded."""
        self._put({})
        try:
            yield
        finally:
            self.refresh()
            self._put(self._copies)

    def undo(self) -> None:
        """The model has its float32 weights for good."""
        self._put({})
        for weight in self._frozen:
            weight.data = weight.data.float()

    def _put(self, copies: dict[nn.Parameter, nn.Parameter]) -> None:
        for module, name, weight in self._places:
            setattr(module, name, copies.get(weight, weight))


def _copy(weight: nn.Parameter) -> nn.Parameter:
    copy = nn.Parameter(weight.detach().to(torch.bfloat16))

    def hand_over(_: torch.Tensor) -> None:
        assert copy.grad is not None
        if weight.grad is None:
            weight.grad = copy.grad.float()
        else:
            weight.grad += copy.grad
        copy.grad = None

    copy.register_post_accumulate_grad_hook(hand_over)
    return copy
