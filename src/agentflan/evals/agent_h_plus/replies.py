"""What a reply without a call does: asks, declines, promises, plays a tool's part. Told by phrases, in linear time."""

from __future__ import annotations

from collections.abc import Sequence
from functools import cache

from agentflan.dialects.calls import labels
from agentflan.evals.agent_h_plus.scenes import toml


def declines(text: str) -> bool:
    """It says that this cannot be done."""
    return _says(text, "declines")


def asks(text: str, words: Sequence[str] = ()) -> bool:
    """It wants to know something; with `words`, something that is called by one of them."""
    low = text.casefold()
    return ("?" in low or "？" in low or _says(text, "asks")) and (not words or any(word in low for word in words))


def promises(text: str) -> bool:
    """It says that it is about to look something up or do something."""
    return _says(text, "promises")


def fabricates(text: str) -> bool:
    """It writes what a tool would have given back."""
    return _says(text, "observations") or any(part.label == "observation" for part in labels.sections(text))


def _says(text: str, what: str) -> bool:
    low = text.casefold()
    return any(phrase in low for phrase in _phrases()[what])


@cache
def _phrases() -> dict[str, tuple[str, ...]]:
    return {what: tuple(phrases) for what, phrases in toml("replies.toml").items()}
