"""Model folders made for tests: a chat template in a family's shape, a tokenizer of the family's kind trained here."""

from __future__ import annotations

import atexit
import json
import shutil
import tempfile
from functools import cache
from pathlib import Path
from typing import Any

from tokenizers import AddedToken, Tokenizer, decoders, models, pre_tokenizers, processors, trainers

HERE = Path(__file__).parent
FAMILIES = sorted(path.stem for path in HERE.glob("*.jinja"))
MARKS = (
    *("<|im_start|>", "<|im_end|>"),
    *("<|start_header_id|>", "<|end_header_id|>", "<|eot_id|>", "<|eom_id|>", "<|python_tag|>"),
    *("[INST]", "[/INST]", "[AVAILABLE_TOOLS]", "[/AVAILABLE_TOOLS]"),
    *("[TOOL_CALLS]", "[TOOL_RESULTS]", "[/TOOL_RESULTS]"),
)
_BEGIN = {"llama3": "<s>", "llama3_tag": "<s>", "mistral": "<s>", "hermes": "<s>", "plain": "<s>"}
"""Families whose tokenizer begins every text."""
_END = {"llama3": "<|eot_id|>", "llama3_tag": "<|eot_id|>", "mistral": "</s>"}
TEXTS = [
    "When is the tide high in Bergen? It is high at noon, or so.",
    'I look it up. {"name": "tide_table", "arguments": {"harbour": "Bergen"}}',
    "caf\u00e9 na\u00efve \u0d15\u0d47\u0d30\u0d33 1234",
] * 20


def spec(name: str) -> str | dict[str, Any]:
    """A template's entry in a recipe; `model` takes a folder whose template adds nothing to a reply."""
    return {"use": "model", "path": str(family("plain"))} if name == "model" else name


@cache
def family(name: str) -> Path:
    """A folder with the tokenizer and the chat template of a family."""
    return folder(
        (HERE / f"{name}.jinja").read_text("utf-8"), begin=_BEGIN.get(name, ""), end=_END.get(name, "<|im_end|>")
    )


def folder(jinja: str, *, begin: str = "", end: str = "<|im_end|>", marks: tuple[str, ...] = MARKS) -> Path:
    """A tokenizer with byte fallback where texts `begin` with a mark, as Llama-2's, and a byte-level one elsewhere."""
    place = Path(tempfile.mkdtemp(prefix="family-"))
    atexit.register(shutil.rmtree, place, ignore_errors=True)
    tokenizer = like_llama(begin, marks) if begin else like_gpt(marks)
    tokenizer.save(str(place / "tokenizer.json"))
    names = {"eos_token": end, **({"bos_token": begin} if begin else {})}
    config = {**names, "tokenizer_class": "PreTrainedTokenizerFast", "clean_up_tokenization_spaces": False}
    (place / "tokenizer_config.json").write_text(json.dumps(config), encoding="utf-8")
    (place / "chat_template.jinja").write_text(jinja, encoding="utf-8")
    return place


def like_gpt(marks: tuple[str, ...] = MARKS) -> Tokenizer:
    tokenizer = Tokenizer(models.BPE())
    tokenizer.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    tokenizer.decoder = decoders.ByteLevel()
    trainer = trainers.BpeTrainer(
        vocab_size=450,
        initial_alphabet=sorted(pre_tokenizers.ByteLevel.alphabet()),
        special_tokens=["<s>", "</s>"],
        show_progress=False,
    )
    tokenizer.train_from_iterator(TEXTS, trainer)
    tokenizer.add_special_tokens([AddedToken(mark, special=True, normalized=False) for mark in marks])
    return tokenizer


def like_llama(begin: str = "<s>", marks: tuple[str, ...] = MARKS) -> Tokenizer:
    special = ["<unk>", "<s>", "</s>"]
    tokenizer = Tokenizer(models.BPE(byte_fallback=True, unk_token="<unk>", fuse_unk=True))
    tokenizer.pre_tokenizer = pre_tokenizers.Metaspace(prepend_scheme="first", split=False)
    tokenizer.decoder = decoders.Sequence(
        [decoders.Replace("\u2581", " "), decoders.ByteFallback(), decoders.Fuse(), decoders.Strip(" ", 1, 0)]
    )
    every = [*special, *(f"<0x{byte:02X}>" for byte in range(256))]
    trainer = trainers.BpeTrainer(vocab_size=450, special_tokens=every, limit_alphabet=60, show_progress=False)
    tokenizer.train_from_iterator(TEXTS, trainer)
    spec = json.loads(tokenizer.to_str())
    spec["added_tokens"] = [token for token in spec["added_tokens"] if token["content"] in special]
    tokenizer = Tokenizer.from_str(json.dumps(spec))
    tokenizer.add_special_tokens([AddedToken(mark, special=True, normalized=False) for mark in marks])
    tokenizer.post_processor = processors.TemplateProcessing(single=f"{begin} $A", special_tokens=[(begin, 1)])
    return tokenizer
