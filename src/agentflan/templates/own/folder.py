"""What a model folder says about its chat: the template, the special tokens, whether its tokenizer begins texts."""

from __future__ import annotations

from functools import lru_cache
from pathlib import Path
from typing import Any, NamedTuple

import msgspec
from tokenizers import Tokenizer

from agentflan.core.errors import Mistake

_FILE, _CONFIG, _MAP, _TOKENIZER = (
    "chat_template.jinja",
    "tokenizer_config.json",
    "special_tokens_map.json",
    "tokenizer.json",
)
_NEEDS = f"a model folder with a chat template holds {_TOKENIZER}, {_CONFIG} and, there or in {_FILE}, the template"


class Folder(NamedTuple):
    place: Path
    jinja: str
    """One text; a folder with a template of its own for tools has both in it, as `transformers` chooses them."""
    names: tuple[tuple[str, str], ...]
    """bos_token, eos_token and so on, as the template may write them."""
    bos: str
    """What the tokenizer puts before every text by itself; empty: nothing."""
    special: tuple[str, ...]
    """Tokens that no text is broken up into."""


def folder(place: Path) -> Folder:
    """Raises `Mistake` for a folder without tokenizer or template. Read once, as long as its files stay as they are."""
    stamps = []
    for name in (_FILE, _CONFIG, _MAP, _TOKENIZER):
        if (place / name).is_file():
            about = (place / name).stat()
            stamps.append((name, about.st_mtime_ns, about.st_size))
    return _read(place, tuple(stamps))


@lru_cache(maxsize=8)
def _read(place: Path, stamps: tuple[tuple[str, int, int], ...]) -> Folder:
    there = {name for name, _, _ in stamps}
    for name in (_TOKENIZER, _CONFIG):
        if name not in there:
            raise Mistake(f"has no {name}", where=str(place), mend=_NEEDS)
    config = _object(place / _CONFIG)
    own = (place / _FILE).read_text("utf-8") if _FILE in there else config.get("chat_template")
    jinja = _one(own)
    if not jinja:
        raise Mistake("has no chat template", where=str(place), mend=_NEEDS)
    tokens = {**(_object(place / _MAP) if _MAP in there else {}), **config}
    names = {name: text for name, value in tokens.items() if name.endswith("_token") and (text := _content(value))}
    try:
        tokenizer = Tokenizer.from_file(str(place / _TOKENIZER))
    except Exception as error:  # the tokenizers library raises nothing narrower
        raise Mistake(f"is not a tokenizer: {error}", where=str(place / _TOKENIZER), mend=_NEEDS) from error
    bare, full = (tokenizer.encode("a", add_special_tokens=add).tokens for add in (False, True))
    special = [token.content for token in tokenizer.get_added_tokens_decoder().values() if token.special]
    return Folder(place, jinja, tuple(names.items()), full[0] if full[:1] != bare[:1] else "", tuple(special))


def _one(own: Any) -> str:
    if isinstance(own, list):
        texts = {str(each.get("name")): str(each.get("template")) for each in own if isinstance(each, dict)}
        default, tools = texts.get("default", ""), texts.get("tool_use")
        return f"{{% if tools %}}{tools}{{% else %}}{default}{{% endif %}}" if tools and default else default
    return own if isinstance(own, str) else ""


def _content(value: Any) -> str:
    """A special token, bare or with its settings around it."""
    text = value.get("content") if isinstance(value, dict) else value
    return text if isinstance(text, str) else ""


def _object(file: Path) -> dict[str, Any]:
    try:
        return msgspec.json.decode(file.read_bytes(), type=dict[str, Any])
    except msgspec.DecodeError as error:
        raise Mistake(f"is not a JSON object: {error}", where=str(file), mend=_NEEDS) from error
