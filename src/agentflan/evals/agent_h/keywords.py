"""Agent-H proper: keywords in replies, and HScore out of them (paper section 4.3)."""

from __future__ import annotations

from collections.abc import Sequence

from agentflan.evals.intervals import Estimate, wilson

REACT = ("Thought:", "Action:")
GENERAL = ("I will use", "I need to call")


def holds(text: str, words: Sequence[str], *, ignore_case: bool = False, line_start: bool = False) -> bool:
    """Whether any of the words stands in the text, or at the start of one of its lines."""
    if ignore_case:
        text, words = text.casefold(), [word.casefold() for word in words]
    if line_start:
        return any(line.lstrip().startswith(tuple(words)) for line in text.splitlines())
    return any(word in text for word in words)


def h_score(react: Sequence[float], general: Sequence[float]) -> Estimate:
    """0.5 * ((1 - H_ReAct) + (1 - H_General)) over replies, each with both values."""
    pairs = zip(react, general, strict=True)
    return wilson(sum(1 - (one + other) / 2 for one, other in pairs), len(react))
