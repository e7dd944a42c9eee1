"""Vocabularies: one trained on the corpus, or that of a model folder; saved so that `AutoTokenizer` loads them.

The trained one is a byte-level BPE, so that every text comes back exactly, with two habits that help a small model copy
names it has never seen. A space is imagined at the start of a text, after each role mark and after each newline (and
taken away again in decoding), so that a word is the same token wherever it stands. Words, single digits, single
punctuation characters and newlines never merge with each other: `ka_lo` is ` ka`, `_`, `lo`.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import msgspec
from tokenizers import AddedToken, Regex, Tokenizer, decoders, models, normalizers, pre_tokenizers, processors, trainers

from agentflan.core.errors import Mistake
from agentflan.core.kinds import Template

BOS = "<|begin|>"
PAD = "<|pad|>"
_PIECES = r" ?[\p{L}\p{M}]+| ?\p{N}| ?[^\s\p{L}\p{M}\p{N}]| ?\n|[^\S\n]+(?!\S)|\s"
_BYTES = 256
_NEEDS = "a model folder holds tokenizer.json, tokenizer_config.json, config.json and *.safetensors"


def train_bpe(texts: Iterator[str], vocab_size: int, template: Template) -> Tokenizer:
    """A vocabulary of at most `vocab_size` tokens; role marks in the texts are set aside. Same texts, same tokens."""
    special = [BOS, PAD, *template.marks]
    if vocab_size < _BYTES + len(special):
        what = f"a vocabulary of {vocab_size} tokens cannot hold the {_BYTES} bytes and {len(special)} marks"
        raise Mistake(what, mend=f"ask for at least {_BYTES + len(special)}")
    tokenizer = Tokenizer(models.BPE())
    tokenizer.normalizer = normalizers.Sequence([normalizers.Prepend(" "), normalizers.Replace("\n", "\n ")])
    tokenizer.pre_tokenizer = pre_tokenizers.Sequence(
        [
            pre_tokenizers.Split(Regex(_PIECES), "isolated"),
            pre_tokenizers.ByteLevel(add_prefix_space=False, use_regex=False),
        ]
    )
    tokenizer.decoder = decoders.Sequence(
        [
            decoders.ByteLevel(),
            *[decoders.Replace(f"{mark} ", mark) for mark in special],
            decoders.Replace("\n ", "\n"),
            decoders.Strip(" ", 1, 0),
        ]
    )
    trainer = trainers.BpeTrainer(
        vocab_size=vocab_size,
        initial_alphabet=sorted(pre_tokenizers.ByteLevel.alphabet()),
        special_tokens=[AddedToken(mark, special=True, normalized=False) for mark in special],
        show_progress=False,
    )
    marks = re.compile("|".join(map(re.escape, template.marks)))
    tokenizer.train_from_iterator((piece for text in texts for piece in marks.split(text)), trainer)
    before = [(BOS, tokenizer.token_to_id(BOS))]
    tokenizer.post_processor = processors.TemplateProcessing(f"{BOS} $A", special_tokens=before)
    return tokenizer


def load_tokenizer(folder: Path) -> Tokenizer:
    """The vocabulary of a model folder. Raises `Mistake` when the folder is none."""
    file = folder / "tokenizer.json"
    if not file.is_file():
        what = "has no tokenizer.json" if folder.is_dir() else "no such folder"
        raise Mistake(what, where=str(folder), mend=_NEEDS)
    text = file.read_text(encoding="utf-8")
    if "model" not in _object(file, text):
        raise Mistake("is not a tokenizer", where=str(file), mend=_NEEDS)
    tokenizer = Tokenizer.from_str(text)
    tokenizer.no_truncation()
    tokenizer.no_padding()
    return tokenizer


def bos_of(tokenizer: Tokenizer) -> str:
    """The token before every text; empty for a tokenizer that puts none."""
    bare = tokenizer.encode("a", add_special_tokens=False).tokens
    full = tokenizer.encode("a", add_special_tokens=True).tokens
    return str(full[0]) if full[:1] != bare[:1] else ""


def fitted(tokenizer: Tokenizer, template: Template, *, add_marks: bool = False) -> Tokenizer:
    """A copy that works as it will once its folder names the template's end mark as `eos_token`: never inside a word.

    With `add_marks`, marks that are no tokens of this vocabulary become such, behind all others. Raises `Mistake` when
    the end mark is not one token.
    """
    if tokenizer.token_to_id(template.stop) is None and not add_marks:
        what = f"the end mark {template.stop!r} of the template is no token of this model"
        raise Mistake(what, mend="say `corpus.add_marks: true`, or choose another template")
    copy = Tokenizer.from_str(tokenizer.to_str())
    marks = [mark for mark in template.marks if mark == template.stop or (add_marks and copy.token_to_id(mark) is None)]
    copy.add_special_tokens([AddedToken(mark, special=True, normalized=False) for mark in marks])
    return copy


def save_tokenizer(tokenizer: Tokenizer, folder: Path, template: Template, max_length: int | None = None) -> None:
    """Writes what `AutoTokenizer.from_pretrained(folder)` needs, for a tokenizer that is `fitted` to the template."""
    specials = {"eos_token": template.stop}
    specials["pad_token"] = PAD if tokenizer.token_to_id(PAD) is not None else template.stop
    if bos := bos_of(tokenizer):
        specials["bos_token"] = bos
    if unk := getattr(tokenizer.model, "unk_token", None):
        specials["unk_token"] = unk
    config: dict[str, Any] = {
        **specials,
        "chat_template": template.jinja,
        "clean_up_tokenization_spaces": False,
        "tokenizer_class": "PreTrainedTokenizerFast",
    }
    if max_length is not None:
        config["model_max_length"] = max_length
    folder.mkdir(parents=True, exist_ok=True)
    tokenizer.save(str(folder / "tokenizer.json"))
    _write(folder / "tokenizer_config.json", config)
    _write(folder / "special_tokens_map.json", specials)


def _write(file: Path, value: dict[str, Any]) -> None:
    file.write_bytes(msgspec.json.format(msgspec.json.encode(value, order="sorted"), indent=2) + b"\n")


def _object(file: Path, text: str) -> dict[str, Any]:
    try:
        return msgspec.json.decode(text, type=dict[str, Any])
    except msgspec.MsgspecError as error:
        raise Mistake(f"is not a JSON object: {error}", where=str(file), mend=_NEEDS) from error
