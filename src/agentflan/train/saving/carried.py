"""What a result takes over from its base: the tokenizer's own files, licence and notices."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import msgspec
from ruamel.yaml import YAML
from ruamel.yaml.error import YAMLError
from tokenizers import Tokenizer
from transformers import AutoTokenizer

VOCABULARIES = ("tokenizer.model", "spiece.model", "sentencepiece.bpe.model", "vocab.json", "merges.txt")
"""Files that hold a vocabulary beside tokenizer.json; other tools read them, and slow tokenizers."""
NOTICES = ("LICENSE", "LICENCE", "NOTICE", "USE_POLICY", "COPYING", "COPYRIGHT")
"""How the names of files begin that have to go along with a model, in any case."""
_OURS = "PreTrainedTokenizerFast"


def carry_tokenizer(own: Path, base: Path | None, folder: Path) -> None:
    """The tokenizer that the tokens were made with, as it was where the base has more to say of it.

    The base's class is kept if it makes the very same tokenizer of these files: some build theirs anew from the
    vocabulary, by rules that are not those of tokenizer.json. The chat template gets a file of its own.
    """
    shutil.copytree(own, folder, dirs_exist_ok=True)
    config = _object(own / "tokenizer_config.json")
    if template := config.pop("chat_template", ""):
        (folder / "chat_template.jinja").write_text(template, encoding="utf-8")
    if base is not None:
        for name in VOCABULARIES:
            if (base / name).is_file():
                shutil.copyfile(base / name, folder / name)
        before = _object(base / "tokenizer_config.json")
        before.pop("chat_template", None)
        config = {**before, **config, "tokenizer_class": before.get("tokenizer_class", _OURS)}
        config["added_tokens_decoder"] = _added(folder / "tokenizer.json")
        marks = {**_object(base / "special_tokens_map.json"), **_object(own / "special_tokens_map.json")}
        _write(folder / "special_tokens_map.json", marks)
    _write(folder / "tokenizer_config.json", config)
    if base is not None and not _same(folder):
        _write(folder / "tokenizer_config.json", {**config, "tokenizer_class": _OURS})


def carry_notices(base: Path, folder: Path) -> list[str]:
    """Copies what has to go along with the base; the names, in order."""
    found = [file.name for file in _notices(base)]
    for name in found:
        shutil.copyfile(base / name, folder / name)
    return found


def licence_of(base: Path) -> dict[str, str]:
    """What the head of the base's README says of its licence: `license`, and `license_name` and `license_link`."""
    card = base / "README.md"
    text = card.read_text(encoding="utf-8") if card.is_file() else ""
    head = text.removeprefix("---\n").partition("\n---\n")[0] if text.startswith("---\n") else ""
    try:
        data = YAML(typ="safe", pure=True).load(head)
    except YAMLError:
        return {}
    said = data if isinstance(data, dict) else {}
    return {key: str(said[key]) for key in ("license", "license_name", "license_link") if said.get(key)}


def _notices(base: Path) -> Iterator[Path]:
    return (file for file in sorted(base.iterdir()) if file.name.upper().startswith(NOTICES) and file.is_file())


def _same(folder: Path) -> bool:
    """Whether the class that the folder names makes of its files what tokenizer.json says."""
    try:
        loaded: Any = AutoTokenizer.from_pretrained(folder, local_files_only=True)
    except (ImportError, OSError, ValueError, TypeError, KeyError, AttributeError):  # it has no class of this name
        return False
    made = getattr(loaded, "backend_tokenizer", None)
    written = Tokenizer.from_file(str(folder / "tokenizer.json"))
    return made is not None and _rules(made) == _rules(written)


def _rules(tokenizer: Tokenizer) -> list[Any]:
    """What decides the tokens of a text, and its text again."""
    said = msgspec.json.decode(tokenizer.to_str())
    model = [said["model"].get(name) for name in ("type", "vocab", "merges", "byte_fallback", "ignore_merges")]
    steps = [said[name] for name in ("normalizer", "pre_tokenizer", "decoder", "added_tokens")]
    return [*model, *steps, tokenizer.encode("a").ids]


def _added(file: Path) -> dict[str, Any]:
    """The tokens beside the vocabulary, as a tokenizer_config.json lists them."""
    return {str(token.pop("id")): token for token in _object(file)["added_tokens"]}


def _object(file: Path) -> dict[str, Any]:
    return msgspec.json.decode(file.read_bytes(), type=dict[str, Any]) if file.is_file() else {}


def _write(file: Path, value: dict[str, Any]) -> None:
    file.write_bytes(msgspec.json.format(msgspec.json.encode(value, order="sorted"), indent=2) + b"\n")
