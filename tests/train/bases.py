"""Small model folders as they are published: of the Llama and of the Qwen kind, with all that lies in them."""

# mypy: allow-untyped-calls
# (transformers leaves some of its functions without types)

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import torch
from tokenizers import AddedToken, Regex, Tokenizer, decoders, models, normalizers, pre_tokenizers, processors, trainers
from transformers import AutoModelForCausalLM, GenerationConfig, LlamaConfig, PreTrainedConfig, Qwen2Config

END = "\u0d3f"
TEXTS = ["Thought: i need ka_lo .\nAction: ka_lo", "tool re_mi needs count and day"] * 30
SIZES = {"hidden_size": 32, "intermediate_size": 48, "num_hidden_layers": 2, "num_attention_heads": 2}
README = "---\nlicense: other\nlicense_name: tiny-community\nlicense_link: LICENSE.txt\n---\n# Tiny\n"
QWEN_PIECES = (
    r"(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}| ?[^\s\p{L}\p{N}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+"
)


def llama(folder: Path, *, normalizes: bool = False) -> Path:
    """With `normalizes`, spaces are imagined in the normalizer, as in Llama-2's own tokenizer.json."""
    tokenizer = llama_tokenizer(normalizes)
    said = {"add_bos_token": True, "legacy": True, "padding_side": "right", "tokenizer_class": "LlamaTokenizer"}
    marks = {"bos_token": "<s>", "eos_token": "</s>", "unk_token": "<unk>"}
    _tokenizer(folder, tokenizer, {**said, **marks})
    (folder / "tokenizer.model").write_bytes(b"a vocabulary for sentencepiece")
    _model(folder, LlamaConfig(**SIZES, vocab_size=tokenizer.get_vocab_size()), GenerationConfig(eos_token_id=[2, 5]))
    return folder


def llama_tokenizer(normalizes: bool) -> Tokenizer:
    special = ["<unk>", "<s>", "</s>"]
    learner = Tokenizer(models.BPE(byte_fallback=True, unk_token="<unk>", fuse_unk=True))
    learner.pre_tokenizer = pre_tokenizers.Metaspace(prepend_scheme="always", split=True)
    bytes_ = [f"<0x{byte:02X}>" for byte in range(256)]
    wanted = [*special, *bytes_, END, "\u0d46"]
    learner.train_from_iterator(TEXTS, trainers.BpeTrainer(vocab_size=400, special_tokens=wanted, show_progress=False))
    tokenizer = Tokenizer(learner.model)
    if normalizes:
        tokenizer.normalizer = normalizers.Sequence([normalizers.Prepend("\u2581"), normalizers.Replace(" ", "\u2581")])
    else:
        tokenizer.pre_tokenizer = pre_tokenizers.Metaspace(prepend_scheme="always", split=False)
    tokenizer.add_special_tokens([AddedToken(mark, special=True, normalized=False) for mark in special])
    spell = [decoders.Replace("\u2581", " "), decoders.ByteFallback(), decoders.Fuse(), decoders.Strip(" ", 1, 0)]
    tokenizer.decoder = decoders.Sequence(spell)
    tokenizer.post_processor = processors.TemplateProcessing(
        single="<s> $A", pair="<s> $A <s>:1 $B:1", special_tokens=[("<s>", 1)]
    )
    return tokenizer


def qwen(folder: Path) -> Path:
    tokenizer = Tokenizer(models.BPE())
    tokenizer.normalizer = normalizers.NFC()
    pieces = pre_tokenizers.Split(Regex(QWEN_PIECES), "isolated")
    whole = pre_tokenizers.ByteLevel(add_prefix_space=False, use_regex=False)
    tokenizer.pre_tokenizer = pre_tokenizers.Sequence([pieces, whole])
    tokenizer.decoder = decoders.ByteLevel()
    letters = sorted(pre_tokenizers.ByteLevel.alphabet())
    trainer = trainers.BpeTrainer(vocab_size=400, initial_alphabet=letters, show_progress=False)
    tokenizer.train_from_iterator(TEXTS, trainer)
    marks = ["<|endoftext|>", "<|im_start|>", "<|im_end|>", END]
    tokenizer.add_special_tokens([AddedToken(mark, special=True, normalized=False) for mark in marks])
    tokenizer.add_tokens([AddedToken("<tool_call>", special=False, normalized=False)])
    said = {
        "eos_token": "<|im_end|>",
        "pad_token": "<|endoftext|>",
        "tokenizer_class": "Qwen2Tokenizer",
        "additional_special_tokens": ["<|im_start|>", "<|im_end|>"],
        "chat_template": "{{ messages[0].content }}",
    }
    _tokenizer(folder, tokenizer, said)
    vocabulary = json.loads(tokenizer.to_str())["model"]
    (folder / "vocab.json").write_text(json.dumps(vocabulary["vocab"]))
    (folder / "merges.txt").write_text("\n".join(" ".join(pair) for pair in vocabulary["merges"]))
    stops = [tokenizer.token_to_id("<|im_end|>"), tokenizer.token_to_id("<|endoftext|>")]
    config = Qwen2Config(**SIZES, num_key_value_heads=1, vocab_size=tokenizer.get_vocab_size(with_added_tokens=True))
    _model(folder, config, GenerationConfig(eos_token_id=stops))
    return folder


def _tokenizer(folder: Path, tokenizer: Tokenizer, said: dict[str, Any]) -> None:
    folder.mkdir(parents=True)
    tokenizer.save(str(folder / "tokenizer.json"))
    (folder / "tokenizer_config.json").write_text(json.dumps(said))
    (folder / "LICENSE.txt").write_text("You may.")
    (folder / "Notice").write_text("Made by others.")
    (folder / "USE_POLICY.md").write_text("Be kind.")
    (folder / "README.md").write_text(README)


def _model(folder: Path, config: PreTrainedConfig, generation: GenerationConfig) -> None:
    torch.manual_seed(0)
    model = AutoModelForCausalLM.from_config(config, dtype=torch.bfloat16)
    model.generation_config = generation
    model.save_pretrained(folder)
