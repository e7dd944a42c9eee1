"""Weights that lie in parts on several devices, by FSDP2 or DeepSpeed: what differs from weights that lie whole."""

# mypy: allow-untyped-calls

from __future__ import annotations

import shutil
from pathlib import Path
from typing import Any

import torch
from accelerate import Accelerator
from torch import Tensor, nn
from torch.distributed.fsdp import MixedPrecisionPolicy
from torch.distributed.tensor import DTensor
from transformers import PreTrainedModel

from agentflan.core.errors import Mistake
from agentflan.train.saving import checkpoint

NARROW = MixedPrecisionPolicy(param_dtype=torch.bfloat16, reduce_dtype=torch.float32)
"""Works in bfloat16 between the weights and the loss. Accelerate's own policy would narrow the loss as well."""
PROGRESS = "progress"
"""The file of a sharded checkpoint that holds what all devices share."""


def settings(fsdp: dict[str, Any] | None, model: PreTrainedModel) -> dict[str, Any] | None:
    """What transformers calls `fsdp_config`: each layer by itself, checkpoints in parts, and then the user's own."""
    if fsdp is None:
        return None
    layers = sorted(model._no_split_modules or [])
    return {"transformer_layer_cls_to_wrap": layers, "state_dict_type": "SHARDED_STATE_DICT", **fsdp}


def narrow(accelerator: Accelerator) -> None:
    accelerator.state.fsdp_plugin.mixed_precision_policy = NARROW


def require(module: nn.Module) -> None:
    """Raises Mistake where accelerate was asked to shard and left the weights whole, of which it says nothing."""
    if not all(isinstance(weight, DTensor) for weight in module.parameters()):
        raise Mistake(
            "accelerate does not shard on these devices: each would hold all weights",
            where="train.backend.fsdp",
            mend="leave out `fsdp`, or train on GPUs",
        )


def save(accelerator: Accelerator, folder: Path, progress: dict[str, Any]) -> None:
    """Each device writes its part; the folder is whole or absent."""
    part = folder.with_name(folder.name + ".tmp")
    if accelerator.is_main_process:
        shutil.rmtree(part, ignore_errors=True)
    accelerator.wait_for_everyone()
    accelerator.save_state(str(part))
    accelerator.wait_for_everyone()
    if accelerator.is_main_process:
        checkpoint.write(part / PROGRESS, progress)
        shutil.rmtree(folder, ignore_errors=True)
        part.rename(folder)
    accelerator.wait_for_everyone()


def gathered(accelerator: Accelerator, wrapped: nn.Module) -> dict[str, Tensor]:
    """The whole weights of the objective's model, on the CPU of the first process; empty on the others."""
    state: dict[str, Tensor] = accelerator.get_state_dict(wrapped)
    return {name.removeprefix("model."): weight for name, weight in (state or {}).items()}
