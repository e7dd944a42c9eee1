"""What a command line means by a model."""

from __future__ import annotations

from importlib import import_module
from pathlib import Path
from typing import Any, get_args

from agentflan.core.errors import Mistake, nearest
from agentflan.core.plugs import load
from agentflan.models.scripted import Policy

_POLICIES = get_args(Policy)
_KNOWN = (
    "a model is the folder of a saved model, a name on the hub, a URL such as http://127.0.0.1:8000/v1, or one of "
    + ", ".join(f"scripted:{name}" for name in _POLICIES)
)


def model_named(text: str, served: str | None = None) -> Any:
    """A saved model by its folder or its name on the hub, a served one by its URL, or `scripted:POLICY`.

    `served` is the name by which the server at a URL knows the model; it is asked greedily. Raises Mistake for anything
    else, before any loading.
    """
    scheme, colon, rest = text.partition(":")
    if scheme in ("http", "https") and rest.startswith("//"):
        if served is None:
            mend = "add `--model NAME`, as the server's /models lists it"
            raise Mistake("which of the server's models is not said", where=text, mend=mend)
        return load("model", {"use": "http", "url": text, "model": served, "temperature": 0.0}, where=text)
    if served is not None:
        raise Mistake("`--model` names a model of a server, and this is no URL", where=text, mend="leave it out")
    if colon and scheme == "scripted":
        if rest not in _POLICIES:
            raise Mistake(f"there is no script named {rest!r}", where=text, mend=nearest(rest, _POLICIES))
        return load("model", {"use": "scripted", "policy": rest})
    return load("model", {"use": "hf", "path": str(_folder(text))})


def _folder(text: str) -> Path:
    folder = Path(text)
    if (folder / "config.json").is_file() or (folder / "adapter_config.json").is_file():
        return folder
    if (folder / "model" / "config.json").is_file():
        raise Mistake("this folder holds a run, not a model", where=text, mend=f"name {folder / 'model'}")
    if folder.exists():
        raise Mistake("this is no model: it holds no config.json", where=text, mend=_KNOWN)
    if text.count("/") > 1 or text.startswith((".", "/", "~")) or ":" in text:
        raise Mistake("there is no such folder", where=text, mend=_KNOWN)
    # by name, for it brings in a library that scripts and URLs do without
    found: Path | None = import_module("agentflan.evals.hub").cached(text)
    if found is None:
        mend = f"load it once with `hf download {text}`; {_KNOWN}"
        raise Mistake(
            "there is no such folder, nor a model of this name in the hub's cache here", where=text, mend=mend
        )
    return found
