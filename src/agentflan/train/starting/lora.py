"""Adapters beside frozen weights (LoRA, arXiv 2106.09685; QLoRA, arXiv 2305.14314), by peft."""

from __future__ import annotations

import warnings
from importlib import import_module
from importlib.util import find_spec
from pathlib import Path
from typing import cast

import torch
from peft import LoraConfig, PeftModel, get_peft_model
from torch import Tensor, nn
from transformers import AutoConfig, AutoModelForCausalLM, PreTrainedModel

from agentflan.core.errors import Mistake, Mistakes, nearest
from agentflan.train.settings import Lora, ModelSettings, TrainSettings
from agentflan.train.starting import model

ALL_LINEAR = "all-linear"


def adapt(begun: PreTrainedModel, settings: TrainSettings) -> PreTrainedModel:
    """The model with fresh adapters, which are trained then, alone or with the `embeddings`.

    The model itself without `lora:`.
    """
    if settings.lora is None:
        return begun
    if settings.lora.bits is not None:
        compute = torch.bfloat16 if settings.precision == "bfloat16" else torch.float32
        # imported when it is asked for: bitsandbytes is an extra
        import_module("agentflan.train.starting.quantise").quantise(begun, settings.lora.bits, compute)
    torch.manual_seed(settings.seed)
    with warnings.catch_warnings():  # peft asks for things by names that transformers is about to give up
        warnings.simplefilter("ignore", FutureWarning)
        adapted = get_peft_model(begun, _config(settings.lora))
    if settings.lora.embeddings:
        for layer in (begun.get_input_embeddings(), begun.get_output_embeddings()):
            cast(nn.Parameter, layer.weight).requires_grad_(True)
    return adapted  # type: ignore[return-value]  # it has all the model's attributes


def merged(tuned: PreTrainedModel) -> PreTrainedModel:
    """A plain model whose weights hold the adapters' share."""
    return tuned.merge_and_unload() if isinstance(tuned, PeftModel) else tuned


def trained(tuned: nn.Module) -> dict[str, Tensor]:
    """What a checkpoint has to keep: the weights that are not frozen; without frozen ones, all there is."""
    state = tuned.state_dict()
    free = {name for name, weight in tuned.named_parameters() if weight.requires_grad}
    frozen = any(not weight.requires_grad for weight in tuned.parameters())
    return {name: value for name, value in state.items() if name in free} if frozen else state


def check(settings: ModelSettings, lora: Lora, tokenizer: Path) -> None:
    """Raises Mistakes for targets that name nothing in the model, which is laid out for that without its weights."""
    if lora.bits is not None and find_spec("bitsandbytes") is None:
        mend = "pip install 'agentflan[qlora]'"
        raise Mistake("bitsandbytes is not installed", where="train.lora.bits", mend=mend)
    with torch.device("meta"):
        if settings.path is not None:
            model.check_folder(settings.path)
            skeleton = AutoModelForCausalLM.from_config(AutoConfig.from_pretrained(settings.path))
        else:
            skeleton = model.begin(settings, tokenizer, seed=0)
    names = [name for name, module in skeleton.named_modules() if isinstance(module, nn.Linear | nn.Embedding)]
    known = {name.rpartition(".")[2] for name in names}
    wrong = [
        Mistake(f"no layer of the model is called {target!r}", where="train.lora.targets", mend=nearest(target, known))
        for target in lora.targets
        if target != ALL_LINEAR and not any(name == target or name.endswith(f".{target}") for name in names)
    ]
    if wrong:
        raise Mistakes(wrong)


def _config(lora: Lora) -> LoraConfig:
    return LoraConfig(
        task_type="CAUSAL_LM",
        r=lora.rank,
        lora_alpha=lora.alpha,  # type: ignore[arg-type]  # nothing in it needs a whole number
        lora_dropout=lora.dropout,
        target_modules=ALL_LINEAR if ALL_LINEAR in lora.targets else list(lora.targets),
    )
