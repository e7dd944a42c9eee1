"""The folder that a tuned model leaves behind: all that `transformers` loads, and what goes along with it."""

from __future__ import annotations

import shutil
from copy import deepcopy
from pathlib import Path
from typing import Any

import msgspec
import torch
from transformers import AutoTokenizer, GenerationConfig, PreTrainedModel, PreTrainedTokenizerBase

from agentflan.train.saving.card import model_card
from agentflan.train.saving.carried import carry_notices, carry_tokenizer
from agentflan.train.settings import TrainSettings
from agentflan.train.starting.lora import merged

_TYPES = {"float32": torch.float32, "bfloat16": torch.bfloat16, "float16": torch.float16}


def save(tuned: PreTrainedModel, settings: TrainSettings, tokens: Path, folder: Path) -> None:
    """Leaves the folder in place of what was there; never half of one. The model is given away: it is changed in place.

    Whole weights come in the type of the base's; adapters stay adapters unless `lora.merge` is set. `tokens` is the
    tokens folder that it was tuned on.
    """
    base = settings.model.path
    part = folder.with_name(folder.name + ".tmp")
    shutil.rmtree(part, ignore_errors=True)
    part.mkdir(parents=True)
    adapters = settings.lora is not None and not settings.lora.merge
    model: Any = tuned if adapters else merged(tuned)
    tokenizer = AutoTokenizer.from_pretrained(tokens / "tokenizer", local_files_only=True)
    generation = _generation(model.generation_config, tokenizer)
    if adapters:
        _save_adapters(model, base, part)
        generation.save_pretrained(part)
    else:
        model.generation_config = generation
        model.to(_TYPES[saved_type(settings)])
        model.save_pretrained(part)
    carry_tokenizer(tokens / "tokenizer", base, part)
    notices = carry_notices(base, part) if base is not None else []
    card = model_card(settings, tokens, notices, adapters=adapters)
    (part / "README.md").write_text(card, encoding="utf-8")
    shutil.rmtree(folder, ignore_errors=True)
    part.rename(folder)


def saved_type(settings: TrainSettings) -> str:
    """What the numbers of whole weights are saved as."""
    if settings.save_as != "base":
        return settings.save_as
    if settings.model.path is None:
        return "float32"
    config = msgspec.json.decode((settings.model.path / "config.json").read_bytes())
    named = config.get("dtype") or config.get("torch_dtype")
    return named if named in _TYPES else "float32"


def _save_adapters(model: Any, base: Path | None, folder: Path) -> None:
    """With the base's place as the whole path: adapters are nothing without it."""
    for config in model.peft_config.values():
        config.base_model_name_or_path = str(base.resolve()) if base is not None else None
    model.save_pretrained(str(folder))


def _generation(own: GenerationConfig | None, tokenizer: PreTrainedTokenizerBase) -> GenerationConfig:
    """Stops on the tokenizer's end mark, beside what the model stopped on before."""
    config = deepcopy(own) if own is not None else GenerationConfig()
    before = config.eos_token_id if isinstance(config.eos_token_id, list) else [config.eos_token_id]
    stops = [mark for mark in dict.fromkeys([tokenizer.eos_token_id, *before]) if mark is not None]
    config.eos_token_id = stops[0] if len(stops) == 1 else stops or None
    config.bos_token_id = tokenizer.bos_token_id
    config.pad_token_id = tokenizer.eos_token_id if tokenizer.pad_token_id is None else tokenizer.pad_token_id
    return config
