"""What answers in a model's name where a prompt is no chat but a text to go on from, or where likelihoods count."""

from __future__ import annotations

from typing import Any

from agentflan.evals.harness.folder import Folder
from agentflan.evals.harness.server import Server
from agentflan.models.hf import Hf
from agentflan.models.http import Http


def continuing(model: Any) -> Any:
    """For a folder the harness's own model, for a URL its completions; a script answers as it always does."""
    if isinstance(model, Hf):
        return Folder(model)
    if isinstance(model, Http):
        return Server(model)
    return model
