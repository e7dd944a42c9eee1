"""Which texts of an item are compared with others."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Literal

from agentflan.core.kinds import Item
from agentflan.core.types import Answer, Conversation, ToolCall, Trajectory

Compare = Literal["query", "whole"]
"""query: the question alone. whole: all that was said and seen, without system prompts, tools and elicit statements,
which many items share."""


def texts(item: Item, compare: Compare) -> Iterator[str]:
    if compare == "query":
        yield item.query or (next(_said(item), "") if isinstance(item, Conversation) else "")
    elif isinstance(item, Trajectory):
        yield from _done(item)
    else:
        yield from _said(item)


def setting(item: Item) -> str:
    """What the agent was told before it was asked: the task's own system prompt, or the whole of it."""
    if isinstance(item, Trajectory):
        return item.instruction
    return "".join(part.text for message in item.messages if message.role == "system" for part in message.segments)


def _done(item: Trajectory) -> Iterator[str]:
    yield item.query
    for step in item.steps:
        yield step.thought
        if isinstance(step.action, ToolCall):
            yield step.action.name
            yield step.action.arguments
        elif isinstance(step.action, Answer):
            yield step.action.text
        yield step.observation or ""


def _said(item: Conversation) -> Iterator[str]:
    for message in item.messages:
        if message.role != "system":
            asks = message.role == "user"
            yield "".join([part.text for part in message.segments if not (asks and part.capability)])
