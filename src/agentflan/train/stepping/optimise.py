"""The optimiser and its schedule: Muon (if wanted) for the hidden matrices, AdamW for the rest."""

from __future__ import annotations

import math
from typing import Any

import torch
from torch import Tensor, nn
from transformers import PreTrainedModel

from agentflan.train.settings import TrainSettings

TAIL = 0.3
"""Share of the steps over which `linear_tail` comes down."""


def learning_rate(settings: TrainSettings, step: int, steps: int) -> float:
    """The rate of a step, counted from 0: a straight warm-up, then the schedule; it reaches 0 after the last one."""
    warmup = settings.warmup_steps
    warmup = min(steps, round(0.03 * steps) if warmup is None else warmup)
    if step < warmup:
        return settings.warmup_from + (settings.learning_rate - settings.warmup_from) * step / warmup
    if settings.schedule == "linear_tail":
        return settings.learning_rate * min(1.0, (steps - step) / (TAIL * steps))
    return settings.learning_rate * 0.5 * (1 + math.cos(math.pi * (step - warmup) / (steps - warmup)))


class Optimiser:
    """The mover, stepped at the rate of the schedule."""

    def __init__(self, settings: TrainSettings, model: PreTrainedModel, steps: int) -> None:
        self._settings, self._steps = settings, steps
        self._weights = [weight for weight in model.parameters() if weight.requires_grad]
        self._mover = mover(settings, model)

    def clip(self) -> Tensor | None:
        """Clips the gradient; its norm before that, or None where nothing is to be clipped."""
        return nn.utils.clip_grad_norm_(self._weights, self._settings.clip) if self._settings.clip > 0 else None

    def step(self, step: int) -> float:
        """Moves the weights, forgets the gradient; the learning rate that was used."""
        rate = learning_rate(self._settings, step, self._steps)
        for group in self._mover.param_groups:
            group["lr"] = rate * group["scale"]
        self._mover.step()
        self._mover.zero_grad()
        return rate

    def state(self) -> dict[str, Any]:
        return self._mover.state_dict()

    def restore(self, state: dict[str, Any]) -> None:
        self._mover.load_state_dict(state)


def mover(settings: TrainSettings, model: PreTrainedModel) -> torch.optim.Optimizer:
    """What moves the weights that are trained; the rate of a group is the schedule's times its `scale`."""
    hidden = _hidden_matrices(model) if settings.optimizer == "muon" else []
    moved = {id(weight) for weight in hidden}
    rest = [weight for weight in model.parameters() if weight.requires_grad and id(weight) not in moved]
    groups = [
        {"params": [weight for weight in rest if weight.ndim >= 2], "weight_decay": settings.weight_decay},
        {"params": [weight for weight in rest if weight.ndim < 2], "weight_decay": 0.0},
    ]
    groups = [{**group, "scale": 1.0} for group in groups]
    adamw = torch.optim.AdamW(groups, lr=0.0, betas=settings.betas, fused=True)
    if not hidden:
        return adamw
    group = {"params": hidden, "scale": settings.muon_learning_rate / settings.learning_rate}
    return Both(adamw, torch.optim.Muon([group], lr=0.0, weight_decay=settings.weight_decay))


class Both(torch.optim.Optimizer):
    """Two optimisers as one."""

    def __init__(self, *parts: torch.optim.Optimizer) -> None:
        self._parts = parts
        super().__init__([group for part in parts for group in part.param_groups], {})

    def step(self, closure: Any = None) -> None:  # type: ignore[override]
        for part in self._parts:
            part.step(closure)

    def state_dict(self) -> dict[str, Any]:
        return {"parts": [part.state_dict() for part in self._parts]}

    def load_state_dict(self, state_dict: dict[str, Any]) -> None:
        for part, kept in zip(self._parts, state_dict["parts"], strict=True):
            part.load_state_dict(kept)
        self.param_groups = [group for part in self._parts for group in part.param_groups]


def _hidden_matrices(model: PreTrainedModel) -> list[nn.Parameter]:
    ends = (model.get_input_embeddings(), model.get_output_embeddings())
    outer = {id(end.weight) for end in ends if end is not None}
    weights = [weight for weight in model.parameters() if weight.requires_grad and weight.ndim == 2]
    return [weight for weight in weights if id(weight) not in outer]
