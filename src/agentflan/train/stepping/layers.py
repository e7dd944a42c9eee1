"""What is done to each layer of a model: worked out again in backward, compiled."""

from __future__ import annotations

import warnings

from torch import nn
from transformers import PreTrainedModel

from agentflan.core.errors import Mistake
from agentflan.train.settings import TrainSettings


def prepare(model: PreTrainedModel, settings: TrainSettings) -> None:
    """As the settings say. Raises `Mistake` for a model whose layers cannot be told."""
    name = type(model).__name__
    if settings.gradient_checkpointing:
        if not model.supports_gradient_checkpointing:
            what = f"{name} cannot work its layers out again"
            raise Mistake(what, where="train.gradient_checkpointing", mend="say `false`")
        with warnings.catch_warnings():  # this name is to go in transformers 6; the new one is not in all of 5
            warnings.simplefilter("ignore", FutureWarning)
            model.gradient_checkpointing_enable({"use_reentrant": False})
    if settings.compile:
        layers = getattr(model.get_decoder(), "layers", None)
        if not isinstance(layers, nn.ModuleList):
            raise Mistake(f"{name} has no list of layers", where="train.compile", mend="say `compile: false`")
        for layer in layers:
            layer.compile(dynamic=False if settings.packing else None)  # packed rows are all of one length
