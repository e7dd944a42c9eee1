"""The last checkpoint: one file, complete or absent."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import torch


def write(path: Path, state: dict[str, Any]) -> None:
    """Replaces the checkpoint at once; a kill leaves the one before it."""
    part = path.with_name(path.name + ".tmp")
    with part.open("wb") as stream:
        torch.save(state, stream)
        stream.flush()
        os.fsync(stream.fileno())
    part.replace(path)


def read(path: Path, digest: str) -> dict[str, Any] | None:
    """The state that `write` was given, if it was made under this digest."""
    if not path.exists():
        return None
    state: dict[str, Any] = torch.load(path, map_location="cpu", weights_only=True)
    return state if state["digest"] == digest else None
