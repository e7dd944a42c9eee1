"""How many tokens a prompt will be counted as, before anybody counts: a rule of thumb, the same for every model."""

from __future__ import annotations

from collections.abc import Sequence

from agentflan.core.types import Message

RULE = "a token for every 4 ASCII characters and for each other one, and 4 for each message"


def tokens_about(messages: Sequence[Message]) -> int:
    return sum(4 + text_about("".join(segment.text for segment in message.segments)) for message in messages)


def text_about(text: str) -> int:
    """Rounded up."""
    plain = sum(sign.isascii() for sign in text)
    return -(-plain // 4) + len(text) - plain
