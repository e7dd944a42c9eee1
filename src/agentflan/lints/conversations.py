"""Lints of what a model would be tuned on: loss and roles of a conversation (AF20x), its texts (AF3xx)."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import pairwise

from agentflan.core.types import Conversation
from agentflan.lints.finding import Finding
from agentflan.lints.texts import in_text


def in_conversation(item: Conversation) -> Iterator[Finding]:
    replies = [message for message in item.messages if message.role == "assistant"]
    if not any(segment.loss for message in replies for segment in message.segments):
        yield Finding("AF201")
    elif not any(segment.loss for segment in replies[-1].segments):
        yield Finding("AF202", f"message {len(item.messages)}")
    for number, (before, after) in enumerate(pairwise(item.messages), 2):
        if before.role == after.role:
            yield Finding("AF203", f"message {number}")
    for number, message in enumerate(item.messages, 1):
        text = "".join(segment.text for segment in message.segments)
        yield from in_text(text, f"message {number}", says=message.role == "assistant")
