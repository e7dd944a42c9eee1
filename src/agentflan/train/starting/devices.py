"""What torch can use here: its devices, and which kinds of attention run on them."""

from __future__ import annotations

from inspect import signature
from typing import NamedTuple

import torch
from torch.nn.attention import varlen


class Device(NamedTuple):
    name: str
    memory: int
    """Bytes."""
    free: int
    bfloat16: bool


def devices() -> list[Device]:
    """The GPUs; none on a machine without."""
    found = []
    for number in range(torch.cuda.device_count()):
        free, whole = torch.cuda.mem_get_info(number)
        with torch.cuda.device(number):
            narrow = torch.cuda.is_bf16_supported()
        found.append(Device(torch.cuda.get_device_name(number), whole, free, narrow))
    return found


def attentions() -> dict[str, str]:
    """Each value of `train.attention` -> why it does not run here; empty where it does."""
    alone = "" if torch.cuda.is_available() else "trains on a GPU alone"
    old = "" if "window_size" in signature(varlen.varlen_attn).parameters else "needs torch 2.11"
    return {"sdpa": "", "eager": "", "flex": alone, "varlen": alone or old}
