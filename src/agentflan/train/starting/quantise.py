"""Frozen weights in 4 or 8 bits, by bitsandbytes (QLoRA, arXiv 2305.14314)."""

# mypy: allow-untyped-calls, disable-error-code="attr-defined, misc"
# (bitsandbytes leaves some of its functions without types, and its names unexported)

from __future__ import annotations

import logging

import torch
from bitsandbytes.nn import Int8Params, Linear4bit, Linear8bitLt, Params4bit
from torch import nn
from transformers import PreTrainedModel


def quantise(model: PreTrainedModel, bits: int, compute: torch.dtype) -> None:
    """Narrows every linear layer but the head, in place and one after the other, on the device it lies on."""
    head = model.get_output_embeddings()
    layers = [(name, layer) for name, layer in model.named_modules() if type(layer) is nn.Linear and layer is not head]
    for name, layer in layers:
        above, _, own = name.rpartition(".")
        narrow = _in_four(layer, compute) if bits == 4 else _in_eight(layer)
        narrow.bias = layer.bias
        setattr(model.get_submodule(above), own, narrow)
    logging.getLogger("bitsandbytes").setLevel(logging.ERROR)  # it tells of each product that it narrows
    setattr(model, f"is_loaded_in_{bits}bit", True)  # what peft goes by


def _in_four(layer: nn.Linear, compute: torch.dtype) -> nn.Module:
    narrow = Linear4bit(layer.in_features, layer.out_features, bias=False, compute_dtype=compute, device="meta")
    weight = Params4bit(layer.weight.data, requires_grad=False, quant_type="nf4", module=narrow)
    narrow.weight = weight.to(layer.weight.device)
    return narrow


def _in_eight(layer: nn.Linear) -> nn.Module:
    narrow = Linear8bitLt(layer.in_features, layer.out_features, bias=False, has_fp16_weights=False, device="meta")
    narrow.weight = Int8Params(layer.weight.data, requires_grad=False, has_fp16_weights=False).to(layer.weight.device)
    return narrow
