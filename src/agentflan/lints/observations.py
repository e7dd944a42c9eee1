"""Lints of what tools gave back (AF4xx). Observations are never trained, yet they are what replies answer to."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import msgspec

from agentflan.core.types import Answer, Trajectory
from agentflan.lints.finding import Finding

CUT_MARKS = ("...", "[truncated because the output is too long]", "[truncated..]", "<response clipped>")
"""How the sources mark what they cut: ToolBench at 1,024 characters, AgentBench's shell at 780."""
_FAULTS = ("error", "traceback (most recent call last)", "exception:")
_JSON = ("{", "[{", '["', "['", "[[", "[]")
"""How JSON and Python's lists begin; other brackets are a shell's or a person's."""
_PYTHON = ("{'", "[{'", "['")
"""How the text of a Python dictionary or list begins."""


def in_observation(item: Trajectory) -> Iterator[Finding]:
    for number, step in enumerate(item.steps, 1):
        if step.observation is None or isinstance(step.action, Answer):
            continue  # after an answer it is what a person says
        for code in _codes(step.observation):
            yield Finding(code, f"step {number}")


def _codes(text: str) -> Iterator[str]:
    stripped = text.strip()
    if not stripped:
        yield "AF405"
        return
    if stripped.rstrip("\"'}] ").endswith(CUT_MARKS):
        yield "AF401"
    if not stripped.startswith(_JSON):
        if stripped[:40].lower().startswith(_FAULTS):
            yield "AF404"
        return
    try:
        value = msgspec.json.decode(stripped)
    except (msgspec.DecodeError, UnicodeError, RecursionError):
        yield "AF403" if stripped.startswith(_PYTHON) else "AF402"
        return
    if _python_inside(value):
        yield "AF403"
    if isinstance(value, dict) and (value.get("error") or value.get("exception")):
        yield "AF404"


def _python_inside(value: Any) -> bool:
    """ToolBench keeps what an API gave back as the text of a Python dictionary inside of JSON."""
    held = value.values() if isinstance(value, dict) else ()
    return any(isinstance(one, str) and one.lstrip().startswith(_PYTHON) for one in held)
