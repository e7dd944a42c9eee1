"""What a token counts as in the losses."""

from __future__ import annotations

from agentflan.core.types import CAPABILITIES

CLASSES = ("chat", *CAPABILITIES, "prompt")
"""Trained plain text, a trained capability, or untrained text that weighs `prompt_weight`."""

SHOWN = CLASSES[:-1]
"""Those with a curve of their own: what is trained."""
