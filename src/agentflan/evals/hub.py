"""Models by their name on the Hugging Face hub, from what lies in its cache on this machine: nothing is downloaded."""

from __future__ import annotations

from pathlib import Path

from huggingface_hub import snapshot_download
from huggingface_hub.errors import HFValidationError, LocalEntryNotFoundError


def cached(name: str) -> Path | None:
    """The folder that holds the model's newest snapshot; None where the cache has none, or no name looks like this."""
    try:
        folder = Path(snapshot_download(name, local_files_only=True))
    except (HFValidationError, LocalEntryNotFoundError):
        return None
    return folder if (folder / "config.json").is_file() else None
