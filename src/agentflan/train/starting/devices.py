"""What torch can use here: its devices, and which kinds of attention run on them."""

from __future__ import annotations

from typing import Literal, NamedTuple

import torch

from agentflan.core.errors import Mistake
from agentflan.train.settings import TrainSettings
from agentflan.train.stepping import attention


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
    device = torch.device("cuda" if torch.cuda.is_available() else "cpu")
    kinds: tuple[Literal["sdpa", "eager", "flex", "varlen"], ...] = ("sdpa", "eager", "flex", "varlen")
    return {kind: _against(TrainSettings(attention=kind, packing=True, precision="bfloat16"), device) for kind in kinds}


def _against(settings: TrainSettings, device: torch.device) -> str:
    try:
        attention.check(settings, device)
    except Mistake as mistake:
        return mistake.what
    return ""
