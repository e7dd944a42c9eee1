"""Models: prompts in, replies out. Each module is a plug; `model_named` reads what a command line calls a model."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from agentflan.core.errors import Mistake
from agentflan.core.plugs import load


def model_named(text: str, *, seed: int = 0) -> Any:
    """The model that a command line means: the folder of a tuned model, or `scripted:POLICY`."""
    scheme, colon, rest = text.partition(":")
    if colon and scheme == "scripted":
        return load("model", {"use": "scripted", "policy": rest}, seed=seed, where=text)
    folder = Path(text)
    if (folder / "config.json").is_file():
        return load("model", {"use": "hf", "path": str(folder)}, where=text)
    if (folder / "model" / "config.json").is_file():
        raise Mistake("this folder holds a run, not a model", where=text, mend=f"name {folder / 'model'}")
    if folder.exists():
        raise Mistake("this is no model: it holds no config.json", where=text, mend="name a folder with a saved model")
    if colon and rest.startswith("//"):
        raise Mistake("a model behind a URL cannot be asked yet", where=text, mend=_KNOWN)
    raise Mistake("there is no such folder, and hub names are not looked up yet", where=text, mend=_KNOWN)


_KNOWN = "a model is the folder of a saved model, or scripted:gold, silent, never_calls, always_calls, random"
