"""A model folder of random weights as a tuned one lies on disk: words as tokens, role marks, chat template inside."""

from __future__ import annotations

from pathlib import Path

import torch
from tokenizers import Tokenizer, models, pre_tokenizers
from transformers import LlamaConfig, LlamaForCausalLM, PreTrainedTokenizerFast

torch.set_num_threads(1)  # more of them only wait for one another over models of this size

WORDS = ["the", "a", "what", "will", "rain", "in", "oslo", "on", "monday", "bring", "umbrella", "yes", "no", "thought"]
MARKS = ["<pad>", "<s>", "<unk>", "<user>", "<model>", "<end>"]
TEMPLATE = (
    "{{ bos_token }}{% for message in messages %}{{ '<model>' if message.role == 'assistant' else '<user>' }} "
    "{{ message.content }} {% if message.role == 'assistant' %}<end> {% endif %}{% endfor %}"
    "{% if add_generation_prompt %}<model>{% endif %}"
)


def saved(folder: Path, *, seed: int = 0, positions: int = 128, template: str | None = TEMPLATE) -> Path:
    vocabulary = {word: index for index, word in enumerate([*MARKS, *WORDS])}
    tokenizer = Tokenizer(models.WordLevel(vocabulary, unk_token="<unk>"))
    tokenizer.pre_tokenizer = pre_tokenizers.WhitespaceSplit()
    fast = PreTrainedTokenizerFast(
        tokenizer_object=tokenizer, bos_token="<s>", eos_token="<end>", unk_token="<unk>", pad_token="<pad>"
    )
    fast.add_special_tokens({"additional_special_tokens": ["<user>", "<model>"]})
    fast.chat_template = template
    torch.manual_seed(seed)
    config = LlamaConfig(
        vocab_size=len(vocabulary),
        hidden_size=32,
        intermediate_size=64,
        num_hidden_layers=2,
        num_attention_heads=4,
        max_position_embeddings=positions,
        bos_token_id=1,
        eos_token_id=5,
        initializer_range=0.6,
    )
    LlamaForCausalLM(config).save_pretrained(folder)
    fast.save_pretrained(folder)
    return folder
