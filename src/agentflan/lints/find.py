"""Everything that is wrong with one trajectory, conversation or raw row, each with its place in it."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from agentflan.core.types import Conversation, Trajectory
from agentflan.lints.conversations import in_conversation
from agentflan.lints.finding import Finding
from agentflan.lints.observations import in_observation
from agentflan.lints.steps import in_item, in_step
from agentflan.lints.texts import in_texts
from agentflan.lints.tools import in_tools
from agentflan.lints.trees import in_tree
from agentflan.lints.turns import in_turns


def lint(item: Trajectory | Conversation) -> Iterator[Finding]:
    """What is wrong with what a source read, or with what the corpus holds."""
    if isinstance(item, Conversation):
        yield from in_conversation(item)
        return
    yield from in_item(item)
    yield from in_tools(item.tools)
    yield from in_step(item)
    yield from in_observation(item)
    yield from in_texts(item)


def lint_row(row: Any) -> Iterator[Finding]:
    """What is wrong with a decoded row and is gone once a source has read it. Any value is taken."""
    yield from in_turns(row)
    yield from in_tree(row)
