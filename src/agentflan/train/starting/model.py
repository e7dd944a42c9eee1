"""The model to begin with."""

from __future__ import annotations

from pathlib import Path
from typing import Any, cast

import torch
from safetensors import SafetensorError
from transformers import (
    AutoModelForCausalLM,
    AutoTokenizer,
    LlamaConfig,
    LlamaForCausalLM,
    PreTrainedModel,
    PreTrainedTokenizerBase,
)

from agentflan.core.errors import Mistake
from agentflan.train.settings import ModelSettings, Scratch
from agentflan.train.starting.vocabulary import grow

CONTENTS = "a model folder holds config.json, *.safetensors and the tokenizer's files"


def check_folder(path: Path) -> None:
    if not (path / "config.json").is_file():
        raise Mistake("this is no model folder", where=str(path), mend=CONTENTS)


def device_of(wanted: str) -> torch.device:
    """`auto` is the GPU if there is one."""
    return torch.device(wanted if wanted != "auto" else "cuda" if torch.cuda.is_available() else "cpu")


def begin(settings: ModelSettings, tokenizer_folder: Path, seed: int) -> PreTrainedModel:
    """The model in float32, on the CPU, with a row for each token of the tokenizer, added marks among them."""
    tokenizer = AutoTokenizer.from_pretrained(tokenizer_folder, local_files_only=True)
    if settings.path is not None:
        model = _from_folder(settings.path)
        if (settings.path / "tokenizer.json").is_file():
            grow(model, settings.path, tokenizer_folder)
    else:
        model = _random(settings.scratch or Scratch(), tokenizer, seed)
    known = len(cast(torch.Tensor, model.get_input_embeddings().weight))
    if known < len(tokenizer):
        raise Mistake(
            f"the model knows {known:,} tokens and the tokenizer has {len(tokenizer):,}",
            where=str(settings.path or "scratch"),
            mend="tokenise with the model's own tokenizer",
        )
    return model


def _random(scratch: Scratch, tokenizer: PreTrainedTokenizerBase, seed: int) -> PreTrainedModel:
    pad = tokenizer.pad_token_id
    config = LlamaConfig(
        vocab_size=len(tokenizer),
        hidden_size=scratch.hidden_size,
        intermediate_size=scratch.intermediate_size,
        num_hidden_layers=scratch.layers,
        num_attention_heads=scratch.heads,
        num_key_value_heads=scratch.kv_heads or scratch.heads,
        max_position_embeddings=scratch.max_positions,
        initializer_range=scratch.init_std,
        tie_word_embeddings=scratch.tie,
        attention_bias=scratch.qk_bias_std > 0,
        bos_token_id=tokenizer.bos_token_id,
        eos_token_id=tokenizer.eos_token_id,
        pad_token_id=None if pad == tokenizer.eos_token_id else pad,  # a pad token's embedding never moves
    )
    torch.manual_seed(seed)
    model = LlamaForCausalLM(config)
    with torch.no_grad():
        for name, weight in model.named_parameters():
            if name.endswith(("q_proj.bias", "k_proj.bias")):
                weight.normal_(0, scratch.qk_bias_std)
    return model


def _from_folder(path: Path) -> PreTrainedModel:
    check_folder(path)
    try:
        loaded: Any = AutoModelForCausalLM.from_pretrained(
            path, local_files_only=True, dtype=torch.float32, output_loading_info=True
        )
    except (OSError, ValueError, KeyError, SafetensorError) as error:
        first = (str(error).strip().splitlines() or [type(error).__name__])[0]
        raise Mistake(f"the model cannot be loaded: {first}", where=str(path), mend=CONTENTS) from error
    model, notes = cast(tuple[PreTrainedModel, dict[str, Any]], loaded)
    if missing := sorted(notes["missing_keys"]):
        what = f"the model has no weights for {missing[0]} ({len(missing)} are missing)"
        raise Mistake(what, where=str(path), mend=CONTENTS)
    return model
