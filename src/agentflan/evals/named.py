"""What a command line means by a model."""

from __future__ import annotations

from pathlib import Path
from typing import Any, get_args

from agentflan.core.errors import Mistake, nearest
from agentflan.core.plugs import load
from agentflan.models.scripted import Policy

_POLICIES = get_args(Policy)
_KNOWN = f"a model is the folder of a saved model, or one of {', '.join(f'scripted:{name}' for name in _POLICIES)}"


def model_named(text: str) -> Any:
    """A saved model by its folder, or `scripted:POLICY`. Raises Mistake for anything else, before any loading."""
    scheme, colon, rest = text.partition(":")
    folder = Path(text)
    if colon and scheme == "scripted":
        if rest not in _POLICIES:
            raise Mistake(f"there is no script named {rest!r}", where=text, mend=nearest(rest, _POLICIES))
        return load("model", {"use": "scripted", "policy": rest})
    if (folder / "config.json").is_file():
        return load("model", {"use": "hf", "path": text})
    if (folder / "model" / "config.json").is_file():
        raise Mistake("this folder holds a run, not a model", where=text, mend=f"name {folder / 'model'}")
    if folder.exists():
        raise Mistake("this is no model: it holds no config.json", where=text, mend=_KNOWN)
    if colon and rest.startswith("//"):
        raise Mistake("a model behind a URL cannot be asked yet", where=text, mend=_KNOWN)
    raise Mistake("there is no such folder, and names on a hub are not looked up yet", where=text, mend=_KNOWN)
