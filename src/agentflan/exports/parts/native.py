"""Trajectories for formats that have calls of their own: what can be told in them, and what their cards say alike."""

from __future__ import annotations

import msgspec

from agentflan.core.types import Trajectory
from agentflan.sources.shapes.made_steps import seen_tools

INPUT = (
    'Arguments that are no JSON object, such as the shell commands of AgentInstruct, stand as `{"input": text}`. Where '
    "a source lists no tools, those that are called are listed, with the parameters that were used. What a person said "
    "to the last answer is left out."
)
"""For a data card."""


def with_tools(item: Trajectory) -> Trajectory:
    """The trajectory with a list of tools wherever it calls any: without one, a call would teach to make tools up."""
    if item.tools:
        return item
    return msgspec.structs.replace(item, tools=seen_tools(item.steps))
